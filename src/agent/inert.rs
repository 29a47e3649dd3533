//! Makes text from outside harmless before it stands in a summary, a key or a log line: one line,
//! bounded, without characters that steer terminals or reorder text. It escapes nothing: that is
//! the work of whoever prints it.

use crate::domain::hash;

/// Digits of the hash that tell two texts apart that look the same once they are tame.
const MARK: usize = 8;

/// Steers a terminal or turns the reading direction around.
fn is_unruly(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `text` with unruly characters replaced and cut to `longest` characters.
pub fn line(text: &str, longest: usize) -> String {
    let mut tame: String = text
        .chars()
        .take(longest + 1)
        .map(|letter| {
            if is_unruly(letter) {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect();
    if tame.chars().count() > longest {
        tame = tame.chars().take(longest.saturating_sub(1)).collect();
        tame.push('…');
    }
    tame
}

/// As [`line`], and still different for different texts: what had to be changed gets a mark.
pub fn name(text: &str, longest: usize) -> String {
    let tame = line(text, longest);
    if tame == text {
        return tame;
    }
    let mark = &hash::name_of(&[text])[..MARK];
    format!("{}~{mark}", line(text, longest.saturating_sub(MARK + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_as_they_are() {
        assert_eq!(name("web-1.prod_x", 128), "web-1.prod_x");
        assert_eq!(line("Ünïcode ✓", 64), "Ünïcode ✓");
    }

    #[test]
    fn hostile_names_are_tame_bounded_and_still_different() {
        let hostile = format!("a\n\u{1b}[31m\u{202e}{}", "x".repeat(5000));
        let other = format!("{hostile}y");
        let (first, second) = (name(&hostile, 128), name(&other, 128));
        assert!(
            first.chars().count() <= 128 && !first.chars().any(is_unruly),
            "{first}"
        );
        assert_ne!(first, second);
        assert_eq!(first, name(&hostile, 128), "the same text keeps its name");
    }

    #[test]
    fn a_cut_is_seen() {
        assert_eq!(line("abcdef", 4), "abc…");
    }
}
