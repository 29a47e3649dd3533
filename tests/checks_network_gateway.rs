//! Gateways that really go away, come back, become slow and lose packets, in network namespaces:
//! the real agent sees it, and the real server opens an incident with the right runbook and ends
//! it. Needs root, as `ip netns` does.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::agent::Place;
use support::atlas::{Atlas, BINARY, tool};
use support::network::{until, write_config};
use support::running::Running;
use support::wire::Wire;

/// A server on this machine and an agent on the host of a network of their own.
struct Stage {
    lan: Wire,
    place: Place,
    server: Running,
    token: String,
    agent: Option<Child>,
    _atlas: Atlas,
}

impl Stage {
    fn new(number: u8, checks: &str) -> Self {
        let lan = Wire::new(number);
        let atlas = Atlas::initialised();
        let server = atlas.serve_with(&["--host", &lan.server()], &[]);
        let token = atlas.token("read").secret;
        let place = Place::new();
        write_config(&place, &server.address, checks);
        Self {
            lan,
            place,
            server,
            token,
            agent: None,
            _atlas: atlas,
        }
    }

    fn watch(&mut self) {
        let mut command = self.lan.command(Path::new(BINARY));
        command
            .args(["agent", "run", "--config"])
            .arg(self.place.join("agent_config.yaml"));
        self.agent = Some(command.stderr(Stdio::null()).spawn().unwrap());
        until(
            "the agent reports a gateway",
            || self.get("/api/agents"),
            |agents| !agents[0]["gateways"][0].is_null(),
        );
    }

    fn get(&self, path: &str) -> Value {
        self.server
            .get(path)
            .with(&self.token)
            .send()
            .is(200)
            .json()
    }

    /// Waits for an incident of a kind in a state.
    fn incident(&self, kind: &str, state: &str) -> Value {
        let path = format!("/api/incidents?kind={kind}&state={state}");
        let list = until(
            &format!("{kind} is {state}"),
            || self.get(&path),
            |list| list.as_array().is_some_and(|list| !list.is_empty()),
        );
        list[0].clone()
    }

    /// The detail of the newest signal of a kind.
    fn detail(&self, kind: &str) -> Value {
        self.get(&format!("/api/signals?kind={kind}&limit=1"))[0]["detail"].clone()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            let _ = agent.kill();
            let _ = agent.wait();
        }
    }
}

const GATEWAY: &str = "gateway: {enabled: true}";

#[test]
fn a_gateway_that_is_cut_off_is_an_incident_until_it_is_back() {
    let mut stage = Stage::new(1, GATEWAY);
    stage.watch();
    stage.lan.gateway_is_there(false);
    let open = stage.incident("gateway_unreachable", "open");
    assert_eq!(open["severity"], "critical");
    assert_eq!(open["runbook_id"], "rb-gateway-unreachable");
    let detail = stage.detail("gateway_unreachable");
    assert_eq!(detail["gateway"], stage.lan.address());
    assert_eq!(detail["interface"], "lan0");
    assert!(
        detail["mac"].is_string() && detail["host"].is_string(),
        "{detail}"
    );
    stage.lan.gateway_is_there(true);
    let over = stage.incident("gateway_unreachable", "resolved");
    assert_eq!(over["id"], open["id"]);
    assert_eq!(over["resolved"]["reason"], "by_source");
}

#[test]
fn a_wire_that_is_pulled_is_an_incident_until_it_is_in_again() {
    let mut stage = Stage::new(2, GATEWAY);
    stage.watch();
    stage.lan.wire(false);
    let open = stage.incident("gateway_unreachable", "open");
    assert_eq!(open["severity"], "critical");
    stage.lan.wire(true);
    stage.incident("gateway_unreachable", "resolved");
}

#[test]
fn a_default_route_that_is_lost_is_an_incident_until_there_is_one_again() {
    let mut stage = Stage::new(3, GATEWAY);
    stage.watch();
    stage.lan.route(false);
    let open = stage.incident("gateway_unreachable", "open");
    assert!(
        open["summary"]
            .as_str()
            .unwrap()
            .contains("no default route"),
        "{open}"
    );
    stage.lan.route(true);
    stage.incident("gateway_unreachable", "resolved");
}

#[test]
fn a_gateway_that_becomes_slow_is_held_against_its_past() {
    let mut stage = Stage::new(4, GATEWAY);
    let hour = atlas_ops::clock::now().as_millis() / 3_600_000;
    let hours: Vec<Value> = (hour - 30..hour).map(|hour| json!([hour, 0.4])).collect();
    let past = json!({"answered": true, "seen": hour - 1, "hours": hours});
    let memory = json!({"version": 1, "learned": {"gateways": {stage.lan.address(): past}}});
    std::fs::write(stage.place.state_path(), memory.to_string()).unwrap();
    stage.lan.answers_pings(Duration::ZERO, 0);
    stage.watch();
    stage.lan.answers_pings(Duration::from_millis(60), 0);
    let open = stage.incident("gateway_latency_high", "open");
    assert_eq!(open["severity"], "warning");
    assert_eq!(open["runbook_id"], "rb-gateway-latency-high");
    let detail = stage.detail("gateway_latency_high");
    assert_eq!(
        (&detail["baseline_ms"], &detail["limit_ms"]),
        (&json!(0.4), &json!(20.0))
    );
    assert!(detail["latency_ms"].as_f64().unwrap() >= 60.0, "{detail}");
    stage.lan.answers_pings(Duration::ZERO, 0);
    stage.incident("gateway_latency_high", "resolved");
}

#[test]
fn pings_that_get_lost_are_an_incident_until_few_do() {
    let mut stage = Stage::new(5, GATEWAY);
    stage.lan.answers_pings(Duration::ZERO, 0);
    stage.watch();
    stage.lan.answers_pings(Duration::ZERO, 4);
    let open = stage.incident("packet_loss_high", "open");
    assert_eq!(open["runbook_id"], "rb-packet-loss-high");
    let detail = stage.detail("packet_loss_high");
    assert!(detail["loss_percent"].as_u64().unwrap() >= 20, "{detail}");
    assert_eq!(detail["target"], stage.lan.address());
    stage.lan.answers_pings(Duration::ZERO, 0);
    stage.incident("packet_loss_high", "resolved");
}

#[test]
fn a_target_behind_the_wire_answers_no_pings_and_no_connections() {
    let address = "10.214.6.9";
    let checks = format!(
        "ping: [{{target: {address}, name: nas}}]\ntcp: [{{address: '{address}:22', timeout_seconds: 2}}]"
    );
    let mut stage = Stage::new(6, &checks);
    let gateway = stage.lan.gateway.clone();
    let nas = |verb: &str| {
        let prefix = format!("{address}/24");
        tool(
            "ip",
            &["-n", &gateway, "addr", verb, &prefix, "dev", "lan0"],
        );
    };
    nas("add");
    stage.watch();
    let refused = stage.incident("tcp_check_failed", "open");
    assert_eq!(stage.detail("tcp_check_failed")["failure"], "refused");
    assert_eq!(refused["runbook_id"], "rb-tcp-check-failed");
    nas("del");
    let open = stage.incident("ping_target_unreachable", "open");
    assert_eq!(open["runbook_id"], "rb-ping-target-unreachable");
    assert_eq!(stage.detail("ping_target_unreachable")["target"], address);
    nas("add");
    stage.incident("ping_target_unreachable", "resolved");
}
