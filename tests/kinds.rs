//! Every kind of signal that the program has a meaning for is met with the runbook that was
//! written for it. The kinds are read from the source that names them, so that none is forgotten.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use std::path::Path;

use atlas_ops::catalog;
use atlas_ops::domain::kind::{AGENT_FACTS, INVENTORY_BASELINE};
use atlas_ops::domain::matching::{Matcher, SignalView};
use regex::Regex;
use serde_json::Map;

/// Kinds that tell of nothing wrong and of nothing to look at.
const NOTHING_TO_DO: [&str; 2] = [AGENT_FACTS, INVENTORY_BASELINE];

/// The kinds, as `src/domain/kind.rs` spells them.
fn kinds() -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain/kind.rs");
    let text = std::fs::read_to_string(source).unwrap();
    let named = Regex::new(r#"pub const [A-Z_]+: &str = "([^"]+)";"#).unwrap();
    let kinds: Vec<String> = named
        .captures_iter(&text)
        .map(|c| c[1].to_owned())
        .collect();
    assert_eq!(kinds.len(), text.matches("pub const").count(), "{kinds:?}");
    kinds
}

#[test]
fn every_kind_has_its_runbook_on_top_by_its_name_alone() {
    let runbooks = catalog::builtin_runbooks().unwrap();
    let matcher = Matcher::new(&runbooks);
    let (detail, mut faults) = (Map::new(), Vec::new());
    for kind in kinds() {
        let signal = SignalView {
            kind: &kind,
            summary: "",
            detail: &detail,
            site_id: "home",
        };
        let found = matcher.match_signal(&signal);
        let best = found.first();
        let written_for = best.is_some_and(|best| {
            let its = runbooks.iter().find(|one| one.id == best.runbook_id);
            its.is_some_and(|one| one.kinds.contains(&kind))
        });
        let said = best.is_some_and(|best| best.reason_line().starts_with("kind is "));
        let expected = !NOTHING_TO_DO.contains(&kind.as_str());
        if written_for != expected || said != expected {
            faults.push(format!("{kind}: {best:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
