mod events;
mod over_time;

use super::*;
use crate::agent::checks::docker::events::{Action, Event, Tale};
use crate::agent::checks::docker::view::{Container, RestartPolicy};
use crate::config::agent::DockerHost;

const MINUTE: i64 = 60_000;
const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);

fn at(minutes: i64) -> Timestamp {
    START.plus_millis(minutes * MINUTE)
}

/// A container that started at [`START`].
fn container(state: State) -> Container {
    Container {
        id: "0123456789abcdef".into(),
        name: "web".into(),
        image: "nginx:1".into(),
        image_id: "sha256:1".into(),
        project: Some("shop".into()),
        service: Some("front".into()),
        created: Some(START),
        state,
        status: String::new(),
        mark: String::new(),
        inspected: Inspection::Done(Inspected {
            exit_code: Some(0),
            started_at: Some(START),
            ..Inspected::default()
        }),
    }
}

fn with(state: State, change: impl FnOnce(&mut Inspected)) -> Container {
    let mut container = container(state);
    if let Inspection::Done(inspected) = &mut container.inspected {
        change(inspected);
    }
    container
}

fn exited(code: i64, policy: RestartPolicy) -> Container {
    with(State::Exited, |inspected| {
        inspected.exit_code = Some(code);
        inspected.restart_policy = policy;
    })
}

fn restarted(count: u64, started: Timestamp) -> Container {
    with(State::Running, |inspected| {
        inspected.restart_count = count;
        inspected.started_at = Some(started);
        inspected.restart_policy = RestartPolicy::Always;
    })
}

fn healthy(health: Health) -> Container {
    with(State::Running, |inspected| inspected.health = health)
}

/// Something that happened so many seconds after [`START`].
fn event(second: i64, action: Action) -> Event {
    Event {
        at: (START.as_millis() + second * 1000) * 1_000_000,
        action,
    }
}

/// A look in a given minute with what was heard since the last one.
struct Seen<'a> {
    minute: i64,
    container: &'a Container,
    heard: &'a [Event],
    product: Product,
    skew_ms: i64,
}

impl Seen<'_> {
    fn judge(&self, before: Option<&ContainerMemory>) -> (ContainerMemory, Vec<News>) {
        let host = DockerHost::at("unix:///var/run/docker.sock");
        let same = before.filter(|before| before.id == self.container.id);
        let after = same.and_then(|before| before.heard).unwrap_or(i64::MIN);
        let cursor = START.as_millis() * 1_000_000;
        let sight = Sight {
            container: self.container,
            tale: Tale::of(self.heard, after, self.product),
            host: &host,
            product: self.product,
            times: Times {
                now: at(self.minute),
                skew_ms: self.skew_ms,
            },
            window: (Some(cursor), None),
        };
        judge(&sight, before)
    }
}

fn seen(minute: i64, container: &Container) -> Seen<'_> {
    Seen {
        minute,
        container,
        heard: &[],
        product: Product::Docker,
        skew_ms: 0,
    }
}

fn words(news: &[News]) -> String {
    let words: Vec<String> = news
        .iter()
        .map(|news| {
            let kind = news.kind.trim_start_matches("container_");
            format!("{kind} {} {}", news.status.as_str(), news.severity)
        })
        .collect();
    words.join(", ")
}

/// Walks a container through looks and tells what was sent at each.
fn story(looks: &[(i64, Container)]) -> Vec<String> {
    let mut memory = None;
    looks
        .iter()
        .map(|(minute, container)| {
            let (after, news) = seen(*minute, container).judge(memory.as_ref());
            memory = Some(after);
            words(&news)
        })
        .collect()
}

#[test]
fn down_depends_on_what_was_seen_and_on_the_policy() {
    use RestartPolicy::{Always, No, OnFailure, UnlessStopped};
    let running = || container(State::Running);
    for (name, looks, expected) in [
        ("first seen exited, a job", vec![exited(0, No)], vec![""]),
        (
            "first seen exited, a failed job",
            vec![exited(3, No)],
            vec![""],
        ),
        (
            "always",
            vec![exited(0, Always)],
            vec!["down firing warning"],
        ),
        (
            "unless-stopped",
            vec![exited(137, UnlessStopped)],
            vec!["down firing warning"],
        ),
        (
            "on-failure that failed",
            vec![exited(1, OnFailure)],
            vec!["down firing warning"],
        ),
        (
            "on-failure that ended well",
            vec![exited(0, OnFailure)],
            vec![""],
        ),
        (
            "ran, ended well",
            vec![running(), exited(0, No)],
            vec!["", "down firing info"],
        ),
        (
            "ran, failed",
            vec![running(), exited(3, No)],
            vec!["", "down firing warning"],
        ),
        (
            "said once, resolved once",
            vec![
                running(),
                exited(3, No),
                exited(3, No),
                running(),
                running(),
            ],
            vec!["", "down firing warning", "", "down resolved info", ""],
        ),
        (
            "a change of severity is sent",
            vec![running(), exited(0, No), exited(3, No)],
            vec!["", "down firing info", "down firing warning"],
        ),
        (
            "neither created nor between restarts nor being removed is down or up",
            vec![
                exited(1, Always),
                container(State::Restarting),
                container(State::Created),
                container(State::Removing),
                container(State::Other),
                container(State::Paused),
            ],
            vec!["down firing warning", "", "", "", "", "down resolved info"],
        ),
        (
            "dead",
            vec![running(), container(State::Dead)],
            vec!["", "down firing info"],
        ),
        ("created", vec![container(State::Created)], vec![""]),
    ] {
        let looks: Vec<_> = looks.into_iter().map(|look| (20, look)).collect();
        assert_eq!(story(&looks), expected, "{name}");
    }
}

