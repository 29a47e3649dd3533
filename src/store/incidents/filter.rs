//! Which incidents a list is about, and the condition that says so.

use rusqlite::types::ToSql;

use crate::domain::incident::State;
use crate::domain::severity::Severity;
use crate::domain::timestamp::Timestamp;

/// Which incidents a list is about. Everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// In one of these states; in any where there is none.
    pub states: Vec<State>,
    /// At this site.
    pub site: Option<String>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// Of this kind.
    pub kind: Option<String>,
    /// From this agent.
    pub agent: Option<String>,
    /// Of this fingerprint.
    pub fingerprint: Option<String>,
    /// Opened at or after this.
    pub since: Option<Timestamp>,
    /// Opened before this.
    pub until: Option<Timestamp>,
    /// Over since this or later.
    pub resolved_since: Option<Timestamp>,
    /// Older than the incident of this number.
    pub before: Option<i64>,
}

impl Filter {
    /// Those that are not over.
    pub fn unresolved() -> Self {
        Self {
            states: vec![State::Open, State::Acknowledged, State::Snoozed],
            ..Self::default()
        }
    }

    pub(in crate::store) fn to_sql(&self) -> (String, Vec<Box<dyn ToSql>>) {
        let mut sql = String::from("1");
        let mut values: Vec<Box<dyn ToSql>> = Vec::new();
        if !self.states.is_empty() {
            // Written out, not bound: the partial indexes are chosen by it.
            if !self.states.contains(&State::Resolved) {
                sql.push_str(" AND state <> 'resolved'");
            }
            let words: Vec<String> = self
                .states
                .iter()
                .map(|state| format!("'{}'", state.as_str()))
                .collect();
            sql.push_str(" AND state IN (");
            sql.push_str(&words.join(", "));
            sql.push(')');
        }
        let mut and = |condition: &str, value: Box<dyn ToSql>| {
            values.push(value);
            sql.push_str(" AND ");
            sql.push_str(&condition.replace('?', &format!("?{}", values.len())));
        };
        for (column, value) in [
            ("site_id", &self.site),
            ("kind", &self.kind),
            ("agent_id", &self.agent),
            ("fingerprint", &self.fingerprint),
        ] {
            if let Some(value) = value {
                and(&format!("{column} = ?"), Box::new(value.clone()));
            }
        }
        if let Some(severity) = self.severity {
            and("severity = ?", Box::new(severity.as_str()));
        }
        if let Some(since) = self.since {
            and("opened_at >= ?", Box::new(since.as_millis()));
        }
        if let Some(until) = self.until {
            and("opened_at < ?", Box::new(until.as_millis()));
        }
        if let Some(since) = self.resolved_since {
            and("resolved_at >= ?", Box::new(since.as_millis()));
        }
        if let Some(before) = self.before {
            and(
                "(opened_at, id) < (SELECT opened_at, id FROM incidents WHERE id = ?)",
                Box::new(before),
            );
        }
        (sql, values)
    }
}
