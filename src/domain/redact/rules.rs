//! What secrets look like in a text. One scan over all triggers tells which rules are worth
//! running; each rule then finds its secrets and says which part of them goes.

use std::sync::LazyLock;

use regex::{Captures, Regex, RegexSet};

use super::MARK;
use super::names::{Class, class_of};
use super::plain::{NO_SECRETS, OF_BEARERS};

/// Which bytes of the text are the secret; `None` where it only looked like one.
type Judge = fn(&str, &Captures<'_>) -> Option<(usize, usize)>;

/// A cheap sign of it, the whole pattern with its secret in the group `s` (or `s1`, `s2`, ...),
/// and the judge.
const RULES: [(&str, &str, Judge); 14] = [
    (
        r"-----BEGIN",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:(?P<s>.*?))(?:-----END [A-Z0-9 ]*PRIVATE KEY|\z)",
        any,
    ),
    (
        r"://[^\s/]*@",
        r#"://[^\s/?#:@"'<>]*:(?P<s>[^\s/?#"'<>]+)@"#,
        any,
    ),
    (r"://[^\s/]*@", r"://(?P<s>[A-Za-z0-9_\-]{20,})@", random),
    (
        r"(?i)webhook|hooks\.slack|hc-ping|ifttt",
        r"(?i)(?:discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/|hooks\.slack\.com/[a-z]+/|webhook\.office\.com/webhookb2/|/api/webhook/|hc-ping\.com/|ifttt\.com/trigger/[^/\s]+/(?:json/)?with/key/)(?P<s>[A-Za-z0-9_\-/@.]{8,})",
        any,
    ),
    (
        r"(?i)authorization|cookie",
        r#"(?i)(?:authorization\\?["']?\s*[:=]\s*\\?["']?(?:bearer|basic|token|digest|negotiate|apikey)\s+(?P<s>[^\s"',\\]+)|cookie\\?["']?: *(?P<s1>[^\r\n"'\\]*=[^\r\n"'\\]+))"#,
        any,
    ),
    (
        r"(?i)bearer\s",
        r"(?i)(?-u:\b)bearer\s+(?P<s>[A-Za-z0-9._~+/=\-]{8,})",
        bearer,
    ),
    (
        r"(?i)\A\s*bearer\s",
        r"(?i)\A\s*bearer\s+(?P<s>[A-Za-z0-9._~+/=\-]{8,})\s*\z",
        whole_bearer,
    ),
    (
        r"(?i)basic\s",
        r"(?i)(?-u:\b)basic\s+(?P<s>[A-Za-z0-9+/]{6,}={0,2})",
        base64_pair,
    ),
    (
        r"eyJ",
        r"(?-u:\b)(?P<s>eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*){0,3}|[A-Za-z0-9_\-]{40,}={0,2}))",
        any,
    ),
    (
        r"atl_|AKIA|ASIA|gh[oprsu]_|github_pat_|gl[a-z]{2,6}-|xox[a-z]-|xapp-|sk-|[rs]k_(?:live|test)_|AIza|npm_|hvs\.|tskey-|PVEAPIToken|glsa_|AGE-SECRET|SG\.|dop_v1_|pypi-|whsec_",
        r"(?-u:\b)(?:(?P<s>atl_[A-Za-z0-9]{16,}|(?:AKIA|ASIA)[A-Z0-9]{16}(?-u:\b)|gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl[a-z]{2,6}-[A-Za-z0-9_\-]{16,}|xox[a-z]-[A-Za-z0-9\-]{10,}|xapp-[A-Za-z0-9\-]{10,}|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|AIza[A-Za-z0-9_\-]{35}|npm_[A-Za-z0-9]{30,}|hvs\.[A-Za-z0-9_\-]{20,}|tskey-[a-z]+-[A-Za-z0-9\-]{10,}|glsa_[A-Za-z0-9_]{30,}|AGE-SECRET-KEY-1[A-Z0-9]{40,}|SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}|dop_v1_[a-f0-9]{40,}|pypi-[A-Za-z0-9_\-]{40,}|whsec_[A-Za-z0-9+/=]{16,})|PVEAPIToken=[^\s=]+=(?P<s1>[A-Za-z0-9\-]{8,})|(?P<s2>sk-[A-Za-z0-9_\-]{20,}))",
        provider,
    ),
    (
        r"[0-9]{8}:[A-Za-z0-9_-]{30}",
        r"(?:(?-u:\b)|bot)(?P<s>[0-9]{8,10}:[A-Za-z0-9_\-]{35})(?-u:\b)",
        any,
    ),
    (
        r"\$(?:1|2[aby]|5|6|y|argon2)",
        r#"(?P<s>\$(?:1|2[aby]|5|6|y|argon2id?)\$[^\s:"']{12,})"#,
        any,
    ),
    (
        r"(?i)curl|wget|sshpass|mysql|--[a-z0-9-]*(?:pass|pwd|secret|token|key|cred)",
        r#"(?i)(?:(?:curl|wget)(?-u:\b)[^\n|;]*?\s(?:-u|--user)[\s=]*["']?[^\s:"']+:(?P<s>[^\s"']+)|sshpass\s+-p\s*["']?(?P<s1>[^\s"']+)|(?-u:\b)mysql[a-z]*(?-u:\b)[^\n|;]*?\s-p["']?(?P<s2>[^\s"']+)|(?:^|[\s"'\[,(])--(?P<k>[a-z0-9\-]*(?:pass|pwd|secret|token|key|cred)[a-z0-9\-]*)["']?[ \t,]+["']?(?P<s3>[^\s"'\-\[,][^\s"']*))"#,
        flag,
    ),
    (
        r"(?i)(?:pass|pwd|secret|token|key|cred|auth|cookie|sess|psk|jwt|otp|community|bearer)[a-z0-9_.\-]*[\\\x22']{0,2}[ \t]*[:=]",
        r#"(?i)(?P<k>[a-z0-9_.\-]*(?:pass|pwd|secret|token|key|cred|auth|cookie|sess|psk|jwt|otp|community|bearer)[a-z0-9_.\-]*)(?:\\?["'])?[ \t]*(?P<sep>:=|=>|=|:)[ \t]*(?:\\"(?P<s1>[^"\\\r\n]+)|"(?P<s2>(?:[^"\\\r\n]|\\.)+)|'(?P<s3>[^'\r\n]+)|(?P<s>[^\s"'\\][^\s"']*))"#,
        assignment,
    ),
];

