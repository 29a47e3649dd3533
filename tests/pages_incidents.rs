//! Lists of incidents as a browser without script meets them: the list's own page with its filters,
//! and the board's first section.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::json;
use support::incident_pages::{World, listed, minutes_ago};

#[test]
fn the_worst_is_first_and_every_filter_is_in_the_address() {
    let world = World::new();
    let old = world.signal(
        "home",
        "disk_full",
        &json!({"severity": "critical", "observed_at": minutes_ago(3000)}),
    );
    let new = world.signal("home", "smart", &json!({}));
    let other = world.signal("cabin", "ups", &json!({"observed_at": minutes_ago(90)}));
    let list = |query: &str| listed(&world.page(&format!("/incidents{query}")));
    assert_eq!(list(""), [old, new, other], "worst, then newest");
    assert_eq!(list("?site=cabin"), [other]);
    assert_eq!(list("?severity=critical"), [old]);
    assert_eq!(list("?kind=smart"), [new]);
    assert_eq!(list("?window=1h"), [new]);
    assert_eq!(list("?window=24h&site=home"), [new]);
    assert_eq!(list("?state=acknowledged"), Vec::<i64>::new());
    assert_eq!(
        list("?site=&severity=&window=&kind="),
        [old, new, other],
        "a form left empty"
    );
    world.act(new, "ack", &[]);
    world.act(other, "resolve", &[]);
    assert_eq!(list(""), [old, new]);
    assert_eq!(list("?state=open"), [old]);
    assert_eq!(list("?state=acknowledged"), [new]);
    assert_eq!(list("?state=resolved"), [other]);
    assert_eq!(
        list("?state=resolved&window=1h"),
        [other],
        "resolved within the hour"
    );
    assert_eq!(list("?state=all"), [new, other, old], "the newest first");

    let page = world.page("/incidents?site=home&kind=smart&severity=odd&foo=1");
    for part in [
        "kind: smart",
        "site: home",
        "&#34;odd&#34; is no severity; all are shown",
        "&#34;foo&#34; is no filter of this page",
        "href=\"/incidents?site=home\"",
        "href=\"/incidents?state=resolved&#38;site=home&#38;kind=smart\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let counts: Vec<&str> = page
        .split("class=\"tally\">")
        .skip(1)
        .map(|rest| &rest[..1])
        .collect();
    assert_eq!(
        counts,
        ["1", "0", "1", "0", "0"],
        "of what passes the filters"
    );
}

#[test]
fn a_long_list_has_pages_and_no_incident_is_on_two_or_on_none() {
    let world = World::new();
    let mut all: Vec<i64> = (0..120)
        .map(|number| {
            let severity = if number % 3 == 0 {
                "critical"
            } else {
                "warning"
            };
            world.signal(
                "home",
                "disk_full",
                &json!({"severity": severity,
                "detail": {"host": format!("h{number}")}, "observed_at": minutes_ago(number)}),
            )
        })
        .collect();
    let walk = |start: &str| {
        let (mut seen, mut path, mut pages) = (Vec::new(), start.to_owned(), 0);
        loop {
            let page = world.page(&path);
            seen.extend(listed(&page));
            pages += 1;
            let next = page
                .split("\" rel=\"next\">")
                .next()
                .filter(|before| before.len() < page.len());
            match next.and_then(|before| before.rsplit("href=\"").next()) {
                Some(link) => path = link.replace("&#38;", "&"),
                None => return (seen, pages),
            }
        }
    };
    let (seen, pages) = walk("/incidents");
    assert_eq!(pages, 3);
    let bad = |id: &i64| (id - all[0]) % 3 == 0;
    assert!(
        seen[..40].iter().all(bad) && !seen[40..].iter().any(bad),
        "{seen:?}"
    );
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    all.sort_unstable();
    assert_eq!(sorted, all);
    // Where the last of a page is over meanwhile, the next page goes on where it stood.
    let first = world.page("/incidents");
    world.act(seen[49], "resolve", &[]);
    let link = format!("/incidents?before={}", seen[49]);
    assert!(first.contains(&link), "{first}");
    assert_eq!(listed(&world.page(&link)), seen[50..100]);
    for id in &all {
        world.act(*id, "resolve", &[]);
    }
    let (seen, pages) = walk("/incidents?state=resolved");
    assert_eq!((seen.len(), pages), (120, 3));
}

#[test]
fn what_hangs_on_another_stands_below_it_and_on_its_page() {
    let world = World::new();
    let disk = world.signal("home", "disk_full", &json!({}));
    let dns = world.signal("home", "dns_failing", &json!({}));
    let gateway = world.signal(
        "home",
        "gateway_unreachable",
        &json!({"severity": "critical"}),
    );
    let page = world.page("/incidents");
    assert_eq!(listed(&page), [gateway, dns, disk]);
    let folded = page.split("class=\"folded\"").nth(1).unwrap();
    assert!(folded.contains("One more hangs on it"), "{folded}");
    assert!(
        world
            .page(&format!("/incidents/{gateway}"))
            .contains("What hangs on it")
    );
    assert!(
        world
            .page(&format!("/incidents/{dns}"))
            .contains("What it hangs on")
    );
    // Its cause is filtered away: it is listed all the same, and says what it hangs on.
    let page = world.page("/incidents?kind=dns_failing");
    assert_eq!(listed(&page), [dns]);
    assert!(
        page.contains(&format!("hangs on <a href=\"/incidents/{gateway}\">")),
        "{page}"
    );
}

#[test]
fn an_empty_list_teaches_and_does_not_say_that_all_is_well() {
    let world = World::new();
    let page = world.page("/incidents");
    assert!(page.contains("There has been no incident yet"), "{page}");
    assert!(
        page.contains(&format!("curl {}/api/signals", world.server.address)),
        "{page}"
    );
    assert!(
        world
            .page("/incidents?site=x")
            .contains("No incident passes these filters")
    );
    assert!(world.page("/").contains("this page cannot know"));
    let id = world.signal("home", "disk_full", &json!({}));
    world.act(id, "resolve", &[]);
    assert!(
        world
            .page("/incidents")
            .contains("Nothing that was reported is unresolved")
    );
    assert!(
        world
            .page("/incidents?state=snoozed")
            .contains("None is in this state")
    );
}

#[test]
fn the_board_begins_with_what_needs_somebody_and_its_tab_counts() {
    let world = World::new();
    let title = |page: &str| {
        let rest = page.split("<title>").nth(1).unwrap();
        rest.split(" ·").next().unwrap().to_owned()
    };
    assert_eq!(title(&world.page("/")), "Situation board");
    let old = world.signal("home", "smart", &json!({"observed_at": minutes_ago(5000)}));
    let bad = world.signal("cabin", "ups", &json!({"severity": "critical"}));
    let worst = world.signal("home", "disk_full", &json!({"severity": "critical"}));
    let page = world.page("/");
    assert_eq!(title(&page), "(3) Situation board");
    assert_eq!(
        listed(&page),
        [worst, bad, old],
        "however long ago it opened"
    );
    assert!(page.find("id=\"attention\"").unwrap() < page.find("id=\"signals\"").unwrap());
    let attention = page.split("id=\"attention\"").nth(1).unwrap();
    for part in [
        "/runbooks/rb-disk-full?signal=3",
        "kind is disk_full",
        "Acknowledge<",
        "Details<",
    ] {
        assert!(attention.contains(part), "{part}: {attention}");
    }

    world.act(worst, "ack", &[]);
    world.act(old, "resolve", &[]);
    let page = world.page("/");
    assert_eq!(title(&page), "(1) Situation board");
    assert_eq!(
        listed(&page),
        [bad, worst],
        "what nobody has taken on is first"
    );
    for part in [
        "Acknowledged (1)",
        "Snoozed (0)",
        "Resolved since yesterday (1)",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let link = page.split("Resolved since yesterday").next().unwrap();
    let link = link
        .rsplit("href=\"")
        .next()
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert_eq!(listed(&world.page(&link.replace("&#38;", "&"))), [old]);

    let page = world.page("/?site=home");
    assert_eq!(listed(&page), [worst]);
    assert!(
        page.contains("1 open that these filters leave out"),
        "{page}"
    );
    assert_eq!(title(&page), "(1) Situation board", "the tab counts all");
}

#[test]
fn the_board_lists_the_most_urgent_and_says_how_many_more_there_are() {
    let world = World::new();
    for number in 0..25 {
        world.signal(
            "home",
            "disk_full",
            &json!({"detail": {"host": format!("h{number}")}}),
        );
    }
    let page = world.page("/");
    assert_eq!(listed(&page).len(), 20);
    assert!(page.contains("5 more unresolved"), "{page}");
}

#[test]
fn a_strip_shows_the_last_hours_and_says_them_in_words() {
    let world = World::new();
    let mut id = 0;
    for minutes in [2000, 300, 290, 30] {
        id = world.signal("home", "ups", &json!({"observed_at": minutes_ago(minutes)}));
    }
    let words = "aria-label=\"3 signals in the last 24 hours, the latest in the last hour\"";
    for path in ["/", "/incidents", &format!("/incidents/{id}")] {
        let page = world.page(path);
        assert!(page.contains(words), "{path}: {page}");
        // Five hours ago there were two of them (or one there and one in the hour beside it).
        assert!(page.contains("M117 16v-"), "{path}: {page}");
        assert_eq!(page.matches("class=\"strip\"").count(), 1, "{path}");
    }
}
