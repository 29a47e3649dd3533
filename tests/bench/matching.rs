//! How long it takes to find the runbooks for one signal among 200: the 36 built-in ones and 164
//! made up, whose words overlap as those of a real collection do. Prints one line of JSON with
//! microseconds.
//!
//! ```text
//! cargo bench --bench matching
//! ```
#![allow(clippy::print_stdout)] // a program whose whole purpose is to print

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use atlas_ops::catalog;
use atlas_ops::domain::matching::{Matcher, Records, SignalView, TrackRecord};
use atlas_ops::domain::runbook::{Origin, Runbook};
use serde::Deserialize;
use serde_json::{Map, Value};

const RUNBOOKS: usize = 200;
const ROUNDS: usize = 200;
const WORDS: [&str; 16] = [
    "mail", "queue", "stuck", "printer", "camera", "stream", "pump", "door", "lift", "sensor",
    "heating", "database", "replica", "cache", "proxy", "login",
];

/// A signal of the golden set.
#[derive(Deserialize)]
struct Golden {
    kind: String,
    summary: String,
    detail: Map<String, Value>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut runbooks = catalog::builtin_runbooks()?;
    for n in runbooks.len()..RUNBOOKS {
        runbooks.push(made_up(n)?);
    }
    let matcher = Matcher::new(&runbooks);
    let signals: Vec<Golden> = serde_json::from_str(include_str!("../fixtures/matching.json"))?;
    let mut records = Records::default();
    for (runbook, signal) in runbooks.iter().zip(&signals) {
        let record = TrackRecord {
            helped: 3,
            runs: 4,
            median_minutes: Some(6),
        };
        records.insert(&runbook.id, &signal.kind, record);
    }
    let mut taken: Vec<f64> = Vec::with_capacity(ROUNDS * signals.len());
    for _ in 0..ROUNDS {
        for signal in &signals {
            let view = SignalView {
                kind: &signal.kind,
                summary: &signal.summary,
                detail: &signal.detail,
                site_id: "site-homelab",
            };
            let begun = Instant::now();
            black_box(matcher.match_signal_with(black_box(&view), &records));
            taken.push(begun.elapsed().as_secs_f64() * 1e6);
        }
    }
    taken.sort_by(f64::total_cmp);
    let at = |percent: usize| {
        let place = taken.len() * percent / 100;
        let value = taken.get(place).or(taken.last()).copied();
        (value.unwrap_or_default() * 10.0).round() / 10.0
    };
    println!(
        "{}",
        serde_json::json!({"runbooks": matcher.len(), "signals": signals.len(),
            "match_us_p50": at(50), "match_us_p99": at(99), "match_us_max": at(100)})
    );
    Ok(())
}

/// A runbook with tags and kinds out of a small stock of words.
fn made_up(n: usize) -> Result<Runbook, Box<dyn Error>> {
    let word = |step: usize| WORDS[(n * 7 + step * 3 + n / 16) % WORDS.len()];
    let (a, b, c) = (word(1), word(2), word(4));
    let text = format!(
        "---\nid: rb-{a}-{b}-{n}\ntitle: Mend the {a} of the {b}\nsummary: What to do when the {b} does not reach its {c} any more.\n\
         kinds: [{a}_{b}_{n}]\ntags: [{a}, {b}, {c}, {a}_{c}, {b}_is_down]\n---\n## Look\nAt it.\n"
    );
    catalog::read_runbook(&text, Origin::Own).map_err(|lints| format!("{lints:?}\n{text}").into())
}
