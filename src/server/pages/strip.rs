//! A strip of ticks: the last 24 hours of one problem or one agent as a small drawing, with the same
//! in words for whoever does not see it.

use std::fmt::Write as _;

use crate::domain::ticks::{HOURS, Ticks};

/// Room of one hour, in units of the drawing.
const STEP: usize = 5;
/// The drawing's height.
const HEIGHT: u64 = 16;
/// A tick of one signal is this high, so that one is seen.
const LOWEST: u64 = 8;
/// How high an hour in which nothing happened is drawn.
const DOT: u64 = 2;

/// What `partials/strip.html` draws.
pub(super) struct Strip {
    /// The drawing in words.
    pub(super) words: String,
    /// In units of the drawing.
    pub(super) width: usize,
    /// The ticks, as an SVG path.
    pub(super) ticks: String,
    /// The hours between them, as an SVG path.
    pub(super) gaps: String,
}

impl Strip {
    /// Signals of a problem: more of them are higher.
    pub(super) fn of_signals(ticks: &Ticks) -> Self {
        let total = ticks.total();
        let what = if total == 1 { "signal" } else { "signals" };
        Self::draw(
            ticks,
            match ticks.last() {
                None => "no signal in the last 24 hours".to_owned(),
                Some(last) => format!("{total} {what} in the last 24 hours, {}", latest(last)),
            },
        )
    }

    /// Hours in which an agent was heard.
    pub(super) fn of_reports(ticks: &Ticks) -> Self {
        let heard = ticks.busy_hours();
        Self::draw(
            ticks,
            match ticks.last() {
                None => "not heard in the last 24 hours".to_owned(),
                Some(last) => format!("heard in {heard} of the last 24 hours, {}", latest(last)),
            },
        )
    }

    fn draw(ticks: &Ticks, words: String) -> Self {
        let most = ticks.hours().iter().max().copied().unwrap_or_default();
        let (mut drawn, mut gaps) = (String::new(), String::new());
        for (hour, count) in ticks.hours().iter().enumerate() {
            let x = hour * STEP + STEP / 2;
            let path = if *count == 0 { &mut gaps } else { &mut drawn };
            // A string takes all that is written to it.
            let _ = write!(path, "M{x} {HEIGHT}v-{}", height(*count, most));
        }
        Self {
            width: HOURS * STEP,
            words,
            ticks: drawn,
            gaps,
        }
    }
}

/// Doubling a count adds the same height whatever the count: one noisy hour hides no other.
fn height(count: u64, most: u64) -> u64 {
    match (count, most) {
        (0, _) => DOT,
        (_, 1) => HEIGHT,
        (count, most) => {
            LOWEST + (HEIGHT - LOWEST) * u64::from(count.ilog2()) / u64::from(most.ilog2().max(1))
        }
    }
}

fn latest(hours: usize) -> String {
    match hours {
        0 => "the latest in the last hour".to_owned(),
        1 => "the latest an hour ago".to_owned(),
        more => format!("the latest {more} hours ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_signal_is_seen_beside_a_thousand() {
        assert_eq!(height(1, 1000), LOWEST);
        assert_eq!(height(1000, 1000), HEIGHT);
        assert!(height(30, 1000) > LOWEST && height(30, 1000) < HEIGHT);
        assert_eq!(height(0, 1000), DOT);
    }

    #[test]
    fn the_words_say_what_is_drawn() {
        let mut ticks = Ticks::default();
        assert_eq!(
            Strip::of_signals(&ticks).words,
            "no signal in the last 24 hours"
        );
        ticks.add(3, 1);
        let strip = Strip::of_signals(&ticks);
        assert_eq!(
            strip.words,
            "1 signal in the last 24 hours, the latest 3 hours ago"
        );
        assert_eq!(strip.ticks, "M102 16v-16");
        assert_eq!(strip.gaps.matches('M').count(), HOURS - 1);
        ticks.add(0, 4);
        let strip = Strip::of_reports(&ticks);
        assert_eq!(
            strip.words,
            "heard in 2 of the last 24 hours, the latest in the last hour"
        );
        assert_eq!(strip.ticks, "M102 16v-8M117 16v-16");
    }
}
