//! `/api/sites` and `/api/integrations`: what is declared by hand.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use serde_json::{Value, json};
use support::atlas::Atlas;
use support::http::Answer;
use support::running::Running;

/// A server, and a hand that may change what is declared there.
struct Hand {
    server: Running,
    token: String,
    _atlas: Atlas,
}

impl Hand {
    fn new() -> Self {
        let atlas = Atlas::new();
        let server = atlas.serve();
        let token = atlas.token("operate").secret;
        Self {
            server,
            token,
            _atlas: atlas,
        }
    }

    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let call = self.server.call(method, path).with(&self.token);
        match body {
            Some(body) => call.json(body).send(),
            None => call.send(),
        }
    }
}

fn homelab() -> Value {
    json!({"id": "site-homelab", "name": "Homelab", "description": "The rack",
        "networks": {"lan": {"cidr": "192.168.10.0/24", "gateway": "192.168.10.1"}}})
}

#[test]
fn a_site_is_declared_changed_and_removed() {
    let hand = Hand::new();
    let made = hand
        .call("POST", "/api/sites", Some(&homelab()))
        .is(201)
        .json();
    for field in ["id", "name", "description", "networks"] {
        assert_eq!(made[field], homelab()[field]);
    }
    assert_eq!(made["integrations"], json!([]));
    hand.call("POST", "/api/sites", Some(&homelab()))
        .problem(409);
    let edit = json!({"name": "Cellar", "networks": {}});
    let edited = hand
        .call("PUT", "/api/sites/site-homelab", Some(&edit))
        .is(200)
        .json();
    assert_eq!(
        (&edited["name"], &edited["networks"]),
        (&json!("Cellar"), &json!({}))
    );
    assert_eq!(
        hand.call("GET", "/api/sites/site-homelab", None)
            .is(200)
            .json(),
        edited
    );
    hand.call("DELETE", "/api/sites/site-homelab", None).is(204);
    hand.call("GET", "/api/sites/site-homelab", None)
        .problem(404);
    hand.call("PUT", "/api/sites/site-homelab", Some(&edit))
        .problem(404);
    hand.call("DELETE", "/api/sites/site-homelab", None)
        .problem(404);
}

#[test]
fn a_site_with_a_history_stays() {
    let hand = Hand::new();
    hand.server
        .stored(&json!({"site_id": "s", "kind": "k", "summary": "x"}));
    hand.call("DELETE", "/api/sites/s", None).problem(409);
    hand.call("GET", "/api/sites/s", None).is(200);
}

#[test]
fn everything_wrong_with_a_site_is_named() {
    let hand = Hand::new();
    let bad = json!({"id": "a\nb", "name": 7, "networks": {"lan": {"cidr": "10.0.0.0/99", "gateway": "x"}, "x": 1}});
    let mut faults = hand.call("POST", "/api/sites", Some(&bad)).faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "id",
            "name",
            "networks.lan.cidr",
            "networks.lan.gateway",
            "networks.x"
        ]
    );
    assert_eq!(
        hand.call("POST", "/api/sites", Some(&json!({}))).faults(),
        ["id"]
    );
}

#[test]
fn an_id_with_odd_signs_is_reached_by_its_address() {
    let hand = Hand::new();
    let id = "büro / 2.OG <x>";
    hand.call("POST", "/api/sites", Some(&json!({"id": id})))
        .is(201);
    let path = "/api/sites/b%C3%BCro%20%2F%202.OG%20%3Cx%3E";
    assert_eq!(hand.call("GET", path, None).is(200).json()["id"], id);
    hand.call("DELETE", path, None).is(204);
}

#[test]
fn an_integration_is_declared_changed_and_removed() {
    let hand = Hand::new();
    let declared = json!({"site_id": "site-homelab", "type": "proxmox", "endpoint": "https://pve:8006",
        "name": "pve", "config": {"node": "pve1"}});
    assert_eq!(
        hand.call("POST", "/api/integrations", Some(&declared))
            .faults(),
        ["site_id"]
    );
    hand.call("POST", "/api/sites", Some(&homelab())).is(201);
    let made = hand
        .call("POST", "/api/integrations", Some(&declared))
        .is(201)
        .json();
    for field in ["site_id", "type", "endpoint", "name", "config"] {
        assert_eq!(made[field], declared[field]);
    }
    assert_eq!(made["status"], "unknown");
    assert_eq!(
        hand.call("GET", "/api/integrations", None).json(),
        json!([made])
    );
    assert_eq!(
        hand.call("GET", "/api/sites/site-homelab", None).json()["integrations"],
        json!([made])
    );
    let path = format!("/api/integrations/{}", made["id"]);
    let edit = json!({"site_id": "site-homelab", "type": "proxmox", "name": "pve2"});
    let edited = hand.call("PUT", &path, Some(&edit)).is(200).json();
    assert_eq!(
        (&edited["name"], &edited["endpoint"]),
        (&json!("pve2"), &Value::Null)
    );
    hand.call("DELETE", "/api/sites/site-homelab", None)
        .problem(409);
    hand.call("DELETE", &path, None).is(204);
    hand.call("DELETE", &path, None).problem(404);
    hand.call("PUT", &path, Some(&edit)).problem(404);
}

#[test]
fn everything_wrong_with_an_integration_is_named() {
    let hand = Hand::new();
    let bad = json!({"type": "", "endpoint": 1, "config": "x"});
    let mut faults = hand.call("POST", "/api/integrations", Some(&bad)).faults();
    faults.sort();
    assert_eq!(faults, ["config", "endpoint", "site_id", "type"]);
}

#[test]
fn secrets_of_an_integration_are_shown_to_nobody_on_any_path() {
    let hand = Hand::new();
    hand.call("POST", "/api/sites", Some(&homelab())).is(201);
    let declared = json!({"site_id": "site-homelab", "type": "unifi", "name": "unifi",
        "endpoint": "https://admin:s3cr3t-in-url@unifi:8443",
        "config": {"password": "s3cr3t-in-key", "deep": [{"api_key": "s3cr3t-deep"}],
            "url": "https://u:s3cr3t-in-config-url@h/"}});
    let made = hand
        .call("POST", "/api/integrations", Some(&declared))
        .is(201);
    let path = format!("/api/integrations/{}", made.json()["id"]);
    let edited = hand.call("PUT", &path, Some(&declared)).is(200);
    let mut shown = vec![made.body, edited.body];
    for path in [
        "/api/integrations",
        "/api/sites",
        "/api/sites/site-homelab",
        "/",
        "/frontend/index.html",
    ] {
        shown.push(hand.call("GET", path, None).is(200).body);
    }
    for text in shown {
        assert!(!text.contains("s3cr3t"), "{text}");
    }
}
