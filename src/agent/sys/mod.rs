//! The only place that touches the operating system and names docker-api, surge-ping, sysinfo and
//! tokio. It looks and tells what it saw; what that means is judged in `agent::checks`.
//!
//! Async stops here: one current-thread runtime with a thread of its own, which looks are handed to.

mod dns;
mod docker;
mod docker_shapes;
mod host;
mod icmp_unix;
mod lanes;
mod machine_id;
mod neighbour;
mod ping;
mod resolvers;
#[cfg(target_os = "linux")]
mod route_linux;
#[cfg(unix)]
mod stop_unix;
mod stream;
mod tcp;
mod tls;

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

pub use self::dns::{Asked, ask as ask_resolver};
pub use self::docker::look as look_at_docker;
pub use self::host::facts;
pub use self::lanes::{Lanes, NoAddress, Stuck};
pub use self::machine_id::machine_id;
#[cfg(target_os = "linux")]
pub use self::route_linux::default_routes;
#[cfg(unix)]
use self::stop_unix::Stop;

pub use self::ping::{Measured, Pinged, Pinger, Wire, measure as measure_gateways};
pub use self::resolvers::resolvers;
pub use self::tcp::{Connected, connect};
pub use self::tls::shown_by;

/// A default route of the kernel's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The gateway.
    pub gateway: IpAddr,
    /// The interface it is reached through.
    pub dev: String,
    /// The kernel takes the lowest first.
    pub metric: u32,
}

/// No default route is known on a system without a reader for its table.
#[cfg(not(target_os = "linux"))]
pub fn default_routes() -> Vec<Route> {
    Vec::new()
}

/// Something that is done beside the agent's cycles.
pub type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Does something that blocks, beside the other looks. Nothing where it panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// The runtime that looks and waits run on, and the thread that drives it: a look goes on while
/// the agent judges and sends, and its round trips are not measured too long.
#[derive(Debug)]
pub struct Senses {
    /// Only `None` while it is being dropped.
    runtime: Option<Arc<Runtime>>,
    /// Ends the driving thread when it is dropped.
    driver: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    #[cfg(unix)]
    stop: Option<Stop>,
}

/// Blocking looks that may be under way at once, those that hang included. A thread lives only
/// while there is something to do: many cost nothing until many hang.
const BLOCKING: usize = 64;
/// No look goes deep.
const STACK: usize = 256 * 1024;

impl Senses {
    /// Starts the driving thread and opens nothing but the runtime's own descriptors.
    ///
    /// # Errors
    /// No descriptors or threads are left.
    pub fn new() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(BLOCKING)
            .thread_stack_size(STACK)
            .build()
            .map(Arc::new)?;
        let (end, ended) = oneshot::channel();
        let driven = Arc::clone(&runtime);
        let thread = std::thread::Builder::new()
            .name("looks".to_owned())
            .spawn(move || {
                // Dropping the sender ends it as well as sending does.
                let _ = driven.block_on(ended);
            })?;
        Ok(Self {
            runtime: Some(runtime),
            driver: Some((end, thread)),
            #[cfg(unix)]
            stop: None,
        })
    }

    /// Begins something beside the caller.
    pub fn spawn(&self, task: Task<()>) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(task);
        }
    }

    /// From now on a request to end (SIGTERM, SIGINT) ends the next [`Senses::wait`] instead of
    /// the process.
    ///
    /// # Errors
    /// The system refuses the handlers.
    #[cfg(unix)]
    pub fn catch_stop(&mut self) -> io::Result<()> {
        if let Some(runtime) = &self.runtime {
            let _inside = runtime.enter();
            self.stop = Some(Stop::new()?);
        }
        Ok(())
    }

    /// Elsewhere the process is ended by the system.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    pub fn catch_stop(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Waits. Answers whether the process was asked to end meanwhile, or before.
    pub fn wait(&mut self, how_long: Duration) -> bool {
        let Some(runtime) = &self.runtime else {
            return true;
        };
        #[cfg(unix)]
        if let Some(stop) = &mut self.stop {
            return runtime
                .block_on(async { tokio::time::timeout(how_long, stop.asked()).await.is_ok() });
        }
        runtime.block_on(tokio::time::sleep(how_long));
        false
    }
}

impl Drop for Senses {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.driver.take() {
            drop(end);
            let _ = thread.join();
        }
        // A name lookup that hangs would otherwise hold up the end of the process.
        if let Some(runtime) = self.runtime.take().and_then(Arc::into_inner) {
            runtime.shutdown_background();
        }
    }
}
