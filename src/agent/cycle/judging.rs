//! What is made of an observation: every look is judged by its check, in one place.

use super::{Eyes, FACTS, GATEWAYS, Judged, Observation, Shown};
use crate::agent::checks::{Change, Observer, docker, gateway, reading};
use crate::agent::state::State;
use crate::domain::agent::UnknownCheck;
use crate::domain::kind;
use crate::domain::timestamp::Timestamp;

impl Eyes {
    /// Judges what was observed: brings the memory of every check in `state` up to date.
    pub fn judge(
        &self,
        observation: &Observation,
        state: &mut State,
        who: &Observer,
        now: Timestamp,
    ) -> Judged {
        let mut judged = Judged::default();
        for (id, shown) in &observation.shown {
            let readings = match shown {
                Shown::Docker(seen) => {
                    let changes = docker::judge(seen, &mut state.docker, who, now);
                    judged.changes.extend(changes);
                    continue;
                }
                Shown::Facts(_) => continue,
                Shown::Gateways(measured) => {
                    gateway::judge(measured, self.gateway, &mut state.learned, now)
                }
                Shown::Check(seen) => seen.judge(&mut state.learned, now),
            };
            let watches = state.watches.entry(id.clone()).or_default();
            let changes = reading::judge(readings, watches, &mut judged.unknown, now);
            judged.changes.extend(changes);
        }
        self.forget(state, who, &mut judged.changes);
        for change in &mut judged.changes {
            let host = || who.hostname.as_str().into();
            change.detail.entry("host").or_insert_with(host);
        }
        judged
            .unknown
            .extend(observation.late.iter().map(|id| self.late(id)));
        judged
    }

    /// A look that did not end in time, or broke off: what it watches stays as it was.
    fn late(&self, id: &str) -> UnknownCheck {
        let check = self.checks.iter().find(|check| check.id() == id);
        let kind = match check {
            Some(check) => check.kind(),
            None if id == FACTS => kind::AGENT_FACTS,
            None if id == GATEWAYS => kind::GATEWAY_UNREACHABLE,
            None => kind::DOCKER_UNREACHABLE,
        };
        UnknownCheck {
            kind: kind.to_owned(),
            subject: id.to_owned(),
            reason: "the look did not end in time, or broke off".to_owned(),
        }
    }

    /// Ends what was wrong with what is not looked at any more.
    fn forget(&self, state: &mut State, who: &Observer, changes: &mut Vec<Change>) {
        let endpoints: Vec<&str> = self
            .watched
            .iter()
            .map(|watched| watched.endpoint.as_str())
            .collect();
        changes.extend(docker::keep_only(&endpoints, &mut state.docker, who));
        let ids: Vec<String> = self.checks.iter().map(|check| check.id()).collect();
        let is_probed =
            |probed: &str| probed.starts_with(gateway::LOSS) || ids.iter().any(|id| id == probed);
        state.learned.losses.keep(is_probed);
        state.watches.retain(|id, watches| {
            let stays = id == GATEWAYS || ids.contains(id);
            if !stays {
                let gone = std::mem::take(watches).into_values();
                changes.extend(gone.filter_map(reading::forget));
            }
            stays && !watches.is_empty()
        });
    }
}
