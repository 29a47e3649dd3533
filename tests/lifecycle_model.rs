//! Incidents against a reference model: signals of one sender in any order, doubled and delayed,
//! through the real lifecycle over a real database, end as if they had come in the order in which
//! they happened, and none is lost or stored twice.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::collections::BTreeMap;

use atlas_ops::domain::incident::lifecycle::DAY_MS;
use atlas_ops::domain::severity::Severity;
use atlas_ops::domain::signal::{NewSignal, Status};
use atlas_ops::domain::timestamp::Timestamp;
use atlas_ops::flow::catalogue::Catalogue;
use atlas_ops::flow::ingest::{Delivery, Outcome, Sender, deliver};
use atlas_ops::store::incidents::{self, Filter};
use atlas_ops::store::{Store, migrate, signals};
use proptest::prelude::*;
use std::sync::Arc;

/// Where all of it happens.
const START: i64 = 1_763_000_000_000;
const MINUTE: i64 = 60_000;

/// One observation: of which problem, when, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    problem: u8,
    /// Told apart within a problem: the newest is one.
    minute: i64,
    status: Status,
    severity: Severity,
}

/// The reference: observations in the order in which they happened, one small state machine a
/// problem. `None` is "no unresolved incident".
fn reference(seen: &[Seen]) -> BTreeMap<u8, Option<Severity>> {
    let mut sorted = seen.to_vec();
    sorted.sort_by_key(|seen| seen.minute);
    let mut states = BTreeMap::new();
    for seen in sorted {
        let state = states.entry(seen.problem).or_insert(None);
        *state = match (seen.status, seen.severity, *state) {
            (Status::Resolved, _, _) | (Status::Firing, Severity::Info, None) => None,
            (Status::Firing, severity, _) => Some(severity),
        };
    }
    states
}

fn signal(seen: Seen) -> NewSignal {
    serde_json::from_value(serde_json::json!({
        "site_id": "s", "kind": "odd", "summary": format!("minute {}", seen.minute),
        "source": "model", "dedup_key": format!("problem-{}", seen.problem),
        "severity": seen.severity, "status": seen.status,
        "observed_at": Timestamp::from_millis(START + seen.minute * MINUTE),
    }))
    .unwrap()
}

/// Distinct moments within a problem, so that "the newest" is one observation.
fn observations(most: usize, spread: i64) -> impl Strategy<Value = Vec<Seen>> {
    let one = (
        0..3_u8,
        0..spread,
        prop_oneof![2 => Just(Status::Firing), 1 => Just(Status::Resolved)],
        prop_oneof![
            Just(Severity::Info),
            Just(Severity::Warning),
            Just(Severity::Critical)
        ],
    );
    proptest::collection::vec(one, 1..most).prop_map(|all| {
        let mut distinct: BTreeMap<(u8, i64), Seen> = BTreeMap::new();
        for (problem, minute, status, severity) in all {
            distinct.insert(
                (problem, minute),
                Seen {
                    problem,
                    minute,
                    status,
                    severity,
                },
            );
        }
        distinct.into_values().collect()
    })
}

/// A shuffle with some of them delivered twice under the same key.
fn deliveries(most: usize, spread: i64) -> impl Strategy<Value = (Vec<Seen>, Vec<usize>)> {
    observations(most, spread).prop_flat_map(|seen| {
        let all: Vec<usize> = (0..seen.len()).collect();
        let again = proptest::collection::vec(0..seen.len(), 0..=seen.len());
        (Just(all), again)
            .prop_map(|(mut all, again)| {
                all.extend(again);
                all
            })
            .prop_shuffle()
            .prop_map(move |order| (seen.clone(), order))
    })
}

async fn check(seen: &[Seen], order: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.db");
    migrate::migrate(&path, Timestamp::from_millis(START)).unwrap();
    let store = Store::open(&path).unwrap();
    let catalogue = Arc::new(Catalogue::new(Vec::new()));
    let mut stored = 0;
    // In batches of three, so that neighbours share a transaction as they do under load.
    for batch in order.chunks(3) {
        let outcomes = deliver(
            &store,
            &catalogue,
            Delivery {
                items: batch
                    .iter()
                    .map(|&index| (signal(seen[index]), Some(format!("key-{index}"))))
                    .collect(),
                sender: Sender {
                    credential: "model".to_owned(),
                    site_id: None,
                },
                received_at: Timestamp::from_millis(START + DAY_MS),
            },
        )
        .await
        .unwrap();
        stored += outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Stored(_)))
            .count();
    }
    let (open, kept) = store
        .read(|db| {
            let open = incidents::newest(db, &Filter::unresolved(), 100)?;
            let kept = signals::newest(db, &signals::Filter::default(), 1000)?;
            Ok((open, kept))
        })
        .await
        .unwrap();
    store.close();

    assert_eq!(stored, seen.len(), "each is stored once");
    let mut kept: Vec<&str> = kept.iter().map(|signal| signal.summary.as_str()).collect();
    kept.sort_unstable();
    let mut sent: Vec<String> = seen
        .iter()
        .map(|seen| format!("minute {}", seen.minute))
        .collect();
    sent.sort_unstable();
    assert_eq!(kept, sent);

    for (problem, expected) in reference(seen) {
        let key = format!("problem-{problem}");
        let found: Vec<Severity> = open
            .iter()
            .filter(|incident| incident.dedup_key.as_deref() == Some(&key))
            .map(|incident| incident.severity)
            .collect();
        assert_eq!(
            found,
            Vec::from_iter(expected),
            "problem {problem} of {seen:?} in the order {order:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    /// Close together: within the time in which an incident reopens, and flapping.
    #[test]
    fn any_order_within_an_hour_ends_the_same((seen, order) in deliveries(14, 60)) {
        actix_web::rt::System::new().block_on(check(&seen, &order));
    }

    /// Far apart: episodes that are linked.
    #[test]
    fn any_order_within_a_day_ends_the_same((seen, order) in deliveries(14, 23 * 60)) {
        actix_web::rt::System::new().block_on(check(&seen, &order));
    }
}

/// The model itself, on the cases that a reader would ask about.
#[test]
fn the_model_says_what_the_contract_says() {
    use Severity::{Critical, Info, Warning};
    use Status::{Firing, Resolved};
    let at = |minute, status, severity| Seen {
        problem: 0,
        minute,
        status,
        severity,
    };
    let end = |seen: &[Seen]| reference(seen)[&0];
    assert_eq!(end(&[at(1, Firing, Info)]), None);
    assert_eq!(
        end(&[at(1, Firing, Warning), at(2, Firing, Critical)]),
        Some(Critical)
    );
    assert_eq!(end(&[at(2, Resolved, Info), at(1, Firing, Critical)]), None);
    assert_eq!(
        end(&[at(1, Firing, Critical), at(2, Firing, Info)]),
        Some(Info)
    );
}
