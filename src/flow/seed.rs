//! Fills a database: the built-in runbooks, and on request the demonstration data.

use serde_json::{Map, Value, json};

use crate::catalog::{self, CatalogError, demo};
use crate::domain::actor::{Actor, ActorKind};
use crate::domain::integration::IntegrationDeclaration;
use crate::domain::order;
use crate::domain::runbook::Runbook;
use crate::domain::signal::NewSignal;
use crate::domain::site::SiteDeclaration;
use crate::domain::timestamp::Timestamp;
use crate::flow::catalogue::Catalogue;
use crate::flow::incidents::{self, Act};
use crate::flow::ingest;
use crate::flow::lifecycle;
use crate::store::agents::Heartbeat;
use crate::store::incidents::Filter;
use crate::store::runbooks::StoredRunbook;
use crate::store::{self, Db, StoreError};

/// The runbooks that came with the program.
///
/// # Errors
/// One of them cannot be read, which the tests keep from being released.
pub fn builtin() -> Result<Vec<Runbook>, CatalogError> {
    catalog::builtin_runbooks()
}

/// Makes the database's built-in runbooks these. Answers how many rows changed.
///
/// # Errors
/// The database refuses.
pub fn runbooks(db: &Db, builtin: &[Runbook], now: Timestamp) -> Result<usize, StoreError> {
    let rows: Vec<StoredRunbook> = builtin.iter().map(StoredRunbook::from).collect();
    store::runbooks::replace_builtin(db, &rows, now)
}

/// What [`demo`] added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Seeded {
    /// Rows of sites.
    pub sites: usize,
    /// Rows of signals.
    pub signals: usize,
}

/// Adds the demonstration data, its signals spread over the days before `now`, every row marked.
/// Where it is there already it is made anew, so that seeding twice is seeding once.
///
/// # Errors
/// The database refuses.
pub fn demo(db: &Db, catalogue: &Catalogue, now: Timestamp) -> Result<Seeded, StoreError> {
    store::demo::clear(db)?;
    for site in demo::SITES {
        let networks = site.networks.iter().map(|(name, cidr, gateway)| {
            (
                (*name).to_owned(),
                json!({"cidr": cidr, "gateway": gateway}),
            )
        });
        let declared = SiteDeclaration {
            id: site.id.to_owned(),
            name: site.name.to_owned(),
            description: Some(site.description.to_owned()),
            networks: networks.collect(),
        };
        store::demo::add_site(db, &declared, now)?;
    }
    for item in demo::INTEGRATIONS {
        let declared = IntegrationDeclaration {
            site_id: item.site_id.to_owned(),
            kind: item.kind.to_owned(),
            endpoint: Some(item.endpoint.to_owned()),
            name: Some(item.name.to_owned()),
            config: Map::new(),
        };
        store::demo::add_integration(db, &declared, item.status, minutes_before(now, 3))?;
    }
    for agent in demo::AGENTS {
        let last_seen = minutes_before(now, agent.minutes_ago);
        store::demo::add_agent(db, &demo_agent(agent), last_seen)?;
    }
    // In the order in which it happened: a deed is about what was wrong then.
    let mut past: Vec<Past> = demo::SIGNALS.iter().map(Past::Signal).collect();
    past.extend(demo::DEEDS.iter().map(Past::Deed));
    order::sort_by_key(&mut past, |past| std::cmp::Reverse(past.minutes_ago()));
    for past in past {
        let at = minutes_before(now, past.minutes_ago());
        match past {
            Past::Signal(signal) => {
                let mut received = ingest::receive(demo_signal(signal, at), catalogue, at);
                received.demo = true;
                lifecycle::store(db, received)?;
            }
            Past::Deed(deed) => demo_deed(db, deed, at)?,
        }
    }
    Ok(Seeded {
        sites: demo::SITES.len(),
        signals: demo::SIGNALS.len(),
    })
}

/// What happened, or what somebody did.
enum Past {
    Signal(&'static demo::Signal),
    Deed(&'static demo::Deed),
}

impl Past {
    fn minutes_ago(&self) -> i64 {
        match self {
            Self::Signal(signal) => signal.minutes_ago,
            Self::Deed(deed) => deed.minutes_ago,
        }
    }
}

fn demo_deed(db: &Db, deed: &demo::Deed, at: Timestamp) -> Result<(), StoreError> {
    let about = Filter {
        site: Some(deed.site_id.to_owned()),
        kind: Some(deed.kind.to_owned()),
        ..Filter::default()
    };
    let note = deed.note.to_owned();
    let act = match deed.did {
        demo::Did::Acknowledged => Act::Acknowledge(Some(note)),
        demo::Did::Snoozed(minutes) => Act::Snooze(minutes_before(at, -minutes), Some(note)),
        demo::Did::Noted => Act::Note(note),
    };
    let by = Actor::new(ActorKind::Person, demo::PERSON);
    for incident in store::incidents::newest(db, &about, 1)? {
        // A real one of the same site and kind is not the demo's to change.
        if incident.demo {
            incidents::act(db, incident.id, act.clone(), &by, at)?;
        }
    }
    Ok(())
}

/// Adds the demonstration data where nothing was ever stored. True where it did.
///
/// # Errors
/// The database refuses.
pub fn demo_if_empty(db: &Db, catalogue: &Catalogue, now: Timestamp) -> Result<bool, StoreError> {
    let empty = store::signals::is_empty(db)? && store::sites::all(db)?.is_empty();
    if empty {
        demo(db, catalogue, now)?;
    }
    Ok(empty)
}

fn demo_agent(agent: &demo::Agent) -> Heartbeat {
    Heartbeat {
        agent_id: agent_id(agent),
        site_id: agent.site_id.to_owned(),
        hostname: agent.hostname.to_owned(),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        interval_seconds: Some(300),
        backlog: 0,
        conditions: json!([]),
        facts: json!({"hostname": agent.hostname, "platform": agent.platform, "disks": []}),
        gateways: json!([{"gateway": agent.gateway, "dev": "eth0", "probe": "icmp",
            "latency_ms": agent.latency_ms}]),
        gateway_latency_ms: Some(agent.latency_ms),
        unknown: json!([]),
    }
}

fn agent_id(agent: &demo::Agent) -> String {
    format!("demo-{}", agent.hostname)
}

fn demo_signal(signal: &demo::Signal, at: Timestamp) -> NewSignal {
    let detail: Map<String, Value> = serde_json::from_str(signal.detail).unwrap_or_default();
    NewSignal {
        site_id: signal.site_id.to_owned(),
        kind: signal.kind.to_owned(),
        summary: signal.summary.to_owned(),
        detail,
        severity: signal.severity,
        source: "demo".to_owned(),
        observed_at: Some(at),
        status: signal.status,
        dedup_key: None,
        expires_at: None,
        // That of its site: what it found hangs on its silence.
        agent_id: demo::AGENTS
            .iter()
            .find(|agent| agent.site_id == signal.site_id)
            .map(agent_id),
        uid: None,
    }
}

fn minutes_before(now: Timestamp, minutes: i64) -> Timestamp {
    now.plus_millis(-minutes * 60_000)
}
