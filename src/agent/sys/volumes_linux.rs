//! The kernel's list of mounts, and the room on one of them.

use std::fs;

use super::volumes::{Inodes, Mount, Room};

/// What is mounted, as the kernel lists it for this process.
///
/// # Errors
/// Why the list cannot be read.
pub(super) fn mounts() -> Result<Vec<Mount>, String> {
    let path = "/proc/self/mountinfo";
    let text = fs::read(path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().filter_map(mount).collect())
}

/// A line of mountinfo, see proc(5): `36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw`.
fn mount(line: &str) -> Option<Mount> {
    let (place, kind) = line.split_once(" - ")?;
    let mut place = place.split(' ');
    let (id, mount) = (place.nth(2)?, place.nth(1)?);
    let mut kind = kind.split(' ');
    let (file_system, device) = (kind.next()?, kind.next()?);
    Some(Mount {
        mount: unescaped(mount),
        device: unescaped(device),
        file_system: file_system.to_owned(),
        id: id.to_owned(),
    })
}

/// Blanks, line breaks and backslashes stand as `\040` there.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let escaped = (*first == b'\\')
            .then(|| after.get(..3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The room of what is mounted there. Hangs where the file system does.
///
/// # Errors
/// Why the system does not tell.
pub(super) fn room(at: &Mount) -> Result<Room, String> {
    let stat = rustix::fs::statvfs(&at.mount).map_err(|error| match error {
        rustix::io::Errno::ACCESS => {
            "this process may not look at it; hint: chmod o+x the folders above it".to_owned()
        }
        other => other.to_string(),
    })?;
    let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
    Ok(Room {
        total_bytes: bytes(stat.f_blocks),
        used_bytes: bytes(stat.f_blocks.saturating_sub(stat.f_bfree)),
        available_bytes: bytes(stat.f_bavail),
        inodes: (stat.f_files > 0).then_some(Inodes {
            total: stat.f_files,
            available: stat.f_favail,
        }),
        read_only: stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernel_is_read() {
        let line = r"36 35 98:0 /mnt1 /mnt/my\040disk\134x rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue";
        assert_eq!(
            mount(line),
            Some(Mount {
                mount: r"/mnt/my disk\x".into(),
                device: "/dev/root".into(),
                file_system: "ext3".into(),
                id: "98:0".into(),
            })
        );
        assert_eq!(mount("garbage"), None);
        assert_eq!(unescaped(r"a\99\0"), r"a\99\0");
    }

    #[test]
    fn the_room_of_a_file_system_adds_up() {
        let mounted = mounts()
            .unwrap()
            .into_iter()
            .rfind(|at| at.mount == "/")
            .unwrap();
        let room = room(&mounted).unwrap();
        assert!(room.total_bytes >= room.used_bytes + room.available_bytes);
        assert!(room.total_bytes > 0);
    }
}
