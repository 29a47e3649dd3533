//! Whoever guesses passwords or tokens is slowed down: a client may be wrong ten times, then once
//! in thirty seconds. Kept in memory and bounded. Only what was wrong counts, and wrong tokens are
//! counted apart from wrong passwords: an agent with an old token locks nobody out of the login
//! beside it, and a right token is never refused for what its neighbours did.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::domain::timestamp::Timestamp;

/// Clients, or names, that are remembered at a time.
const MOST: usize = 10_000;

/// For one client: ten at once, then one in thirty seconds.
const CLIENT: Pace = Pace {
    burst: 10,
    every_ms: 30_000,
};
/// For one name, whoever guesses: wider than a client's, so that one client alone cannot keep the
/// owner of the name out. What it still allows is 8,640 guesses a day.
const NAME: Pace = Pace {
    burst: 30,
    every_ms: 10_000,
};

/// What went wrong lately.
#[derive(Debug)]
pub(crate) struct Guessing {
    tokens: Failures<IpAddr>,
    logins: Failures<IpAddr>,
    names: Failures<String>,
}

impl Guessing {
    pub(crate) fn new() -> Self {
        Self {
            tokens: Failures::new(CLIENT),
            logins: Failures::new(CLIENT),
            names: Failures::new(NAME),
        }
    }

    /// Counts a wrong token. Answers the seconds to wait where there were too many before.
    pub(crate) fn wrong_token(&self, client: IpAddr, now: Timestamp) -> Option<u64> {
        let client = network(client);
        let wait = self.tokens.wait(&client, now);
        if wait.is_none() {
            self.tokens.count(client, now);
        }
        wait
    }

    /// The seconds to wait before a login may be tried; asked before the password is looked at.
    pub(crate) fn login_wait(&self, client: IpAddr, name: &str, now: Timestamp) -> Option<u64> {
        let by_client = self.logins.wait(&network(client), now);
        by_client.max(self.names.wait(name, now))
    }

    /// Counts a wrong password. `name` is one that somebody could have.
    pub(crate) fn wrong_password(&self, client: IpAddr, name: Option<&str>, now: Timestamp) {
        self.logins.count(network(client), now);
        if let Some(name) = name {
            self.names.count(name.to_owned(), now);
        }
    }
}

/// What counts as one client: an address, or with IPv6 the network that one customer is given.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[derive(Debug, Clone, Copy)]
struct Pace {
    burst: i64,
    every_ms: i64,
}

/// Leaky buckets: of each key, when all its failures will have leaked away.
#[derive(Debug)]
struct Failures<K> {
    pace: Pace,
    empty_at: Mutex<HashMap<K, i64>>,
}

impl<K: Hash + Eq + Clone> Failures<K> {
    fn new(pace: Pace) -> Self {
        Self {
            pace,
            empty_at: Mutex::new(HashMap::new()),
        }
    }

