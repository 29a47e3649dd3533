//! One look at one Docker endpoint: version, list, what happened since the last look, and an
//! inspection of each container that needs one. GET requests only. Every call stands under a time
//! limit and every answer under a bound.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use docker_api::ApiVersion;
use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, timeout_at};

use super::docker_cut::Form;
use super::docker_http::{Answer, Connection, Enough, Extent, Failure};
use super::docker_shapes::{self, Listed};
use crate::agent::checks::docker::ask::Ask;
use crate::agent::checks::docker::events::{Event, Events, Nanos};
use crate::agent::checks::docker::view::{Container, Engine, Inspection, Look, Product};
use crate::agent::inert;
use crate::clock;
use crate::domain::docker_endpoint::DockerEndpoint;
use crate::domain::order;

/// The newest API that was tried.
const NEWEST_TRIED: ApiVersion = ApiVersion::new(1, Some(44), None);
/// Inspections that run at once.
const AT_ONCE: usize = 16;
/// How long one inspection may take: an engine may hang on one container and answer for others.
const INSPECTION: Duration = Duration::from_secs(3);
/// How long the events may take: an engine may keep such an answer open for ever.
const LISTENING: Duration = Duration::from_secs(4);
/// Most containers of one endpoint that are looked at.
const MAX_CONTAINERS: usize = 20_000;
/// Most events that are heard in one look.
const MAX_EVENTS: usize = 20_000;
/// Longest row of the list and longest event, in bytes: labels may be long.
const MAX_OBJECT: usize = 256 * 1024;
/// Longest inspection, in bytes.
const MAX_INSPECTION: usize = 1024 * 1024;
/// Longest answer about the version, in bytes.
const MAX_VERSION: usize = 64 * 1024;
/// Clocks that differ by no more than this count as equal, in milliseconds: an engine tells its
/// time in whole seconds.
const SAME_CLOCK_MS: i64 = 2_000;
/// How far another host's clock may be ahead although it counts as equal, in milliseconds.
const UNSURE_MS: i64 = 1_000;

/// An engine that answered.
struct Session {
    connection: Connection,
    product: Product,
    version: String,
    api_version: String,
    skew_ms: i64,
}

