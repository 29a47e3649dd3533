//! Where a Docker Engine is reached: which addresses are taken, and why the others are not.
//! Nothing is opened here.

use std::fmt;

/// What helps with every address that is not taken.
const PROXY_HINT: &str =
    "put a GET-only socket proxy beside that engine and give its tcp://HOST:2375";

/// An address that the agent can talk to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DockerEndpoint {
    /// Path of a unix socket.
    Unix(String),
    /// `host:port` of a plain TCP engine or socket proxy.
    Tcp(String),
}

impl DockerEndpoint {
    /// Reads `unix:///path`, `tcp://host:port` or `http://host:port`. A TCP address without a
    /// port means 2375, Docker's own.
    ///
    /// # Errors
    /// Why the address is not taken and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(|| {
            format!("{text:?} is no endpoint: write unix:///var/run/docker.sock or tcp://HOST:2375")
        })?;
        match scheme {
            "unix" if cfg!(windows) => Err(format!(
                "{text:?} is no address on Windows: expose the engine as tcp://HOST:2375, or {PROXY_HINT}"
            )),
            "unix" if rest.starts_with('/') => Ok(Self::Unix(rest.to_owned())),
            "unix" => Err(format!(
                "{text:?} names no absolute path: write unix:///var/run/docker.sock"
            )),
            "tcp" | "http" => Self::tcp(text, rest),
            "npipe" => Err(format!("named pipes are not supported: {PROXY_HINT}")),
            "https" => Err(format!("TLS to Docker is not supported: {PROXY_HINT}")),
            "ssh" => Err(format!("ssh to Docker is not supported: {PROXY_HINT}")),
            other => Err(format!("{other}:// is no Docker endpoint: {PROXY_HINT}")),
        }
    }

    fn tcp(text: &str, rest: &str) -> Result<Self, String> {
        let authority = rest.trim_end_matches('/');
        let complain = |what: &str| Err(format!("{text:?} {what}: write tcp://HOST:2375"));
        if authority.is_empty() {
            return complain("names no host");
        }
        if authority.contains(['@', '/', '?', '#']) || authority.contains(char::is_whitespace) {
            return complain("holds more than a host and a port");
        }
        let (host, port) = match authority.rsplit_once(':') {
            // The last colon of a bare IPv6 address in brackets is inside them.
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (authority, "2375"),
        };
        if host.is_empty() || !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return complain("names no host and port");
        }
        Ok(Self::Tcp(format!("{host}:{port}")))
    }
}

impl fmt::Display for DockerEndpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(out, "unix://{path}"),
            Self::Tcp(authority) => write!(out, "tcp://{authority}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_plain_tcp_are_taken() {
        for (text, endpoint) in [
            ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
            ("tcp://10.0.0.5:2375", "tcp://10.0.0.5:2375"),
            ("tcp://proxy", "tcp://proxy:2375"),
            ("http://proxy:2375/", "tcp://proxy:2375"),
            ("tcp://[fd00::1]:2375", "tcp://[fd00::1]:2375"),
            ("tcp://[fd00::1]", "tcp://[fd00::1]:2375"),
        ] {
            assert_eq!(
                DockerEndpoint::parse(text).map(|endpoint| endpoint.to_string()),
                Ok(endpoint.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_reached_is_refused_with_a_way_out() {
        for text in [
            "npipe:////./pipe/docker_engine",
            "https://host:2376",
            "ssh://root@host",
            "fd://",
        ] {
            let error = DockerEndpoint::parse(text).unwrap_err();
            assert!(error.contains("GET-only socket proxy"), "{text}: {error}");
        }
        for text in [
            "",
            "/var/run/docker.sock",
            "unix://var/run/docker.sock",
            "tcp://",
            "tcp://:2375",
            "tcp://host:0",
            "tcp://host:port",
            "tcp://user:secret@host:2375",
            "tcp://host:2375/path",
        ] {
            let error = DockerEndpoint::parse(text).unwrap_err();
            assert!(error.contains("write "), "{text}: {error}");
        }
    }
}
