//! ICMP echo through the IP helper library, which sends for everybody: no administrator is needed.

// The library is reached by C calls only.
#![allow(unsafe_code)]

use std::io;
use std::mem::size_of;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    ICMP_ECHO_REPLY, ICMPV6_ECHO_REPLY_LH, IP_DEST_HOST_UNREACHABLE, IP_DEST_NET_UNREACHABLE,
    IP_REQ_TIMED_OUT, IP_SUCCESS, Icmp6CreateFile, Icmp6SendEcho2, IcmpCloseHandle, IcmpCreateFile,
    IcmpSendEcho,
};
use windows_sys::Win32::Networking::WinSock::{AF_INET6, SOCKADDR_IN6};

use super::ping::Ended;

/// Bytes that are sent along.
const LENGTH: u16 = 32;
/// What is sent along.
const PAYLOAD: [u8; LENGTH as usize] = [0x61; LENGTH as usize];
/// Bytes for a reply with its payload, an ICMP error and what the system notes.
const ROOM: u32 = 256;
/// What the library may take on top of a limit, before it counts as "not tried".
const LATE: Duration = Duration::from_millis(200);
/// A thread that waits for a reply needs little.
const STACK: usize = 64 * 1024;

const _: () = assert!(size_of::<ICMP_ECHO_REPLY>() + PAYLOAD.len() + 8 + 16 <= ROOM as usize);
const _: () = assert!(size_of::<ICMPV6_ECHO_REPLY_LH>() + PAYLOAD.len() + 8 + 16 <= ROOM as usize);

/// Sends echo requests of one family.
#[derive(Debug, Clone, Copy)]
pub(super) struct Echo {}

impl Echo {
    /// For IPv4.
    ///
    /// # Errors
    /// The system gives no handle.
    pub(super) fn v4() -> io::Result<Self> {
        Handle::v4().map(|_| Self {})
    }

    /// For IPv6.
    ///
    /// # Errors
    /// The system gives no handle.
    pub(super) fn v6() -> io::Result<Self> {
        Handle::v6().map(|_| Self {})
    }

    /// One request and the wait for its reply, for at most `limit`. The library's own clock counts
    /// whole milliseconds: ours is taken. The call waits, so it has a thread of its own.
    pub(super) async fn send(
        &self,
        to: IpAddr,
        scope: u32,
        _number: u16,
        limit: Duration,
    ) -> Ended {
        let (tell, told) = oneshot::channel();
        let started = thread::Builder::new()
            .name("ping".into())
            .stack_size(STACK)
            .spawn(move || {
                // Nobody listens any more where the measuring was given up.
                let _ = tell.send(echo(to, scope, limit));
            });
        match (started, timeout(limit + LATE, told).await) {
            (Ok(_), Ok(Ok(ended))) => ended,
            _ => Ended::NotTried,
        }
    }
}

fn echo(to: IpAddr, scope: u32, limit: Duration) -> Ended {
    let limit = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
    let begin = Instant::now();
    let status = match to {
        IpAddr::V4(to) => echo_v4(to, limit),
        IpAddr::V6(to) => echo_v6(to, scope, limit),
    };
    match status {
        Ok(IP_SUCCESS) => Ended::Answered(begin.elapsed()),
        // The system, or a router on the way, asked for the host in vain.
        Ok(IP_REQ_TIMED_OUT | IP_DEST_HOST_UNREACHABLE) => Ended::NoAnswer,
        // No route, a firewall of this host, an adapter that is down: nothing went out.
        Ok(_) | Err(_) => Ended::NotTried,
    }
}

/// The status of the reply, or of the request that had none.
fn echo_v4(to: Ipv4Addr, limit: u32) -> io::Result<u32> {
    let handle = Handle::v4()?;
    let mut room = Room::new();
    // SAFETY: the handle is open, the payload and the room are as long as is said, and the call
    // is over when it comes back.
    let replies = unsafe {
        IcmpSendEcho(
            handle.0,
            u32::from_ne_bytes(to.octets()),
            PAYLOAD.as_ptr().cast(),
            LENGTH,
            ptr::null(),
            room.0.as_mut_ptr().cast(),
            ROOM,
            limit,
        )
    };
    if replies == 0 {
        return status_of_last_error();
    }
    // SAFETY: the call put at least one reply at the start of the room, which is aligned for it.
    Ok(unsafe { (*room.0.as_ptr().cast::<ICMP_ECHO_REPLY>()).Status })
}

/// The status of the reply, or of the request that had none.
fn echo_v6(to: Ipv6Addr, scope: u32, limit: u32) -> io::Result<u32> {
    let handle = Handle::v6()?;
    // All zero: the system chooses.
    let from = SOCKADDR_IN6 {
        sin6_family: AF_INET6,
        ..SOCKADDR_IN6::default()
    };
    let mut target = from;
    target.sin6_addr.u.Byte = to.octets();
    target.Anonymous.sin6_scope_id = scope;
    let mut room = Room::new();
    // SAFETY: as above; without an event and a routine the call waits for the reply itself.
    let replies = unsafe {
        Icmp6SendEcho2(
            handle.0,
            ptr::null_mut(),
            None,
            ptr::null(),
            &raw const from,
            &raw const target,
            PAYLOAD.as_ptr().cast(),
            LENGTH,
            ptr::null(),
            room.0.as_mut_ptr().cast(),
            ROOM,
            limit,
        )
    };
    if replies == 0 {
        return status_of_last_error();
    }
    // SAFETY: the call put at least one reply at the start of the room, which is aligned for it.
    Ok(unsafe { (*room.0.as_ptr().cast::<ICMPV6_ECHO_REPLY_LH>()).Status })
}

/// A request without a reply leaves its status where errors are left.
fn status_of_last_error() -> io::Result<u32> {
    let error = io::Error::last_os_error();
    match error
        .raw_os_error()
        .and_then(|code| u32::try_from(code).ok())
    {
        Some(status @ IP_DEST_NET_UNREACHABLE..=IP_REQ_TIMED_OUT) => Ok(status),
        _ => Err(error),
    }
}

/// What the library writes replies to, aligned for their structures, which hold pointers.
struct Room([u64; ROOM as usize / 8]);

impl Room {
    fn new() -> Self {
        Self([0; ROOM as usize / 8])
    }
}

/// An open handle of the library.
struct Handle(HANDLE);

impl Handle {
    fn v4() -> io::Result<Self> {
        // SAFETY: the call takes nothing; its answer is looked at.
        Self::opened(unsafe { IcmpCreateFile() })
    }

    fn v6() -> io::Result<Self> {
        // SAFETY: as above.
        Self::opened(unsafe { Icmp6CreateFile() })
    }

    fn opened(handle: HANDLE) -> io::Result<Self> {
        if handle == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(handle))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used after this.
        unsafe { IcmpCloseHandle(self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_answers_itself_without_an_administrator() {
        let limit = Duration::from_secs(1);
        let ended = echo(Ipv4Addr::LOCALHOST.into(), 0, limit);
        assert!(
            matches!(ended, Ended::Answered(took) if took < limit),
            "{ended:?}"
        );
    }

    #[test]
    fn nobody_answers_at_a_documentation_address() {
        let ended = echo(
            Ipv4Addr::new(192, 0, 2, 1).into(),
            0,
            Duration::from_millis(300),
        );
        assert!(!matches!(ended, Ended::Answered(_)), "{ended:?}");
    }
}
