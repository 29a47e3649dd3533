//! How a text is gone through. One scan over all triggers tells which rules are worth running;
//! each rule then finds its secrets, and its judge says which part of them goes.

use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};

use super::MARK;
use super::names::{Class, class_of};
use super::patterns::{Judge, RULES};
use super::plain::{NO_SECRETS, OF_BEARERS};

/// No text shorter than `pw=x` holds a secret that could be told.
const SHORTEST: usize = 4;

const VOWELS: [char; 12] = ['a', 'e', 'i', 'o', 'u', 'y', 'A', 'E', 'I', 'O', 'U', 'Y'];

struct Compiled {
    triggers: RegexSet,
    patterns: Vec<Regex>,
}

static COMPILED: LazyLock<Compiled> = LazyLock::new(compile);

#[expect(
    clippy::expect_used,
    reason = "the patterns are constants, and every test of this module compiles them all"
)]
fn compile() -> Compiled {
    Compiled {
        triggers: RegexSet::new(RULES.iter().map(|rule| rule.0)).expect("constant patterns"),
        patterns: RULES
            .iter()
            .map(|rule| Regex::new(rule.1).expect("a constant pattern"))
            .collect(),
    }
}

/// The text without its secrets and their number; `None` where there is none.
pub(super) fn apply(text: &str) -> Option<(String, u32)> {
    if text.len() < SHORTEST {
        return None;
    }
    let triggered = COMPILED.triggers.matches(text);
    let mut result: Option<(String, u32)> = None;
    for rule in &triggered {
        let current = result.as_ref().map_or(text, |(text, _)| text);
        if let Some((text, count)) = replace(current, &COMPILED.patterns[rule], RULES[rule].2) {
            let before = result.map_or(0, |(_, count)| count);
            result = Some((text, before + count));
        }
    }
    result
}

fn replace(text: &str, pattern: &Regex, judge: Judge) -> Option<(String, u32)> {
    let mut result = String::new();
    let (mut copied, mut at, mut count) = (0, 0, 0);
    while at <= text.len() {
        let Some(found) = pattern.captures_at(text, at) else {
            break;
        };
        let secret = judge(text, &found).filter(|(start, end)| {
            let secret = text[*start..*end].trim();
            !secret.is_empty() && !secret.starts_with(MARK)
        });
        if let Some((start, end)) = secret {
            result.push_str(&text[copied..start]);
            result.push_str(MARK);
            (copied, at) = (end, end);
            count += 1;
        } else {
            // What was taken for a value may begin with a name itself: `key: password=x`.
            let name_end = found.name("k").map(|name| name.end());
            let end = name_end.or_else(|| found.get(0).map(|all| all.end()));
            at = end.unwrap_or(text.len()).max(at + 1);
            while !text.is_char_boundary(at) {
                at += 1;
            }
        }
    }
    (count > 0).then(|| {
        result.push_str(&text[copied..]);
        (result, count)
    })
}

/// The secret of a match: its first group named `s`.
fn span(found: &Captures<'_>) -> Option<(usize, usize)> {
    let group = ["s", "s1", "s2", "s3"]
        .iter()
        .find_map(|name| found.name(name))?;
    Some((group.start(), group.end()))
}

pub(super) fn any(_: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    span(found)
}

/// Only what no person would write as a word.
pub(super) fn random(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    span(found).filter(|(start, end)| is_random(&text[*start..*end]))
}

/// As `random`; nor does a word do without vowels.
pub(super) fn bearer(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    span(found).filter(|(start, end)| {
        let word = &text[*start..*end];
        is_random(word) || !word.contains(VOWELS)
    })
}

/// Where nothing else stands in the text, it is a header's value, unless it speaks of one.
pub(super) fn whole_bearer(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    span(found).filter(|(start, end)| {
        let word = &text[*start..*end];
        is_secret_value(word)
            && !OF_BEARERS
                .iter()
                .any(|known| word.trim_end_matches('.').eq_ignore_ascii_case(known))
    })
}

/// A value behind a name; the name decides.
pub(super) fn named(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    let class = class_of(found.name("k")?.as_str());
    span(found).filter(|(start, end)| class.is_some() && is_secret_value(&text[*start..*end]))
}

fn is_random(word: &str) -> bool {
    let inner_capital = word.chars().skip(1).any(|c| c.is_ascii_uppercase())
        && word.chars().any(|c| c.is_ascii_lowercase());
    word.len() >= 40 || inner_capital || word.bytes().any(|b| b.is_ascii_digit())
}

