//! The page of all signals: page by page, with filters in the address.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::json;
use support::atlas::SHARED;
use support::incident_pages::{World, minutes_ago};

/// The numbers of the signals that a page lists, top to bottom.
fn listed(page: &str) -> Vec<i64> {
    page.split("<a href=\"/api/signals/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
        .collect()
}

/// Where a link of the page leads to.
fn link<'a>(page: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(before)?;
    let (address, rest) = rest.split_once('"')?;
    rest.starts_with(after).then_some(address)
}

#[test]
fn everything_is_met_once_page_by_page() {
    let world = World::new();
    let items: Vec<_> = (0..230)
        .map(|n| {
            json!({"site_id": "home", "kind": "note", "severity": "info",
                "summary": format!("number {n}"), "observed_at": minutes_ago(n % 7)})
        })
        .collect();
    let batch = world.server.post("/api/signals/batch", &json!(items));
    batch.with(SHARED).send().is(200);
    let mut page = world.page("/signals?site=home");
    assert!(page.contains("230 signals, the newest first"), "{page}");
    assert!(!page.contains("First page"));
    let mut met = listed(&page);
    assert_eq!(met.len(), 100);
    while let Some(next) = link(&page, "First page</a><a href=\"", " rel=\"next\"")
        .or_else(|| link(&page, "Pages of the list\"><a href=\"", " rel=\"next\""))
    {
        let next = next.replace("&#38;", "&");
        assert!(next.starts_with("/signals?site=home&before="), "{next}");
        page = world.page(&next);
        assert!(page.contains("<a href=\"/signals?site=home\">First page</a>"));
        assert!(
            page.contains("230 signals"),
            "the total is that of all pages"
        );
        met.extend(listed(&page));
    }
    assert_eq!(met.len(), 230);
    met.sort_unstable();
    met.dedup();
    assert_eq!(met.len(), 230, "none twice");
}

#[test]
fn every_filter_is_in_the_address_and_can_be_taken_away() {
    let world = World::new();
    let send = |site: &str, kind: &str, more: serde_json::Value| {
        let mut signal = json!({"site_id": site, "kind": kind, "severity": "info",
            "summary": format!("{kind} at {site}")});
        for (name, value) in more.as_object().unwrap() {
            signal[name] = value.clone();
        }
        world.server.stored(&signal)["id"].as_i64().unwrap()
    };
    let old = send("home", "ups", json!({"observed_at": minutes_ago(3000)}));
    let warning = send("home", "disk_full", json!({"severity": "warning"}));
    let ours = send("cabin", "ups", json!({"source": "cron"}));
    let found = |query: &str| listed(&world.page(&format!("/signals{query}")));
    assert_eq!(found(""), [ours, warning], "the last day");
    assert_eq!(found("?window=all"), [ours, warning, old]);
    assert_eq!(found("?window=all&kind=ups"), [ours, old]);
    assert_eq!(found("?source=cron"), [ours]);
    assert_eq!(found("?severity=warning"), [warning]);
    assert_eq!(found("?q=full+home"), [warning]);
    assert_eq!(
        found("?site=&severity=&kind=&source=&q="),
        [ours, warning],
        "a form left empty"
    );
    assert_eq!(found(&format!("?before={ours}")), [warning]);

    let page = world.page("/signals?kind=ups&source=cron&severity=odd&foo=1&before=x");
    for part in [
        "kind: ups",
        "source: cron",
        "href=\"/signals?source=cron\"",
        "href=\"/signals?kind=ups\"",
        "&#34;odd&#34; is no severity; all are shown",
        "&#34;foo&#34; is no filter of this page",
        "&#34;x&#34; is no signal; the list begins anew",
        "name=\"kind\" value=\"ups\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = world.page("/signals?kind=nothing");
    assert!(page.contains("Nothing passes these filters."), "{page}");
    assert!(page.contains("/signals?window=all&amp;heartbeats=1"));

    // The board leads here with its own filters, and takes no others.
    let board = world.page("/?site=cabin&window=7d");
    assert!(
        board.contains("href=\"/signals?site=cabin&#38;window=7d\""),
        "{board}"
    );
    let board = world.page("/?kind=ups");
    assert!(board.contains("&#34;kind&#34; is no filter of this page"));
}

#[test]
fn hostile_text_stays_text() {
    let world = World::new();
    let script = "<script>alert(1)</script>";
    let id = world.server.stored(
        &json!({"site_id": "home", "kind": "note", "severity": "info",
        "summary": script, "source": "\"><b>", "detail": {script: script}}),
    )["id"]
        .as_i64()
        .unwrap();
    let page = world.page("/signals?q=script&kind=note&source=%22%3E%3Cb%3E");
    assert_eq!(listed(&page), [id]);
    assert!(!page.contains(script) && !page.contains("\"><b>"), "{page}");
    let percent = listed(&world.page("/signals?q=%25"));
    assert!(percent.is_empty(), "a percent sign is a sign like others");
}
