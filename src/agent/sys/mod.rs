//! The only place that touches the operating system and names docker-api, surge-ping, sysinfo and
//! tokio. It looks and tells what it saw; what that means is judged in `agent::checks`.
//!
//! Async stops here: one current-thread runtime, entered for one look or one wait at a time.

mod docker;
mod docker_shapes;
mod host;
mod machine_id;
mod ping;
#[cfg(target_os = "linux")]
mod route_linux;
#[cfg(not(unix))]
#[path = "service_other.rs"]
mod service;
#[cfg(unix)]
#[path = "service_unix.rs"]
mod service;
#[cfg(unix)]
mod signals_unix;

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Runtime;

pub use self::host::facts;
pub use self::machine_id::machine_id;
#[cfg(target_os = "linux")]
pub use self::route_linux::default_routes;
pub use self::service::Service;
#[cfg(unix)]
use self::signals_unix::Signals;

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
#[cfg(not(target_os = "linux"))]
pub fn default_routes() -> Vec<Route> {
    Vec::new()
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

/// The runtime that looks and waits run on.
#[derive(Debug)]
pub struct Senses {
    /// Only `None` while it is being dropped.
    runtime: Option<Runtime>,
    #[cfg(unix)]
    signals: Option<Signals>,
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
            #[cfg(unix)]
            signals: None,
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

    /// From now on a request to end (SIGTERM, SIGINT) or to read the configuration again (SIGHUP)
    /// ends the next [`Senses::wait`] instead of the process.
    ///
    /// # Errors
    /// The system refuses the handlers.
    #[cfg(unix)]
    pub fn catch_signals(&mut self) -> io::Result<()> {
        if let Some(runtime) = &self.runtime {
            let _inside = runtime.enter();
            self.signals = Some(Signals::new()?);
        }
        Ok(())
    }

    /// Elsewhere the process is ended by the system.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    pub fn catch_signals(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// What was asked of the process meanwhile, without waiting for it.
    pub fn heard(&mut self) -> Option<Wake> {
        #[cfg(unix)]
        if self.signals.is_some() {
            // No shorter: the runtime looks for signals only while it waits.
            return Some(self.wait(Duration::from_millis(1))).filter(|wake| *wake != Wake::Time);
        }
        None
    }

    /// Waits. A request that came before ends it at once.
    pub fn wait(&mut self, how_long: Duration) -> Wake {
        let Some(runtime) = &self.runtime else {
            return Wake::Stop;
        };
        #[cfg(unix)]
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
        // A name lookup that hangs would otherwise hold up the end of the process.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