    fn wait<Q>(&self, key: &Q, now: Timestamp) -> Option<u64>
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let known = self.lock().get(key).copied()?;
        let room_at = known - (self.pace.burst - 1) * self.pace.every_ms;
        let millis = u64::try_from(room_at - now.as_millis()).ok()?;
        (millis > 0).then(|| millis.div_ceil(1000))
    }

    fn count(&self, key: K, now: Timestamp) {
        let now = now.as_millis();
        let mut known = self.lock();
        if known.len() >= MOST && !known.contains_key(&key) {
            make_room(&mut known, now);
        }
        let empty_at = known.entry(key).or_insert(now);
        let full = now + self.pace.burst * self.pace.every_ms;
        *empty_at = ((*empty_at).max(now) + self.pace.every_ms).min(full);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, i64>> {
        // Numbers: a panic elsewhere leaves none of them half written.
        self.empty_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what has leaked away, or else the one that will soonest.
fn make_room<K: Hash + Eq + Clone>(known: &mut HashMap<K, i64>, now: i64) {
    known.retain(|_, empty_at| *empty_at > now);
    if known.len() >= MOST {
        let soonest = known.iter().min_by_key(|(_, empty_at)| **empty_at);
        if let Some(key) = soonest.map(|(key, _)| key.clone()) {
            known.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000 + seconds * 1000)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ten_wrong_then_one_in_thirty_seconds() {
        let (guessing, client) = (Guessing::new(), address("192.0.2.7"));
        for _ in 0..10 {
            assert_eq!(guessing.login_wait(client, "anna", at(0)), None);
            guessing.wrong_password(client, Some("anna"), at(0));
        }
        assert_eq!(guessing.login_wait(client, "anna", at(0)), Some(30));
        // Another name does not help, another client is not punished.
        assert_eq!(guessing.login_wait(client, "berta", at(1)), Some(29));
        assert_eq!(
            guessing.login_wait(address("192.0.2.8"), "anna", at(0)),
            None
        );
        assert_eq!(guessing.login_wait(client, "anna", at(30)), None);
        guessing.wrong_password(client, Some("anna"), at(30));
        assert_eq!(guessing.login_wait(client, "anna", at(30)), Some(30));
        assert_eq!(guessing.login_wait(client, "anna", at(300 + 30)), None);
    }

    #[test]
    fn many_clients_together_guess_one_name_no_faster() {
        let guessing = Guessing::new();
        for client in 0..30 {
            let client = IpAddr::from([192, 0, 2, client]);
            assert_eq!(guessing.login_wait(client, "anna", at(0)), None);
            guessing.wrong_password(client, Some("anna"), at(0));
        }
        let fresh = address("198.51.100.1");
        assert_eq!(guessing.login_wait(fresh, "anna", at(0)), Some(10));
        assert_eq!(guessing.login_wait(fresh, "berta", at(0)), None);
    }

    #[test]
    fn one_client_alone_does_not_keep_the_owner_of_a_name_out() {
        let (guessing, client) = (Guessing::new(), address("192.0.2.7"));
        for second in 0..3600 {
            if guessing.login_wait(client, "anna", at(second)).is_none() {
                guessing.wrong_password(client, Some("anna"), at(second));
            }
            let owner = guessing.login_wait(address("192.0.2.8"), "anna", at(second));
            assert_eq!(owner, None, "after {second} s");
        }
    }

    #[test]
    fn an_agent_with_an_old_token_is_told_so_each_time_and_locks_nobody_out() {
        let (guessing, client) = (Guessing::new(), address("127.0.0.1"));
        for cycle in 0..100 {
            // A report and a batch, every five minutes.
            assert_eq!(guessing.wrong_token(client, at(cycle * 300)), None);
            assert_eq!(guessing.wrong_token(client, at(cycle * 300 + 1)), None);
        }
        for _ in 0..20 {
            guessing.wrong_token(client, at(30_000));
        }
        assert_eq!(guessing.wrong_token(client, at(30_000)), Some(30));
        assert_eq!(guessing.login_wait(client, "anna", at(30_000)), None);
        // Trying on and on makes it no longer.
        assert_eq!(guessing.wrong_token(client, at(30_030)), None);
    }

    #[test]
    fn a_client_of_ipv6_is_its_network() {
        let guessing = Guessing::new();
        for host in 0..10 {
            let client = address(&format!("2001:db8:1:2::{host:x}"));
            assert_eq!(guessing.wrong_token(client, at(0)), None);
        }
        assert!(
            guessing
                .wrong_token(address("2001:db8:1:2:ffff::1"), at(0))
                .is_some()
        );
        assert!(
            guessing
                .wrong_token(address("2001:db8:1:3::1"), at(0))
                .is_none()
        );
        assert_eq!(network(address("::ffff:192.0.2.7")), address("192.0.2.7"));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let guessing = Guessing::new();
        let guilty = address("198.51.100.1");
        for _ in 0..10 {
            guessing.wrong_token(guilty, at(0));
        }
        for client in 0..20_000_u32 {
            guessing.wrong_token(IpAddr::from((0x0a00_0000 + client).to_be_bytes()), at(0));
        }
        assert_eq!(guessing.tokens.lock().len(), MOST);
        assert!(guessing.wrong_token(guilty, at(0)).is_some());
        guessing.wrong_token(address("198.51.100.2"), at(3600));
        assert_eq!(guessing.tokens.lock().len(), 1);
    }
}
