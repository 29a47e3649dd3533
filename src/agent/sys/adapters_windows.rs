//! The network adapters of a Windows host, by the IP helper library: what they are, how people
//! name them, how the system ranks them. What its tables hold in common is read here too.

// The IP helper library is reached by C calls only; what they hand out is copied right here.
#![allow(unsafe_code)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_SUCCESS};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_DNS_SERVER, GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses,
    IF_TYPE_ETHERNET_CSMACD, IF_TYPE_IEEE80211, IF_TYPE_SOFTWARE_LOOPBACK, IF_TYPE_TUNNEL,
    IP_ADAPTER_ADDRESSES_LH, IP_ADAPTER_UNICAST_ADDRESS_LH,
};
use windows_sys::Win32::NetworkManagement::Ndis::IfOperStatusUp;
use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR_INET};
use windows_sys::core::PWSTR;

/// What Microsoft recommends to begin with, in words of eight bytes.
const FIRST_TRY: usize = 15 * 1024 / 8;
/// Adapters may appear between two tries.
const TRIES: usize = 4;
/// Longer names are cut, in UTF-16 units.
const LONGEST_NAME: usize = 256;

/// What an adapter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Carries Ethernet frames, over a cable or over the air, or says so.
    Ethernet,
    /// This host itself.
    Loopback,
    /// One protocol inside another.
    Tunnel,
    /// A modem, a VPN without frames, ...
    Other,
}

/// An adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Adapter {
    /// As people see and set it: `Ethernet`, `Wi-Fi 2`.
    pub name: String,
    /// As its maker calls it: `Intel(R) Ethernet Connection I219-V`.
    pub description: String,
    /// What it is.
    pub kind: Kind,
    /// Its hardware address; empty where it has none.
    pub mac: Vec<u8>,
    /// It is switched on and connected.
    pub is_up: bool,
    /// Its addresses, each with the length of its network's prefix.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Its number for IPv4; 0 where it has none.
    pub index: u32,
    /// Its number for IPv6; 0 where it has none.
    pub index_v6: u32,
    /// Added to the metric of its IPv4 routes.
    pub metric: u32,
    /// Added to the metric of its IPv6 routes.
    pub metric_v6: u32,
}

/// All adapters.
///
/// # Errors
/// The system does not tell.
pub(super) fn adapters() -> io::Result<Vec<Adapter>> {
    let flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_DNS_SERVER | GAA_FLAG_SKIP_MULTICAST;
    let mut buffer = vec![0_u64; FIRST_TRY];
    for _ in 0..TRIES {
        let mut bytes = u32::try_from(buffer.len() * 8).unwrap_or(u32::MAX);
        let first: *mut IP_ADAPTER_ADDRESSES_LH = buffer.as_mut_ptr().cast();
        // SAFETY: `first` leads to `bytes` writable bytes, aligned for the structure.
        let answer = unsafe {
            GetAdaptersAddresses(
                u32::from(AF_UNSPEC),
                flags,
                std::ptr::null(),
                first,
                &raw mut bytes,
            )
        };
        match answer {
            // SAFETY: the call made a list in the buffer, which outlives the copy.
            ERROR_SUCCESS => return Ok(unsafe { copied(first) }),
            ERROR_BUFFER_OVERFLOW => buffer.resize(bytes as usize / 8 + 1, 0),
            error => return Err(io::Error::from_raw_os_error(error.cast_signed())),
        }
    }
    Err(io::Error::other(
        "the list of adapters grows faster than it is read",
    ))
}

/// # Safety
/// `next` is null or leads to a list that ends with null.
unsafe fn copied(mut next: *const IP_ADAPTER_ADDRESSES_LH) -> Vec<Adapter> {
    let mut adapters = Vec::new();
    // SAFETY: by the promise of the caller.
    while let Some(adapter) = unsafe { next.as_ref() } {
        adapters.push(Adapter {
            // SAFETY: the system ends its texts with a zero.
            name: unsafe { text(adapter.FriendlyName) },
            // SAFETY: as above.
            description: unsafe { text(adapter.Description) },
            kind: kind(adapter.IfType),
            mac: adapter.PhysicalAddress
                [..(adapter.PhysicalAddressLength as usize).min(adapter.PhysicalAddress.len())]
                .to_vec(),
            is_up: adapter.OperStatus == IfOperStatusUp,
            // SAFETY: a list of the same buffer, which ends with null.
            addresses: unsafe { addresses(adapter.FirstUnicastAddress) },
            // SAFETY: both forms of the union are plain numbers.
            index: unsafe { adapter.Anonymous1.Anonymous.IfIndex },
            index_v6: adapter.Ipv6IfIndex,
            metric: adapter.Ipv4Metric,
            metric_v6: adapter.Ipv6Metric,
        });
        next = adapter.Next;
    }
    adapters
}

