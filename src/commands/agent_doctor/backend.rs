//! Whether the backend can be reached, knows the token, and tells the same time.

use super::{Finding, Verdict};
use crate::agent::client;
use crate::clock;
use crate::config::agent::AgentConfig;
use crate::domain::timestamp::Timestamp;
use crate::http::{Client, Error, Options};
use crate::wire;

/// Clocks that differ by more than this are told, in milliseconds. The server's `Date` counts
/// whole seconds.
const SKEW_MS: i64 = 5_000;
/// A page that every token may ask for; an ingest token is known, but may not read it.
const READ: &str = "/api/sites";

pub(super) fn findings(config: &AgentConfig) -> Vec<Finding> {
    const WHAT: &str = "backend";
    let options = Options {
        ca_file: config.ca_file.clone(),
        ..Options::default()
    };
    let client = match Client::new(&options) {
        Ok(client) => client,
        Err(error) => {
            return vec![
                Finding::new(WHAT, Verdict::Refused, error.to_string())
                    .hint(client::hint(&error, config)),
            ];
        }
    };
    let url = format!("{}{}", config.backend_url, wire::HEALTH);
    match client.get_json::<wire::Health>(&url, &[]) {
        Err(error) => {
            let detail = format!("{}: {error}", config.backend_url);
            vec![Finding::new(WHAT, Verdict::Refused, detail).hint(client::hint(&error, config))]
        }
        Ok(health) => {
            let detail = format!(
                "{}: {} ({})",
                config.backend_url, health.status, health.version
            );
            vec![
                Finding::new(WHAT, Verdict::Works, detail),
                token(&client, config),
                clocks(&client, &url),
            ]
        }
    }
}

/// Asks for something to read, which changes nothing: 401 means that the token is not known.
fn token(client: &Client, config: &AgentConfig) -> Finding {
    const WHAT: &str = "token";
    let bearer = format!("Bearer {}", config.token.reveal());
    let url = format!("{}{READ}", config.backend_url);
    match client.get_json::<serde_json::Value>(&url, &[("Authorization", &bearer)]) {
        Ok(_) | Err(Error::Status { code: 403, .. }) => {
            Finding::new(WHAT, Verdict::Works, "the backend knows it")
        }
        Err(Error::Status { code: 401, .. }) => Finding::new(
            WHAT,
            Verdict::Refused,
            "the backend does not know it",
        )
        .hint("on the server: atlas-ops token create --scope ingest; then write it to agent.token"),
        Err(error) => Finding::new(WHAT, Verdict::Unknown, error.to_string()),
    }
}

fn clocks(client: &Client, url: &str) -> Finding {
    const WHAT: &str = "clock";
    let before = clock::now();
    let date = client.date_of(url);
    let now = clock::now();
    let Some(theirs) = date.ok().and_then(|text| Timestamp::parse_http(&text)) else {
        return Finding::new(WHAT, Verdict::Unknown, "the backend tells no time");
    };
    // The server told it somewhere between, cut to the second.
    let ours = before.plus_millis(now.millis_since(before) / 2 - 500);
    let skew = ours.millis_since(theirs);
    // Whole seconds: the backend's time is cut to them.
    let seconds = (skew + skew.signum() * 500) / 1000;
    let detail = format!("{seconds} s from the backend's");
    if skew.abs() > SKEW_MS {
        Finding::new(WHAT, Verdict::Refused, detail).hint("timedatectl set-ntp true")
    } else {
        Finding::new(WHAT, Verdict::Works, detail)
    }
}
