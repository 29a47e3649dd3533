//! The whole way, with nothing replaced: a container of a real Docker Engine dies, the agent says so,
//! one incident opens with the right runbook, a person takes it on and walks the runbook to its end
//! in a real browser, the incident resolves by itself when the container runs again, and the next
//! episode shows what helped. The pack of it is small and holds no secret, and an MCP client that
//! is not ours reads the same.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that cannot go on fails

#[allow(dead_code)] // every test file uses its own part of it
#[path = "support/browser.rs"]
mod browser;
mod support;

use atlas_ops::config::agent::AgentConfig;
use atlas_ops::config::secret::Secret;
use browser::{Stage, TOKEN, arrive, text, texts};
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use support::agent::{Hand, Place, cycle};
use support::engine::Engine;

/// What was typed by mistake, and must be nowhere.
const SECRET: &str = "hunter2-and-more";
const PASSWORD: &str = "correct horse battery";

/// The agent that watches the engine and reports to the stage.
struct Watch {
    config: AgentConfig,
    clock: Hand,
    place: Place,
}

impl Watch {
    fn new(stage: &Stage, engine: &Engine) -> Self {
        let place = Place::new();
        let mut config = place.config(&stage.base, &[engine.endpoint()]);
        config.token = Secret::new(TOKEN);
        Self {
            config,
            clock: Hand::new(),
            place,
        }
    }

    /// One cycle, `minutes` after the last.
    fn look_after(&self, minutes: i64) {
        self.clock.turn_minutes(minutes);
        // The agent has a runtime of its own.
        let cycle = tokio::task::block_in_place(|| cycle(&self.config, &self.clock));
        assert_eq!(cycle.delivery.unwrap().stopped, None);
    }
}

fn dies(engine: &Engine, watch: &Watch) {
    engine.must(&["kill", "web"]);
    engine.wait_for_status("web", "exited");
    watch.look_after(10);
}

