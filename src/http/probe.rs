//! One GET of a page that is watched: what came back, or what kept it away. Nothing secret is sent,
//! no connection is kept, and no redirect is followed here.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};

use super::{Error, authority_of, class_of, header, quote, system_has_authorities};

/// As much of a page as is read, in bytes.
pub const MAX_PAGE: u64 = 256 * 1024;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// Where it sends its clients, on a redirect.
    pub location: Option<String>,
    /// The first [`MAX_PAGE`] bytes, where they were wanted.
    pub body: Vec<u8>,
    /// How long it took.
    pub took: Duration,
}

/// Asks for pages. What TLS needs is set up once, at the first page that goes over it.
#[derive(Debug)]
pub struct Prober {
    agent: ureq::Agent,
}

impl Prober {
    /// Makes one. `verify`: the certificate has to be believed, by the authority in `ca_file` or
    /// by those of the system.
    ///
    /// # Errors
    /// [`Error::Tls`] where `ca_file` cannot be read or holds no certificate.
    pub fn new(ca_file: Option<&Path>, verify: bool) -> Result<Self, Error> {
        let roots = match ca_file {
            Some(path) => authority_of(path)?,
            None if system_has_authorities() => RootCerts::PlatformVerifier,
            None => RootCerts::WebPki,
        };
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .disable_verification(!verify)
            .build();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("atlas-ops/", env!("CARGO_PKG_VERSION")))
            .accept("*/*")
            .tls_config(tls)
            // A kept connection would hide that nobody takes new ones.
            .max_idle_connections(0)
            .build();
        Ok(Self {
            agent: config.new_agent(),
        })
    }

    /// `GET`, within `limit` for everything together.
    ///
    /// # Errors
    /// Whatever kept the answer away, see [`Error`].
    pub fn get(&self, url: &str, limit: Duration, wants_body: bool) -> Result<Page, Error> {
        let begin = Instant::now();
        let request = self.agent.get(url).config().timeout_global(Some(limit));
        let mut answer = request.build().call().map_err(class_of)?;
        let mut body = Vec::new();
        if wants_body {
            let reader = answer.body_mut().as_reader();
            reader
                .take(MAX_PAGE)
                .read_to_end(&mut body)
                .map_err(|error| class_of(error.into()))?;
        }
        let location = header(answer.headers(), "location");
        Ok(Page {
            status: answer.status().as_u16(),
            location: (answer.status().is_redirection() && !location.is_empty())
                .then(|| quote(&location)),
            body,
            took: begin.elapsed(),
        })
    }
}

/// Where a redirect from `url` to `location` leads, if that is the same host and nothing that was
/// encrypted goes on in the clear.
pub fn within_host(url: &str, location: &str) -> Option<String> {
    let from: Uri = url.parse().ok()?;
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    if let Some((to_scheme, rest)) = location.split_once("://") {
        let to: Uri = location.parse().ok()?;
        let same_host = to.host()?.eq_ignore_ascii_case(from.host()?);
        let safe = to_scheme == "https" || (to_scheme == "http" && scheme == "http");
        return (same_host && safe && !rest.contains('@')).then(|| location.to_owned());
    }
    if location.starts_with("//") {
        return within_host(url, &format!("{scheme}:{location}"));
    }
    let folder = from
        .path()
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let path = match location.chars().next() {
        Some('/') => location.to_owned(),
        Some('?') => format!("{}{location}", from.path()),
        _ => format!("{folder}/{location}"),
    };
    Some(format!("{scheme}://{authority}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_within_the_host_and_within_encryption() {
        let to = |from, location| within_host(from, location);
        let led = |text: &str| Some(text.to_owned());
        assert_eq!(
            to("http://a.lan/x/y?q", "/login"),
            led("http://a.lan/login")
        );
        assert_eq!(to("http://a.lan:81/x/y", "z"), led("http://a.lan:81/x/z"));
        assert_eq!(to("http://a.lan/x", "?a=b"), led("http://a.lan/x?a=b"));
        assert_eq!(
            to("http://a.lan/", "https://A.lan:8443/"),
            led("https://A.lan:8443/")
        );
        assert_eq!(to("https://a.lan/", "//a.lan/z"), led("https://a.lan/z"));
        assert_eq!(to("https://a.lan/", "http://a.lan/"), None);
        assert_eq!(to("http://a.lan/", "http://b.lan/"), None);
        assert_eq!(to("http://a.lan/", "//b.lan/"), None);
        assert_eq!(to("http://a.lan/", "http://me:secret@a.lan/"), None);
        assert_eq!(to("http://a.lan/", "ftp://a.lan/"), None);
    }
}
