//! File systems and their room on systems other than Linux, through sysinfo, which tells both at
//! once: the list holds the room already.

use sysinfo::{DiskRefreshKind, Disks};

use super::volumes::{Mount, Room};

fn listed() -> Result<Disks, String> {
    let refresh = DiskRefreshKind::nothing().with_storage();
    Disks::new_with_refreshed_list_specifics(refresh)
        .map_err(|error| format!("cannot list the disks: {error}"))
}

/// What is mounted.
///
/// # Errors
/// Why the list cannot be read.
pub(super) fn mounts() -> Result<Vec<Mount>, String> {
    let mounts = listed()?
        .iter()
        .map(|disk| {
            let mount = disk.mount_point().to_string_lossy().into_owned();
            Mount {
                device: disk.name().to_string_lossy().into_owned(),
                file_system: disk.file_system().to_string_lossy().into_owned(),
                id: mount.clone(),
                mount,
            }
        })
        .collect();
    Ok(mounts)
}

/// The room of what is mounted there.
///
/// # Errors
/// It is not there any more.
pub(super) fn room(at: &Mount) -> Result<Room, String> {
    let disks = listed()?;
    let disk = disks
        .iter()
        .find(|disk| disk.mount_point().to_string_lossy() == at.mount)
        .ok_or("it is not mounted any more")?;
    Ok(Room {
        total_bytes: disk.total_space(),
        used_bytes: disk.total_space().saturating_sub(disk.available_space()),
        available_bytes: disk.available_space(),
        inodes: None,
        read_only: disk.is_read_only(),
    })
}
