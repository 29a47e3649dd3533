//! What a model is given to think about one signal: facts, its incident with what happened to it,
//! earlier episodes and what fixed them, matching runbooks with their commands filled in, what
//! changed before, what else is going on, and a question.
//!
//! Owns the shape, the redaction on the way out, the fence around outside text and the budget. All
//! outside text of the prompt stands within one fence; what stands outside of it is ours: numbers,
//! the severity, the runbook's question with its variables unfilled. The JSON carries the same,
//! cut to the same budget, with `untrusted` naming what came from outside.
//!
//! What is given up first, until the prompt fits, is `sacrifice::ORDER`; what went is named in
//! `budget.dropped`.
//!
//! Does not ask a model anything, and draws no boundary: that is handed in.

pub mod answer;
mod fence;
mod lines;
mod pack;
mod render;
mod sacrifice;
mod tokens;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::hash;
use crate::domain::incident::Incident;
use crate::domain::incident::timeline::Entry;
use crate::domain::integration::Integration;
use crate::domain::matching::{Match, Reason};
use crate::domain::run::Episode;
use crate::domain::runbook::{Runbook, StepKind};
use crate::domain::signal::Signal;
use crate::domain::site::Site;

use self::sacrifice::List;

pub use self::answer::Citable;
pub use self::fence::enclose;
pub use self::tokens::estimate;

/// Tokens of a pack where nobody asked for another number.
pub const DEFAULT_BUDGET: usize = 3000;
/// Smallest budget that is kept; a smaller one counts as this.
pub const SMALLEST_BUDGET: usize = 50;

/// A boundary from random bytes: digits, which cost every pack the same few tokens.
pub fn boundary_of(random: [u8; 16]) -> String {
    let number = u128::from_be_bytes(random) % 10_u128.pow(24);
    format!("{number:024}")
}

/// What a pack is made of. Lists are newest first.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The signal in question.
    pub signal: &'a Signal,
    /// Its site, where one is known.
    pub site: Option<&'a Site>,
    /// What is known to be at the site.
    pub integrations: &'a [Integration],
    /// The runbooks that fit, best first.
    pub matches: &'a [Match],
    /// Runbooks by which `matches` are looked up; others are passed over.
    pub runbooks: &'a [Runbook],
    /// The incident it belongs to.
    pub incident: Option<&'a Incident>,
    /// What happened to the incident, or earlier signals of the same fingerprint.
    pub timeline: &'a [Entry],
    /// Earlier incidents of the same fingerprint that are over.
    pub history: &'a [Episode],
    /// Other recent signals of the site.
    pub related: &'a [Signal],
    /// Signals of the site that tell of changes, from the day before.
    pub changes: &'a [Signal],
    /// Drawn at random for this pack, see [`boundary_of`].
    pub boundary: &'a str,
    /// Most tokens of prompt, Markdown and messages, by [`estimate`].
    pub budget: usize,
}

/// A step with its variables filled from the signal's detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RenderedStep {
    /// The heading.
    pub title: String,
    /// By command or by hand.
    pub kind: StepKind,
    /// Commands with quoted values, or prose.
    pub detail: String,
    /// What to ask after this step.
    pub prompt: Option<String>,
    /// What good looks like.
    pub good: Option<String>,
    /// What to do when it does not.
    pub otherwise: Option<String>,
    /// Variables that nobody filled.
    pub open: Vec<String>,
}

/// A matching runbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContextRunbook {
    /// Its id, to be cited.
    pub id: String,
    /// What it achieves.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// Words it is found by.
    pub tags: Vec<String>,
    /// Its question, unfilled.
    pub prompt_template: Option<String>,
    /// Its question, filled from the detail.
    pub question: Option<String>,
    /// How well it fits.
    pub points: u32,
    /// Why it fits.
    pub reasons: Vec<Reason>,
    /// What it says to do.
    pub steps: Vec<RenderedStep>,
}

