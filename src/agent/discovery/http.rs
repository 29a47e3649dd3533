//! The HTTP fingerprint: one GET of `/` at each open port that may speak HTTP, for its title, its
//! server line and its certificate. Nothing is sent but the request: no cookie, no credentials. It
//! leaves the host for nobody: one redirect is followed where it stays on the same host and port.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, timeout};

use super::Stage;
use super::round::Round;
use crate::agent::sys::poke::Via;
use crate::agent::sys::stream as wire;
use crate::agent::sys::tcp_probe::connect;
use crate::agent::sys::tls::Unverified;
use crate::domain::inventory::pass::{SeenCertificate, Sense};

/// Ports that speak TLS.
const SECURE: [u16; 5] = [443, 5001, 8006, 8443, 9443];
/// Open ports that do not speak HTTP.
const OTHERS: [u16; 4] = [22, 53, 445, 1883];
/// One answer, from the connection to its end.
const LIMIT: Duration = Duration::from_millis(2_500);
/// A connection.
const CONNECT: Duration = Duration::from_secs(1);
/// Most of an answer that is read, in bytes.
const MOST: usize = 64 * 1024;
/// Most of a head line that is looked at.
const LONGEST_LINE: usize = 1024;
/// Requests that are open at the same time.
const AT_ONCE: usize = 24;

/// Asks every open port that may speak HTTP, until a time.
pub(super) async fn ask(round: &Round<'_>, until: Instant) {
    let mut ports = Vec::new();
    for (network, found) in round.found.iter().enumerate() {
        for (address, port) in found.borrow().open_ports() {
            if !OTHERS.contains(&port) && round.networks[network].may_ask(address) {
                ports.push((network, address, port));
            }
        }
    }
    let done = std::cell::Cell::new(0);
    stream::iter(&ports)
        .for_each_concurrent(AT_ONCE, async |(network, address, port)| {
            if Instant::now() < until {
                ask_port(round, *network, (*address, *port)).await;
            }
            done.set(done.get() + 1);
            round.tell(Stage::Identity, done.get(), ports.len());
        })
        .await;
}

async fn ask_port(round: &Round<'_>, network: usize, (address, port): (Ipv4Addr, u16)) {
    let via = round.networks[network].via.as_ref();
    let mut certificate = None;
    let answer = timeout(LIMIT, get((address, port), via, &mut certificate)).await;
    let mut found = round.found[network].borrow_mut();
    if let Some(certificate) = certificate {
        found.certificate(address, port, certificate);
    }
    let Some(page) = answer.ok().and_then(Result::ok).flatten() else {
        return;
    };
    found.saw(address, Sense::Http);
    let at = ("tcp", port);
    found.evidence(address, at, ("http_status", &page.status.to_string()));
    for (key, value) in [("http_server", page.server), ("http_title", page.title)] {
        if let Some(value) = value {
            found.evidence(address, at, (key, &value));
        }
    }
}

async fn get(
    to: (Ipv4Addr, u16),
    via: Option<&Via>,
    certificate: &mut Option<SeenCertificate>,
) -> io::Result<Option<Page>> {
    let Some(page) = page(&fetch(to, via, "/", certificate).await?) else {
        return Ok(None);
    };
    let Some(path) = page.moved.as_deref().and_then(|place| same_host(place, to)) else {
        return Ok(Some(page));
    };
    let next = fetch(to, via, &path, certificate).await;
    Ok(next
        .ok()
        .and_then(|bytes| self::page(&bytes))
        .or(Some(page)))
}

/// The bytes that come back, at most [`MOST`].
async fn fetch(
    to: (Ipv4Addr, u16),
    via: Option<&Via>,
    path: &str,
    certificate: &mut Option<SeenCertificate>,
) -> io::Result<Vec<u8>> {
    let stream = connect(to, via, CONNECT).await?;
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: {}:{}\r\nUser-Agent: atlas-ops/{}\r\nAccept: text/html\r\nConnection: close\r\n\r\n",
        to.0,
        to.1,
        env!("CARGO_PKG_VERSION")
    );
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 8 * 1024];
    if SECURE.contains(&to.1) {
        let mut stream = Unverified::handshake(stream, &to.0.to_string()).await?;
        *certificate = stream.certificate();
        stream.write_all(request.as_bytes()).await?;
        while bytes.len() < MOST {
            match stream.read(&mut chunk).await {
                Ok(length @ 1..) => bytes.extend_from_slice(&chunk[..length]),
                Ok(0) | Err(_) => break,
            }
        }
    } else {
        wire::write_all(&stream, request.as_bytes()).await?;
        while bytes.len() < MOST {
            match wire::read(&stream, &mut chunk).await {
                Ok(length @ 1..) => bytes.extend_from_slice(&chunk[..length]),
                Ok(0) | Err(_) => break,
            }
        }
    }
    bytes.truncate(MOST);
    Ok(bytes)
}

