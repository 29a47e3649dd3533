//! Turns an engine's JSON into our shapes. Only what is needed is read, and what is missing is
//! missing: Docker of any age and Podman differ in the rest. Everything in it is text from outside:
//! names and images are bounded and tame from here on.

use serde::Deserialize;

use crate::agent::checks::docker::events::{Action, Event};
use crate::agent::checks::docker::view::{
    Container, Health, Inspected, Inspection, Product, RestartPolicy, State,
};
use crate::agent::inert;
use crate::domain::timestamp::Timestamp;

/// Longest container name that is kept whole, in characters.
const MAX_NAME: usize = 128;
/// Longest image name that is kept whole, in characters.
const MAX_IMAGE: usize = 256;
/// Longest id that is kept, in characters.
const MAX_ID: usize = 64;
/// Longest id of an image that is kept, in characters: `sha256:` and 64 digits.
const MAX_IMAGE_ID: usize = 80;
/// Signals that ask a program to end: INT, QUIT, TERM, WINCH (httpd) and RTMIN+3 (systemd).
const GENTLE: [&str; 10] = [
    "2",
    "3",
    "15",
    "28",
    "37",
    "SIGINT",
    "SIGQUIT",
    "SIGTERM",
    "SIGWINCH",
    "SIGRTMIN+3",
];

/// A row of the list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: Option<String>,
    names: Option<Vec<String>>,
    image: Option<String>,
    #[serde(rename = "ImageID")]
    image_id: Option<String>,
    created: Option<i64>,
    state: Option<String>,
    status: Option<String>,
    labels: Option<Labels>,
}

