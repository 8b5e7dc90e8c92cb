//! What was before the eras that are in memory, as counts: so that totals stay exact for ever.
//!
//! When evidence is laid down, it is diagnosed once with and once without what goes. The difference is what the counts
//! grow by. So no run is counted twice or lost, however the cut divides a run.

use crate::diagnosis::model::{Cause, Escalation, Incident, Service};
use crate::diagnosis::{Diagnosis, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Incidents of the past that are kept with all they tell; the ones before are counts alone.
const MAX_INCIDENTS: usize = 20;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    services: BTreeMap<String, Before>,
}

/// Of one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Before {
    verdict: Verdict,
    escalation: Escalation,
    signals: BTreeSet<String>,
    first: Option<String>,
    runs: u64,
    restarts: u64,
    in_process_restarts: u64,
    planned_restarts: u64,
    ready_runs: u64,
    /// Of the incident that went on at the cut.
    goes_on: Option<GoesOn>,
    /// Those that were over.
    incidents: Vec<Incident>,
}

/// What an incident had before the cut.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct GoesOn {
    first: Option<String>,
    runs: u64,
    restarts: u64,
    ready_runs: u64,
    /// How many runs each cause had, with the cause as it was told then.
    causes: BTreeMap<String, (u64, Option<Cause>)>,
}

impl Past {
    /// Takes over what a diagnosis of less evidence lacks.
    pub fn lay_down(&mut self, whole: &Diagnosis, rest: &Diagnosis) {
        for service in &whole.services {
            let left = rest.services.iter().find(|other| other.service == service.service);
            self.services.entry(service.service.clone()).or_default().lay_down(service, left);
        }
    }

    /// The diagnosis of what is in memory, with what was before.
    pub fn and(&self, mut diagnosis: Diagnosis) -> Diagnosis {
        for service in &mut diagnosis.services {
            if let Some(before) = self.services.get(&service.service) {
                before.add_to(service);
            }
        }
        for (name, before) in &self.services {
            if !diagnosis.services.iter().any(|service| service.service == *name) {
                let mut service = Service { service: name.clone(), ..Service::default() };
                before.add_to(&mut service);
                diagnosis.services.push(service);
            }
        }
        diagnosis.services.sort_by(|a, b| b.verdict.cmp(&a.verdict).then_with(|| a.service.cmp(&b.service)));
        diagnosis.verdict = diagnosis.services.iter().map(|service| service.verdict).max().unwrap_or_default();
        diagnosis
    }
}

impl Before {
    fn lay_down(&mut self, whole: &Service, rest: Option<&Service>) {
        let none = Service::default();
        let rest = rest.unwrap_or(&none);
        self.verdict = self.verdict.max(whole.verdict);
        self.escalation = self.escalation.max(whole.escalation);
        self.signals.extend(whole.signals.iter().cloned());
        self.first = self.first.take().or_else(|| whole.first.clone());
        self.runs += whole.runs.saturating_sub(rest.runs);
        self.restarts += whole.restarts.saturating_sub(rest.restarts);
        self.in_process_restarts += whole.in_process_restarts.saturating_sub(rest.in_process_restarts);
        self.planned_restarts += whole.planned_restarts.saturating_sub(rest.planned_restarts);
        self.ready_runs += whole.ready_runs.saturating_sub(rest.ready_runs);
        // Incidents are told apart by how many of them the rest has: it lacks the first ones.
        let lacking = whole.incidents.len().saturating_sub(rest.incidents.len());
        for (at, incident) in whole.incidents.iter().enumerate().take(lacking + 1) {
            let left = at.checked_sub(lacking).and_then(|at| rest.incidents.get(at));
            let before = self.goes_on.take().filter(|_| at == 0).unwrap_or_default();
            let goes_on = before.with(incident, left);
            match left {
                Some(_) => self.goes_on = Some(goes_on),
                None => self.incidents.push(goes_on.added_to(incident.clone())),
            }
        }
        let surplus = self.incidents.len().saturating_sub(MAX_INCIDENTS);
        self.incidents.drain(..surplus);
    }

    fn add_to(&self, service: &mut Service) {
        service.verdict = service.verdict.max(self.verdict);
        let signals: BTreeSet<String> = service.signals.drain(..).chain(self.signals.iter().cloned()).collect();
        service.escalation = service.escalation.max(self.escalation).max(Escalation::of(signals.len()));
        service.signals = signals.into_iter().collect();
        service.first = self.first.clone().or(service.first.take());
        service.runs += self.runs;
        service.restarts += self.restarts;
        service.in_process_restarts += self.in_process_restarts;
        service.planned_restarts += self.planned_restarts;
        service.ready_runs += self.ready_runs;
        if let (Some(goes_on), Some(incident)) = (&self.goes_on, service.incidents.first_mut()) {
            *incident = goes_on.clone().added_to(std::mem::take(incident));
        }
        service.incidents.splice(..0, self.incidents.iter().cloned());
    }
}

impl GoesOn {
    /// With what an incident had that is laid down: all of it, or all but what is left.
    fn with(mut self, incident: &Incident, left: Option<&Incident>) -> GoesOn {
        let (runs, restarts, ready) = left.map_or((0, 0, 0), |left| (left.runs, left.restarts, left.ready_runs));
        self.first = self.first.or_else(|| incident.first.clone());
        if left.is_some() {
            self.runs += incident.runs.saturating_sub(runs);
            self.restarts += incident.restarts.saturating_sub(restarts);
            self.ready_runs += incident.ready_runs.saturating_sub(ready);
            for cause in &incident.causes {
                let same = |other: &&Cause| other.id == cause.id && other.role == cause.role;
                let left = left.and_then(|left| left.causes.iter().find(same));
                let known = self.causes.entry(format!("{}\0{}", cause.id, cause.role)).or_default();
                known.0 += cause.runs.saturating_sub(left.map_or(0, |left| left.runs));
                known.1.get_or_insert_with(|| cause.clone());
            }
        }
        self
    }

    fn added_to(self, mut incident: Incident) -> Incident {
        incident.first = self.first.or(incident.first);
        incident.runs += self.runs;
        incident.restarts += self.restarts;
        incident.ready_runs += self.ready_runs;
        for (runs, known) in self.causes.into_values() {
            let Some(known) = known else { continue };
            let same = |cause: &&mut Cause| cause.id == known.id && cause.role == known.role;
            match incident.causes.iter_mut().find(same) {
                Some(cause) => {
                    cause.runs += runs;
                    cause.first = known.first;
                }
                None => incident.causes.push(Cause { runs, ..known }),
            }
        }
        let failed = incident.runs.max(1) as f64;
        for cause in &mut incident.causes {
            cause.share = (cause.runs as f64 / failed).min(1.0);
        }
        incident.causes.sort_by_key(|cause| (cause.role != "root", std::cmp::Reverse(cause.runs)));
        incident
    }
}
