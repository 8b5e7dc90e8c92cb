//! What is told to people who are not looking: one alert when a service begins to fail, one when it is well again.

use super::status::Change;
use crate::diagnosis::Verdict;
use crate::diagnosis::model::{Cause, Escalation, Service, State};
use crate::template::stable_hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Whether it begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    Firing,
    Resolved,
}

impl Turn {
    pub fn word(self) -> &'static str {
        match self {
            Turn::Firing => "firing",
            Turn::Resolved => "resolved",
        }
    }
}

/// An incident of one service, as its receivers get it. Both turns of one incident have the same `id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub id: String,
    pub status: Turn,
    pub service: String,
    pub verdict: Verdict,
    pub state: State,
    pub escalation: Escalation,
    pub signals: Vec<String>,
    /// One sentence.
    pub summary: String,
    /// RFC 3339 in UTC.
    pub starts_at: String,
    /// Null while it fires.
    pub ends_at: Option<String>,
    pub restarts: u64,
    /// Root causes, most frequent first.
    pub causes: Vec<AlertCause>,
    /// What the run that died said last, oldest first. Log text, secrets masked.
    pub last_lines: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertCause {
    pub id: String,
    pub title: String,
    pub runs: u64,
    pub fix: String,
    /// The most telling line, as `path:line: text`; empty where there is none.
    pub evidence: String,
}

/// Root causes that an alert names.
const MAX_CAUSES: usize = 5;

impl Alert {
    /// What is told when a service's alarm changes at a moment (nanoseconds since 1970). `last_lines` gives what the runs
    /// said last whose streams have these paths.
    pub fn of(
        change: &Change,
        service: &Service,
        now_ns: i64,
        last_lines: impl FnOnce(&BTreeSet<&str>) -> Vec<String>,
    ) -> Alert {
        let incident = service.incidents.last();
        let mut causes: Vec<&Cause> = incident.iter().flat_map(|incident| &incident.causes).collect();
        causes.retain(|cause| cause.role == "root");
        causes.truncate(MAX_CAUSES);
        let lines = causes.iter().flat_map(|cause| &cause.evidence);
        let paths: BTreeSet<&str> = lines.map(|line| line.path.as_str()).collect();
        let restarts = incident.map_or(0, |incident| incident.restarts);
        Alert {
            id: format!("{:016x}", stable_hash(format!("{}\0{}", service.service, change.incident_ns).as_bytes())),
            status: change.turn,
            service: service.service.clone(),
            verdict: service.verdict,
            state: service.state,
            escalation: service.escalation,
            signals: service.signals.clone(),
            summary: summary(change.turn, service, &causes, restarts),
            starts_at: rfc3339(change.incident_ns),
            ends_at: (change.turn == Turn::Resolved).then(|| rfc3339(now_ns)),
            restarts,
            causes: causes.into_iter().map(AlertCause::of).collect(),
            last_lines: last_lines(&paths),
        }
    }
}

impl AlertCause {
    fn of(cause: &Cause) -> AlertCause {
        let line = cause.evidence.first().map(|line| format!("{}:{}: {}", line.path, line.line, line.text));
        AlertCause {
            id: cause.id.clone(),
            title: cause.title.clone(),
            runs: cause.runs,
            fix: cause.fix.clone(),
            evidence: line.unwrap_or_default(),
        }
    }
}

fn summary(turn: Turn, service: &Service, causes: &[&Cause], restarts: u64) -> String {
    if turn == Turn::Resolved {
        return format!("{} is well again", service.service);
    }
    let mut said = service.verdict.word().to_string();
    if restarts > 0 {
        said += &format!(", {restarts} restarts");
    }
    if !causes.is_empty() {
        let titles: Vec<&str> = causes.iter().map(|cause| cause.title.as_str()).collect();
        said += &format!(": {}", titles.join("; "));
    } else if !service.signals.is_empty() {
        said += &format!(", warning signals {}", service.signals.join(", "));
    }
    format!("{}: {said}", service.service)
}

/// A moment in nanoseconds since 1970, to the millisecond.
pub fn rfc3339(ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(ns.into()).map(|time| format!("{time:.3}")).unwrap_or_default()
}
