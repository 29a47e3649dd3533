//! A server with an operator and a viewer who look at the pages of incidents.

use atlas_ops::clock;
use serde_json::{Value, json};

use super::atlas::Atlas;
use super::people::{self, Browser};
use super::running::Running;

/// The server, and who is logged in there.
pub struct World {
    pub atlas: Atlas,
    pub server: Running,
    /// An operator.
    pub anna: Browser,
    /// A viewer.
    pub vera: Browser,
}

impl World {
    pub fn new() -> Self {
        let atlas = Atlas::with("timezone: Europe/Berlin");
        let server = atlas.serve();
        people::add(&atlas, "anna", "operator");
        people::add(&atlas, "vera", "viewer");
        Self {
            anna: Browser::of(&server, "anna"),
            vera: Browser::of(&server, "vera"),
            atlas,
            server,
        }
    }

    /// Stores a signal; the number of its incident.
    pub fn signal(&self, site: &str, kind: &str, more: &Value) -> i64 {
        let mut signal = json!({"site_id": site, "kind": kind, "severity": "warning",
            "summary": format!("{kind} at {site}"), "detail": {"host": "nas"}});
        for (name, value) in more.as_object().unwrap() {
            signal[name] = value.clone();
        }
        self.server.stored(&signal)["incident_id"].as_i64().unwrap()
    }

    pub fn page(&self, path: &str) -> String {
        self.anna.get(&self.server, path).is(200).body
    }

    /// Sends a form of the incident's page, which leads back to it.
    pub fn act(&self, id: i64, verb: &str, fields: &[(&str, &str)]) {
        let path = format!("/incidents/{id}/{verb}");
        let answer = self.anna.post(&self.server, &path, fields).is(303);
        assert!(
            answer
                .header("location")
                .ends_with(&format!("/incidents/{id}")),
            "{answer:?}"
        );
    }
}

/// A time as signals carry it.
pub fn minutes_ago(minutes: i64) -> Value {
    json!(clock::now().plus_millis(-minutes * 60_000))
}

/// The numbers of the incidents that a page lists, top to bottom, folded ones included.
pub fn listed(page: &str) -> Vec<i64> {
    page.split("<h3 class=\"summary\"><a href=\"/incidents/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
        .collect()
}
