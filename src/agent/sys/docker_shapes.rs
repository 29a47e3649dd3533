//! Turns docker-api's shapes into ours. Everything in them is text from outside: names and images
//! are bounded and tame from here on.

use docker_api::models::{ContainerInspect200Response, ContainerState, ContainerSummary};

use crate::agent::checks::docker::view::{Container, Health, Inspected, RestartPolicy, State};
use crate::agent::inert;
use crate::domain::timestamp::Timestamp;

/// Longest container name that is kept whole, in characters.
const MAX_NAME: usize = 128;
/// Longest image name that is kept whole, in characters.
const MAX_IMAGE: usize = 256;
/// Longest id that is kept, in characters.
const MAX_ID: usize = 64;

/// Whether this may stand in a path: hexadecimal, 12 to 64 digits.
pub(super) fn is_id(text: &str) -> bool {
    (12..=MAX_ID).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// A row of the list; nothing for one without an id, which cannot be told from others.
pub(super) fn listed(row: ContainerSummary) -> Option<Container> {
    let id = row.id.filter(|id| !id.is_empty())?;
    // Links show up as `/other/alias`; the container's own name has no inner slash.
    let names = row.names.unwrap_or_default();
    let own = names
        .iter()
        .map(|name| name.trim_start_matches('/'))
        .find(|name| !name.is_empty() && !name.contains('/'));
    let name = own.map_or_else(|| id.chars().take(12).collect(), str::to_owned);
    Some(Container {
        name: inert::name(&name, MAX_NAME),
        id: inert::line(&id, MAX_ID),
        image: inert::line(&row.image.unwrap_or_default(), MAX_IMAGE),
        state: State::parse(&row.state.unwrap_or_default()),
        status: inert::line(&row.status.unwrap_or_default(), MAX_NAME),
        inspected: Err("not inspected".to_owned()),
    })
}

/// Adds an inspection to a row. Its state is newer than the row's.
pub(super) fn complete(container: &mut Container, answer: ContainerInspect200Response) {
    let Some(state) = answer.state else {
        container.inspected = Err("the inspection has no state".to_owned());
        return;
    };
    if let Some(word) = &state.status {
        container.state = State::parse(word);
    }
    let policy = answer
        .host_config
        .as_ref()
        .and_then(|config| config.pointer("/RestartPolicy/Name"))
        .and_then(|name| name.as_str())
        .map(RestartPolicy::parse)
        .unwrap_or_default();
    container.inspected = Ok(inspected(&state, answer.restart_count, policy));
}

fn inspected(state: &ContainerState, restarts: Option<isize>, policy: RestartPolicy) -> Inspected {
    let health = state
        .health
        .as_ref()
        .and_then(|health| health.status.as_deref())
        .map(Health::parse)
        .unwrap_or_default();
    Inspected {
        exit_code: state.exit_code.and_then(|code| i64::try_from(code).ok()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Option<Container> {
        listed(serde_json::from_str(json).unwrap())
    }

    fn inspection(text: &str) -> Container {
        let mut container =
            row(r#"{"Id": "0123456789abcdef", "Names": ["/web"], "State": "running"}"#).unwrap();
        complete(&mut container, serde_json::from_str(text).unwrap());
        container
    }

    #[test]
    fn recorded_inspections_are_read() {
        let container = inspection(include_str!(
            "../../../tests/fixtures/agent/inspect-oom.json"
        ));
        assert_eq!(container.state, State::Exited);
        let seen = container.inspected.unwrap();
        assert_eq!((seen.exit_code, seen.oom_killed), (Some(137), true));
        assert!(seen.finished_at > seen.started_at && seen.started_at.is_some());

        let container = inspection(include_str!(
            "../../../tests/fixtures/agent/inspect-loop.json"
        ));
        let seen = container.inspected.unwrap();
        assert!(seen.restart_count >= 3, "{seen:?}");
        assert_eq!(seen.restart_policy, RestartPolicy::Always);

        let container = inspection(include_str!(
            "../../../tests/fixtures/agent/inspect-unhealthy.json"
        ));
        assert_eq!(container.state, State::Running);
        assert_eq!(container.inspected.unwrap().health, Health::Unhealthy);

        let container = inspection(include_str!(
            "../../../tests/fixtures/agent/inspect-created.json"
        ));
        assert_eq!(container.state, State::Created);
        assert_eq!(container.inspected.unwrap().started_at, None);
    }

    #[test]
    fn a_newer_engine_may_leave_out_a_field_that_the_shape_demands() {
        let text = include_str!("../../../tests/fixtures/agent/inspect-no-driver-name.json");
        assert!(serde_json::from_str::<ContainerInspect200Response>(text).is_err());
    }

    #[test]
    fn an_inspection_without_a_state_is_a_failed_one() {
        assert!(inspection("{}").inspected.is_err());
    }

    #[test]
    fn the_own_name_is_found_among_links_and_hostile_ones_are_tame() {
        let name = |names: &str| {
            row(&format!(
                r#"{{"Id": "0123456789abcdef", "Names": {names}}}"#
            ))
            .unwrap()
            .name
        };
        assert_eq!(name(r#"["/app/db", "/db"]"#), "db");
        assert_eq!(name("[]"), "0123456789ab");
        assert_eq!(name("null"), "0123456789ab");
        let hostile = name(&format!(r#"["/x\n\u001b[2J{}"]"#, "y".repeat(9000)));
        assert!(hostile.chars().count() <= MAX_NAME && !hostile.contains(['\n', '\u{1b}']));
        assert!(row("{}").is_none());
    }

    #[test]
    fn only_hexadecimal_ids_stand_in_paths() {
        assert!(is_id("0123456789ab") && is_id(&"f".repeat(64)));
        for id in [
            "",
            "0123456789a",
            "../../images/json",
            "0123456789ab/../x",
            "0123456789ag",
        ] {
            assert!(!is_id(id), "{id}");
        }
        assert!(!is_id(&"f".repeat(65)));
    }
}
