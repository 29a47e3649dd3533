//! Mounted file systems that hold data, and the room on each. One that hangs, such as a share
//! whose server is gone, takes nothing with it: it is told as hanging, and not asked again before
//! it has answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::agent::Disk;
use crate::domain::order;

/// File systems that hold nothing that could fill up: made by the kernel, read-only by nature,
/// mounted when they are asked for, or layers over another that is listed itself.
const WITHOUT_DATA: [&str; 34] = [
    "autofs",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "erofs",
    "fuse.gvfsd-fuse",
    "fuse.lxcfs",
    "fuse.portal",
    "fuse.snapfuse",
    "fusectl",
    "hugetlbfs",
    "iso9660",
    "mqueue",
    "nfsd",
    "nsfs",
    "overlay",
    "proc",
    "pstore",
    "ramfs",
    "rootfs",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "squashfs",
    "sysfs",
    "tmpfs",
    "tracefs",
    "udf",
];
/// Files that a container engine mounts into every container.
const MOUNTED_FILES: [&str; 3] = ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];
/// A file system that does not answer within this hangs.
const PATIENCE: Duration = Duration::from_millis(600);
/// All of them together.
const ALTOGETHER: Duration = Duration::from_secs(2);
/// Most that may hang at once; each holds a thread.
const MOST_STUCK: usize = 8;
/// Asking for the room of a file system takes little of it.
const STACK: usize = 64 * 1024;

/// Where a file system is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Its mount point.
    pub mount: String,
    /// What is mounted: `/dev/sda1`, `tank/media`, `nas:/export`.
    pub device: String,
    /// `ext4`, `zfs`, ...
    pub file_system: String,
    /// Tells file systems apart, whatever their devices are called.
    pub id: String,
}

/// A file system and its room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Where it is.
    pub at: Mount,
    /// Its room, or why it is not known.
    pub room: Result<Room, String>,
}

/// Room of a file system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Room {
    /// Its size in bytes.
    pub total_bytes: u64,
    /// What is used.
    pub used_bytes: u64,
    /// What is free to users: a reserve of root's is not.
    pub available_bytes: u64,
    /// Inodes, where it has a fixed number of them.
    pub inodes: Option<Inodes>,
    /// Whether nothing can be written to it.
    pub read_only: bool,
}

/// Inodes of a file system: a file takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inodes {
    /// All of them.
    pub total: u64,
    /// What is free to users.
    pub available: u64,
}

impl Volume {
    /// As the report tells it. Nothing where its room is not known or there is none.
    pub fn disk(&self) -> Option<Disk> {
        let room = self.room.as_ref().ok()?;
        (room.total_bytes > 0).then(|| Disk {
            mount: self.at.mount.clone(),
            file_system: self.at.file_system.clone(),
            total_bytes: room.total_bytes,
            available_bytes: room.available_bytes,
        })
    }
}

/// Looks at file systems, and remembers which of them hang.
#[derive(Debug, Clone, Default)]
pub struct Volumes {
    stuck: Arc<Mutex<BTreeSet<String>>>,
}

impl Volumes {
    /// Every mounted file system that holds data, by mount point.
    ///
    /// # Errors
    /// Why the list of them cannot be read.
    pub fn look(&self) -> Result<Vec<Volume>, String> {
        Ok(self.measure(with_data(super::mounts()?), super::room))
    }

