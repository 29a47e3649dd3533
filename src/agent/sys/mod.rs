//! The only place that touches the operating system and names docker-api, surge-ping, sysinfo and
//! tokio. It looks and tells what it saw; what that means is judged in `agent::checks`.
//!
//! Async stops here: one current-thread runtime with a thread of its own, which looks are handed to.

#[cfg(windows)]
mod adapters_windows;
pub mod backup;
#[cfg(unix)]
mod bus_unix;
#[cfg(unix)]
mod bus_wire;
mod dns;
mod docker;
mod docker_cut;
mod docker_http;
mod docker_shapes;
pub mod echo;
mod host;
#[cfg(unix)]
mod icmp_unix;
#[cfg(windows)]
mod icmp_windows;
pub mod interfaces;
#[cfg(target_os = "linux")]
mod interfaces_linux;
#[cfg(windows)]
mod interfaces_windows;
mod lanes;
mod machine_id;
#[cfg(windows)]
mod machine_id_windows;
pub mod neighbours;
#[cfg(target_os = "linux")]
mod neighbours_linux;
#[cfg(windows)]
mod neighbours_windows;
#[cfg(target_os = "linux")]
mod netlink_linux;
mod ping;
pub mod poke;
pub mod resolvers;
#[cfg(target_os = "linux")]
mod route_linux;
#[cfg(windows)]
mod route_windows;
#[cfg(not(unix))]
#[path = "service_other.rs"]
mod service;
#[cfg(unix)]
#[path = "service_unix.rs"]
mod service;
#[cfg(unix)]
mod signals_unix;
#[cfg(windows)]
mod signals_windows;
pub mod stream;
mod tcp;
pub mod tcp_probe;
pub mod tls;
pub mod units;
pub mod volumes;
#[cfg(target_os = "linux")]
mod volumes_linux;
#[cfg(not(target_os = "linux"))]
mod volumes_other;

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
pub use self::host::{Host, Squeeze, hostname, look as look_at_host};
pub use self::lanes::{Lanes, NoAddress, Stuck};
pub use self::machine_id::machine_id;
#[cfg(target_os = "linux")]
pub use self::route_linux::default_routes;
#[cfg(target_os = "linux")]
use self::route_linux::interface_index;
#[cfg(windows)]
pub use self::route_windows::default_routes;
#[cfg(windows)]
use self::route_windows::interface_index;
pub use self::service::Service;
#[cfg(unix)]
use self::signals_unix::Signals;
#[cfg(windows)]
use self::signals_windows::Signals;
#[cfg(target_os = "linux")]
use self::volumes_linux::{mounts, room};
#[cfg(not(target_os = "linux"))]
use self::volumes_other::{mounts, room};

pub use self::ping::{Measured, Pinged, Pinger, Wire, measure as measure_gateways};
pub use self::tcp::{Connected, connect};
pub use self::tls::shown_by;
use crate::aside;

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
#[cfg(not(any(target_os = "linux", windows)))]
pub fn default_routes() -> Vec<Route> {
    Vec::new()
}

/// No interface is known there either.
#[cfg(not(any(target_os = "linux", windows)))]
fn interface_index(_dev: &str) -> Option<u32> {
    None
}

/// Something that is done beside the agent's cycles.
pub type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Does something that blocks, beside the other looks. Nothing where it panicked.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    aside::run(work).await.ok()
}

/// What ends a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// The time is over.
    Time,
    /// The process is asked to end.
    Stop,
    /// The process is asked to read its configuration again.
    Reload,
}

/// The runtime that looks and waits run on, and the thread that drives it: a look goes on while
/// the agent judges and sends, and its round trips are not measured too long.
#[derive(Debug)]
pub struct Senses {
    /// Only `None` while it is being dropped.
    runtime: Option<Arc<Runtime>>,
    /// Ends the driving thread when it is dropped.
    driver: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
    signals: Option<Signals>,
}

/// Blocking looks that may be under way at once, those that hang included. A thread lives only
/// while there is something to do: many cost nothing until many hang.
const BLOCKING: usize = 64;
/// No look goes deep; a pass of discovery goes deepest.
const STACK: usize = 1024 * 1024;

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
            signals: None,
        })
    }

    /// Begins something beside the caller.
    pub fn spawn(&self, task: Task<()>) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(task);
        }
    }

    /// From now on a request to end (SIGTERM, SIGINT; on Windows Ctrl-C and its like) or to read the
    /// configuration again (SIGHUP) ends the next [`Senses::wait`] instead of the process.
    ///
    /// # Errors
    /// The system refuses the handlers.
    pub fn catch_signals(&mut self) -> io::Result<()> {
        if let Some(runtime) = &self.runtime {
            let _inside = runtime.enter();
            self.signals = Some(Signals::new()?);
        }
        Ok(())
    }

    /// What was asked of the process meanwhile, without waiting for it.
    pub fn heard(&mut self) -> Option<Wake> {
        self.signals.as_ref()?;
        // No shorter: the runtime looks for signals only while it waits.
        Some(self.wait(Duration::from_millis(1))).filter(|wake| *wake != Wake::Time)
    }

    /// Waits. A request that came before ends it at once.
    pub fn wait(&mut self, how_long: Duration) -> Wake {
        let Some(runtime) = &self.runtime else {
            return Wake::Stop;
        };
        if let Some(signals) = &mut self.signals {
            let heard = async { tokio::time::timeout(how_long, signals.heard()).await };
            return runtime.block_on(heard).unwrap_or(Wake::Time);
        }
        runtime.block_on(tokio::time::sleep(how_long));
        Wake::Time
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
