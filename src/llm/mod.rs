//! The optional model: the only room that talks to one. It sends messages to an OpenAI-compatible
//! chat endpoint and reads one answer, bounded in bytes and in time.
//!
//! What is asked and what becomes of the answer is not decided here, and nothing the endpoint says
//! is believed beyond its words: its use of tokens is held within what can be.

mod shapes;

use std::fmt;
use std::time::Duration;

use crate::config::llm::LlmConfig;
use crate::domain::context::{Message, estimate};
use crate::http;

use self::shapes::{Answer, Question};

/// Most tokens that an answer may have.
pub const MAX_ANSWER_TOKENS: u32 = 800;
/// Longest answer that is read, in bytes, with everything around it.
const MAX_ANSWER_BYTES: u64 = 256 * 1024;
/// Longest piece of what an endpoint says that is repeated.
const MAX_QUOTE: usize = 200;

/// A client of one endpoint.
#[derive(Debug)]
pub struct Client {
    http: http::Client,
    config: LlmConfig,
}

/// What the endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The words, as they came. From outside.
    pub text: String,
    /// Tokens of question and answer, as the endpoint says and as far as that can be.
    pub tokens: u32,
}

/// Why there is no answer, in words for the person who asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// It cannot be reached.
    Unreachable(String),
    /// No whole answer within the time limit, in seconds.
    TimedOut(u64),
    /// It is busy, or its account is used up.
    Busy,
    /// It does not take the key.
    Refused,
    /// It answered with this error status.
    Status(u16),
    /// It says that something went wrong. From outside, and short.
    Failed(String),
    /// It answered with something else than a chat endpoint does.
    Strange(String),
    /// It answered without a word.
    Empty,
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(reason) => write!(out, "the model cannot be reached: {reason}"),
            Self::TimedOut(seconds) => {
                write!(out, "the model gave no whole answer within {seconds} s")
            }
            Self::Busy => {
                out.write_str("the model's endpoint is busy or its quota is used up; ask again later")
            }
            Self::Refused => {
                out.write_str("the model's endpoint refuses the key: see backend.llm.api_key_file")
            }
            Self::Status(404) => out.write_str(
                "the model's endpoint does not know the address or the model (404): see backend.llm",
            ),
            Self::Status(code) => write!(out, "the model's endpoint answered {code}"),
            Self::Failed(said) => write!(out, "the model's endpoint reports an error: {said}"),
            Self::Strange(what) => {
                write!(out, "what answers is no chat endpoint that can be understood: {what}")
            }
            Self::Empty => out.write_str("the model answered without a word"),
        }
    }
}

impl std::error::Error for Error {}

impl Client {
    /// Makes a client. Nothing is sent.
    ///
    /// # Errors
    /// The machine's certificates cannot be used.
    pub fn new(config: LlmConfig) -> Result<Self, http::Error> {
        let options = http::Options {
            connect_timeout: config.time_limit.min(Duration::from_secs(10)),
            total_timeout: config.time_limit,
            max_answer: MAX_ANSWER_BYTES,
            ..http::Options::default()
        };
        Ok(Self {
            http: http::Client::new(&options)?,
            config,
        })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        &self.config.model
    }

    /// Most tokens of one day.
    pub fn daily_tokens(&self) -> u32 {
        self.config.daily_tokens
    }

    /// Most tokens that asking this costs.
    pub fn most_tokens(messages: &[Message]) -> u32 {
        let asked: usize = messages.iter().map(|m| estimate(&m.content) + 8).sum();
        u32::try_from(asked)
            .unwrap_or(u32::MAX)
            .saturating_add(MAX_ANSWER_TOKENS)
    }

    /// Asks, and waits for the answer: at most as long as the configuration says.
    ///
    /// # Errors
    /// Whatever kept the answer away, see [`Error`].
    pub fn ask(&self, messages: &[Message]) -> Result<Completion, Error> {
        let bearer = format!("Bearer {}", self.config.key.reveal());
        let mut headers = Vec::new();
        if !self.config.key.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        let question = Question {
            model: &self.config.model,
            messages,
            max_tokens: MAX_ANSWER_TOKENS,
            stream: false,
        };
        let answer: Answer = self
            .http
            .post_json(&self.config.url, &headers, &question)
            .map_err(|error| self.error_of(error))?;
        if let Some(said) = answer.error() {
            return Err(Error::Failed(quote(&said)));
        }
        let Some(text) = answer.text() else {
            return Err(Error::Strange("there is no message in it".to_owned()));
        };
        if text.trim().is_empty() {
            return Err(Error::Empty);
        }
        // Counted here where the endpoint is silent, and where what it says cannot be.
        let most = Self::most_tokens(messages).saturating_mul(4);
        let counted =
            estimate(&text) + messages.iter().map(|m| estimate(&m.content)).sum::<usize>();
        let counted = u32::try_from(counted).unwrap_or(u32::MAX);
        let tokens = match answer.tokens() {
            Some(said) if said >= u64::from(counted / 4) && said <= u64::from(most) => {
                u32::try_from(said).unwrap_or(counted)
            }
            _ => counted,
        };
        Ok(Completion { text, tokens })
    }

    fn error_of(&self, error: http::Error) -> Error {
        match error {
            http::Error::Unreachable(reason) | http::Error::Tls(reason) => {
                Error::Unreachable(reason)
            }
            http::Error::TimedOut => Error::TimedOut(self.config.time_limit.as_secs()),
            http::Error::Redirects { to } => Error::Strange(format!(
                "it redirects to {}, and redirects are not followed",
                quote(&to)
            )),
            http::Error::Status { code: 429, .. } => Error::Busy,
            http::Error::Status {
                code: 401 | 403, ..
            } => Error::Refused,
            http::Error::Status { code, .. } => Error::Status(code),
            http::Error::NotOurs(what) => Error::Strange(what),
            http::Error::Other(reason) => Error::Unreachable(reason),
        }
    }
}

/// Outside text as it may stand in a message: short, on one line, and nothing that hides.
fn quote(text: &str) -> String {
    crate::domain::text::shown(text)
        .chars()
        .take(MAX_QUOTE)
        .collect()
}
