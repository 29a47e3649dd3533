//! Four facts of an X.509 certificate (RFC 5280): whose it is, who issued it, until when it holds.
//! It is read, not verified.

use super::der::{self, BYTES, OBJECT, SEQUENCE, items};
use crate::agent::inert;
use crate::domain::inventory::pass::{MAX_TEXT, SeenCertificate};
use crate::domain::timestamp::Timestamp;

/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
/// 2.5.4.10
const ORGANISATION: &[u8] = &[0x55, 4, 10];
/// 2.5.29.17
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// Reads a certificate. `None` where it is none.
pub fn read(bytes: &[u8]) -> Option<SeenCertificate> {
    let whole = items(bytes).next()?.expect(SEQUENCE)?;
    let body = items(whole).next()?.expect(SEQUENCE)?;
    // [0] version, if it is not the first; serial number; algorithm; then what is wanted.
    let mut parts = items(body).skip_while(|item| item.tag == 0xa0).skip(2);
    let issuer = parts.next()?.expect(SEQUENCE)?;
    let validity = parts.next()?.expect(SEQUENCE)?;
    let subject = parts.next()?.expect(SEQUENCE)?;
    let not_after = time(items(validity).nth(1)?)?;
    let extensions = parts.find(|item| item.tag == 0xa3);
    let subject = named(subject, COMMON_NAME)
        .or_else(|| alternative(extensions?.body))
        .or_else(|| named(subject, ORGANISATION));
    let issuer = named(issuer, COMMON_NAME).or_else(|| named(issuer, ORGANISATION));
    let tame = |text: Option<String>| inert::line(&text.unwrap_or_default(), MAX_TEXT);
    Some(SeenCertificate {
        subject: tame(subject),
        issuer: tame(issuer),
        not_after,
    })
}

/// From when until when a certificate holds. `None` where it is none.
pub fn validity(bytes: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let whole = items(bytes).next()?.expect(SEQUENCE)?;
    let body = items(whole).next()?.expect(SEQUENCE)?;
    // [0] version, if it is not the first; serial number; algorithm; issuer; then what is wanted.
    let mut parts = items(body).skip_while(|item| item.tag == 0xa0).skip(3);
    let mut validity = items(parts.next()?.expect(SEQUENCE)?);
    Some((time(validity.next()?)?, time(validity.next()?)?))
}

/// One part of a distinguished name.
fn named(name: &[u8], part: &[u8]) -> Option<String> {
    items(name)
        .flat_map(|set| items(set.body))
        .find_map(|pair| {
            let mut pair = items(pair.expect(SEQUENCE)?);
            let kind = pair.next()?.expect(OBJECT)?;
            let value = pair.next()?;
            (kind == part).then(|| text(value))
        })
        .filter(|text| !text.trim().is_empty())
}

fn text(value: der::Item<'_>) -> String {
    /// Two bytes a letter; every other kind is near enough to UTF-8.
    const BMP: u8 = 0x1e;
    if value.tag == BMP {
        let letters: Vec<u16> = value
            .body
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        return String::from_utf16_lossy(&letters);
    }
    String::from_utf8_lossy(value.body).into_owned()
}

/// The first DNS name or address among the alternative names.
fn alternative(extensions: &[u8]) -> Option<String> {
    let list = items(extensions).next()?.expect(SEQUENCE)?;
    let names = items(list).find_map(|extension| {
        let parts: Vec<der::Item<'_>> = items(extension.body).collect();
        let is_it = parts.first()?.expect(OBJECT)? == ALTERNATIVE_NAMES;
        is_it.then_some(parts.last()?.expect(BYTES)?)
    })?;
    let names = items(names).next()?.expect(SEQUENCE)?;
    items(names).find_map(|name| match (name.tag, name.body) {
        (0x82, host) => Some(String::from_utf8_lossy(host).into_owned()),
        (0x87, &[a, b, c, d]) => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
        _ => None,
    })
}

/// `YYMMDDHHMMSSZ`, where years from 50 on are of the last century, or `YYYYMMDDHHMMSSZ`.
fn time(item: der::Item<'_>) -> Option<Timestamp> {
    let digits = std::str::from_utf8(item.body).ok()?.strip_suffix('Z')?;
    let digits = match item.tag {
        0x17 if digits < "50" => format!("20{digits}"),
        0x17 => format!("19{digits}"),
        0x18 => digits.to_owned(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| digits.get(range);
    Timestamp::parse(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0..4)?,
        part(4..6)?,
        part(6..8)?,
        part(8..10)?,
        part(10..12)?,
        part(12..14)?
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made by `openssl req -x509`: for `nas.lan` by itself, until 2031, and one without a common
    /// name, for the alternative name `printer.lan`, until 2051.
    const NAS: &[u8] = include_bytes!("../../../../tests/fixtures/agent/certificate-nas.der");
    const PRINTER: &[u8] =
        include_bytes!("../../../../tests/fixtures/agent/certificate-printer.der");

    #[test]
    fn real_certificates_are_read() {
        let nas = read(NAS).unwrap();
        assert_eq!((&*nas.subject, &*nas.issuer), ("nas.lan", "nas.lan"));
        assert_eq!(
            nas.not_after,
            Timestamp::parse("2031-02-03T04:05:06Z").unwrap()
        );
        let (from, until) = validity(NAS).unwrap();
        assert!(from < until && until == nas.not_after, "{from}");
        let printer = read(PRINTER).unwrap();
        assert_eq!(
            (&*printer.subject, &*printer.issuer),
            ("printer.lan", "Printers & Co")
        );
        assert_eq!(
            printer.not_after,
            Timestamp::parse("2051-02-03T04:05:06Z").unwrap()
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_stumble(
            changes in proptest::collection::vec((0usize..1000, any::<u8>()), 0..8),
            cut in 0usize..1000,
        ) {
            let mut bytes = PRINTER.to_vec();
            for (place, byte) in changes {
                let place = place % bytes.len();
                bytes[place] = byte;
            }
            bytes.truncate(cut);
            let read = read(&bytes);
            if read.is_some() {
                let until = validity(&bytes).map(|(_, until)| until);
                let told = read.as_ref().map(|read| read.not_after);
                prop_assert!(until.is_none() || until == told);
            }
            if let Some(read) = read {
                prop_assert!(read.subject.chars().count() <= MAX_TEXT);
                let is_tame = !read.subject.contains(char::is_control);
                prop_assert!(is_tame);
            }
        }
    }
}
