//! The front matter of a runbook's file: where it stands, its fields, and what is wrong with them.
//! Does not read YAML: that is done between [`split_front_matter`] and [`super::parse`].

use serde::Deserialize;

use super::{Lint, MAX_BYTES};

/// The fields between the `---` lines. All are optional here, so that what is missing is reported
/// together with everything else; a field that is not ours is refused by the reader.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontMatter {
    /// Required. See [`super::Runbook::id`].
    pub id: Option<String>,
    /// Required.
    pub title: Option<String>,
    /// Required. One sentence.
    pub summary: Option<String>,
    /// The kinds of signal it was written for.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Lower-case words it is found by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// A question for a model.
    pub prompt_template: Option<String>,
    /// Who keeps it up to date.
    pub owner: Option<String>,
    /// A date, as written.
    pub reviewed_at: Option<String>,
}

/// A file taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// All of it.
    pub text: &'a str,
    /// The YAML between the `---` lines. Its first line is line 2 of the file.
    pub front: &'a str,
    /// What follows.
    pub body: &'a str,
    /// Line of the file that `body` begins at, from 1.
    pub body_line: usize,
}

impl Source<'_> {
    /// Line of the file that sets `field`; the first line where none does.
    pub(super) fn line_of(&self, field: &str) -> usize {
        self.front
            .lines()
            .position(|line| {
                line.strip_prefix(field)
                    .is_some_and(|rest| rest.trim_start().starts_with(':'))
            })
            .map_or(1, |index| index + 2)
    }
}

/// Finds the front matter of a runbook's file.
///
/// # Errors
/// A file over [`MAX_BYTES`], or one that does not begin with `---` or never ends its front matter.
pub fn split_front_matter(text: &str) -> Result<Source<'_>, Lint> {
    if text.len() > MAX_BYTES {
        return Err(Lint::new(
            1,
            format!("the file is larger than {} KiB", MAX_BYTES / 1024),
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != "---" {
        return Err(Lint::new(
            1,
            "expected front matter: a first line of ---, the fields, a line of ---",
        ));
    }
    let start = first.len();
    let mut end = start;
    for (index, line) in lines.enumerate() {
        if line.trim_end() == "---" {
            return Ok(Source {
                text,
                front: &text[start..end],
                body: &text[end + line.len()..],
                body_line: index + 3,
            });
        }
        end += line.len();
    }
    Err(Lint::new(
        1,
        "the front matter is not ended by a line of ---",
    ))
}

/// What is wrong with the fields.
pub(super) fn check(front: &FrontMatter, source: &Source<'_>, lints: &mut Vec<Lint>) {
    let mut complain = |field: &str, message: String| {
        lints.push(Lint::new(source.line_of(field), message));
    };
    for (field, value) in [
        ("id", &front.id),
        ("title", &front.title),
        ("summary", &front.summary),
    ] {
        if value.as_deref().is_none_or(|text| text.trim().is_empty()) {
            complain(field, format!("{field} is required and not empty"));
        }
    }
    if let Some(id) = &front.id
        && !id.is_empty()
        && !is_made_of(id, b"-")
    {
        complain(
            "id",
            format!("id {id:?} may hold only a-z, 0-9 and hyphens"),
        );
    }
    for (field, words) in [("tags", &front.tags), ("kinds", &front.kinds)] {
        for word in words {
            if !is_made_of(word, b"_-") {
                complain(
                    field,
                    format!("{word:?} in {field} may hold only a-z, 0-9, _ and -"),
                );
            }
        }
    }
}

/// Whether `text` is a lower-case token of letters, digits and `others`.
pub(super) fn is_made_of(text: &str, others: &[u8]) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || others.contains(&b))
}
