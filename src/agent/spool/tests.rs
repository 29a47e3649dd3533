use std::fs;
use std::path::PathBuf;

use super::*;
use crate::domain::severity::Severity;
use crate::domain::signal::Status;

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

/// A directory of the test's own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("agent_state.json")
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("agent_state.json.spool")
    }

    fn open(&self, committed: u64) -> (Spool, Option<Damage>) {
        Spool::open(&self.state(), Some(committed), NOW).unwrap()
    }

    fn sound(&self, committed: u64) -> Spool {
        let (spool, damage) = self.open(committed);
        assert_eq!(damage, None);
        spool
    }

    fn kept_aside(&self) -> usize {
        let names = fs::read_dir(self.0.path()).unwrap();
        names
            .filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().contains(".corrupt-")
            })
            .count()
    }
}

/// An observation of the subject that its name begins with.
fn signal(uid: &str) -> Prepared {
    let signal = NewSignal {
        site_id: "s".into(),
        kind: "container_down".into(),
        summary: "x\ny".into(),
        detail: serde_json::Map::new(),
        severity: Severity::Warning,
        source: "agent".into(),
        observed_at: Some(NOW),
        status: Status::Firing,
        dedup_key: Some(uid[..1].into()),
        expires_at: None,
        agent_id: None,
        uid: Some(uid.into()),
    };
    Prepared::of(&signal, NOW).unwrap()
}

fn put(spool: &mut Spool, uids: &[&str]) -> u64 {
    let new: Vec<Prepared> = uids.iter().map(|uid| signal(uid)).collect();
    let number = spool.stage(&new, Vec::new()).unwrap();
    spool.settle(number);
    number
}

fn uids(batch: &Batch) -> Vec<String> {
    let signals: Vec<NewSignal> = serde_json::from_slice(batch.body()).unwrap();
    signals
        .into_iter()
        .filter_map(|signal| signal.uid)
        .collect()
}

fn waiting(spool: &Spool) -> Vec<String> {
    uids(&spool.batch(0, Portion::FULL, &HashSet::new()).unwrap())
}

#[test]
fn what_is_committed_waits_across_a_restart_until_it_is_answered_for() {
    let place = Place::new();
    let mut spool = place.sound(0);
    let number = put(&mut spool, &["a1", "b1", "c1"]);
    spool.done(&[2]);
    drop(spool);
    let mut spool = place.sound(number);
    assert_eq!(waiting(&spool), ["a1", "c1"]);
    assert!(spool.waits("a") && !spool.waits("b"));
    let keys = ["a", "b"].map(str::to_owned).to_vec();
    assert_eq!(spool.without_waiting(keys), ["b"]);
    spool.done(&[1, 3]);
    assert_eq!(
        fs::metadata(place.file()).unwrap().len(),
        0,
        "nothing is kept of nothing"
    );
    drop(spool);
    let mut spool = place.sound(number);
    assert_eq!(
        put(&mut spool, &["d1"]),
        number + 1,
        "numbers are never given twice"
    );
}

#[test]
fn what_was_never_committed_was_never_there() {
    let place = Place::new();
    let mut spool = place.sound(0);
    let number = put(&mut spool, &["a1"]);
    // The process dies after the observation is on disk and before the state is.
    spool.stage(&[signal("a2")], vec![1]).unwrap();
    drop(spool);
    let mut spool = place.sound(number);
    assert_eq!(waiting(&spool), ["a1"]);
    // The state cannot be saved.
    spool.stage(&[signal("a3")], vec![1]).unwrap();
    spool.settle(number);
    assert_eq!(waiting(&spool), ["a1"]);
    assert_eq!(put(&mut spool, &["a4"]), number + 1);
    drop(spool);
    assert_eq!(waiting(&place.sound(number + 1)), ["a1", "a4"]);
    // The state is lost: whatever is there counts.
    let (spool, damage) = Spool::open(&place.state(), None, NOW).unwrap();
    assert_eq!((spool.len(), damage), (2, None));
}

#[test]
fn what_is_given_up_is_gone_once_that_is_committed() {
    let place = Place::new();
    let mut spool = place.sound(0);
    put(&mut spool, &["a1", "b1", "c1"]);
    let number = spool.stage(&[], vec![1, 2]).unwrap();
    spool.settle(number);
    assert_eq!(waiting(&spool), ["c1"]);
    drop(spool);
    assert_eq!(waiting(&place.sound(number)), ["c1"]);
    assert_eq!(place.sound(3).len(), 3, "not committed, not given up");
}

#[test]
fn a_torn_tail_is_cut_off_without_a_word() {
    for tail in [&b"1c291ca3 p 3 w 17"[..], &[0; 900], b"x\ny\n\n"] {
        let place = Place::new();
        let number = put(&mut place.sound(0), &["a1", "b1"]);
        let whole = fs::read(place.file()).unwrap();
        fs::write(place.file(), [&whole, tail].concat()).unwrap();
        let mut spool = place.sound(number);
        assert_eq!(fs::read(place.file()).unwrap(), whole);
        let number = put(&mut spool, &["c1"]);
        drop(spool);
        assert_eq!(waiting(&place.sound(number)), ["a1", "b1", "c1"]);
        assert_eq!(place.kept_aside(), 0);
    }
}

