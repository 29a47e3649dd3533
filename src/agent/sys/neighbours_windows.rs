//! The neighbour table of Windows.

// The table is a C structure that the system hands out and takes back.
#![allow(unsafe_code)]

use std::io;
use std::net::IpAddr;
use std::ptr;

use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::NetworkManagement::IpHelper::{
    FreeMibTable, GetIpNetTable2, MIB_IPNET_ROW2, MIB_IPNET_TABLE2,
};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, NL_NEIGHBOR_STATE, NlnsDelay, NlnsIncomplete, NlnsPermanent, NlnsProbe, NlnsReachable,
    NlnsUnreachable,
};

use super::adapters_windows::address_of;
use super::interfaces::written_mac;
use super::neighbours::{Certainty, Neighbour, Table};

/// The table as it is now.
///
/// # Errors
/// The system does not tell.
pub(super) fn neighbours() -> io::Result<Table> {
    let mut table: *mut MIB_IPNET_TABLE2 = ptr::null_mut();
    // SAFETY: the call writes one pointer, to a table that is ours until it is given back.
    let answer = unsafe { GetIpNetTable2(AF_INET, &raw mut table) };
    if answer != ERROR_SUCCESS || table.is_null() {
        return Err(io::Error::from_raw_os_error(answer.cast_signed()));
    }
    // SAFETY: the table has as many rows as it says, one behind the other. The rows are reached
    // from the table's own pointer: the declared array has one.
    let rows = unsafe {
        let first: *const MIB_IPNET_ROW2 = (&raw const (*table).Table).cast();
        std::slice::from_raw_parts(first, (*table).NumEntries as usize)
    };
    let rows = rows.iter().filter_map(neighbour).collect();
    // SAFETY: nothing refers to the table any more.
    unsafe { FreeMibTable(table.cast()) };
    Ok(Table {
        rows,
        without_states: None,
    })
}

fn neighbour(row: &MIB_IPNET_ROW2) -> Option<Neighbour> {
    let Some(IpAddr::V4(address)) = address_of(&row.Address) else {
        return None;
    };
    let length = (row.PhysicalAddressLength as usize).min(row.PhysicalAddress.len());
    Some(Neighbour {
        link: row.InterfaceIndex,
        address,
        mac: written_mac(&row.PhysicalAddress[..length]),
        certainty: certainty(row.State),
        // The system tells how long a confirmation holds, not when it came.
        confirmed_ago: None,
    })
}

fn certainty(state: NL_NEIGHBOR_STATE) -> Certainty {
    match state {
        state if state == NlnsUnreachable => Certainty::Failed,
        state if state == NlnsIncomplete => Certainty::Asked,
        state if state == NlnsProbe || state == NlnsDelay => Certainty::Checking,
        state if state == NlnsReachable => Certainty::Reachable,
        state if state == NlnsPermanent => Certainty::Fixed,
        // Stale, and what is not known yet.
        _ => Certainty::Stale,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read() {
        let mut row = MIB_IPNET_ROW2 {
            InterfaceIndex: 3,
            PhysicalAddressLength: 6,
            State: NlnsReachable,
            ..MIB_IPNET_ROW2::default()
        };
        assert_eq!(neighbour(&row), None);
        row.Address.Ipv4.sin_family = AF_INET;
        row.Address.Ipv4.sin_addr.S_un.S_addr = u32::from_ne_bytes([192, 168, 1, 9]);
        row.PhysicalAddress[..6].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
        let expected = Neighbour {
            link: 3,
            address: "192.168.1.9".parse().unwrap(),
            mac: Some("02:00:00:00:00:09".into()),
            certainty: Certainty::Reachable,
            confirmed_ago: None,
        };
        assert_eq!(neighbour(&row), Some(expected));
    }

    #[test]
    fn this_hosts_table_is_read() {
        assert!(neighbours().is_ok());
    }
}
