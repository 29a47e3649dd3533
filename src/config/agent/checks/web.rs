//! What the check of a page is told: one of `http:`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::network::{Expiry, host, timeout_seconds};
use super::{after, name};
use crate::config::section::Section;

/// Longest text that is sought in a page, in bytes.
const MAX_TEXT: usize = 1000;
/// Longest address of a page, in bytes.
const MAX_URL: usize = 2000;

/// A page that has to answer as it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpTarget {
    /// Its address, without a user in it.
    pub url: String,
    /// Where that leads.
    pub address: WebAddress,
    /// What it is called.
    pub name: String,
    /// Status codes that are well.
    pub status: Vec<RangeInclusive<u16>>,
    /// Text that has to be in the page.
    pub body: Option<String>,
    /// Text that may not be in the page.
    pub not_body: Option<String>,
    /// Seconds for everything together.
    pub timeout_seconds: u32,
    /// A private certificate authority, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether the certificate has to be believed.
    pub verify: bool,
    /// Whether redirects within the same host are followed.
    pub follow: bool,
    /// Looks in a row that fail until it is complained about.
    pub after: u32,
    /// When its certificate is complained about.
    pub expiry: Expiry,
}

/// Where an address leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAddress {
    /// Whether it goes over TLS.
    pub https: bool,
    /// Name or address, an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Reads one of `http:`. The certificate is complained about as `usual` says, where it does not.
pub(super) fn read(section: &mut Section<'_>, usual: Expiry) -> Option<HttpTarget> {
    let address = section.parsed("url", None, web_address);
    if address.is_none() {
        section.require("url", "an address such as https://nas.lan/");
    }
    let url = section
        .text("url", None)
        .unwrap_or_default()
        .trim()
        .to_owned();
    let name = name(section, &url);
    let status = section.list("status", None, status).unwrap_or_default();
    let keys = ["expire_warning_days", "expire_critical_days"];
    let target = HttpTarget {
        address: address.clone().unwrap_or_else(WebAddress::nowhere),
        name,
        status: if status.is_empty() {
            vec![200..=299]
        } else {
            status
        },
        body: section.parsed("body", None, sought),
        not_body: section.parsed("not_body", None, sought),
        timeout_seconds: timeout_seconds(section),
        ca_file: section.path("ca_file", None),
        verify: section.flag("verify", None).unwrap_or(true),
        follow: section.flag("follow", None).unwrap_or(false),
        after: after(section),
        expiry: Expiry::read(section, usual, keys),
        url,
    };
    address.map(|_| target)
}

impl WebAddress {
    fn nowhere() -> Self {
        Self {
            https: false,
            host: String::new(),
            port: 0,
        }
    }
}

/// Where an address leads.
///
/// # Errors
/// What is expected instead.
fn web_address(text: &str) -> Result<WebAddress, String> {
    let text = text.trim();
    let expected = "expected an address such as https://nas.lan:8443/health";
    let (https, rest) = match text.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        _ => return Err(expected.to_owned()),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    if authority.contains('@') {
        return Err("a user or password in it would be sent and shown: leave it out, and let the status say so (status: [401])".to_owned());
    }
    if text.len() > MAX_URL
        || text.contains('#')
        || !text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(format!(
            "{expected}: ASCII without spaces or #, at most {MAX_URL} bytes"
        ));
    }
    let has_port = authority.rfind(':') > authority.rfind(']');
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if has_port => (name, port.parse().map_err(|_| expected)?),
        _ => (authority, if https { 443 } else { 80 }),
    };
    if port == 0 || (name.contains(':') && !name.starts_with('[')) {
        return Err(expected.to_owned());
    }
    Ok(WebAddress {
        https,
        host: host(name)?,
        port,
    })
}

/// `200`, `200-299` or `2xx`.
fn status(text: &str) -> Result<RangeInclusive<u16>, String> {
    let code = |text: &str| {
        text.trim()
            .parse()
            .ok()
            .filter(|code| (100..=599).contains(code))
    };
    let range = match (text.trim().strip_suffix("xx"), text.split_once('-')) {
        (Some(hundreds), _) => code(&format!("{hundreds}00")).map(|first: u16| first..=first + 99),
        (None, Some((first, last))) => code(first)
            .zip(code(last))
            .map(|(first, last)| first..=last),
        (None, None) => code(text).map(|code| code..=code),
    };
    range
        .filter(|range| !range.is_empty())
        .ok_or_else(|| "expected a status such as 200, a range such as 200-299, or 2xx".to_owned())
}

/// A text that is looked for.
fn sought(text: &str) -> Result<String, String> {
    match text.len() {
        1..=MAX_TEXT => Ok(text.to_owned()),
        length => Err(format!("expected 1 to {MAX_TEXT} bytes, found {length}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads_to(text: &str) -> Option<(bool, String, u16)> {
        let address = web_address(text).ok()?;
        Some((address.https, address.host, address.port))
    }

    #[test]
    fn addresses_are_read_and_users_in_them_refused() {
        let of = |https, host: &str, port| Some((https, host.to_owned(), port));
        assert_eq!(leads_to("https://nas.lan"), of(true, "nas.lan", 443));
        assert_eq!(
            leads_to("http://nas.lan:8080/a?b=c@d"),
            of(false, "nas.lan", 8080)
        );
        assert_eq!(leads_to("https://[fd00::1]/"), of(true, "fd00::1", 443));
        assert_eq!(
            leads_to("https://[fd00::1]:8443/"),
            of(true, "fd00::1", 8443)
        );
        for text in [
            "nas.lan",
            "ftp://nas.lan/",
            "https://",
            "https://a b/",
            "https://a:0/",
            "https://a/#x",
            "http://fd00::1/",
        ] {
            assert_eq!(leads_to(text), None, "{text}");
        }
        let refused = web_address("https://me:secret@nas.lan/").unwrap_err();
        assert!(
            refused.contains("leave it out") && !refused.contains("secret"),
            "{refused}"
        );
    }

    #[test]
    fn status_codes_are_single_or_ranges() {
        assert_eq!(status("200"), Ok(200..=200));
        assert_eq!(status("200-399"), Ok(200..=399));
        assert_eq!(status("4xx"), Ok(400..=499));
        for text in ["", "abc", "99", "600", "300-200", "9xx", "xx"] {
            assert!(status(text).is_err(), "{text}");
        }
    }
}
