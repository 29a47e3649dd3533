//! Lines of at most 80 columns, for terminals and mail.

use crate::domain::text::shown;

/// Columns of a line.
pub(super) const WIDTH: usize = 80;

/// Puts `text` on lines of `out`, the first after `head`, the others indented by `indent` columns. What comes
/// from outside can make neither a line of its own nor one that is too long.
pub(super) fn put(out: &mut String, head: &str, indent: usize, text: &str) {
    let text = shown(text);
    let mut line = head.to_owned();
    let mut used = columns(head);
    let mut fresh = true;
    for word in text.split_whitespace().flat_map(pieces) {
        let gap = usize::from(!fresh);
        if used + gap + columns(word) > WIDTH {
            end(out, &line);
            line = " ".repeat(indent);
            used = indent;
        } else if gap == 1 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += columns(word);
        fresh = false;
    }
    end(out, &line);
}

fn end(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

/// A word in parts that fit on a line with some indent.
fn pieces(word: &str) -> Vec<&str> {
    let longest = WIDTH - 20;
    let (mut parts, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, c) in word.char_indices() {
        if used + column(c) > longest {
            parts.push(&word[start..at]);
            (start, used) = (at, 0);
        }
        used += column(c);
    }
    parts.push(&word[start..]);
    parts
}

/// Columns that a terminal gives to a text.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// East Asian letters and emoji take two columns. Marks that stand over another letter are counted, too: a
/// line comes out short rather than long.
fn column(c: char) -> usize {
    let wide = matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}'
        | '\u{231a}'..='\u{23ff}' | '\u{25fd}'..='\u{27bf}' | '\u{2b1b}'..='\u{2b55}');
    if wide { 2 } else { 1 }
}
