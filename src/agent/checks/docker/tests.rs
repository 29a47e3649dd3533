use super::view::{Container, Inspected};
use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
const SOCKET: &str = "unix:///var/run/docker.sock";

fn who() -> Observer {
    Observer {
        agent_id: "a".repeat(32),
        site_id: "site".into(),
        hostname: "nas".into(),
    }
}

fn container(name: &str, state: State) -> Container {
    Container {
        id: "0123456789ab".into(),
        name: name.into(),
        image: "nginx".into(),
        state,
        status: String::new(),
        inspected: Ok(Inspected {
            exit_code: Some(1),
            ..Inspected::default()
        }),
    }
}

fn answered(containers: Vec<Container>) -> Look {
    Look::Answered(Engine {
        version: "20.10.24".into(),
        api_version: "1.41".into(),
        containers,
    })
}

fn seen(look: Look) -> SeenEndpoint {
    SeenEndpoint {
        endpoint: SOCKET.into(),
        restart_threshold: 3,
        look,
    }
}

/// `kind status` of what a look changes.
fn changes(memory: &mut Memory, look: Look) -> Vec<String> {
    judge(&seen(look), memory, &who(), NOW)
        .iter()
        .map(|change| format!("{} {}", change.kind, change.status.as_str()))
        .collect()
}

fn running() -> Look {
    answered(vec![container("web", State::Running)])
}

fn stopped() -> Look {
    answered(vec![container("web", State::Exited)])
}

#[test]
fn nothing_is_resolved_while_nothing_is_seen() {
    let mut memory = Memory::new();
    assert!(changes(&mut memory, running()).is_empty());
    assert_eq!(changes(&mut memory, stopped()), ["container_down firing"]);
    let blind = || Look::Unreachable("refused".into());
    assert_eq!(changes(&mut memory, blind()), ["docker_unreachable firing"]);
    assert!(changes(&mut memory, blind()).is_empty(), "said once");
    let mut open = 0;
    each_open(&memory, &mut |_, _, _| open += 1);
    assert_eq!(open, 2, "the container counts as down all the while");
    let not_allowed = Look::NotAllowed("permission denied".into());
    assert!(
        changes(&mut memory, not_allowed).is_empty(),
        "unknown is no news"
    );
    assert_eq!(
        changes(&mut memory, running()),
        ["docker_unreachable resolved", "container_down resolved"]
    );
}

#[test]
fn permission_denied_is_unknown_and_never_a_signal() {
    let mut memory = Memory::new();
    let look = Look::NotAllowed("permission denied".into());
    assert!(changes(&mut memory, look.clone()).is_empty());
    assert_eq!(integration(&seen(look), "nas").status, "unknown");
}

#[test]
fn what_was_removed_is_over() {
    let mut memory = Memory::new();
    changes(&mut memory, running());
    changes(&mut memory, stopped());
    let news = judge(&seen(answered(vec![])), &mut memory, &who(), NOW);
    assert_eq!(news[0].status, Status::Resolved);
    assert_eq!(news[0].summary, "Docker container was removed: web");
    assert_eq!(news[0].detail["container"], "web");
    assert!(changes(&mut memory, answered(vec![])).is_empty());
}

#[test]
fn an_endpoint_that_is_not_configured_any_more_leaves_nothing_open() {
    let mut memory = Memory::new();
    changes(&mut memory, running());
    changes(&mut memory, stopped());
    changes(&mut memory, Look::Unreachable("refused".into()));
    let news = keep_only(&[], &mut memory, &who());
    assert_eq!(news.len(), 2);
    assert!(news.iter().all(|change| change.status == Status::Resolved));
    assert!(memory.is_empty());
}

#[test]
fn the_same_name_at_two_endpoints_is_two_subjects() {
    let mut memory = Memory::new();
    let one = seen(answered(vec![container("web", State::Running)]));
    let other = SeenEndpoint {
        endpoint: "tcp://10.0.0.5:2375".into(),
        ..one.clone()
    };
    let mut news = Vec::new();
    for mut endpoint in [one, other] {
        judge(&endpoint, &mut memory, &who(), NOW);
        endpoint.look = stopped();
        news.extend(judge(&endpoint, &mut memory, &who(), NOW));
    }
    assert_eq!(news.len(), 2);
    assert_ne!(news[0].subject, news[1].subject);
    assert_eq!(news[1].detail["endpoint"], "tcp://10.0.0.5:2375");
    assert_eq!(news[1].detail["host"], "nas");
}

#[test]
fn a_look_that_shows_the_same_changes_no_memory() {
    let mut memory = Memory::new();
    changes(&mut memory, running());
    let before = serde_json::to_string(&memory).unwrap();
    judge(
        &seen(running()),
        &mut memory,
        &who(),
        NOW.plus_millis(300_000),
    );
    assert_eq!(serde_json::to_string(&memory).unwrap(), before);
}

#[test]
fn the_integration_says_what_is_known() {
    let ok = integration(&seen(running()), "nas");
    assert_eq!(
        (ok.status.as_str(), ok.name.as_str()),
        ("ok", "docker on nas")
    );
    assert_eq!(ok.config["running"], 1);
    let far = SeenEndpoint {
        endpoint: "tcp://10.0.0.5".into(),
        restart_threshold: 3,
        look: Look::Unreachable("no answer\nin time".into()),
    };
    let far = integration(&far, "nas");
    assert_eq!(far.name, "docker on 10.0.0.5:2375");
    assert_eq!(far.status, "unreachable");
    assert_eq!(far.config["reason"], "no answer\u{fffd}in time");
}
