//! What a number says against its levels. A complaint begins at one level and ends at another, so
//! that a number that wavers around a level is news once. What the number is, is its check's.

use super::reading::Verdict;
use crate::config::agent::checks::host::Levels;
use crate::domain::severity::Severity;

/// Judges a number that is worse the larger it is.
pub fn above(levels: &Levels, number: f64) -> Verdict {
    if number >= levels.critical {
        Verdict::Bad(Severity::Critical)
    } else if number >= levels.warning {
        if number > levels.critical_clear {
            Verdict::AtLeast(Severity::Warning)
        } else {
            Verdict::Bad(Severity::Warning)
        }
    } else if number > levels.clear {
        Verdict::Between
    } else {
        Verdict::Good
    }
}

/// Judges a number that is worse the smaller it is.
pub fn below(levels: &Levels, number: f64) -> Verdict {
    let mirrored = Levels {
        warning: -levels.warning,
        critical: -levels.critical,
        critical_clear: -levels.critical_clear,
        clear: -levels.clear,
    };
    above(&mirrored, -number)
}

/// The worse of two things that are said of one subject.
pub fn worse(one: Verdict, other: Verdict) -> Verdict {
    if rank(&one) >= rank(&other) {
        one
    } else {
        other
    }
}

fn rank(verdict: &Verdict) -> (u8, Option<Severity>) {
    match verdict {
        Verdict::Good => (0, None),
        Verdict::Unknown(_) => (1, None),
        Verdict::Between => (2, None),
        Verdict::Bad(severity @ (Severity::Info | Severity::Warning)) => (3, Some(*severity)),
        // It may keep a critical one open.
        Verdict::AtLeast(severity) => (4, Some(*severity)),
        Verdict::Bad(severity) => (5, Some(*severity)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RISING: Levels = Levels {
        warning: 90.0,
        critical: 97.0,
        critical_clear: 94.0,
        clear: 87.0,
    };
    const WARNING: Verdict = Verdict::Bad(Severity::Warning);
    const CRITICAL: Verdict = Verdict::Bad(Severity::Critical);

    #[test]
    fn a_complaint_begins_at_one_level_and_ends_at_another() {
        let at_least = Verdict::AtLeast(Severity::Warning);
        for (number, verdict) in [
            (87.0, Verdict::Good),
            (87.1, Verdict::Between),
            (89.9, Verdict::Between),
            (90.0, WARNING),
            (94.0, WARNING),
            (94.1, at_least.clone()),
            (96.9, at_least),
            (97.0, CRITICAL),
        ] {
            assert_eq!(above(&RISING, number), verdict, "{number}");
            let falling = Levels {
                warning: 10.0,
                critical: 3.0,
                critical_clear: 6.0,
                clear: 13.0,
            };
            assert_eq!(below(&falling, 100.0 - number), verdict, "{number}");
        }
    }

    #[test]
    fn the_worse_counts() {
        assert_eq!(worse(Verdict::Good, WARNING), WARNING);
        assert_eq!(worse(CRITICAL, WARNING), CRITICAL);
        assert_eq!(worse(Verdict::Between, Verdict::Good), Verdict::Between);
        let at_least = Verdict::AtLeast(Severity::Warning);
        assert_eq!(worse(WARNING, at_least.clone()), at_least);
    }
}