#[test]
fn a_container_that_took_the_name_of_another_inherits_only_what_is_open() {
    let mut successor = exited(3, RestartPolicy::No);
    successor.id = "fedcba9876543210".into();
    assert_eq!(
        story(&[(20, container(State::Running)), (20, successor.clone())]),
        ["", ""],
        "the new one was never seen running"
    );
    let mut running = container(State::Running);
    running.id = successor.id.clone();
    assert_eq!(
        story(&[
            (20, container(State::Running)),
            (20, exited(3, RestartPolicy::No)),
            (20, successor),
            (20, running),
        ]),
        ["", "down firing warning", "", "down resolved info"]
    );
}

#[test]
fn half_a_look_says_down_but_never_changes_its_mind() {
    let blind = |state, status: &str| Container {
        status: status.into(),
        inspected: Inspection::Failed("missing field `Name`".into()),
        ..container(state)
    };
    assert_eq!(
        story(&[
            (20, container(State::Running)),
            (20, blind(State::Exited, "Exited (137) 2 hours ago")),
            (20, blind(State::Running, "Up 2 minutes")),
        ]),
        ["", "down firing warning", "down resolved info"]
    );
    assert_eq!(
        story(&[
            (20, container(State::Running)),
            (20, exited(0, RestartPolicy::No)),
            (20, blind(State::Exited, "Exited (1) 1 second ago")),
        ]),
        ["", "down firing info", ""]
    );
    assert_eq!(
        story(&[
            (1, restarted(7, at(1))),
            (30, blind(State::Running, "Up 29 minutes")),
        ]),
        ["restart_count_high firing warning", ""],
        "restarts cannot be seen in a list"
    );
    assert_eq!(
        story(&[(20, blind(State::Running, "Up 2 minutes (unhealthy)"))]),
        ["unhealthy firing warning"]
    );
}

#[test]
fn only_a_running_container_has_a_health() {
    use Health::{Healthy, None, Starting, Unhealthy};
    let stopped = with(State::Exited, |inspected| inspected.health = Unhealthy);
    for (looks, expected) in [
        (vec![healthy(Starting)], vec![""]),
        (
            vec![
                healthy(Unhealthy),
                healthy(Starting),
                healthy(Unhealthy),
                healthy(Healthy),
            ],
            vec![
                "unhealthy firing warning",
                "",
                "",
                "unhealthy resolved info",
            ],
        ),
        (
            vec![healthy(Unhealthy), healthy(None)],
            vec!["unhealthy firing warning", "unhealthy resolved info"],
        ),
        // Docker calls a stopped container with a health check unhealthy.
        (vec![stopped], vec![""]),
    ] {
        let looks: Vec<_> = looks.into_iter().map(|look| (20, look)).collect();
        assert_eq!(story(&looks), expected);
    }
}

#[test]
fn the_detail_has_what_a_runbook_asks_for() {
    let (_, news) = seen(20, &exited(137, RestartPolicy::Always)).judge(None);
    assert_eq!(
        news[0].summary,
        "Docker container stopped: web (exit code 137)"
    );
    for (key, value) in [
        ("container", Value::from("web")),
        ("container_id", "0123456789abcdef".into()),
        ("image", "nginx:1".into()),
        ("image_id", "sha256:1".into()),
        ("compose_project", "shop".into()),
        ("compose_service", "front".into()),
        ("restart_rate_per_hour", 0.into()),
        ("status", "exited".into()),
        ("exit_code", 137.into()),
        ("restart_count", 0.into()),
        ("threshold", 3.into()),
        ("restart_policy", "always".into()),
        ("health", "none".into()),
        ("started_at", START.to_string().into()),
    ] {
        assert_eq!(news[0].detail.get(key), Some(&value), "{key}");
    }
    let (_, news) = seen(20, &healthy(Health::Unhealthy)).judge(None);
    assert!(
        !news[0].detail.contains_key("exit_code"),
        "a running container has none"
    );
}
