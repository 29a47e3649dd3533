//! Dumps of the kernel's network tables over rtnetlink, which asks no privilege. What the bytes of
//! a table mean is known by whoever asks for it.

use std::io;
use std::time::Duration;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with,
};

/// `RTM_GETLINK`: interfaces.
pub(super) const LINKS: u16 = 18;
/// `RTM_GETADDR`: their addresses.
pub(super) const ADDRESSES: u16 = 22;
/// `RTM_GETNEIGH`: the neighbour table.
pub(super) const NEIGHBOURS: u16 = 30;

/// `NLM_F_REQUEST | NLM_F_DUMP`
const REQUEST_DUMP: u16 = 0x301;
/// `NLM_F_DUMP_INTR`: the table changed while it was read.
const INTERRUPTED: u16 = 0x10;
/// `NLMSG_ERROR`
const ERROR: u16 = 2;
/// `NLMSG_DONE`
const DONE: u16 = 3;
/// Bytes of a message's head.
const HEAD: usize = 16;
/// The kernel fills at most this much at once.
const BUFFER: usize = 64 * 1024;
/// The kernel answers at once; it never takes this long.
const ANSWER: Duration = Duration::from_secs(2);
/// A table that changes all the time is taken as it is after so many tries.
const TRIES: u32 = 3;

/// All rows of a table for IPv4, each without its message's head. `fixed` is the length of the
/// part of a row that comes before its attributes.
///
/// # Errors
/// Netlink is refused (a sandbox, a container runtime), or the kernel is out of memory.
pub(super) fn dump(table: u16, fixed: usize) -> io::Result<Vec<Vec<u8>>> {
    let mut rows = Vec::new();
    for _ in 0..TRIES {
        let (read, whole) = dump_once(table, fixed)?;
        rows = read;
        if whole {
            break;
        }
    }
    Ok(rows)
}

fn dump_once(table: u16, fixed: usize) -> io::Result<(Vec<Vec<u8>>, bool)> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        None, // NETLINK_ROUTE is 0
    )?;
    set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER))?;
    bind(&socket, &SocketAddrNetlink::new(0, 0))?;
    send(&socket, &request(table, fixed), SendFlags::empty())?;
    let mut rows = Vec::new();
    let mut whole = true;
    let mut buffer = vec![0; BUFFER];
    loop {
        let (length, _) = recv(&socket, &mut buffer[..], RecvFlags::empty())?;
        for message in messages(&buffer[..length.min(BUFFER)]) {
            whole &= message.flags & INTERRUPTED == 0;
            match message.kind {
                DONE => return Ok((rows, whole)),
                ERROR => return Err(error(message.body)),
                _ => rows.push(message.body.to_vec()),
            }
        }
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The request for a whole table; its fixed part says the family and is else empty.
fn request(table: u16, fixed: usize) -> Vec<u8> {
    let length = u32::try_from(HEAD + fixed).unwrap_or(u32::MAX);
    let mut request = Vec::with_capacity(HEAD + fixed);
    request.extend(length.to_ne_bytes());
    request.extend(table.to_ne_bytes());
    request.extend(REQUEST_DUMP.to_ne_bytes());
    request.extend(1u32.to_ne_bytes()); // sequence
    request.extend(0u32.to_ne_bytes()); // the kernel fills in who asks
    let family = u8::try_from(AddressFamily::INET.as_raw()).unwrap_or_default();
    request.push(family);
    request.resize(HEAD + fixed, 0);
    request
}

fn error(body: &[u8]) -> io::Error {
    let code = number(body, 0)
        .map_or(0, u32::cast_signed)
        .checked_neg()
        .unwrap_or(0);
    io::Error::from_raw_os_error(code)
}

struct Message<'b> {
    kind: u16,
    flags: u16,
    body: &'b [u8],
}

/// The messages of one answer. What is cut off is left out.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let length = usize::try_from(number(bytes, 0)?).ok()?;
        let kind = short(bytes, 4)?;
        let flags = short(bytes, 6)?;
        let body = bytes.get(HEAD..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some(Message { kind, flags, body })
    })
}

/// The attributes in `bytes`: type and value.
pub(super) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    /// Two bits of the type are flags.
    const TYPE: u16 = 0x3fff;
    std::iter::from_fn(move || {
        let length = usize::from(short(bytes, 0)?);
        let kind = short(bytes, 2)? & TYPE;
        let value = bytes.get(4..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// Text that ends with a zero.
pub(super) fn text(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&value[..end.unwrap_or(value.len())]).into_owned()
}

/// Four bytes at `place`.
pub(super) fn number(bytes: &[u8], place: usize) -> Option<u32> {
    let bytes = bytes.get(place..place.checked_add(4)?)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?))
}

/// Two bytes at `place`.
pub(super) fn short(bytes: &[u8], place: usize) -> Option<u16> {
    let bytes = bytes.get(place..place.checked_add(2)?)?;
    Some(u16::from_ne_bytes(bytes.try_into().ok()?))
}

fn aligned(length: usize) -> usize {
    length.saturating_add(3) & !3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_loopback_interface_is_in_the_dump() {
        let rows = dump(LINKS, 16).unwrap();
        let names: Vec<String> = rows
            .iter()
            .filter_map(|row| attributes(&row[16..]).find(|(kind, _)| *kind == 3))
            .map(|(_, value)| text(value))
            .collect();
        assert!(names.contains(&"lo".to_owned()), "{names:?}");
    }

    #[test]
    fn a_table_that_does_not_exist_is_an_error() {
        assert!(dump(4000, 16).is_err());
    }

    proptest! {
        #[test]
        fn garbage_is_passed_over(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for message in messages(&bytes) {
                prop_assert!(message.body.len() <= bytes.len());
            }
            for (_, value) in attributes(&bytes) {
                prop_assert!(value.len() <= bytes.len());
            }
        }
    }
}
