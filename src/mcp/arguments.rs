//! The arguments of tools and prompts: one table of parameters is the schema that clients see and
//! the rule that calls are held against.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

use super::fault::Fault;

/// A number of an incident or a signal: what every client's numbers can hold.
pub(super) const ID: Takes = Takes::Number(1..=9_007_199_254_740_991);

/// What a parameter takes.
#[derive(Debug, Clone)]
pub(super) enum Takes {
    /// Text of 1 to so many characters.
    Text(usize),
    /// One of these words; the first one where none is given.
    OneOf(&'static [&'static str]),
    /// A whole number.
    Number(RangeInclusive<i64>),
    /// An object of texts and numbers.
    Fields,
}

/// One parameter.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) required: bool,
    /// One sentence for the model.
    pub(super) about: &'static str,
}

impl Parameter {
    /// One that may be left out.
    pub(super) const fn optional(name: &'static str, takes: Takes, about: &'static str) -> Self {
        Self {
            name,
            takes,
            required: false,
            about,
        }
    }

    /// One that is needed.
    pub(super) const fn required(name: &'static str, takes: Takes, about: &'static str) -> Self {
        Self {
            name,
            takes,
            required: true,
            about,
        }
    }

    fn schema(&self) -> Value {
        let mut schema = match &self.takes {
            Takes::Text(longest) => json!({"type": "string", "minLength": 1, "maxLength": longest}),
            Takes::OneOf(words) => json!({"type": "string", "enum": words, "default": words[0]}),
            Takes::Number(range) => {
                json!({"type": "integer", "minimum": range.start(), "maximum": range.end()})
            }
            Takes::Fields => json!({"type": "object",
                "additionalProperties": {"type": ["string", "number"]}}),
        };
        schema["description"] = self.about.into();
        schema
    }

    fn read(&self, value: &Value) -> Result<Value, String> {
        match (&self.takes, value) {
            (Takes::Text(longest), Value::String(text)) => {
                let text = text.trim();
                if text.is_empty() || text.chars().count() > *longest {
                    return Err(format!("expected 1 to {longest} characters"));
                }
                Ok(text.into())
            }
            (Takes::OneOf(words), Value::String(word)) if words.contains(&word.as_str()) => {
                Ok(value.clone())
            }
            (Takes::OneOf(words), _) => Err(format!("expected one of {}", words.join(", "))),
            (Takes::Number(range), value) => {
                // Models and prompts send numbers as text, too.
                let number = match value {
                    Value::String(text) => text.trim().parse().ok(),
                    other => other.as_i64(),
                };
                match number {
                    Some(number) if range.contains(&number) => Ok(number.into()),
                    _ => Err(format!(
                        "expected a whole number from {} to {}",
                        range.start(),
                        range.end()
                    )),
                }
            }
            (Takes::Fields, Value::Object(fields)) => {
                let simple = |value: &Value| value.is_string() || value.is_number();
                if fields.values().all(simple) {
                    Ok(value.clone())
                } else {
                    Err("expected an object of texts and numbers".to_owned())
                }
            }
            (Takes::Fields, _) => Err("expected an object".to_owned()),
            (Takes::Text(_), _) => Err("expected a text".to_owned()),
        }
    }
}

/// The JSON Schema of an object with these parameters and no other.
pub(super) fn schema(parameters: &[Parameter]) -> JsonObject {
    let properties: Map<String, Value> = parameters
        .iter()
        .map(|parameter| (parameter.name.to_owned(), parameter.schema()))
        .collect();
    let required: Vec<&str> = parameters
        .iter()
        .filter(|parameter| parameter.required)
        .map(|parameter| parameter.name)
        .collect();
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema.insert("additionalProperties".to_owned(), false.into());
    schema
}

/// Arguments that fit their parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Arguments(BTreeMap<&'static str, Value>);

