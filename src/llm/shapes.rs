//! What an OpenAI-compatible chat endpoint is sent and answers, as far as it matters here.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::context::Message;

/// A question.
#[derive(Debug, Serialize)]
pub(super) struct Question<'a> {
    pub(super) model: &'a str,
    pub(super) messages: &'a [Message],
    pub(super) max_tokens: u32,
    pub(super) stream: bool,
}

/// An answer. Everything may be missing or of another type: what is looked for is looked for one
/// by one.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    choices: Option<Value>,
    usage: Option<Value>,
    error: Option<Value>,
}

impl Answer {
    /// What the endpoint says is wrong, where it says so with a status of success.
    pub(super) fn error(&self) -> Option<String> {
        let error = self.error.as_ref().filter(|error| !error.is_null())?;
        let message = error.get("message").unwrap_or(error);
        Some(match message {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// The words of the first choice.
    pub(super) fn text(&self) -> Option<String> {
        let content = self.choices.as_ref()?.pointer("/0/message/content")?;
        content.as_str().map(str::to_owned)
    }

    /// Tokens of question and answer.
    pub(super) fn tokens(&self) -> Option<u64> {
        self.usage.as_ref()?.get("total_tokens")?.as_u64()
    }
}