async fn press(client: &Client, css: &str) {
    let old = client.find(Locator::Css("html")).await.unwrap();
    let button = client.find(Locator::Css(css)).await;
    let button = button.unwrap_or_else(|error| panic!("{css}: {error}"));
    button.click().await.unwrap();
    for _ in 0..500 {
        if old.tag_name().await.is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{css} leads nowhere");
}

async fn write(client: &Client, css: &str, words: &str) {
    let field = client.find(Locator::Css(css)).await.unwrap();
    field.send_keys(words).await.unwrap();
}

async fn log_in(stage: &Stage, watch: &Watch) -> Client {
    let file = watch.place.join("password");
    std::fs::write(&file, PASSWORD).unwrap();
    let file = file.to_str().unwrap();
    stage.run(&[
        "user",
        "add",
        "anna",
        "--role",
        "operator",
        "--password-file",
        file,
    ]);
    let client = stage.browser().await;
    client
        .goto(&format!("{}/incidents", stage.base))
        .await
        .unwrap();
    arrive(&client, |here| here.contains("/login?next=")).await;
    write(&client, "#name", "anna").await;
    write(&client, "#password", PASSWORD).await;
    press(&client, "form[action$='/login'] button").await;
    arrive(&client, |here| here.ends_with("/incidents")).await;
    client
}

/// From the list to the last step, with the question still open.
async fn walks(client: &Client) {
    let link = Locator::Css("a[href*='/incidents/1']");
    client.find(link).await.unwrap().click().await.unwrap();
    arrive(client, |here| here.ends_with("/incidents/1")).await;
    assert!(text(client, "h1").await.contains("web"));
    let offer = text(client, ".offers li").await;
    for part in ["Bring a stopped container back", "kind is container_down"] {
        assert!(offer.contains(part), "{part}: {offer}");
    }
    write(client, "#note", &format!("on it, password={SECRET}")).await;
    press(client, "button[formaction$='/ack']").await;
    let standing = text(client, ".standing").await;
    assert!(standing.contains("anna"), "{standing}");

    press(client, ".offers li:first-child form button").await;
    arrive(client, |here| here.ends_with("/runs/1")).await;
    for _ in 0..50 {
        if client.find(Locator::Css("#ask")).await.is_ok() {
            return;
        }
        press(client, "button[value=done]").await;
    }
    panic!("the run has no end");
}

async fn says_what_helped(stage: &Stage, client: &Client) {
    client
        .goto(&format!("{}/runs/1", stage.base))
        .await
        .unwrap();
    let helped = client.find(Locator::Css("input[value=helped]")).await;
    helped.unwrap().click().await.unwrap();
    write(client, "#fix", "started it after the database was up").await;
    press(client, ".run-end button").await;
    assert_eq!(text(client, "#ended").await, "Finished: it helped");
}

/// What a tool of the MCP server answers a client that is not ours.
fn heard(stage: &Stage, watch: &Watch, token: &str, steps: &Value) -> Vec<Value> {
    let file = watch.place.join("token");
    std::fs::write(&file, token).unwrap();
    let arguments = [
        "mcp",
        "--url",
        &stage.base,
        "--token-file",
        file.to_str().unwrap(),
    ]
    .map(str::to_owned);
    support::mcp::client(&arguments, steps).answers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_dies_and_the_next_time_it_is_known_what_helped() {
    let engine = Engine::start();
    let stage = Stage::new(&[]);
    let watch = Watch::new(&stage, &engine);
    let token = stage.output(&["token", "create", "--scope", "read", "--json"]);
    let token: Value = serde_json::from_str(&token).unwrap();
    let token = token["token"].as_str().unwrap().to_owned();
    let incident = |id: i64| stage.read(&token, &format!("/api/incidents/{id}"));

    // Hours ago, so that what comes last is an episode of its own.
    engine.run("web", &[], &["sleep", "600"]);
    watch.look_after(-240);
    assert_eq!(stage.read(&token, "/api/incidents"), json!([]));
    dies(&engine, &watch);
    let open = stage.read(&token, "/api/incidents?state=open");
    assert_eq!(open.as_array().unwrap().len(), 1, "{open}");
    assert_eq!(open[0]["runbook_id"], "rb-docker-container-down");

    let client = log_in(&stage, &watch).await;
    walks(&client).await;
    assert_eq!(
        incident(1)["acknowledged"]["by"],
        json!({"kind": "person", "name": "anna"})
    );

    engine.must(&["start", "web"]);
    watch.look_after(10);
    let over = incident(1);
    assert_eq!(over["state"], "resolved");
    assert_eq!(over["resolved"]["reason"], "by_source");
    says_what_helped(&stage, &client).await;

    watch.look_after(120);
    dies(&engine, &watch);
    let next = incident(2);
    assert_eq!(next["previous_id"], 1, "{next}");
    let reason = next["suggestion"]["reason"].as_str().unwrap();
    assert!(reason.contains("helped 1 of 1"), "{reason}");
    client
        .goto(&format!("{}/incidents/2", stage.base))
        .await
        .unwrap();
    let walked = texts(&client, ".walked").await;
    assert!(
        walked[0].contains("helped, says anna: started it after the database was up"),
        "{walked:?}"
    );
    client.close().await.unwrap();

    let pack = stage.read(
        &token,
        &format!("/api/llm/context_for_signal/{}", next["last_signal_id"]),
    );
    let prompt = pack["prompt"].as_str().unwrap();
    let tokens = tiktoken_rs::o200k_base()
        .unwrap()
        .encode_ordinary(prompt)
        .len();
    assert!(tokens <= 3000, "{tokens}");
    assert!(
        prompt.contains("started it after the database was up"),
        "{prompt}"
    );
    assert_eq!(pack["history"][0]["runs"][0]["outcome"], "helped");
    for told in [&pack, &over] {
        assert!(!told.to_string().contains(SECRET), "{told}");
    }

    let steps = json!([
        ["call", "list_incidents", {"state": "open"}],
        ["call", "get_context", {"incident_id": 2}],
    ]);
    let answers = heard(&stage, &watch, &token, &steps);
    let summary = next["summary"].as_str().unwrap();
    assert!(
        support::mcp::text(&answers[0]).contains(summary),
        "{:?}",
        answers[0]
    );
    let context = support::mcp::text(&answers[1]);
    assert!(
        context.contains("started it after the database was up"),
        "{context}"
    );
    assert!(!context.contains(SECRET));
}
