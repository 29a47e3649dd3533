use super::*;

/// A directory of the test's own, removed when it ends.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("atlas-state-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("agent_state.json")
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

fn told(what: &str) -> State {
    State {
        told: BTreeSet::from([what.to_owned()]),
        ..State::default()
    }
}

#[test]
fn what_is_saved_is_loaded_and_not_written_twice() {
    let place = Place::new("save");
    {
        let mut file = StateFile::lock(&place.file()).unwrap().unwrap();
        assert_eq!(file.load(NOW).unwrap(), Loaded::default());
        assert!(file.save(&told("a")).unwrap());
        assert!(!file.save(&told("a")).unwrap(), "nothing changed");
    }
    let mut file = StateFile::lock(&place.file()).unwrap().unwrap();
    assert_eq!(file.load(NOW).unwrap(), Loaded::of(told("a")));
    assert!(
        !file.save(&told("a")).unwrap(),
        "nothing changed since it was loaded"
    );
    assert_eq!(place.names(), ["agent_state.json", "agent_state.json.lock"]);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new("mode");
    let mut file = StateFile::lock(&place.file()).unwrap().unwrap();
    file.save(&told("a")).unwrap();
    let path = file.set_aside(&["{}".to_owned()]).unwrap().unwrap();
    for path in [place.file(), path] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_second_agent_is_turned_away() {
    let place = Place::new("lock");
    let first = StateFile::lock(&place.file()).unwrap();
    assert!(first.is_some());
    assert!(StateFile::lock(&place.file()).unwrap().is_none());
    drop(first);
    assert!(StateFile::lock(&place.file()).unwrap().is_some());
}

#[test]
fn what_cannot_be_understood_is_kept_aside() {
    for (name, contents) in [
        ("garbage", &b"\x00\xff not json"[..]),
        ("truncated", br#"{"version":1,"told":["#),
        ("empty", b""),
        ("newer", br#"{"version":3}"#),
        ("shape", br#"{"version":1,"pending":7}"#),
    ] {
        let place = Place::new(name);
        fs::write(place.file(), contents).unwrap();
        let mut file = StateFile::lock(&place.file()).unwrap().unwrap();
        let loaded = file.load(NOW).unwrap();
        assert_eq!(loaded.state, State::default(), "{name}");
        assert_eq!(loaded.committed, None, "{name}: the spool is kept as it is");
        assert_eq!(loaded.damage.unwrap().file, place.file(), "{name}");
        let aside = place
            .names()
            .into_iter()
            .find(|file| file.contains(".corrupt-"))
            .unwrap();
        assert_eq!(fs::read(place.0.join(aside)).unwrap(), contents, "{name}");
        assert!(file.save(&told("a")).unwrap(), "{name}: work goes on");
    }
}

#[test]
fn a_look_without_traces_leaves_a_corrupt_file_where_it_is() {
    let place = Place::new("peek");
    fs::write(place.file(), "garbage").unwrap();
    assert_eq!(peek(&place.file()).unwrap(), Loaded::default());
    assert_eq!(place.names(), ["agent_state.json"]);
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_that_names_it() {
    let place = Place::new("unwritable");
    let not_a_directory = place.0.join("file");
    fs::write(&not_a_directory, "").unwrap();
    let error = StateFile::lock(&not_a_directory.join("state.json")).unwrap_err();
    assert!(error.path.starts_with(&not_a_directory), "{error:?}");
}

#[test]
fn a_full_disk_leaves_the_old_state_whole() {
    let place = Place::new("full");
    let mut file = StateFile::lock(&place.file()).unwrap().unwrap();
    file.save(&told("old")).unwrap();
    // A directory in the way of the temporary file fails as a full disk does: before the rename.
    fs::create_dir(beside(&place.file(), ".tmp")).unwrap();
    assert!(file.save(&told("new")).is_err());
    assert_eq!(file.current(), told("old"));
    assert_eq!(peek(&place.file()).unwrap().state, told("old"));
}

#[test]
fn the_file_of_refused_signals_does_not_grow_without_bound() {
    let place = Place::new("rejected");
    let file = StateFile::lock(&place.file()).unwrap().unwrap();
    let line = "x".repeat(600 * 1024);
    for _ in 0..6 {
        file.set_aside(std::slice::from_ref(&line)).unwrap();
    }
    let total: u64 = place
        .names()
        .iter()
        .filter(|name| name.contains("rejected"))
        .map(|name| fs::metadata(place.0.join(name)).unwrap().len())
        .sum();
    assert!(total < 4 * MAX_REJECTED, "{total}");
}

#[test]
fn a_file_of_version_1_gives_its_waiting_signals_away() {
    let place = Place::new("version-1");
    let old = r#"{"version":1,"told":["a"],"docker":{},"pending":[{"site_id":"s","kind":"k",
        "summary":"x","uid":"u-1"}]}"#;
    fs::write(place.file(), old).unwrap();
    let mut file = StateFile::lock(&place.file()).unwrap().unwrap();
    let loaded = file.load(NOW).unwrap();
    assert_eq!(loaded.committed, None);
    assert_eq!(loaded.state.told, told("a").told);
    assert_eq!(loaded.state.pending[0].uid.as_deref(), Some("u-1"));
    assert!(file.save(&loaded.state).unwrap());
    let written = fs::read_to_string(place.file()).unwrap();
    assert!(
        written.contains("\"version\":2") && !written.contains("u-1"),
        "{written}"
    );
}
