//! DNS messages (RFC 1035), as far as multicast DNS (RFC 6762) and reverse lookups need them.

use std::fmt;
use std::net::Ipv4Addr;

/// Type of a record with an IPv4 address.
pub const A: u16 = 1;
/// Type of a record that points to another name.
pub const PTR: u16 = 12;
/// Type of a record with `key=value` texts.
pub const TXT: u16 = 16;
/// Type of a record with the host and port of a service (RFC 2782).
pub const SRV: u16 = 33;

/// Class of the internet.
const INTERNET: u16 = 1;
/// Asks for an answer to the asker alone (RFC 6762, 5.4).
const UNICAST: u16 = 0x8000;
/// Bytes of a message's head.
const HEAD: usize = 12;
/// Longest message of multicast DNS (RFC 6762, 17).
const MAX_MESSAGE: usize = 9000;
/// Most records that are read from one message.
const MAX_RECORDS: usize = 256;
/// Longest name, in bytes (RFC 1035, 2.3.4).
const MAX_NAME: usize = 255;
/// Most texts of a TXT record that are read.
const MAX_TEXTS: usize = 64;

/// A name, by its labels: the first label of a service's name may hold dots.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(Vec<String>);

impl Name {
    /// From text without dots inside labels.
    pub fn of(text: &str) -> Self {
        Self(text.split('.').map(str::to_owned).collect())
    }

    /// Its first label.
    pub fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// It without its first label.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0.iter().skip(1).cloned().collect())
    }

    /// In lower case, for comparing: DNS does not know capitals.
    #[must_use]
    pub fn folded(&self) -> Self {
        Self(self.0.iter().map(|label| label.to_lowercase()).collect())
    }

    /// Whether it ends with `local`.
    pub fn is_local(&self) -> bool {
        self.0
            .last()
            .is_some_and(|label| label.eq_ignore_ascii_case("local"))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join("."))
    }
}

/// One record of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub name: Name,
    /// What it says.
    pub data: Data,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Another name.
    Pointer(Name),
    /// Where a service is.
    Service {
        /// The port.
        port: u16,
        /// The host's name.
        host: Name,
    },
    /// Keys in lower case, each with its value; a key alone has an empty one.
    Texts(Vec<(String, String)>),
    /// An address.
    Address(Ipv4Addr),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The number of the question that it answers; 0 in multicast DNS.
    pub id: u16,
    /// Its records of known types, from all sections.
    pub records: Vec<Record>,
}

/// A question for one or more names, each with a type. `unicast` asks multicast responders for an
/// answer to the asker alone; `recursive` asks a server to look further.
pub fn question(id: u16, names: &[(Name, u16)], unicast: bool, recursive: bool) -> Vec<u8> {
    let count = u16::try_from(names.len()).unwrap_or(u16::MAX);
    let mut message = Vec::with_capacity(512);
    let flags: u16 = if recursive { 0x0100 } else { 0 };
    for word in [id, flags, count, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    for (name, kind) in names.iter().take(usize::from(count)) {
        for label in name.0.iter().filter(|label| !label.is_empty()) {
            let bytes = label.as_bytes().get(..label.len().min(63));
            let bytes = bytes.unwrap_or_default();
            message.push(u8::try_from(bytes.len()).unwrap_or_default());
            message.extend(bytes);
        }
        message.push(0);
        message.extend(kind.to_be_bytes());
        let class = if unicast {
            INTERNET | UNICAST
        } else {
            INTERNET
        };
        message.extend(class.to_be_bytes());
    }
    message
}

/// Reads an answer. `None` for what is no DNS answer at all; where a message breaks off or lies
/// about itself, what was whole before is kept.
pub fn answer(message: &[u8]) -> Option<Answer> {
    const RESPONSE: u16 = 0x8000;
    let id = word(message, 0)?;
    if message.len() > MAX_MESSAGE || word(message, 2)? & RESPONSE == 0 {
        return None;
    }
    let questions = word(message, 4)?;
    let records = [6, 8, 10]
        .into_iter()
        .filter_map(|place| word(message, place))
        .map(usize::from)
        .sum::<usize>();
    let mut place = HEAD;
    let mut read = Vec::new();
    for _ in 0..questions {
        let Some((_, after)) = name(message, place) else {
            return Some(Answer { id, records: read });
        };
        place = after + 4;
    }
    for _ in 0..records.min(MAX_RECORDS) {
        let Some((record, after)) = record(message, place) else {
            break;
        };
        read.extend(record);
        place = after;
    }
    Some(Answer { id, records: read })
}

/// The record at `place`, if its type is known, and where the next begins.
fn record(message: &[u8], place: usize) -> Option<(Option<Record>, usize)> {
    let (owner, at) = name(message, place)?;
    let kind = word(message, at)?;
    let length = usize::from(word(message, at + 8)?);
    let begin = at + 10;
    let body = message.get(begin..begin + length)?;
    let data = match kind {
        A => <[u8; 4]>::try_from(body)
            .ok()
            .map(|bytes| Data::Address(bytes.into())),
        PTR => name(message, begin).map(|(target, _)| Data::Pointer(target)),
        SRV => name(message, begin + 6)
            .filter(|_| length > 6)
            .and_then(|(host, _)| {
                let port = word(message, begin + 4)?;
                Some(Data::Service { port, host })
            }),
        TXT => Some(Data::Texts(texts(body))),
        _ => None,
    };
    let record = data.map(|data| Record { name: owner, data });
    Some((record, begin + length))
}

/// The name at `place`, and where what follows it begins. Pointers have to lead backwards, each
/// further than the one before, so that none can go in circles.
fn name(message: &[u8], place: usize) -> Option<(Name, usize)> {
    const POINTER: u8 = 0b1100_0000;
    let (mut labels, mut bytes) = (Vec::new(), 0);
    let (mut at, mut after, mut lowest) = (place, None, place);
    loop {
        let length = *message.get(at)?;
        match length & POINTER {
            0 if length == 0 => return Some((Name(labels), after.unwrap_or(at + 1))),
            0 => {
                let label = message.get(at + 1..at + 1 + usize::from(length))?;
                bytes += label.len() + 1;
                if bytes > MAX_NAME {
                    return None;
                }
                labels.push(String::from_utf8_lossy(label).into_owned());
                at += 1 + label.len();
            }
            POINTER => {
                let target = usize::from(word(message, at)? & 0x3fff);
                if target >= lowest {
                    return None;
                }
                after.get_or_insert(at + 2);
                lowest = target;
                at = target;
            }
            _ => return None,
        }
    }
}

fn texts(mut body: &[u8]) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    while let Some((length, rest)) = body.split_first() {
        let Some(text) = rest.get(..usize::from(*length)) else {
            break;
        };
        body = rest.get(usize::from(*length)..).unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        let (key, value) = text.split_once('=').unwrap_or((&text, ""));
        if !key.is_empty() && texts.len() < MAX_TEXTS {
            texts.push((key.to_lowercase(), value.to_owned()));
        }
    }
    texts
}

