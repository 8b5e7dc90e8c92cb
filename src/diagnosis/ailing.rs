//! A last run that did not fail: it goes on, or somebody stopped it, and yet something in it was wrong until then.

use super::case::Case;
use super::causes;
use super::model::{Incident, Verdict};
use super::runs::{FaultSeen, Run};
use crate::evidence::Id;
use crate::grammar::Time;
use crate::signature::Role;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The last run, up to the moment until which it can be judged.
pub struct Ailing<'r, 'e> {
    pub run: Cow<'r, Run<'e>>,
    /// When it was asked to stop, else the time of the last line.
    pub until: Time,
}

impl<'r, 'e> Ailing<'r, 'e> {
    pub fn of(case: &Case<'r, 'e>) -> Option<Ailing<'r, 'e>> {
        let run = case.chronicle.runs.last().filter(|_| case.ends.last().is_some_and(|end| !end.is_unplanned()))?;
        let until = run.stop.and_then(|stop| stop.time).or(case.last_line())?;
        Some(Ailing { run: Cow::Borrowed(run), until })
    }

    /// What fails without anybody telling of its life, a worker of a service or a service whose start is not in these
    /// logs: all that is known of it is one run.
    pub fn unseen(case: &Case<'r, 'e>) -> Option<Ailing<'r, 'e>> {
        let run = Run { faults: case.chronicle.loose.clone(), ..Run::default() };
        case.chronicle.runs.is_empty().then_some(Ailing { run: Cow::Owned(run), until: case.last_line()? })
    }

    /// The root of these faults of it, and the incident that it is; how sure that is and why, others say.
    pub fn incident(
        &self,
        case: &Case,
        faults: Vec<FaultSeen>,
        background: &BTreeSet<Id>,
        (confidence, why): (f64, impl Fn(Id) -> String),
    ) -> Option<Incident> {
        let root = causes::judge(&Run { faults, ..Run::clone(&self.run) }, &case.known(background)).root?;
        let last = case.chronicle.runs.len().checked_sub(1);
        let mut cause = case.cause(root, Role::Root, last.as_slice(), 1)?;
        cause.why = vec![why(root)];
        cause.confidence = confidence;
        Some(Incident {
            verdict: Verdict::Degraded,
            first: self.run.began().map(Time::rfc3339),
            last: Some(self.until.rfc3339()),
            ongoing: !self.run.is_over(),
            runs: last.iter().len() as u64,
            ready_runs: u64::from(self.run.is_ready()),
            causes: vec![cause],
            ..Incident::default()
        })
    }
}
