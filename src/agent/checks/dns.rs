//! The resolvers: whether at least one of them answers. A name that does not exist is an answer.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use super::reading::{Patience, Reading, Verdict, detail};
use super::{Check, Learned, Scope, Seen};
use crate::agent::sys::{self, Asked, Task};
use crate::config::agent::checks::network::DnsChecks;
use crate::domain::kind::DNS_FAILING;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// A resolver is given two seconds; all are asked at once.
const LIMIT: Duration = Duration::from_millis(2500);
/// Most resolvers that are asked.
const MOST: usize = 8;
/// The port of DNS, which is not told.
const PORT: u16 = 53;
/// What the response codes are called.
const CODES: [&str; 6] = [
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
];

/// Looks at the resolvers.
#[derive(Debug)]
pub struct Dns(pub DnsChecks);

impl Check for Dns {
    fn id(&self) -> String {
        "dns".to_owned()
    }

    fn kind(&self) -> &'static str {
        DNS_FAILING
    }

    fn limit(&self) -> Duration {
        LIMIT
    }

    fn look(&self) -> Task<Box<dyn Seen>> {
        let config = self.0.clone();
        Box::pin(async move {
            let mut servers = config.servers.clone();
            if servers.is_empty() {
                let own = sys::resolvers::resolvers().into_iter();
                servers = own.map(|address| SocketAddr::new(address, PORT)).collect();
            }
            servers.truncate(MOST);
            let asked = join_all(
                servers
                    .iter()
                    .map(|at| sys::ask_resolver(*at, &config.name)),
            );
            let asked = asked.await;
            let resolvers = servers.into_iter().zip(asked).collect();
            Box::new(Resolvers { config, resolvers }) as Box<dyn Seen>
        })
    }
}

/// How the resolvers answered.
#[derive(Debug)]
struct Resolvers {
    config: DnsChecks,
    resolvers: Vec<(SocketAddr, Asked)>,
}

/// What an answer, or none, says of a resolver.
enum Health {
    Well,
    Fails(String),
    Unknown(String),
}

fn health(asked: &Asked) -> Health {
    match asked {
        // NOERROR and NXDOMAIN.
        Asked::Answered(0 | 3, _) => Health::Well,
        Asked::Answered(code, _) => Health::Fails(
            CODES
                .get(usize::from(*code))
                .map_or_else(|| format!("code {code}"), |name| (*name).to_owned()),
        ),
        Asked::Silent { strange: 0 } => Health::Fails("no answer in time".to_owned()),
        Asked::Silent { strange } => Health::Fails(format!(
            "no answer in time, but {strange} datagrams that answer something else"
        )),
        Asked::NoWay(reason) => Health::Fails(reason.clone()),
        Asked::NotTried(reason) => Health::Unknown(reason.clone()),
    }
}

impl Seen for Resolvers {
    fn judge(&self, _learned: &mut Learned, _now: Timestamp) -> Vec<Reading> {
        let healths: Vec<(String, Health)> = self
            .resolvers
            .iter()
            .map(|(server, asked)| (shown(*server), health(asked)))
            .collect();
        let all = self.all(&healths);
        let all_fail = matches!(all.verdict, Verdict::Bad(_));
        let mut readings = vec![all];
        if self.config.each && healths.len() > 1 {
            readings.extend(healths.iter().map(|one| self.one(one, all_fail)));
        }
        readings
    }
}

impl Resolvers {
    /// Names are resolved as long as one of them answers.
    fn all(&self, healths: &[(String, Health)]) -> Reading {
        let is_well = healths
            .iter()
            .any(|(_, health)| matches!(health, Health::Well));
        let failing: Vec<String> = healths
            .iter()
            .filter_map(|(server, health)| match health {
                Health::Fails(reason) => Some(format!("{server}: {reason}")),
                Health::Well | Health::Unknown(_) => None,
            })
            .collect();
        let unknown = healths.iter().find_map(|(server, health)| match health {
            Health::Unknown(reason) => Some(format!("{server} could not be asked: {reason}")),
            Health::Well | Health::Fails(_) => None,
        });
        let verdict = match unknown {
            _ if is_well => Verdict::Good,
            Some(reason) => Verdict::Unknown(reason),
            None if failing.is_empty() => Verdict::Unknown(
                "this host tells no resolver; hint: name them with checks.dns.servers".to_owned(),
            ),
            None => Verdict::Bad(Severity::Warning),
        };
        let first = healths.first().map(|(server, _)| server.clone());
        Reading {
            summary: format!("Names are not resolved ({})", failing.join("; ")),
            over: "Names are resolved again".to_owned(),
            ..self.reading("dns".to_owned(), verdict, (first, failing))
        }
    }

