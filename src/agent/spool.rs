//! Which signals wait to be sent, in what portions they go, and what an answer does to them.
//! Pure: the disk is `state`'s, the network is `client`'s.

use serde_json::json;

use crate::domain::hash;
use crate::domain::severity::Severity;
use crate::domain::signal::NewSignal;
use crate::domain::timestamp::Timestamp;
use crate::wire::{BatchResult, MAX_BODY};

/// Most signals that wait. Beyond it the oldest of the least severity go first.
pub const MAX_PENDING: usize = 10_000;

/// Adds signals and answers how many had to be dropped to stay within [`MAX_PENDING`].
pub fn push(pending: &mut Vec<NewSignal>, signals: Vec<NewSignal>) -> usize {
    pending.extend(signals);
    let excess = pending.len().saturating_sub(MAX_PENDING);
    let mut left = excess;
    for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
        pending.retain(|signal| {
            let drop = left > 0 && signal.severity == severity;
            left -= usize::from(drop);
            !drop
        });
    }
    excess
}

/// The first signals as the body of one request: at most `most` of them, at most [`MAX_BODY`]
/// bytes, but always one.
///
/// # Errors
/// A signal that cannot be written as JSON; there is none.
pub fn next_batch(pending: &[NewSignal], most: usize) -> serde_json::Result<(usize, Vec<u8>)> {
    let mut body = vec![b'['];
    let mut count = 0;
    for signal in pending.iter().take(most.max(1)) {
        let item = serde_json::to_vec(signal)?;
        if count > 0 && body.len() + item.len() + 2 > MAX_BODY {
            break;
        }
        if count > 0 {
            body.push(b',');
        }
        body.extend(item);
        count += 1;
    }
    body.push(b']');
    Ok((count, body))
}

/// What the answer to one batch did.
#[derive(Debug, Default, PartialEq)]
pub struct Settled {
    /// The server has them.
    pub accepted: usize,
    /// The server will never take them: one JSON object each, with the reason.
    pub rejected: Vec<String>,
    /// They wait on: the status of the first that the server could not take now.
    pub kept: Option<u16>,
}

/// Removes from the first `sent` signals those that are answered for. An answer counts only for
/// the signal whose `uid` it names, or that stands at its place where it names none.
pub fn settle(pending: &mut Vec<NewSignal>, sent: usize, results: &[BatchResult]) -> Settled {
    let mut settled = Settled::default();
    let mut index = 0;
    pending.retain(|signal| {
        let result = (index < sent).then(|| results.get(index)).flatten();
        index += 1;
        let Some(result) = result else {
            return true;
        };
        let is_its_own = result.uid.is_none() || result.uid == signal.uid;
        match (result.status, &result.problem) {
            (200..=299, _) if is_its_own => {
                settled.accepted += 1;
                false
            }
            (400 | 422, Some(problem)) if is_its_own => {
                let line = json!({"problem": problem, "signal": signal});
                settled.rejected.push(line.to_string());
                false
            }
            (status, _) => {
                settled.kept.get_or_insert(status);
                true
            }
        }
    });
    settled
}

/// Makes keys that sort by time and never repeat: milliseconds, a count, and randomness.
#[derive(Debug)]
pub struct Uids {
    now: Timestamp,
    random: [u8; 8],
    count: u32,
}

impl Uids {
    /// For one cycle.
    pub fn new(now: Timestamp, random: [u8; 8]) -> Self {
        Self {
            now,
            random,
            count: 0,
        }
    }

    /// The next key.
    pub fn next_uid(&mut self) -> String {
        self.count += 1;
        format!(
            "{:012x}-{:05x}-{}",
            self.now.as_millis().max(0),
            self.count,
            hash::hex(&self.random)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::signal::Status;
    use crate::wire::Problem;

    fn signal(uid: &str, severity: Severity) -> NewSignal {
        NewSignal {
            site_id: "s".into(),
            kind: "container_down".into(),
            summary: "x".into(),
            detail: serde_json::Map::new(),
            severity,
            source: "agent".into(),
            observed_at: None,
            status: Status::Firing,
            dedup_key: None,
            expires_at: None,
            agent_id: None,
            uid: Some(uid.into()),
        }
    }

    fn uids(pending: &[NewSignal]) -> Vec<&str> {
        pending
            .iter()
            .filter_map(|signal| signal.uid.as_deref())
            .collect()
    }

    fn result(status: u16, problem: bool) -> BatchResult {
        BatchResult {
            status,
            id: None,
            uid: None,
            problem: problem.then(|| Problem {
                kind: "about:blank".into(),
                title: "Unprocessable".into(),
                status,
                detail: String::new(),
                errors: Vec::new(),
            }),
        }
    }

    #[test]
    fn a_full_spool_drops_the_oldest_of_the_least_severity() {
        let mut pending: Vec<_> = (0..MAX_PENDING)
            .map(|n| {
                let severity = if n % 2 == 0 {
                    Severity::Warning
                } else {
                    Severity::Info
                };
                signal(&n.to_string(), severity)
            })
            .collect();
        let dropped = push(&mut pending, vec![signal("new", Severity::Info); 3]);
        assert_eq!((dropped, pending.len()), (3, MAX_PENDING));
        assert_eq!(uids(&pending)[..4], ["0", "2", "4", "6"]);
        assert_eq!(uids(&pending)[MAX_PENDING - 1], "new");
    }

    #[test]
    fn a_batch_stays_within_count_and_bytes() {
        let mut big = signal("big", Severity::Info);
        big.summary = "x".repeat(MAX_BODY / 2);
        let pending = vec![big.clone(), big.clone(), big];
        let (count, body) = next_batch(&pending, 1000).unwrap();
        assert!(count == 1 && body.len() <= MAX_BODY);
        let small = vec![signal("a", Severity::Info); 5];
        let (count, body) = next_batch(&small, 3).unwrap();
        assert_eq!(count, 3);
        let parsed: Vec<NewSignal> = serde_json::from_slice(&body).unwrap();
        assert_eq!(parsed, small[..3]);
    }

    #[test]
    fn only_what_is_answered_for_leaves_the_spool() {
        let mut pending: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"]
            .map(|uid| signal(uid, Severity::Info))
            .into();
        let mut other = result(201, false);
        other.uid = Some("somebody else's".into());
        let settled = settle(
            &mut pending,
            6,
            &[
                result(201, false),
                result(200, false),
                result(422, true),
                result(422, false),
                result(503, false),
                other,
            ],
        );
        assert_eq!(uids(&pending), ["d", "e", "f", "g"]);
        assert_eq!((settled.accepted, settled.kept), (2, Some(422)));
        assert!(settled.rejected[0].contains("\"uid\":\"c\""));
    }

    #[test]
    fn a_short_answer_settles_only_what_it_names() {
        let mut pending: Vec<_> = ["a", "b"].map(|uid| signal(uid, Severity::Info)).into();
        settle(&mut pending, 2, &[result(201, false)]);
        assert_eq!(uids(&pending), ["b"]);
    }

    #[test]
    fn keys_sort_by_time_and_differ() {
        let mut early = Uids::new(Timestamp::from_millis(1_000), [9; 8]);
        let mut late = Uids::new(Timestamp::from_millis(2_000), [1; 8]);
        let keys = [early.next_uid(), early.next_uid(), late.next_uid()];
        assert!(keys.is_sorted() && keys[0] != keys[1], "{keys:?}");
        assert!(keys[0].len() <= crate::domain::fields::MAX_ID);
    }
}
