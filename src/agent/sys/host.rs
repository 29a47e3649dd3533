//! Facts about the host, through sysinfo, refreshed narrowly: no processes, no processor samples,
//! no devices. What the host does not tell is left out.

use std::collections::BTreeMap;

use sysinfo::{DiskRefreshKind, Disks, MemoryRefreshKind, RefreshKind, System};

use crate::domain::agent::{Disk, Facts, Memory};

/// File systems that hold nothing that could fill up: made by the kernel, read-only by nature, or
/// layers over another that is listed itself.
const WITHOUT_DATA: [&str; 14] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "fuse.lxcfs",
    "iso9660",
    "nsfs",
    "overlay",
    "ramfs",
    "squashfs",
    "tmpfs",
    "tracefs",
];
/// Files that a container engine mounts into every container.
const MOUNTED_FILES: [&str; 3] = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];

/// What the host tells of itself.
pub fn facts() -> Facts {
    let system = System::new_with_specifics(
        RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram()),
    )
    .ok();
    let memory = system.as_ref().map(|system| Memory {
        total_bytes: system.total_memory(),
        available_bytes: system.available_memory(),
    });
    // Windows has no such number; what sysinfo makes up for it is zero until minutes have passed.
    let load = System::load_average()
        .ok()
        .filter(|_| !cfg!(windows))
        .map(|load| [load.one, load.five, load.fifteen]);
    Facts {
        hostname: System::host_name().unwrap_or_default(),
        platform: platform(),
        version: version(),
        uptime_seconds: System::uptime().ok(),
        load,
        memory: memory.filter(|memory| memory.total_bytes > 0),
        disks: disks(),
    }
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

fn disks() -> Vec<Disk> {
    let refresh = DiskRefreshKind::nothing().with_storage();
    let Ok(listed) = Disks::new_with_refreshed_list_specifics(refresh) else {
        return Vec::new();
    };
    let found = listed.iter().map(|disk| {
        let device = disk.name().to_string_lossy().into_owned();
        let shown = Disk {
            mount: disk.mount_point().to_string_lossy().into_owned(),
            file_system: disk.file_system().to_string_lossy().into_owned(),
            total_bytes: disk.total_space(),
            available_bytes: disk.available_space(),
        };
        (device, shown)
    });
    with_data(found)
}

/// One row for each device that holds data, at its shortest mount point.
fn with_data(found: impl Iterator<Item = (String, Disk)>) -> Vec<Disk> {
    let mut by_device: BTreeMap<String, Disk> = BTreeMap::new();
    for (device, disk) in found {
        if disk.total_bytes == 0
            || WITHOUT_DATA.contains(&disk.file_system.as_str())
            || MOUNTED_FILES.contains(&disk.mount.as_str())
        {
            continue;
        }
        match by_device.get(&device) {
            Some(known) if known.mount.len() <= disk.mount.len() => {}
            _ => {
                by_device.insert(device, disk);
            }
        }
    }
    let mut disks: Vec<Disk> = by_device.into_values().collect();
    disks.sort_by(|a, b| a.mount.cmp(&b.mount));
    disks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(mount: &str, file_system: &str, total_bytes: u64) -> Disk {
        Disk {
            mount: mount.into(),
            file_system: file_system.into(),
            total_bytes,
            available_bytes: 1,
        }
    }

    #[test]
    fn a_device_is_listed_once_and_only_if_it_holds_data() {
        let found = [
            ("/dev/vda", disk("/var/lib/docker/volumes", "ext4", 9)),
            ("/dev/vda", disk("/", "ext4", 9)),
            ("/dev/vda", disk("/etc/hosts", "ext4", 9)),
            (
                "overlay",
                disk("/var/lib/docker/overlay2/x/merged", "overlay", 9),
            ),
            ("tmpfs", disk("/tmp", "tmpfs", 9)),
            ("/dev/loop3", disk("/snap/core/1", "squashfs", 9)),
            ("tank/media", disk("/tank/media", "zfs", 9)),
            ("none", disk("/empty", "ext4", 0)),
        ];
        let mounts: Vec<String> = with_data(
            found
                .map(|(name, disk)| (name.to_owned(), disk))
                .into_iter(),
        )
        .into_iter()
        .map(|disk| disk.mount)
        .collect();
        assert_eq!(mounts, ["/", "/tank/media"]);
    }

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
        let facts = facts();
        assert!(!facts.hostname.is_empty());
        assert!(
            facts
                .memory
                .is_some_and(|memory| memory.total_bytes > memory.available_bytes)
        );
        assert!(facts.platform.contains('-'), "{}", facts.platform);
    }
}
