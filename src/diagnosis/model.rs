//! The diagnosis as programs get it: the JSON contract, version `relapse.diagnosis/1`.
//!
//! Members may be added, none is removed or renamed. Times are RFC 3339 in UTC with the source's digits.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const SCHEMA: &str = "relapse.diagnosis/1";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    pub schema: String,
    /// The worst of the services'.
    pub verdict: Verdict,
    /// Everything that was asked for was read.
    pub complete: bool,
    pub services: Vec<Service>,
    pub inputs: Vec<Input>,
    /// What could not be read, one sentence each.
    pub problems: Vec<String>,
}

/// How bad it is, over the evidence as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    #[default]
    Healthy,
    Degraded,
    Flapping,
    CrashLoop,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Healthy => "healthy",
            Verdict::Degraded => "degraded",
            Verdict::Flapping => "flapping",
            Verdict::CrashLoop => "crash-loop",
        }
    }
}

/// What the service is at the end of the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Ready,
    /// Running, not ready.
    Running,
    Down,
    /// Its manager stopped trying.
    GaveUp,
    #[default]
    Unknown,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Running => "running, not ready",
            State::Down => "down",
            State::GaveUp => "down: its manager gave up",
            State::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Escalation {
    #[default]
    None,
    Investigate,
    Incident,
}

/// How many different warning signals there are.
const ALL_SIGNALS: usize = 5;

impl Escalation {
    /// What so many different warning signals call for.
    pub fn of(signals: usize) -> Escalation {
        match signals {
            ALL_SIGNALS.. => Escalation::Incident,
            2.. => Escalation::Investigate,
            _ => Escalation::None,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub service: String,
    pub verdict: Verdict,
    pub state: State,
    pub escalation: Escalation,
    pub signals: Vec<String>,
    /// The service manager that spoke of it, if any.
    pub manager: Option<String>,
    pub first: Option<String>,
    pub last: Option<String>,
    pub runs: u64,
    /// Process starts after the first one seen, planned ones included.
    pub restarts: u64,
    /// None where no restart has a time.
    pub restarts_over_time: Option<RestartsOverTime>,
    pub in_process_restarts: u64,
    pub planned_restarts: u64,
    pub ready_runs: u64,
    pub incidents: Vec<Incident>,
    pub findings: Vec<Finding>,
    pub timeline: Vec<Moment>,
}

/// How restarts lie in time: counts in buckets of one width, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartsOverTime {
    /// In seconds, a round number.
    pub bucket_s: u64,
    /// When the first bucket begins.
    pub first: String,
    /// At most 60.
    pub counts: Vec<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub verdict: Verdict,
    pub first: Option<String>,
    pub last: Option<String>,
    pub ongoing: bool,
    pub runs: u64,
    pub restarts: u64,
    pub ready_runs: u64,
    /// Between starts; null under two intervals.
    pub interval_s: Option<Interval>,
    pub rhythm: Option<String>,
    /// Where the pace of the restarts changed: its stretches; empty where it never did.
    #[serde(default)]
    pub paces: Vec<Pace>,
    /// Runs by who ended them.
    pub stopped_by: BTreeMap<String, u64>,
    pub clusters: Vec<Cluster>,
    pub causes: Vec<Cause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub median: f64,
    #[serde(default)]
    pub p5: f64,
    pub p95: f64,
}

/// A stretch of restarts of one pace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    pub first: String,
    pub last: String,
    pub restarts: u64,
    /// Seconds from start to start.
    pub median_s: f64,
}

/// Something seen in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Seconds after the run's start; None where no time is told.
    pub after_s: Option<f64>,
    /// `start`, `fault`, `ready`, `stop`, `last-words` or `exit`.
    pub kind: String,
    /// Of a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub text: String,
}

/// Runs that died of the same causes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    pub causes: Vec<String>,
    pub runs: u64,
    /// Of the incident's failed runs.
    #[serde(default)]
    pub share: f64,
    #[serde(default)]
    pub first: Option<String>,
    #[serde(default)]
    pub last: Option<String>,
    pub example: Span,
    /// The example, step by step.
    #[serde(default)]
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    pub start: Option<String>,
    pub end: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// A signature's id, or `unknown/<hash>`.
    pub id: String,
    pub title: String,
    pub role: String,
    pub phase: String,
    pub runs: u64,
    /// Of the incident's failed runs.
    pub share: f64,
    pub first: Option<String>,
    pub last: Option<String>,
    /// Other causes hid it for a time.
    pub masked: bool,
    pub explains: Vec<String>,
    /// The service of these logs that it comes of, where that one was failing itself at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comes_of: Option<String>,
    pub confidence: f64,
    pub why: Vec<String>,
    pub meaning: String,
    pub fix: String,
    /// For a fault that no signature knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Most telling first, at most five.
    pub evidence: Vec<EvidenceLine>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EvidenceLine {
    pub path: String,
    /// 1-based.
    pub line: u64,
    pub time: Option<String>,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub id: String,
    pub text: String,
    pub fix: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    pub time: Option<String>,
    pub kind: String,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    pub path: String,
    /// The innermost format of most of its lines.
    pub format: Option<String>,
    pub envelope: Option<String>,
    pub bytes: u64,
    pub lines: u64,
    pub records: u64,
    pub first: Option<String>,
    pub last: Option<String>,
    pub problems: Vec<String>,
    /// Lines whose meaning only the log's repetition tells: each by its template, and what it was taken for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_words: Vec<String>,
}

/// What times of a diagnosis sort by. As texts they do not: without its `Z` a time is the beginning of a finer one.
pub fn order_of(time: &Option<String>) -> Option<&str> {
    time.as_deref().map(|time| time.trim_end_matches('Z'))
}
