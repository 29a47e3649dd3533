//! The agent: looks at this host, judges, keeps what must be sent on disk, sends it.
//!
//! One cycle: `sys` looks, `checks` judge, `state` writes memory and waiting signals together,
//! `delivery` sends them through `client`. The clock is handed in and the deadline too. The agent
//! knows nothing of the server but `wire` and the shapes of `domain`.

pub mod checks;
pub mod client;
pub mod cycle;
pub mod delivery;
pub mod discovery;
pub mod inert;
pub mod looks;
pub mod pace;
pub mod spool;
pub mod state;
pub mod sys;

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use self::checks::{Change, Observer};
use self::cycle::{Eyes, Judged, Trouble};
use self::delivery::Delivery;
use self::pace::Pace;
use self::spool::Uids;
use self::state::{State, StateFile};
use crate::clock;
use crate::config::agent::AgentConfig;
use crate::domain::agent::Report;
use crate::domain::hash;
use crate::domain::signal::NewSignal;
use crate::domain::timestamp::Timestamp;

/// Keeps our agent ids apart from every other use of the machine id, which is confidential.
const ID_SALT: &str = "atlas-ops agent 1";
/// A single run waits this long for its looks.
const LONGEST_LOOK: Duration = Duration::from_secs(15);
/// Looks that end by themselves when their time is over are waited for this much longer.
const MARGIN: Duration = Duration::from_secs(1);
/// A cycle of the loop waits this long: what takes longer is taken in by the next, and the
/// heartbeat goes out in time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tells the time.
pub type Clock<'a> = &'a dyn Fn() -> Timestamp;

/// What kept a cycle from being done. Nothing was sent then that is not on disk.
#[derive(Debug)]
pub enum Error {
    /// The state file could not be read or written.
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

/// One cycle, for cron.
///
/// # Errors
/// See [`Error`]. A server that takes nothing is no error: see [`Delivery::stopped`].
pub fn run_once(
    config: &AgentConfig,
    deadline: Instant,
    clock: Clock<'_>,
) -> Result<Outcome, Error> {
    let Some(mut agent) = Agent::start(config, clock)? else {
        return Ok(Outcome::Busy);
    };
    let limit = look_limit(deadline);
    let time = Time {
        patience: limit + MARGIN,
        longest: limit,
        deadline,
    };
    agent.cycle(true, time).map(Outcome::Done)
}

/// Looks and judges, and leaves no trace: nothing is sent or written.
///
/// # Errors
/// See [`Error`].
pub fn preview(
    config: &AgentConfig,
    deadline: Instant,
    clock: Clock<'_>,
) -> Result<Preview, Error> {
    let watched = cycle::watched(config).map_err(Error::Endpoint)?;
    let mut state = state::peek(&config.state_path)?;
    let mut eyes = Eyes::new(config, watched).map_err(Error::System)?;
    let agent_id = identity(&mut state)?;
    let limit = look_limit(deadline);
    let observation = eyes.observe(limit + MARGIN, limit);
    for trouble in &eyes.troubles(config) {
        tracing::warn!("{}", trouble.message);
    }
    let who = cycle::observer(config, &agent_id, &eyes.known.facts);
    let now = clock();
    let judged = eyes.judge(&observation, &mut state, &who, now);
    let (signals, _) = signals_of(judged.changes, &who, now)?;
    spool::push(&mut state.pending, signals);
    let report = cycle::report(config, (&eyes.known, judged.unknown), &state, &who, now);
    Ok(Preview {
        report,
        signals: state.pending,
    })
}

/// Cycles until the process is asked to end. Answers [`Outcome::Busy`] at once where another
/// agent is at work.
///
/// # Errors
/// What keeps the first cycle from being done; later ones are logged and tried again.
pub fn run_loop(
    config: &AgentConfig,
    time_limit: Duration,
    clock: Clock<'_>,
) -> Result<Option<Outcome>, Error> {
    let Some(mut agent) = Agent::start(config, clock)? else {
        return Ok(Some(Outcome::Busy));
    };
    agent.eyes.senses().catch_stop().map_err(Error::System)?;
    let mut pace = Pace::new(Duration::from_secs(config.interval_seconds.into()));
    loop {
        let begin = Instant::now();
        let time = Time {
            patience: PATIENCE,
            longest: time_limit,
            deadline: begin + time_limit,
        };
        let result = agent.cycle(pace.delivery_is_due(begin), time);
        match &result {
            Ok(cycle) => {
                if let Some(delivery) = &cycle.delivery {
                    pace.delivered(Instant::now(), delivery, roll()?);
                }
                log_cycle(config, cycle, begin.elapsed());
            }
            Err(_) if pace.cycles == 0 => return result.map(|_| None),
            Err(error) => tracing::error!(%error, "the cycle could not be done; it is tried again"),
        }
        if agent
            .eyes
            .senses()
            .wait(pace.next_wait(begin, Instant::now(), roll()?))
        {
            tracing::info!("asked to end; what was not sent waits on disk");
            return Ok(None);
        }
    }
}

fn log_cycle(config: &AgentConfig, cycle: &Cycle, took: Duration) {
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let sent = cycle.delivery.as_ref().map_or(0, |delivery| delivery.sent);
    tracing::info!(
        changes = cycle.changes,
        open = cycle.open,
        sent,
        waiting = cycle.waiting,
        took_ms,
        "cycle done"
    );
    if let Some(error) = cycle
        .delivery
        .as_ref()
        .and_then(|delivery| delivery.stopped.as_ref())
    {
        tracing::warn!(
            waiting = cycle.waiting,
            "cannot deliver to {}: {error}; hint: {}",
            config.backend_url,
            client::hint(error, config)
        );
    }
}

/// How long the parts of a cycle may take.
#[derive(Debug, Clone, Copy)]
struct Time {
    /// Waiting for looks.
    patience: Duration,
    /// A look that keeps its own limit.
    longest: Duration,
    /// All of it.
    deadline: Instant,
}

/// An agent that holds the state file.
struct Agent<'a> {
    config: &'a AgentConfig,
    clock: Clock<'a>,
    /// Its id at the server.
    id: String,
    eyes: Eyes,
    file: StateFile,
    state: State,
}

