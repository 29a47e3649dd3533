//! The resources: the board, each incident and each runbook, by `atlas://` address.

use rmcp::model::{Resource, ResourceContents, ResourceTemplate};

use super::backend::Backend;
use super::board;
use super::fault::Fault;
use super::incident;
use super::outside::Said;
use super::runbook::{self, Heading};

const BOARD: &str = "atlas://board";
const INCIDENT: &str = "atlas://incident/";
const RUNBOOK: &str = "atlas://runbook/";
const MARKDOWN: &str = "text/markdown";
const PLAIN: &str = "text/plain";

/// The board, and the runbooks.
pub(super) fn all(runbooks: Vec<Heading>) -> Vec<Resource> {
    let board = Resource::new(BOARD, "board")
        .with_title("Situation board")
        .with_description("What is wrong now, since when, and who looks after it")
        .with_mime_type(PLAIN);
    let runbooks = runbooks.into_iter().map(|runbook| {
        Resource::new(format!("{RUNBOOK}{}", runbook.id), runbook.id)
            .with_title(runbook.title)
            .with_description(runbook.summary)
            .with_mime_type(MARKDOWN)
    });
    std::iter::once(board).chain(runbooks).collect()
}

/// What is too many to be listed.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{INCIDENT}{{id}}"), "incident")
            .with_title("Incident")
            .with_description("One incident with its timeline, by its number")
            .with_mime_type(PLAIN),
        ResourceTemplate::new(format!("{RUNBOOK}{{id}}"), "runbook")
            .with_title("Runbook")
            .with_description("One runbook with its steps and commands, by its id")
            .with_mime_type(MARKDOWN),
    ]
}

/// What stands at `uri`. Blocks.
///
/// # Errors
/// There is no such address, or whatever kept the answer away.
pub(super) fn read(backend: &Backend, uri: &str) -> Result<ResourceContents, Fault> {
    let (said, media_type) = if uri == BOARD {
        (board::text(backend)?, PLAIN)
    } else if let Some(id) = uri.strip_prefix(RUNBOOK) {
        (runbook::show(backend, id)?, MARKDOWN)
    } else if let Some(id) = uri.strip_prefix(INCIDENT).and_then(number) {
        (incident::show(backend, id)?, PLAIN)
    } else {
        return Err(Fault::Missing(format!(
            "there is no resource {:?}\nhint: there are {BOARD}, {INCIDENT}NUMBER and {RUNBOOK}ID",
            uri.chars().take(200).collect::<String>()
        )));
    };
    Ok(contents(said, uri, media_type))
}

fn contents(said: Said, uri: &str, media_type: &str) -> ResourceContents {
    let mark = said.mark();
    let contents = ResourceContents::text(said.text, uri).with_mime_type(media_type);
    match mark {
        Some(mark) => contents.with_meta(mark),
        None => contents,
    }
}

fn number(id: &str) -> Option<i64> {
    id.parse().ok().filter(|number| *number > 0)
}