#[test]
fn a_damaged_journal_is_kept_aside_and_what_can_be_read_of_it_is_saved() {
    let place = Place::new();
    let number = put(&mut place.sound(0), &["a1", "b1", "c1"]);
    let mut bytes = fs::read(place.file()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(place.file(), &bytes).unwrap();
    let (mut spool, damage) = place.open(number);
    let damage = damage.unwrap();
    assert_eq!(waiting(&spool), ["a1", "c1"]);
    assert_eq!((damage.recovered, place.kept_aside()), (Some(2), 1));
    assert_eq!(fs::read(damage.kept_as).unwrap(), bytes);
    let number = put(&mut spool, &["d1"]);
    drop(spool);
    assert_eq!(waiting(&place.sound(number)), ["a1", "c1", "d1"]);
}

#[test]
fn a_journal_that_lost_its_end_is_damaged_wherever_it_was_cut() {
    let whole = {
        let place = Place::new();
        put(&mut place.sound(0), &["a1", "b1"]);
        fs::read(place.file()).unwrap()
    };
    for length in [1, whole.len() / 4, whole.len() / 2, whole.len() - 1] {
        let place = Place::new();
        fs::write(place.file(), &whole[..length]).unwrap();
        let (spool, damage) = place.open(2);
        assert!(damage.is_some(), "{length} of {}", whole.len());
        assert!(spool.len() < 2);
        drop(spool);
        place.sound(2);
        assert_eq!(place.kept_aside(), 1);
    }
}

#[test]
fn garbage_through_and_through_is_survived() {
    let place = Place::new();
    fs::write(place.file(), [0xff; 5000]).unwrap();
    let (mut spool, damage) = place.open(7);
    assert_eq!(damage.unwrap().recovered, Some(0));
    assert_eq!(put(&mut spool, &["a1"]), 8);
    drop(spool);
    assert_eq!(waiting(&place.sound(8)), ["a1"]);
}

#[test]
fn what_changes_under_the_agent_is_noticed_before_it_is_sent() {
    let place = Place::new();
    let mut spool = place.sound(0);
    put(&mut spool, &["a1", "b1"]);
    let mut bytes = fs::read(place.file()).unwrap();
    bytes[60] ^= 1;
    fs::write(place.file(), bytes).unwrap();
    let error = spool.batch(0, Portion::FULL, &HashSet::new()).unwrap_err();
    assert_eq!(error.source.kind(), ErrorKind::InvalidData);
}

#[test]
fn a_batch_keeps_within_its_portion_and_passes_over_what_is_blocked() {
    let place = Place::new();
    let mut spool = place.sound(0);
    put(&mut spool, &["a1", "b1", "a2", "c1"]);
    let none = HashSet::new();
    let two = Portion {
        count: 2,
        ..Portion::FULL
    };
    let first = spool.batch(0, two, &none).unwrap();
    assert_eq!(uids(&first), ["a1", "b1"]);
    assert_eq!(
        uids(&spool.batch(first.last(), two, &none).unwrap()),
        ["a2", "c1"]
    );
    let few_bytes = Portion {
        bytes: 10,
        ..Portion::FULL
    };
    assert_eq!(
        spool.batch(0, few_bytes, &none).unwrap().len(),
        1,
        "always one"
    );
    let blocked = HashSet::from([frame::subject("a")]);
    assert_eq!(
        uids(&spool.batch(0, Portion::FULL, &blocked).unwrap()),
        ["b1", "c1"]
    );
    assert!(spool.batch(4, Portion::FULL, &none).unwrap().is_empty());
}

#[test]
fn the_dead_are_not_kept_for_ever() {
    let place = Place::new();
    let mut spool = place.sound(0);
    let many: Vec<Prepared> = (0..6000)
        .map(|n| signal(&format!("{}x{n}", n % 7)))
        .collect();
    let number = spool.stage(&many, Vec::new()).unwrap();
    spool.settle(number);
    let before = fs::metadata(place.file()).unwrap().len();
    assert!(before > WORTHWHILE);
    spool.tidy(u64::MAX);
    assert_eq!(
        fs::metadata(place.file()).unwrap().len(),
        before,
        "all of it lives"
    );
    let numbers: Vec<u64> = (1..=5000).collect();
    spool.done(&numbers);
    spool.tidy(u64::MAX);
    let after = fs::metadata(place.file()).unwrap().len();
    assert!(after < before / 4, "{after} of {before}");
    let number = put(&mut spool, &["new"]);
    let expected = waiting(&spool);
    assert_eq!(expected.len(), 1000);
    assert_eq!((spool.len(), number), (1001, 6001));
    drop(spool);
    assert_eq!(waiting(&place.sound(number)), expected);
}

#[test]
fn a_look_changes_nothing() {
    let place = Place::new();
    assert_eq!(peek(&place.state(), None).unwrap(), []);
    let number = put(&mut place.sound(0), &["a1"]);
    let bytes = [fs::read(place.file()).unwrap(), b"torn".to_vec()].concat();
    fs::write(place.file(), &bytes).unwrap();
    let seen = peek(&place.state(), Some(number)).unwrap();
    assert_eq!(seen[0].uid.as_deref(), Some("a1"));
    assert_eq!(seen[0].summary, "x\ny");
    assert_eq!(fs::read(place.file()).unwrap(), bytes);
}

#[test]
fn a_synced_append_costs_little_beyond_the_disks_own_sync() {
    // Where memory is the disk its sync costs nothing, and what is left is ours.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap()
    } else {
        tempfile::tempdir().unwrap()
    };
    let (mut spool, _) = Spool::open(&folder.path().join("state"), Some(0), NOW).unwrap();
    let mut took: Vec<_> = (0..101)
        .map(|number| {
            let begin = std::time::Instant::now();
            put(&mut spool, &[&format!("a{number}")]);
            begin.elapsed()
        })
        .collect();
    took.sort_unstable();
    println!("median {:?}", took[50]);
    assert!(took[50] < std::time::Duration::from_millis(1), "{took:?}");
}
