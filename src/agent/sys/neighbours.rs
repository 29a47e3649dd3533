//! The kernel's neighbour table: which hardware address it has for which IPv4 address, and how
//! sure it is of it.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
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
/// The system does not tell.
#[cfg(windows)]
pub fn neighbours() -> io::Result<Table> {
    super::neighbours_windows::neighbours()
}

/// The table as it is now.
///
/// # Errors
/// This program does not know how to ask on this system.
#[cfg(not(any(target_os = "linux", windows)))]
pub fn neighbours() -> io::Result<Table> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "the neighbour table is read on Linux and Windows only",
    ))
}

/// What the kernel knows of one address on the same wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Its hardware address; it may be from a while ago.
    Known(String),
    /// It was asked for, and nobody has said that it is theirs.
    Unresolved,
    /// Nothing.
    NotListed,
}

/// Looks an address up. Of IPv6 nothing is known.
pub fn standing_of(address: IpAddr) -> Standing {
    let rows = neighbours().map(|table| table.rows).unwrap_or_default();
    find(&rows, address)
}

fn find(rows: &[Neighbour], address: IpAddr) -> Standing {
    let mut standing = Standing::NotListed;
    for row in rows.iter().filter(|row| address == row.address) {
        let is_resolved = !matches!(row.certainty, Certainty::Asked | Certainty::Failed);
        match &row.mac {
            Some(mac) if is_resolved => return Standing::Known(mac.clone()),
            _ => standing = Standing::Unresolved,
        }
    }
    standing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolved_and_unresolved_rows_are_told_apart() {
        let row = |last, certainty, mac: Option<&str>| Neighbour {
            link: 2,
            address: Ipv4Addr::new(192, 168, 1, last),
            mac: mac.map(str::to_owned),
            certainty,
            confirmed_ago: None,
        };
        let mac = "aa:bb:cc:00:11:22";
        let rows = [
            row(1, Certainty::Stale, Some(mac)),
            row(9, Certainty::Asked, None),
            row(8, Certainty::Failed, Some(mac)),
        ];
        let standing = |last| find(&rows, Ipv4Addr::new(192, 168, 1, last).into());
        assert_eq!(standing(1), Standing::Known(mac.to_owned()));
        assert_eq!(standing(9), Standing::Unresolved);
        assert_eq!(standing(8), Standing::Unresolved);
        assert_eq!(standing(2), Standing::NotListed);
    }
}
