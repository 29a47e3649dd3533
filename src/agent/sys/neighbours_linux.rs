//! The neighbour table from a netlink dump; where a sandbox refuses netlink, from `/proc/net/arp`,
//! which knows addresses but not how sure the kernel is of them.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::interfaces::written_mac;
use super::neighbours::{Certainty, Neighbour, Table};
use super::netlink_linux::{self as netlink, attributes, number, short};

/// `struct ndmsg`
const HEAD: usize = 12;
/// Ages are told in hundredths of a second (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);
/// `ATF_COM`: the hardware address is known.
const COMPLETE: u32 = 0x2;
/// `ATF_PERM`
const PERMANENT: u32 = 0x4;

/// The table as it is now.
pub(super) fn neighbours() -> io::Result<Table> {
    match netlink::dump(netlink::NEIGHBOURS, HEAD) {
        Ok(rows) => Ok(Table {
            rows: rows.iter().filter_map(|row| neighbour(row)).collect(),
            without_states: None,
        }),
        Err(refused) => {
            let table = std::fs::read_to_string("/proc/net/arp")?;
            Ok(Table {
                rows: table
                    .lines()
                    .filter_map(|line| from_arp(line, &index_of))
                    .collect(),
                without_states: Some(refused.to_string()),
            })
        }
    }
}

fn neighbour(row: &[u8]) -> Option<Neighbour> {
    let certainty = certainty(short(row, 8)?)?;
    let (mut address, mut mac, mut confirmed_ago) = (None, None, None);
    for (attribute, value) in attributes(row.get(HEAD..)?) {
        match attribute {
            1 => address = <[u8; 4]>::try_from(value).ok().map(Ipv4Addr::from), // NDA_DST
            2 => mac = written_mac(value),                                      // NDA_LLADDR
            3 => confirmed_ago = number(value, 0).map(|ticks| TICK * ticks),    // NDA_CACHEINFO
            _ => {}
        }
    }
    Some(Neighbour {
        link: number(row, 4)?,
        address: address?,
        mac,
        certainty,
        confirmed_ago,
    })
}

/// `NUD_*`; `None` for what needs no resolving (multicast).
fn certainty(state: u16) -> Option<Certainty> {
    Some(match state {
        0x01 | 0x00 => Certainty::Asked,
        0x02 => Certainty::Reachable,
        0x04 => Certainty::Stale,
        0x08 | 0x10 => Certainty::Checking,
        0x20 => Certainty::Failed,
        0x80 => Certainty::Fixed,
        _ => return None,
    })
}

/// `IP address  HW type  Flags  HW address  Mask  Device`
fn from_arp(line: &str, index_of: &dyn Fn(&str) -> Option<u32>) -> Option<Neighbour> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [address, _, flags, mac, _, dev] = fields[..] else {
        return None;
    };
    let flags = u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok()?;
    let bytes: Vec<u8> = mac
        .split(':')
        .filter_map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect();
    let is_known = flags & COMPLETE != 0;
    Some(Neighbour {
        link: index_of(dev)?,
        address: address.parse().ok()?,
        mac: written_mac(&bytes).filter(|_| is_known),
        certainty: match (flags & PERMANENT != 0, is_known) {
            (true, _) => Certainty::Fixed,
            (false, true) => Certainty::Stale,
            (false, false) => Certainty::Asked,
        },
        confirmed_ago: None,
    })
}

fn index_of(dev: &str) -> Option<u32> {
    std::fs::read_to_string(format!("/sys/class/net/{dev}/ifindex"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_lets_anybody_read_the_table() {
        assert_eq!(neighbours().unwrap().without_states, None);
    }

    #[test]
    fn the_older_table_says_who_is_known_but_not_since_when() {
        let table = "IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         78:8a:20:01:02:03     *        eth0
192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        eth0
192.168.1.7      0x1         0x6         02:00:00:00:00:07     *        eth0
192.168.1.8      0x1         0x2         78:8a:20:01:02:03     *        gone0
nonsense\n";
        let index = |dev: &str| (dev == "eth0").then_some(2);
        let rows: Vec<Neighbour> = table
            .lines()
            .filter_map(|line| from_arp(line, &index))
            .collect();
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.address.octets()[3], row.certainty, row.mac.is_some()))
            .collect();
        assert_eq!(
            shown,
            [
                (1, Certainty::Stale, true),
                (9, Certainty::Asked, false),
                (7, Certainty::Fixed, true)
            ]
        );
    }
}