    /// One of several, where that is wanted; while all fail the others say nothing new.
    fn one(&self, (server, health): &(String, Health), all_fail: bool) -> Reading {
        let (verdict, reason) = match health {
            _ if all_fail => (Verdict::Between, String::new()),
            Health::Well => (Verdict::Good, String::new()),
            Health::Fails(reason) => (Verdict::Bad(Severity::Warning), reason.clone()),
            Health::Unknown(reason) => (Verdict::Unknown(reason.clone()), String::new()),
        };
        let failing = vec![format!("{server}: {reason}")];
        Reading {
            summary: format!("Resolver {server} fails ({reason}), others answer"),
            over: format!("Resolver {server} answers again"),
            ..self.reading(
                format!("dns:{server}"),
                verdict,
                (Some(server.clone()), failing),
            )
        }
    }

    fn reading(
        &self,
        subject: String,
        verdict: Verdict,
        (resolver, failing): (Option<String>, Vec<String>),
    ) -> Reading {
        let name = match self.config.name.as_str() {
            "" => ".",
            name => name,
        };
        Reading {
            kind: DNS_FAILING,
            subject,
            scope: Scope::Host,
            verdict,
            summary: String::new(),
            over: String::new(),
            detail: detail([
                ("resolver", resolver.into()),
                ("name", name.into()),
                ("resolvers", Value::from(failing)),
            ]),
            patience: Patience {
                after: self.config.after,
                clear_after: 1,
            },
        }
    }
}

/// As `dig` takes it after its `@`; another port than the usual one is told as well.
fn shown(server: SocketAddr) -> String {
    match server.port() {
        PORT => server.ip().to_string(),
        _ => server.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(each: bool, asked: &[Asked]) -> Vec<Verdict> {
        let seen = Resolvers {
            config: DnsChecks {
                each,
                ..DnsChecks::default()
            },
            resolvers: (0u8..)
                .zip(asked)
                .map(|(last, asked)| (([10, 0, 0, last], PORT).into(), asked.clone()))
                .collect(),
        };
        let readings = seen.judge(&mut Learned::default(), Timestamp::from_millis(0));
        readings
            .into_iter()
            .map(|reading| reading.verdict)
            .collect()
    }

    #[test]
    fn one_resolver_that_answers_is_enough_unless_each_is_wanted() {
        let answered = |code| Asked::Answered(code, Duration::ZERO);
        let silent = Asked::Silent { strange: 0 };
        let bad = Verdict::Bad(Severity::Warning);
        for code in [0, 3] {
            assert_eq!(
                judged(false, &[silent.clone(), answered(code)]),
                [Verdict::Good]
            );
        }
        for code in [1, 2, 4, 5, 9] {
            assert_eq!(judged(false, &[answered(code)])[0], bad);
        }
        assert_eq!(
            judged(true, &[silent.clone(), answered(0)]),
            [Verdict::Good, bad.clone(), Verdict::Good]
        );
        assert_eq!(
            judged(true, &[silent.clone(), silent.clone()]),
            [bad, Verdict::Between, Verdict::Between]
        );
    }

    #[test]
    fn what_could_not_be_asked_is_unknown() {
        let not_tried = Asked::NotTried("no descriptors".to_owned());
        let silent = Asked::Silent { strange: 2 };
        for asked in [vec![not_tried.clone(), silent], vec![not_tried], vec![]] {
            assert!(matches!(judged(false, &asked)[..], [Verdict::Unknown(_)]));
        }
    }
}
