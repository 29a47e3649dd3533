//! The golden set (`tests/fixtures/matching.json`): signals with the runbook that must come first,
//! near misses and none-fits too. And the rules one by one.

use serde_json::json;

use super::*;
use crate::catalog;

/// One case; `expected` is the runbook that must be first, for this reason; none where nothing may
/// match.
#[derive(Deserialize)]
struct Golden {
    kind: String,
    summary: String,
    detail: Value,
    expected: Option<String>,
    reason: Option<String>,
}

fn find(matcher: &Matcher, kind: &str, summary: &str, detail: &Value) -> Vec<Match> {
    matcher.match_signal(&SignalView {
        kind,
        summary,
        detail: detail.as_object().unwrap(),
        site_id: "site-homelab",
    })
}

fn runbook(id: &str, tags: &[&str], kinds: &[&str]) -> Runbook {
    let text = format!(
        "---\nid: {id}\ntitle: T\nsummary: S\ntags: [{}]\nkinds: [{}]\n---\n## A\nx\n",
        tags.join(", "),
        kinds.join(", ")
    );
    catalog::read_runbook(&text, crate::domain::runbook::Origin::Own).unwrap()
}

#[test]
fn the_golden_set_holds() {
    let matcher = Matcher::new(&catalog::builtin_runbooks().unwrap());
    let mut faults = Vec::new();
    let golden = include_str!("../../../tests/fixtures/matching.json");
    for case in serde_json::from_str::<Vec<Golden>>(golden).unwrap() {
        let found = find(&matcher, &case.kind, &case.summary, &case.detail);
        let first = found.first().map(|best| best.runbook_id.clone());
        let reason = found.first().map(Match::reason_line);
        if (&first, &reason) != (&case.expected, &case.reason) {
            let expected = (case.kind, case.expected, case.reason);
            faults.push(format!("expected {expected:?}, found {found:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn reasons_add_up_and_read_well() {
    let matcher = Matcher::new(&[runbook(
        "rb-disk-full",
        &["disk_full", "disk", "mount"],
        &["disk_full"],
    )]);
    let found = find(
        &matcher,
        "disk_full",
        "Disk full",
        &json!({"mount": "/", "host": "nas"}),
    );
    assert_eq!(found[0].points, 100 + 15 + 15 + 10);
    assert_eq!(
        found[0].reason_line(),
        "kind is disk_full, tag disk is part of the kind, detail has mount"
    );
    let sum: i32 = found[0].reasons.iter().map(|reason| reason.points).sum();
    assert_eq!(sum, 140);
}

#[test]
fn the_numbers_of_each_rule() {
    let matcher = Matcher::new(&[runbook(
        "rb-own",
        &["a1", "b2", "c3", "d4", "e5", "site-homelab"],
        &[],
    )]);
    let points = |kind: &str, summary: &str, detail: Value| {
        find(&matcher, kind, summary, &detail)
            .first()
            .map(|found| found.points)
    };
    assert_eq!(points("a1_b2", "", json!({})), Some(20 + 30 + 10));
    assert_eq!(points("", "a1 b2 c3 d4", json!({})), Some(20 + 30));
    assert_eq!(
        points("", "", json!({"A1": 1, "x": "B2", "c3": 3})),
        Some(20 + 30)
    );
    assert_eq!(points("", "a1", json!({})), Some(20 + 10));
    assert_eq!(points("", "", json!({})), None);
}

#[test]
fn a_kind_that_is_held_whole_is_a_strong_reason() {
    let matcher = Matcher::new(&[
        runbook("rb-a", &[], &["queue_stuck"]),
        runbook("rb-b", &[], &["queue"]),
    ]);
    let found = find(&matcher, "mail_queue_stuck", "", &json!({}));
    assert_eq!((found.len(), found[0].runbook_id.as_str()), (1, "rb-a"));
    assert_eq!(found[0].points, 60);
    assert_eq!(found[0].reason_line(), "kind holds queue_stuck");
    assert_eq!(find(&matcher, "queue_stuck", "", &json!({}))[0].points, 100);
}

#[test]
fn ties_go_to_the_nearer_kind() {
    let matcher = Matcher::new(&[
        runbook("rb-1", &["mail"], &["queue_stuck"]),
        runbook("rb-2", &["mail"], &["mail_lost"]),
    ]);
    let found = find(&matcher, "mail", "", &json!({}));
    assert_eq!(found[0].points, found[1].points);
    assert_eq!(found[0].runbook_id, "rb-2");
}

#[test]
fn a_generic_word_that_is_the_whole_kind_needs_another_reason() {
    let matcher = Matcher::new(&[runbook("rb-own", &["storage", "pool"], &[])]);
    assert_eq!(find(&matcher, "storage", "x", &json!({})), []);
    assert_eq!(find(&matcher, "storage", "pool", &json!({}))[0].points, 30);
}

#[test]
fn tags_match_whole_words_only() {
    let matcher = Matcher::new(&[runbook("rb-own", &["ha", "raft", "vip"], &[])]);
    assert_eq!(
        find(&matcher, "x", "channel aircraft vipers", &json!({})),
        []
    );
    assert_eq!(find(&matcher, "x", "HA: raft, VIP!", &json!({})).len(), 1);
}

#[test]
fn ties_are_ordered_by_id_and_the_list_is_bounded() {
    let many: Vec<_> = (0..9)
        .rev()
        .map(|n| runbook(&format!("rb-{n}"), &["same"], &[]))
        .collect();
    let found = find(&Matcher::new(&many), "same", "", &json!({}));
    let ids: Vec<_> = found
        .iter()
        .map(|found| found.runbook_id.as_str())
        .collect();
    assert_eq!(ids, ["rb-0", "rb-1", "rb-2", "rb-3", "rb-4"]);
}

#[test]
fn what_helped_before_weighs_in_and_makes_nothing_fit() {
    let matcher = Matcher::new(&[
        runbook("rb-1", &["mail"], &[]),
        runbook("rb-2", &["mail"], &[]),
        runbook("rb-3", &["post"], &[]),
    ]);
    let mut records = Records::default();
    let record = |helped, runs| TrackRecord {
        helped,
        runs,
        median_minutes: Some(6),
    };
    records.insert("rb-2", "Mail-Queue", record(3, 4));
    records.insert("rb-3", "mail_queue", record(9, 9));
    let detail = Map::new();
    let view = |kind| SignalView {
        kind,
        summary: "post",
        detail: &detail,
        site_id: "s",
    };
    let found = matcher.match_signal_with(&view("mail_queue"), &records);
    let ids: Vec<_> = found.iter().map(|one| one.runbook_id.as_str()).collect();
    assert_eq!(ids, ["rb-2", "rb-1"]);
    assert_eq!(
        found[0].reason_line(),
        "tag mail is part of the kind, helped 3 of 4 times, median 6 minutes"
    );
    assert_eq!((found[0].points, found[1].points), (35, 30));
    // For another kind it was never walked.
    let found = matcher.match_signal_with(&view("mail_lost"), &records);
    assert_eq!(found[0].runbook_id, "rb-1");
    assert_eq!(
        matcher.match_signal(&view("mail_queue"))[0].runbook_id,
        "rb-1"
    );
}

#[test]
fn a_tag_of_several_words_is_a_strong_reason_where_all_of_it_stands() {
    let matcher = Matcher::new(&[runbook(
        "rb-own",
        &["lift_stuck", "no-answer", "queue"],
        &[],
    )]);
    let points = |kind: &str, summary: &str| {
        find(&matcher, kind, summary, &json!({}))
            .first()
            .map(|found| (found.points, found.reason_line()))
    };
    let of_kind = Some((45, "kind says lift stuck".to_owned()));
    assert_eq!(points("LiftIsStuck", ""), of_kind);
    assert_eq!(points("stuck_lift", ""), of_kind);
    assert_eq!(points("lift_stuck", ""), of_kind);
    assert_eq!(points("lift", "it is stuck"), None);
    let said = Some((30, "summary says \"no answer\"".to_owned()));
    assert_eq!(points("x", "There was no answer."), said);
    assert_eq!(points("x", "There was no-answer."), said);
    assert_eq!(points("x", "answer: no"), None);
    assert_eq!(points("x", "no useful answer"), None);
    // A plural is its one; nothing else is cut.
    assert_eq!(
        points("mail_queues", "").map(|(points, _)| points),
        Some(30)
    );
    assert_eq!(points("mail_queued", ""), None);
}

#[test]
fn a_broad_word_within_a_kind_needs_another_reason() {
    let matcher = Matcher::new(&[runbook("rb-own", &["docker"], &[])]);
    assert_eq!(
        find(
            &matcher,
            "docker_image_outdated",
            "docker image",
            &json!({})
        ),
        []
    );
    assert_eq!(find(&matcher, "docker", "", &json!({}))[0].points, 30);
}
