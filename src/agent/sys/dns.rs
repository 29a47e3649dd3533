//! Asks a resolver one question over UDP (RFC 1035), and tells whether it answered and how. What
//! the answer says is nobody's business here.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout, timeout_at};

use crate::clock;

/// How long a resolver may take.
const LIMIT: Duration = Duration::from_secs(2);
/// After this long it is asked once more: a datagram may get lost.
const AGAIN: Duration = Duration::from_secs(1);
/// Bytes of a message's head.
const HEAD: usize = 12;
/// Longest answer that is read; the question stands in its first bytes.
const MAX_ANSWER: usize = 2048;
/// Asks for the servers of a name.
const NS: u16 = 2;
/// Asks for the IPv4 address of a name.
const A: u16 = 1;
/// The internet.
const INTERNET: u16 = 1;
/// "Look further for me."
const RECURSIVE: u16 = 0x0100;
/// "This is an answer."
const RESPONSE: u16 = 0x8000;

/// How asking ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// With this response code, after this long.
    Answered(u8, Duration),
    /// Nothing that answers the question came back in time; how much else did.
    Silent {
        /// Datagrams that answer something else, or nothing.
        strange: u32,
    },
    /// Nobody listens there, or there is no way there.
    NoWay(String),
    /// Nothing was sent: this host forbids it, or has no descriptors left.
    NotTried(String),
}

/// Asks for the address of `name`; for the servers of the root where it is empty.
pub async fn ask(server: SocketAddr, name: &str) -> Asked {
    match exchange(server, name).await {
        Ok(asked) => asked,
        Err(error) => match error.kind() {
            ErrorKind::ConnectionRefused => Asked::NoWay("nobody listens there".to_owned()),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                Asked::NoWay(error.to_string())
            }
            _ => Asked::NotTried(error.to_string()),
        },
    }
}

async fn exchange(server: SocketAddr, name: &str) -> io::Result<Asked> {
    let own: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    // Connected: the kernel passes on what comes from the server, and nothing else.
    let socket = UdpSocket::bind(own).await?;
    socket.connect(server).await?;
    let question = question(u16::from_ne_bytes(clock::random()?), name);
    let begin = Instant::now();
    let mut strange = 0;
    for until in [begin + AGAIN, begin + LIMIT] {
        let sent = timeout(AGAIN, socket.send(&question)).await;
        sent.map_err(|_| io::Error::other("the socket cannot send"))??;
        while let Ok(received) = timeout_at(until, receive(&socket)).await {
            match code_of(&received?, &question) {
                Some(code) => return Ok(Asked::Answered(code, begin.elapsed())),
                None => strange += 1,
            }
        }
    }
    Ok(Asked::Silent { strange })
}

async fn receive(socket: &UdpSocket) -> io::Result<Vec<u8>> {
    let mut answer = vec![0; MAX_ANSWER];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}

/// One question, as a message. `name` is ASCII, with labels of at most 63 bytes.
fn question(id: u16, name: &str) -> Vec<u8> {
    let kind = if name.is_empty() { NS } else { A };
    let mut message = Vec::with_capacity(HEAD + name.len() + 6);
    for word in [id, RECURSIVE, 1, 0, 0, 0] {
        message.extend(word.to_be_bytes());
    }
    for label in name.split('.').filter(|label| !label.is_empty()) {
        message.push(u8::try_from(label.len()).unwrap_or_default());
        message.extend(label.as_bytes());
    }
    message.push(0);
    for word in [kind, INTERNET] {
        message.extend(word.to_be_bytes());
    }
    message
}

/// The response code, where `answer` answers `question`: the same number, the same question,
/// whose letters may have another case. A server that does not understand a question may leave it
/// out.
fn code_of(answer: &[u8], question: &[u8]) -> Option<u8> {
    let word = |at: usize| Some(u16::from_be_bytes([*answer.get(at)?, *answer.get(at + 1)?]));
    let is_response = word(2)? & RESPONSE != 0;
    let same_number = answer.get(..2)? == question.get(..2)?;
    if !is_response || !same_number || answer.len() < HEAD {
        return None;
    }
    let code = answer.get(3)? & 0x0f;
    let asked = question.get(HEAD..)?;
    let same_question = match word(4)? {
        0 => code != 0,
        1 => answer
            .get(HEAD..HEAD + asked.len())
            .is_some_and(|repeated| repeated.eq_ignore_ascii_case(asked)),
        _ => false,
    };
    same_question.then_some(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a server would answer.
    fn answer(question: &[u8], code: u8) -> Vec<u8> {
        let mut answer = question.to_vec();
        answer[2] |= 0x80;
        answer[3] = (answer[3] & 0xf0) | code;
        answer
    }

    #[test]
    fn an_answer_is_known_by_its_number_and_its_question() {
        let asked = question(0x1234, "example.org");
        assert_eq!(code_of(&answer(&asked, 0), &asked), Some(0));
        assert_eq!(code_of(&answer(&asked, 2), &asked), Some(2));
        let shouted = answer(&question(0x1234, "EXAMPLE.org"), 3);
        assert_eq!(code_of(&shouted, &asked), Some(3));
        assert_eq!(code_of(&asked, &asked), None, "a question is no answer");
        let other_number = answer(&question(0x1235, "example.org"), 0);
        assert_eq!(code_of(&other_number, &asked), None);
        let other_name = answer(&question(0x1234, "example.com"), 0);
        assert_eq!(code_of(&other_name, &asked), None);
        let mut without = answer(&asked, 1)[..HEAD].to_vec();
        without[4..6].copy_from_slice(&[0, 0]);
        assert_eq!(code_of(&without, &asked), Some(1));
        without[3] = 0;
        assert_eq!(code_of(&without, &asked), None, "it answers nothing");
    }

    #[test]
    fn the_root_is_asked_for_its_servers() {
        let root = [0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];
        assert_eq!(question(7, ""), root);
    }

    proptest! {
        #[test]
        fn garbage_is_no_answer(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let asked = question(0x1234, "example.org");
            prop_assume!(bytes.get(..2) != asked.get(..2));
            prop_assert_eq!(code_of(&bytes, &asked), None);
        }
    }
}
