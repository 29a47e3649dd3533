//! `atlas-ops discover`
//!
//! One pass by hand, shown as a table for each network, with what every sense could not do. What
//! a pass does is in [`crate::agent::discovery`].

use std::cell::Cell;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use super::output;
use crate::agent::discovery::{self, Progress, Stage};
use crate::cli::Discover;
use crate::clock;
use crate::config::agent::discovery::DiscoveryConfig;
use crate::config::agent::{FILE_NAME, load_from};
use crate::config::env::Environment;
use crate::config::paths;
use crate::config::source::Source;
use crate::domain::inventory::pass::{Fared, NetworkPass, Pass, Policy, SeenService, Sighting};
use crate::domain::inventory::vendor::vendor;
use crate::domain::order;
use crate::error::Error;

/// Names and services that a cell of the table holds before it is cut.
const IN_A_CELL: usize = 4;
/// Longest text of a service in the table, in characters.
const LONGEST: usize = 40;

/// Makes a pass and shows it. Ends with 1 where nothing could be seen: an empty list must not look
/// like a quiet network.
///
/// # Errors
/// The configuration cannot be read, or no descriptors are left.
pub fn run(args: &Discover) -> Result<ExitCode, Error> {
    let config = config(args.file.config.as_deref())?;
    let line = Line::new();
    let pass = discovery::pass_here(&config, &Policy::default(), clock::now(), &|progress| {
        line.show(progress);
    })
    .map_err(|error| Error::new("look around", error))?;
    line.end();
    if args.json {
        output::json(&pass);
    } else {
        print(&pass);
    }
    let is_blind = pass.networks.iter().all(|one| one.unusable.is_some());
    Ok(if is_blind {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The `discovery:` section of the agent's file, where there is one; else what an agent does
/// without one.
fn config(explicit: Option<&Path>) -> Result<DiscoveryConfig, Error> {
    let path = paths::find(explicit, FILE_NAME, &Environment::of_process());
    let Some(path) = path else {
        return Ok(DiscoveryConfig::default());
    };
    // The variable may name a backend's file.
    let is_backends = explicit.is_none()
        && !Source::load(Some(path.clone()), Environment::of_process())?.has("agent");
    if is_backends {
        return Ok(DiscoveryConfig::default());
    }
    load_from(Some(path), Environment::of_process()).map(|config| config.discovery)
}

fn print(pass: &Pass) {
    for network in &pass.networks {
        print_network(network);
    }
    if pass.networks.is_empty() {
        output::line("There is no network here that may be looked at.");
        output::note("hint: see which interfaces are left out, and why: atlas-ops agent doctor");
    }
    let seconds = pass.took_ms / 1000;
    output::line(format!("The pass took {seconds} s."));
    for report in &pass.senses {
        if let Some(reason) = &report.reason {
            let how = match report.fared {
                Fared::Works => "works in part",
                Fared::Refused => "refused",
                Fared::Off => "off",
            };
            output::line(format!("{}: {how}: {reason}", report.sense.as_str()));
        }
    }
}

fn print_network(network: &NetworkPass) {
    let through = match network.dev.as_str() {
        "" => "over a router".to_owned(),
        dev => format!("on {dev}"),
    };
    let gateway = match (&network.gateway, &network.gateway_mac) {
        (Some(gateway), Some(mac)) => format!(", gateway {gateway} ({mac})"),
        (Some(gateway), None) => format!(", gateway {gateway}"),
        (None, _) => String::new(),
    };
    let there = |one: &&Sighting| one.senses.iter().any(|sense| sense.proves_presence());
    let count = network.sightings.iter().filter(there).count();
    output::line(format!(
        "{} {through}{gateway}: {count} there",
        network.cidr
    ));
    if let Some(reason) = &network.unusable {
        output::line(format!("  nothing can be concluded: {reason}"));
    }
    if let Some(reason) = &network.not_swept {
        output::line(format!("  not every address was asked: {reason}"));
    }
    let mut sightings: Vec<&Sighting> = network.sightings.iter().collect();
    order::sort_by_key(&mut sightings, |one| {
        one.address.parse::<std::net::IpAddr>().ok()
    });
    let rows: Vec<Vec<String>> = sightings.iter().map(|one| row(one)).collect();
    output::table(
        &["ADDRESS", "MAC", "VENDOR", "NAMES", "SERVICES", "SEEN BY"],
        &rows,
    );
    output::line("");
}

fn row(sighting: &Sighting) -> Vec<String> {
    let mac = sighting.mac.as_deref().unwrap_or_default();
    let mut names: Vec<&str> = Vec::new();
    for name in &sighting.names {
        if !names.contains(&name.name.as_str()) {
            names.push(&name.name);
        }
    }
    let services: Vec<String> = sighting.services.iter().map(service).collect();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let senses: Vec<&str> = sighting.senses.iter().map(|one| one.as_str()).collect();
    vec![
        sighting.address.clone(),
        mac.to_owned(),
        vendor(mac).unwrap_or_default().to_owned(),
        cell(&names),
        cell(&services),
        if senses.is_empty() {
            "remembered only".to_owned()
        } else {
            senses.join(" ")
        },
    ]
}

fn cell(parts: &[&str]) -> String {
    let text = parts[..parts.len().min(IN_A_CELL)].join(", ");
    if parts.len() > IN_A_CELL {
        return format!("{text} and {} more", parts.len() - IN_A_CELL);
    }
    text
}

/// The port, and the most telling thing that is known of it.
fn service(service: &SeenService) -> String {
    const TELLING: [&str; 5] = [
        "http_title",
        "mdns_name",
        "http_server",
        "ssdp_server",
        "mdns_type",
    ];
    let told = TELLING.iter().find_map(|key| service.evidence.get(*key));
    let what = told.map_or_else(String::new, |text| {
        let short: String = text.chars().take(LONGEST).collect();
        format!(" {short}")
    });
    let mark = if service.open { "" } else { " (announced)" };
    format!("{}/{}{what}{mark}", service.port, service.protocol)
}

/// The line on a terminal's stderr that tells how far the pass is.
struct Line {
    on_terminal: bool,
    shown: Cell<Option<Progress>>,
}

impl Line {
    fn new() -> Self {
        Self {
            on_terminal: std::io::stderr().is_terminal(),
            shown: Cell::new(None),
        }
    }

    fn show(&self, progress: Progress) {
        if !self.on_terminal || self.shown.replace(Some(progress)) == Some(progress) {
            return;
        }
        let what = match progress.stage {
            Stage::Sweep => "addresses asked",
            Stage::Ports => "hosts asked for their ports",
            Stage::Missing => "missing hosts found again",
            Stage::Identity => "pages read",
        };
        // Nobody is left to tell where stderr is closed.
        let _ = write!(
            std::io::stderr(),
            "\r\x1b[K{what}: {} of {}",
            progress.done,
            progress.of
        );
    }

    fn end(&self) {
        if self.shown.get().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
