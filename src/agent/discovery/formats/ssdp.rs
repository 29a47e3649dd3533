//! The search of SSDP (UPnP Device Architecture 1.1, 1.3) and what an answer to it says.

use std::net::Ipv4Addr;

/// Where it is asked.
pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// The port it is asked at.
pub const PORT: u16 = 1900;
/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 4096;

/// Asks every root device to answer within two seconds.
pub const SEARCH: &str = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: upnp:rootdevice\r\n\r\n";

/// What a device says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// System, UPnP version and product.
    pub server: Option<String>,
    /// What it is.
    pub kind: Option<String>,
    /// Its stable id.
    pub uuid: Option<String>,
    /// Where its description is: host and port.
    pub location: Option<(Ipv4Addr, u16)>,
}

/// Reads an answer. `None` for what is none.
pub fn answer(bytes: &[u8]) -> Option<Device> {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(MAX_ANSWER))?);
    let mut lines = text.lines();
    let status = lines.next()?;
    if !status.starts_with("HTTP/1.") || status.split(' ').nth(1) != Some("200") {
        return None;
    }
    let mut device = Device::default();
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            _ if value.is_empty() => {}
            "server" => device.server = Some(value.to_owned()),
            "st" => device.kind = Some(value.to_owned()),
            "usn" => {
                device.uuid = value
                    .strip_prefix("uuid:")
                    .and_then(|rest| rest.split("::").next())
                    .filter(|uuid| !uuid.is_empty())
                    .map(str::to_owned);
            }
            "location" => device.location = location(value),
            _ => {}
        }
    }
    Some(device)
}

/// Host and port of `http://192.168.1.5:49152/description.xml`; names are not followed.
fn location(url: &str) -> Option<(Ipv4Addr, u16)> {
    let authority = url.strip_prefix("http://")?.split('/').next()?;
    match authority.split_once(':') {
        Some((host, port)) => Some((host.parse().ok()?, port.parse().ok()?)),
        None => Some((authority.parse().ok()?, 80)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_is_read() {
        let text = "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLocation: http://192.168.1.5:49152/d.xml\r\nServer: Linux/5 UPnP/1.0 Hue/1.50\r\nST: upnp:rootdevice\r\nUSN: uuid:2f402f80::upnp:rootdevice\r\n\r\n";
        assert_eq!(
            answer(text.as_bytes()).unwrap(),
            Device {
                server: Some("Linux/5 UPnP/1.0 Hue/1.50".into()),
                kind: Some("upnp:rootdevice".into()),
                uuid: Some("2f402f80".into()),
                location: Some((Ipv4Addr::new(192, 168, 1, 5), 49152)),
            }
        );
        assert_eq!(answer(SEARCH.as_bytes()), None, "a question");
        assert_eq!(answer(b"HTTP/1.1 500 No\r\n\r\n"), None);
        assert_eq!(location("http://evil.example/x"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = answer(&bytes);
            let _ = answer(&[b"HTTP/1.1 200 OK\r\n", &bytes[..]].concat());
        }
    }
}
