//! One request's observations, and what the answer to it does to them. Pure.
//!
//! The server stores a batch in one transaction and judges each item by its token and its site. So
//! observations of one subject may go together, in their order, where their site is the same.

use std::collections::HashMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::json;

use crate::wire::{BatchResult, MAX_BATCH, MAX_BODY};

/// How much goes into one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    /// Most observations.
    pub count: usize,
    /// Most bytes; a single observation may be longer.
    pub bytes: usize,
}

impl Portion {
    /// As much as the server takes.
    pub const FULL: Self = Self {
        count: MAX_BATCH,
        bytes: MAX_BODY,
    };
}

/// An observation within a batch.
#[derive(Debug)]
struct Item {
    number: u64,
    subject: u64,
    uid: Option<String>,
    /// Its JSON within the body.
    place: Range<usize>,
}

/// One request's observations.
#[derive(Debug, Default)]
pub struct Batch {
    body: Vec<u8>,
    items: Vec<Item>,
    sites: HashMap<u64, String>,
}

/// What has to be read of a signal to send it.
#[derive(Deserialize)]
struct Tag {
    site_id: String,
    uid: Option<String>,
}

impl Batch {
    /// Adds an observation. Answers whether it may go with the others; if not, it is left out.
    ///
    /// # Errors
    /// It is no signal.
    pub(super) fn add(
        &mut self,
        (number, subject): (u64, u64),
        json: &[u8],
    ) -> serde_json::Result<bool> {
        let tag: Tag = serde_json::from_slice(json)?;
        let site = self.sites.entry(subject).or_insert(tag.site_id.clone());
        if *site != tag.site_id {
            return Ok(false);
        }
        self.body
            .push(if self.items.is_empty() { b'[' } else { b',' });
        let start = self.body.len();
        self.body.extend_from_slice(json);
        self.items.push(Item {
            number,
            subject,
            uid: tag.uid,
            place: start..self.body.len(),
        });
        Ok(true)
    }

    pub(super) fn has_room_for(&self, length: usize, portion: Portion) -> bool {
        self.items.is_empty()
            || (self.items.len() < portion.count && self.body.len() + length + 2 <= portion.bytes)
    }

    pub(super) fn close(&mut self) {
        self.body.push(b']');
    }

    /// The request's body, a JSON array.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How many observations.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The number of the last one; the next batch begins behind it.
    pub fn last(&self) -> u64 {
        self.items.last().map_or(0, |item| item.number)
    }

    /// What it is about, where it is one observation alone.
    pub fn only_subject(&self) -> Option<u64> {
        match self.items.as_slice() {
            [item] => Some(item.subject),
            _ => None,
        }
    }

    /// What the answer did. It counts only for the observation whose `uid` it names, or that stands
    /// at its place where it names none.
    pub fn settle(&self, results: &[BatchResult]) -> Settled {
        let mut settled = Settled::default();
        for (item, result) in self.items.iter().zip(results) {
            let is_its_own = result.uid.is_none() || result.uid == item.uid;
            match (result.status, &result.problem) {
                (200..=299, _) if is_its_own => settled.accepted.push(item.number),
                (400 | 422, Some(problem)) if is_its_own => {
                    let signal = String::from_utf8_lossy(&self.body[item.place.clone()]);
                    let line = format!("{{\"problem\":{},\"signal\":{signal}}}", json!(problem));
                    settled.rejected.push((item.number, line));
                }
                (status, _) => settled.keep(item.subject, status),
            }
        }
        for item in self.items.iter().skip(results.len()) {
            settled.blocked.push(item.subject);
        }
        settled
    }
}

/// What the answer to one batch did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// The server has them.
    pub accepted: Vec<u64>,
    /// The server will never take them: one JSON object each, with the reason.
    pub rejected: Vec<(u64, String)>,
    /// Subjects of which something waits on: nothing later of theirs goes before it.
    pub blocked: Vec<u64>,
    /// The status of the first that the server could not take now.
    pub kept: Option<u16>,
}

impl Settled {
    fn keep(&mut self, subject: u64, status: u16) {
        self.kept.get_or_insert(status);
        self.blocked.push(subject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Problem;

    fn batch(uids: &[&str]) -> Batch {
        let mut batch = Batch::default();
        for (number, uid) in (1..).zip(uids) {
            let json = json!({"site_id": "s", "uid": uid}).to_string();
            assert!(batch.add((number, number * 10), json.as_bytes()).unwrap());
        }
        batch.close();
        batch
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
    fn only_what_is_answered_for_leaves_the_spool() {
        let batch = batch(&["a", "b", "c", "d", "e", "f", "g"]);
        let mut other = result(201, false);
        other.uid = Some("somebody else's".into());
        let settled = batch.settle(&[
            result(201, false),
            result(200, false),
            result(422, true),
            result(422, false),
            result(503, false),
            other,
        ]);
        assert_eq!(settled.accepted, [1, 2]);
        assert_eq!(settled.blocked, [40, 50, 60, 70]);
        assert_eq!(settled.kept, Some(422));
        let (number, line) = &settled.rejected[0];
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!((*number, &line["signal"]["uid"]), (3, &json!("c")));
        assert_eq!(line["problem"]["status"], 422);
    }

    #[test]
    fn of_one_subject_only_what_has_the_same_site_goes_together() {
        let mut batch = Batch::default();
        let signal = |site| json!({"site_id": site, "uid": "u"}).to_string();
        assert!(batch.add((1, 7), signal("a").as_bytes()).unwrap());
        assert!(batch.add((2, 8), signal("b").as_bytes()).unwrap());
        assert!(batch.add((3, 7), signal("a").as_bytes()).unwrap());
        assert!(!batch.add((4, 7), signal("b").as_bytes()).unwrap());
        batch.close();
        let sent: serde_json::Value = serde_json::from_slice(batch.body()).unwrap();
        assert_eq!((sent.as_array().unwrap().len(), batch.last()), (3, 3));
    }
}
