use super::*;
use crate::agent::checks::reading;
use crate::agent::sys::volumes::Inodes;
use crate::domain::agent::Facts;
use crate::domain::signal::Status;
use std::collections::BTreeMap;

const GB: u64 = 1_000_000_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000).plus_millis(minutes * 60_000)
}

fn volume(mount: &str, room: Result<Room, String>) -> Volume {
    Volume {
        at: Mount {
            mount: mount.into(),
            device: "/dev/sda1".into(),
            file_system: "ext4".into(),
            id: mount.into(),
        },
        room,
    }
}

/// Of 100 GB, of which root keeps 5.
fn used(gigabytes: u64) -> Room {
    Room {
        total_bytes: 100 * GB,
        used_bytes: gigabytes * GB,
        available_bytes: (95 - gigabytes) * GB,
        inodes: None,
        read_only: false,
    }
}

fn host(volumes: Vec<Volume>) -> Host {
    Host {
        facts: Facts {
            hostname: "nas".into(),
            ..Facts::default()
        },
        volumes: Ok(volumes),
        ..Host::default()
    }
}

fn one(room: Room) -> Reading {
    let host = host(vec![volume("/tank", Ok(room))]);
    judge(
        &DiskChecks::default(),
        &host,
        &mut Learned::default(),
        at(0),
    )
    .remove(0)
}

#[test]
fn what_users_may_use_counts() {
    // 86 of 95 GB, although a tenth of the disk is free to root.
    let reading = one(used(86));
    assert_eq!(reading.verdict, Verdict::Bad(Severity::Warning));
    assert_eq!(
        reading.summary,
        "/tank on nas is 91 % full: 9.0 GB of 100 GB available"
    );
    assert_eq!(reading.detail["used_percent"], 90.5);
    assert_eq!(reading.detail["mount"], "/tank");
    assert_eq!(one(used(84)).verdict, Verdict::Between);
    assert_eq!(one(used(95)).verdict, Verdict::Bad(Severity::Critical));
}

#[test]
fn inodes_run_out_too() {
    let room = Room {
        inodes: Some(Inodes {
            total: 1000,
            available: 20,
        }),
        ..used(10)
    };
    let reading = one(room);
    assert_eq!(reading.verdict, Verdict::Bad(Severity::Critical));
    assert!(reading.summary.contains("inodes: 98 % used"));
    assert_eq!(reading.detail["inodes_used_percent"], 98.0);
}

#[test]
fn what_is_excluded_read_only_or_empty_is_not_judged() {
    let checks = DiskChecks {
        exclude: vec!["/mnt/*".into()],
        ..DiskChecks::default()
    };
    let read_only = Room {
        read_only: true,
        ..used(95)
    };
    let host = host(vec![
        volume("/mnt/usb", Ok(used(95))),
        volume("/media/dvd", Ok(read_only)),
        volume("/empty", Ok(Room::default())),
    ]);
    assert_eq!(judge(&checks, &host, &mut Learned::default(), at(0)), []);
}

#[test]
fn one_that_hangs_is_unknown_and_stays_as_it_was() {
    let checks = DiskChecks::default();
    let (mut learned, mut watches) = (Learned::default(), BTreeMap::new());
    let mut look = |volumes: Result<Vec<Volume>, String>| {
        let host = Host {
            volumes,
            ..host(Vec::new())
        };
        let readings = judge(&checks, &host, &mut learned, at(0));
        let mut unknown = Vec::new();
        let changes = reading::judge(readings, &mut watches, &mut unknown, at(0));
        let statuses: Vec<Status> = changes.iter().map(|change| change.status).collect();
        (statuses, unknown.len())
    };
    assert_eq!(
        look(Ok(vec![volume("/tank", Ok(used(90)))])),
        (vec![Status::Firing], 0)
    );
    assert_eq!(look(Ok(vec![volume("/tank", Err("hangs".into()))])).0, []);
    assert_eq!(look(Err("no list".into())), (vec![], 2));
    assert_eq!(
        look(Ok(Vec::new())),
        (vec![Status::Resolved], 0),
        "it is not mounted any more"
    );
}

#[test]
fn one_that_will_be_full_soon_is_told_before() {
    let checks = DiskChecks::default();
    let mut learned = Learned::default();
    let mut last = None;
    for minute in (0..=60).step_by(10) {
        let mut room = used(70);
        let grown = u64::try_from(minute).unwrap() * GB / 24;
        room.used_bytes += grown;
        room.available_bytes -= grown;
        let host = host(vec![volume("/tank", Ok(room))]);
        last = judge(&checks, &host, &mut learned, at(minute)).pop();
    }
    let reading = last.unwrap();
    assert_eq!(reading.verdict, Verdict::Bad(Severity::Warning));
    assert!(
        reading.summary.ends_with("full in about 9 h"),
        "{}",
        reading.summary
    );
    assert_eq!(reading.detail["full_in_hours"], 9.0);
    assert_eq!(reading.patience.clear_after, CLEAR_AFTER);
    let off = DiskChecks {
        forecast_hours: 0,
        ..checks
    };
    let host = host(vec![volume("/tank", Ok(used(73)))]);
    let verdict = judge(&off, &host, &mut learned, at(61)).remove(0).verdict;
    assert_eq!(verdict, Verdict::Good);
}
