//! The agent: looks at this host, judges, keeps what must be sent on disk, sends it.
//!
//! One cycle: `sys` looks, `checks` judge, `spool` and `state` put observations and the memory they
//! were judged from on disk together, `delivery` sends them through `client`. The clock is handed in
//! and the deadline too. The agent knows nothing of the server but `wire` and the shapes of `domain`.

pub mod checks;
pub mod client;
pub mod cycle;
pub mod delivery;
pub mod discovery;
pub mod disk;
pub mod eyes;
pub mod inert;
pub mod looks;
mod looping;
mod notices;
pub mod pace;
mod single;
pub mod spool;
pub mod state;
pub mod sys;
mod watchdog;

pub use self::looping::run_loop;
pub use self::single::{preview, run_now, run_once};

use std::collections::BTreeSet;
use std::fmt;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use self::checks::{Change, Observer};
use self::cycle::Trouble;
use self::delivery::{Attempt, Delivery};
use self::eyes::{Eyes, Judged, Observation};
use self::spool::{Prepared, Spool, Uids};
use self::state::{Loaded, State, StateFile};
use self::sys::Wake;
use crate::clock;
use crate::config::agent::AgentConfig;
use crate::domain::agent::{Report, UnknownCheck};
use crate::domain::hash;
use crate::domain::kind::DOCKER_UNREACHABLE;
use crate::domain::signal::NewSignal;
use crate::domain::timestamp::Timestamp;

/// Keeps our agent ids apart from every other use of the machine id, which is confidential.
const ID_SALT: &str = "atlas-ops agent 1";
/// A server never asks for more than an hour; a clock that was put back would.
const LONGEST_REQUEST_MS: i64 = 60 * 60 * 1000;

/// Tells the time.
pub type Clock<'a> = &'a dyn Fn() -> Timestamp;

/// What kept a cycle from being done. Nothing was sent then that is not on disk.
#[derive(Debug)]
pub enum Error {
    /// The state file or the spool could not be read or written.
    State(state::Error),
    /// A Docker endpoint that cannot be reached by this program, and what to write instead.
    Endpoint(String),
    /// The operating system refused something every program needs.
    System(std::io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(error) => write!(
                out,
                "cannot {} {}: {}",
                error.attempt,
                error.path.display(),
                error.source
            ),
            Self::Endpoint(reason) => out.write_str(reason),
            Self::System(error) => write!(out, "{error}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<state::Error> for Error {
    fn from(error: state::Error) -> Self {
        Self::State(error)
    }
}

/// How one cycle went.
#[derive(Debug, Clone, PartialEq)]
pub struct Cycle {
    /// Conditions that opened, changed or ended.
    pub changes: usize,
    /// Conditions that are open now.
    pub open: usize,
    /// Signals that still wait.
    pub waiting: usize,
    /// What was sent; nothing where delivery was not due.
    pub delivery: Option<Delivery>,
    /// Until then the server asked to be left alone.
    pub not_before: Option<Timestamp>,
}

/// How a single run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Another agent is at work with the same state file.
    Busy,
    /// One cycle was done.
    Done(Cycle),
}

/// What a cycle would send.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Preview {
    /// The report.
    pub report: Report,
    /// Signals that wait already, and those of this look.
    pub signals: Vec<NewSignal>,
}

/// How long the parts of a cycle may take.
#[derive(Debug, Clone, Copy)]
pub struct Time {
    /// Waiting for looks.
    patience: Duration,
    /// A look that keeps its own limit.
    longest: Duration,
    /// All of it.
    deadline: Instant,
}

/// An agent that holds the state file.
struct Agent<'a> {
    config: AgentConfig,
    clock: Clock<'a>,
    /// Its id at the server.
    id: String,
    eyes: Eyes,
    file: StateFile,
    state: State,
    spool: Spool,
    /// Asked of the process while it was at work.
    heard: Option<Wake>,
}

/// What a cycle put on disk.
struct Kept {
    /// How much changed.
    changes: usize,
    /// Checks that could not be made.
    unknown: Vec<UnknownCheck>,
    /// The report's key.
    key: String,
}

