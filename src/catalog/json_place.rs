//! Where in a JSON text a value stands. The text has been parsed before: nothing is checked here.

use crate::yaml::{Place, Step};

/// The place of the value at the end of `path`; of the last one that is there, where it is not.
pub(super) fn locate(text: &str, path: &[Step]) -> Place {
    let mut walk = Walk {
        bytes: text.as_bytes(),
        at: 0,
    };
    let mut found = walk.next_sign();
    for step in path {
        let Some(place) = walk.enter(step) else { break };
        found = place;
    }
    place_of(text, found)
}

/// Line and column of a byte.
pub(super) fn place_of(text: &str, offset: usize) -> Place {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line = before.rsplit('\n').next().unwrap_or_default();
    Place {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn sign(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// Where the next sign stands that is no space.
    fn next_sign(&mut self) -> usize {
        while self.sign().is_ascii_whitespace() || matches!(self.sign(), b',' | b':') {
            self.at += 1;
        }
        self.at
    }

    /// Steps into an object's field or a list's item, and answers where its value begins.
    fn enter(&mut self, step: &Step) -> Option<usize> {
        self.next_sign();
        let wanted = match (self.sign(), step) {
            (b'{', Step::Key(name, _)) => Some(name),
            (b'[', Step::Item(_)) => None,
            _ => return None,
        };
        self.at += 1;
        let mut index = 0;
        loop {
            self.next_sign();
            if matches!(self.sign(), b'}' | b']' | 0) {
                return None;
            }
            let fits = match (wanted, step) {
                (Some(name), _) => self.string() == *name,
                (None, Step::Item(wanted)) => index == *wanted,
                (None, Step::Key(..)) => false,
            };
            let value = self.next_sign();
            if fits {
                return Some(value);
            }
            self.skip();
            index += 1;
        }
    }

    /// The string that begins here, unescaped as far as names of fields need it.
    fn string(&mut self) -> String {
        let start = self.at;
        self.skip();
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        serde_json::from_slice(raw).unwrap_or_default()
    }

    /// Passes over one value.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            self.next_sign();
            match self.sign() {
                0 => return,
                b'"' => self.skip_string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                _ => {
                    while !matches!(
                        self.sign(),
                        0 | b',' | b':' | b']' | b'}' | b'"' | b'[' | b'{'
                    ) && !self.sign().is_ascii_whitespace()
                    {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        loop {
            match self.sign() {
                0 if self.at >= self.bytes.len() => return,
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_path() {
        let text =
            "[\n  {\"a\": \"x\\\"]\", \"steps\": [1, {\"k\": [true]}]},\n\t{\"id\": null}\n]";
        let key = |name: &str| Step::Key(name.to_owned(), 0);
        let at = |path: &[Step]| {
            let place = locate(text, path);
            (place.line, place.column)
        };
        assert_eq!(at(&[]), (1, 1));
        assert_eq!(at(&[Step::Item(0)]), (2, 3));
        assert_eq!(at(&[Step::Item(0), key("a")]), (2, 9));
        assert_eq!(at(&[Step::Item(0), key("steps"), Step::Item(1)]), (2, 30));
        let deep = [
            Step::Item(0),
            key("steps"),
            Step::Item(1),
            key("k"),
            Step::Item(0),
        ];
        assert_eq!(at(&deep), (2, 37));
        assert_eq!(at(&[Step::Item(1), key("id")]), (3, 9));
        // The nearest thing that is there.
        assert_eq!(at(&[Step::Item(1), key("none")]), (3, 2));
    }
}
