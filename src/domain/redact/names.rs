//! Which names are names of secrets. The last words decide: `db_password` is one, `password_age`
//! is the age of one.

/// How sure a name makes us of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A password: a number can be one too.
    Password,
    /// A token or key: texts only.
    Secret,
    /// A name that objects with harmless fields have too (`auth`, `session`, `cookie`, `token`).
    Loose,
}

/// Parts that every name of a secret holds one of: most names are dismissed by these alone.
const HINTS: [&str; 15] = [
    "pass",
    "pw",
    "kennwort",
    "secret",
    "token",
    "key",
    "cred",
    "auth",
    "cookie",
    "sess",
    "psk",
    "jwt",
    "otp",
    "community",
    "bearer",
];

/// What may stand behind the telling word without changing what it is.
const TAILS: [&str; 17] = [
    "value",
    "val",
    "plain",
    "plaintext",
    "text",
    "raw",
    "old",
    "new",
    "prev",
    "previous",
    "current",
    "pem",
    "b64",
    "base64",
    "encoded",
    "encrypted",
    "data",
];

/// What makes a secret of a word `key` that follows.
const KEYS: [&str; 17] = [
    "api",
    "access",
    "private",
    "secret",
    "encryption",
    "signing",
    "master",
    "shared",
    "preshared",
    "license",
    "account",
    "client",
    "auth",
    "deploy",
    "webhook",
    "recovery",
    "admin",
];

/// Whether a value under this name is a secret, as `db_password`, `apiKey` or `X-Auth-Token` are,
/// and `token_count`, `primary_key` or `author` are not.
pub fn is_secret_name(name: &str) -> bool {
    class_of(name).is_some()
}

/// What the name says about its value.
pub(super) fn class_of(name: &str) -> Option<Class> {
    if name.len() > 128 || !hints_at_secret(name) {
        return None;
    }
    let mut words = words_of(name);
    while words.len() > 1
        && words
            .last()
            .is_some_and(|word| word.is_empty() || TAILS.contains(&word.as_str()))
    {
        words.pop();
    }
    let last = words.last()?.as_str();
    let before = words.iter().rev().nth(1).map_or("", String::as_str);
    match last {
        "hash" if is_password(before) => Some(Class::Secret),
        "token" | "tokens" if ["page", "next", "continuation", "sync"].contains(&before) => None,
        "token" | "auth" | "authorization" | "session" | "sessionid" | "sessid" | "cookie"
        | "cookies" => Some(Class::Loose),
        "id" if ["session", "sess"].contains(&before) => Some(Class::Loose),
        "pass" | "tokens" | "secrets" | "credential" | "credentials" | "creds" | "apikeys"
        | "jwt" | "psk" | "otp" | "totp" | "bearer" => Some(Class::Secret),
        "key" | "keys" if KEYS.contains(&before) => Some(Class::Secret),
        "community" if words.iter().any(|word| word == "snmp") => Some(Class::Secret),
        word if is_password(word) => Some(Class::Password),
        word if [
            "secret",
            "token",
            "apikey",
            "privatekey",
            "secretkey",
            "accesskey",
        ]
        .iter()
        .any(|end| word.ends_with(end)) =>
        {
            Some(Class::Secret)
        }
        _ => None,
    }
}

fn is_password(word: &str) -> bool {
    matches!(word, "pw" | "pwd" | "passcode" | "dbpass" | "passwords")
        || ["password", "passwd", "passphrase", "passwort", "kennwort"]
            .iter()
            .any(|end| word.ends_with(end))
}

/// Whether any of [`HINTS`] stands in `name`, in any case. It runs on every key of every signal.
fn hints_at_secret(name: &str) -> bool {
    let bytes = name.as_bytes();
    (0..bytes.len()).any(|at| {
        let first = bytes[at].to_ascii_lowercase();
        matches!(
            first,
            b'p' | b's' | b't' | b'k' | b'c' | b'a' | b'j' | b'o' | b'b'
        ) && HINTS.iter().any(|hint| {
            hint.as_bytes()[0] == first
                && bytes[at..]
                    .get(..hint.len())
                    .is_some_and(|part| part.eq_ignore_ascii_case(hint.as_bytes()))
        })
    })
}

/// Lower-case words of `snake_case`, `kebab-case`, `dotted.names` and `camelCase`, without the
/// digits at their ends.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let next_is_lower = chars.peek().is_some_and(char::is_ascii_lowercase);
        let begins = c.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || (before.is_ascii_uppercase() && next_is_lower));
        if begins || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    let mut words: Vec<String> = words
        .into_iter()
        .map(|word| match word.as_str() {
            "b64" | "base64" => word,
            _ => word
                .trim_end_matches(|c: char| c.is_ascii_digit())
                .to_owned(),
        })
        .collect();
    // `password_2` ends in nothing, which the tails take off; a leading `-` begins with nothing.
    if words.len() > 1 && words[0].is_empty() {
        words.remove(0);
    }
    words
}