impl<'a> Agent<'a> {
    /// `None` where another agent holds the state file.
    fn start(config: AgentConfig, clock: Clock<'a>) -> Result<Option<Self>, Error> {
        let watched = cycle::watched(&config).map_err(Error::Endpoint)?;
        let Some(mut file) = StateFile::lock(&config.state_path)? else {
            return Ok(None);
        };
        let now = clock();
        let Loaded {
            mut state,
            committed,
            damage,
        } = file.load(now)?;
        let (mut spool, torn) = Spool::open(&config.state_path, committed, now)?;
        for damage in damage.into_iter().chain(torn) {
            damage.log();
            state.damaged.push(damage);
        }
        let id = identity(&mut state)?;
        let pending = std::mem::take(&mut state.pending);
        // Written before anything is observed: from here on state and spool know of each other.
        state.committed = spool.stage(&prepare(&pending, now)?, Vec::new())?;
        file.save(&state)?;
        spool.settle(state.committed);
        let eyes = Eyes::new(&config, watched).map_err(Error::System)?;
        Ok(Some(Self {
            config,
            clock,
            id,
            eyes,
            file,
            state,
            spool,
            heard: None,
        }))
    }

    fn cycle(&mut self, deliver: bool, time: Time) -> Result<Cycle, Error> {
        let observation = self.eyes.observe(&time, &self.state, (self.clock)());
        let who = cycle::observer(&self.config, &self.id, &self.eyes.known.facts);
        let now = (self.clock)();
        let kept = self.keep(&observation, &who, now);
        if kept.is_err() {
            // What failed must not leave memory behind that was never written.
            self.state = self.file.current();
        }
        self.spool.settle(self.state.committed);
        let Kept {
            changes,
            unknown,
            key,
        } = kept?;
        let known = (&self.eyes.known, unknown);
        let mut report = cycle::report(&self.config, known, &self.state, &who, now);
        let open = report.conditions.len();
        let delivery = deliver
            .then(|| self.deliver(&mut report, &key, time.deadline))
            .transpose()?;
        if let Some(delivery) = &delivery {
            self.remember(delivery, &who)?;
        }
        self.spool.tidy(self.config.spool.max_bytes);
        Ok(Cycle {
            changes,
            open,
            waiting: self.spool.len(),
            delivery,
            not_before: self.asked_to_wait(),
        })
    }

    /// Judges an observation and puts what changed on disk, together with the memory it was judged
    /// from.
    fn keep(
        &mut self,
        observation: &Observation,
        who: &Observer,
        now: Timestamp,
    ) -> Result<Kept, Error> {
        let Judged { changes, unknown } = self.eyes.judge(observation, &mut self.state, who, now);
        let troubles = self.eyes.troubles(&self.config);
        tell(&mut self.state.told, &troubles, &unknown);
        let (signals, mut uids) = signals_of(changes, who, now)?;
        let mut new = prepare(&signals, now)?;
        let (gone, lost) = self.spool.make_room(&mut new, &self.config.spool, now);
        if lost.count() > 0 {
            tracing::error!(
                info = lost.info,
                warning = lost.warning,
                critical = lost.critical,
                "too much waits to be sent, or for too long: the oldest of the least severity are given up"
            );
            self.state.dropped.get_or_insert_default().add(&lost);
        }
        let mut next_uid = || uids.next_uid();
        let notices = notices::take(&mut self.state, &self.spool, (who, now), &mut next_uid);
        new.extend(prepare(&notices, now)?);
        self.state.committed = self.spool.stage(&new, gone)?;
        self.file.save(&self.state)?;
        Ok(Kept {
            changes: signals.len(),
            unknown,
            key: uids.next_uid(),
        })
    }

