//! A LAN of namespaces, the real agent that looks at it as nobody, the real server that it reports
//! to, and a clock that both live by.

use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::agent::{Place, QUIET};
use crate::support::ahead::Ahead;
use crate::support::atlas::{Atlas, BINARY, SHARED};
use crate::support::lan::{self, AGENT, Host, Lan};
use crate::support::running::Running;

/// Minutes between two passes, as it is where nothing else is configured.
const INTERVAL: i64 = 15;
/// Nobody's number.
const NOBODY: u32 = 65_534;

pub(crate) struct World {
    server: Running,
    token: String,
    config: PathBuf,
    clock: Ahead,
    pub(crate) lan: Lan,
    _atlas: Atlas,
    _place: Place,
}

/// A host with a hardware address of its own, which it keeps.
pub(crate) fn host(number: u8) -> Host {
    Host {
        number,
        proxmox: Some(number),
        ..Host::default()
    }
}

impl World {
    /// A network whose gateway is host 1, with these others, that was looked at three times: its
    /// baseline is done. `discovery` is the agent's section of that name.
    pub(crate) fn known(others: &[Host], discovery: &str) -> Self {
        let world = Self::unknown(others, discovery);
        for _ in 0..3 {
            world.pass();
        }
        let told = world.signals("inventory_baseline");
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(world.open(), [""; 0], "a baseline is no incident");
        world
    }

