//! The demonstration data: two sites of a small household of machines, what went wrong there in the
//! last days, and what somebody did about it. Values only; `flow::seed` stores them.

use crate::domain::severity::Severity::{self, Critical, Info, Warning};
use crate::domain::signal::Status::{self, Firing, Resolved};

/// A demo site.
#[derive(Debug)]
pub struct Site {
    /// Id.
    pub id: &'static str,
    /// Name.
    pub name: &'static str,
    /// One line.
    pub description: &'static str,
    /// Name, network and gateway.
    pub networks: &'static [(&'static str, &'static str, &'static str)],
}

/// A demo integration.
#[derive(Debug)]
pub struct Integration {
    /// Its site.
    pub site_id: &'static str,
    /// Its type.
    pub kind: &'static str,
    /// Where it would be reached.
    pub endpoint: &'static str,
    /// Its status.
    pub status: &'static str,
    /// Its name.
    pub name: &'static str,
}

/// A demo agent.
#[derive(Debug)]
pub struct Agent {
    /// Its site.
    pub site_id: &'static str,
    /// Its host.
    pub hostname: &'static str,
    /// Its platform.
    pub platform: &'static str,
    /// Its gateway.
    pub gateway: &'static str,
    /// Latency of that gateway.
    pub latency_ms: f64,
    /// When it was last heard.
    pub minutes_ago: i64,
}

/// A demo signal.
#[derive(Debug)]
pub struct Signal {
    /// Its site.
    pub site_id: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Its severity.
    pub severity: Severity,
    /// Whether it is over.
    pub status: Status,
    /// When it was seen.
    pub minutes_ago: i64,
    /// What it says.
    pub summary: &'static str,
    /// JSON object.
    pub detail: &'static str,
}

/// What somebody did about the newest incident of a site and kind.
#[derive(Debug)]
pub struct Deed {
    /// Its site.
    pub site_id: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// When it was done.
    pub minutes_ago: i64,
    /// What was done.
    pub did: Did,
    /// What was said.
    pub note: &'static str,
}

/// What can be done.
#[derive(Debug, Clone, Copy)]
pub enum Did {
    /// Took it on.
    Acknowledged,
    /// Put it off, for so many minutes.
    Snoozed(i64),
    /// Wrote something.
    Noted,
}

/// Who did it.
pub const PERSON: &str = "anna";

const HQ: &str = "demo-hq";
const CABIN: &str = "demo-cabin";

/// The demo's sites.
pub const SITES: &[Site] = &[
    Site {
        id: HQ,
        name: "Homelab HQ",
        description: "Rack under the stairs: NAS, two Proxmox nodes, a Docker host",
        networks: &[
            ("lan", "192.168.10.0/24", "192.168.10.1"),
            ("iot", "192.168.30.0/24", "192.168.30.1"),
        ],
    },
    Site {
        id: CABIN,
        name: "Cabin",
        description: "LTE uplink, one small server",
        networks: &[("lan", "10.20.0.0/24", "10.20.0.1")],
    },
];

/// The demo's integrations.
pub const INTEGRATIONS: &[Integration] = &[
    Integration {
        site_id: HQ,
        kind: "docker",
        endpoint: "unix:///var/run/docker.sock",
        status: "ok",
        name: "docker on rack1",
    },
    Integration {
        site_id: HQ,
        kind: "proxmox",
        endpoint: "https://pve1.example.lan:8006",
        status: "degraded",
        name: "pve cluster",
    },
    Integration {
        site_id: HQ,
        kind: "unifi",
        endpoint: "https://unifi.example.lan:8443",
        status: "ok",
        name: "Wi-Fi controller",
    },
    Integration {
        site_id: CABIN,
        kind: "truenas",
        endpoint: "https://nas.example.lan",
        status: "unknown",
        name: "cabin NAS",
    },
];

/// The demo's agents.
pub const AGENTS: &[Agent] = &[
    Agent {
        site_id: HQ,
        hostname: "rack1",
        platform: "Linux-6.1.0-18-amd64",
        gateway: "192.168.10.1",
        latency_ms: 0.8,
        minutes_ago: 2,
    },
    Agent {
        site_id: CABIN,
        hostname: "cabin1",
        platform: "Linux-6.1.0-18-arm64",
        gateway: "10.20.0.1",
        latency_ms: 41.5,
        minutes_ago: 140,
    },
];

const fn signal(
    (site_id, kind): (&'static str, &'static str),
    (severity, status): (Severity, Status),
    minutes_ago: i64,
    (summary, detail): (&'static str, &'static str),
) -> Signal {
    Signal {
        site_id,
        kind,
        severity,
        status,
        minutes_ago,
        summary,
        detail,
    }
}

