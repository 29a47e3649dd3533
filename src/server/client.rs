//! Where a request really comes from.

use std::net::IpAddr;

use actix_web::http::header::HeaderMap;

use crate::domain::cidr::Cidr;

/// The client's address: the peer's, or where the peer is a trusted proxy, the last address of
/// `X-Forwarded-For` that is no trusted proxy itself.
pub(crate) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[Cidr]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let mut client = peer;
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for text in forwarded.iter().rev() {
        // What does not parse was not written by a proxy we trust: stop believing there.
        let Ok(address) = text.trim().parse() else {
            break;
        };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn seen(peer: &str, forwarded: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_str(forwarded).unwrap(),
        );
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(seen("192.0.2.1", "127.0.0.1"), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", "192.0.2.7"), "192.0.2.7");
        assert_eq!(
            seen("10.0.0.1", "127.0.0.1, 192.0.2.7, 10.0.0.2"),
            "192.0.2.7"
        );
        assert_eq!(seen("10.0.0.1", "127.0.0.1, garbage"), "10.0.0.1");
    }
}
