//! Runbooks as the server tells them: the operator's own words, so they stand behind no fence.

use std::fmt::Write as _;

use serde::Deserialize;

use super::backend::Backend;
use super::fault::Fault;
use super::outside::Said;
use crate::domain::runbook::{Runbook, Step, StepKind};

/// What a list of runbooks shows of each.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Heading {
    pub(super) id: String,
    pub(super) title: String,
    #[serde(default)]
    pub(super) summary: String,
}

/// All runbooks, by id.
///
/// # Errors
/// Whatever kept the answer away.
pub(super) fn headings(backend: &Backend) -> Result<Vec<Heading>, Fault> {
    backend.get("list the runbooks", "/api/runbooks", &[])
}

/// What somebody looks for a runbook with.
#[derive(Debug, Clone, Default)]
pub(super) struct Sought<'a> {
    pub(super) text: Option<&'a str>,
    pub(super) kind: Option<&'a str>,
    pub(super) site: Option<&'a str>,
    /// Members of a signal's detail.
    pub(super) detail: Vec<(String, String)>,
}

/// A runbook that fits, and why.
#[derive(Debug, Clone, Deserialize)]
struct Found {
    runbook_id: String,
    #[serde(default)]
    title: String,
    points: u32,
    #[serde(default)]
    reason: String,
}

/// The runbooks that fit, best first, each with its reason; or that none does.
///
/// # Errors
/// Nothing to look with, or whatever kept the answer away.
pub(super) fn find(backend: &Backend, sought: &Sought<'_>) -> Result<Said, Fault> {
    if sought.text.is_none() && sought.kind.is_none() {
        return Err(Fault::Wrong(
            "nothing to look for\nhint: give text (what is wrong, in words), kind (such as disk_full), or both"
                .to_owned(),
        ));
    }
    let detail: Vec<(String, &str)> = sought
        .detail
        .iter()
        .map(|(name, value)| (format!("detail.{name}"), value.as_str()))
        .collect();
    let mut query: Vec<(&str, &str)> = Vec::new();
    query.extend(sought.kind.map(|kind| ("kind", kind)));
    query.extend(sought.text.map(|text| ("summary", text)));
    query.extend(sought.site.map(|site| ("site", site)));
    query.extend(detail.iter().map(|(name, value)| (name.as_str(), *value)));
    let found: Vec<Found> = backend.get("find runbooks", "/api/runbooks/match", &query)?;
    if found.is_empty() {
        return Ok(Said::ours(
            "No runbook fits. The resources list all there are; do not take one that does not fit.",
        ));
    }
    let mut text = "The runbooks that fit, best first; read one with get_runbook:\n".to_owned();
    for found in found {
        let Found {
            runbook_id,
            title,
            points,
            reason,
        } = found;
        let _ = writeln!(text, "- {runbook_id} ({points} points): {title}. {reason}");
    }
    Ok(Said::ours(text))
}

/// One runbook as Markdown.
///
/// # Errors
/// There is none of this id, or whatever kept the answer away.
pub(super) fn show(backend: &Backend, id: &str) -> Result<Said, Fault> {
    // What is no id of a runbook would become another path.
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.is_empty() || !id.chars().all(is_id) || id.contains("..") {
        return Err(Fault::Missing(format!(
            "there is no runbook {:?}\nhint: find one with find_runbooks; ids are letters, digits and hyphens",
            id.chars().take(80).collect::<String>()
        )));
    }
    let runbook: Runbook = backend.get(
        &format!("read the runbook {id}"),
        &format!("/api/runbooks/{id}"),
        &[],
    )?;
    Ok(Said::ours(markdown(&runbook)))
}

fn markdown(runbook: &Runbook) -> String {
    let mut text = format!("# {}\n\n{}\n\n", runbook.title, runbook.summary);
    let _ = writeln!(text, "Runbook {}", runbook.id);
    for (label, words) in [("Kinds", &runbook.kinds), ("Tags", &runbook.tags)] {
        if !words.is_empty() {
            let _ = writeln!(text, "{label}: {}", words.join(", "));
        }
    }
    let texts = [
        ("Owner", &runbook.owner),
        ("Reviewed", &runbook.reviewed_at),
    ];
    for (label, value) in texts {
        if let Some(value) = value {
            let _ = writeln!(text, "{label}: {value}");
        }
    }
    if let Some(intro) = &runbook.intro {
        let _ = write!(text, "\n{}\n", intro.trim());
    }
    for step in &runbook.steps {
        let _ = write!(text, "\n## {}\n\n{}\n", step.title, body(step));
    }
    if let Some(question) = &runbook.prompt_template {
        let _ = write!(text, "\nQuestion to ask: {question}\n");
    }
    text
}

/// What stands under a step's heading; a step of version 0.4 has no source of its own.
fn body(step: &Step) -> String {
    if !step.body.trim().is_empty() {
        return step.body.trim().to_owned();
    }
    match step.kind {
        StepKind::Command => format!("```sh\n{}\n```", step.detail),
        StepKind::Manual => step.detail.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runbook_of_version_0_4_is_shown_with_its_commands() {
        let step = |title: &str, kind, detail: &str| Step {
            title: title.to_owned(),
            kind,
            detail: detail.to_owned(),
            ..Step::default()
        };
        assert_eq!(body(&step("a", StepKind::Manual, "Look.")), "Look.");
        let command = step("b", StepKind::Command, "df -h");
        assert_eq!(body(&command), "```sh\ndf -h\n```");
        let written = Step {
            body: "Prose.\n\n```sh\ndf\n```\n".to_owned(),
            ..command
        };
        assert_eq!(body(&written), "Prose.\n\n```sh\ndf\n```");
    }
}
