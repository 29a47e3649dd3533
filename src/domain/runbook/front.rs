//! The front matter of a runbook's file: where it stands, its fields, and what is wrong with them.
//! Does not read YAML: that is done between [`split_front_matter`] and [`super::parse`].

use jiff::civil::Date;
use serde::Serialize;

use super::{Lint, MAX_BYTES};

/// The fields a front matter may have. One that is none of them is refused by the reader.
pub const KEYS: [&str; 8] = [
    "id",
    "title",
    "kinds",
    "tags",
    "summary",
    "owner",
    "reviewed_at",
    "prompt_template",
];

/// Words that stand where an id stands in an address (`/api/runbooks/match`).
const RESERVED: [&str; 4] = ["match", "gaps", "draft", "problems"];

/// The fields between the `---` lines. All are optional here, so that what is missing is reported
/// together with everything else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FrontMatter {
    /// Required. See [`super::Runbook::id`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The kinds of signal it was written for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Lower-case words it is found by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Required. One sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Who keeps it up to date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// A date, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<String>,
    /// A question for a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_template: Option<String>,
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
    if let Some(id) = &front.id
        && RESERVED.contains(&id.as_str())
    {
        complain(
            "id",
            format!("id {id:?} is an address of the API; choose another, such as rb-{id}"),
        );
    }
    if let Some(date) = &front.reviewed_at
        && (date.len() != 10 || date.parse::<Date>().is_err())
    {
        complain(
            "reviewed_at",
            format!("reviewed_at {date:?} is no date; write it as 2026-11-23"),
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

/// Where an anchor (`&name`) or an alias (`*name`) begins: line and column of `front`, from 1.
/// They are refused before YAML is read: a runbook needs none, and a few lines of them can stand
/// for gigabytes.
pub fn find_reference(front: &str) -> Option<(usize, usize)> {
    let mut scan = Scan::default();
    for (index, line) in front.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        if scan
            .block
            .is_some_and(|least| line.trim().is_empty() || indent > least)
        {
            continue;
        }
        scan.block = None;
        if let Some(column) = scan.line(line) {
            return Some((index + 1, column));
        }
        let value = line.trim_end();
        let opens = value
            .rsplit([' ', ':'])
            .next()
            .is_some_and(|last| last.starts_with(['|', '>']));
        if opens && scan.quote.is_none() && scan.depth == 0 {
            scan.block = Some(indent);
        }
    }
    None
}

/// What a line of YAML begins within.
#[derive(Default)]
struct Scan {
    /// Indentation of the key whose block of text (`|`, `>`) goes on.
    block: Option<usize>,
    quote: Option<char>,
    /// Brackets that are open.
    depth: usize,
}

impl Scan {
    /// Column of a reference in this line.
    fn line(&mut self, line: &str) -> Option<usize> {
        // Whether a value or a key may begin here.
        let mut begins = true;
        let mut before = ' ';
        let mut chars = line.chars().enumerate().peekable();
        while let Some((index, c)) = chars.next() {
            let ends_word = chars.peek().is_none_or(|(_, next)| next.is_whitespace());
            let spaced = before.is_whitespace();
            before = c;
            if let Some(quote) = self.quote {
                if c == quote {
                    self.quote = None;
                } else if c == '\\' && quote == '"' {
                    chars.next();
                }
                continue;
            }
            match c {
                c if c.is_whitespace() => {}
                '#' if spaced => return None,
                '&' | '*' if begins && !ends_word => return Some(index + 1),
                '\'' | '"' if begins => {
                    self.quote = Some(c);
                    begins = false;
                }
                // A tag, a list's hyphen, the colon of a key: a value follows.
                '!' | '-' | '?' if begins && (ends_word || c == '!') => {
                    while c == '!' && chars.next_if(|(_, c)| !c.is_whitespace()).is_some() {}
                }
                ':' if ends_word => begins = true,
                '[' | '{' if begins || self.depth > 0 => {
                    self.depth += 1;
                    begins = true;
                }
                ',' if self.depth > 0 => begins = true,
                ']' | '}' => {
                    self.depth = self.depth.saturating_sub(1);
                    begins = false;
                }
                _ => begins = false,
            }
        }
        None
    }
}
