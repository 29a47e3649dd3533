//! Where there is no service manager to be told anything.

use std::time::Duration;

/// Nobody listens.
#[derive(Debug)]
pub struct Service;

impl Service {
    /// Nobody.
    pub fn of_process() -> Self {
        Self
    }

    /// None.
    pub fn watchdog(&self) -> Option<Duration> {
        None
    }

    /// Nothing.
    pub fn ready(&self) {}

    /// Nothing.
    pub fn reloading(&self) {}

    /// Nothing.
    pub fn stopping(&self) {}

    /// Nothing.
    pub fn alive(&self) {}

    /// Nothing.
    pub fn status(&self, _line: &str) {}
}
