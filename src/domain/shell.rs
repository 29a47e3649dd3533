//! Where a `{{variable}}` stands in a shell command, and how a value becomes one inert argument.
//!
//! Follows POSIX quoting just far enough to know that a place is safe, and calls everything else
//! unsafe: what is not understood here is never filled. Runs nothing, knows no values.

mod reread;

use std::ops::Range;

pub use self::reread::is_command_word;

/// Words that Go templates (`docker --format`) write between double braces themselves.
const RESERVED: [&str; 4] = ["end", "else", "break", "continue"];

/// What surrounds a variable in a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Outside of all quotes: a quoted value is one argument there, or a part of one.
    Bare,
    /// Between quotes: a quoted value would end them.
    Quoted,
    /// Behind `#`: a newline in the value would end the comment and begin a command.
    Comment,
    /// Behind backticks, a here-document, `$'`, `((` or `${`: quotes do not mean there what they
    /// mean elsewhere.
    Unclear,
    /// In words that are read again (`eval`, `sh -c`, `watch`, `python -c`, `awk`, behind `ssh host`,
    /// in `[[ ]]` and subscripts, which bash computes): the quotes are gone by then.
    Reparsed,
}

impl Place {
    /// Completes "it stands ..." where a variable may not be filled.
    pub fn objection(self) -> Option<&'static str> {
        match self {
            Self::Bare => None,
            Self::Quoted => {
                Some("inside quotes; values come quoted already, so end the quotes before it")
            }
            Self::Comment => Some("in a comment, where a newline in its value would end it"),
            Self::Unclear => Some(
                "behind backticks, a here-document, $', (( or ${, where no value can be quoted safely",
            ),
            Self::Reparsed => Some(
                "where it is read again as code (eval, sh -c, watch, ssh, python -c, awk, [[ ]], let, | sh), so no quotes protect it",
            ),
        }
    }
}

/// One `{{variable}}` of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Between the braces.
    pub name: String,
    /// Bytes of the text, braces included.
    pub range: Range<usize>,
    /// What surrounds it; [`Place::Bare`] in prose.
    pub place: Place,
}

/// The name of the variable that begins at `text`, if one does: `{{`, `[a-z][a-z0-9_]*`, `}}`.
pub fn variable_at(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("{{")?;
    let length = inner
        .bytes()
        .position(|b| !(b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))?;
    let name = &inner[..length];
    (name.starts_with(|c: char| c.is_ascii_lowercase())
        && inner[length..].starts_with("}}")
        && !RESERVED.contains(&name))
    .then_some(name)
}

/// The variables of a command, in order.
pub fn slots(command: &str) -> Vec<Slot> {
    let mut scanner = Scanner {
        text: command,
        at: 0,
        nest: Vec::new(),
        comment: false,
        unclear: false,
        has_case: command.contains("esac"),
        slots: Vec::new(),
    };
    while scanner.at < command.len() {
        scanner.step();
    }
    scanner.slots
}

