//! Keys of observations.

use crate::domain::hash;
use crate::domain::timestamp::Timestamp;

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

    #[test]
    fn keys_sort_by_time_and_differ() {
        let mut early = Uids::new(Timestamp::from_millis(1_000), [9; 8]);
        let mut late = Uids::new(Timestamp::from_millis(2_000), [1; 8]);
        let keys = [early.next_uid(), early.next_uid(), late.next_uid()];
        assert!(keys.is_sorted() && keys[0] != keys[1], "{keys:?}");
        assert!(keys[0].len() <= crate::domain::fields::MAX_ID);
    }
}
