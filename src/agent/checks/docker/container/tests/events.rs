//! What happened between two looks: deaths that were over again, planned stops, loops.

use super::*;

const DIED: Action = Action::Die { code: Some(1) };
const KILLED: Action = Action::Die { code: Some(137) };
const ASKED: Action = Action::Kill { gentle: true };
const SHOT: Action = Action::Kill { gentle: false };

/// Two looks: five minutes after [`START`] it runs, ten minutes after it is as `then` says.
struct Between {
    product: Product,
    memory: ContainerMemory,
    skew_ms: i64,
}

impl Between {
    fn running(product: Product, policy: RestartPolicy) -> Self {
        let container = with(State::Running, |inspected| {
            inspected.restart_policy = policy;
        });
        let look = Seen {
            product,
            ..seen(5, &container)
        };
        let (memory, news) = look.judge(None);
        assert!(news.is_empty());
        Self {
            product,
            memory,
            skew_ms: 0,
        }
    }

    fn look(&mut self, minute: i64, container: &Container, heard: &[(i64, Action)]) -> Vec<News> {
        let heard: Vec<Event> = heard
            .iter()
            .map(|(at, action)| event(*at, *action))
            .collect();
        let look = Seen {
            minute,
            container,
            heard: &heard,
            product: self.product,
            skew_ms: self.skew_ms,
        };
        let (memory, news) = look.judge(Some(&self.memory));
        self.memory = memory;
        news
    }
}

fn runs_since(second: i64, policy: RestartPolicy) -> Container {
    with(State::Running, |inspected| {
        inspected.started_at = Some(START.plus_millis(second * 1000));
        inspected.restart_policy = policy;
    })
}

fn second(second: i64) -> Timestamp {
    START.plus_millis(second * 1000)
}

#[test]
fn one_that_died_and_came_back_is_told_twice_with_its_own_times_and_once() {
    let mut between = Between::running(Product::Docker, RestartPolicy::Always);
    let back = runs_since(402, RestartPolicy::Always);
    let heard = [(400, DIED), (402, Action::Start)];
    let news = between.look(10, &back, &heard);
    assert_eq!(words(&news), "down firing warning, down resolved info");
    assert_eq!(
        (news[0].at, news[1].at),
        (Some(second(400)), Some(second(402)))
    );
    assert_eq!(
        news[0].summary,
        "Docker container died and was started again: web (exit code 1)"
    );
    assert_eq!(news[0].detail["exit_code"], 1);
    assert_eq!(news[0].detail["deaths"], 1);
    assert!(
        between.look(15, &back, &heard).is_empty(),
        "heard again, it is known"
    );
}

#[test]
fn a_crash_loop_is_one_story_with_a_count() {
    let mut between = Between::running(Product::Docker, RestartPolicy::Always);
    let heard: Vec<(i64, Action)> = (0..7)
        .flat_map(|round| [(400 + round * 10, DIED), (402 + round * 10, Action::Start)])
        .collect();
    let news = between.look(10, &runs_since(462, RestartPolicy::Always), &heard);
    assert_eq!(
        words(&news),
        "down firing warning, down resolved info, restart_count_high firing warning"
    );
    assert_eq!(
        (news[0].at, news[1].at),
        (Some(second(400)), Some(second(462)))
    );
    assert_eq!(news[0].detail["deaths"], 7);
    assert_eq!(news[2].detail["restart_rate_per_hour"], 7);
    let again = [(700, DIED), (702, Action::Start)];
    let news = between.look(15, &runs_since(702, RestartPolicy::Always), &again);
    assert_eq!(words(&news), "", "the loop is known");
}

#[test]
fn a_planned_stop_is_information_until_it_is_forgotten() {
    let mut between = Between::running(Product::Docker, RestartPolicy::Always);
    let stopped = exited(137, RestartPolicy::Always);
    let heard = [
        (400, ASKED),
        (410, SHOT),
        (410, KILLED),
        (411, Action::Stop),
    ];
    let news = between.look(10, &stopped, &heard);
    assert_eq!(words(&news), "down firing info");
    assert_eq!(news[0].at, Some(second(410)));
    assert_eq!(news[0].detail["planned"], true);
    assert_eq!(
        news[0].summary,
        "Docker container was stopped on purpose: web"
    );
    assert!(between.look(66, &stopped, &[]).is_empty());
    assert_eq!(
        words(&between.look(67, &stopped, &[])),
        "down firing warning"
    );
    assert!(between.look(70, &stopped, &[]).is_empty(), "said once");
    let back = runs_since(4_300, RestartPolicy::Always);
    let news = between.look(75, &back, &[(4_300, Action::Start)]);
    assert_eq!(words(&news), "down resolved info");
    assert_eq!(news[0].at, Some(second(4_300)));
}

