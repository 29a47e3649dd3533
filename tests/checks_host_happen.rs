//! Each kind of the host's checks happens for real, through the real agent and server: one incident
//! opens with the runbook of its kind, and resolves when it is over.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::fs::File;
use std::time::{Duration, SystemTime};

use atlas_ops::clock;
use serde_json::json;
use support::host::{Bench, Disk, Hung, Systemd};
use support::server::{Answer, Server, accept};

#[test]
fn a_disk_that_fills_up_is_told_and_resolved() {
    let (bench, disk) = (Bench::new(), Disk::new());
    let mount = disk.mount().display().to_string();
    let subject = format!("disk:{mount}");
    bench.checks(&["disks: {}"]);
    bench.cycle();
    assert!(bench.incidents("disk_full", &subject).is_empty());

    disk.write("some", 18);
    disk.write("more", 5);
    bench.checks(&[&format!("disks: {{exclude: ['{mount}*']}}")]);
    bench.cycle();
    assert!(bench.incidents("disk_full", &subject).is_empty());
    bench.checks(&["disks: {}"]);
    bench.cycle();
    let incident = bench.is_open("disk_full", &subject);
    assert_eq!(incident["severity"], "warning", "{incident:#}");
    let summary = incident["summary"].as_str().unwrap();
    assert!(
        summary.starts_with(&mount) && summary.contains("% full"),
        "{summary}"
    );

    disk.write("rest", 9);
    bench.cycle();
    let incident = bench.is_open("disk_full", &subject);
    assert_eq!(incident["severity"], "critical", "{incident:#}");
    disk.remove("some");
    bench.cycle();
    bench.is_resolved("disk_full", &subject);
}

#[test]
fn a_disk_that_is_unmounted_is_no_longer_full() {
    let (bench, disk) = (Bench::new(), Disk::new());
    let subject = format!("disk:{}", disk.mount().display());
    bench.checks(&["disks: {}"]);
    disk.write("all", 40);
    bench.cycle();
    bench.is_open("disk_full", &subject);
    disk.unmount();
    bench.cycle();
    bench.is_resolved("disk_full", &subject);
}

#[test]
fn a_file_system_that_hangs_takes_neither_the_report_nor_the_others_with_it() {
    let (bench, mut hung) = (Bench::new(), Hung::new());
    bench.checks(&["disks: {}"]);
    let preview = bench.preview();
    let report = &preview["report"];
    let subject = format!("disk:{}", hung.mount().display());
    let unknown = report["unknown"].as_array().unwrap();
    let mine = unknown
        .iter()
        .find(|check| check["subject"] == subject.as_str());
    let reason = mine.unwrap()["reason"].as_str().unwrap();
    assert!(reason.contains("umount -l"), "{reason}");
    let disks = report["facts"]["disks"].as_array().unwrap();
    assert!(disks.iter().any(|disk| disk["mount"] == "/"), "{disks:?}");
    assert!(!report["facts"]["hostname"].as_str().unwrap().is_empty());
    hung.end();
}

#[test]
fn memory_that_runs_short_is_told_and_resolved() {
    let bench = Bench::new();
    bench.checks(&["memory: {warning_percent: 100, critical_percent: 0, after: 2}"]);
    bench.cycle();
    assert!(
        bench.incidents("memory_pressure", "memory").is_empty(),
        "seen once"
    );
    bench.cycle();
    bench.is_open("memory_pressure", "memory");
    bench
        .checks(&["memory: {warning_percent: 0, critical_percent: 0, clear_percent: 0, after: 1}"]);
    bench.cycle();
    bench.is_resolved("memory_pressure", "memory");
}

#[test]
fn a_load_that_is_high_is_told_and_resolved() {
    let bench = Bench::new();
    bench.checks(&[
        "load: {warning_per_core: 0, critical_per_core: 1000, clear_per_core: 0, after: 2}",
    ]);
    bench.cycle();
    assert!(bench.incidents("load_high", "load").is_empty(), "seen once");
    bench.cycle();
    bench.is_open("load_high", "load");
    bench.checks(&["load: {warning_per_core: 1000, clear_per_core: 999}"]);
    bench.cycle();
    bench.is_resolved("load_high", "load");
}