impl<'a> Agent<'a> {
    /// `None` where another agent holds the state file.
    fn start(config: &'a AgentConfig, clock: Clock<'a>) -> Result<Option<Self>, Error> {
        let watched = cycle::watched(config).map_err(Error::Endpoint)?;
        let Some(mut file) = StateFile::lock(&config.state_path)? else {
            return Ok(None);
        };
        let mut state = file.load(clock())?;
        let id = identity(&mut state)?;
        Ok(Some(Self {
            config,
            clock,
            id,
            eyes: Eyes::new(config, watched).map_err(Error::System)?,
            file,
            state,
        }))
    }

    fn cycle(&mut self, deliver: bool, time: Time) -> Result<Cycle, Error> {
        let observation = self.eyes.observe(time.patience, time.longest);
        let who = cycle::observer(self.config, &self.id, &self.eyes.known.facts);
        let now = (self.clock)();
        // What fails below must not leave memory behind that was never written.
        let mut state = self.state.clone();
        tell(&mut state.told, &self.eyes.troubles(self.config));
        let Judged { changes, unknown } = self.eyes.judge(&observation, &mut state, &who, now);
        let (signals, mut uids) = signals_of(changes, &who, now)?;
        let changes = signals.len();
        let dropped = spool::push(&mut state.pending, signals);
        if dropped > 0 {
            tracing::error!(
                dropped,
                "too many signals wait to be sent: the oldest were dropped"
            );
        }
        self.file.save(&state)?;
        self.state = state;
        let known = (&self.eyes.known, unknown);
        let mut report = cycle::report(self.config, known, &self.state, &who, now);
        let open = report.conditions.len();
        let delivery = deliver
            .then(|| {
                delivery::deliver(
                    self.config,
                    &mut self.file,
                    &mut self.state,
                    (&mut report, &uids.next_uid()),
                    time.deadline,
                )
            })
            .transpose()?;
        if let Some(delivery) = &delivery
            && !delivery.send_again.is_empty()
        {
            checks::send_again(&mut self.state, &who, &delivery.send_again);
            self.file.save(&self.state)?;
        }
        Ok(Cycle {
            changes,
            open,
            waiting: self.state.pending.len(),
            delivery,
        })
    }
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

/// Says each trouble once, and again only after it was over.
fn tell(told: &mut BTreeSet<String>, troubles: &[Trouble]) {
    for trouble in troubles {
        if !told.contains(&trouble.name) {
            tracing::warn!("{}", trouble.message);
        }
    }
    *told = troubles
        .iter()
        .map(|trouble| trouble.name.clone())
        .collect();
}

/// Half of the time that is left is kept for sending.
fn look_limit(deadline: Instant) -> Duration {
    (deadline.saturating_duration_since(Instant::now()) / 2).min(LONGEST_LOOK)
}

/// A fraction between 0 and 1, for jitter.
fn roll() -> Result<f64, Error> {
    let bytes: [u8; 4] = clock::random().map_err(Error::System)?;
    Ok(f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX))
}
