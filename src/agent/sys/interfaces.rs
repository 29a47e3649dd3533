//! The network interfaces of this host and their IPv4 addresses, as the kernel tells them. Which
//! of them may be looked at is ruled in `agent::discovery::networks`.

use std::io;
use std::net::Ipv4Addr;

/// One interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// The kernel's number for it.
    pub index: u32,
    /// `eth0`
    pub name: String,
    /// What kind of virtual device it is, in the kernel's word: `bridge`, `veth`, `tun`,
    /// `wireguard`, `vlan`, ... `None` for a physical one.
    pub kind: Option<String>,
    /// Its hardware address, as `aa:bb:cc:dd:ee:ff`.
    pub mac: Option<String>,
    /// It is switched on and has a carrier.
    pub is_up: bool,
    /// It carries Ethernet frames (Wi-Fi does too) and resolves addresses by ARP.
    pub resolves: bool,
    /// It is the loopback interface.
    pub is_loopback: bool,
    /// The number of the bridge or bond it is a port of.
    pub master: Option<u32>,
    /// Its IPv4 addresses, each with the length of its network's prefix.
    pub addresses: Vec<(Ipv4Addr, u8)>,
}

/// All interfaces.
///
/// # Errors
/// The system does not tell.
#[cfg(target_os = "linux")]
pub fn links() -> io::Result<Vec<Link>> {
    super::interfaces_linux::links()
}

/// All interfaces.
///
/// # Errors
/// The system does not tell.
#[cfg(windows)]
pub fn links() -> io::Result<Vec<Link>> {
    super::interfaces_windows::links()
}

/// All interfaces.
///
/// # Errors
/// This program does not know how to ask on this system.
#[cfg(not(any(target_os = "linux", windows)))]
pub fn links() -> io::Result<Vec<Link>> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "interfaces are read on Linux and Windows only",
    ))
}

/// A hardware address as it is written; `None` for one that is no Ethernet address or all zero.
#[cfg_attr(not(any(target_os = "linux", windows)), allow(dead_code))] // nobody reads tables there
pub(super) fn written_mac(bytes: &[u8]) -> Option<String> {
    if bytes.len() != 6 || bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(digits.join(":"))
}
