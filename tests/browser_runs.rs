//! A guided run as a person on a phone walks it: the real server, a real Chromium, no script.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

#[allow(dead_code)] // every test file uses its own part of it
#[path = "support/browser.rs"]
mod browser;

use browser::{Stage, arrive, text, texts};
use fantoccini::{Client, Locator};
use serde_json::json;

/// Presses a button of the page and waits until the page it leads to is there.
async fn press(client: &Client, css: &str, leads_to: &str) {
    let old = client.find(Locator::Css("html")).await.unwrap();
    client
        .find(Locator::Css(css))
        .await
        .unwrap_or_else(|error| panic!("{css}: {error}"))
        .click()
        .await
        .unwrap();
    // A form may lead back to the address it stands at.
    for _ in 0..500 {
        if old.tag_name().await.is_err() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    arrive(client, |here| here.ends_with(leads_to)).await;
}

async fn write(client: &Client, css: &str, words: &str) {
    let field = client.find(Locator::Css(css)).await.unwrap();
    field.clear().await.unwrap();
    field.send_keys(words).await.unwrap();
}

/// The page is not wider than the screen, and every field has a label.
async fn fits(client: &Client) {
    let found = client
        .execute(
            "return [document.documentElement.scrollWidth, window.innerWidth, \
             [...document.querySelectorAll('input:not([type=hidden]), textarea')].filter(e => !e.labels.length).length, \
             document.querySelectorAll('h1').length]",
            vec![],
        )
        .await
        .unwrap();
    assert!(found[0].as_u64() <= found[1].as_u64(), "too wide: {found}");
    assert_eq!((&found[2], &found[3]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn a_run_is_walked_to_its_end_on_a_phone() {
    let stage = Stage::new(&[]);
    stage.send(
        &json!({"site_id": "home", "kind": "disk_full", "severity": "critical",
        "summary": "nas:/srv is 97 % full", "detail": {"host": "nas", "mount": "/srv"}}),
    );
    let client = stage.phone().await;
    client.goto(&stage.welcome).await.unwrap();
    // From where the signal is offered its runbook.
    client
        .goto(&format!("{}/runbooks/rb-disk-full?signal=1", stage.base))
        .await
        .unwrap();
    press(&client, "form[action$='/signals/1/runs'] button", "/runs/1").await;
    assert_eq!(text(&client, "h1").await, "Free space on a full disk");
    assert_eq!(text(&client, "#now").await, "Confirm space and inodes");
    assert!(
        texts(&client, "pre mark")
            .await
            .contains(&"'/srv'".to_owned())
    );
    fits(&client).await;

    // Somebody knows better where it is; what was typed besides is kept.
    client
        .find(Locator::Css(".run-values summary"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    write(&client, "#value-mount", "/srv/new data").await;
    write(&client, "#note", "looked").await;
    press(&client, ".run-fields button", "?step=1").await;
    assert!(
        texts(&client, "pre mark")
            .await
            .contains(&"'/srv/new data'".to_owned())
    );
    let note = client.find(Locator::Css("#note")).await.unwrap();
    assert_eq!(note.prop("value").await.unwrap().unwrap(), "looked");

    write(&client, "#output", "Filesystem 97%\n  <b>indented</b>").await;
    press(&client, "button[value=done]", "?step=2").await;
    press(&client, "button[value=failed]", "?step=3").await;
    client.refresh().await.unwrap();
    assert_eq!(
        texts(&client, ".run-list .stand").await[..3],
        ["✓ done", "✗ failed", "○ pending"]
    );
    fits(&client).await;
    for step in 4..=6 {
        press(&client, "button[value=skipped]", &format!("?step={step}")).await;
    }
    press(&client, "button[value=done]", "/runs/1").await;
    assert_eq!(text(&client, "#ask").await, "Did it help?");
    fits(&client).await;
    client
        .find(Locator::Css("input[value=helped]"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    write(&client, "#fix", "removed old logs").await;
    press(&client, ".run-end button", "/runs/1").await;
    assert_eq!(text(&client, "#ended").await, "Finished: it helped");
    assert_eq!(text(&client, ".run-end .written").await, "removed old logs");
    assert!(client.find(Locator::Css("textarea")).await.is_err());
    fits(&client).await;
    client.close().await.unwrap();
}
