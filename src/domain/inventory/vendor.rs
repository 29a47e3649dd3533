//! Who made a network card, by the first half of its hardware address. The facts are the IEEE's
//! public list of assignments, thinned to common vendors by `scripts/vendors.py` and packed by
//! `build.rs`; they are unpacked, 0.1 MB, when the first address is asked for.

use std::sync::LazyLock;

use crate::packed;

static VENDORS: LazyLock<Vendors> =
    LazyLock::new(|| Vendors::new(packed::bytes(packed::VENDORS).unwrap_or_default()));
/// Set in the first byte of an address that a program made up: it names no vendor.
const LOCALLY_ADMINISTERED: u8 = 0b10;

/// The table that `build.rs` describes, unpacked.
struct Vendors {
    bytes: Vec<u8>,
    /// How many blocks it has.
    blocks: usize,
}

/// Bytes before the first column.
const COUNT: usize = 4;
/// Which column it is; the names come behind the last.
const LINE_LOW: usize = 3;
const LINE_HIGH: usize = 4;
const NAMES: usize = 5;

impl Vendors {
    fn new(bytes: Vec<u8>) -> Self {
        let count = bytes
            .first_chunk()
            .map_or(0, |count| u32::from_le_bytes(*count));
        let blocks = usize::try_from(count).unwrap_or_default();
        Self { bytes, blocks }
    }

    /// What lies from this column on.
    fn columns_from(&self, column: usize) -> Option<&[u8]> {
        self.bytes.get(COUNT + column * self.blocks..)
    }

    fn byte(&self, column: usize, at: usize) -> Option<u8> {
        self.columns_from(column)?.get(at).copied()
    }

    /// The block at this place in ascending order.
    fn block(&self, at: usize) -> Option<[u8; 3]> {
        Some([self.byte(0, at)?, self.byte(1, at)?, self.byte(2, at)?])
    }

    /// The name that belongs to the block at this place.
    fn name(&self, at: usize) -> Option<&str> {
        let line = u16::from_le_bytes([self.byte(LINE_LOW, at)?, self.byte(LINE_HIGH, at)?]);
        let names = std::str::from_utf8(self.columns_from(NAMES)?).ok()?;
        names.lines().nth(usize::from(line))
    }
}

/// The vendor of a hardware address such as `bc:24:11:2a:90:01`; dashes and capitals will do.
/// `None` for one that is not in the list, is made up (random, virtual), or is none.
pub fn vendor(mac: &str) -> Option<&'static str> {
    let mut bytes = mac
        .split([':', '-'])
        .map(|byte| u8::from_str_radix(byte, 16).ok());
    let wanted = [bytes.next()??, bytes.next()??, bytes.next()??];
    if wanted[0] & LOCALLY_ADMINISTERED != 0 || bytes.count() != 3 {
        return None;
    }
    let vendors = &*VENDORS;
    let (mut low, mut high) = (0, vendors.blocks);
    while low < high {
        let middle = usize::midpoint(low, high);
        match vendors.block(middle)?.cmp(&wanted) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return vendors.name(middle),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_vendors_are_named() {
        for (mac, name) in [
            ("bc:24:11:2a:90:01", "Proxmox Server Solutions"),
            ("B8-27-EB-00-00-01", "Raspberry Pi Foundation"),
            ("00:11:32:aa:bb:cc", "Synology"),
            ("00:00:00:00:00:01", "Xerox"),
        ] {
            assert_eq!(vendor(mac), Some(name), "{mac}");
        }
    }

    #[test]
    fn what_is_made_up_unknown_or_no_address_has_no_vendor() {
        for mac in [
            "02:00:00:00:00:01",
            "52:54:00:12:34:56",
            "ff:ff:ff:ff:ff:ff",
            "bc:24:11",
            "bc:24:11:2a:90:01:02",
            "bc:24:zz:00:00:00",
            "",
        ] {
            assert_eq!(vendor(mac), None, "{mac}");
        }
    }

    #[test]
    fn every_line_of_the_list_is_found_again() {
        let mut blocks = 0;
        for line in include_str!("vendors.txt").lines() {
            let (name, own) = line.split_once('\t').unwrap();
            assert!(!name.is_empty() && name.chars().count() <= 40, "{line}");
            for block in own.split(' ') {
                let mac = format!("{}:{}:{}:1:2:3", &block[..2], &block[2..4], &block[4..]);
                let made_up = u8::from_str_radix(&block[..2], 16).unwrap() & 2 != 0;
                assert_eq!(vendor(&mac), (!made_up).then_some(name), "{block}");
                blocks += 1;
            }
        }
        assert_eq!(blocks, VENDORS.blocks, "no block twice");
    }
}
