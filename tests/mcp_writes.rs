//! The tools of `atlas-ops mcp` that change something: by flag, and by the token's scope.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::Atlas;
use support::mcp::{Session, arguments};

#[test]
fn writing_tools_are_offered_by_flag_only() {
    let atlas = Atlas::new();
    let names = |more: &[&str]| {
        let mut session =
            Session::introduced(&arguments(&atlas, "http://127.0.0.1:9", "atl_test", more));
        session.ask(1, "tools/list", &json!({}));
        let tools = session.hear()["result"]["tools"].clone();
        let writing: Vec<Value> = tools
            .as_array()
            .unwrap()
            .iter()
            .filter(|tool| tool["annotations"]["readOnlyHint"] == false)
            .map(|tool| tool["name"].clone())
            .collect();
        json!(writing)
    };
    assert_eq!(names(&[]), json!([]));
    assert_eq!(names(&["--allow", "acknowledge"]), json!(["acknowledge"]));
    let both = json!(["add_note", "acknowledge"]);
    assert_eq!(names(&["--allow", "acknowledge,add_note"]), both);
    assert_eq!(names(&["--allow-writes"]), both);
}