#[test]
fn who_asked_for_an_end_decides_what_it_is() {
    use Action::{Destroy, Restart, Start, Stop};
    let stopped = || exited(137, RestartPolicy::Always);
    let back = || runs_since(405, RestartPolicy::Always);
    for (name, container, heard, expected) in [
        (
            "crash",
            stopped(),
            vec![(400, KILLED)],
            "down firing warning",
        ),
        (
            "docker kill",
            stopped(),
            vec![(400, SHOT), (400, KILLED)],
            "down firing warning",
        ),
        (
            "a stop whose own event is yet to come",
            stopped(),
            vec![(400, ASKED), (401, KILLED)],
            "down firing info",
        ),
        (
            "a stop that took longer than usual",
            stopped(),
            vec![(300, ASKED), (400, KILLED), (400, Stop)],
            "down firing info",
        ),
        (
            "a signal that was survived has nothing to do with it",
            stopped(),
            vec![(300, ASKED), (400, KILLED)],
            "down firing warning",
        ),
        (
            "docker restart",
            back(),
            vec![
                (400, ASKED),
                (401, KILLED),
                (401, Stop),
                (405, Start),
                (405, Restart),
            ],
            "",
        ),
        (
            "a crash right after a restart by hand",
            stopped(),
            vec![
                (400, ASKED),
                (401, KILLED),
                (401, Stop),
                (405, Start),
                (405, Restart),
                (410, KILLED),
            ],
            "down firing warning",
        ),
        (
            "asked to end when it was down already, and crashed in its next run",
            stopped(),
            vec![
                (400, SHOT),
                (400, KILLED),
                (401, ASKED),
                (402, Start),
                (404, KILLED),
            ],
            "down firing warning",
        ),
        (
            "killed, and started by a person",
            back(),
            vec![(400, SHOT), (400, KILLED), (405, Start)],
            "down firing warning, down resolved info",
        ),
        (
            "removed by force",
            back(),
            vec![(400, SHOT), (400, KILLED), (401, Destroy)],
            "",
        ),
    ] {
        let mut between = Between::running(Product::Docker, RestartPolicy::Always);
        assert_eq!(
            words(&between.look(10, &container, &heard)),
            expected,
            "{name}"
        );
    }
}

#[test]
fn a_stop_that_is_told_late_turns_the_failure_into_information() {
    let mut between = Between::running(Product::Docker, RestartPolicy::Always);
    let stopped = exited(137, RestartPolicy::Always);
    let heard = [(300, ASKED), (599, KILLED)];
    assert_eq!(
        words(&between.look(10, &stopped, &heard)),
        "down firing warning"
    );
    let late = [(300, ASKED), (599, KILLED), (601, Action::Stop)];
    assert_eq!(
        words(&between.look(11, &stopped, &late)),
        "down firing info"
    );
}

#[test]
fn a_job_that_is_run_again_and_again_is_no_failure() {
    let mut between = Between::running(Product::Docker, RestartPolicy::No);
    let done = Action::Die { code: Some(0) };
    let heard = [(400, done), (500, Action::Start)];
    let news = between.look(10, &runs_since(500, RestartPolicy::No), &heard);
    assert_eq!(words(&news), "");
}

#[test]
fn without_events_the_engines_count_tells() {
    let mut between = Between::running(Product::Docker, RestartPolicy::Always);
    let container = with(State::Running, |inspected| {
        inspected.restart_count = 2;
        inspected.restart_policy = RestartPolicy::Always;
        inspected.finished_at = Some(second(400));
        inspected.started_at = Some(second(402));
    });
    let news = between.look(10, &container, &[]);
    assert_eq!(words(&news), "down firing warning, down resolved info");
    assert_eq!(
        (news[0].at, news[1].at),
        (Some(second(400)), Some(second(402)))
    );
    assert_eq!(news[0].detail["deaths"], 2);
    let late = [(400, DIED), (402, Action::Start)];
    assert_eq!(
        words(&between.look(15, &container, &late)),
        "",
        "events that come after all say nothing new"
    );
}