#[test]
fn a_unit_that_fails_is_told_and_resolved() {
    let (bench, systemd) = (Bench::new(), Systemd::new());
    bench.checks(&[&format!("units: {{bus: {}}}", systemd.bus().display())]);
    bench.cycle();
    assert!(
        bench
            .incidents("systemd_unit_failed", "unit:nightly-export.service")
            .is_empty()
    );
    let unit = "nightly-export.service";
    systemd.inside(&["systemd-run", "--wait", "--unit", unit, "false"]);
    bench.cycle();
    let incident = bench.is_open("systemd_unit_failed", "unit:nightly-export.service");
    assert!(
        incident["summary"].as_str().unwrap().starts_with(unit),
        "{incident:#}"
    );
    let reset = systemd.inside(&["systemctl", "reset-failed", unit]);
    assert!(reset.status.success(), "{reset:?}");
    bench.cycle();
    bench.is_resolved("systemd_unit_failed", "unit:nightly-export.service");
}

#[test]
fn no_systemd_is_unknown_and_nothing_more() {
    let bench = Bench::new();
    bench.checks(&["units: {bus: /nowhere/bus}"]);
    bench.cycle();
    assert!(
        bench
            .incidents("systemd_unit_failed", "unit:nightly-export.service")
            .is_empty()
    );
    let preview = bench.preview();
    let reason = &preview["report"]["unknown"][0]["reason"];
    assert!(
        reason.as_str().unwrap().contains("no such socket"),
        "{preview:#}"
    );
}

#[test]
fn a_backup_that_is_overdue_is_told_and_resolved() {
    let bench = Bench::new();
    let folder = bench.path("backup");
    bench.checks(&[&format!(
        "backups: [{{path: {}, max_age_hours: 26, pattern: '*.db', name: nightly}}]",
        folder.display()
    )]);
    bench.cycle();
    let incident = bench.is_open("backup_stale", "backup:nightly");
    assert!(
        incident["summary"]
            .as_str()
            .unwrap()
            .contains("is not there")
    );
    std::fs::create_dir(&folder).unwrap();
    let hour = Duration::from_hours(1);
    let file = File::create(folder.join("atlas.db")).unwrap();
    file.set_modified(SystemTime::now() - 100 * hour).unwrap();
    bench.cycle();
    assert_eq!(
        bench.is_open("backup_stale", "backup:nightly")["severity"],
        "critical"
    );
    file.set_modified(SystemTime::now() - hour).unwrap();
    bench.cycle();
    bench.is_resolved("backup_stale", "backup:nightly");
}

#[test]
fn a_clock_that_is_off_is_told_and_resolved() {
    let bench = Bench::new();
    let ahead = |millis: i64| {
        move |asked: &support::server::Asked| {
            if asked.is_batch() {
                return accept(asked);
            }
            let received = clock::now().plus_millis(-millis);
            Answer::json(201, &json!({"signal_id": 7, "received_at": received}))
        }
    };
    let backend = Server::tcp("http", ahead(90_000));
    bench.report_to(&backend.address, &["clock: {}"]);
    bench.cycle();
    assert!(backend.take_signals().is_empty(), "learned by the answer");
    bench.cycle();
    let signals = backend.take_signals();
    assert_eq!(signals.len(), 1);
    assert_eq!(signals[0].kind, "clock_skew");
    assert_eq!(signals[0].severity.to_string(), "warning");
    let skew = signals[0].detail["skew_seconds"].as_i64().unwrap();
    assert!((89..=91).contains(&skew), "{skew}");

    backend.behave(ahead(0));
    bench.cycle();
    assert!(backend.take_signals().is_empty(), "said once");
    bench.cycle();
    let statuses: Vec<String> = backend
        .take_signals()
        .iter()
        .map(|signal| format!("{} {}", signal.kind, signal.status.as_str()))
        .collect();
    assert_eq!(statuses, ["clock_skew resolved"]);
}