fn kind(number: u32) -> Kind {
    match number {
        IF_TYPE_ETHERNET_CSMACD | IF_TYPE_IEEE80211 => Kind::Ethernet,
        IF_TYPE_SOFTWARE_LOOPBACK => Kind::Loopback,
        IF_TYPE_TUNNEL => Kind::Tunnel,
        _ => Kind::Other,
    }
}

/// # Safety
/// `next` is null or leads to a list that ends with null.
unsafe fn addresses(mut next: *const IP_ADAPTER_UNICAST_ADDRESS_LH) -> Vec<(IpAddr, u8)> {
    let mut addresses = Vec::new();
    // SAFETY: by the promise of the caller.
    while let Some(listed) = unsafe { next.as_ref() } {
        let socket: *const SOCKADDR_INET = listed.Address.lpSockaddr.cast();
        let length = usize::try_from(listed.Address.iSockaddrLength).unwrap_or(0);
        let mut copy = SOCKADDR_INET::default();
        if !socket.is_null() && length <= size_of::<SOCKADDR_INET>() {
            // SAFETY: the system says how long the address is, and it fits.
            unsafe {
                std::ptr::copy_nonoverlapping(
                    socket.cast::<u8>(),
                    (&raw mut copy).cast::<u8>(),
                    length,
                );
            }
        }
        addresses.extend(address_of(&copy).map(|address| (address, listed.OnLinkPrefixLength)));
        next = listed.Next;
    }
    addresses
}

/// # Safety
/// `start` is null or leads to a text that ends with a zero.
unsafe fn text(start: PWSTR) -> String {
    let mut units = Vec::new();
    if !start.is_null() {
        for position in 0..LONGEST_NAME {
            // SAFETY: no unit behind the zero is read.
            let unit = unsafe { *start.add(position) };
            if unit == 0 {
                break;
            }
            units.push(unit);
        }
    }
    String::from_utf16_lossy(&units)
}

/// The address, where it is one of IP.
pub(super) fn address_of(socket: &SOCKADDR_INET) -> Option<IpAddr> {
    // SAFETY: the family lies at the same place in all forms of the union, and tells which it is;
    // an address is plain bytes in each.
    unsafe {
        match socket.si_family {
            AF_INET => {
                let bytes = socket.Ipv4.sin_addr.S_un.S_addr.to_ne_bytes();
                Some(IpAddr::V4(Ipv4Addr::from(bytes)))
            }
            AF_INET6 => {
                let bytes = socket.Ipv6.sin6_addr.u.Byte;
                Some(IpAddr::V6(Ipv6Addr::from(bytes)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_has_an_adapter_with_a_name_and_a_number() {
        let adapters = adapters().unwrap();
        assert!(
            adapters
                .iter()
                .any(|adapter| !adapter.name.is_empty() && adapter.index != 0),
            "{adapters:?}"
        );
    }

    #[test]
    fn an_address_is_read_by_its_family() {
        let mut socket = SOCKADDR_INET::default();
        assert_eq!(address_of(&socket), None);
        socket.Ipv4.sin_family = AF_INET;
        socket.Ipv4.sin_addr.S_un.S_addr = u32::from_ne_bytes([192, 0, 2, 1]);
        assert_eq!(address_of(&socket), "192.0.2.1".parse().ok());
        let mut socket = SOCKADDR_INET::default();
        let address: Ipv6Addr = "fe80::1".parse().unwrap();
        socket.Ipv6.sin6_family = AF_INET6;
        socket.Ipv6.sin6_addr.u.Byte = address.octets();
        assert_eq!(address_of(&socket), Some(IpAddr::V6(address)));
    }
}
