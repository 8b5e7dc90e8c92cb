//! What is told to people who are not looking: one alert when a service begins to fail, one when it is well again.

use crate::diagnosis::Verdict;
use crate::diagnosis::model::{Escalation, State};
use serde::{Deserialize, Serialize};

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
