//! An agent that watches one endpoint, and the backend it sends to.

use atlas_ops::config::agent::AgentConfig;
use atlas_ops::domain::signal::NewSignal;
use serde_json::Value;

use super::agent::{Hand, Place, cycle};
use super::engine::Engine;
use super::server::Server;

/// The agent that watches the engine, and the backend it sends to.
pub struct Watch<'a> {
    pub config: AgentConfig,
    pub backend: Server,
    pub clock: Hand,
    _place: &'a Place,
}

impl<'a> Watch<'a> {
    pub fn new(place: &'a Place, engine: &Engine) -> Self {
        let backend = Server::backend();
        Self {
            config: place.config(&backend.address, &[engine.endpoint()]),
            backend,
            clock: Hand::new(),
            _place: place,
        }
    }

    /// One cycle; `kind container status severity` of each signal, by container and kind.
    pub fn look(&self) -> Vec<String> {
        self.signals().iter().map(told).collect()
    }

    /// One cycle; its signals by container and kind, and in their order.
    pub fn signals(&self) -> Vec<NewSignal> {
        self.clock.catch_up();
        let cycle = cycle(&self.config, &self.clock);
        assert_eq!(cycle.delivery.unwrap().stopped, None);
        let mut signals = self.backend.take_signals();
        signals.sort_by_key(|signal| (signal.detail["container"].to_string(), signal.kind.clone()));
        signals
    }
}

/// `kind container status severity`.
pub fn told(signal: &NewSignal) -> String {
    let container = signal.detail.get("container").and_then(Value::as_str);
    format!(
        "{} {} {} {}",
        signal.kind.trim_start_matches("container_"),
        container.unwrap_or("-"),
        signal.status.as_str(),
        signal.severity
    )
}
