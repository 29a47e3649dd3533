//! What kept an answer away, in words that say what to do about it. A person reads them in the
//! client, and so does the model, which may mend its own call.

use std::fmt;

use crate::http;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The call itself is wrong: an argument, or a name.
    Wrong(String),
    /// There is nothing of this id.
    Missing(String),
    /// The server was not reached, or refused.
    Server(String),
}

impl Fault {
    /// The words.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Wrong(text) | Self::Missing(text) | Self::Server(text) => text,
        }
    }

    /// What the server or the way to it did, while `attempt` ("read the incident 7") was tried.
    pub(super) fn of(error: &http::Error, attempt: &str, url: &str) -> Self {
        let text = format!("cannot {attempt}: {error}\nhint: {}", hint(error, url));
        match error {
            http::Error::Status {
                code: 404,
                problem: Some(_),
                ..
            } => Self::Missing(text),
            http::Error::Status {
                code: 400 | 422, ..
            } => Self::Wrong(text),
            _ => Self::Server(text),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text())
    }
}

/// The next thing to do, by what went wrong.
fn hint(error: &http::Error, url: &str) -> String {
    match error {
        http::Error::Unreachable(_) => {
            format!(
                "the server is away or the address is wrong; try `atlas-ops health --url {url}`, then call again"
            )
        }
        http::Error::TimedOut => {
            format!(
                "the server hangs, or something between; try `atlas-ops health --url {url}`, then call again"
            )
        }
        http::Error::Redirects { to } => {
            format!(
                "if the new address ({to}) is yours, start `atlas-ops mcp` with it as --url, without the /api part"
            )
        }
        http::Error::NotOurs(_) => {
            format!("something else answers at {url}: check host, port and base path of --url")
        }
        http::Error::Tls(_) => {
            "for a private certificate authority give its certificate with --ca-file".to_owned()
        }
        http::Error::Status { code, problem, .. } => refusal(*code, problem.is_some(), url),
        http::Error::Other(_) => format!("check --url, which is {url}"),
    }
}

fn refusal(code: u16, is_ours: bool, url: &str) -> String {
    match code {
        401 => "the token was refused: it is unknown, expired or revoked. On the server make one with `atlas-ops token create --scope read`, put it into the token file, and start `atlas-ops mcp` again".to_owned(),
        403 => "the token may not do this: reading needs the scope read, changing needs operate (`atlas-ops token create --scope operate` on the server)".to_owned(),
        404 if is_ours => "take the ids from list_incidents, find_runbooks or list_sites".to_owned(),
        404 | 405 => format!("{url} has no such API of Atlas Ops: --url must be the server's address with its base path, if it has one, and the server no older than this program"),
        409 => "it is not in a state for that: read the incident first (atlas://incident/{id})".to_owned(),
        400 | 422 => "mend the arguments and call again".to_owned(),
        429 | 503 => "the server is busy: wait some seconds and call again".to_owned(),
        408 | 504 => format!("the server is slow, or a proxy before it; try `atlas-ops health --url {url}`"),
        500..=599 => "look at the server's log".to_owned(),
        _ => "check that server and this program have the same version: `atlas-ops --version`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Problem;

    fn status(code: u16, is_ours: bool) -> http::Error {
        http::Error::Status {
            code,
            retry_after: None,
            problem: is_ours.then(|| {
                Box::new(Problem {
                    kind: "about:blank".to_owned(),
                    title: "Not Found".to_owned(),
                    status: code,
                    detail: "there is no incident 7".to_owned(),
                    errors: Vec::new(),
                })
            }),
        }
    }

    #[test]
    fn an_unknown_id_is_told_from_a_wrong_address() {
        let of = |error| Fault::of(&error, "read the incident 7", "http://atlas:8000");
        let unknown = of(status(404, true));
        assert!(matches!(&unknown, Fault::Missing(text) if text.contains("list_incidents")));
        let elsewhere = of(status(404, false));
        assert!(matches!(&elsewhere, Fault::Server(text) if text.contains("--url")));
        assert!(matches!(of(status(422, true)), Fault::Wrong(_)));
    }

    #[test]
    fn every_fault_says_what_to_do() {
        let errors = [
            http::Error::Unreachable("refused".to_owned()),
            http::Error::TimedOut,
            http::Error::Tls("x".to_owned()),
            http::Error::NotOurs("it is text/html".to_owned()),
            status(401, true),
            status(403, true),
            status(500, false),
        ];
        for error in errors {
            let fault = Fault::of(&error, "list the sites", "http://atlas:8000");
            let lines: Vec<&str> = fault.text().lines().collect();
            assert!(lines[0].starts_with("cannot list the sites: "), "{fault}");
            assert!(lines[1].starts_with("hint: "), "{fault}");
        }
    }
}
