//! What the kernel knows of the hardware address of a gateway, from `/proc/net/arp`. That table
//! tells nothing of IPv6, and nothing of how old an entry is.

use std::net::IpAddr;

/// What the kernel knows of an address on the same wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Neighbour {
    /// Its hardware address, as `aa:bb:cc:dd:ee:ff`; it may be from a while ago.
    Known(String),
    /// It was asked for, and nobody has said that it is theirs.
    Unresolved,
    /// Nothing.
    NotListed,
}

/// Looks an address up.
pub(super) fn neighbour(address: IpAddr) -> Neighbour {
    let table = std::fs::read_to_string("/proc/net/arp").unwrap_or_default();
    find(&table, &address.to_string())
}

/// `IP-address HW-type Flags HW-address Mask Device`, after one line of heads.
fn find(table: &str, address: &str) -> Neighbour {
    /// The entry is complete.
    const COMPLETE: u32 = 0x2;
    let mut listed = Neighbour::NotListed;
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [ip, _, flags, mac, ..] = fields[..] else {
            continue;
        };
        let flags = u32::from_str_radix(flags.trim_start_matches("0x"), 16).unwrap_or(0);
        if ip != address {
            continue;
        }
        if flags & COMPLETE != 0 && mac != "00:00:00:00:00:00" {
            return Neighbour::Known(mac.to_ascii_lowercase());
        }
        listed = Neighbour::Unresolved;
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         AA:bb:cc:00:11:22     *        eth0
192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        eth0
10.0.0.1         0x1
";

    #[test]
    fn complete_and_incomplete_entries_are_told_apart() {
        let known = Neighbour::Known("aa:bb:cc:00:11:22".to_owned());
        assert_eq!(find(TABLE, "192.168.1.1"), known);
        assert_eq!(find(TABLE, "192.168.1.9"), Neighbour::Unresolved);
        assert_eq!(find(TABLE, "192.168.1.2"), Neighbour::NotListed);
        assert_eq!(find(TABLE, "10.0.0.1"), Neighbour::NotListed);
        assert_eq!(find("", "192.168.1.1"), Neighbour::NotListed);
    }
}
