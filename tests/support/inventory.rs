//! Reports with a pass of discovery in them, as an agent sends them.

use serde_json::{Value, json};

use super::atlas::{Atlas, SHARED};
use super::http::Answer;
use super::running::Running;

/// A pass that began at that minute and saw these at 192.168.1.0/24.
pub fn pass(minute: u32, sightings: &Value) -> Value {
    json!({
        "started_at": format!("2026-11-23T{:02}:{:02}:00Z", minute / 60, minute % 60),
        "took_ms": 700,
        "senses": [
            {"sense": "own", "fared": "works"}, {"sense": "neighbour", "fared": "works"},
            {"sense": "tcp", "fared": "works"},
            {"sense": "icmp", "fared": "refused", "reason": "closed: sysctl -w net.ipv4.ping_group_range='0 2147483647'"},
        ],
        "networks": [{"cidr": "192.168.1.0/24", "dev": "eth0", "gateway": "192.168.1.1",
            "gateway_mac": "00:11:22:00:00:01", "swept": true, "sightings": sightings}],
    })
}

/// A report of `agent` for `home`, with that pass.
pub fn report(agent: &str, pass: &Value) -> Value {
    json!({
        "agent_id": agent, "site_id": "home", "version": "0.5.0", "interval_seconds": 300,
        "observed_at": "2026-11-23T04:45:12Z", "facts": {"hostname": agent, "platform": "Linux"},
        "inventory": pass,
        "unknown": [{"kind": "disk_full", "subject": "disk:/tank", "reason": "may not look at it"}],
    })
}

/// Sends it.
pub fn send(server: &Running, report: &Value) -> Answer {
    server
        .post("/api/agents/report", report)
        .with(SHARED)
        .send()
}

/// A Home Assistant at .5, a phone, and something plain with a hostile name.
pub fn sightings() -> Value {
    json!([
        {"address": "192.168.1.5", "mac": "bc:24:11:00:00:05", "senses": ["neighbour", "tcp"],
            "names": [{"name": "ha.lan", "sense": "mdns"}],
            "services": [{"protocol": "tcp", "port": 8123, "open": true,
                "evidence": {"http_title": "Home Assistant"}}]},
        {"address": "192.168.1.6", "mac": "da:a1:19:00:00:06", "senses": ["neighbour"]},
        {"address": "192.168.1.7", "mac": "00:11:32:00:00:07", "senses": ["neighbour"],
            "names": [{"name": "<script>alert(1)</script>\u{202e}\u{0}x", "sense": "mdns"}],
            "services": [{"protocol": "tcp", "port": 80, "open": true,
                "evidence": {"http_title": "<b>\"owned\"</b>\u{202e}"}}]},
    ])
}

/// Three passes: the baseline is done.
pub fn baseline(server: &Running) {
    for minute in 0..3 {
        send(server, &report("one", &pass(minute, &sightings()))).is(201);
    }
}

/// The number of the host at an address.
pub fn host_at(atlas: &Atlas, address: &str) -> i64 {
    atlas.count(&format!(
        "SELECT host_id FROM host_addresses WHERE address = '{address}'"
    ))
}
