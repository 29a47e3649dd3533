//! The tools: one row each, with what it takes, what it may do, and the function behind it. A new
//! tool is a new row.

use rmcp::model::{Tool, ToolAnnotations};

use super::arguments::{self, Arguments, ID, Parameter, Takes};
use super::backend::Backend;
use super::fault::Fault;
use super::incident::{self, ALL, Filter, UNRESOLVED};
use super::outside::{self, Said};
use super::runbook::{self, Sought};
use crate::domain::context::DEFAULT_BUDGET;
use crate::domain::fields::MAX_ID;

/// Incidents that are listed where nobody asked for another number.
const DEFAULT_LIMIT: usize = 20;
/// Longest note that is sent, in characters.
const MAX_NOTE: usize = 2000;
/// Longest text that a runbook is sought with, in characters.
const MAX_SOUGHT: usize = 1000;
/// Smallest context that the server makes, in tokens.
const MIN_BUDGET: i64 = 50;
/// Largest context that is asked for, in tokens.
const MAX_BUDGET: i64 = 100_000;

/// What a tool may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It reads what senders wrote.
    ReadsOutside,
    /// It reads what the operator wrote.
    Reads,
    /// It adds something each time it is called.
    Adds,
    /// It sets something; the same call again changes nothing more.
    Sets,
}

/// One tool.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    title: &'static str,
    about: &'static str,
    effect: Effect,
    parameters: &'static [Parameter],
    run: fn(&Backend, &Arguments) -> Result<Said, Fault>,
}

/// All tools. Those that change something are offered by flag only.
pub(super) static TOOLS: [Definition; 7] = [
    Definition {
        name: "list_incidents",
        title: "List incidents",
        about: "What is wrong and since when: incidents with id, site, kind, severity, state, count and times, one JSON object a line. Start here.",
        effect: Effect::ReadsOutside,
        parameters: &[
            Parameter::optional(
                "state",
                Takes::OneOf(&[
                    "unresolved",
                    "open",
                    "acknowledged",
                    "snoozed",
                    "resolved",
                    "all",
                ]),
                "In which state; unresolved is all but resolved.",
            ),
            Parameter::optional(
                "site",
                Takes::Text(MAX_ID),
                "Only those of this site, by its id as list_sites tells it.",
            ),
            Parameter::optional(
                "severity",
                Takes::OneOf(&["any", "info", "warning", "critical"]),
                "Only those of this severity.",
            ),
            Parameter::optional(
                "limit",
                Takes::Number(1..=100),
                "How many at most; 20 if not given.",
            ),
        ],
        run: list_incidents,
    },
    Definition {
        name: "get_context",
        title: "Get the context of a problem",
        about: "All that helps to think about one incident or signal: its facts, its site, earlier episodes, related signals, and the matching runbooks with their commands filled in, within a budget of tokens. Give incident_id or signal_id, not both.",
        effect: Effect::ReadsOutside,
        parameters: &[
            Parameter::optional("incident_id", ID, "The incident, by its number."),
            Parameter::optional("signal_id", ID, "The signal, by its number."),
            Parameter::optional(
                "budget",
                Takes::Number(MIN_BUDGET..=MAX_BUDGET),
                "Tokens that the context may take; 3000 if not given.",
            ),
            Parameter::optional(
                "format",
                Takes::OneOf(&["markdown", "json"]),
                "Text to read, or data.",
            ),
        ],
        run: get_context,
    },
    Definition {
        name: "find_runbooks",
        title: "Find runbooks",
        about: "Which runbooks fit a problem, best first, each with the reason. Give text, kind, or both. It says so where none fits.",
        effect: Effect::Reads,
        parameters: &[
            Parameter::optional(
                "text",
                Takes::Text(MAX_SOUGHT),
                "What is wrong, in words: \"disk full on the NAS\".",
            ),
            Parameter::optional(
                "kind",
                Takes::Text(MAX_ID),
                "The kind of the problem as incidents have it: disk_full, container_down.",
            ),
            Parameter::optional("site", Takes::Text(MAX_ID), "The site it is at, by its id."),
            Parameter::optional(
                "detail",
                Takes::Fields,
                "Members of the signal's detail: {\"container\": \"web\"}.",
            ),
        ],
        run: find_runbooks,
    },
    Definition {
        name: "get_runbook",
        title: "Get a runbook",
        about: "One runbook as Markdown: its steps with their commands, the {{variables}} unfilled. get_context has them filled in.",
        effect: Effect::Reads,
        parameters: &[Parameter::required(
            "id",
            Takes::Text(MAX_ID),
            "Its id as find_runbooks tells it: rb-disk-full.",
        )],
        run: get_runbook,
    },
    Definition {
        name: "list_sites",
        title: "List sites",
        about: "The places that are looked after: id, name, networks, and what is known to be there, one JSON object a line.",
        effect: Effect::ReadsOutside,
        parameters: &[],
        run: list_sites,
    },
    Definition {
        name: "add_note",
        title: "Add a note",
        about: "Writes a note into the timeline of an incident, where people read it. It stays there.",
        effect: Effect::Adds,
        parameters: &[
            Parameter::required("incident_id", ID, "The incident, by its number."),
            Parameter::required("text", Takes::Text(MAX_NOTE), "What to write."),
        ],
        run: add_note,
    },
    Definition {
        name: "acknowledge",
        title: "Acknowledge an incident",
        about: "Says that somebody looks after an incident. Only when the person you work for asked for it: others stop looking.",
        effect: Effect::Sets,
        parameters: &[
            Parameter::required("incident_id", ID, "The incident, by its number."),
            Parameter::optional("note", Takes::Text(MAX_NOTE), "Why, or what is being done."),
        ],
        run: acknowledge,
    },
];