/// `user:password` in base64.
pub(super) fn base64_pair(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    span(found).filter(|(start, end)| {
        let mut bits = 0_u32;
        let mut held = 0;
        for byte in text[*start..*end].bytes() {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => break,
            };
            bits = (bits << 6 | u32::from(value)) & 0xffff;
            held += 6;
            if held >= 8 {
                held -= 8;
                if bits >> held & 0xff == u32::from(b':') {
                    return true;
                }
            }
        }
        false
    })
}

/// `sk-` begins names too (`sk-learn`): a key has a long part with digits in it.
pub(super) fn provider(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    let (start, end) = span(found)?;
    let word = &text[start..end];
    let long_part = word
        .split(['-', '_'])
        .any(|part| part.len() >= 16 && part.bytes().any(|b| b.is_ascii_digit()));
    (!word.starts_with("sk-") || long_part).then_some((start, end))
}

pub(super) fn flag(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    let (start, end) = span(found)?;
    let secret = match found.name("k") {
        Some(name) => class_of(name.as_str()).is_some() && is_secret_value(&text[start..end]),
        None => is_secret_value(&text[start..end]),
    };
    secret.then_some((start, end))
}

/// `password=x`, `token: x`, `"api_key": "x"`.
pub(super) fn assignment(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    let name = found.name("k")?;
    let class = class_of(name.as_str().trim_matches(['-', '.']))?;
    let (start, mut end) = span(found)?;
    let bare = found.name("s").is_some();
    let colon = found.name("sep").is_some_and(|sep| sep.as_str() == ":");
    if bare {
        end = start + length_of_bare(&text[start..end]);
    }
    let value = &text[start..end];
    if !is_secret_value(value) || value.starts_with("//") {
        return None;
    }
    let lower = name.as_str().to_ascii_lowercase();
    if value.starts_with('/') && (lower == "pwd" || lower == "oldpwd") {
        return None;
    }
    if colon && bare {
        // `/etc/passwd:` is a file, and "token: refresh of it failed" is a sentence.
        let in_path = text[..name.start()].ends_with('/');
        let line_goes_on = text[end..]
            .trim_start_matches([' ', '\t'])
            .starts_with(|c: char| c.is_alphanumeric());
        let word = value.chars().all(char::is_alphabetic) && !is_random(value);
        if in_path || (class != Class::Password && word && line_goes_on) {
            return None;
        }
    }
    let number = value.bytes().all(|b| b.is_ascii_digit());
    let counts = matches!(
        lower.as_str(),
        "pass" | "tokens" | "max_tokens" | "session" | "sessions"
    );
    if number && class != Class::Password && (counts || value.len() < 4) {
        return None;
    }
    Some((start, end))
}

/// Where an unquoted value ends: before the next assignment, and before closing punctuation.
fn length_of_bare(value: &str) -> usize {
    let mut length = value.len();
    for (at, _) in value.match_indices([',', ';', '&']) {
        let rest = &value[at + 1..];
        let name = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c)))
            .unwrap_or(rest.len());
        if name > 0 && rest[name..].starts_with(['=', ':']) {
            length = at;
            break;
        }
    }
    value[..length]
        .trim_end_matches([',', ';', '.', ')', '}', '>'])
        .len()
}

/// Whether what stands behind the name of a secret can be one: not empty, not marked already, not
/// a word that speaks about it, not the name of a variable.
pub(super) fn is_secret_value(value: &str) -> bool {
    if value.is_empty() || value.starts_with(MARK) || value.starts_with("{{") {
        return false;
    }
    if let Some(name) = value.strip_prefix('$') {
        let names_variable =
            name.starts_with(|c: char| c.is_ascii_uppercase() || matches!(c, '{' | '(' | '_'));
        if names_variable {
            return false;
        }
    }
    if let Some(placeholder) = value.strip_prefix('<') {
        let name = placeholder.trim_end_matches('>');
        if name.chars().all(|c| c.is_alphabetic() || "_- ".contains(c)) {
            return false;
        }
    }
    if value
        .chars()
        .all(|c| matches!(c, '*' | '•' | '.' | '-' | '?' | '>' | '|' | '+'))
    {
        return false;
    }
    !NO_SECRETS.iter().any(|word| {
        value
            .trim_end_matches(['.', ',', '!', ')'])
            .eq_ignore_ascii_case(word)
    })
}
