//! What a stranger's Markdown and values may become, and what not.

use serde_json::json;

use super::*;
use crate::domain::runbook::Command;

const HOSTILE: &str = "**x** <img src=x onerror=alert(1)> [a](javascript:1) `c` rb-known {{b}}";

fn render(source: &str) -> String {
    let values = json!({"x": HOSTILE, "b": "second", "n": 7, "e": "'; rm -rf / #"});
    let Value::Object(values) = values else {
        panic!("an object")
    };
    let page_of = |id: &str| (id == "rb-known").then(|| "/runbooks/rb-known".to_owned());
    let renderer = Renderer {
        values: &values,
        page_of: &page_of,
    };
    renderer.blocks(source).to_string()
}

#[test]
fn markdown_becomes_html() {
    assert_eq!(
        render("Use `df -h`, **now**:\n\n- one\n- two"),
        "<p>Use <code>df -h</code>, <strong>now</strong>:</p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>"
    );
}

#[test]
fn a_value_never_becomes_markup() {
    let inert = "<mark>**x** &lt;img src=x onerror=alert(1)&gt; [a](javascript:1) `c` rb-known {{b}}</mark>";
    assert_eq!(render("{{x}}"), format!("<p>{inert}</p>"));
    let quoted = inert
        .replace("<mark>", "<mark>'")
        .replace("</mark>", "'</mark>");
    assert_eq!(render("`{{x}}`"), format!("<p><code>{quoted}</code></p>"));
    assert_eq!(
        render("[{{x}}](https://a.b)"),
        format!("<p><a href=\"https://a.b\">{inert}</a></p>")
    );
    assert_eq!(
        render("a_{{n}}_{{gone}}"),
        "<p>a_<mark>7</mark>_<mark class=\"open\">{{gone}}</mark></p>"
    );
}

#[test]
fn code_that_may_be_copied_is_quoted_like_a_command() {
    assert_eq!(
        render("`docker -H {{e}} \"{{e}}\"`"),
        "<p><code>docker -H <mark>''\\''; rm -rf / #'</mark> \"<mark class=\"open\">{{e}}</mark>\"</code></p>"
    );
}

#[test]
fn raw_html_is_text() {
    for source in [
        "a <script>alert(1)</script>",
        "<script>alert(1)</script>",
        "<div onclick=x>\nb\n</div>",
        "<img src=x onerror=alert(1)>",
        "<!-- --!><svg onload=alert(1)>",
    ] {
        let html = render(source);
        for live in ["<script", "<div", "<img", "<svg", "<!--"] {
            assert!(!html.contains(live), "{source}: {html}");
        }
    }
}

#[test]
fn links_lead_to_the_web_and_to_mail_alone() {
    assert_eq!(
        render("[a](https://x.y/?a=1&b=\"2\" \"title\") <me@x.y>"),
        "<p><a href=\"https://x.y/?a=1&amp;b=%222%22\">a</a> <a href=\"mailto:me@x.y\">me@x.y</a></p>"
    );
    for target in [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example",
        "/api/signals",
        "&#106;avascript:alert(1)",
    ] {
        assert_eq!(render(&format!("[a]({target})")), "<p>a</p>", "{target}");
    }
    assert_eq!(
        render("<javascript:alert(1)>"),
        "<p>javascript:alert(1)</p>"
    );
    assert_eq!(
        render("![**alt**](https://x.y/z.png)"),
        "<p><strong>alt</strong></p>"
    );
}

#[test]
fn runbooks_that_exist_are_linked() {
    assert_eq!(
        render("Use rb-known. Not rb-other, not `rb-known`."),
        "<p>Use <a href=\"/runbooks/rb-known\">rb-known</a>. Not rb-other, not <code>rb-known</code>.</p>"
    );
}

#[test]
fn tables_have_no_inline_style() {
    let html = render("| a | b |\n| :-: | --: |\n| 1 | {{n}} |");
    assert!(
        html.contains("<td><mark>7</mark></td>") && !html.contains("style"),
        "{html}"
    );
}

#[test]
fn a_step_keeps_the_order_of_its_source() {
    let values = Map::new();
    let command = |text: &str| Command {
        name: None,
        risk: crate::domain::runbook::Risk::Read,
        language: "sh".into(),
        text: text.into(),
    };
    let step = Step {
        body: "One.\n\n```sh\nfirst\n```\n\n**Good:** fine.\n\n**Note:** two.\n\n```yaml\nkey: 1\n```\n\n```sh\nlast\n```".into(),
        commands: vec![command("first"), command("last"), command("not in the body")],
        good: Some("fine.".into()),
        ..Step::default()
    };
    let renderer = Renderer {
        values: &values,
        page_of: &|_| None,
    };
    let parts: Vec<String> = renderer
        .step(&step)
        .into_iter()
        .map(|part| match part {
            Part::Prose(html) => html.to_string(),
            Part::Command(position) => position.to_string(),
        })
        .collect();
    assert_eq!(
        parts,
        [
            "<p>One.</p>",
            "0",
            "<p><strong>Note:</strong> two.</p>\n<pre><code class=\"language-yaml\">key: 1\n</code></pre>",
            "1",
            "2"
        ]
    );
}
