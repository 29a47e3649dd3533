//! Which address was asked for, and which page asks. Headers that any client may write count only
//! where a trusted proxy wrote them.

use actix_web::HttpRequest;
use actix_web::http::header;

use super::error::ServerError;
use super::state::AppState;

/// Refuses names that are not ours, where the configuration says which are.
///
/// # Errors
/// This one is not.
pub(crate) fn check_host(state: &AppState, request: &HttpRequest) -> Result<(), ServerError> {
    let allowed = &state.config.allowed_hosts;
    if allowed.is_empty() {
        return Ok(());
    }
    let name = without_port(&host_of(state, request)).to_ascii_lowercase();
    if allowed.contains(&name) {
        Ok(())
    } else {
        Err(ServerError::Forbidden(
            "this host name is not in backend.allowed_hosts".to_owned(),
        ))
    }
}

/// Refuses a change that a page of another site asks for. Every browser names the page's origin
/// with a POST, in `Origin`, or in `Referer` where it is old; who names none is no browser, and
/// has no business with a cookie.
///
/// # Errors
/// Another site's page asks, or it cannot be told.
pub(crate) fn check_origin(state: &AppState, request: &HttpRequest) -> Result<(), ServerError> {
    let refused = |why: &str| Err(ServerError::Forbidden(why.to_owned()));
    let header = |name: &str| request.headers().get(name)?.to_str().ok();
    if header("sec-fetch-site") == Some("cross-site") {
        return refused("a page of another site asked for this; it was not done");
    }
    let Some(page) = header("origin").or_else(|| header("referer")) else {
        return refused(
            "a change by session needs an Origin header; programs use a token instead of a session",
        );
    };
    if is_own(state, request, page) {
        Ok(())
    } else {
        refused(
            "a page of another address asked for this; it was not done. Behind a reverse proxy, set backend.public_url to the address that people use",
        )
    }
}

/// Our own address, for commands that are typed elsewhere: the one that is configured, else the one
/// that the page of a form was opened by. Without a slash at its end.
pub(crate) fn own_address(state: &AppState, request: &HttpRequest) -> String {
    let opened = request.headers().get(header::ORIGIN);
    let opened = opened.and_then(|value| value.to_str().ok());
    match opened.filter(|page| state.config.public_url.is_empty() && is_own(state, request, page)) {
        Some(origin) => format!("{origin}{}", state.config.base_path),
        None => state.address(),
    }
}

/// Whether a page's address, or its origin alone, is one that we are asked for by.
fn is_own(state: &AppState, request: &HttpRequest, page: &str) -> bool {
    let Some(page) = Origin::parse(page) else {
        return false;
    };
    let public = Origin::parse(&state.config.public_url);
    if public.as_ref() == Some(&page) {
        return true;
    }
    // A page of plain http is not to speak for the same name over https.
    let https = behind_https(state, request)
        || public.is_some_and(|public| public.https && public.authority == page.authority);
    let asked = host_of(state, request).to_ascii_lowercase();
    let default_port = if page.https { ":443" } else { ":80" };
    page.authority == asked.strip_suffix(default_port).unwrap_or(&asked) && page.https >= https
}

#[derive(PartialEq, Eq)]
struct Origin {
    https: bool,
    /// Name and port as in a `Host` header, in lower case, without the scheme's own port.
    authority: String,
}

impl Origin {
    fn parse(address: &str) -> Option<Self> {
        let (scheme, rest) = address.split_once("://")?;
        let https = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
        let default_port = if https { ":443" } else { ":80" };
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
        (!authority.is_empty()).then(|| Self {
            https,
            authority: authority.to_owned(),
        })
    }
}

/// The host name that was asked for. What a page sends along in other headers counts only where a
/// trusted proxy wrote them: a name that was rebound to our address may set any of them but `Host`.
fn host_of(state: &AppState, request: &HttpRequest) -> String {
    if is_proxied(state, request) {
        return request.connection_info().host().to_owned();
    }
    let host = request.headers().get(header::HOST);
    host.and_then(|host| host.to_str().ok())
        .or_else(|| request.uri().host())
        .unwrap_or_default()
        .to_owned()
}

/// Whether people reach us over https, so that a cookie may say that it never goes without.
pub(crate) fn is_https(state: &AppState, request: &HttpRequest) -> bool {
    behind_https(state, request) || state.config.public_url.starts_with("https://")
}

/// Whether a proxy that we trust says that it was asked over https. We speak no TLS ourselves.
fn behind_https(state: &AppState, request: &HttpRequest) -> bool {
    is_proxied(state, request) && request.connection_info().scheme() == "https"
}

fn is_proxied(state: &AppState, request: &HttpRequest) -> bool {
    let proxies = &state.config.trusted_proxies;
    request
        .peer_addr()
        .is_some_and(|peer| proxies.iter().any(|network| network.contains(peer.ip())))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Option<(bool, String)> {
        Origin::parse(address).map(|origin| (origin.https, origin.authority))
    }

    #[test]
    fn an_origin_is_scheme_name_and_port() {
        let found = |https, authority: &str| Some((https, authority.to_owned()));
        assert_eq!(
            read("http://Atlas.lan:8000"),
            found(false, "atlas.lan:8000")
        );
        assert_eq!(read("https://atlas.lan:443/a?b"), found(true, "atlas.lan"));
        assert_eq!(read("http://[::1]:8000/"), found(false, "[::1]:8000"));
        // A name before an @ is not the host: the whole is compared, and equals nothing of ours.
        assert_eq!(
            read("http://atlas.lan@evil.example"),
            found(false, "atlas.lan@evil.example")
        );
        for none in [
            "null",
            "",
            "atlas.lan",
            "file:///x",
            "http://",
            "javascript://x",
        ] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