/// What the pack cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Budget {
    /// Most tokens it was allowed.
    pub tokens: usize,
    /// What prompt and messages cost by [`estimate`].
    pub used: usize,
    /// What was left out or shortened, in the order it was.
    pub dropped: Vec<String>,
}

/// One turn of a conversation, as chat endpoints take it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Message {
    /// `system` or `user`.
    pub role: &'static str,
    /// What is said.
    pub content: String,
}

/// The pack.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Context {
    /// The signal, with its detail cut to the budget.
    #[schema(value_type = Object)]
    pub signal: Value,
    /// Its site.
    #[schema(value_type = Object)]
    pub site: Value,
    /// The site's integrations, `config` by allow-list only.
    #[schema(value_type = Vec<Object>)]
    pub integrations: Vec<Value>,
    /// The runbooks that fit, best first.
    pub runbooks: Vec<ContextRunbook>,
    /// The incident it belongs to; null where none was opened.
    #[schema(value_type = Option<Object>)]
    pub incident: Option<Value>,
    /// What happened to the incident, or earlier signals of the same problem, newest first.
    #[schema(value_type = Vec<Object>)]
    pub timeline: Vec<Value>,
    /// Earlier episodes of the same problem and what fixed them, newest first.
    #[schema(value_type = Vec<Object>)]
    pub history: Vec<Value>,
    /// Other recent signals of the site, newest first.
    #[schema(value_type = Vec<Object>)]
    pub related: Vec<Value>,
    /// Signals of the site that tell of changes, from the day before, newest first.
    #[schema(value_type = Vec<Object>)]
    pub recent_changes: Vec<Value>,
    /// All of it as one text, outside text fenced.
    pub prompt: String,
    /// JSON pointers to what came from outside; all below them did too.
    pub untrusted: Vec<String>,
    /// Secrets that were taken out on the way.
    pub redactions: u32,
    /// What it cost and what was left out.
    pub budget: Budget,
    #[serde(skip)]
    system: String,
    #[serde(skip)]
    user: String,
    #[serde(skip)]
    boundary: String,
    #[serde(skip)]
    citable: Citable,
}

impl Context {
    /// Makes the pack.
    pub fn new(input: &Input<'_>) -> Self {
        let mut pack = pack::Pack::new(input);
        let budget = input.budget.max(SMALLEST_BUDGET);
        let dropped = pack.fit(budget);
        let (system, user) = pack.texts();
        let prompt = format!("{system}\n{user}");
        Self {
            untrusted: pack.untrusted(),
            redactions: pack.redactions,
            budget: Budget {
                tokens: budget,
                used: render::cost(&system, &user),
                dropped,
            },
            signal: pack.signal_json(),
            site: pack.site_json(),
            citable: pack.citable(),
            integrations: pack.take(List::Integrations),
            incident: pack.incident.take().map(|piece| piece.value),
            timeline: pack.take(List::Timeline),
            history: pack.take(List::History),
            related: pack.take(List::Related),
            recent_changes: pack.take(List::Changes),
            boundary: pack.boundary,
            runbooks: pack.runbooks.into_iter().map(|r| r.runbook).collect(),
            prompt,
            system,
            user,
        }
    }

    /// Names what is asked, whatever the boundary: the same content has the same name.
    pub fn content_hash(&self) -> String {
        let (system, user) = (
            self.system.replace(&self.boundary, ""),
            self.user.replace(&self.boundary, ""),
        );
        hash::name_of(&[&system, &user])
    }

    /// What an answer may cite.
    pub fn citable(&self) -> &Citable {
        &self.citable
    }

    /// The pack as Markdown: the fence is a code block, so that outside text is not rendered.
    pub fn to_markdown(&self) -> &str {
        &self.prompt
    }

    /// The pack as the messages of a conversation.
    pub fn to_messages(&self) -> Vec<Message> {
        [("system", &self.system), ("user", &self.user)]
            .into_iter()
            .filter(|(_, content)| !content.is_empty())
            .map(|(role, content)| Message {
                role,
                content: content.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
