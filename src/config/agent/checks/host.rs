//! What is watched of the host itself: `disks:`, `memory:`, `load:`, `units:`, `backups:` and
//! `clock:` of the `checks:` section. All but backups are watched where nothing is told.

use std::path::PathBuf;

use super::{name, number};
use crate::config::section::Section;

/// Where systemd's bus is, where nothing else is told.
pub const DEFAULT_BUS: &str = "/run/dbus/system_bus_socket";

/// What is watched of the host itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HostChecks {
    /// `disks:`, mounted file systems.
    pub disks: DiskChecks,
    /// `memory:`, main memory.
    pub memory: MemoryChecks,
    /// `load:`, of the processors.
    pub load: LoadChecks,
    /// `units:` of systemd.
    pub units: UnitChecks,
    /// `backups:`, folders that have to get new files.
    pub backups: Vec<BackupFolder>,
    /// `clock:`, against the server's.
    pub clock: ClockChecks,
}

/// From where on a number is complained about, and where the complaint ends. In which direction
/// it gets worse is its reader's business.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// From here on it is a warning.
    pub warning: f64,
    /// From here on it is critical.
    pub critical: f64,
    /// A critical one is a warning again on the healthy side of this.
    pub critical_clear: f64,
    /// It is over at this, or on its healthy side.
    pub clear: f64,
}

impl Levels {
    /// A critical one is a warning again as far from `critical` as it is over from `warning`.
    fn even(warning: f64, critical: f64, clear: f64) -> Self {
        let distance = (warning - clear).abs().min((critical - warning).abs());
        Self {
            warning,
            critical,
            critical_clear: critical - distance.copysign(critical - clear),
            clear,
        }
    }
}

/// What is told of file systems.
#[derive(Debug, Clone, PartialEq)]
pub struct DiskChecks {
    /// Whether they are judged; the report tells of them in any case.
    pub enabled: bool,
    /// In percent that are used, of what users may use.
    pub levels: Levels,
    /// One that will be full within this many hours is complained about; 0: none is.
    pub forecast_hours: u32,
    /// Only from this many percent on.
    pub forecast_from_percent: u32,
    /// Looks in a row until it is complained about.
    pub after: u32,
    /// Mount points that are not judged; `*` stands for anything.
    pub exclude: Vec<String>,
}

impl Default for DiskChecks {
    fn default() -> Self {
        Self {
            enabled: true,
            levels: Levels::even(90.0, 97.0, 87.0),
            forecast_hours: 24,
            forecast_from_percent: 70,
            after: 1,
            exclude: Vec::new(),
        }
    }
}

/// What is told of main memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryChecks {
    /// Whether it is judged.
    pub enabled: bool,
    /// In percent that are available.
    pub levels: Levels,
    /// Looks in a row until it is complained about.
    pub after: u32,
}

impl Default for MemoryChecks {
    fn default() -> Self {
        Self {
            enabled: true,
            levels: Levels::even(10.0, 4.0, 13.0),
            after: 2,
        }
    }
}

/// What is told of the load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadChecks {
    /// Whether it is judged.
    pub enabled: bool,
    /// In tasks for each processor, as the average of five minutes.
    pub levels: Levels,
    /// Looks in a row until it is complained about.
    pub after: u32,
}

impl Default for LoadChecks {
    fn default() -> Self {
        Self {
            enabled: true,
            levels: Levels::even(2.0, 4.0, 1.5),
            after: 2,
        }
    }
}

/// What is told of systemd's units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitChecks {
    /// Whether they are watched.
    pub enabled: bool,
    /// Looks in a row until it is complained about.
    pub after: u32,
    /// Units that may fail; `*` stands for anything.
    pub ignore: Vec<String>,
    /// The socket of the system's bus; nothing where it is at the usual place.
    pub bus: Option<PathBuf>,
}

impl Default for UnitChecks {
    fn default() -> Self {
        Self {
            enabled: true,
            after: 1,
            ignore: Vec::new(),
            bus: None,
        }
    }
}

/// A folder that has to get new files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupFolder {
    /// What a person calls it.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// No newest file may be older, in hours.
    pub max_age_hours: u32,
    /// Which files count; `*` stands for anything, `?` for one character.
    pub pattern: String,
}

/// What is told of the clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockChecks {
    /// Whether it is judged.
    pub enabled: bool,
    /// In seconds that it is off.
    pub levels: Levels,
}

impl Default for ClockChecks {
    fn default() -> Self {
        Self {
            enabled: true,
            levels: clock_levels(30, 300),
        }
    }
}

/// It is over below half.
fn clock_levels(warning: u32, critical: u32) -> Levels {
    let (warning, critical) = (f64::from(warning), f64::from(critical));
    Levels {
        warning,
        critical,
        critical_clear: (critical / 2.0).max(warning),
        clear: warning / 2.0,
    }
}

/// Reads its keys of the section.
pub(super) fn read(section: &mut Section<'_>) -> HostChecks {
    HostChecks {
        disks: section.child("disks", disks),
        memory: section.child("memory", memory),
        load: section.child("load", load),
        units: section.child("units", units),
        backups: super::named(section, "backups", backup, |folder| &folder.name),
        clock: section.child("clock", clock),
    }
}

