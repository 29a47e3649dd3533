//! One conversation over a D-Bus socket: who we are, and a call with its answer. Bounded in time
//! and size. How messages are written is `bus_wire`'s.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::bus_wire::{self, Call, Head, Kind};

/// Longest line while it is settled who we are, in bytes.
const MAX_LINE: usize = 1024;
/// Most messages that are passed over while an answer is waited for.
const MAX_OTHERS: usize = 64;

/// Who listens at a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The bus, which wants to be greeted first.
    Bus,
    /// The one we ask.
    Peer,
}

/// An open conversation.
pub(super) struct Bus {
    stream: UnixStream,
    way: Way,
    until: Instant,
    serial: u32,
}

impl Bus {
    /// Connects and greets.
    ///
    /// # Errors
    /// Why not, and what would help.
    pub(super) fn open(path: &Path, way: Way, limit: Duration) -> Result<Self, String> {
        let stream = UnixStream::connect(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => "there is no such socket".to_owned(),
            ErrorKind::PermissionDenied => {
                "this user may not open it; hint: run the agent under a user that may".to_owned()
            }
            ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
            _ => error.to_string(),
        })?;
        let mut bus = Self {
            stream,
            way,
            until: Instant::now() + limit,
            serial: 0,
        };
        bus.introduce()?;
        if way == Way::Bus {
            bus.call(&bus_wire::HELLO)?;
        }
        Ok(bus)
    }

    /// Says that we are who the socket says we are: no name is sent, so it holds in containers
    /// with user names of their own too.
    fn introduce(&mut self) -> Result<(), String> {
        self.write(b"\0AUTH EXTERNAL\r\nDATA\r\n")?;
        loop {
            let line = self.line()?;
            match line.split(' ').next() {
                Some("DATA") => {}
                Some("OK") => return self.write(b"BEGIN\r\n"),
                _ => return Err("it does not accept this user".to_owned()),
            }
        }
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            if line.len() > MAX_LINE {
                return Err("what listens there is no bus".to_owned());
            }
            let byte: Vec<u8> = self.read(1)?;
            line.extend(byte);
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Calls, and answers with the body that came back.
    ///
    /// # Errors
    /// The other side's refusal, silence, or what is no message.
    pub(super) fn call(&mut self, call: &Call) -> Result<Vec<u8>, String> {
        self.serial += 1;
        let message = call.message(self.serial, self.way == Way::Bus);
        self.write(&message)?;
        for _ in 0..MAX_OTHERS {
            let fixed = self.read(bus_wire::FIXED)?;
            let head = Head::parse(&fixed)?;
            let fields = self.read(head.fields)?;
            let body = self.read(head.body)?;
            if bus_wire::reply_serial(&fields)? != Some(self.serial) {
                continue;
            }
            return match head.kind {
                Kind::Answer => Ok(body),
                Kind::Refusal => Err(bus_wire::refusal(&body)),
                Kind::Other => continue,
            };
        }
        Err("it does not answer the question".to_owned())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let left = self.left()?;
        self.stream
            .set_write_timeout(Some(left))
            .and_then(|()| self.stream.write_all(bytes))
            .map_err(|error| say(&error))
    }

    fn read(&mut self, length: usize) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            let left = self.left()?;
            let read = self
                .stream
                .set_read_timeout(Some(left))
                .and_then(|()| self.stream.read(&mut bytes[filled..]));
            match read {
                Ok(0) => return Err("it hung up".to_owned()),
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(say(&error)),
            }
        }
        Ok(bytes)
    }

    fn left(&self) -> Result<Duration, String> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("it did not answer in time".to_owned());
        }
        Ok(left)
    }
}

fn say(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "it did not answer in time".to_owned(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => "it hung up".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
