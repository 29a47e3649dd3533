//! What an engine tells of its containers between two looks, and what that amounts to for one of
//! them: ends, who asked for them, and starts. Pure; times are the engine's own.

use std::collections::BTreeMap;

use super::view::{Product, RestartPolicy};
use crate::domain::timestamp::Timestamp;

/// Nanoseconds since the epoch by the engine's clock.
pub type Nanos = i64;

/// A request to end belongs to an end at most this much later. A stop that takes longer is known
/// by its own event.
const ASKED: Nanos = 60_000_000_000;
/// Ends of one container that are told apart in one look: more than Docker remembers.
const MAX_ENDS: usize = 512;

/// What the engine said of a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Events {
    /// Everything from the cursor to `until`, by the id of the container, in order.
    Heard {
        /// Nothing after this moment was asked for.
        until: Nanos,
        /// Events by the id of the container.
        by_id: BTreeMap<String, Vec<Event>>,
    },
    /// It does not tell this agent: why. Containers are judged by their inspections.
    Refused {
        /// When it was asked.
        until: Nanos,
        /// Why.
        reason: String,
    },
    /// It did not tell this time: why. It is asked for the same time again.
    Failed(String),
}

impl Default for Events {
    fn default() -> Self {
        Self::Failed("not asked".to_owned())
    }
}

impl Events {
    /// The events of one container.
    pub fn of(&self, id: &str) -> &[Event] {
        match self {
            Self::Heard { by_id, .. } => by_id.get(id).map_or(&[], Vec::as_slice),
            Self::Refused { .. } | Self::Failed(_) => &[],
        }
    }

    /// Up to which moment this is the end of the story.
    pub fn until(&self) -> Option<Nanos> {
        match self {
            Self::Heard { until, .. } | Self::Refused { until, .. } => Some(*until),
            Self::Failed(_) => None,
        }
    }
}

/// Something that happened to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Nanos,
    /// What.
    pub action: Action,
}

/// What may happen to a container, as far as it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was sent a signal.
    Kill {
        /// One that asks a program to end, as against one that ends it or means something else.
        gentle: bool,
    },
    /// It ended.
    Die {
        /// With this exit code.
        code: Option<i64>,
    },
    /// The engine was asked to stop it, and did (Docker) or will (Podman, where it says so).
    Stop,
    /// It was started.
    Start,
    /// Docker: it was restarted by hand, after the start. Podman: it is about to be.
    Restart,
    /// The kernel killed a process of it for want of memory.
    Oom,
    /// It was removed.
    Destroy,
}

/// One end of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Nanos,
    /// With this exit code.
    pub code: Option<i64>,
    /// When it was started again.
    pub back: Option<Nanos>,
    /// Somebody asked for it.
    asked: bool,
    /// It was killed outright.
    killed: bool,
    /// The engine starts it again by itself; only Podman says so.
    by_policy: bool,
}

/// What the events of one container amount to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tale {
    /// Its ends, in order.
    pub ends: Vec<Ended>,
    /// The last start before any end.
    pub started: Option<Nanos>,
    /// The engine says that it stopped it, and the end was before these events.
    pub stopped_late: Option<Nanos>,
    /// The first time that it ran out of memory.
    pub oom: Option<Nanos>,
    /// It was removed.
    pub destroyed: Option<Nanos>,
    /// The last of its events.
    pub last: Option<Nanos>,
}

impl Tale {
    /// Reads the events later than `after`, which is the last one that was judged.
    pub fn of(events: &[Event], after: Nanos, product: Product) -> Self {
        let mut tale = Self::default();
        let mut asked: Option<Nanos> = None;
        let mut killed = false;
        for event in events.iter().filter(|event| event.at > after) {
            tale.last = Some(event.at);
            match event.action {
                Action::Kill { gentle: true } => asked = Some(event.at),
                Action::Kill { gentle: false } => killed = true,
                Action::Die { code } => {
                    let by = asked.take();
                    tale.ends.push(Ended {
                        at: event.at,
                        code,
                        back: None,
                        asked: by.is_some_and(|by| event.at - by <= ASKED),
                        killed: std::mem::take(&mut killed),
                        by_policy: false,
                    });
                    if tale.ends.len() > MAX_ENDS {
                        tale.ends.remove(1);
                    }
                }
                Action::Restart if product == Product::Podman => match tale.ends.last_mut() {
                    Some(end) if end.back.is_none() => end.by_policy = true,
                    _ => asked = Some(event.at),
                },
                Action::Restart => {}
                Action::Stop => match tale.ends.last_mut() {
                    Some(end) if end.back.is_none() => end.asked = true,
                    // Podman says it before the end, where it says it.
                    _ if product == Product::Podman => asked = Some(event.at),
                    Some(_) => {}
                    None => tale.stopped_late = Some(event.at),
                },
                Action::Start => {
                    (asked, killed) = (None, false);
                    match tale.ends.last_mut() {
                        Some(end) => end.back = Some(event.at),
                        None => tale.started = Some(event.at),
                    }
                }
                Action::Oom => {
                    tale.oom.get_or_insert(event.at);
                }
                Action::Destroy => tale.destroyed = Some(event.at),
            }
        }
        if let (Some(_), Some(end)) = (tale.destroyed, tale.ends.last_mut()) {
            // Removed by force: killed and taken away by the same hand. Podman says of a kill
            // before a removal as little as of a stop.
            let by_signal = matches!(end.code, Some(137 | 143));
            end.asked |= end.killed || (product == Product::Podman && by_signal);
        }
        tale
    }

    /// Ends that nobody asked for, of a container with this policy.
    pub fn failures(
        &self,
        product: Product,
        policy: Option<RestartPolicy>,
    ) -> impl Iterator<Item = &Ended> {
        self.ends
            .iter()
            .filter(move |end| !end.was_planned(product, policy) && !end.is_a_job_done(policy))
    }

    /// How it ended, where it is not started again.
    pub fn end(&self) -> Option<&Ended> {
        self.ends.last().filter(|end| end.back.is_none())
    }

    /// When it was last started.
    pub fn start(&self) -> Option<Nanos> {
        match self.ends.last() {
            Some(end) => end.back,
            None => self.started,
        }
    }
}

impl Ended {
    /// Somebody wanted this end.
    pub fn was_planned(&self, product: Product, policy: Option<RestartPolicy>) -> bool {
        if self.asked || self.killed || self.by_policy || product == Product::Docker {
            return self.asked;
        }
        // Podman does not say that it stopped a container. It does say when it starts one again by
        // its policy, and when one is killed: what is left was stopped by hand, or ended by itself.
        let restarts = policy.is_some_and(|policy| policy.wants_it_running(self.code));
        let by_signal = matches!(self.code, Some(137 | 143));
        match self.back {
            Some(_) => by_signal || self.code == Some(0),
            None => restarts || self.code == Some(143),
        }
    }

    /// A job that did its work and is not meant to be started again by itself.
    pub fn is_a_job_done(&self, policy: Option<RestartPolicy>) -> bool {
        self.code == Some(0) && matches!(policy, Some(RestartPolicy::No | RestartPolicy::OnFailure))
    }
}

/// The moment in milliseconds.
pub fn moment(nanos: Nanos) -> Timestamp {
    Timestamp::from_millis(nanos.div_euclid(1_000_000))
}

#[cfg(test)]
mod tests;