/// Looks at an endpoint for at most `limit`, or its own time limit where that is shorter.
pub async fn look(ask: &Ask, limit: Duration) -> Look {
    let limit = limit.min(ask.timeout);
    let deadline = Instant::now() + limit;
    let begun = timeout_at(deadline, async {
        let session = connect(&ask.address).await?;
        let rows = list(&session).await?;
        Ok::<_, Failure>((session, rows))
    });
    let (session, (rows, whole)) = match begun.await {
        Ok(Ok(begun)) => begun,
        Ok(Err(failure)) => return class_of(failure),
        Err(_) => return Look::Unreachable(format!("no answer within {limit:.0?}")),
    };
    let until = session.now(&ask.address);
    let listening = deadline.min(Instant::now() + LISTENING);
    let events = match timeout_at(listening, hear(&session, ask.since(until), until)).await {
        Ok(events) => events,
        Err(_) => Events::Failed("they do not end".to_owned()),
    };
    let inspected: Vec<Option<Container>> = stream::iter(rows)
        .map(|row| {
            let is_needed = ask.needs_inspection(&row, events.of(&row.id), until);
            let session = &session;
            async move {
                if is_needed {
                    inspect(session, row, deadline).await
                } else {
                    Some(row)
                }
            }
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    Look::Answered(Engine {
        product: session.product,
        version: session.version,
        api_version: session.api_version,
        containers: inspected.into_iter().flatten().collect(),
        whole,
        events,
        skew_ms: session.skew_ms,
    })
}

impl Session {
    /// Now by the engine's clock, rather late than early: what the list shows has happened by then.
    fn now(&self, address: &DockerEndpoint) -> Nanos {
        let unsure_ms = match address {
            DockerEndpoint::Unix(_) => 1,
            DockerEndpoint::Tcp(authority) if is_loopback(authority) => 1,
            DockerEndpoint::Tcp(_) => UNSURE_MS,
        };
        let now = clock::now().plus_millis(self.skew_ms + unsure_ms);
        now.as_millis().saturating_mul(1_000_000)
    }
}

/// Whether this `host:port` is on this host, and has its clock.
fn is_loopback(authority: &str) -> bool {
    ["127.", "localhost:", "[::1]:"]
        .iter()
        .any(|start| authority.starts_with(start))
}

/// A connection that speaks a version both sides know.
async fn connect(address: &DockerEndpoint) -> Result<Session, Failure> {
    let mut connection = Connection::new(address);
    let answer = connection.get("/version").await?;
    let skew_ms = skew_ms(&answer);
    let answer: docker_shapes::About = answer.json(MAX_VERSION).await?;
    let api_version = spoken(
        answer.min_api_version.as_deref(),
        answer.api_version.as_deref(),
    )
    .ok_or(Failure::Garbage)?
    .to_string();
    connection.speak(&api_version);
    Ok(Session {
        connection,
        product: answer.product(),
        version: inert::line(&answer.version.unwrap_or_default(), 64),
        api_version,
        skew_ms,
    })
}

/// How far the engine's clock is ahead of this host's.
fn skew_ms(answer: &Answer) -> i64 {
    let Some(date_ms) = answer.date_ms else {
        return 0;
    };
    // It says the second that has begun.
    let skew_ms = date_ms + 500 - clock::now().as_millis();
    if skew_ms.abs() <= SAME_CLOCK_MS {
        0
    } else {
        skew_ms
    }
}

/// `max(least, min(newest, NEWEST_TRIED))`: never newer than what was tried, unless the engine
/// speaks nothing older (Engine 29 refuses below 1.44).
fn spoken(least: Option<&str>, newest: Option<&str>) -> Option<ApiVersion> {
    let newest: ApiVersion = newest?.parse().ok()?;
    let least: Option<ApiVersion> = least.and_then(|text| text.parse().ok());
    let wanted = newest.min(NEWEST_TRIED);
    Some(least.map_or(wanted, |least| least.max(wanted)))
}

/// The rows of all containers, and whether that is really all.
async fn list(session: &Session) -> Result<(Vec<Container>, bool), Failure> {
    let answer = session.connection.get("/containers/json?all=true").await?;
    let mut rows: Vec<Container> = Vec::new();
    let mut broken = 0_usize;
    let extent = answer
        .objects(Form::List, MAX_OBJECT, &mut |json| {
            match docker_shapes::listed(json) {
                Listed::Container(row) => rows.push(*row),
                Listed::Nameless => {}
                Listed::Broken => broken += 1,
            }
            if rows.len() < MAX_CONTAINERS {
                Enough::No
            } else {
                Enough::Yes
            }
        })
        .await?;
    Ok((rows, extent == Extent::Whole && broken == 0))
}

/// What happened to containers between two moments.
async fn hear(session: &Session, since: Nanos, until: Nanos) -> Events {
    match events(session, since, until).await {
        Ok(events) => events,
        Err(Failure::Status(code @ (401 | 403 | 404 | 405 | 501), reason)) => Events::Refused {
            until,
            reason: format!("it answered {code} ({reason})"),
        },
        Err(failure) => Events::Failed(reason_of(failure)),
    }
}

/// Where there are too many the rest is asked for at the next look.
async fn events(session: &Session, since: Nanos, until: Nanos) -> Result<Events, Failure> {
    let path = events_path(session.product, since, until);
    let answer = session.connection.get(&path).await?;
    let mut by_id: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let mut count = 0;
    let mut last = since;
    let extent = answer
        .objects(Form::Stream, MAX_OBJECT, &mut |json| {
            if let Some((id, event)) = docker_shapes::event(json) {
                last = last.max(event.at);
                by_id.entry(id).or_default().push(event);
            }
            count += 1;
            if count < MAX_EVENTS {
                Enough::No
            } else {
                Enough::Yes
            }
        })
        .await?;
    for events in by_id.values_mut() {
        order::sort_by_key(events, |event| event.at);
    }
    Ok(Events::Heard {
        until: if extent == Extent::Cut { last } else { until },
        by_id,
    })
}

/// Both products filter by their own words. Docker ends the answer at `until`; Podman 4 answers
/// nothing for an `until` in the past, and ends by `stream=false`, which Docker does not know.
fn events_path(product: Product, since: Nanos, until: Nanos) -> String {
    let moment = |nanos: Nanos| {
        let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        format!("{seconds}.{rest:09}")
    };
    let since = moment(since.max(0));
    match product {
        Product::Docker => {
            let filters = filters(&["die", "start", "stop", "kill", "oom", "destroy", "restart"]);
            let until = moment(until.max(0));
            format!("/events?since={since}&until={until}&filters={filters}")
        }
        Product::Podman => {
            let filters = filters(&["died", "start", "stop", "kill", "oom", "remove", "restart"]);
            format!("/events?since={since}&stream=false&filters={filters}")
        }
    }
}

/// Only what happens to containers, and only what is judged: health checks alone are more.
fn filters(actions: &[&str]) -> String {
    let actions = actions.join("\",\"");
    let json = format!(r#"{{"type":["container"],"event":["{actions}"]}}"#);
    json.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
        path
    })
}

/// Adds what only an inspection tells. Where it fails, the row of the list stands for itself. Nothing
/// for a container that was removed meanwhile.
async fn inspect(
    session: &Session,
    mut container: Container,
    deadline: Instant,
) -> Option<Container> {
    if !docker_shapes::is_id(&container.id) {
        container.inspected = Inspection::Failed("its id is not hexadecimal".to_owned());
        return Some(container);
    }
    let by = deadline.min(Instant::now() + INSPECTION);
    let path = format!("/containers/{}/json", container.id);
    let call = async {
        session
            .connection
            .get(&path)
            .await?
            .whole(MAX_INSPECTION)
            .await
    };
    match timeout_at(by, call).await {
        Ok(Ok(json)) => docker_shapes::complete(&mut container, &json),
        Ok(Err(Failure::Status(404, _))) => return None,
        Ok(Err(failure)) => container.inspected = Inspection::Failed(reason_of(failure)),
        Err(_) => container.inspected = Inspection::Failed("no answer in time".to_owned()),
    }
    Some(container)
}

/// What a failure says of the endpoint.
fn class_of(failure: Failure) -> Look {
    match &failure {
        Failure::Status(401 | 403, _) | Failure::Io(io::ErrorKind::PermissionDenied, _) => {
            Look::NotAllowed(reason_of(failure))
        }
        _ => Look::Unreachable(reason_of(failure)),
    }
}

fn reason_of(failure: Failure) -> String {
    match failure {
        Failure::Status(code, reason) => format!("it answered {code} ({reason})"),
        Failure::Io(io::ErrorKind::PermissionDenied, _) => {
            "permission denied on its socket".to_owned()
        }
        Failure::Io(io::ErrorKind::NotFound, _) => "there is no such socket".to_owned(),
        Failure::Io(io::ErrorKind::ConnectionRefused, _) => "refused".to_owned(),
        Failure::Io(_, reason) => inert::line(&reason, 200),
        Failure::Garbage => "its answer is not one of a Docker Engine".to_owned(),
        Failure::TooLong => "its answer is longer than any should be".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_spoken_is_known_to_both_sides() {
        for (least, newest, expected) in [
            (Some("1.12"), Some("1.41"), Some("1.41")),
            (Some("1.24"), Some("1.47"), Some("1.44")),
            (Some("1.44"), Some("1.52"), Some("1.44")),
            (Some("1.48"), Some("1.60"), Some("1.48")),
            (None, Some("1.30"), Some("1.30")),
            (Some("1.12"), None, None),
            (Some("x"), Some("latest"), None),
        ] {
            let version = spoken(least, newest).map(|version| version.to_string());
            assert_eq!(version.as_deref(), expected, "{least:?} {newest:?}");
        }
    }

    #[test]
    fn events_are_asked_for_in_the_words_of_each_product() {
        let path = events_path(Product::Docker, 1_500_000_000, 2_000_000_001);
        assert!(
            path.starts_with("/events?since=1.500000000&until=2.000000001&filters=%7B%22type%22"),
            "{path}"
        );
        assert!(
            path.contains("%22die%22") && !path.contains("exec"),
            "{path}"
        );
        let path = events_path(Product::Podman, 1_500_000_000, 2_000_000_001);
        assert!(path.contains("stream=false") && path.contains("%22died%22"));
        assert!(!path.contains("until"), "{path}");
    }

    #[test]
    fn only_this_hosts_clock_is_trusted_to_the_millisecond() {
        for (authority, expected) in [
            ("127.0.0.1:2375", true),
            ("localhost:2375", true),
            ("[::1]:2375", true),
            ("10.0.0.5:2375", false),
            ("localhost.example:2375", false),
        ] {
            assert_eq!(is_loopback(authority), expected, "{authority}");
        }
    }
}