/// What an answer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    status: u16,
    server: Option<String>,
    title: Option<String>,
    /// Where it redirects to.
    moved: Option<String>,
}

/// Reads an answer; `None` for what is no HTTP.
fn page(bytes: &[u8]) -> Option<Page> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .or_else(|| text.split_once("\n\n"))
        .unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?;
    let status: u16 = status.split(' ').nth(1)?.parse().ok()?;
    let field = |wanted: &str| {
        head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let value: String = value.trim().chars().take(LONGEST_LINE).collect();
            (name.eq_ignore_ascii_case(wanted) && !value.is_empty()).then_some(value)
        })
    };
    Some(Page {
        status,
        server: field("server"),
        title: title(body),
        moved: field("location").filter(|_| (300..400).contains(&status)),
    })
}

/// The text of the first `<title>`.
fn title(body: &str) -> Option<String> {
    // ASCII only, so that places in the one are places in the other.
    let lower = body.to_ascii_lowercase();
    let begin = lower.find("<title")?;
    let begin = begin + lower.get(begin..)?.find('>')? + 1;
    let end = begin + lower.get(begin..)?.find("</title")?;
    let mut text = body
        .get(begin..end)?
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for (entity, letter) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, letter);
    }
    (!text.is_empty()).then_some(text)
}

/// The path of a redirect that stays where it is: `/web/`, `web/`, or an address of this very host
/// and port. Nothing that could add a line to the request.
fn same_host(place: &str, (address, port): (Ipv4Addr, u16)) -> Option<String> {
    let path = if let Some((scheme, rest)) = place.split_once("://") {
        let expected = if SECURE.contains(&port) {
            "https"
        } else {
            "http"
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let usual = if expected == "https" { 443 } else { 80 };
        let is_here = authority == format!("{address}:{port}")
            || (authority == address.to_string() && port == usual);
        if scheme != expected || !is_here {
            return None;
        }
        format!("/{path}")
    } else if place.starts_with("//") {
        return None;
    } else if place.starts_with('/') {
        place.to_owned()
    } else {
        format!("/{place}")
    };
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
    (is_plain && path.len() <= LONGEST_LINE && path != "/").then_some(path)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_page_is_read() {
        let text = "HTTP/1.1 200 OK\r\nserver: pve-api-daemon/3.0\r\nX: y\r\n\r\n<html><head><TITLE lang=en>\n pve &amp; more\n</Title>";
        assert_eq!(
            page(text.as_bytes()),
            Some(Page {
                status: 200,
                server: Some("pve-api-daemon/3.0".into()),
                title: Some("pve & more".into()),
                moved: None,
            })
        );
        assert_eq!(page(b"SSH-2.0-OpenSSH_9\r\n"), None);
        assert_eq!(page(b"HTTP/1.1 banana\r\n\r\n"), None);
        assert_eq!(page(b""), None);
    }

    #[test]
    fn redirects_are_followed_on_the_same_host_only() {
        let to = (Ipv4Addr::new(192, 168, 1, 9), 8096);
        for (place, path) in [
            ("/web/", Some("/web/")),
            ("web/index.html", Some("/web/index.html")),
            ("http://192.168.1.9:8096/web", Some("/web")),
            ("http://192.168.1.9/web", None),
            ("https://192.168.1.9:8096/web", None),
            ("http://192.168.1.9:8096@evil.example/", None),
            ("//evil.example/", None),
            ("http://evil.example/", None),
            ("/x\r\nX-Evil: 1", None),
            ("/x y", None),
            ("/", None),
        ] {
            assert_eq!(same_host(place, to).as_deref(), path, "{place}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = page(&bytes);
            let _ = page(&[b"HTTP/1.1 302 x\r\nLocation: ", &bytes[..], b"\r\n\r\n<title>", &bytes[..]].concat());
        }
    }
}
