//! The only file that names the YAML package.
//!
//! Configuration is read as a tree that keeps duplicate keys (the package drops them silently)
//! and every key's place in the text. It owns no rule about what a key means.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};
use serde::{Deserialize, Serialize};

/// Largest YAML text that is read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// Most brackets that may be open at once.
const MAX_BRACKETS: usize = 200;

/// What is wrong with a YAML text, and where the parser knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
}

/// A place in a text; both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl fmt::Display for YamlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(out, "line {}, column {}: ", place.line, place.column)?;
        }
        out.write_str(&self.message)
    }
}

impl std::error::Error for YamlError {}

impl From<serde_yaml::Error> for YamlError {
    fn from(error: serde_yaml::Error) -> Self {
        let message = error.to_string();
        Self {
            place: error.location().map(|at| Place {
                line: at.line(),
                column: at.column(),
            }),
            // The package ends most of its messages with the place itself.
            message: message
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

/// Reads a value of a known shape.
///
/// # Errors
/// What the parser says, and where.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, YamlError> {
    check_bounds(text)?;
    Ok(serde_yaml::from_str(text)?)
}

/// Writes a value.
///
/// # Errors
/// Where the value's shape has no YAML, such as a map whose keys are maps.
pub fn to_string(value: &impl Serialize) -> Result<String, YamlError> {
    Ok(serde_yaml::to_string(value)?)
}

/// A YAML value with its keys in order, twice where they stand twice.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// What a person calls this type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a section",
        }
    }
}

/// Reads a text as a tree. An empty text is [`Node::Null`].
///
/// # Errors
/// What the parser says, and where.
pub fn parse(text: &str) -> Result<Node, YamlError> {
    check_bounds(text)?;
    if text.trim().is_empty() {
        return Ok(Node::Null);
    }
    Ok(serde_yaml::from_str(text)?)
}

/// One step from a tree's root to a key: the key's name and, where it stands more than once,
/// which of them (from 0); or a position in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The n-th key of this name.
    Key(String, usize),
    /// The n-th item.
    Item(usize),
}

/// Where in `text` a key or item stands. Found by reading the text once more and failing there on
/// purpose, so that the place is the parser's own. `None` where there is no such key.
pub fn locate(text: &str, path: &[Step]) -> Option<Place> {
    let deserializer = serde_yaml::Deserializer::from_str(text);
    let error = Probe { path }.deserialize(deserializer).err()?;
    YamlError::from(error).place
}

/// Size, and depth of brackets: the parser takes a time that grows with the square of the latter.
fn check_bounds(text: &str) -> Result<(), YamlError> {
    let refuse = |message: String| {
        Err(YamlError {
            message,
            place: None,
        })
    };
    if text.len() > MAX_BYTES {
        return refuse(format!("larger than {} KiB", MAX_BYTES / 1024));
    }
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_BRACKETS {
            return refuse(format!(
                "more than {MAX_BRACKETS} brackets within each other"
            ));
        }
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(i64::try_from(value).map_or(Node::Float(value as f64), Node::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Node::Map(map))
    }
}

/// Walks down `path` and fails when it arrives.
struct Probe<'p> {
    path: &'p [Step],
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the place that is looked for")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Some((Step::Item(wanted), rest)) = self.path.split_first() else {
            return Err(A::Error::custom("arrived"));
        };
        for _ in 0..*wanted {
            items.next_element::<IgnoredAny>()?;
        }
        items.next_element_seed(Probe { path: rest })?;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Some((Step::Key(name, occurrence), rest)) = self.path.split_first() else {
            return Err(A::Error::custom("arrived"));
        };
        let mut seen = 0;
        loop {
            let wanted = KeyProbe {
                name,
                fail: rest.is_empty() && seen == *occurrence,
            };
            match entries.next_key_seed(wanted)? {
                None => return Ok(()),
                Some(true) if seen == *occurrence => {
                    return entries.next_value_seed(Probe { path: rest });
                }
                Some(same) => {
                    seen += usize::from(same);
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        Err(E::custom("arrived"))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        Err(E::custom("arrived"))
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        Err(E::custom("arrived"))
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        Err(E::custom("arrived"))
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        Err(E::custom("arrived"))
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        Err(E::custom("arrived"))
    }
}

/// Reads one key: says whether it is the wanted one, and fails on it where that is the end.
struct KeyProbe<'p> {
    name: &'p str,
    fail: bool,
}

impl<'de> DeserializeSeed<'de> for KeyProbe<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyProbe<'_> {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        if key == self.name && self.fail {
            return Err(E::custom("arrived"));
        }
        Ok(key == self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "backend:\n  host: a\n  port: 1\n  host: b\nlist:\n  - x: 1\n  - x: 2\n";

    fn key(name: &str, occurrence: usize) -> Step {
        Step::Key(name.to_owned(), occurrence)
    }

    #[test]
    fn duplicate_keys_are_kept() {
        let Node::Map(entries) = parse(TEXT).unwrap() else {
            panic!("no mapping")
        };
        let Node::Map(backend) = &entries[0].1 else {
            panic!("no section")
        };
        assert_eq!(backend.len(), 3);
    }

    #[test]
    fn a_key_is_found_where_it_stands() {
        let at = |path: &[Step]| locate(TEXT, path).map(|place| (place.line, place.column));
        assert_eq!(at(&[key("backend", 0), key("port", 0)]), Some((3, 3)));
        assert_eq!(at(&[key("backend", 0), key("host", 1)]), Some((4, 3)));
        assert_eq!(
            at(&[key("list", 0), Step::Item(1), key("x", 0)]),
            Some((7, 5))
        );
        assert_eq!(at(&[key("nothing", 0)]), None);
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let error = parse("a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(error.place.is_some(), "{error}");
    }

    #[test]
    #[allow(clippy::format_push_string)] // a test may allocate
    fn bombs_do_not_explode() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for level in 1..12 {
            let below = vec![format!("*a{}", level - 1); 9].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{below}]\n"));
        }
        assert!(parse(&bomb).is_err());
        assert!(parse(&format!("a: {}", "x".repeat(MAX_BYTES))).is_err());
        assert!(parse(&"[".repeat(10_000)).is_err());
    }
}
