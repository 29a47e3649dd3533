//! Text from outside, made fit to be shown: nothing in it can turn a line round, hide, or break
//! the page. Escaping is the template's.

/// `text` with control characters, bidirectional overrides and invisible characters shown as the
/// replacement character, and line breaks as spaces.
pub fn shown(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() || is_invisible(c) => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

/// The same for a text of several lines: its line breaks stay.
pub fn shown_lines(text: &str) -> String {
    text.split('\n').map(shown).collect::<Vec<_>>().join("\n")
}

/// Bidirectional controls (Unicode TR9), zero-width and other format characters that a reader
/// cannot see. The zero-width joiner stays: emoji are made with it.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{061c}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// How long ago, in words: `just now`, `12 min ago`, `3 h ago`, `2 days ago`; `in 5 min` for the
/// future.
pub fn ago(millis: i64) -> String {
    let minutes = millis.unsigned_abs() / 60_000;
    let amount = match minutes {
        0 => return "just now".to_owned(),
        1..60 => format!("{minutes} min"),
        60..2880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    };
    if millis < 0 {
        format!("in {amount}")
    } else {
        format!("{amount} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_turns_the_line_round() {
        assert_eq!(shown("a\u{202e}b\nc\u{0}"), "a\u{fffd}b c\u{fffd}");
        assert_eq!(shown_lines("a\u{202e}b\nc\td\r"), "a\u{fffd}b\nc d ");
        assert_eq!(shown("Größe 👩\u{200d}🚀"), "Größe 👩\u{200d}🚀");
    }

    #[test]
    fn ages_are_said_in_words() {
        assert_eq!(ago(30_000), "just now");
        assert_eq!(ago(12 * 60_000), "12 min ago");
        assert_eq!(ago(3 * 3_600_000), "3 h ago");
        assert_eq!(ago(49 * 3_600_000), "2 days ago");
        assert_eq!(ago(-5 * 60_000), "in 5 min");
    }
}
