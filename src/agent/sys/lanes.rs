//! Threads for what can only block: name lookups and HTTP calls of checks. There are fewer of them
//! than the runtime has, so that targets that hang never keep the host from being looked at.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::aside;

/// How many there are.
const LANES: usize = super::BLOCKING - 5;

/// Threads for what can only block; clones share them.
#[derive(Debug, Clone)]
pub struct Lanes(Arc<Semaphore>);

/// Why something that blocks did not come to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stuck {
    /// It takes too long; it goes on in its thread, and nobody waits for it.
    TooLong,
    /// It was not begun: too many others take too long.
    Crowded,
    /// It broke off.
    Broken,
}

/// Why a name has no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAddress {
    /// The resolver says so, or does not say anything: in its words.
    Unresolved(String),
    /// It was not found out.
    Stuck(Stuck),
}

impl Default for Lanes {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(LANES)))
    }
}

impl Lanes {
    /// Does something that blocks. `limit` is for itself; it waits as long for a free thread.
    ///
    /// # Errors
    /// It does not end in time.
    pub async fn block<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stuck> {
        let lane = timeout(limit, Arc::clone(&self.0).acquire_owned());
        let Ok(Ok(lane)) = lane.await else {
            return Err(Stuck::Crowded);
        };
        let task = aside::run(move || {
            let done = work();
            // Whoever gave up waiting has not freed the lane.
            drop(lane);
            done
        });
        match timeout(limit, task).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(Stuck::Broken),
            Err(_) => Err(Stuck::TooLong),
        }
    }

    /// The addresses of a host, which may be an address itself: then nobody is asked.
    ///
    /// # Errors
    /// It has none, or that could not be found out in time.
    pub async fn addresses_of(
        &self,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<Vec<SocketAddr>, NoAddress> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let name = host.to_owned();
        let lookup = move || {
            let found = (name.as_str(), port).to_socket_addrs();
            found.map(Vec::from_iter).map_err(|error| error.to_string())
        };
        match self.block(limit, lookup).await {
            Ok(Ok(found)) if found.is_empty() => {
                Err(NoAddress::Unresolved("it has no address".to_owned()))
            }
            Ok(found) => found.map_err(NoAddress::Unresolved),
            Err(stuck) => Err(NoAddress::Stuck(stuck)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(100);

    #[test]
    fn those_that_hang_are_given_up_and_hold_their_lane_until_they_end() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(wait));
        runtime.block_on(async {
            let lanes = Lanes::default();
            let mut stuck = Vec::new();
            for _ in 0..LANES {
                let (lanes, wait) = (lanes.clone(), Arc::clone(&wait));
                stuck.push(tokio::spawn(async move {
                    let hang = move || wait.lock().map(|wait| wait.recv()).is_ok();
                    lanes.block(LIMIT, hang).await
                }));
            }
            for one in stuck {
                assert_eq!(one.await.unwrap(), Err(Stuck::TooLong));
            }
            let next = lanes.block(LIMIT, || 1).await;
            assert_eq!(next, Err(Stuck::Crowded));
            drop(go);
            let free = lanes.block(Duration::from_secs(20), || 1);
            assert_eq!(free.await, Ok(1));
            let broken = lanes.block(Duration::from_secs(20), || panic!("on purpose"));
            assert_eq!(broken.await, Err::<(), _>(Stuck::Broken));
        });
    }

    #[test]
    fn an_address_needs_no_resolver_and_a_name_may_have_none() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let lanes = Lanes::default();
        let find = |host| runtime.block_on(lanes.addresses_of(host, 7, Duration::from_secs(20)));
        assert_eq!(find("::1"), Ok(vec!["[::1]:7".parse().unwrap()]));
        assert!(
            find("localhost")
                .unwrap()
                .iter()
                .all(|found| found.port() == 7)
        );
        assert!(find("nobody.invalid").is_err());
    }
}