/// The labels that are of interest.
#[derive(Debug, Default, Deserialize)]
struct Labels {
    #[serde(rename = "com.docker.compose.project")]
    project: Option<String>,
    #[serde(rename = "com.docker.compose.service")]
    service: Option<String>,
    #[serde(rename = "io.podman.compose.project")]
    podman_project: Option<String>,
    #[serde(rename = "io.podman.compose.service")]
    podman_service: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspect {
    state: Option<RunState>,
    restart_count: Option<i64>,
    host_config: Option<HostConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RunState {
    status: Option<String>,
    exit_code: Option<i64>,
    #[serde(rename = "OOMKilled")]
    oom_killed: Option<bool>,
    started_at: Option<String>,
    finished_at: Option<String>,
    health: Option<HealthState>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthState {
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    restart_policy: Option<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: Option<String>,
}

/// What an engine says of itself.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct About {
    pub(super) version: Option<String>,
    pub(super) api_version: Option<String>,
    #[serde(rename = "MinAPIVersion")]
    pub(super) min_api_version: Option<String>,
    components: Option<Vec<Named>>,
}

impl About {
    /// Which program it is.
    pub(super) fn product(&self) -> Product {
        let is_podman = self.components.iter().flatten().any(|component| {
            let name = component.name.as_deref().unwrap_or_default();
            name.starts_with("Podman")
        });
        if is_podman {
            Product::Podman
        } else {
            Product::Docker
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    action: Option<String>,
    #[serde(rename = "status")]
    status: Option<String>,
    actor: Option<Actor>,
    #[serde(rename = "id")]
    id: Option<String>,
    #[serde(rename = "timeNano")]
    time_nano: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct Actor {
    #[serde(rename = "ID")]
    id: Option<String>,
    #[serde(rename = "Attributes")]
    attributes: Option<Attributes>,
}

#[derive(Debug, Default, Deserialize)]
struct Attributes {
    #[serde(rename = "exitCode")]
    exit_code: Option<String>,
    #[serde(rename = "containerExitCode")]
    podman_exit_code: Option<String>,
    signal: Option<String>,
}

/// Whether this may stand in a path: hexadecimal, 12 to 64 digits.
pub(super) fn is_id(text: &str) -> bool {
    (12..=MAX_ID).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// A row of the list, read.
#[derive(Debug, PartialEq)]
pub(super) enum Listed {
    /// A container.
    Container(Box<Container>),
    /// One without an id, which cannot be told from others.
    Nameless,
    /// No row at all.
    Broken,
}

/// Reads a row of the list.
pub(super) fn listed(json: &[u8]) -> Listed {
    let Ok(row) = serde_json::from_slice::<Row>(json) else {
        return Listed::Broken;
    };
    let Some(id) = row.id.filter(|id| !id.is_empty()) else {
        return Listed::Nameless;
    };
    // Links show up as `/other/alias`; the container's own name has no inner slash.
    let names = row.names.unwrap_or_default();
    let own = names
        .iter()
        .map(|name| name.trim_start_matches('/'))
        .find(|name| !name.is_empty() && !name.contains('/'));
    let name = own.map_or_else(|| id.chars().take(12).collect(), str::to_owned);
    let labels = row.labels.unwrap_or_default();
    let label = |own: Option<String>, podman: Option<String>| {
        let text = own.or(podman).filter(|text| !text.is_empty())?;
        Some(inert::line(&text, MAX_NAME))
    };
    let mut container = Container {
        name: inert::name(&name, MAX_NAME),
        id: inert::line(&id, MAX_ID),
        image: inert::line(&row.image.unwrap_or_default(), MAX_IMAGE),
        image_id: inert::line(&row.image_id.unwrap_or_default(), MAX_IMAGE_ID),
        project: label(labels.project, labels.podman_project),
        service: label(labels.service, labels.podman_service),
        created: row
            .created
            .filter(|seconds| *seconds > 0)
            .map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000))),
        state: State::parse(&row.state.unwrap_or_default()),
        status: inert::line(&row.status.unwrap_or_default(), MAX_NAME),
        mark: String::new(),
        inspected: Inspection::Unneeded,
    };
    container.mark = container.row_mark();
    Listed::Container(Box::new(container))
}

/// Adds an inspection to a row. Its state is newer than the row's.
pub(super) fn complete(container: &mut Container, json: &[u8]) {
    let answer = match serde_json::from_slice::<Inspect>(json) {
        Ok(answer) => answer,
        Err(error) => {
            container.inspected = Inspection::Failed(inert::line(&error.to_string(), MAX_NAME));
            return;
        }
    };
    let Some(state) = answer.state else {
        container.inspected = Inspection::Failed("the inspection has no state".to_owned());
        return;
    };
    if let Some(word) = &state.status {
        container.state = State::parse(word);
    }
    let policy = answer
        .host_config
        .and_then(|config| config.restart_policy)
        .and_then(|policy| policy.name)
        .map(|name| RestartPolicy::parse(&name))
        .unwrap_or_default();
    container.inspected = Inspection::Done(inspected(&state, answer.restart_count, policy));
}

fn inspected(state: &RunState, restarts: Option<i64>, policy: RestartPolicy) -> Inspected {
    let health = state
        .health
        .as_ref()
        .and_then(|health| health.status.as_deref())
        .map(Health::parse)
        .unwrap_or_default();
    Inspected {
        exit_code: state.exit_code,
        restart_count: restarts
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or_default(),
        health,
        oom_killed: state.oom_killed.unwrap_or_default(),
        started_at: moment(state.started_at.as_deref()),
        finished_at: moment(state.finished_at.as_deref()),
        restart_policy: policy,
    }
}

/// Docker writes the year 1 for "never".
fn moment(text: Option<&str>) -> Option<Timestamp> {
    Timestamp::parse(text?).filter(|moment| moment.as_millis() > 0)
}

/// Reads an event: the id of its container and what happened. Nothing for one that is not judged,
/// or is no event at all.
pub(super) fn event(json: &[u8]) -> Option<(String, Event)> {
    let message: Message = serde_json::from_slice(json).ok()?;
    let (actor_id, attributes) = message
        .actor
        .map_or((None, None), |actor| (actor.id, actor.attributes));
    let attributes = attributes.unwrap_or_default();
    let action = match message.action.or(message.status)?.as_str() {
        "kill" => Action::Kill {
            gentle: attributes
                .signal
                .is_some_and(|signal| GENTLE.contains(&signal.as_str())),
        },
        "die" | "died" => Action::Die {
            code: attributes
                .exit_code
                .or(attributes.podman_exit_code)
                .and_then(|code| code.parse().ok()),
        },
        "stop" => Action::Stop,
        "start" => Action::Start,
        "restart" => Action::Restart,
        "oom" => Action::Oom,
        "destroy" | "remove" => Action::Destroy,
        _ => return None,
    };
    let id = actor_id.or(message.id).filter(|id| is_id(id))?;
    let at = message.time_nano.filter(|at| *at > 0)?;
    Some((id, Event { at, action }))
}

#[cfg(test)]
mod tests;