#[test]
fn memory_that_ran_out_is_told_even_where_the_engine_forgot_it() {
    let mut between = Between::running(Product::Docker, RestartPolicy::Always);
    let heard = [(400, Action::Oom), (401, KILLED), (402, Action::Start)];
    let news = between.look(10, &runs_since(402, RestartPolicy::Always), &heard);
    assert_eq!(
        words(&news),
        "down firing warning, down resolved info, oom_killed firing warning"
    );
    assert_eq!(news[2].at, Some(second(400)));
}

#[test]
fn podman_says_of_a_stop_only_that_it_ended() {
    use Action::{Restart, Start};
    use RestartPolicy::{Always, No};
    for (name, policy, container, heard, expected) in [
        (
            "stopped: it would have been started again",
            Always,
            exited(137, Always),
            vec![(400, KILLED)],
            "down firing info",
        ),
        (
            "killed",
            Always,
            exited(137, Always),
            vec![(400, SHOT), (400, KILLED)],
            "down firing warning",
        ),
        (
            "stopped, where it says so, which is before the end",
            No,
            exited(1, No),
            vec![(400, Action::Stop), (401, DIED)],
            "down firing info",
        ),
        (
            "crashed, no policy",
            No,
            exited(1, No),
            vec![(400, DIED)],
            "down firing warning",
        ),
        (
            "crashed and started again by its policy",
            Always,
            runs_since(402, Always),
            vec![(400, DIED), (401, Restart), (402, Start)],
            "down firing warning, down resolved info",
        ),
        (
            "restarted by hand",
            Always,
            runs_since(402, Always),
            vec![(400, Restart), (401, KILLED), (402, Start)],
            "",
        ),
        (
            "stopped and started by hand",
            Always,
            runs_since(402, Always),
            vec![(400, KILLED), (402, Start)],
            "",
        ),
    ] {
        let mut between = Between::running(Product::Podman, policy);
        assert_eq!(
            words(&between.look(10, &container, &heard)),
            expected,
            "{name}"
        );
    }
}

#[test]
fn an_image_that_changed_is_told_with_every_later_failure() {
    let mut between = Between::running(Product::Docker, RestartPolicy::Always);
    let mut next = runs_since(400, RestartPolicy::Always);
    next.id = "fedcba9876543210".into();
    next.image_id = "sha256:2".into();
    next.created = Some(second(399));
    assert_eq!(words(&between.look(10, &next, &[])), "");
    let mut down = exited(1, RestartPolicy::Always);
    (down.id, down.image_id) = (next.id.clone(), next.image_id.clone());
    let news = between.look(15, &down, &[(760, DIED)]);
    assert_eq!(words(&news), "down firing warning");
    for (key, value) in [
        ("image_id", "sha256:2".to_owned()),
        ("previous_image", "nginx:1".to_owned()),
        ("previous_image_id", "sha256:1".to_owned()),
        ("image_changed_at", START.plus_millis(399_000).to_string()),
    ] {
        assert_eq!(news[0].detail[key], value, "{key}");
    }
}

#[test]
fn the_engines_times_are_told_by_this_hosts_clock_and_in_order() {
    let times = Times {
        now: at(10),
        skew_ms: 3_600_000,
    };
    assert_eq!(times.local(at(65)), at(5));
    assert_eq!(times.age_ms(at(65)), 5 * MINUTE);
    assert_eq!(times.local(at(75)), at(10), "never in the future");

    let mut between = Between::running(Product::Docker, RestartPolicy::Always);
    let back = runs_since(402, RestartPolicy::Always);
    let over = between.look(10, &back, &[(400, DIED), (402, Action::Start)])[1].at;
    // By a better guess of the clock the next end was before that.
    between.skew_ms = 60_000;
    let back = runs_since(442, RestartPolicy::Always);
    let news = between.look(15, &back, &[(440, DIED), (442, Action::Start)]);
    assert_eq!(words(&news), "down firing warning, down resolved info");
    assert!(over < news[0].at && news[0].at <= news[1].at, "{news:?}");
}
