use std::fs::File;

use super::*;
use crate::domain::wildcard;

const HOUR: Duration = Duration::from_hours(1);

/// Makes a file of this age.
fn file(path: &Path, modified: SystemTime) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = File::create(path).unwrap();
    file.set_modified(modified).unwrap();
}

fn name_of(newest: &Newest) -> &str {
    match newest {
        Newest::File { path, .. } => path.to_str().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_newest_file_that_counts_is_found_below() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let now = SystemTime::now();
    file(&at("old.db"), now - 50 * HOUR);
    file(&at("repo/snapshots/abc.db"), now - 5 * HOUR);
    file(&at("log.txt"), now);
    file(&at("a/b/c/too-deep.db"), now);
    file(&at("from-the-future.db"), now + 24 * HOUR);
    let newest = newest(folder.path(), |name| wildcard::matches("*.db", name));
    assert_eq!(name_of(&newest), "repo/snapshots/abc.db");
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    assert_eq!(newest(folder.path(), |_| true), Newest::Empty);
    file(&folder.path().join("real"), SystemTime::now());
    assert_eq!(name_of(&newest(folder.path(), |_| true)), "real");
}

#[test]
fn no_folder_an_empty_one_and_a_file_are_three_things() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    assert_eq!(newest(path, |_| true), Newest::Empty);
    assert_eq!(newest(&path.join("none"), |_| true), Newest::Missing);
    file(&path.join("file"), SystemTime::now());
    let unknown = newest(&path.join("file"), |_| true);
    assert!(matches!(unknown, Newest::Unknown(reason) if reason.contains("is no folder")));
}
