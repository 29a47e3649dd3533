//! Configured pages: status, text, and whether they answer at all. The certificate's end is
//! another check's business; a certificate that is not believed fails here.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::network::{self, called};
use super::reading::{Patience, Reading, Verdict, detail};
use super::{Check, Learned, Scope, Seen};
use crate::agent::inert;
use crate::agent::sys::{Lanes, Stuck, Task};
use crate::config::agent::checks::web::HttpTarget;
use crate::domain::kind::HTTP_CHECK_FAILED;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;
use crate::http::Error;
use crate::http::probe::{Page, Prober, within_host};

/// What a look may take beyond its own limit, for being scheduled.
const SCHEDULING: Duration = Duration::from_millis(500);
/// Redirects that are followed.
const HOPS: usize = 5;
/// Longest reason from outside that is passed on.
const MAX_REASON: usize = 300;

/// What pages with the same trust share: setting up TLS is dear.
#[derive(Debug)]
pub struct Trust {
    /// A private certificate authority, as PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether the certificate has to be believed.
    pub verify: bool,
    made: Mutex<Option<Arc<Prober>>>,
}

impl Trust {
    /// Reads nothing yet.
    pub fn new(ca_file: Option<PathBuf>, verify: bool) -> Self {
        Self {
            ca_file,
            verify,
            made: Mutex::default(),
        }
    }

    /// The prober; where it cannot be made, it is tried again the next time.
    fn prober(&self) -> Result<Arc<Prober>, Error> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(prober) = &*made {
            return Ok(Arc::clone(prober));
        }
        let prober = Arc::new(Prober::new(self.ca_file.as_deref(), self.verify)?);
        *made = Some(Arc::clone(&prober));
        Ok(prober)
    }
}

/// Looks at one page.
#[derive(Debug)]
pub struct Http {
    /// What is told of it.
    pub target: HttpTarget,
    /// Whom it believes.
    pub trust: Arc<Trust>,
    /// For asking.
    pub lanes: Lanes,
}

impl Check for Http {
    fn id(&self) -> String {
        format!("http:{}", self.target.name)
    }

    fn kind(&self) -> &'static str {
        HTTP_CHECK_FAILED
    }

    fn limit(&self) -> Duration {
        limit(&self.target) + SCHEDULING
    }

    fn look(&self) -> Task<Box<dyn Seen>> {
        let (target, trust, lanes) = (
            self.target.clone(),
            Arc::clone(&self.trust),
            self.lanes.clone(),
        );
        Box::pin(async move {
            let limit = limit(&target) + SCHEDULING / 2;
            let page = target.clone();
            let outcome = match lanes.block(limit, move || ask(&page, &trust)).await {
                Ok(outcome) => outcome,
                Err(Stuck::TooLong) => Outcome::Failed("timeout", "no answer in time".to_owned()),
                Err(stuck) => Outcome::Unknown(network::stuck(stuck).to_owned()),
            };
            Box::new(Looked { target, outcome }) as Box<dyn Seen>
        })
    }
}

fn limit(target: &HttpTarget) -> Duration {
    Duration::from_secs(target.timeout_seconds.into())
}

