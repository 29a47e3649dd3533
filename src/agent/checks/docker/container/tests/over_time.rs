//! Rules that need more than one look: restarts, and kills that engines remember.

use super::*;

#[test]
fn restarts_count_from_the_baseline_and_by_rate() {
    for (name, looks, expected) in [
        (
            "high for long, but steady",
            vec![(600, restarted(50, at(0))), (605, restarted(50, at(0)))],
            vec!["", ""],
        ),
        (
            "steady, then one more is forgiven, a burst is not",
            vec![
                (600, restarted(50, at(0))),
                (605, restarted(51, at(604))),
                (610, restarted(54, at(609))),
            ],
            vec!["", "", "restart_count_high firing warning"],
        ),
        (
            "first seen in the middle of a loop",
            vec![(5, restarted(3, at(4)))],
            vec!["restart_count_high firing warning"],
        ),
        (
            "below the threshold",
            vec![(5, restarted(2, at(4)))],
            vec![""],
        ),
        (
            "said once; over after ten steady minutes, and then forgiven",
            vec![
                (5, restarted(3, at(4))),
                (10, restarted(5, at(9))),
                (15, restarted(5, at(9))),
                (20, restarted(5, at(9))),
                (25, restarted(6, at(24))),
            ],
            vec![
                "restart_count_high firing warning",
                "",
                "",
                "restart_count_high resolved info",
                "",
            ],
        ),
        (
            "it rose between two far looks and runs for long already: news, then over",
            vec![
                (20, restarted(0, at(0))),
                (80, restarted(5, at(60))),
                (85, restarted(5, at(60))),
            ],
            vec![
                "",
                "restart_count_high firing warning",
                "restart_count_high resolved info",
            ],
        ),
        (
            "the engine forgot the count: so does the baseline",
            vec![
                (600, restarted(50, at(0))),
                (605, restarted(1, at(604))),
                (607, restarted(3, at(606))),
            ],
            vec!["", "", "restart_count_high firing warning"],
        ),
    ] {
        let told: Vec<String> = story(&looks)
            .iter()
            .map(|news| about_restarts(news))
            .collect();
        assert_eq!(told, expected, "{name}");
    }
}

/// Each single restart is news of its own, which is not the matter here.
fn about_restarts(news: &str) -> String {
    let kept: Vec<&str> = news
        .split(", ")
        .filter(|news| news.starts_with("restart_count_high"))
        .collect();
    kept.join(", ")
}

/// Restarts that the engine does not count: a person or a supervisor starts the container again.
#[test]
fn slow_loops_are_known_by_their_rate_and_over_when_it_lives_longer() {
    let looks: Vec<(i64, Container)> = [(5, 0), (16, 1), (28, 2), (40, 3), (52, 4)]
        .into_iter()
        .map(|(minute, count)| (minute, restarted(count, at(minute - 1))))
        .chain([(63, restarted(4, at(51))), (80, restarted(4, at(51)))])
        .collect();
    let told: Vec<String> = story(&looks)
        .iter()
        .map(|news| about_restarts(news))
        .collect();
    assert_eq!(
        told,
        [
            "",
            "",
            "",
            "restart_count_high firing warning",
            "",
            "",
            "restart_count_high resolved info"
        ],
        "twelve steady minutes are not enough for what dies every twelve"
    );
}

#[test]
fn a_recreated_container_ends_the_complaint_about_restarts() {
    let mut fresh = restarted(0, at(6));
    fresh.id = "fedcba9876543210".into();
    assert_eq!(
        story(&[(5, restarted(3, at(4))), (7, fresh)]),
        [
            "restart_count_high firing warning",
            "restart_count_high resolved info"
        ]
    );
}

#[test]
fn out_of_memory_is_over_when_it_runs_without_it() {
    let killed = |state, run_began: i64, ended: i64| {
        with(state, |inspected| {
            inspected.oom_killed = true;
            inspected.restart_policy = RestartPolicy::Always;
            inspected.started_at = Some(at(run_began));
            inspected.finished_at = (ended > 0).then(|| at(ended));
        })
    };
    let well = || container(State::Running);
    for (name, looks, expected) in [
        (
            "seen dead, runs again without the flag",
            vec![(2, killed(State::Restarting, 0, 1)), (3, well())],
            vec!["oom_killed firing warning", "oom_killed resolved info"],
        ),
        (
            "the engine keeps the flag while it runs again",
            vec![
                (2, killed(State::Restarting, 0, 1)),
                (5, killed(State::Running, 3, 1)),
                (14, killed(State::Running, 3, 1)),
                (20, killed(State::Running, 3, 1)),
            ],
            vec![
                "oom_killed firing warning",
                "",
                "oom_killed resolved info",
                "",
            ],
        ),
        (
            "killed between two looks and started again by its policy, twice",
            vec![
                (5, well()),
                (10, killed(State::Running, 9, 9)),
                (15, killed(State::Running, 14, 14)),
                (30, killed(State::Running, 14, 14)),
                (35, killed(State::Running, 34, 34)),
            ],
            vec![
                "",
                "oom_killed firing warning",
                "",
                "oom_killed resolved info",
                "oom_killed firing warning",
            ],
        ),
        (
            "one process of a container that runs on",
            vec![(5, well()), (20, killed(State::Running, 0, 0))],
            vec!["", "oom_killed firing warning"],
        ),
        (
            "first seen long after",
            vec![(600, killed(State::Running, 3, 1))],
            vec![""],
        ),
    ] {
        assert_eq!(story(&looks), expected, "{name}");
    }
    let blind = Container {
        inspected: Inspection::Failed("garbage".into()),
        ..well()
    };
    assert_eq!(
        story(&[(2, killed(State::Restarting, 0, 1)), (20, blind)]),
        ["oom_killed firing warning", ""]
    );
}
