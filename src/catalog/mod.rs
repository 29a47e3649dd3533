//! What ships inside the binary: the built-in runbooks, one Markdown file each in `runbooks/`. The
//! folder is embedded; nothing else lists them. The format is `domain::runbook`'s, the YAML of
//! the front matter `crate::yaml`'s: this is where the two meet, for own runbooks too, which come
//! from a [`folder`] or from version 0.4's JSON ([`legacy`]).

pub mod demo;
pub mod folder;
mod front;
mod json_place;
pub mod legacy;
pub mod services;

use std::fmt;

use crate::domain::order;
use crate::domain::runbook::{self, FrontMatter, Lint, Origin, Runbook};
use crate::{packed, yaml};

/// Everything wrong with one runbook's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogError {
    /// Name of the file.
    pub file: String,
    /// What is wrong, by line.
    pub lints: Vec<Lint>,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, lint) in self.lints.iter().enumerate() {
            if index > 0 {
                out.write_str("\n")?;
            }
            write!(out, "{}:{}: {}", self.file, lint.line, lint.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogError {}

/// The runbooks that ship with the program, by id.
///
/// # Errors
/// The first file that is not a runbook; the tests keep that from being released.
pub fn builtin_runbooks() -> Result<Vec<Runbook>, CatalogError> {
    let mut runbooks = Vec::new();
    for (name, text) in files(&unpacked()?) {
        let fail = |lints| CatalogError {
            file: name.to_owned(),
            lints,
        };
        runbooks.push(read_runbook(text, Origin::Builtin).map_err(fail)?);
    }
    order::sort_by(&mut runbooks, |a, b| a.id.cmp(&b.id));
    Ok(runbooks)
}

fn unpacked() -> Result<String, CatalogError> {
    packed::text(packed::RUNBOOKS).map_err(|error| CatalogError {
        file: "runbooks".to_owned(),
        lints: vec![Lint::new(1, error.to_string())],
    })
}

/// Name and text of each file.
fn files(unpacked: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut parts = unpacked.split_terminator('\0');
    std::iter::from_fn(move || parts.next().zip(parts.next()))
}

/// Reads one runbook's file: front matter and Markdown.
///
/// # Errors
/// Everything wrong with it, by line.
pub fn read_runbook(text: &str, origin: Origin) -> Result<Runbook, Vec<Lint>> {
    let source = runbook::split_front_matter(text).map_err(|lint| vec![lint])?;
    let (front, mut lints) = front::read(source.front);
    // The body is looked at in any case, so that its problems need no second round.
    match runbook::parse(front, &source, origin) {
        Ok(runbook) if lints.is_empty() => Ok(runbook),
        Ok(_) => Err(lints),
        Err(more) => {
            lints.extend(more);
            order::sort(&mut lints);
            Err(lints)
        }
    }
}

/// Writes a runbook's file: the fields in YAML, whatever they hold, and the body under them.
///
/// # Errors
/// What it would be refused for.
pub fn write_runbook(front: &FrontMatter, body: &str) -> Result<String, Vec<Lint>> {
    let fields = yaml::to_string(front).map_err(|error| vec![Lint::new(1, error.to_string())])?;
    let text = format!("---\n{fields}---\n{body}");
    read_runbook(&text, Origin::Own)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Every kind that `PRODUCT.md` section 7 names.
    const KINDS: [&str; 36] = [
        "container_down",
        "container_restart_count_high",
        "container_unhealthy",
        "container_oom_killed",
        "docker_unreachable",
        "gateway_unreachable",
        "gateway_latency_high",
        "packet_loss_high",
        "dns_failing",
        "ping_target_unreachable",
        "tcp_check_failed",
        "http_check_failed",
        "certificate_expiring",
        "disk_full",
        "memory_pressure",
        "load_high",
        "systemd_unit_failed",
        "backup_stale",
        "clock_skew",
        "gateway_changed",
        "discovery_blind",
        "host_new",
        "host_gone",
        "host_address_changed",
        "address_conflict",
        "service_new",
        "service_gone",
        "agent_silent",
        "observations_dropped",
        "agent_state_damaged",
        "wifi",
        "proxmox",
        "integration",
        "backup",
        "smart",
        "ups",
    ];

    /// The four whose ids are version 0.4's.
    const OLD_IDS: [(&str, &str); 4] = [
        ("container_down", "rb-docker-container-down"),
        ("container_restart_count_high", "rb-docker-restart-count"),
        ("wifi", "rb-wifi-saturation"),
        ("proxmox", "rb-proxmox-cluster-health"),
    ];

    #[test]
    fn every_built_in_runbook_is_without_a_lint_and_named_as_its_file() {
        let mut faults = Vec::new();
        for (name, text) in files(&unpacked().unwrap()) {
            let file = name.to_owned();
            match read_runbook(text, Origin::Builtin) {
                Ok(runbook) if format!("{}.md", runbook.id) == name => {}
                Ok(runbook) => faults.push(format!("{name}: its id is {}", runbook.id)),
                Err(lints) => faults.push(CatalogError { file, lints }.to_string()),
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn every_kind_has_exactly_one_runbook_named_after_it() {
        let mut by_kind: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for runbook in builtin_runbooks().unwrap() {
            for kind in runbook.kinds {
                by_kind.entry(kind).or_default().push(runbook.id.clone());
            }
        }
        for kind in KINDS {
            let expected = OLD_IDS.iter().find(|(old, _)| *old == kind).map_or_else(
                || format!("rb-{}", kind.replace('_', "-")),
                |(_, id)| (*id).into(),
            );
            assert_eq!(by_kind.get(kind), Some(&vec![expected]), "{kind}");
        }
    }

    #[test]
    fn every_step_says_what_good_looks_like_where_it_runs_a_command() {
        let mut silent = BTreeSet::new();
        for runbook in builtin_runbooks().unwrap() {
            for step in runbook.steps {
                if !step.commands.is_empty() && step.good.is_none() {
                    silent.insert(format!("{}: {}", runbook.id, step.title));
                }
            }
        }
        assert!(silent.is_empty(), "{silent:#?}");
    }

    #[test]
    fn malformed_front_matter_and_body_are_reported_together() {
        let lints = read_runbook(
            "---\nid: rb-a\ntitel: x\n---\n# No\n\n## A\nx\n",
            Origin::Own,
        )
        .unwrap_err();
        let said: Vec<String> = lints.iter().map(ToString::to_string).collect();
        assert_eq!(
            said[2..],
            [
                "line 3: unknown field \"titel\"; did you mean title?",
                "line 5: use ## for steps; # is not used"
            ],
            "{said:?}"
        );
        let bomb = "---\na: &a [x]\nb: &b [*a,*a]\nid: [\n---\n";
        assert!(read_runbook(bomb, Origin::Own).is_err());
        let twice = read_runbook("---\nid: a\nid: b\n---\n## A\nx\n", Origin::Own).unwrap_err();
        assert!(
            twice
                .iter()
                .any(|lint| lint.line == 3 && lint.message.contains("twice"))
        );
        let types = "---\nid: 7\ntitle: [a]\ntags: disk\nkinds: [1]\nsummary: x\n---\n## A\nx\n";
        let lints = read_runbook(types, Origin::Own).unwrap_err();
        let places: Vec<_> = lints.iter().map(|lint| lint.line).collect();
        assert_eq!(places, [2, 3, 4, 5], "{lints:?}");
    }
}
