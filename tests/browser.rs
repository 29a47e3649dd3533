//! The pages as a person meets them: the real server, a real Chromium, no script of our own.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

#[allow(dead_code)] // every test file uses its own part of it
#[path = "support/browser.rs"]
mod browser;

use browser::{Stage, arrive, choose, text, texts};
use fantoccini::{Client, Locator};
use serde_json::json;

const SUMMARIES: &str = "#signals .summary";

async fn address(client: &Client) -> String {
    client.current_url().await.unwrap().to_string()
}

async fn follow(client: &Client, link: &str) {
    let link = client.find(Locator::LinkText(link)).await.unwrap();
    link.click().await.unwrap();
}

#[tokio::test]
async fn from_the_one_time_address_to_the_filled_in_command() {
    let stage = Stage::new(&["--demo"]);
    let client = stage.browser().await;
    client.goto(&stage.welcome).await.unwrap();
    assert_eq!(address(&client).await, format!("{}/", stage.base));
    assert_eq!(text(&client, "h1").await, "Situation board");
    assert_eq!(texts(&client, SUMMARIES).await.len(), 12);
    let lead = text(&client, ".lead").await;
    assert!(
        lead.contains("1 critical") && lead.contains("9 warnings"),
        "{lead}"
    );
    let first = text(&client, ".row.critical").await;
    for part in [
        "nas:/tank is 97 % full",
        "Free space on a full disk",
        "kind is disk_full",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }

    follow(&client, "Stop a container from restarting again and again").await;
    arrive(&client, |here| {
        here.contains("/runbooks/rb-docker-restart-count?signal=")
    })
    .await;
    assert!(
        text(&client, ".filled")
            .await
            .contains("nextcloud (7 restarts)")
    );
    let commands = texts(&client, "pre").await.join("\n");
    assert!(commands.contains("'nextcloud'"), "{commands}");
    assert!(
        texts(&client, "pre mark")
            .await
            .contains(&"'nextcloud'".to_owned())
    );
    client.back().await.unwrap();
    assert_eq!(text(&client, "h1").await, "Situation board");
    client.close().await.unwrap();
}