    /// Asks each for its room with `ask`, one after the other on a thread that is given up where
    /// one hangs; another goes on with the rest.
    fn measure(&self, mounts: Vec<Mount>, ask: fn(&Mount) -> Result<Room, String>) -> Vec<Volume> {
        let until = Instant::now() + ALTOGETHER;
        let mut rooms: BTreeMap<usize, Result<Room, String>> = BTreeMap::new();
        let mut next = 0;
        while next < mounts.len() {
            let Some(first) = self.next_to_ask(&mounts, next, until) else {
                break;
            };
            let (sender, receiver) = mpsc::channel();
            if let Err(error) = self.start(mounts[first..].to_vec(), ask, sender) {
                let reason = format!("no thread is left to look at it ({error})");
                rooms.insert(first, Err(reason));
                break;
            }
            next = first;
            loop {
                match receiver.recv_timeout(PATIENCE) {
                    Ok(room) => {
                        rooms.insert(next, room);
                        next += 1;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => {
                        // Under the lock, so that an answer at the last moment is not lost.
                        let mut stuck = self.stuck();
                        if let Ok(room) = receiver.try_recv() {
                            rooms.insert(next, room);
                        } else {
                            stuck.insert(mounts[next].mount.clone());
                        }
                        next += 1;
                        break;
                    }
                }
            }
        }
        let mut volumes: Vec<Volume> = mounts
            .into_iter()
            .enumerate()
            .map(|(position, at)| {
                let room = rooms.remove(&position).unwrap_or_else(|| Err(hangs(&at)));
                Volume { at, room }
            })
            .collect();
        order::sort_by(&mut volumes, |a, b| a.at.mount.cmp(&b.at.mount));
        volumes
    }

    /// The first from `next` on that does not hang already.
    fn next_to_ask(&self, mounts: &[Mount], next: usize, until: Instant) -> Option<usize> {
        let stuck = self.stuck();
        if stuck.len() >= MOST_STUCK || Instant::now() >= until {
            return None;
        }
        let position = mounts[next..]
            .iter()
            .position(|at| !stuck.contains(&at.mount))?;
        Some(next + position)
    }

    /// Asks on a thread of its own, up to the first that hangs already.
    fn start(
        &self,
        mounts: Vec<Mount>,
        ask: fn(&Mount) -> Result<Room, String>,
        answers: Sender<Result<Room, String>>,
    ) -> std::io::Result<()> {
        let volumes = self.clone();
        let builder = thread::Builder::new()
            .name("volumes".to_owned())
            .stack_size(STACK);
        builder.spawn(move || {
            for at in mounts {
                if volumes.stuck().contains(&at.mount) {
                    break;
                }
                let room = ask(&at);
                let mut stuck = volumes.stuck();
                // If it was given up meanwhile: from now on it may be asked again.
                stuck.remove(&at.mount);
                if answers.send(room).is_err() {
                    break;
                }
            }
        })?;
        Ok(())
    }

    fn stuck(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.stuck.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hangs(at: &Mount) -> String {
    format!(
        "the file system does not answer; hint: see whether {} is reachable, else unmount it with: umount -l {}",
        at.device, at.mount
    )
}

/// One mount for each file system that holds data, at its shortest mount point.
fn with_data(found: impl IntoIterator<Item = Mount>) -> Vec<Mount> {
    let mut by_id: BTreeMap<String, Mount> = BTreeMap::new();
    for at in found {
        if WITHOUT_DATA.contains(&at.file_system.as_str())
            || MOUNTED_FILES.contains(&at.mount.as_str())
        {
            continue;
        }
        match by_id.get(&at.id) {
            Some(known) if known.mount.len() <= at.mount.len() => {}
            _ => {
                by_id.insert(at.id.clone(), at);
            }
        }
    }
    by_id.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(id: &str, mount: &str, file_system: &str) -> Mount {
        Mount {
            mount: mount.into(),
            device: format!("/dev/{id}"),
            file_system: file_system.into(),
            id: id.into(),
        }
    }

    #[test]
    fn a_file_system_is_listed_once_and_only_if_it_holds_data() {
        let found = [
            at("vda", "/var/lib/docker/volumes", "ext4"),
            at("vda", "/", "ext4"),
            at("vda", "/etc/hosts", "ext4"),
            at("x", "/var/lib/docker/overlay2/x/merged", "overlay"),
            at("t", "/tmp", "tmpfs"),
            at("loop3", "/snap/core/1", "squashfs"),
            at("tank", "/tank/media", "zfs"),
        ];
        let mut mounts: Vec<String> = with_data(found).into_iter().map(|at| at.mount).collect();
        mounts.sort();
        assert_eq!(mounts, ["/", "/tank/media"]);
    }

    #[allow(clippy::unnecessary_wraps)] // as it is asked for
    fn room_or_hang(at: &Mount) -> Result<Room, String> {
        if at.mount.starts_with("/hung") {
            // Longer than the test.
            thread::park_timeout(Duration::from_mins(2));
        }
        Ok(Room::default())
    }

    #[test]
    fn one_that_hangs_hides_no_other_and_is_not_asked_again() {
        let volumes = Volumes::default();
        let mounts = vec![
            at("a", "/a", "ext4"),
            at("b", "/hung/b", "nfs"),
            at("c", "/c", "ext4"),
            at("d", "/hung/d", "nfs"),
            at("e", "/e", "ext4"),
        ];
        let known = |volumes: &[Volume]| -> Vec<String> {
            let known = volumes.iter().filter(|volume| volume.room.is_ok());
            known.map(|volume| volume.at.mount.clone()).collect()
        };
        let first = volumes.measure(mounts.clone(), room_or_hang);
        assert_eq!(known(&first), ["/a", "/c", "/e"]);
        assert_eq!(first.len(), 5);
        let begin = Instant::now();
        let second = volumes.measure(mounts, room_or_hang);
        assert_eq!(known(&second), ["/a", "/c", "/e"]);
        assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    }
}
