//! What the host's checks may be told: defaults, ranges, and errors that name the key.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails

use atlas_ops::config::agent::checks::host::HostChecks;
use atlas_ops::config::agent::load_from;
use atlas_ops::config::env::Environment;

fn read(checks: &str) -> Result<HostChecks, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent_config.yaml");
    let text = format!("agent:\n  token: atl_test\n  checks:\n{checks}");
    std::fs::write(&path, text).unwrap();
    load_from(Some(path), Environment::default())
        .map(|config| config.checks.host)
        .map_err(|error| error.to_string())
}

#[test]
fn nothing_told_is_the_defaults() {
    assert_eq!(read("    {}\n").unwrap(), HostChecks::default());
}

#[test]
fn one_number_is_enough() {
    let host =
        read("    disks: {warning_percent: 80}\n    load: {warning_per_core: 1.5}\n").unwrap();
    let levels = host.disks.levels;
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
    near(levels.critical, 87.0);
    near(levels.clear, 77.0);
    near(levels.critical_clear, 84.0);
    near(host.load.levels.clear, 1.0);
}

#[test]
fn everything_may_be_told() {
    let host = read(
        "    disks: {enabled: true, warning_percent: 85, critical_percent: 95, clear_percent: 80, forecast_hours: 12, forecast_from_percent: 60, after: 2, exclude: ['/mnt/*', /scratch]}
    memory: {warning_percent: 8, critical_percent: 3, clear_percent: 12, after: 3}
    load: {enabled: false}
    units: {ignore: ['snap-*', getty@tty1.service], after: 2, bus: /run/bus}
    backups:
      - {path: /srv/backup, max_age_hours: 50, pattern: '*.db', name: nightly}
      - path: /srv/other
    clock: {warning_seconds: 20, critical_seconds: 100}\n",
    )
    .unwrap();
    assert_eq!(host.disks.exclude, ["/mnt/*", "/scratch"]);
    assert_eq!((host.disks.forecast_hours, host.disks.after), (12, 2));
    assert_eq!(host.memory.after, 3);
    assert!(!host.load.enabled);
    assert_eq!(host.units.ignore.len(), 2);
    assert_eq!(host.backups[0].name, "nightly");
    assert_eq!(host.backups[1].max_age_hours, 26);
    assert_eq!(host.backups[1].pattern, "*");
    assert!((host.clock.levels.clear - 10.0).abs() < 1e-9);
}

#[test]
fn what_cannot_be_meant_is_named() {
    for (checks, said) in [
        (
            "    disks: {warning_percent: 101}\n",
            "expected a number from 1 to 100, found 101",
        ),
        (
            "    disks: {warning_percent: 95, critical_percent: 90}\n",
            "clear_percent <= warning_percent <= critical_percent",
        ),
        (
            "    memory: {warning_percent: 5, critical_percent: 8}\n",
            "critical_percent <= warning_percent <= clear_percent",
        ),
        ("    disks: {exlude: [/x]}\n", "did you mean exclude?"),
        ("    load: {warning_per_core: much}\n", "expected a number"),
        ("    backups: [{max_age_hours: 3}]\n", "path is required"),
        (
            "    backups: [{path: /a, name: x}, {path: /b, name: x}]\n",
            "two of them are called \"x\"",
        ),
        (
            "    clock: {warning_seconds: 60, critical_seconds: 30}\n",
            "expected at least warning_seconds, 60",
        ),
        ("    units: {after: 0}\n", "expected a number from 1 to 100"),
    ] {
        let error = read(checks).unwrap_err();
        assert!(error.contains(said), "{checks}: {error}");
    }
}