    /// As [`World::known`], and nobody looked yet.
    pub(crate) fn unknown(others: &[Host], discovery: &str) -> Self {
        let lan = Lan::new();
        lan.add(&[&[host(1)], others].concat());
        let (atlas, place, clock) = (Atlas::new(), Place::new(), Ahead::new());
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &lan.name("agent"), BINARY])
            .args(["serve", "--port", "0"])
            .current_dir(atlas.folder.path());
        clock.rules(&mut command);
        let server = Running::start(command);
        let token = atlas.token("operate").secret;
        let config = write_config(&place, &server.address, discovery);
        Self {
            server,
            token,
            config,
            clock,
            lan,
            _atlas: atlas,
            _place: place,
        }
    }

    /// The agent's next pass.
    pub(crate) fn pass(&self) {
        self.pass_after(INTERVAL);
    }

    /// The agent's next pass, so many minutes after the last.
    #[track_caller]
    pub(crate) fn pass_after(&self, minutes: i64) {
        self.clock.put_forward(minutes);
        let config = self.config.to_str().unwrap();
        let mut command = self
            .lan
            .command(&["agent", "run", "--once", "--config", config]);
        self.clock.rules(&mut command);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let last = &self.get("/api/agents")[0];
        assert_eq!(last["backlog"], 0, "{last}");
    }

    /// Time goes by, and nobody looks.
    pub(crate) fn wait(&self, minutes: i64) {
        self.clock.put_forward(minutes);
    }

    /// A host asks everybody who the agent is, as all do for each other now and then; so the
    /// agent's kernel learns who has that host's address.
    pub(crate) fn speaks(&self, which: &str) {
        let mac = self.lan.mac(which);
        self.lan.ip(which, "neigh flush dev eth0");
        self.lan.within(which, || {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
            socket.send_to(b"", (AGENT, 9)).unwrap();
        });
        let table = format!("ip -n {} neigh show", self.lan.name("agent"));
        lan::until("the agent's kernel has heard it", || {
            lan::shell(&table).contains(&mac)
        });
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        self.call("GET", path, None)
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        self.lan.within("agent", || {
            let call = self.server.call(method, path).with(&self.token);
            let call = match body {
                Some(body) => call.json(body),
                None => call,
            };
            call.send().is(200).json()
        })
    }

    /// Somebody says something of the host at an address.
    #[track_caller]
    pub(crate) fn mark(&self, address: &str, marks: &Value) {
        let path = format!("/api/hosts/{}", self.host(address)["id"]);
        self.call("PATCH", &path, Some(marks));
    }

    /// Nobody new has any business on the network.
    pub(crate) fn closes(&self) {
        let id = &self.get("/api/networks")[0]["id"];
        let path = format!("/api/networks/{id}");
        self.call("PATCH", &path, Some(&json!({"no_guests": true})));
    }

    /// The host at an address.
    #[track_caller]
    pub(crate) fn host(&self, address: &str) -> Value {
        let all = self.get("/api/hosts");
        let here = |host: &&Value| host["addresses"][0]["address"] == address;
        let found = all.as_array().unwrap().iter().find(here).cloned();
        found.unwrap_or_else(|| panic!("nobody is at {address}: {all}"))
    }

    /// Everything that was said of a kind, oldest first.
    #[track_caller]
    pub(crate) fn signals(&self, kind: &str) -> Vec<Value> {
        let mut all = self.get(&format!("/api/signals?kind={kind}"));
        let mut said = std::mem::take(all.as_array_mut().unwrap());
        said.reverse();
        said
    }

    /// The only signal of a kind, which is told and no incident, with the runbook that is offered
    /// for it.
    #[track_caller]
    pub(crate) fn is_told(&self, kind: &str) -> Value {
        let mut said = self.signals(kind);
        assert_eq!(said.len(), 1, "{said:#?}");
        let signal = said.remove(0);
        assert_eq!(signal["severity"], "info", "{signal}");
        assert_eq!(signal["incident_id"], Value::Null, "{signal}");
        let all = self.get("/api/suggestions");
        let mut all = all.as_array().unwrap().iter();
        let offered = all.find(|one| one["signal_id"] == signal["id"]).unwrap();
        self.has_its_runbook(kind, offered, &signal["id"]);
        signal
    }

    /// The only incident of a kind is open; the runbook written for it is on top, with the reason,
    /// and its commands are filled in. Answers with the incident's newest signal.
    #[track_caller]
    pub(crate) fn is_open(&self, kind: &str) -> Value {
        self.is_open_at(kind, "warning")
    }

    /// As [`World::is_open`], and it has become critical.
    #[track_caller]
    pub(crate) fn is_critical(&self, kind: &str) -> Value {
        self.is_open_at(kind, "critical")
    }

    #[track_caller]
    fn is_open_at(&self, kind: &str, severity: &str) -> Value {
        let mut all = self.incidents(kind);
        assert_eq!(all.len(), 1, "{all:#?}");
        let incident = all.remove(0);
        assert_eq!(incident["state"], "open", "{incident}");
        assert_eq!(incident["severity"], severity, "{incident}");
        let id = &incident["id"];
        let full = self.get(&format!("/api/incidents/{id}"));
        let signal = self.signals(kind).pop().unwrap();
        assert_eq!(signal["incident_id"], *id, "{signal}");
        self.has_its_runbook(kind, &full["suggestion"], &signal["id"]);
        signal
    }

    /// The only incident of a kind is over, and why.
    #[track_caller]
    pub(crate) fn is_over(&self, kind: &str, reason: &str) {
        let all = self.incidents(kind);
        assert_eq!(all.len(), 1, "{all:#?}");
        assert_eq!(all[0]["state"], "resolved", "{all:#?}");
        assert_eq!(all[0]["resolved"]["reason"], reason, "{all:#?}");
    }

    /// Kinds of the incidents that are not over, in their order.
    #[track_caller]
    pub(crate) fn open(&self) -> Vec<String> {
        let all = self.get("/api/incidents?state=open");
        let kinds = all.as_array().unwrap().iter();
        let mut kinds: Vec<String> = kinds
            .map(|one| one["kind"].as_str().unwrap().to_owned())
            .collect();
        kinds.sort();
        kinds
    }

    #[track_caller]
    fn incidents(&self, kind: &str) -> Vec<Value> {
        let mut all = self.get(&format!("/api/incidents?kind={kind}"));
        std::mem::take(all.as_array_mut().unwrap())
    }

    #[track_caller]
    fn has_its_runbook(&self, kind: &str, offered: &Value, signal_id: &Value) {
        let expected = format!("rb-{}", kind.replace('_', "-"));
        assert_eq!(offered["related_runbook_ids"][0], *expected, "{offered}");
        let reason = offered["reason"].as_str().unwrap();
        assert!(reason.starts_with(&format!("kind is {kind}")), "{reason}");
        let pack = self.get(&format!(
            "/api/llm/context_for_signal/{signal_id}?budget=20000"
        ));
        let top = &pack["runbooks"][0];
        assert_eq!(top["id"], *expected);
        let question = top["question"].as_str().unwrap();
        assert!(!question.contains("{{"), "{question}");
        let steps = top["steps"].as_array().unwrap().iter();
        let open = steps.flat_map(|step| step["open"].as_array().unwrap());
        let mut open: Vec<&str> = open.map(|name| name.as_str().unwrap()).collect();
        open.dedup();
        assert_eq!(open, left_open(kind), "{top:#}");
    }
}

/// What people fill in themselves in the commands of a kind's runbook.
fn left_open(kind: &str) -> &'static [&'static str] {
    match kind {
        // The card of a host that moved: it alone knows its name.
        "host_address_changed" => &["interface"],
        _ => &[],
    }
}

/// A configuration that nobody may read, beside a place where nobody may write.
fn write_config(place: &Place, backend: &str, discovery: &str) -> PathBuf {
    let memory = place.join("memory");
    std::fs::create_dir(&memory).unwrap();
    chown(&memory, Some(NOBODY), Some(NOBODY)).unwrap();
    let state = memory.join("agent_state.json");
    let path = place.join("agent_config.yaml");
    let text = format!(
        "agent:\n  backend_url: {backend}\n  site_id: home\n  token: {SHARED}\n  interval_seconds: 900\n  state_path: {}\n  discovery: {{{discovery}}}\n{QUIET}",
        state.display()
    );
    std::fs::write(&path, text).unwrap();
    path
}