#[tokio::test]
async fn filters_live_in_the_address() {
    let stage = Stage::new(&["--demo"]);
    let client = stage.browser().await;
    client.goto(&stage.welcome).await.unwrap();

    choose(&client, "severity", "critical").await;
    assert_eq!(
        texts(&client, SUMMARIES).await,
        ["nas:/tank is 97 % full, full in about 9 hours"]
    );

    choose(&client, "severity", "").await;
    choose(&client, "site", "demo-cabin").await;
    assert_eq!(texts(&client, SUMMARIES).await.len(), 2);
    assert_eq!(texts(&client, ".chips a").await.len(), 1);

    choose(&client, "window", "1h").await;
    let here = address(&client).await;
    assert!(
        here.contains("site=demo-cabin") && here.contains("window=1h"),
        "{here}"
    );
    assert!(
        text(&client, "#signals .empty")
            .await
            .contains("Nothing matches these filters")
    );
    client.back().await.unwrap();
    arrive(&client, |here| here.contains("window=24h")).await;
    assert_eq!(texts(&client, SUMMARIES).await.len(), 2);
    client
        .find(Locator::Css(".chips a"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    arrive(&client, |here| here == format!("{}/", stage.base)).await;

    let search = client.find(Locator::Id("q")).await.unwrap();
    search.send_keys("jellyfin\n").await.unwrap();
    arrive(&client, |here| here.contains("q=jellyfin")).await;
    assert_eq!(texts(&client, SUMMARIES).await.len(), 2);

    client
        .goto(&format!("{}/?severity=x&window=y&foo=1", stage.base))
        .await
        .unwrap();
    assert_eq!(texts(&client, ".notes p").await.len(), 3);
    assert_eq!(texts(&client, SUMMARIES).await.len(), 12);
    client.close().await.unwrap();
}

#[tokio::test]
async fn hostile_signals_are_text() {
    let stage = Stage::new(&[]);
    let attack = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned';alert(1)\">";
    stage.send(&json!({
        "site_id": "site-<b>bold</b>", "kind": "container_down", "severity": "critical", "summary": attack,
        "detail": {"container": format!("**x** {attack} [a](javascript:alert(1))"), "<i>key</i>": attack},
    }));
    stage.send(&json!({
        "site_id": "site-wide", "kind": "k".repeat(128), "severity": "warning", "summary": "w".repeat(1000),
        "detail": {"k".repeat(120): "v".repeat(900), "turned": "\u{202e}round\u{200b}"},
    }));
    let client = stage.phone().await;
    client.goto(&stage.welcome).await.unwrap();
    client
        .execute(
            "document.querySelectorAll('details').forEach(e => e.open = true)",
            vec![],
        )
        .await
        .unwrap();
    fits(&client).await;
    assert!(texts(&client, SUMMARIES).await.contains(&attack.to_owned()));
    unharmed(&client, "(2) Situation board · Atlas Ops").await;

    follow(&client, "Bring a stopped container back").await;
    arrive(&client, |here| here.contains("/runbooks/")).await;
    assert!(text(&client, "pre").await.contains("onerror"));
    fits(&client).await;
    unharmed(&client, "Bring a stopped container back · Atlas Ops").await;
    client.close().await.unwrap();
}

/// Nothing from outside became an element, and nothing ran.
async fn unharmed(client: &Client, title: &str) {
    assert_eq!(client.title().await.unwrap(), title);
    assert!(client.get_alert_text().await.is_err());
    for css in [
        "script",
        "main img",
        "main b",
        "main i",
        "[onerror]",
        "[style]",
        "a[href^=javascript]",
    ] {
        assert!(
            client.find_all(Locator::Css(css)).await.unwrap().is_empty(),
            "{css}"
        );
    }
}

/// The page is not wider than the screen.
async fn fits(client: &Client) {
    let widths = client
        .execute(
            "return [document.documentElement.scrollWidth, window.innerWidth]",
            vec![],
        )
        .await
        .unwrap();
    assert!(
        widths[0].as_u64() <= widths[1].as_u64(),
        "{} is too wide: {widths}",
        address(client).await
    );
}

#[tokio::test]
async fn it_works_without_script_and_on_a_phone() {
    let stage = Stage::new(&["--demo"]);
    let phone = stage.phone().await;
    phone.goto(&stage.welcome).await.unwrap();
    fits(&phone).await;
    let cookie = phone.get_named_cookie("atlas_session").await.unwrap();
    phone
        .goto(&format!("{}/runbooks/rb-docker-container-down", stage.base))
        .await
        .unwrap();
    fits(&phone).await;
    phone.close().await.unwrap();

    let client = stage.browser_without_script().await;
    client.goto(&stage.base).await.unwrap();
    client.add_cookie(cookie).await.unwrap();
    client.goto(&stage.base).await.unwrap();
    assert!(!client.source().await.unwrap().contains("<script"));
    choose(&client, "severity", "info").await;
    assert_eq!(texts(&client, SUMMARIES).await.len(), 2);
    client
        .find(Locator::Css("#signals details > summary"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    assert!(
        text(&client, "#signals details dl")
            .await
            .contains("3c:22:fb:01:02:03")
    );
    follow(&client, "Identify a host that appeared").await;
    arrive(&client, |here| here.contains("/runbooks/")).await;
    assert!(
        texts(&client, "pre")
            .await
            .join("\n")
            .contains("192.168.10.87")
    );
    client.close().await.unwrap();
}

#[tokio::test]
async fn strangers_are_kept_out() {
    let stage = Stage::new(&["--demo"]);
    let friend = stage.browser().await;
    friend.goto(&stage.welcome).await.unwrap();
    assert_eq!(text(&friend, "h1").await, "Situation board");
    friend.close().await.unwrap();

    let stranger = stage.browser().await;
    for path in ["/", "/runbooks/rb-disk-full", "/?severity=critical"] {
        stranger
            .goto(&format!("{}{path}", stage.base))
            .await
            .unwrap();
        assert_eq!(text(&stranger, "h1").await, "Log in");
    }
    stranger.goto(&stage.welcome).await.unwrap();
    assert_eq!(
        text(&stranger, "h1").await,
        "This address no longer opens the board"
    );
    stranger.goto(&stage.base).await.unwrap();
    assert_eq!(text(&stranger, "h1").await, "Log in");
    stranger.close().await.unwrap();
}

#[tokio::test]
async fn a_person_logs_in_where_they_wanted_to_be_and_out_again() {
    let stage = Stage::new(&["--demo"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "correct horse battery").unwrap();
    let file = file.path().to_str().unwrap();
    let role = ["--role", "operator", "--password-file", file];
    stage.run(&[&["user", "add", "anna"], &role[..]].concat());
    // Forms work without a script, and a browser's own words on where they come from are believed.
    let client = stage.browser_without_script().await;
    let wanted = format!("{}/runbooks/rb-disk-full", stage.base);
    client.goto(&wanted).await.unwrap();
    for password in ["wrong horse battery", "correct horse battery"] {
        let form = client.form(Locator::Css("main form")).await.unwrap();
        form.set_by_name("name", "anna").await.unwrap();
        form.set_by_name("password", password).await.unwrap();
        form.submit().await.unwrap();
        if password.starts_with("wrong") {
            let refusal = text(&client, "[role=alert]").await;
            assert_eq!(refusal, "Name or password is wrong.");
        }
    }
    arrive(&client, |here| here == wanted).await;
    follow(&client, "anna").await;
    arrive(&client, |here| here.ends_with("/account")).await;
    assert!(text(&client, "dl").await.contains("operator"));
    let form = client.form(Locator::Css("main form")).await.unwrap();
    for (name, value) in [
        ("current", "correct horse battery"),
        ("new", "another horse battery"),
        ("again", "another horse battery"),
    ] {
        form.set_by_name(name, value).await.unwrap();
    }
    form.submit().await.unwrap();
    arrive(&client, |here| here.ends_with("changed=password")).await;
    let log_out = client.find(Locator::Css(".who button")).await.unwrap();
    log_out.click().await.unwrap();
    arrive(&client, |here| here.ends_with("/login")).await;
    client.goto(&stage.base).await.unwrap();
    assert_eq!(text(&client, "h1").await, "Log in");
    client.close().await.unwrap();
}
