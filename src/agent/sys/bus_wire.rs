//! The bytes of the few D-Bus messages that are exchanged with systemd, after the D-Bus
//! specification ("Message Protocol"): a header of 16 bytes with a type, two lengths and a serial
//! number, then fields, then a body; everything aligned to its size.

use super::units::FailedUnit;

/// Bytes of a header that always come: up to the length of its fields.
pub(super) const FIXED: usize = 16;
/// Longest fields that are read, in bytes.
const MAX_FIELDS: usize = 64 * 1024;
/// Longest body that is read, in bytes: some thousand units.
const MAX_BODY: usize = 4 * 1024 * 1024;
/// Most units that are told of.
const MAX_UNITS: usize = 10_000;

const METHOD_CALL: u8 = 1;
const METHOD_RETURN: u8 = 2;
const ERROR: u8 = 3;

const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const REPLY_SERIAL: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// A method that is called.
#[derive(Debug)]
pub(super) struct Call {
    destination: &'static str,
    path: &'static str,
    interface: &'static str,
    member: &'static str,
    /// The one argument there may be: a list of texts.
    texts: Option<&'static [&'static str]>,
}

/// The greeting that a bus wants first.
pub(super) const HELLO: Call = Call {
    destination: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    member: "Hello",
    texts: None,
};

/// Which units have failed.
pub(super) const LIST_FAILED: Call = Call {
    destination: "org.freedesktop.systemd1",
    path: "/org/freedesktop/systemd1",
    interface: "org.freedesktop.systemd1.Manager",
    member: "ListUnitsFiltered",
    texts: Some(&["failed"]),
};

impl Call {
    /// The whole message. On a bus it says whom it is for.
    pub(super) fn message(&self, serial: u32, on_bus: bool) -> Vec<u8> {
        let mut body = Writer::default();
        if let Some(texts) = self.texts {
            body.array(4, |items| texts.iter().for_each(|text| items.text(text)));
        }
        let mut message = Writer::default();
        message.0.extend([b'l', METHOD_CALL, 0, 1]);
        message.number(length(&body.0));
        message.number(serial);
        message.array(8, |fields| {
            fields.field(PATH, "o", self.path);
            fields.field(INTERFACE, "s", self.interface);
            fields.field(MEMBER, "s", self.member);
            if on_bus {
                fields.field(DESTINATION, "s", self.destination);
            }
            if self.texts.is_some() {
                fields.field(SIGNATURE, "g", "as");
            }
        });
        message.align(8);
        message.0.extend(body.0);
        message.0
    }
}

/// Lengths of what we write are far below 4 GB.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[derive(Debug, Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    fn number(&mut self, number: u32) {
        self.align(4);
        self.0.extend(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(length(text.as_bytes()));
        self.0.extend(text.as_bytes());
        self.0.push(0);
    }

    /// Shorter than 256 bytes.
    fn signature(&mut self, signature: &str) {
        self.0
            .push(u8::try_from(signature.len()).unwrap_or(u8::MAX));
        self.0.extend(signature.as_bytes());
        self.0.push(0);
    }

    fn field(&mut self, code: u8, kind: &str, value: &str) {
        self.align(8);
        self.0.push(code);
        self.signature(kind);
        if kind == "g" {
            self.signature(value);
        } else {
            self.text(value);
        }
    }

    /// Its length counts from the first item, after the alignment.
    fn array(&mut self, alignment: usize, write: impl FnOnce(&mut Self)) {
        self.number(0);
        let place = self.0.len() - 4;
        self.align(alignment);
        let begin = self.0.len();
        write(self);
        let length = length(&self.0[begin..]);
        self.0[place..place + 4].copy_from_slice(&length.to_le_bytes());
    }
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Answer,
    Refusal,
    Other,
}

/// What the header of a message says of the rest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// Bytes of its fields, padding included.
    pub(super) fields: usize,
    /// Bytes of its body.
    pub(super) body: usize,
}