/// The demo's signals.
pub const SIGNALS: &[Signal] = &[
    signal(
        (HQ, "disk_full"),
        (Critical, Firing),
        12,
        (
            "nas:/tank is 97 % full, full in about 9 hours",
            r#"{"host": "nas", "mount": "/tank", "device": "tank", "used_percent": 97}"#,
        ),
    ),
    signal(
        (HQ, "container_restart_count_high"),
        (Warning, Firing),
        34,
        (
            "Docker container restart count high: nextcloud (7 restarts)",
            r#"{"container": "nextcloud", "endpoint": "unix:///var/run/docker.sock", "host": "rack1", "restart_count": 7, "threshold": 3, "image": "nextcloud:29"}"#,
        ),
    ),
    signal(
        (HQ, "proxmox"),
        (Warning, Firing),
        95,
        (
            "Node pve2 left the Proxmox cluster",
            r#"{"node": "pve2", "cluster": "home", "quorum": true}"#,
        ),
    ),
    signal(
        (CABIN, "agent_silent"),
        (Warning, Firing),
        125,
        (
            "Agent cabin1 has not reported for 15 minutes",
            r#"{"agent": "cabin1", "interval_seconds": 300}"#,
        ),
    ),
    signal(
        (HQ, "container_down"),
        (Warning, Resolved),
        180,
        (
            "Docker container runs again: jellyfin",
            r#"{"container": "jellyfin", "endpoint": "unix:///var/run/docker.sock", "host": "rack1", "status": "running"}"#,
        ),
    ),
    signal(
        (HQ, "container_down"),
        (Warning, Firing),
        214,
        (
            "Docker container stopped: jellyfin (exit code 137)",
            r#"{"container": "jellyfin", "endpoint": "unix:///var/run/docker.sock", "host": "rack1", "status": "exited", "exit_code": 137, "image": "jellyfin/jellyfin:10.9"}"#,
        ),
    ),
    signal(
        (HQ, "wifi"),
        (Warning, Firing),
        340,
        (
            "Channel 6 is busy 84 % of the time near ap-kitchen",
            r#"{"ap": "ap-kitchen", "ssid": "home", "channel": 6, "utilisation_percent": 84}"#,
        ),
    ),
    signal(
        (HQ, "certificate_expiring"),
        (Warning, Firing),
        420,
        (
            "The certificate of https://git.example.lan expires in 14 days",
            r#"{"url": "https://git.example.lan", "days_left": 14}"#,
        ),
    ),
    signal(
        (HQ, "backup_stale"),
        (Warning, Firing),
        610,
        (
            "The newest file in /srv/backup is 31 hours old",
            r#"{"host": "nas", "path": "/srv/backup", "age_hours": 31}"#,
        ),
    ),
    signal(
        (HQ, "host_new"),
        (Info, Firing),
        700,
        (
            "New device on lan: 192.168.10.87",
            r#"{"address": "192.168.10.87", "mac": "3c:22:fb:01:02:03", "network": "lan"}"#,
        ),
    ),
    signal(
        (CABIN, "gateway_latency_high"),
        (Warning, Firing),
        800,
        (
            "Gateway 10.20.0.1 answers in 212 ms, usually in 40",
            r#"{"gateway": "10.20.0.1", "interface": "eth0", "latency_ms": 212}"#,
        ),
    ),
    signal(
        (HQ, "solar_inverter"),
        (Info, Firing),
        1290,
        (
            "Inverter reports 3 strings, expected 4",
            r#"{"inverter": "roof", "strings": 3}"#,
        ),
    ),
    signal(
        (HQ, "disk_full"),
        (Warning, Firing),
        1500,
        (
            "nas:/tank is 91 % full, full in about 2 days",
            r#"{"host": "nas", "mount": "/tank", "device": "tank", "used_percent": 91}"#,
        ),
    ),
    garden(Firing, 1700),
    garden(Resolved, 1980),
    garden(Firing, 2000),
    garden(Resolved, 2290),
    garden(Firing, 2300),
    garden(Resolved, 2585),
    garden(Firing, 2600),
    garden(Resolved, 2870),
    garden(Firing, 2880),
    jellyfin(Resolved, 2988),
    jellyfin(Firing, 3010),
    jellyfin(Resolved, 7325),
    jellyfin(Firing, 7380),
];

/// Down and up again as often as it rains: it flaps.
const fn garden(status: Status, minutes_ago: i64) -> Signal {
    let summary = match status {
        Firing => "ap-garden (192.168.10.23) does not answer",
        Resolved => "ap-garden (192.168.10.23) answers again",
    };
    signal(
        (HQ, "ping_target_unreachable"),
        (Warning, status),
        minutes_ago,
        (
            summary,
            r#"{"host": "ap-garden", "address": "192.168.10.23", "network": "lan"}"#,
        ),
    )
}

/// Earlier times of what happened today again.
const fn jellyfin(status: Status, minutes_ago: i64) -> Signal {
    let (summary, detail) = match status {
        Firing => (
            "Docker container stopped: jellyfin (exit code 137)",
            r#"{"container": "jellyfin", "endpoint": "unix:///var/run/docker.sock", "host": "rack1", "status": "exited", "exit_code": 137, "image": "jellyfin/jellyfin:10.9"}"#,
        ),
        Resolved => (
            "Docker container runs again: jellyfin",
            r#"{"container": "jellyfin", "endpoint": "unix:///var/run/docker.sock", "host": "rack1", "status": "running"}"#,
        ),
    };
    signal(
        (HQ, "container_down"),
        (Warning, status),
        minutes_ago,
        (summary, detail),
    )
}

/// What was done about some of it.
pub const DEEDS: &[Deed] = &[
    Deed {
        site_id: HQ,
        kind: "proxmox",
        minutes_ago: 80,
        did: Did::Acknowledged,
        note: "pve2 is off for more memory, back in the afternoon",
    },
    Deed {
        site_id: HQ,
        kind: "certificate_expiring",
        minutes_ago: 400,
        did: Did::Snoozed(4 * 1440),
        note: "Renewed by hand on Saturday, when the port is open",
    },
    Deed {
        site_id: HQ,
        kind: "container_down",
        minutes_ago: 2980,
        did: Did::Noted,
        note: "The transcoder took all memory: limited it to two streams",
    },
];