impl Arguments {
    /// Holds what was given against the table. A null counts as nothing given.
    ///
    /// # Errors
    /// Everything that is wrong, by parameter.
    pub(super) fn read(parameters: &[Parameter], given: &JsonObject) -> Result<Self, Fault> {
        let (mut arguments, mut wrong) = (Self::default(), Vec::new());
        for parameter in parameters {
            match given.get(parameter.name).filter(|value| !value.is_null()) {
                Some(value) => match parameter.read(value) {
                    Ok(value) => {
                        arguments.0.insert(parameter.name, value);
                    }
                    Err(reason) => wrong.push(format!("{}: {reason}", parameter.name)),
                },
                None if parameter.required => {
                    wrong.push(format!("{}: required; {}", parameter.name, parameter.about));
                }
                None => {}
            }
        }
        let known: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
        for name in given.keys().filter(|name| !known.contains(&name.as_str())) {
            let name: String = name.chars().take(40).collect();
            wrong.push(match known.as_slice() {
                [] => format!("{name:?}: there is no such argument; it takes none"),
                known => format!(
                    "{name:?}: there is no such argument; there are {}",
                    known.join(", ")
                ),
            });
        }
        if wrong.is_empty() {
            Ok(arguments)
        } else {
            Err(Fault::Wrong(format!(
                "the arguments are wrong:\n{}\nhint: mend them and call again",
                wrong.join("\n")
            )))
        }
    }

    /// A text or word, where one was given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A number, where one was given.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.0.get(name).and_then(Value::as_i64)
    }

    /// The members of an object, as text.
    pub(super) fn fields(&self, name: &str) -> Vec<(String, String)> {
        let Some(Value::Object(fields)) = self.0.get(name) else {
            return Vec::new();
        };
        fields
            .iter()
            .map(|(name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                (name.clone(), text)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> [Parameter; 4] {
        [
            Parameter::required("id", Takes::Number(1..=i64::MAX), "Which one."),
            Parameter::optional("state", Takes::OneOf(&["open", "all"]), "Which state."),
            Parameter::optional("site", Takes::Text(8), "Which site."),
            Parameter::optional("detail", Takes::Fields, "More."),
        ]
    }

    fn read(given: &Value) -> Result<Arguments, String> {
        Arguments::read(&parameters(), given.as_object().unwrap())
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn what_fits_is_read_and_numbers_may_be_text() {
        let given =
            json!({"id": "7", "state": "all", "site": " s1 ", "detail": {"a": "x", "b": 2}});
        let arguments = read(&given).unwrap();
        assert_eq!(arguments.number("id"), Some(7));
        assert_eq!(arguments.text("state"), Some("all"));
        assert_eq!(arguments.text("site"), Some("s1"));
        let fields = arguments.fields("detail");
        assert_eq!(fields, [("a".into(), "x".into()), ("b".into(), "2".into())]);
        let arguments = read(&json!({"id": 7, "site": null})).unwrap();
        assert_eq!(arguments.text("site"), None);
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let given =
            json!({"state": "closed", "site": "far too long", "sit": 1, "detail": {"a": []}});
        let said = read(&given).unwrap_err();
        for part in [
            "id: required; Which one.",
            "state: expected one of open, all",
            "site: expected 1 to 8 characters",
            "detail: expected an object of texts and numbers",
            "\"sit\": there is no such argument; there are id, state",
            "hint: ",
        ] {
            assert!(said.contains(part), "{part:?} in {said}");
        }
        for id in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!("x"),
            json!([]),
            json!(1e99),
        ] {
            assert!(
                read(&json!({"id": id}))
                    .unwrap_err()
                    .contains("whole number")
            );
        }
    }

    #[test]
    fn the_schema_says_what_is_taken() {
        let schema = Value::Object(schema(&parameters()));
        assert_eq!(schema["required"], json!(["id"]));
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(
            schema["properties"]["state"]["enum"],
            json!(["open", "all"])
        );
        assert_eq!(schema["properties"]["id"]["minimum"], json!(1));
    }
}
