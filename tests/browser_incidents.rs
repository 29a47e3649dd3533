//! Incidents as a person meets them in a real browser without script of our own: from the board to
//! the end of a problem, on a desk and on a phone.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

#[allow(dead_code)] // what `browser.rs` uses
#[path = "support/browser.rs"]
mod browser;

use browser::{Stage, arrive, choose, text, texts};
use fantoccini::{Client, Locator};
use serde_json::json;

async fn click(client: &Client, css: &str) {
    let found = client.find(Locator::Css(css)).await;
    let found = found.unwrap_or_else(|error| panic!("{css}: {error}"));
    found.click().await.unwrap();
}

/// The page is not wider than the screen; what it looks like is left for a look.
async fn fits(client: &Client, name: &str) {
    let widths = "return [document.documentElement.scrollWidth, window.innerWidth]";
    let widths = client.execute(widths, vec![]).await.unwrap();
    assert!(
        widths[0].as_u64() <= widths[1].as_u64(),
        "{name} is too wide: {widths}"
    );
    let picture = client.screenshot().await.unwrap();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
    std::fs::write(path, picture).unwrap();
}

#[tokio::test]
async fn from_the_board_to_the_end_of_a_problem() {
    let stage = Stage::new(&["--demo"]);
    let client = stage.browser().await;
    client.set_window_size(1440, 1400).await.unwrap();
    client.goto(&stage.welcome).await.unwrap();
    assert_eq!(
        client.title().await.unwrap(),
        "(7) Situation board · Atlas Ops"
    );
    let lines = texts(&client, "#attention .summary").await;
    assert_eq!(lines.len(), 9, "{lines:?}");
    assert!(lines[0].contains("nas:/tank is 97 % full"), "{lines:?}");
    fits(&client, "board-desk").await;

    click(&client, "#attention .row.critical button").await;
    let quiet = "#attention .row.is-acknowledged.critical .standing";
    client
        .wait()
        .for_element(Locator::Css(quiet))
        .await
        .unwrap();
    assert!(text(&client, quiet).await.contains("acknowledged by admin"));
    assert_eq!(
        client.title().await.unwrap(),
        "(6) Situation board · Atlas Ops"
    );

    click(
        &client,
        "#attention .row.is-acknowledged.critical .summary a",
    )
    .await;
    arrive(&client, |here| here.contains("/incidents/")).await;
    assert!(text(&client, "h1").await.contains("nas:/tank"));
    let note = client.find(Locator::Id("note")).await.unwrap();
    note.send_keys("Removed old snapshots").await.unwrap();
    fits(&client, "incident-desk").await;
    click(&client, "button[formaction$='/resolve']").await;
    let over = ".standing.resolved";
    client.wait().for_element(Locator::Css(over)).await.unwrap();
    assert!(text(&client, over).await.contains("resolved by admin"));
    let newest = text(&client, ".timeline .moment").await;
    assert!(newest.contains("Removed old snapshots"), "{newest}");

    click(&client, "header nav a[href$='/incidents']").await;
    arrive(&client, |here| here.ends_with("/incidents")).await;
    choose(&client, "site", "demo-cabin").await;
    let lines = texts(&client, "#incidents .summary").await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(texts(&client, "#incidents .folded .summary").await.len(), 1);
    fits(&client, "list-desk").await;
    client.close().await.unwrap();
}

#[tokio::test]
async fn a_phone_shows_all_of_it_whatever_senders_say() {
    let stage = Stage::new(&["--demo"]);
    stage.send(&json!({
        "site_id": "site-wide", "kind": "k".repeat(128), "severity": "critical", "summary": "w".repeat(1000),
        "detail": {"k".repeat(120): "v".repeat(3000), "host": "h".repeat(300), "turned": "\u{202e}round"},
    }));
    let phone = stage.phone().await;
    phone.goto(&stage.welcome).await.unwrap();
    fits(&phone, "board-phone").await;
    phone
        .goto(&format!("{}/incidents", stage.base))
        .await
        .unwrap();
    fits(&phone, "list-phone").await;
    click(&phone, "#incidents .row.critical .acts a").await;
    arrive(&phone, |here| here.contains("/incidents/")).await;
    assert!(text(&phone, "h1").await.starts_with("wwww"));
    fits(&phone, "incident-phone-wide").await;
    phone
        .goto(&format!("{}/incidents?kind=disk_full", stage.base))
        .await
        .unwrap();
    click(&phone, "#incidents .acts a").await;
    arrive(&phone, |here| here.contains("/incidents/")).await;
    fits(&phone, "incident-phone").await;
    click(&phone, "button[formaction$='/snooze']").await;
    let put_off = ".standing.snoozed";
    phone
        .wait()
        .for_element(Locator::Css(put_off))
        .await
        .unwrap();
    assert!(
        text(&phone, put_off)
            .await
            .contains("snoozed by admin until")
    );
    phone.close().await.unwrap();
}
