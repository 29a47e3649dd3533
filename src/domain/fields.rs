//! Reads a JSON body field by field and collects everything that is wrong with it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::timestamp::Timestamp;

/// Longest id, in characters.
pub const MAX_ID: usize = 128;

/// One thing wrong with one field of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// Name of the field; empty for the body as a whole.
    pub field: String,
    /// What is wrong and what is expected.
    pub message: String,
}

impl FieldError {
    /// One field's complaint.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// The fields of a body that are still to be read, and what was wrong with those that were.
#[derive(Debug)]
pub struct Fields {
    fields: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The fields of a JSON object.
    ///
    /// # Errors
    /// It is none.
    pub fn of(body: Value) -> Result<Self, Vec<FieldError>> {
        match body {
            Value::Object(fields) => Ok(Self {
                fields,
                errors: Vec::new(),
            }),
            _ => Err(vec![FieldError::new("", "expected a JSON object")]),
        }
    }

    /// What was made of the fields, unless something was wrong with them.
    ///
    /// # Errors
    /// Everything that was complained about.
    pub fn finish<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.errors.is_empty() {
            Ok(value)
        } else {
            Err(self.errors)
        }
    }

    /// One thing wrong with one field.
    pub fn complain(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, message));
    }

    /// Whether a field is missing or null.
    pub fn is_missing(&self, field: &str) -> bool {
        matches!(self.fields.get(field), None | Some(Value::Null))
    }

    /// A text that may be missing or null. An empty one counts as missing.
    pub fn optional(&mut self, field: &str, longest: usize) -> Option<String> {
        match self.fields.remove(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => {
                // Counting bytes first spares most texts the count of characters.
                if text.len() > longest && text.chars().count() > longest {
                    self.complain(field, format!("longer than {longest} characters"));
                    None
                } else {
                    Some(text)
                }
            }
            Some(other) => {
                self.complain(field, format!("expected text, found {}", type_name(&other)));
                None
            }
        }
    }

    /// A text that must be there.
    pub fn required(&mut self, field: &str, longest: usize) -> Option<String> {
        let errors_before = self.errors.len();
        let text = self.optional(field, longest);
        if text.is_none() && self.errors.len() == errors_before {
            self.complain(field, "required and not empty");
        }
        text
    }

    /// A required name: no control characters, since it stands in addresses, logs and files.
    pub fn id(&mut self, field: &str) -> Option<String> {
        let text = self.required(field, MAX_ID)?;
        if text.chars().any(char::is_control) {
            self.complain(field, "holds control characters");
            return None;
        }
        Some(text)
    }

    /// A text that `parse` understands.
    pub fn word<T>(
        &mut self,
        field: &str,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.optional(field, MAX_ID)?;
        let value = parse(&text);
        if value.is_none() {
            self.complain(field, format!("expected {expected}, found {text:?}"));
        }
        value
    }

    /// A moment.
    pub fn time(&mut self, field: &str) -> Option<Timestamp> {
        self.word(
            field,
            "a time such as 2026-11-23T04:45:12Z (RFC 3339)",
            Timestamp::parse,
        )
    }

    /// A value of a shape that serde knows; missing or null is its default where it has one.
    pub fn value<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        let found = self.fields.remove(field).unwrap_or(Value::Null);
        if found.is_null() {
            return None;
        }
        let value = serde_json::from_value(found).ok();
        if value.is_none() {
            self.complain(field, "not of the shape that /api/openapi.json describes");
        }
        value
    }

    /// The same, and it must be there.
    pub fn required_value<T: DeserializeOwned>(&mut self, field: &str) -> Option<T> {
        let errors_before = self.errors.len();
        let value = self.value(field);
        if value.is_none() && self.errors.len() == errors_before {
            self.complain(field, "required");
        }
        value
    }

    /// An object nested no deeper than `levels`, itself the first; empty where it is missing.
    pub fn object(&mut self, field: &str, levels: usize) -> Map<String, Value> {
        match self.fields.remove(field) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(object)) => {
                if object.values().all(|value| within_depth(value, levels - 1)) {
                    object
                } else {
                    self.complain(field, format!("nested deeper than {levels} levels"));
                    Map::new()
                }
            }
            Some(other) => {
                self.complain(
                    field,
                    format!("expected an object, found {}", type_name(&other)),
                );
                Map::new()
            }
        }
    }
}

/// Whether `value` nests no deeper than `levels`. A scalar takes no level.
fn within_depth(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => {
            levels > 0 && items.iter().all(|item| within_depth(item, levels - 1))
        }
        Value::Object(fields) => {
            levels > 0 && fields.values().all(|item| within_depth(item, levels - 1))
        }
        _ => true,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
