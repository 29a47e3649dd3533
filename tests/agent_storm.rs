//! The storm: the server is down for a long stretch, the agent is killed fifty times at random points,
//! the disk is full once, and on the way requests arrive twice, late, in half or not at all. At the
//! end the server has every observation exactly once, in order.
//!
//! The truth is the test's own: it knows which containers ran while each cycle looked, and what the
//! server has stored must tell the same for every cycle that was done.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that cannot go on fails

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::agent::{Fake, engine};
use support::atlas::{Atlas, BINARY, SHARED, tool};
use support::proxy::{Dice, Proxy};
use support::server::Server;

const CONTAINERS: usize = 6;
const KILLS: usize = 50;
/// An hour of cycles, at a minute each.
const DOWN_CYCLES: usize = 60;

/// Set in the process that runs in namespaces of its own.
const INSIDE: &str = "STORM_IS_INSIDE";

/// Runs this test once more in a network of its own, without a gateway that each cycle would ping,
/// and with mounts of its own. Answers whether this is that process.
fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let status = Command::new("unshare")
        .args(["--net", "--mount", "sh", "-c"])
        .arg("ip link set lo up && exec \"$0\" --exact --nocapture \"$1\"")
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "the storm inside failed: {status}");
    false
}

/// What was true while one cycle looked, known to have been done.
struct Witnessed {
    /// No later than this, in milliseconds.
    until: i64,
    runs: [bool; CONTAINERS],
}

struct Storm {
    atlas: Atlas,
    proxy: Proxy,
    docker: Server,
    dice: Dice,
    folder: tempfile::TempDir,
    runs: [bool; CONTAINERS],
    witnessed: Vec<Witnessed>,
    failures: BTreeMap<i32, usize>,
}

impl Storm {
    fn new(atlas: Atlas, server: &str, seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let disk = folder.path().join("disk");
        std::fs::create_dir(&disk).unwrap();
        tool(
            "mount",
            &[
                "-t",
                "tmpfs",
                "-o",
                "size=256k",
                "tmpfs",
                disk.to_str().unwrap(),
            ],
        );
        let docker = Server::unix(&folder.path().join("docker.sock"), engine(Vec::new()));
        let storm = Self {
            proxy: Proxy::to(server, seed),
            atlas,
            docker,
            dice: Dice::new(seed),
            folder,
            runs: [true; CONTAINERS],
            witnessed: Vec::new(),
            failures: BTreeMap::new(),
        };
        let text = format!(
            "agent:\n  backend_url: {}\n  site_id: site-storm\n  token: {SHARED}\n  state_path: {}\n  docker_hosts:\n    - endpoint: {}\n  discovery: {{enabled: false}}\n",
            storm.proxy.address,
            storm.state().display(),
            storm.docker.address
        );
        std::fs::write(storm.config(), text).unwrap();
        storm
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("agent_config.yaml")
    }

