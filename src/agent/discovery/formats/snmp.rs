//! One SNMP v2c request (RFC 3416) for `sysName.0`, and the text in its answer.

use super::der::{self, BYTES, INTEGER, NULL, OBJECT, SEQUENCE, items};

/// The port it is asked at.
pub const PORT: u16 = 161;
/// 1.3.6.1.2.1.1.5.0
const SYS_NAME: &[u8] = &[0x2b, 6, 1, 2, 1, 1, 5, 0];
/// SNMP v2c.
const VERSION: &[u8] = &[1];
const GET: u8 = 0xa0;
const RESPONSE: u8 = 0xa2;

/// Asks for the name of a system.
pub fn question(id: u16, community: &str) -> Vec<u8> {
    let binding = [der::write(OBJECT, SYS_NAME), der::write(NULL, &[])].concat();
    let request = [
        // A zero before it keeps it from being read as negative.
        der::write(INTEGER, &[&[0], &id.to_be_bytes()[..]].concat()),
        der::write(INTEGER, &[0]),
        der::write(INTEGER, &[0]),
        der::write(SEQUENCE, &der::write(SEQUENCE, &binding)),
    ]
    .concat();
    let message = [
        der::write(INTEGER, VERSION),
        der::write(BYTES, community.as_bytes()),
        der::write(GET, &request),
    ]
    .concat();
    der::write(SEQUENCE, &message)
}

/// The name in an answer to the question `id`.
pub fn name(answer: &[u8], id: u16) -> Option<String> {
    let message = items(answer).next()?.expect(SEQUENCE)?;
    let mut response = items(items(message).nth(2)?.expect(RESPONSE)?);
    let number = response.next()?.expect(INTEGER)?;
    let number = number
        .iter()
        .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    if number != u64::from(id) || response.next()?.body != [0] {
        return None;
    }
    let bindings = response.nth(1)?.expect(SEQUENCE)?;
    let mut binding = items(items(bindings).next()?.expect(SEQUENCE)?);
    if binding.next()?.expect(OBJECT)? != SYS_NAME {
        return None;
    }
    let name = String::from_utf8_lossy(binding.next()?.expect(BYTES)?);
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answered(id: u16, tag: u8, name: &[u8]) -> Vec<u8> {
        let mut bytes = question(id, "public");
        let request = bytes.iter().position(|byte| *byte == GET).unwrap();
        bytes[request] = RESPONSE;
        bytes.truncate(bytes.len() - 2); // NULL
        bytes.extend(der::write(tag, name));
        let longer = u8::try_from(name.len()).unwrap();
        // The four lists that it stands in.
        for list in [0, request, request + 13, request + 15] {
            bytes[list + 1] += longer;
        }
        bytes
    }

    #[test]
    fn the_question_is_what_snmpget_sends() {
        let expected = b"\x30\x28\x02\x01\x01\x04\x06public\xa0\x1b\x02\x03\x00\x12\x34\x02\x01\x00\x02\x01\x00\x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x05\x00\x05\x00";
        assert_eq!(question(0x1234, "public").len(), expected.len());
        assert_eq!(question(0x1234, "public"), expected);
    }

    #[test]
    fn the_name_is_read_from_the_answer_to_this_question_only() {
        assert_eq!(name(&answered(9, BYTES, b"sw-1"), 9), Some("sw-1".into()));
        assert_eq!(name(&answered(9, BYTES, b"sw-1"), 8), None);
        assert_eq!(name(&answered(9, 0x80, b""), 9), None, "no such object");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..120), place in 0usize..60, byte: u8) {
            let _ = name(&bytes, 9);
            let mut whole = answered(9, BYTES, b"sw-1");
            let length = whole.len();
            whole[place % length] = byte;
            let _ = name(&whole, 9);
        }
    }
}
