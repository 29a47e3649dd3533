//! The prompts: beginnings of a conversation that a person picks in the client.

use rmcp::model::{
    ContentBlock, JsonObject, Prompt, PromptArgument, PromptMessage, Role, TextContent,
};

use super::arguments::{Arguments, ID, Parameter};
use super::backend::Backend;
use super::board;
use super::fault::Fault;
use super::incident;
use super::outside::Said;

/// What the reviewer is asked, before the board.
const REVIEW: &str = "Go through the situation board below with me as if it were morning. Say what needs \
    somebody first and why, what belongs together, what only repeats, and what can wait. For each of the \
    first three name the next thing to look at, from its runbook (get_context has it with the commands \
    filled in). Cite incidents by their number. Run nothing and change nothing by yourself.";

const DIAGNOSE_TAKES: [Parameter; 1] = [Parameter::required(
    "incident",
    ID,
    "The incident, by its number.",
)];

/// What a prompt begins with: a line about it, and the messages.
pub(super) type Beginning = (&'static str, Vec<PromptMessage>);

/// All prompts.
pub(super) fn all() -> Vec<Prompt> {
    let diagnose = DIAGNOSE_TAKES
        .iter()
        .map(|parameter| {
            PromptArgument::new(parameter.name)
                .with_description(parameter.about)
                .with_required(parameter.required)
        })
        .collect();
    vec![
        Prompt::new("diagnose", Some(DIAGNOSE), Some(diagnose)).with_title("Diagnose an incident"),
        Prompt::new("daily_review", Some(DAILY_REVIEW), None).with_title("Review the day"),
    ]
}

const DIAGNOSE: &str = "What is behind an incident, and what to do next, from its context";
const DAILY_REVIEW: &str = "What is wrong at all sites, and what comes first";

/// A prompt that may be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The context of this incident.
    Diagnose(i64),
    /// The board.
    DailyReview,
}

impl Wanted {
    /// Reads the name and the arguments of a prompt.
    ///
    /// # Errors
    /// There is none of this name, or its arguments are wrong.
    pub(super) fn read(name: &str, given: &JsonObject) -> Result<Self, Fault> {
        match name {
            "diagnose" => Arguments::read(&DIAGNOSE_TAKES, given)
                .map(|arguments| Self::Diagnose(arguments.number("incident").unwrap_or_default())),
            "daily_review" => Arguments::read(&[], given).map(|_| Self::DailyReview),
            other => Err(Fault::Wrong(format!(
                "there is no prompt {:?}\nhint: there are diagnose and daily_review",
                other.chars().take(80).collect::<String>()
            ))),
        }
    }

    /// Its messages. Blocks.
    ///
    /// # Errors
    /// Whatever kept the answer away.
    pub(super) fn begin(self, backend: &Backend) -> Result<Beginning, Fault> {
        match self {
            Self::Diagnose(id) => {
                let signal = incident::signal_of(backend, id)?;
                let turns = incident::conversation(backend, signal)?;
                // MCP knows no system turn: what the server says as such comes first, in a turn
                // of its own. The fence is in the turn that holds text from outside.
                let messages = turns.into_iter().map(|turn| {
                    message(if turn.role == "system" {
                        Said::ours(turn.content)
                    } else {
                        Said::fenced(turn.content)
                    })
                });
                Ok((DIAGNOSE, messages.collect()))
            }
            Self::DailyReview => {
                let board = board::text(backend)?;
                Ok((
                    DAILY_REVIEW,
                    vec![message(Said::ours(REVIEW)), message(board)],
                ))
            }
        }
    }
}

fn message(said: Said) -> PromptMessage {
    PromptMessage::new(Role::User, block(said))
}

/// A text with its mark, as tools and prompts answer it.
pub(super) fn block(said: Said) -> ContentBlock {
    let mark = said.mark();
    let text = TextContent::new(said.text);
    ContentBlock::Text(match mark {
        Some(mark) => text.with_meta(mark),
        None => text,
    })
}