/// `value` between single quotes: one argument for a POSIX shell, whatever it holds. Control
/// characters other than newline and tab are left out: a terminal that a command is pasted into
/// obeys them before the shell sees any quote.
pub fn quote(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('\'');
    for c in value.chars() {
        match c {
            '\'' => quoted.push_str("'\\''"),
            '\n' | '\t' => quoted.push(c),
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

/// The same for PowerShell, to which typographic single quotes are single quotes too.
pub fn quote_powershell(value: &str) -> String {
    let mut quoted = String::from("'");
    for c in value.chars().filter(|c| !c.is_control()) {
        quoted.push(c);
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(c);
        }
    }
    quoted.push('\'');
    quoted
}

/// What can be inside what.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nest {
    /// `"..."`
    Double,
    /// `$(...)` and `(...)`: quoting begins afresh.
    Paren,
    /// `${...}`
    Brace,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    nest: Vec<Nest>,
    comment: bool,
    /// Set for good once something was met that is not followed here.
    unclear: bool,
    /// The `)` of a `case` pattern has no opening partner.
    has_case: bool,
    slots: Vec<Slot>,
}

impl Scanner<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        if let Some(name) = variable_at(rest) {
            self.slot(name.to_owned());
            return;
        }
        let first = rest.as_bytes()[0];
        if self.comment {
            self.comment = first != b'\n';
            self.at += 1;
            while !self.text.is_char_boundary(self.at) {
                self.at += 1;
            }
            return;
        }
        let in_double = self.nest.last() == Some(&Nest::Double);
        let in_brace = self.nest.last() == Some(&Nest::Brace);
        let mut length = rest.chars().next().map_or(1, char::len_utf8);
        match first {
            b'\\' => length += rest[1..].chars().next().map_or(0, char::len_utf8),
            b'\'' if in_brace => self.unclear = true,
            b'\'' if !in_double => length = self.single_quoted(rest),
            b'"' if in_double => {
                self.nest.pop();
            }
            b'"' => self.nest.push(Nest::Double),
            b'`' => self.unclear = true,
            b'$' if rest.starts_with("$((") => self.unclear = true,
            b'$' if rest.starts_with("$(") => {
                self.open_paren();
                length = 2;
            }
            b'$' if rest.starts_with("${") && variable_at(&rest[1..]).is_none() => {
                self.nest.push(Nest::Brace);
                length = 2;
            }
            b'$' if rest.starts_with("$'") && !in_double => self.unclear = true,
            b'}' if in_brace => {
                self.nest.pop();
            }
            _ if in_double || in_brace => {}
            b'(' if rest.starts_with("((") => self.unclear = true,
            b'(' => self.open_paren(),
            b')' if self.nest.last() == Some(&Nest::Paren) => {
                self.nest.pop();
            }
            b'<' if rest.starts_with("<<<") => length = 3,
            b'<' if rest.starts_with("<<") => self.unclear = true,
            b'#' if self.at_word_start() => self.comment = true,
            _ => {}
        }
        self.at += length;
    }

    fn open_paren(&mut self) {
        self.unclear |= self.has_case;
        self.nest.push(Nest::Paren);
    }

    /// Notes the variables between single quotes; the length up to behind the closing one.
    fn single_quoted(&mut self, rest: &str) -> usize {
        let inner = &rest[1..];
        let length = inner.find('\'').unwrap_or(inner.len());
        let mut at = 0;
        while let Some(found) = inner[at..length].find("{{") {
            at += found;
            let Some(name) = variable_at(&inner[at..length]) else {
                at += 1;
                continue;
            };
            let start = self.at + 1 + at;
            let end = start + name.len() + 4;
            self.slots.push(Slot {
                name: name.to_owned(),
                range: start..end,
                place: Place::Quoted,
            });
            at += name.len() + 4;
        }
        (length + 2).min(rest.len())
    }

    fn slot(&mut self, name: String) {
        let end = self.at + name.len() + 4;
        let before = &self.text[..self.at];
        let place = if self.unclear || before.ends_with('$') || self.nest.contains(&Nest::Brace) {
            Place::Unclear
        } else if self.comment {
            Place::Comment
        } else if self.nest.last() == Some(&Nest::Double) {
            Place::Quoted
        } else if reread::is_reparsed(before) || reread::goes_to_a_shell(&self.text[end..]) {
            Place::Reparsed
        } else {
            Place::Bare
        };
        self.slots.push(Slot {
            name,
            range: self.at..end,
            place,
        });
        self.at = end;
    }

    fn at_word_start(&self) -> bool {
        self.text[..self.at]
            .chars()
            .next_back()
            .is_none_or(|c| c.is_whitespace() || ";&|()<>".contains(c))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(command: &str) -> Vec<Place> {
        slots(command).into_iter().map(|slot| slot.place).collect()
    }

    #[test]
    fn only_lower_case_names_are_ours() {
        for text in [
            "{{.Names}}",
            "{{json .}}",
            "{{ x }}",
            "{{X}}",
            "{{1a}}",
            "{{}}",
            "{{a",
            "{{a}",
            "{{end}}",
            "{{a-b}}",
        ] {
            assert_eq!(variable_at(text), None, "{text}");
        }
        assert_eq!(variable_at("{{used_pct2}} x"), Some("used_pct2"));
    }

    #[test]
    fn a_place_is_safe_only_where_quotes_begin_afresh() {
        use Place::{Bare, Comment, Quoted, Reparsed, Unclear};
        for (command, place) in [
            ("df -h {{x}}", Bare),
            ("docker ps --filter name={{x}} --format '{{.Names}}'", Bare),
            ("echo \"a\" {{x}}", Bare),
            ("echo \"$(docker logs {{x}})\"", Bare),
            ("echo \"${A}\" {{x}}", Bare),
            ("# don't\ndf {{x}}", Bare),
            ("echo a#b {{x}}", Bare),
            ("echo it\\'s {{x}}", Bare),
            ("cat <<< {{x}}", Bare),
            ("{{{x}}}", Bare),
            ("ssh -p 22 root@{{x}}", Bare),
            ("echo '{{x}}'", Quoted),
            ("echo \"{{x}}\"", Quoted),
            ("echo \"$(echo \"{{x}}\")\"", Quoted),
            ("echo \"it's {{x}}\"", Quoted),
            ("echo a # {{x}}", Comment),
            ("echo `ls {{x}}`", Unclear),
            ("cat <<EOF\n{{x}}\nEOF", Unclear),
            ("echo ${{x}}", Unclear),
            ("echo ${a:-{{x}}}", Unclear),
            ("echo $(({{x}}))", Unclear),
            ("echo $'a' {{x}}", Unclear),
            ("echo \"$(case a in a) echo \"{{x}}\";; esac)\"", Unclear),
            ("eval {{x}}", Reparsed),
            ("bash -lc {{x}}", Reparsed),
            ("watch df {{x}}", Reparsed),
            ("python3 -c {{x}}", Reparsed),
            ("ssh host df {{x}}", Reparsed),
        ] {
            assert_eq!(places(command), [place], "{command}");
        }
    }

    #[test]
    fn an_escaped_brace_begins_nothing() {
        assert_eq!(places("echo \\{{x}}"), []);
    }

    #[test]
    fn no_sign_ends_a_quoted_value_of_powershell() {
        assert_eq!(
            quote_powershell("it's ‘$(odd)’\u{1b}"),
            "'it''s ‘‘$(odd)’’'"
        );
    }

    #[test]
    fn a_quoted_value_keeps_newlines_and_loses_what_a_terminal_obeys() {
        assert_eq!(quote("it's"), "'it'\\''s'");
        assert_eq!(quote("a\nb\tc\0\u{1b}[201~\u{15}"), "'a\nb\tc[201~'");
    }

    #[test]
    fn text_beyond_ascii_is_walked_over() {
        assert_eq!(places("echo größe „{{x}}“ \\ü {{y}} # ü {{z}}").len(), 3);
    }
}
