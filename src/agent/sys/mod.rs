//! The only place that touches the operating system and names docker-api, surge-ping, sysinfo and
//! tokio. It looks and tells what it saw; what that means is judged in `agent::checks`.
//!
//! Async stops here: one current-thread runtime, entered for one look or one wait at a time.

#[cfg(windows)]
mod adapters_windows;
mod docker;
mod docker_shapes;
mod host;
#[cfg(unix)]
mod icmp_unix;
#[cfg(windows)]
mod icmp_windows;
mod machine_id;
#[cfg(windows)]
mod machine_id_windows;
mod ping;
#[cfg(target_os = "linux")]
mod route_linux;
#[cfg(windows)]
mod route_windows;
#[cfg(unix)]
mod stop_unix;
#[cfg(windows)]
mod stop_windows;

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Runtime;

pub use self::host::facts;
pub use self::machine_id::machine_id;
#[cfg(target_os = "linux")]
pub use self::route_linux::default_routes;
#[cfg(target_os = "linux")]
use self::route_linux::interface_index;
#[cfg(windows)]
pub use self::route_windows::default_routes;
#[cfg(windows)]
use self::route_windows::interface_index;
#[cfg(unix)]
use self::stop_unix::Stop;
#[cfg(windows)]
use self::stop_windows::Stop;

use super::checks::docker::view::Look;
use crate::domain::agent::Gateway;
use crate::domain::docker_endpoint::DockerEndpoint;

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

/// What one look showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Sight {
    /// One for each endpoint, in their order.
    pub docker: Vec<Look>,
    /// One for each route, in their order.
    pub gateways: Vec<Gateway>,
    /// Why this process may not ping, where it may not.
    pub ping_refused: Option<String>,
}

/// The runtime that looks and waits run on.
#[derive(Debug)]
pub struct Senses {
    /// Only `None` while it is being dropped.
    runtime: Option<Runtime>,
    stop: Option<Stop>,
}

impl Senses {
    /// Starts no thread and opens nothing but the runtime's own descriptors.
    ///
    /// # Errors
    /// No descriptors are left.
    pub fn new() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(4)
            .thread_stack_size(256 * 1024)
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
            stop: None,
        })
    }

    /// Looks at all endpoints and gateways at once, none waiting for another. An endpoint that
    /// did not answer within `limit` counts as unreachable.
    pub fn look(&self, endpoints: &[DockerEndpoint], routes: &[Route], limit: Duration) -> Sight {
        let Some(runtime) = &self.runtime else {
            return Sight {
                docker: Vec::new(),
                gateways: Vec::new(),
                ping_refused: None,
            };
        };
        runtime.block_on(async {
            let engines = join_all(
                endpoints
                    .iter()
                    .map(|endpoint| docker::look(endpoint, limit)),
            );
            let (docker, (gateways, ping_refused)) =
                futures_util::future::join(engines, ping::measure(routes)).await;
            Sight {
                docker,
                gateways,
                ping_refused,
            }
        })
    }

    /// From now on a request to end (SIGTERM, SIGINT; on Windows Ctrl-C and its like) ends the next [`Senses::wait`] instead of
    /// the process.
    ///
    /// # Errors
    /// The system refuses the handlers.
    pub fn catch_stop(&mut self) -> io::Result<()> {
        if let Some(runtime) = &self.runtime {
            let _inside = runtime.enter();
            self.stop = Some(Stop::new()?);
        }
        Ok(())
    }

    /// Waits. Answers whether the process was asked to end meanwhile, or before.
    pub fn wait(&mut self, how_long: Duration) -> bool {
        let Some(runtime) = &self.runtime else {
            return true;
        };
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
        // A name lookup that hangs would otherwise hold up the end of the process.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
