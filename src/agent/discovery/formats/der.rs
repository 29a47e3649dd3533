//! The encoding that certificates (DER) and SNMP (BER) share: a tag, a length, a body.

/// Tag of a whole number.
pub const INTEGER: u8 = 0x02;
/// Tag of bytes.
pub const BYTES: u8 = 0x04;
/// Tag of nothing.
pub const NULL: u8 = 0x05;
/// Tag of an object's identifier.
pub const OBJECT: u8 = 0x06;
/// Tag of a list.
pub const SEQUENCE: u8 = 0x30;

/// One thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'b> {
    /// What it is.
    pub tag: u8,
    /// What is in it.
    pub body: &'b [u8],
}

impl<'b> Item<'b> {
    /// What is in it, where it is a `tag`.
    pub fn expect(self, tag: u8) -> Option<&'b [u8]> {
        (self.tag == tag).then_some(self.body)
    }
}

/// The things in `bytes`, one after the other, up to the first that is not whole.
pub fn items(mut bytes: &[u8]) -> impl Iterator<Item = Item<'_>> {
    std::iter::from_fn(move || {
        let (item, rest) = first(bytes)?;
        bytes = rest;
        Some(item)
    })
}

/// The first thing, and what follows it. Lengths of more than four bytes and those that are not
/// told in advance are not read.
fn first(bytes: &[u8]) -> Option<(Item<'_>, &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let count = usize::from(length & 0x7f);
            let length = rest.get(..count)?.iter();
            let length = length.fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
            (length, rest.get(count..)?)
        }
        _ => return None,
    };
    let item = Item {
        tag: *tag,
        body: rest.get(..length)?,
    };
    Some((item, rest.get(length..)?))
}

/// Writes one thing of at most 65,535 bytes.
pub fn write(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes() {
        [0, short @ 0..=0x7f] => bytes.push(short),
        [high, low] => bytes.extend([0x82, high, low]),
    }
    bytes.extend(body);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(tag: u8, body in proptest::collection::vec(any::<u8>(), 0..400)) {
            let bytes = write(tag, &body);
            let read: Vec<Item<'_>> = items(&bytes).collect();
            prop_assert_eq!(read, vec![Item { tag, body: &body }]);
        }

        #[test]
        fn garbage_ends_the_list(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let read: usize = items(&bytes).map(|item| item.body.len() + 2).sum();
            prop_assert!(read <= bytes.len());
        }
    }
}
