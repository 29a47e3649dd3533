//! The NetBIOS node status request (RFC 1002, 4.2.17) and the name in its answer.

/// The port it is asked at.
pub const PORT: u16 = 137;

/// Asks a node for all its names: `*`, in the half-byte writing of NetBIOS.
pub fn question(id: u16) -> Vec<u8> {
    let mut message = Vec::with_capacity(50);
    for word in [id, 0, 1, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    message.push(32);
    message.extend(b"CK");
    message.extend([b'A'; 30]);
    message.push(0);
    message.extend([0, 0x21, 0, 1]); // NBSTAT, internet
    message
}

/// The node's own name in an answer to the question `id`.
pub fn name(answer: &[u8], id: u16) -> Option<String> {
    /// The name of a machine; others name its services and users.
    const WORKSTATION: u8 = 0;
    const GROUP: u8 = 0x80;
    /// Head, repeated name, type, class, lifetime, length: the list begins after these.
    const LIST: usize = 12 + 34 + 10;
    const ENTRY: usize = 18;
    let is_answer = answer.get(..2)? == id.to_be_bytes() && answer.get(2)? & 0x80 != 0;
    let count = usize::from(*answer.get(LIST)?);
    let entries = answer.get(LIST + 1..)?.chunks_exact(ENTRY).take(count);
    entries
        .filter(|entry| is_answer && entry[15] == WORKSTATION && entry[16] & GROUP == 0)
        .map(|entry| String::from_utf8_lossy(&entry[..15]).trim().to_owned())
        .find(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recorded() -> Vec<u8> {
        let mut answer = question(77);
        answer[2] = 0x84;
        answer.extend([0, 0, 0, 0, 0, 55]);
        answer.push(3);
        for (name, kind, flags) in [("WORKGROUP", 0, 0x84), ("NAS", 0, 4), ("NAS", 0x20, 4)] {
            answer.extend(format!("{name:<15}").bytes());
            answer.extend([kind, flags, 0]);
        }
        answer
    }

    #[test]
    fn the_machine_is_named_and_not_its_group() {
        assert_eq!(question(1).len(), 50);
        assert_eq!(name(&recorded(), 77), Some("NAS".to_owned()));
        assert_eq!(name(&recorded(), 78), None, "another question's answer");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..120) {
            let _ = name(&bytes, 77);
            let whole = recorded();
            let _ = name(&whole[..cut.min(whole.len())], 77);
        }
    }
}
