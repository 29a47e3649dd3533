//! Patterns of names as people write them for files: `*` stands for anything, `?` for one
//! character. Nothing else is special.

/// Whether the whole of `name` fits.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut begin) = (0, 0);
    // Where the last star stands, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while begin < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, begin));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == name[begin] => {
                at += 1;
                begin += 1;
            }
            _ => {
                let Some((place, taken)) = star else {
                    return false;
                };
                star = Some((place, taken + 1));
                at = place + 1;
                begin = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_the_whole_name() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "anything"),
            ("*.db", "atlas.db"),
            ("snap-*-core.mount", "snap-a-core-core.mount"),
            ("a?c", "abc"),
            ("**x", "x"),
            ("exact", "exact"),
            ("*é*", "café.txt"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("", "a"),
            ("*.db", "atlas.db-wal"),
            ("a?c", "ac"),
            ("exact", "exactly"),
            ("[ab]", "a"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = "*a".repeat(100) + "b";
        assert!(!matches(&pattern, &"a".repeat(5000)));
    }
}
