//! Units of systemd that failed, as systemd itself tells over the system's bus: no program is run.

use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;
use std::time::Duration;

#[cfg(unix)]
use super::bus_unix::{Bus, Way};
#[cfg(unix)]
use super::bus_wire;

/// systemd's own socket, which only root may use; there where no bus runs.
#[cfg(unix)]
const PRIVATE: &str = "/run/systemd/private";
/// A folder that is there where systemd runs the system.
#[cfg(unix)]
const BOOTED: &str = "/run/systemd/system";

/// A unit that failed. Texts are as systemd tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedUnit {
    /// `nginx.service`
    pub unit: String,
    /// What its file says of it.
    pub description: String,
    /// `loaded`, `not-found`, ...
    pub load_state: String,
    /// `failed`
    pub active_state: String,
    /// `failed`, or more precisely.
    pub sub_state: String,
}

/// Every unit that failed. `bus` is the system bus's socket; nothing for the usual place, or else
/// systemd's own.
///
/// # Errors
/// Why systemd could not be asked, and what would help.
#[cfg(unix)]
pub fn failed_units(bus: Option<&Path>, limit: Duration) -> Result<Vec<FailedUnit>, String> {
    let (path, way) = match bus {
        Some(path) => (path.to_owned(), Way::Bus),
        None => usual()?,
    };
    let ask = || -> Result<Vec<FailedUnit>, String> {
        let mut bus = Bus::open(&path, way, limit)?;
        bus_wire::units(&bus.call(&bus_wire::LIST_FAILED)?)
    };
    ask().map_err(|reason| format!("cannot ask systemd over {}: {reason}", path.display()))
}

#[cfg(unix)]
fn usual() -> Result<(PathBuf, Way), String> {
    use crate::config::agent::checks::host::DEFAULT_BUS;

    let bus = Path::new(DEFAULT_BUS);
    if bus.exists() {
        return Ok((bus.to_owned(), Way::Bus));
    }
    let private = Path::new(PRIVATE);
    if private.exists() {
        return Ok((private.to_owned(), Way::Peer));
    }
    if Path::new(BOOTED).exists() {
        return Err(format!(
            "there is no bus at {DEFAULT_BUS}; hint: install dbus, or in a container mount that socket"
        ));
    }
    Err(format!(
        "systemd does not run here; hint: set checks: units: enabled: false, or in a container mount {DEFAULT_BUS}"
    ))
}

/// There is no systemd.
///
/// # Errors
/// Always.
#[cfg(not(unix))]
pub fn failed_units(_bus: Option<&Path>, _limit: Duration) -> Result<Vec<FailedUnit>, String> {
    Err("there is no systemd on this system".to_owned())
}