fn word(bytes: &[u8], place: usize) -> Option<u16> {
    let bytes = bytes.get(place..place.checked_add(2)?)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A printer's answer as responders write it: names shortened by pointers, four records.
    fn recorded() -> Vec<u8> {
        let mut message = vec![0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 3];
        message.extend(b"\x04_ipp\x04_tcp\x05local\x00"); // at 12
        message.extend([0, 12, 0, 1, 0, 0, 0, 10, 0, 8]);
        message.extend(b"\x05a.b c\xc0\x0c"); // at 39: the instance
        message.extend([
            0xc0, 39, 0, 33, 0x80, 1, 0, 0, 0, 10, 0, 15, 0, 0, 0, 0, 2, 119,
        ]);
        message.extend(b"\x06Brothr\xc0\x16"); // at 65: the host
        message.extend([0xc0, 39, 0, 16, 0x80, 1, 0, 0, 0, 10, 0, 12]);
        message.extend(b"\x06UUID=7\x04note");
        message.extend([0xc0, 65, 0, 1, 0x80, 1, 0, 0, 0, 10, 0, 4, 192, 168, 1, 9]);
        message
    }

    #[test]
    fn an_answer_is_read_with_its_shortened_names() {
        let answer = answer(&recorded()).unwrap();
        let instance = Name(vec![
            "a.b c".into(),
            "_ipp".into(),
            "_tcp".into(),
            "local".into(),
        ]);
        let host = Name::of("Brothr.local");
        let data: Vec<&Data> = answer.records.iter().map(|record| &record.data).collect();
        assert_eq!(
            data,
            [
                &Data::Pointer(instance.clone()),
                &Data::Service {
                    port: 631,
                    host: host.clone()
                },
                &Data::Texts(vec![
                    ("uuid".into(), "7".into()),
                    ("note".into(), String::new())
                ]),
                &Data::Address(Ipv4Addr::new(192, 168, 1, 9)),
            ]
        );
        assert_eq!(answer.records[1].name, instance);
        assert_eq!(answer.records[3].name.folded(), host.folded());
        assert_eq!(instance.parent(), Name::of("_ipp._tcp.local"));
    }

    #[test]
    fn names_that_go_in_circles_or_forward_are_no_names() {
        let looped = [&[0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0][..], &[0xc0, 12]].concat();
        assert_eq!(answer(&looped).unwrap().records, []);
        let forward = [
            &[0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0][..],
            &[0xc0, 14, 0, 0],
        ]
        .concat();
        assert_eq!(answer(&forward).unwrap().records, []);
        let itself = b"\x01a\xc0\x00";
        assert_eq!(name(itself, 0), None);
    }

    #[test]
    fn a_question_is_no_answer_and_is_written_as_it_is_read() {
        let asked = question(7, &[(Name::of("_http._tcp.local"), PTR)], true, false);
        assert_eq!(answer(&asked), None);
        assert_eq!(
            name(&asked, HEAD).unwrap(),
            (Name::of("_http._tcp.local"), HEAD + 18)
        );
        assert_eq!(&asked[HEAD + 18..], [0, 12, 0x80, 1]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if let Some(answer) = answer(&bytes) {
                prop_assert!(answer.records.len() <= MAX_RECORDS);
            }
        }

        #[test]
        fn a_good_message_with_bad_bytes_in_it_neither(
            changes in proptest::collection::vec((0usize..160, any::<u8>()), 1..12),
            cut in 0usize..160,
        ) {
            let mut message = recorded();
            let length = message.len();
            for (place, byte) in changes {
                message[place % length] = byte;
            }
            message.truncate(cut.max(1));
            if let Some(answer) = answer(&message) {
                for record in answer.records {
                    prop_assert!(record.name.to_string().len() <= 4 * MAX_NAME);
                }
            }
        }
    }
}
