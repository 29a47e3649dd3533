//! The service manager's side of a running agent: systemd's notification protocol (sd_notify(3)) over
//! a datagram socket. Without a manager everything here does nothing.

use std::env;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// A manager that reads nothing holds the agent up for this long and no longer: its queue is short
/// (`net.unix.max_dgram_qlen`), and whoever waits on it cannot say what is wrong either.
const LIMIT: Duration = Duration::from_secs(1);

/// Where the manager listens, if there is one.
#[derive(Debug)]
pub struct Service {
    to: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Service {
    /// As the environment tells (`NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`).
    pub fn of_process() -> Self {
        let to = env::var("NOTIFY_SOCKET").ok().and_then(|name| {
            let made = address(&name).and_then(|address| {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(LIMIT))?;
                Ok((socket, address))
            });
            made.inspect_err(|error| {
                tracing::warn!(socket = name, %error, "the service manager cannot be told anything");
            })
            .ok()
        });
        let is_ours =
            env::var("WATCHDOG_PID").map_or(true, |pid| pid == std::process::id().to_string());
        let watchdog = env::var("WATCHDOG_USEC")
            .ok()
            .filter(|_| is_ours && to.is_some())
            .and_then(|micros| micros.parse().ok())
            .filter(|micros| *micros > 0)
            .map(Duration::from_micros);
        Self { to, watchdog }
    }

    /// After this long without [`Service::alive`] the manager ends the process.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Everything is set up.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The configuration is being read again; [`Service::ready`] ends it.
    pub fn reloading(&self) {
        let monotonic = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let micros = monotonic.tv_sec * 1_000_000 + monotonic.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// The process ends now, as it was asked to.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Work goes on.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// One line for `systemctl status`.
    pub fn status(&self, line: &str) {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        self.tell(&format!("STATUS={line}"));
    }

    fn tell(&self, what: &str) {
        let Some((socket, address)) = &self.to else {
            return;
        };
        if let Err(error) = socket.send_to_addr(what.as_bytes(), address) {
            tracing::debug!(%error, what, "the service manager does not listen");
        }
    }
}

/// A path, or with `@` a name in the kernel's own space.
fn address(name: &str) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.strip_prefix('@') {
        use std::os::linux::net::SocketAddrExt;
        return SocketAddr::from_abstract_name(name);
    }
    if name.starts_with('/') {
        return SocketAddr::from_pathname(name);
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "expected a path or @NAME",
    ))
}
