//! Bytes as a person says them.

const UNITS: [&str; 6] = ["B", "KB", "MB", "GB", "TB", "PB"];

/// `18 GB`, `1.5 TB`: decimal, with one decimal below ten.
pub fn in_words(bytes: u64) -> String {
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && size < 9.95);
    format!("{size:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_people_say_them() {
        for (bytes, words) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 KB"),
            (18_400_000_000, "18 GB"),
            (999_900_000, "1.0 GB"),
            (1_540_000_000_000, "1.5 TB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(in_words(bytes), words);
        }
    }
}
