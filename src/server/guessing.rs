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
        self.tokens.take(network(client), now)
    }

    /// Counts a login before its password is looked at, so that a thousand at once count as a
    /// thousand; [`Guessing::was_no_guess`] takes it back. Answers the seconds to wait where there
    /// were too many before, and counts nothing then. `name` is one that somebody could have.
    pub(crate) fn try_login(
        &self,
        client: IpAddr,
        name: Option<&str>,
        now: Timestamp,
    ) -> Option<u64> {
        let client = network(client);
        let wait = self.logins.take(client, now);
        let (None, Some(name)) = (wait, name) else {
            return wait;
        };
        let wait = self.names.take(name.to_owned(), now);
        if wait.is_some() {
            self.logins.give_back(&client);
        }
        wait
    }

    /// Takes back what [`Guessing::try_login`] counted: the password was right, or was not looked
    /// at.
    pub(crate) fn was_no_guess(&self, client: IpAddr, name: Option<&str>) {
        self.logins.give_back(&network(client));
        if let Some(name) = name {
            self.names.give_back(name);
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

impl<K: Hash + Eq> Failures<K> {
    fn new(pace: Pace) -> Self {
        Self {
            pace,
            empty_at: Mutex::new(HashMap::new()),
        }
    }

    /// Counts one, or answers the seconds until there is room for it.
    fn take(&self, key: K, now: Timestamp) -> Option<u64> {
        let now = now.as_millis();
        let mut known = self.lock();
        if let Some(empty_at) = known.get(&key) {
            let room_at = empty_at - (self.pace.burst - 1) * self.pace.every_ms;
            let wait = u64::try_from(room_at - now).unwrap_or(0);
            if wait > 0 {
                return Some(wait.div_ceil(1000));
            }
        } else if known.len() >= MOST {
            make_room(&mut known, now);
        }
        let empty_at = known.entry(key).or_insert(now);
        *empty_at = (*empty_at).max(now) + self.pace.every_ms;
        None
    }

    fn give_back<Q>(&self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if let Some(empty_at) = self.lock().get_mut(key) {
            *empty_at -= self.pace.every_ms;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, i64>> {
        // Numbers: a panic elsewhere leaves none of them half written.
        self.empty_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what has leaked away, and where that is too little, a tenth: those that will soonest.
fn make_room<K: Hash + Eq>(known: &mut HashMap<K, i64>, now: i64) {
    known.retain(|_, empty_at| *empty_at > now);
    if known.len() >= MOST {
        let mut ends: Vec<i64> = known.values().copied().collect();
        let (_, soonest, _) = ends.select_nth_unstable(MOST / 10);
        let soonest = *soonest;
        known.retain(|_, empty_at| *empty_at > soonest);
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
        let anna = Some("anna");
        for _ in 0..10 {
            assert_eq!(guessing.try_login(client, anna, at(0)), None);
        }
        assert_eq!(guessing.try_login(client, anna, at(0)), Some(30));
        // Another name does not help, nor one that nobody can have; another client goes free.
        assert_eq!(guessing.try_login(client, Some("berta"), at(1)), Some(29));
        assert_eq!(guessing.try_login(client, None, at(1)), Some(29));
        assert_eq!(guessing.try_login(address("192.0.2.8"), anna, at(0)), None);
        assert_eq!(guessing.try_login(client, anna, at(30)), None);
        assert_eq!(guessing.try_login(client, anna, at(30)), Some(30));
        assert_eq!(guessing.try_login(client, anna, at(300 + 30)), None);
    }

    #[test]
    fn what_was_right_does_not_count() {
        let (guessing, client) = (Guessing::new(), address("192.0.2.7"));
        for _ in 0..100 {
            assert_eq!(guessing.try_login(client, Some("anna"), at(0)), None);
            guessing.was_no_guess(client, Some("anna"));
        }
        for _ in 0..10 {
            assert_eq!(guessing.try_login(client, Some("anna"), at(0)), None);
        }
        assert!(guessing.try_login(client, Some("anna"), at(0)).is_some());
        guessing.was_no_guess(address("192.0.2.9"), Some("nobody"));
    }

    #[test]
    fn many_clients_together_guess_one_name_no_faster() {
        let guessing = Guessing::new();
        for client in 0..30 {
            let client = IpAddr::from([192, 0, 2, client]);
            assert_eq!(guessing.try_login(client, Some("anna"), at(0)), None);
        }
        let fresh = address("198.51.100.1");
        for _ in 0..20 {
            assert_eq!(guessing.try_login(fresh, Some("anna"), at(0)), Some(10));
        }
        // What was refused for the name's sake did not count for the client.
        assert_eq!(guessing.try_login(fresh, Some("berta"), at(0)), None);
    }

    #[test]
    fn one_client_alone_does_not_keep_the_owner_of_a_name_out() {
        let (guessing, client) = (Guessing::new(), address("192.0.2.7"));
        let owner = address("192.0.2.8");
        for second in 0..3600 {
            guessing.try_login(client, Some("anna"), at(second));
            let wait = guessing.try_login(owner, Some("anna"), at(second));
            assert_eq!(wait, None, "after {second} s");
            guessing.was_no_guess(owner, Some("anna"));
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
        assert_eq!(guessing.try_login(client, Some("anna"), at(30_000)), None);
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
        assert!(guessing.tokens.lock().len() <= MOST);
        assert!(guessing.wrong_token(guilty, at(0)).is_some());
        assert!(guessing.wrong_token(guilty, at(3600)).is_none());
    }
}
