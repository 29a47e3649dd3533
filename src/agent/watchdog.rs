//! Sees to it that a loop that hangs is noticed: the loop promises until when it will be heard of
//! again, and a thread tells the service manager that work goes on for as long as that promise holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::sys::Service;

/// The thread does nothing but wait and tell.
const STACK: usize = 128 * 1024;
/// How often the promise is looked at, where no manager sets the pace.
const USUAL: Duration = Duration::from_secs(5);
/// A promise may be missed by this much: the last request of a cycle was on its way already.
const GRACE: Duration = Duration::from_secs(5);

/// What the process ends with: nothing is lost, whoever started it may start it again.
const TRY_AGAIN: i32 = 75;

/// The loop's side.
#[derive(Debug)]
pub(super) struct Watchdog {
    begin: Instant,
    /// Milliseconds since `begin`.
    promised: Arc<AtomicU64>,
}

impl Watchdog {
    /// Starts the thread, which ends with the process. Where the promise is broken and no manager
    /// watches, it ends the process itself.
    pub(super) fn start(service: &Arc<Service>) -> std::io::Result<Self> {
        let watchdog = Self {
            begin: Instant::now(),
            promised: Arc::new(AtomicU64::new(u64::MAX)),
        };
        let (begin, promised) = (watchdog.begin, Arc::clone(&watchdog.promised));
        let service = Arc::clone(service);
        let pause = service.watchdog().map_or(USUAL, |limit| limit / 2);
        std::thread::Builder::new()
            .name("watchdog".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let mut hangs = false;
                loop {
                    let holds = millis(begin.elapsed()) <= promised.load(Ordering::Relaxed);
                    if holds {
                        service.alive();
                    } else if !hangs {
                        complain();
                        if service.watchdog().is_none() {
                            std::process::exit(TRY_AGAIN);
                        }
                    }
                    hangs = !holds;
                    std::thread::sleep(pause);
                }
            })?;
        Ok(watchdog)
    }

    /// The loop will be heard of again within `time`.
    pub(super) fn promise(&self, time: Duration) {
        let until = self.begin.elapsed() + time + GRACE;
        self.promised.store(millis(until), Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn complain() {
    tracing::error!(
        "the agent hangs: something does not come back, a dead disk or mount for example; what was observed waits on disk. hint: see with -vv what is slow, or raise --time-limit"
    );
}
