//! Secrets out of what strangers send: at ingest, and again on the way out to a model.
//!
//! Owns what is recognised (patterns in texts, names of keys) and the mark that takes its place.
//! The shape stays (`https://user:[redacted]@host`), so that a person still sees what it was.
//! Redacting twice is the same as once. A text without a secret costs one scan and no allocation.
//! Errs towards redacting behind a name such as `password`; errs towards keeping elsewhere, since a
//! board full of marks helps nobody. What looks like any other word or number is not found.

mod lists;
mod names;
mod patterns;
mod plain;
mod rules;

use serde_json::{Map, Value};

use names::Class;
pub use names::is_secret_name;

/// What stands in place of a secret.
pub const MARK: &str = "[redacted]";

/// Keys shorter than this hold no secret themselves.
const SHORTEST_SECRET_KEY: usize = 20;

/// The text without its secrets and how many there were; `None` where there was none.
pub fn redact_text(text: &str) -> Option<(String, u32)> {
    rules::apply(text)
}

/// Redacts a text in place; how many secrets there were.
pub fn redact_string(text: &mut String) -> u32 {
    let Some((redacted, count)) = redact_text(text) else {
        return 0;
    };
    *text = redacted;
    count
}

/// Redacts every text in a value, and values under names of secrets; how many there were.
pub fn redact_value(value: &mut Value) -> u32 {
    match value {
        Value::String(text) => redact_string(text),
        Value::Array(items) => lists::redact(items),
        Value::Object(fields) => redact_detail(fields),
        _ => 0,
    }
}

/// The same for an object.
pub fn redact_detail(detail: &mut Map<String, Value>) -> u32 {
    let named_pair = ["name", "key"].iter().any(
        |field| matches!(detail.get(*field), Some(Value::String(name)) if is_secret_name(name)),
    );
    let mut count = redact_keys(detail);
    for (key, value) in detail.iter_mut() {
        let class = if named_pair && key == "value" {
            Some(Class::Secret)
        } else {
            names::class_of(key)
        };
        count += match class {
            Some(class) => redact_named(value, class),
            None => redact_value(value),
        };
    }
    count
}

/// Redacts a value that stands under the name of a secret.
fn redact_named(value: &mut Value, class: Class) -> u32 {
    let secret = match value {
        Value::String(text) => rules::is_secret_value(text.trim()),
        Value::Number(_) => class == Class::Password,
        Value::Array(items) => return items.iter_mut().map(|v| redact_named(v, class)).sum(),
        // `auth: {method: ldap, password: ...}`: the names inside say which of them is one.
        Value::Object(fields) if class == Class::Loose => return redact_detail(fields),
        Value::Object(fields) => {
            return fields
                .iter_mut()
                .map(|(key, value)| match key.as_str() {
                    "user" | "username" | "name" | "type" | "id" => redact_value(value),
                    _ => redact_named(value, class),
                })
                .sum();
        }
        Value::Null | Value::Bool(_) => false,
    };
    if secret {
        *value = Value::String(MARK.to_owned());
    }
    u32::from(secret)
}

/// A key can hold a secret itself, for example an address with a password.
fn redact_keys(fields: &mut Map<String, Value>) -> u32 {
    let mut count = 0;
    let long = |key: &&String| key.len() >= SHORTEST_SECRET_KEY;
    let renamed: Vec<(String, String, u32)> = fields
        .keys()
        .filter(long)
        .filter_map(|key| redact_text(key).map(|(new, found)| (key.clone(), new, found)))
        .collect();
    for (old, new, found) in renamed {
        if let Some(value) = fields.remove(&old) {
            fields.insert(new, value);
            count += found;
        }
    }
    count
}

#[cfg(test)]
mod tests;
