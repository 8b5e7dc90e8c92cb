//! Whether somebody is to look: from one diagnosis after the other to alarms that neither flap nor fall silent.
//!
//! A diagnosis tells of all that was ever seen; an alarm is about now. It fires when a service fails again and again, when
//! its manager gave up, or when more warning signals come together than before. It is over once a run has been ready for
//! the quiet time; a failure before that starts the wait anew, and is the same incident.

use super::alert::Turn;
use super::picture::{Alarm, Status};
use crate::diagnosis::model::{Escalation, Incident, Service, State};
use crate::diagnosis::{Diagnosis, Verdict};
use crate::report::shown::ns_of;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A service of which nobody ever said that it is ready must be alive for so many quiet times.
const UNSURE: i64 = 3;

/// The alarms of all services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarms {
    /// Nanoseconds.
    quiet: i64,
    known: BTreeMap<String, Known>,
}

/// What is remembered of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    alarm: Alarm,
    /// Nanoseconds since 1970, by the clock on the wall.
    since_ns: i64,
    /// The latest moment at which it failed, or was first seen to be up.
    troubled_ns: i64,
    /// Runs that there were then.
    runs: u64,
    /// The highest escalation that an alarm was raised for.
    answered: Escalation,
    /// When the incident that fires began, by the clock on the wall: its name.
    incident_ns: i64,
}

/// A change of a service's alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub service: String,
    pub turn: Turn,
    /// The same for both turns of an incident.
    pub incident_ns: i64,
}

impl Alarms {
    /// `quiet` in nanoseconds.
    pub fn new(quiet: i64) -> Alarms {
        Alarms { quiet, known: BTreeMap::new() }
    }

    /// Takes over what another process knew.
    pub fn resume(&mut self, before: Alarms) {
        self.known = before.known;
    }

    pub fn is_any_firing(&self) -> bool {
        self.known.values().any(|known| known.alarm != Alarm::Calm)
    }

    /// When time alone may change something next, in nanoseconds since 1970.
    pub fn next_change(&self) -> Option<i64> {
        let settling = self.known.values().filter(|known| known.alarm == Alarm::Settling);
        settling.map(|known| known.troubled_ns.saturating_add(self.quiet)).min()
    }

    /// Looks at a diagnosis at a moment: what each service's status is now, and which alarms changed.
    pub fn look(&mut self, diagnosis: &Diagnosis, now_ns: i64) -> (Vec<Status>, Vec<Change>) {
        let mut changes = Vec::new();
        let statuses = diagnosis.services.iter().map(|service| {
            let is_new = !self.known.contains_key(&service.service);
            let known = self.known.entry(service.service.clone()).or_default();
            if is_new {
                known.since_ns = now_ns;
            }
            if let Some(turn) = known.look(service, now_ns, self.quiet) {
                let incident_ns = known.incident_ns;
                changes.push(Change { service: service.service.clone(), turn, incident_ns });
            }
            status(service, known)
        });
        (statuses.collect(), changes)
    }
}

impl Known {
    fn look(&mut self, service: &Service, now_ns: i64, quiet: i64) -> Option<Turn> {
        let failing = service.incidents.last().is_some_and(is_loop) || service.state == State::GaveUp;
        let is_over = service.state == State::Ready && up_by_the_log(service).is_some_and(|up| up >= quiet);
        let louder = service.escalation > self.answered && !is_over;
        let is_up = match service.state {
            State::Ready => true,
            State::Running => service.ready_runs == 0,
            State::Down | State::GaveUp | State::Unknown => false,
        };
        if failing || !is_up || service.runs != self.runs {
            self.troubled_ns = now_ns;
            self.runs = service.runs;
        }
        self.answered = self.answered.max(service.escalation);
        match self.alarm {
            Alarm::Calm if failing || louder => {
                (self.alarm, self.since_ns, self.incident_ns) = (Alarm::Firing, now_ns, now_ns);
                self.troubled_ns = now_ns;
                Some(Turn::Firing)
            }
            Alarm::Calm => None,
            Alarm::Firing | Alarm::Settling if failing || !is_up => {
                if self.alarm == Alarm::Settling {
                    (self.alarm, self.since_ns) = (Alarm::Firing, now_ns);
                }
                None
            }
            Alarm::Firing | Alarm::Settling => {
                if self.alarm == Alarm::Firing {
                    (self.alarm, self.since_ns) = (Alarm::Settling, now_ns);
                }
                let wanted = if service.state == State::Ready { quiet } else { quiet.saturating_mul(UNSURE) };
                let has_been = (now_ns - self.troubled_ns).max(up_by_the_log(service).unwrap_or(0));
                if has_been < wanted {
                    return None;
                }
                (self.alarm, self.since_ns) = (Alarm::Calm, now_ns);
                Some(Turn::Resolved)
            }
        }
    }
}

/// A loop that goes on.
fn is_loop(incident: &Incident) -> bool {
    incident.ongoing && incident.verdict >= Verdict::Flapping
}

/// How long a service has been up since it last failed, by the times in its log: it may be an old one. From when it was
/// ready again, where that is told: its manager may have waited long before it started it.
fn up_by_the_log(service: &Service) -> Option<i64> {
    let failed = ns_of(service.incidents.last()?.last.as_deref()?)?;
    let recovered = service.timeline.iter().rfind(|moment| moment.kind == "recovered");
    let up = match recovered {
        Some(moment) => ns_of(moment.time.as_deref()?)?.max(failed),
        None => failed,
    };
    Some(ns_of(service.last.as_deref()?)? - up)
}

fn status(service: &Service, known: &Known) -> Status {
    Status {
        service: service.service.clone(),
        verdict: service.verdict,
        state: service.state,
        escalation: service.escalation,
        signals: service.signals.clone(),
        alarm: known.alarm,
        since_ns: known.since_ns,
        runs: service.runs,
        restarts: service.restarts,
        ready_runs: service.ready_runs,
    }
}
