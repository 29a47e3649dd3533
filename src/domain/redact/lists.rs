//! Secrets that a list splits: a flag and its value, the lines of a private key.

use serde_json::Value;

use super::names::class_of;
use super::{MARK, redact_value, rules};

/// Redacts each item, and those that only the item before them makes a secret; how many.
pub(super) fn redact(items: &mut [Value]) -> u32 {
    let mut count = 0;
    let mut expects = Expects::Nothing;
    for item in items {
        let next = match &*item {
            Value::String(text) => expects.after(text),
            _ => Expects::Nothing,
        };
        let secret = match (expects, &*item) {
            (Expects::Value, Value::String(text)) => {
                !text.starts_with('-') && rules::is_secret_value(text.trim())
            }
            (Expects::Key, Value::String(text)) => !text.contains("-----END") && text != MARK,
            _ => false,
        };
        if secret {
            *item = Value::String(MARK.to_owned());
            count += 1;
        } else {
            count += redact_value(item);
        }
        expects = next;
    }
    count
}

/// What the items so far say of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    Nothing,
    /// The value of a flag such as `--password`.
    Value,
    /// A line of a private key.
    Key,
}

impl Expects {
    fn after(self, text: &str) -> Self {
        if text.contains("-----END") {
            return Self::Nothing;
        }
        if self == Self::Key || (text.contains("-----BEGIN") && text.contains("PRIVATE KEY")) {
            return Self::Key;
        }
        match text.strip_prefix("--") {
            Some(flag) if !flag.contains(['=', ' ']) && class_of(flag).is_some() => Self::Value,
            _ => Self::Nothing,
        }
    }
}
