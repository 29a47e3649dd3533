//! The optional model: the `llm:` section below `backend:`. Without a `url` there is none, and
//! nothing anywhere speaks of one.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::secret::Secret;
use crate::config::section::Section;

/// Tokens of one day, where nothing else is told.
pub const DEFAULT_DAILY_TOKENS: u32 = 100_000;
/// Seconds that one answer may take, where nothing else is told.
pub const DEFAULT_TIME_LIMIT_SECONDS: u32 = 60;
/// Longest key that is read, in bytes.
const LONGEST_KEY: usize = 4096;
/// What every endpoint of the kind has below its address.
const CALL: &str = "/v1/chat/completions";

/// An OpenAI-compatible endpoint that may be asked.
#[derive(Debug, Clone)]
pub struct LlmConfig {
    /// The address that is called, its path included.
    pub url: String,
    /// The model's name, as the endpoint knows it.
    pub model: String,
    /// Sent to `url` as a bearer token, and nowhere else; empty for none.
    pub key: Secret,
    /// Most tokens of one day in UTC, questions and answers together.
    pub daily_tokens: u32,
    /// From the call to the last byte of the answer.
    pub time_limit: Duration,
}

impl LlmConfig {
    /// Whether a key would cross a network unencrypted.
    pub fn key_is_in_the_clear(&self) -> bool {
        let host = self.url.strip_prefix("http://").unwrap_or_default();
        let local = ["localhost", "127.", "[::1]"]
            .iter()
            .any(|start| host.starts_with(start));
        !self.key.is_empty() && !host.is_empty() && !local
    }
}

/// Reads the section; `None` where it is missing or empty.
pub(super) fn read(section: &mut Section<'_>) -> Option<LlmConfig> {
    let url = section.parsed("url", None, address);
    let model = section.parsed("model", None, model);
    let key_file = section.path("api_key_file", None);
    let daily_tokens = number(section, "daily_tokens", 1000..=1_000_000_000);
    let seconds = number(section, "time_limit_seconds", 1..=600);
    let something = url.is_some()
        || model.is_some()
        || key_file.is_some()
        || daily_tokens.is_some()
        || seconds.is_some();
    let key = key_file.map_or_else(Secret::default, |path| key(section, &path));
    if something {
        section.require("url", "the address of an OpenAI-compatible endpoint");
        section.require("model", "the model's name, as the endpoint knows it");
    }
    Some(LlmConfig {
        url: url.filter(|url| !url.is_empty())?,
        model: model?,
        key,
        daily_tokens: daily_tokens.unwrap_or(DEFAULT_DAILY_TOKENS),
        time_limit: Duration::from_secs(seconds.unwrap_or(DEFAULT_TIME_LIMIT_SECONDS).into()),
    })
}

fn number(
    section: &mut Section<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<i64>,
) -> Option<u32> {
    section
        .number(key, None, range)
        .and_then(|number| u32::try_from(number).ok())
}

/// The endpoint's address as people write it: with or without `/v1`, or whole.
fn address(text: &str) -> Result<String, String> {
    super::one_line(text)?;
    let expected =
        || "expected an address such as http://localhost:11434 (without a user)".to_owned();
    let host = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))
        .ok_or_else(expected)?;
    if host.is_empty() || host.contains([' ', '@', '?', '#']) {
        return Err(expected());
    }
    let base = text
        .trim_end_matches('/')
        .trim_end_matches("/chat/completions")
        .trim_end_matches("/v1");
    Ok(format!("{base}{CALL}"))
}

fn model(text: &str) -> Result<String, String> {
    super::one_line(text)?;
    if text.is_empty() || text.len() > 128 {
        return Err("expected a name such as llama3.1:8b, of at most 128 characters".to_owned());
    }
    Ok(text.to_owned())
}

fn key(section: &mut Section<'_>, path: &PathBuf) -> Secret {
    let trouble = match std::fs::read_to_string(path) {
        Ok(text) => {
            let key = text.trim();
            if !key.is_empty() && key.len() <= LONGEST_KEY && super::one_line(key).is_ok() {
                return Secret::new(key);
            }
            format!("{} holds no key on one line", path.display())
        }
        Err(error) => format!("cannot read {}: {error}", path.display()),
    };
    section.complain("api_key_file", None, trouble);
    Secret::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_write_it() {
        for text in [
            "http://localhost:11434",
            "http://localhost:11434/",
            "http://localhost:11434/v1",
            "http://localhost:11434/v1/",
            "http://localhost:11434/v1/chat/completions",
        ] {
            assert_eq!(
                address(text).unwrap(),
                "http://localhost:11434/v1/chat/completions"
            );
        }
        assert_eq!(
            address("https://x.example/openai/v1").unwrap(),
            "https://x.example/openai/v1/chat/completions"
        );
        for text in [
            "",
            "localhost",
            "ftp://x",
            "http://",
            "http://u:p@x",
            "http://x\n",
        ] {
            assert!(address(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn only_a_key_to_another_host_over_http_is_in_the_clear() {
        let config = |url: &str, key: &str| LlmConfig {
            url: url.to_owned(),
            model: "m".to_owned(),
            key: Secret::new(key),
            daily_tokens: 1,
            time_limit: Duration::from_secs(1),
        };
        assert!(config("http://nas/v1", "k").key_is_in_the_clear());
        assert!(!config("http://nas/v1", "").key_is_in_the_clear());
        assert!(!config("https://nas/v1", "k").key_is_in_the_clear());
        assert!(!config("http://127.0.0.1:1/v1", "k").key_is_in_the_clear());
    }
}
