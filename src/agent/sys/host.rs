//! Facts about the host, through sysinfo, refreshed narrowly: no processes, no processor samples,
//! no devices. What the host does not tell is left out.

use std::fs;

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use super::volumes::{Volume, Volumes};
use crate::domain::agent::{Facts, Memory};

/// Below this much available memory, in percent, it is worth reading what holds it.
const SCARCE_PERCENT: u64 = 30;

/// One look at the host.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// What the report tells.
    pub facts: Facts,
    /// Mounted file systems that hold data, or why they cannot be listed.
    pub volumes: Result<Vec<Volume>, String>,
    /// What more is to say of memory.
    pub squeeze: Squeeze,
    /// Processors that the load is shared by.
    pub cores: usize,
}

impl Default for Host {
    /// One of which nothing is known.
    fn default() -> Self {
        Self {
            facts: Facts::default(),
            volumes: Err("the look at the host broke off".to_owned()),
            squeeze: Squeeze::default(),
            cores: 0,
        }
    }
}

/// What more is to say of memory, beside [`Memory`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Squeeze {
    /// All of the swap space, in bytes.
    pub swap_total_bytes: u64,
    /// What is used of it.
    pub swap_used_bytes: u64,
    /// Percent of the last minute in which some task waited for memory; only told when memory is
    /// scarce, by kernels that count it.
    pub some_avg60: Option<f64>,
    /// What the cache of ZFS would give back; the kernel does not count it as available. Only
    /// told when memory is scarce.
    pub zfs_cache_bytes: u64,
}

/// What the host tells of itself; nothing where the look broke off.
pub async fn look(volumes: Volumes) -> Option<Host> {
    super::blocking(move || look_now(&volumes)).await
}

fn look_now(volumes: &Volumes) -> Host {
    let memory = MemoryRefreshKind::nothing().with_ram().with_swap();
    let system = System::new_with_specifics(RefreshKind::nothing().with_memory(memory)).ok();
    let memory = system
        .as_ref()
        .map(|system| Memory {
            total_bytes: system.total_memory(),
            available_bytes: system.available_memory(),
        })
        .filter(|memory| memory.total_bytes > 0);
    let load = System::load_average()
        .ok()
        .filter(|_| !cfg!(windows))
        .map(|load| [load.one, load.five, load.fifteen]);
    let volumes = volumes.look();
    let mut squeeze = Squeeze::default();
    if let Some(system) = &system {
        squeeze.swap_total_bytes = system.total_swap();
        squeeze.swap_used_bytes = system.used_swap();
    }
    if memory
        .as_ref()
        .is_some_and(|memory| memory.available_bytes / SCARCE_PERCENT < memory.total_bytes / 100)
    {
        squeeze.some_avg60 = some_avg60(&read("/proc/pressure/memory"));
        squeeze.zfs_cache_bytes = reclaimable(&read("/proc/spl/kstat/zfs/arcstats"));
    }
    let disks = volumes.iter().flatten().filter_map(Volume::disk).collect();
    Host {
        facts: Facts {
            hostname: hostname(),
            platform: platform(),
            version: version(),
            uptime_seconds: System::uptime().ok(),
            load,
            memory,
            disks,
        },
        volumes,
        squeeze,
        cores: cores(),
    }
}

/// The name of this host.
pub fn hostname() -> String {
    System::host_name().unwrap_or_default()
}

/// A file that need not be there.
fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// `some avg10=0.00 avg60=1.25 avg300=0.40 total=6324` of a pressure file.
fn some_avg60(pressure: &str) -> Option<f64> {
    let some = pressure
        .lines()
        .find_map(|line| line.strip_prefix("some "))?;
    let avg60 = some
        .split(' ')
        .find_map(|word| word.strip_prefix("avg60="))?;
    avg60.parse().ok()
}

/// What is held above the least that it keeps: `size` and `c_min` of ZFS's statistics.
fn reclaimable(arcstats: &str) -> u64 {
    let field = |name: &str| -> Option<u64> {
        let line = arcstats
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name))?;
        line.split_whitespace().nth(2)?.parse().ok()
    };
    match (field("size"), field("c_min")) {
        (Some(size), Some(least)) => size.saturating_sub(least),
        _ => 0,
    }
}

/// The load is the kernel's, over all its processors, and so are these: a limit on this process
/// (a container's, a unit's) makes the host no smaller.
fn cores() -> usize {
    let usable = std::thread::available_parallelism().map_or(1, usize::from);
    processors(&read("/sys/devices/system/cpu/online"))
        .unwrap_or(0)
        .max(usable)
}

/// How many a list such as `0-3,6` names.
fn processors(online: &str) -> Option<usize> {
    online.trim().split(',').try_fold(0, |sum: usize, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        Some(sum + last.checked_sub(first)? + 1)
    })
}

/// `Linux-6.1.0-18-amd64`
fn platform() -> String {
    let family = match std::env::consts::OS {
        "linux" => "Linux",
        "windows" => "Windows",
        "macos" => "Darwin",
        other => other,
    };
    match System::kernel_version() {
        Ok(kernel) => format!("{family}-{kernel}"),
        Err(_) => family.to_owned(),
    }
}

/// The name the distribution gives itself, or what sysinfo makes of it.
fn version() -> Option<String> {
    ["/etc/os-release", "/usr/lib/os-release"]
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .find_map(|text| pretty_name(&text))
        .or_else(|| System::long_os_version().ok())
}

/// `PRETTY_NAME` of an os-release file.
fn pretty_name(os_release: &str) -> Option<String> {
    let line = os_release
        .lines()
        .find_map(|line| line.trim().strip_prefix("PRETTY_NAME="))?;
    let name = line.trim().trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_names_itself() {
        let text = "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
        assert_eq!(
            pretty_name(text).as_deref(),
            Some("Debian GNU/Linux 12 (bookworm)")
        );
        assert_eq!(pretty_name("ID=x\n"), None);
    }

    #[test]
    fn this_host_has_a_name_memory_and_a_platform() {
        let host = look_now(&Volumes::default());
        let facts = host.facts;
        assert!(host.cores > 0);
        assert!(!facts.hostname.is_empty());
        assert!(
            facts
                .memory
                .is_some_and(|memory| memory.total_bytes > memory.available_bytes)
        );
        assert!(facts.platform.contains('-'), "{}", facts.platform);
    }

    #[test]
    fn what_holds_memory_is_read_from_the_kernels_files() {
        let pressure = "some avg10=0.00 avg60=1.25 avg300=0.40 total=6324\nfull avg10=0.00 avg60=0.50 avg300=0.00 total=1\n";
        assert_eq!(some_avg60(pressure), Some(1.25));
        assert_eq!(some_avg60(""), None);
        let arcstats =
            "13 1 0x01 123 33456 1 2\nname type data\nc_min 4 1000\nc_max 4 9000\nsize 4 7000\n";
        assert_eq!(reclaimable(arcstats), 6000);
        assert_eq!(reclaimable("size 4 x"), 0);
    }

    #[test]
    fn processors_are_counted() {
        assert_eq!(processors("0-3,6\n"), Some(5));
        assert_eq!(processors("0"), Some(1));
        assert_eq!(processors(""), None);
        assert_eq!(processors("3-1"), None);
    }
}