fn disks(section: &mut Section<'_>) -> DiskChecks {
    let usual = DiskChecks::default();
    let keys = ["warning_percent", "critical_percent", "clear_percent"];
    DiskChecks {
        enabled: enabled(section),
        levels: levels(section, keys, (1.0, 100.0), usual.levels),
        forecast_hours: number(section, "forecast_hours", 0..=720, usual.forecast_hours),
        forecast_from_percent: number(
            section,
            "forecast_from_percent",
            0..=100,
            usual.forecast_from_percent,
        ),
        after: number(section, "after", 1..=100, usual.after),
        exclude: section.list("exclude", None, pattern).unwrap_or_default(),
    }
}

fn memory(section: &mut Section<'_>) -> MemoryChecks {
    let usual = MemoryChecks::default();
    let keys = ["warning_percent", "critical_percent", "clear_percent"];
    MemoryChecks {
        enabled: enabled(section),
        levels: levels(section, keys, (0.0, 100.0), usual.levels),
        after: number(section, "after", 1..=100, usual.after),
    }
}

fn load(section: &mut Section<'_>) -> LoadChecks {
    let usual = LoadChecks::default();
    let keys = ["warning_per_core", "critical_per_core", "clear_per_core"];
    LoadChecks {
        enabled: enabled(section),
        levels: levels(section, keys, (0.0, 1000.0), usual.levels),
        after: number(section, "after", 1..=100, usual.after),
    }
}

fn units(section: &mut Section<'_>) -> UnitChecks {
    let usual = UnitChecks::default();
    UnitChecks {
        enabled: enabled(section),
        after: number(section, "after", 1..=100, usual.after),
        ignore: section.list("ignore", None, pattern).unwrap_or_default(),
        bus: section.path("bus", None),
    }
}

fn backup(section: &mut Section<'_>) -> Option<BackupFolder> {
    let path = section.path("path", None);
    if path.is_none() {
        section.require("path", "the folder that backups are written to");
    }
    let usual = path
        .as_ref()
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_default();
    let folder = BackupFolder {
        name: name(section, &usual),
        path: path.unwrap_or_default(),
        max_age_hours: number(section, "max_age_hours", 1..=8784, 26),
        pattern: section
            .parsed("pattern", None, pattern)
            .unwrap_or_else(|| "*".to_owned()),
    };
    (!folder.path.as_os_str().is_empty()).then_some(folder)
}

fn clock(section: &mut Section<'_>) -> ClockChecks {
    let enabled = enabled(section);
    let warning = number(section, "warning_seconds", 10..=86_400, 30);
    let critical = number(
        section,
        "critical_seconds",
        10..=86_400,
        warning.saturating_mul(10).min(86_400),
    );
    if critical < warning {
        let message = format!("expected at least warning_seconds, {warning}, found {critical}");
        section.complain("critical_seconds", None, message);
    }
    ClockChecks {
        enabled,
        levels: clock_levels(warning, critical),
    }
}

fn enabled(section: &mut Section<'_>) -> bool {
    section.flag("enabled", None).unwrap_or(true)
}

/// Where complaints begin and end: `[warning, critical, clear]`. What is not told keeps its usual
/// distance from the warning, so that one number is enough.
fn levels(
    section: &mut Section<'_>,
    [warning_key, critical_key, clear_key]: [&'static str; 3],
    (least, most): (f64, f64),
    usual: Levels,
) -> Levels {
    let warning = section
        .decimal(warning_key, least..=most)
        .unwrap_or(usual.warning);
    let near = |level: f64| (warning + level - usual.warning).clamp(least, most);
    let critical = section
        .decimal(critical_key, least..=most)
        .unwrap_or_else(|| near(usual.critical));
    let clear = section
        .decimal(clear_key, least..=most)
        .unwrap_or_else(|| near(usual.clear));
    let rises = usual.critical > usual.warning;
    let (low, high) = if rises {
        (clear, critical)
    } else {
        (critical, clear)
    };
    if low > warning || high < warning {
        let order = if rises {
            format!("{clear_key} <= {warning_key} <= {critical_key}")
        } else {
            format!("{critical_key} <= {warning_key} <= {clear_key}")
        };
        let message = format!(
            "expected {order}, found warning {warning}, critical {critical}, clear {clear}"
        );
        section.complain(warning_key, None, message);
    }
    Levels::even(warning, critical, clear)
}

/// A pattern of names.
fn pattern(text: &str) -> Result<String, String> {
    crate::config::one_line(text)?;
    match text.trim().chars().count() {
        1..=256 => Ok(text.trim().to_owned()),
        _ => Err("expected 1 to 256 characters".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_ends_where_it_is_better_than_where_it_began() {
        let disks = DiskChecks::default().levels;
        assert!((disks.critical_clear - 94.0).abs() < 1e-9);
        let memory = MemoryChecks::default().levels;
        assert!((memory.critical_clear - 7.0).abs() < 1e-9);
        let load = LoadChecks::default().levels;
        assert!((load.critical_clear - 3.5).abs() < 1e-9);
        let clock = ClockChecks::default().levels;
        assert!((clock.critical_clear - 150.0).abs() < 1e-9);
        assert!((clock.clear - 15.0).abs() < 1e-9);
    }
}
