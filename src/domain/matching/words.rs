//! Words of kinds, summaries and tags, in one spelling: lower case, `_` for `-`.

/// One spelling of a tag, kind or key.
pub(super) fn folded(text: &str) -> String {
    let spelled = |c: char| if c == '-' { '_' } else { c };
    text.chars()
        .flat_map(char::to_lowercase)
        .map(spelled)
        .collect()
}

/// The words of a kind: `disk_full`, `disk-full`, `disk.full`, `Disk full` and `DiskFull` are
/// `disk` and `full`.
pub(super) fn kind_words(kind: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = kind.chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let begins = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || (before.is_uppercase()
                        && chars.get(at + 1).is_some_and(|next| next.is_lowercase()))
            });
        if (begins || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Calls `see` with each word of a sentence; a compound such as `pve-cluster` is seen whole and
/// in its parts.
pub(super) fn each_word(sentence: &str, mut see: impl FnMut(&str)) {
    let mut buffer = String::new();
    for compound in sentence.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')) {
        let compound = compound.trim_matches(['_', '-']);
        if compound.is_empty() {
            continue;
        }
        buffer.clear();
        for c in compound.chars().flat_map(char::to_lowercase) {
            buffer.push(if c == '-' { '_' } else { c });
        }
        see(&buffer);
        if buffer.contains('_') {
            for part in buffer.split('_').filter(|part| !part.is_empty()) {
                see(part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_all_spellings_have_the_same_words() {
        for kind in [
            "disk_full",
            "disk-full",
            "Disk full",
            "DiskFull",
            "disk.full",
        ] {
            assert_eq!(kind_words(kind), ["disk", "full"], "{kind}");
        }
        assert_eq!(kind_words("HTTPCheckFailed"), ["http", "check", "failed"]);
    }

    #[test]
    fn a_sentence_is_split_at_what_is_no_letter_in_any_alphabet() {
        let mut words = Vec::new();
        each_word("Größe „Tank“ voll: pve-cluster!", |word| {
            words.push(word.to_owned());
        });
        assert_eq!(
            words,
            ["größe", "tank", "voll", "pve_cluster", "pve", "cluster"]
        );
    }
}