impl Head {
    /// Reads the first [`FIXED`] bytes.
    ///
    /// # Errors
    /// It is no message, or too long.
    pub(super) fn parse(fixed: &[u8]) -> Result<Self, String> {
        let mut reader = Reader::of(fixed);
        let [order, kind, _flags, version] = reader.bytes()?;
        if (order, version) != (b'l', 1) {
            return Err("it answers with what is no message".to_owned());
        }
        let body = reader.length(MAX_BODY)?;
        let _serial = reader.number()?;
        let fields = reader.length(MAX_FIELDS)?.next_multiple_of(8);
        let kind = match kind {
            METHOD_RETURN => Kind::Answer,
            ERROR => Kind::Refusal,
            _ => Kind::Other,
        };
        Ok(Self { kind, fields, body })
    }
}

/// Which call a message answers.
///
/// # Errors
/// The fields cannot be read.
pub(super) fn reply_serial(fields: &[u8]) -> Result<Option<u32>, String> {
    // The fields begin at the 16th byte of the message: aligned alike.
    let mut reader = Reader::of(fields);
    while reader.rest() >= 8 {
        reader.align(8)?;
        if reader.rest() == 0 {
            break;
        }
        let [code] = reader.bytes()?;
        if code == 0 {
            break; // Padding after the last field.
        }
        let kind = reader.signature()?;
        match (code, kind) {
            (REPLY_SERIAL, b"u") => return reader.number().map(Some),
            (_, b"s" | b"o") => drop(reader.text()?),
            (_, b"g") => drop(reader.signature()?),
            (_, b"u") => drop(reader.number()?),
            _ => return Err("it answers with a field that nobody knows".to_owned()),
        }
    }
    Ok(None)
}

/// The reason of an error: its body is a text mostly.
pub(super) fn refusal(body: &[u8]) -> String {
    Reader::of(body)
        .text()
        .ok()
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| "it refuses to tell".to_owned())
}

/// The body of the answer to [`LIST_FAILED`]: `a(ssssssouso)`, for each unit its name,
/// description, load, active and sub state, the unit it follows, its path, and its job.
///
/// # Errors
/// It is something else.
pub(super) fn units(body: &[u8]) -> Result<Vec<FailedUnit>, String> {
    let mut reader = Reader::of(body);
    let length = reader.length(MAX_BODY)?;
    reader.align(8)?;
    if reader.rest() < length {
        return Err(CUT_SHORT.to_owned());
    }
    let end = reader.at + length;
    let mut units = Vec::new();
    while reader.at < end && units.len() < MAX_UNITS {
        reader.align(8)?;
        let [
            unit,
            description,
            load_state,
            active_state,
            sub_state,
            _following,
            _path,
        ] = reader.texts()?;
        let _job = reader.number()?;
        let [_job_kind, _job_path] = reader.texts()?;
        units.push(FailedUnit {
            unit,
            description,
            load_state,
            active_state,
            sub_state,
        });
    }
    Ok(units)
}

const CUT_SHORT: &str = "it answers with a message that is cut short";

#[derive(Debug)]
struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn of(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn rest(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, count: usize) -> Result<&'b [u8], String> {
        let taken = self.bytes[self.at..].get(..count).ok_or(CUT_SHORT)?;
        self.at += count;
        Ok(taken)
    }

    fn align(&mut self, to: usize) -> Result<(), String> {
        self.take(self.at.next_multiple_of(to) - self.at).map(drop)
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| CUT_SHORT.to_owned())
    }

    fn number(&mut self) -> Result<u32, String> {
        self.align(4)?;
        self.bytes().map(u32::from_le_bytes)
    }

    fn length(&mut self, most: usize) -> Result<usize, String> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        if length > most {
            return Err("it answers with more than can be meant".to_owned());
        }
        Ok(length)
    }

    fn text(&mut self) -> Result<String, String> {
        let length = self.length(MAX_BODY)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.take(1)?;
        Ok(text)
    }

    fn texts<const N: usize>(&mut self) -> Result<[String; N], String> {
        let mut texts = [const { String::new() }; N];
        for text in &mut texts {
            *text = self.text()?;
        }
        Ok(texts)
    }

    fn signature(&mut self) -> Result<&'b [u8], String> {
        let [length] = self.bytes()?;
        let signature = self.take(length.into())?;
        self.take(1)?;
        Ok(signature)
    }
}