/// How asking ended.
#[derive(Debug)]
enum Outcome {
    Page(Page),
    Failed(&'static str, String),
    Unknown(String),
}

/// Asks for the page, and follows where that is wanted. It blocks.
fn ask(target: &HttpTarget, trust: &Trust) -> Outcome {
    let end = Instant::now() + limit(target);
    let prober = match trust.prober() {
        Ok(prober) => prober,
        Err(error) => return Outcome::Unknown(error.to_string()),
    };
    let wants_body = target.body.is_some() || target.not_body.is_some();
    let mut url = target.url.clone();
    for _ in 0..=HOPS {
        let left = end.saturating_duration_since(Instant::now());
        let page = match prober.get(&url, left, wants_body) {
            Ok(page) => page,
            Err(error) => return failed(&error, target),
        };
        let next = page.location.as_deref().filter(|_| target.follow);
        match next.map(|to| within_host(&url, to)) {
            Some(Some(next)) => url = next,
            // Elsewhere, or not to be followed: the status is judged as it is.
            Some(None) | None => return Outcome::Page(page),
        }
    }
    Outcome::Failed("redirect", format!("it redirects more than {HOPS} times"))
}

fn failed(error: &Error, target: &HttpTarget) -> Outcome {
    let what = match error {
        Error::TimedOut => {
            let reason = format!("no answer in {} s", target.timeout_seconds);
            return Outcome::Failed("timeout", reason);
        }
        Error::Unreachable(reason) if reason == "refused" => "refused",
        Error::Unreachable(reason) if reason == "no such host" => "name",
        Error::Unreachable(_) => "connection",
        Error::Tls(_) => "tls",
        Error::NotOurs(_) => {
            return Outcome::Failed("protocol", "what answers is not HTTP".to_owned());
        }
        Error::Redirects { .. } | Error::Status { .. } | Error::Other(_) => "other",
    };
    Outcome::Failed(what, error.to_string())
}

/// What was seen of it.
#[derive(Debug)]
struct Looked {
    target: HttpTarget,
    outcome: Outcome,
}

impl Looked {
    /// What is wrong, in one word and in words; `Err` where nothing is known.
    fn failure(&self) -> Result<Option<(&'static str, String)>, String> {
        match &self.outcome {
            Outcome::Unknown(reason) => Err(reason.clone()),
            Outcome::Failed(what, reason) => Ok(Some((*what, reason.clone()))),
            Outcome::Page(page) => Ok(self.failure_of(page)),
        }
    }

    fn failure_of(&self, page: &Page) -> Option<(&'static str, String)> {
        let is_expected = self
            .target
            .status
            .iter()
            .any(|range| range.contains(&page.status));
        if !is_expected {
            let mut reason = format!(
                "it answers {} where {} is expected",
                page.status,
                self.expected()
            );
            if let Some(to) = &page.location {
                reason = format!(
                    "{reason}, and redirects to {to}; hint: follow: true follows within the host"
                );
            }
            return Some(("status", reason));
        }
        let holds = |text: &String| contains(&page.body, text.as_bytes());
        match (&self.target.body, &self.target.not_body) {
            (Some(body), _) if !holds(body) => {
                Some(("body", format!("the text {body:?} is not in the page")))
            }
            (_, Some(not_body)) if holds(not_body) => {
                Some(("body", format!("the text {not_body:?} is in the page")))
            }
            _ => None,
        }
    }

    /// The status codes as the configuration has them.
    fn expected(&self) -> String {
        let shown = self.target.status.iter().map(|range| {
            if range.start() == range.end() {
                range.start().to_string()
            } else {
                format!("{}-{}", range.start(), range.end())
            }
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

fn contains(page: &[u8], text: &[u8]) -> bool {
    page.windows(text.len().max(1)).any(|window| window == text)
}

impl Seen for Looked {
    fn judge(&self, _learned: &mut Learned, _now: Timestamp) -> Vec<Reading> {
        let tame = |reason: &str| inert::line(reason, MAX_REASON);
        let (verdict, what, reason) = match &self.failure() {
            Ok(None) => (Verdict::Good, None, String::new()),
            Ok(Some((what, reason))) => {
                (Verdict::Bad(Severity::Warning), Some(*what), tame(reason))
            }
            Err(reason) => (Verdict::Unknown(tame(reason)), None, String::new()),
        };
        let page = match &self.outcome {
            Outcome::Page(page) => Some(page),
            Outcome::Failed(..) | Outcome::Unknown(_) => None,
        };
        let HttpTarget {
            url, name, after, ..
        } = &self.target;
        let shown = called(name, url);
        vec![Reading {
            kind: HTTP_CHECK_FAILED,
            subject: format!("http:{name}"),
            scope: Scope::Host,
            verdict,
            summary: format!("{shown} fails: {reason}"),
            over: format!("{shown} answers as it should again"),
            detail: detail([
                ("url", url.as_str().into()),
                ("name", name.as_str().into()),
                (
                    "status",
                    page.map_or_else(|| "no answer".into(), |page| page.status.into()),
                ),
                ("expected", self.expected().into()),
                ("failure", what.into()),
                (
                    "reason",
                    (!reason.is_empty()).then_some(reason.clone()).into(),
                ),
                (
                    "latency_ms",
                    page.map(|page| network::milliseconds(page.took)).into(),
                ),
            ]),
            patience: Patience {
                after: *after,
                clear_after: 1,
            },
        }]
    }
}
