//! Who made a network card, by the first half of its hardware address. The facts are the IEEE's
//! public list of assignments, thinned to common vendors by `scripts/vendors.py` and packed for
//! searching by `build.rs`.

/// For each block, in ascending order: its three bytes, and where its vendor's name begins in
/// [`NAMES`], as two bytes, the lower first.
static BLOCKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/vendor_blocks.bin"));
/// One name a line.
static NAMES: &str = include_str!(concat!(env!("OUT_DIR"), "/vendor_names.txt"));
/// Bytes of a block's entry.
const ENTRY: usize = 5;
/// Set in the first byte of an address that a program made up: it names no vendor.
const LOCALLY_ADMINISTERED: u8 = 0b10;

/// The vendor of a hardware address such as `bc:24:11:2a:90:01`; dashes and capitals will do.
/// `None` for one that is not in the list, is made up (random, virtual), or is none.
pub fn vendor(mac: &str) -> Option<&'static str> {
    let mut bytes = mac
        .split([':', '-'])
        .map(|byte| u8::from_str_radix(byte, 16).ok());
    let block = [bytes.next()??, bytes.next()??, bytes.next()??];
    if block[0] & LOCALLY_ADMINISTERED != 0 || bytes.count() != 3 {
        return None;
    }
    let (mut low, mut high) = (0, BLOCKS.len() / ENTRY);
    while low < high {
        let middle = usize::midpoint(low, high);
        let entry = BLOCKS.get(middle * ENTRY..(middle + 1) * ENTRY)?;
        match entry[..3].cmp(&block[..]) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => {
                let begin = usize::from(u16::from_le_bytes([entry[3], entry[4]]));
                return NAMES.get(begin..)?.lines().next();
            }
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
        assert_eq!(blocks * ENTRY, BLOCKS.len(), "no block twice");
    }
}