impl Definition {
    /// Whether it changes something.
    pub(super) fn writes(&self) -> bool {
        matches!(self.effect, Effect::Adds | Effect::Sets)
    }

    /// As clients see it.
    pub(super) fn to_tool(&self) -> Tool {
        let annotations = ToolAnnotations::new()
            .read_only(!self.writes())
            .destructive(false)
            .idempotent(self.effect != Effect::Adds)
            .open_world(self.effect == Effect::ReadsOutside);
        Tool::new(self.name, self.about, arguments::schema(self.parameters))
            .with_title(self.title)
            .with_annotations(annotations)
    }

    /// Reads the arguments.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn read(&self, given: &rmcp::model::JsonObject) -> Result<Arguments, Fault> {
        Arguments::read(self.parameters, given)
    }

    /// Does what it is there for. Blocks.
    ///
    /// # Errors
    /// What kept it from doing so.
    pub(super) fn run(&self, backend: &Backend, arguments: &Arguments) -> Result<Said, Fault> {
        (self.run)(backend, arguments)
    }
}

fn list_incidents(backend: &Backend, arguments: &Arguments) -> Result<Said, Fault> {
    let state = arguments.text("state").unwrap_or("unresolved");
    let limit = arguments
        .number("limit")
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(DEFAULT_LIMIT);
    let incidents = incident::list(
        backend,
        &Filter {
            states: match state {
                "unresolved" => UNRESOLVED,
                "all" => ALL,
                state => state,
            },
            site: arguments.text("site"),
            severity: arguments.text("severity").filter(|word| *word != "any"),
            limit,
        },
    )?;
    if incidents.is_empty() {
        return Ok(Said::ours(format!("No incident passes (state {state}).")));
    }
    let more = if incidents.len() >= limit {
        "; there may be more: raise limit or narrow the question"
    } else {
        ""
    };
    outside::fence(
        &format!("{} incidents (state {state}){more}.", incidents.len()),
        &outside::lines(&incidents),
    )
}

fn get_context(backend: &Backend, arguments: &Arguments) -> Result<Said, Fault> {
    let (incident, signal) = (
        arguments.number("incident_id"),
        arguments.number("signal_id"),
    );
    let signal = match (incident, signal) {
        (Some(incident), None) => incident::signal_of(backend, incident)?,
        (None, Some(signal)) => signal,
        _ => {
            return Err(Fault::Wrong(
                "expected incident_id or signal_id, and one of them only\nhint: list_incidents tells the numbers of incidents, and last_signal_id of each"
                    .to_owned(),
            ));
        }
    };
    let budget = arguments
        .number("budget")
        .map_or_else(|| DEFAULT_BUDGET.to_string(), |budget| budget.to_string());
    match arguments.text("format") {
        Some("json") => incident::context_as_json(backend, signal, &budget),
        _ => incident::context(backend, signal, &budget),
    }
}

fn find_runbooks(backend: &Backend, arguments: &Arguments) -> Result<Said, Fault> {
    runbook::find(
        backend,
        &Sought {
            text: arguments.text("text"),
            kind: arguments.text("kind"),
            site: arguments.text("site"),
            detail: arguments.fields("detail"),
        },
    )
}

fn get_runbook(backend: &Backend, arguments: &Arguments) -> Result<Said, Fault> {
    runbook::show(backend, arguments.text("id").unwrap_or_default())
}

fn list_sites(backend: &Backend, _: &Arguments) -> Result<Said, Fault> {
    let sites: Vec<serde_json::Value> = backend.get("list the sites", "/api/sites", &[])?;
    if sites.is_empty() {
        return Ok(Said::ours(
            "There is no site yet: the first signal of one makes it.",
        ));
    }
    outside::fence(&format!("{} sites.", sites.len()), &outside::lines(&sites))
}

fn add_note(backend: &Backend, arguments: &Arguments) -> Result<Said, Fault> {
    incident::add_note(
        backend,
        incident_of(arguments),
        arguments.text("text").unwrap_or_default(),
    )
}

fn acknowledge(backend: &Backend, arguments: &Arguments) -> Result<Said, Fault> {
    incident::acknowledge(backend, incident_of(arguments), arguments.text("note"))
}

/// Zero is no incident's number; the table requires one, so it never comes to that.
fn incident_of(arguments: &Arguments) -> i64 {
    arguments.number("incident_id").unwrap_or_default()
}