    fn disk(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    fn state(&self) -> PathBuf {
        self.disk().join("agent_state.json")
    }

    fn spool(&self) -> PathBuf {
        self.disk().join("agent_state.json.spool")
    }

    fn flip(&mut self) {
        for runs in &mut self.runs {
            *runs ^= self.dice.roll(3) == 0;
        }
        let containers = self.runs.iter().enumerate().map(|(number, runs)| {
            let state = if *runs { "running" } else { "exited" };
            Fake::new(&format!("web{number}"), state)
        });
        self.docker.behave(engine(containers.collect()));
    }

    fn begin(&self) -> Child {
        Command::new(BINARY)
            .args(["agent", "run", "--once", "--config"])
            .arg(self.config())
            .env_remove("ATLAS_OPS_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// A cycle to its end. Answers its exit code and what it said.
    fn cycle(&mut self) -> (i32, String) {
        let output = self.begin().wait_with_output().unwrap();
        let code = output.status.code().unwrap();
        *self.failures.entry(code).or_default() += 1;
        if matches!(code, 0 | 75) {
            self.witnessed.push(Witnessed {
                until: atlas_ops::clock::now().as_millis(),
                runs: self.runs,
            });
        }
        (code, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// A cycle that is killed at a random point of its life, or just after one of its files changed:
    /// between two writes is where a crash hurts.
    fn killed_cycle(&mut self, usual: Duration) {
        let files = [self.state(), self.spool()];
        let looks = |path: &PathBuf| {
            let metadata = std::fs::metadata(path).ok();
            metadata.map(|metadata| (metadata.ino(), metadata.len()))
        };
        let watched = usize::try_from(self.dice.roll(3)).unwrap();
        let micros = u64::try_from(usual.as_micros()).unwrap();
        let before = files.get(watched).map(looks);
        let mut child = self.begin();
        let pause = match before {
            None => self.dice.roll(micros),
            Some(_) => self.dice.roll(4) * self.dice.roll(300),
        };
        while before.is_some()
            && before == files.get(watched).map(looks)
            && child.try_wait().unwrap().is_none()
        {
            std::hint::spin_loop();
        }
        std::thread::sleep(Duration::from_micros(pause));
        child.kill().unwrap();
        child.wait().unwrap();
        // Flips are a millisecond apart from what a killed cycle may still have seen.
        std::thread::sleep(Duration::from_millis(2));
    }

    /// What the server stored of each condition: when, and whether the container ran, as it came in.
    fn stored(&self) -> BTreeMap<String, Vec<(i64, bool)>> {
        let sql = self.atlas.sql();
        let mut statement = sql
            .prepare(
                "SELECT json_extract(detail, '$.container'), observed_at, status FROM signals \
                 WHERE kind = 'container_down' ORDER BY id",
            )
            .unwrap();
        let rows = statement
            .query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?))
            })
            .unwrap();
        let mut stored: BTreeMap<String, Vec<(i64, bool)>> = BTreeMap::new();
        for row in rows {
            let (container, at, status): (String, i64, String) = row.unwrap();
            stored
                .entry(container)
                .or_default()
                .push((at, status == "resolved"));
        }
        stored
    }

    fn assert_truth(&self) {
        let stored = self.stored();
        for (container, story) in &stored {
            let mut runs = true;
            for pair in story.windows(2) {
                assert!(
                    pair[0].0 < pair[1].0,
                    "{container} is out of order: {story:?}"
                );
            }
            for (at, now_runs) in story {
                assert_ne!(
                    runs, *now_runs,
                    "{container} at {at} is told twice: {story:?}"
                );
                runs = *now_runs;
            }
        }
        for witnessed in &self.witnessed {
            for (number, runs) in witnessed.runs.iter().enumerate() {
                let name = format!("web{number}");
                let told = stored
                    .get(&name)
                    .and_then(|story| story.iter().rfind(|(at, _)| *at <= witnessed.until))
                    .is_none_or(|(_, runs)| *runs);
                assert_eq!(told, *runs, "{name} at {}: {stored:?}", witnessed.until);
            }
        }
        let keys = self.atlas.count("SELECT count(*) FROM idempotency_keys");
        let signals = self
            .atlas
            .count("SELECT count(*) FROM signals WHERE kind <> 'agent_silent'");
        assert_eq!(keys, signals, "each has one key");
        let strays = "SELECT count(*) FROM signals WHERE kind IN ('agent_state_damaged', 'observations_dropped')";
        assert_eq!(self.atlas.count(strays), 0);
    }
}

/// Fills a disk to the last byte.
fn fill(disk: &Path) -> PathBuf {
    let path = disk.join("filler");
    let mut file = std::fs::File::create(&path).unwrap();
    for size in [4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    path
}

#[test]
fn after_the_storm_the_server_has_everything_once_and_in_order() {
    if !is_inside("after_the_storm_the_server_has_everything_once_and_in_order") {
        return;
    }
    let seed = atlas_ops::clock::now().as_millis().unsigned_abs();
    println!("seed {seed}");
    let atlas = Atlas::initialised();
    let mut server = atlas.serve();
    let mut storm = Storm::new(atlas, &server.address.clone(), seed);
    let begin = Instant::now();
    storm.flip();
    storm.cycle();
    let usual = begin.elapsed();

    // The way is bad, and the agent dies again and again.
    let mut kills = 0;
    while kills < KILLS / 2 {
        storm.flip();
        if storm.dice.roll(2) == 0 {
            storm.killed_cycle(usual);
            kills += 1;
        } else {
            storm.cycle();
        }
    }
    // The server dies and stays away, and the agent goes on dying.
    server.kill();
    for number in 0..DOWN_CYCLES {
        storm.flip();
        if number % 5 == 0 {
            storm.killed_cycle(usual);
            kills += 1;
        }
        assert_eq!(storm.cycle().0, 75);
    }
    // The disk is full meanwhile.
    let filler = fill(&storm.disk());
    for _ in 0..5 {
        storm.flip();
        let (code, said) = storm.cycle();
        let is_told = said.contains("make room on the disk");
        // Without a change there is nothing to be written, and nothing that fails.
        assert!((code == 1 && is_told) || code == 75, "{code}: {said}");
    }
    assert!(storm.failures.contains_key(&1), "the disk was never missed");
    std::fs::remove_file(filler).unwrap();

    let server = storm.atlas.serve();
    storm.proxy.leads_to(&server.address);
    while kills < KILLS {
        storm.flip();
        storm.killed_cycle(usual);
        kills += 1;
        storm.cycle();
    }
    storm.proxy.calm_down();
    assert_eq!(storm.cycle().0, 0);
    let waits = std::fs::metadata(storm.spool()).unwrap().len();
    assert_eq!(waits, 0, "nothing waits");
    storm.assert_truth();
    println!(
        "{} observations, {} cycles done, {kills} killed, exit codes {:?}, {:?}, {:?}",
        storm.stored().values().map(Vec::len).sum::<usize>(),
        storm.witnessed.len(),
        storm.failures,
        storm.proxy.mishaps(),
        begin.elapsed()
    );
    tool("umount", &[storm.disk().to_str().unwrap()]);
}
