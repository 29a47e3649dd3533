//! The kernel's neighbour table: which hardware address it has for which IPv4 address, and how
//! sure it is of it.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How sure the kernel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// It was confirmed a moment ago.
    Reachable,
    /// It was true once.
    Stale,
    /// It is being used again and is about to be verified.
    Checking,
    /// Nobody has answered yet.
    Asked,
    /// Nobody answered.
    Failed,
    /// Entered by an administrator.
    Fixed,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// The number of the interface.
    pub link: u32,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its hardware address, as `aa:bb:cc:dd:ee:ff`, where one is known.
    pub mac: Option<String>,
    /// How sure that is.
    pub certainty: Certainty,
    /// How long ago it was confirmed, where the kernel tells.
    pub confirmed_ago: Option<Duration>,
}

/// The table, and why it was read the lesser way, if it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its rows.
    pub rows: Vec<Neighbour>,
    /// Why netlink was not used. Without it the kernel does not tell a confirmed address from one
    /// that it merely remembers: all are [`Certainty::Stale`].
    pub without_states: Option<String>,
}

/// The table as it is now.
///
/// # Errors
/// The system does not tell.
#[cfg(target_os = "linux")]
pub fn neighbours() -> io::Result<Table> {
    super::neighbours_linux::neighbours()
}

/// The table as it is now.
///
/// # Errors
/// This program does not know how to ask on this system.
#[cfg(not(target_os = "linux"))]
pub fn neighbours() -> io::Result<Table> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the neighbour table is read on Linux only",
    ))
}