/// No text shorter than `pwd=x` holds a secret that could be told.
const SHORTEST: usize = 5;

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

fn any(_: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    span(found)
}

/// Only what no person would write as a word.
fn random(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    span(found).filter(|(start, end)| is_random(&text[*start..*end]))
}

/// As `random`; nor does a word do without vowels.
fn bearer(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    span(found).filter(|(start, end)| {
        let word = &text[*start..*end];
        is_random(word) || !word.contains(VOWELS)
    })
}

/// Where nothing else stands in the text, it is a header's value, unless it speaks of one.
fn whole_bearer(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    span(found).filter(|(start, end)| {
        let word = &text[*start..*end];
        is_secret_value(word)
            && !OF_BEARERS
                .iter()
                .any(|known| word.trim_end_matches('.').eq_ignore_ascii_case(known))
    })
}

fn is_random(word: &str) -> bool {
    let inner_capital = word.chars().skip(1).any(|c| c.is_ascii_uppercase())
        && word.chars().any(|c| c.is_ascii_lowercase());
    word.len() >= 40 || inner_capital || word.bytes().any(|b| b.is_ascii_digit())
}

/// `user:password` in base64.
fn base64_pair(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
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
fn provider(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    let (start, end) = span(found)?;
    let word = &text[start..end];
    let long_part = word
        .split(['-', '_'])
        .any(|part| part.len() >= 16 && part.bytes().any(|b| b.is_ascii_digit()));
    (!word.starts_with("sk-") || long_part).then_some((start, end))
}

fn flag(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
    let (start, end) = span(found)?;
    let secret = match found.name("k") {
        Some(name) => class_of(name.as_str()).is_some() && is_secret_value(&text[start..end]),
        None => is_secret_value(&text[start..end]),
    };
    secret.then_some((start, end))
}

/// `password=x`, `token: x`, `"api_key": "x"`.
fn assignment(text: &str, found: &Captures<'_>) -> Option<(usize, usize)> {
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
        .all(|c| matches!(c, '*' | '•' | '.' | '-' | '?'))
    {
        return false;
    }
    !NO_SECRETS.iter().any(|word| {
        value
            .trim_end_matches(['.', ',', '!', ')'])
            .eq_ignore_ascii_case(word)
    })
}
