use super::events::{Action, Event, Events};
use super::view::Inspected;
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
        image_id: "sha256:1".into(),
        project: None,
        service: None,
        created: None,
        state,
        status: String::new(),
        mark: state.as_str().into(),
        inspected: Inspection::Done(Inspected {
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
        whole: true,
        events: Events::Heard {
            until: NOW.as_millis() * 1_000_000,
            by_id: BTreeMap::new(),
        },
        ..Engine::default()
    })
}

fn host(endpoint: &str) -> DockerHost {
    DockerHost::at(endpoint)
}

fn seen(look: Look) -> SeenEndpoint {
    SeenEndpoint {
        host: host(SOCKET),
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
        host: host("tcp://10.0.0.5:2375"),
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
        host: host("tcp://10.0.0.5"),
        look: Look::Unreachable("no answer\nin time".into()),
    };
    let far = integration(&far, "nas");
    assert_eq!(far.name, "docker on 10.0.0.5:2375");
    assert_eq!(far.status, "unreachable");
    assert_eq!(far.config["reason"], "no answer\u{fffd}in time");
}

/// The memory's only endpoint.
fn endpoint(memory: &Memory) -> &EndpointMemory {
    &memory[SOCKET]
}

/// A look in which one thing was heard of `web`, `millis` after [`NOW`].
fn heard(mut look: Look, until_ms: i64, events: &[(i64, Action)]) -> Look {
    if let Look::Answered(engine) = &mut look {
        let nanos = |millis: i64| (NOW.as_millis() + millis) * 1_000_000;
        let events = events.iter().map(|(millis, action)| Event {
            at: nanos(*millis),
            action: *action,
        });
        engine.events = Events::Heard {
            until: nanos(until_ms),
            by_id: BTreeMap::from([("0123456789ab".to_owned(), events.collect())]),
        };
    }
    look
}

#[test]
fn the_cursor_moves_where_something_happened_and_else_rarely() {
    let mut memory = Memory::new();
    changes(&mut memory, heard(running(), 0, &[]));
    let first = endpoint(&memory).cursor;
    assert!(first.is_some());
    changes(&mut memory, heard(running(), 300_000, &[]));
    assert_eq!(endpoint(&memory).cursor, first);
    let signal = Action::Kill { gentle: false };
    changes(&mut memory, heard(running(), 600_000, &[(599_000, signal)]));
    let moved = endpoint(&memory).cursor;
    assert!(moved > first);
    changes(&mut memory, heard(running(), 600_000 + 900_000, &[]));
    assert!(endpoint(&memory).cursor > moved);
    let failed = |mut look: Look| {
        if let Look::Answered(engine) = &mut look {
            engine.events = Events::Failed("hangs".into());
        }
        look
    };
    let moved = endpoint(&memory).cursor;
    changes(&mut memory, failed(running()));
    assert_eq!(endpoint(&memory).cursor, moved, "asked for again");
}

#[test]
fn what_happened_before_the_first_look_is_history() {
    let mut memory = Memory::new();
    let past = [
        (-9_000, Action::Die { code: Some(1) }),
        (-8_000, Action::Oom),
        (-7_000, Action::Start),
    ];
    assert!(changes(&mut memory, heard(running(), 0, &past)).is_empty());
    assert!(
        changes(&mut memory, heard(running(), 1_000, &past)).is_empty(),
        "and it stays so when it is heard again"
    );
}

#[test]
fn one_that_died_and_was_removed_is_told_and_one_that_was_removed_is_not() {
    let (kill, die) = (
        Action::Kill { gentle: false },
        Action::Die { code: Some(9) },
    );
    for (events, expected) in [
        (
            vec![(1_000, die), (2_000, Action::Destroy)],
            vec!["container_down firing", "container_down resolved"],
        ),
        (
            vec![(900, kill), (1_000, die), (2_000, Action::Destroy)],
            vec![],
        ),
    ] {
        let mut memory = Memory::new();
        changes(&mut memory, heard(running(), 0, &[]));
        let removed = heard(answered(vec![]), 5_000, &events);
        let news = judge(&seen(removed), &mut memory, &who(), NOW.plus_millis(6_000));
        let told: Vec<String> = news
            .iter()
            .map(|change| format!("{} {}", change.kind, change.status.as_str()))
            .collect();
        assert_eq!(told, expected);
        if let [down, over] = news.as_slice() {
            assert_eq!(down.at, Some(NOW.plus_millis(1_000)));
            assert_eq!(over.at, Some(NOW.plus_millis(2_000)));
        }
    }
}

#[test]
fn what_is_missing_in_half_a_list_was_not_removed() {
    let mut memory = Memory::new();
    changes(&mut memory, running());
    changes(&mut memory, stopped());
    let mut half = answered(vec![]);
    if let Look::Answered(engine) = &mut half {
        engine.whole = false;
    }
    assert!(changes(&mut memory, half).is_empty());
    assert_eq!(changes(&mut memory, running()), ["container_down resolved"]);
}

#[test]
fn one_that_was_not_inspected_stays_as_it_was() {
    let mut memory = Memory::new();
    changes(&mut memory, running());
    assert!(endpoint(&memory).containers["web"].calm);
    let before = memory.clone();
    let mut row = container("web", State::Running);
    row.inspected = Inspection::Unneeded;
    assert!(changes(&mut memory, answered(vec![row])).is_empty());
    assert_eq!(memory, before);
}
