//! One look at one Docker endpoint through docker-api: version, list, and an inspection of each
//! container. GET requests only. docker-api has no time limits of its own: every call here stands
//! under one.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use docker_api::opts::ContainerListOpts;
use docker_api::{ApiVersion, Docker, Error};
use futures_util::stream::{self, StreamExt};
use tokio::time::{Instant, timeout_at};

use super::docker_shapes;
use crate::agent::checks::docker::view::{Container, Engine, Look};
use crate::agent::inert;
use crate::domain::docker_endpoint::DockerEndpoint;

/// The newest API that docker-api's shapes were tried with.
const NEWEST_TRIED: ApiVersion = ApiVersion::new(1, Some(44), None);
/// Inspections that run at once.
const AT_ONCE: usize = 16;
/// How long one inspection may take: an engine may hang on one container and answer for others.
const INSPECTION: Duration = Duration::from_secs(3);
/// Longest reason that is passed on, in characters.
const MAX_REASON: usize = 200;

/// How one container's inspection ended.
enum Inspection {
    Done(Container),
    /// It was removed meanwhile.
    Gone,
}

/// Looks at an endpoint for at most `limit`.
pub async fn look(endpoint: &DockerEndpoint, limit: Duration) -> Look {
    let deadline = Instant::now() + limit;
    let late = || Look::Unreachable(format!("no answer within {limit:.0?}"));
    let engine = match timeout_at(deadline, connect(endpoint)).await {
        Ok(Ok(engine)) => engine,
        Ok(Err(error)) => return class_of(&error),
        Err(_) => return late(),
    };
    let (docker, version, api_version) = engine;
    let options = ContainerListOpts::builder().all(true).build();
    let rows = match timeout_at(deadline, docker.containers().list(&options)).await {
        Ok(Ok(rows)) => rows,
        Ok(Err(error)) => return class_of(&error),
        Err(_) => return late(),
    };
    let listed = rows.into_iter().filter_map(docker_shapes::listed);
    let inspected: Vec<Inspection> = stream::iter(listed)
        .map(|container| inspect(&docker, container, deadline))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let containers = inspected
        .into_iter()
        .filter_map(|inspection| match inspection {
            Inspection::Done(container) => Some(container),
            Inspection::Gone => None,
        })
        .collect();
    Look::Answered(Engine {
        version,
        api_version,
        containers,
    })
}

/// A client that speaks a version both sides know, with the engine's version and that one.
async fn connect(endpoint: &DockerEndpoint) -> Result<(Docker, String, String), Error> {
    let address = endpoint.to_string();
    let answer = Docker::new(&address)?.version().await?;
    let api_version = spoken(
        answer.min_api_version.as_deref(),
        answer.api_version.as_deref(),
    )
    .ok_or_else(|| Error::InvalidResponse("it names no API version".to_owned()))?;
    let docker = Docker::new_versioned(&address, api_version)?;
    let version = inert::line(&answer.version.unwrap_or_default(), 64);
    Ok((docker, version, api_version.to_string()))
}

/// `max(least, min(newest, NEWEST_TRIED))`: never newer than what was tried, unless the engine
/// speaks nothing older (Engine 29 refuses below 1.44).
fn spoken(least: Option<&str>, newest: Option<&str>) -> Option<ApiVersion> {
    let newest: ApiVersion = newest?.parse().ok()?;
    let least: Option<ApiVersion> = least.and_then(|text| text.parse().ok());
    let wanted = newest.min(NEWEST_TRIED);
    Some(least.map_or(wanted, |least| least.max(wanted)))
}

/// Adds what only an inspection tells. Where it fails, the row of the list stands for itself.
async fn inspect(docker: &Docker, mut container: Container, deadline: Instant) -> Inspection {
    if !docker_shapes::is_id(&container.id) {
        container.inspected = Err("its id is not hexadecimal".to_owned());
        return Inspection::Done(container);
    }
    let by = deadline.min(Instant::now() + INSPECTION);
    let call = docker.containers().get(container.id.as_str());
    match timeout_at(by, call.inspect()).await {
        Ok(Ok(answer)) => docker_shapes::complete(&mut container, answer),
        Ok(Err(Error::Fault { code, .. })) if code.as_u16() == 404 => return Inspection::Gone,
        Ok(Err(error)) => {
            container.inspected = Err(inert::line(&error.to_string(), MAX_REASON));
        }
        Err(_) => container.inspected = Err("no answer in time".to_owned()),
    }
    Inspection::Done(container)
}

/// What an error says of the endpoint.
fn class_of(error: &Error) -> Look {
    if let Error::Fault { code, message } = error {
        let reason = format!(
            "it answered {} ({})",
            code.as_u16(),
            inert::line(message, MAX_REASON)
        );
        return match code.as_u16() {
            401 | 403 => Look::NotAllowed(reason),
            _ => Look::Unreachable(reason),
        };
    }
    match io_error_in(error).map(io::Error::kind) {
        Some(io::ErrorKind::PermissionDenied) => {
            Look::NotAllowed("permission denied on its socket".to_owned())
        }
        Some(io::ErrorKind::NotFound) => Look::Unreachable("there is no such socket".to_owned()),
        Some(io::ErrorKind::ConnectionRefused) => Look::Unreachable("refused".to_owned()),
        _ if is_garbage(error) => {
            Look::Unreachable("its answer is not one of a Docker Engine".to_owned())
        }
        _ => Look::Unreachable(inert::line(&error.to_string(), MAX_REASON)),
    }
}

fn is_garbage(error: &Error) -> bool {
    match error {
        Error::SerdeJsonError(_) | Error::InvalidResponse(_) | Error::MalformedVersion(_) => true,
        Error::Error(inner) => match inner {
            docker_api::conn::Error::SerdeJsonError(_) | docker_api::conn::Error::Encoding(_) => {
                true
            }
            docker_api::conn::Error::Hyper(error) => {
                error.is_parse() || error.is_incomplete_message()
            }
            _ => false,
        },
        Error::Hyper(error) => error.is_parse() || error.is_incomplete_message(),
        _ => false,
    }
}

/// The operating system's error at the root of another.
fn io_error_in(error: &Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<io::Error>() {
            return Some(found);
        }
        source = error.source();
    }
    None
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
}