    fn deliver(
        &mut self,
        report: &mut Report,
        key: &str,
        deadline: Instant,
    ) -> Result<Delivery, Error> {
        let mut goes_on = || {
            self.heard = self.heard.or_else(|| self.eyes.senses().heard());
            self.heard != Some(Wake::Stop)
        };
        let attempt = Attempt {
            config: &self.config,
            file: &self.file,
            spool: &mut self.spool,
            deadline,
            goes_on: &mut goes_on,
        };
        let result = attempt.deliver(report, key);
        if let Err(error) = &result
            && matches!(
                error.source.kind(),
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof
            )
        {
            // Something else wrote into the journal, or the disk forgets.
            let committed = Some(self.state.committed);
            let (spool, damage) = Spool::open(&self.config.state_path, committed, (self.clock)())?;
            self.spool = spool;
            if let Some(damage) = damage {
                damage.log();
                self.state.damaged.push(damage);
                self.file.save(&self.state)?;
            }
        }
        Ok(result?)
    }

    /// Remembers what the server asked for.
    fn remember(&mut self, delivery: &Delivery, who: &Observer) -> Result<(), Error> {
        if !delivery.send_again.is_empty() {
            checks::send_again(&mut self.state, who, &delivery.send_again);
        }
        if let Some(answered) = &delivery.answered {
            self.eyes.known.pass = None;
            self.state.policy.clone_from(&answered.policy);
            let times = (answered.sent_at, answered.answered_at, answered.received_at);
            checks::clock::learn(&mut self.state.learned, times);
        }
        self.state.not_before = delivery.retry_after().map(|time| {
            let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
            (self.clock)().plus_millis(millis.min(LONGEST_REQUEST_MS))
        });
        self.file.save(&self.state)?;
        Ok(())
    }

    /// Until when the server asked to be left alone, if that is not over.
    fn asked_to_wait(&self) -> Option<Timestamp> {
        let now = (self.clock)();
        self.state.not_before.filter(|moment| {
            let left = moment.millis_since(now);
            left > 0 && left <= LONGEST_REQUEST_MS
        })
    }
}

fn prepare(signals: &[NewSignal], now: Timestamp) -> Result<Vec<Prepared>, Error> {
    let prepared = signals.iter().map(|signal| Prepared::of(signal, now));
    let prepared: serde_json::Result<Vec<Prepared>> = prepared.collect();
    prepared.map_err(|error| Error::System(error.into()))
}

/// Who this agent is: a hash of the machine id, or of a random id that the state keeps.
fn identity(state: &mut State) -> Result<String, Error> {
    let id = match (sys::machine_id(), &state.random_id) {
        (Some(id), _) => id,
        (None, Some(id)) => id.clone(),
        (None, None) => {
            let id = hash::hex(&clock::random::<16>().map_err(Error::System)?);
            state.random_id = Some(id.clone());
            id
        }
    };
    Ok(hash::name_of(&[ID_SALT, &id]))
}

/// The signals that carry changes, each with a key of its own; more keys where they came from.
fn signals_of(
    changes: Vec<Change>,
    who: &Observer,
    now: Timestamp,
) -> Result<(Vec<NewSignal>, Uids), Error> {
    let mut uids = Uids::new(now, clock::random().map_err(Error::System)?);
    let signals = changes
        .into_iter()
        .map(|change| change.into_signal(who, now, uids.next_uid()))
        .collect();
    Ok((signals, uids))
}

/// Says each trouble, and each check that could not be made, once, and again only after it was over.
fn tell(told: &mut BTreeSet<String>, troubles: &[Trouble], unknown: &[UnknownCheck]) {
    let mut now = BTreeSet::new();
    for Trouble { name, message } in troubles {
        if !told.contains(name) {
            tracing::warn!("{message}");
        }
        now.insert(name.clone());
    }
    // Of an engine a trouble tells more.
    let checks = unknown.iter().filter(|one| one.kind != DOCKER_UNREACHABLE);
    for check in checks {
        let name = format!("{} {}", check.kind, check.subject);
        if !told.contains(&name) {
            tracing::info!(
                "cannot tell {} of {}: {}",
                check.kind,
                check.subject,
                check.reason
            );
        }
        now.insert(name);
    }
    *told = now;
}
