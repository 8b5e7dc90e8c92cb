//! Two diagnoses side by side: what became better, what worse, what is new.
//!
//! `Comparison::of` is a pure function. Services are the same when their names are, causes and findings when their ids
//! are.

use crate::diagnosis::model::{Cause, Diagnosis, Finding, Service, State, Verdict};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

pub const SCHEMA: &str = "relapse.comparison/1";

/// What two diagnoses say of the same services. Members may be added, none is removed or renamed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub schema: String,
    /// Some service's verdict is worse than it was.
    pub worse: bool,
    /// Some root cause is there now that was not.
    pub new_cause: bool,
    /// Both sides were read whole.
    pub complete: bool,
    pub verdict: Change<Verdict>,
    /// The worst of now first, then by name.
    pub services: Vec<ServiceChange>,
}

/// A value before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Change<T> {
    pub before: T,
    pub after: T,
}

impl<T: PartialEq> Change<T> {
    pub fn is_change(&self) -> bool {
        self.before != self.after
    }
}

/// A service on both sides; what one side does not know of it is None there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceChange {
    pub service: String,
    pub verdict: Change<Option<Verdict>>,
    pub state: Change<Option<State>>,
    pub restarts: Change<Option<u64>>,
    /// The median from start to start, of the last incident that has one.
    pub interval_s: Change<Option<f64>>,
    /// Those that are new first, those that vanished last.
    pub causes: Vec<CauseChange>,
    /// Those that are new or vanished.
    pub findings: Vec<FindingChange>,
}

/// What became of a cause or a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    New,
    /// Other causes hid it for a time before, none does now.
    Unmasked,
    Remaining,
    Vanished,
}

impl Fate {
    pub fn word(self) -> &'static str {
        match self {
            Fate::New => "new",
            Fate::Unmasked => "unmasked",
            Fate::Remaining => "remaining",
            Fate::Vanished => "vanished",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CauseChange {
    pub id: String,
    pub title: String,
    pub role: String,
    pub fate: Fate,
    pub runs: Change<Option<u64>>,
    /// The largest share of an incident's failed runs.
    pub share: Change<Option<f64>>,
    /// Of a new root cause: the root causes that vanished. A run that they ended could not come so far.
    pub may_have_been_hidden_by: Vec<String>,
    pub fix: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingChange {
    pub id: String,
    pub text: String,
    pub fate: Fate,
    pub fix: String,
}

impl Comparison {
    pub fn of(before: &Diagnosis, after: &Diagnosis) -> Comparison {
        let (old, new) = (by_name(before), by_name(after));
        let names: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
        let mut services: Vec<ServiceChange> =
            names.into_iter().map(|name| service(name, old.get(name).copied(), new.get(name).copied())).collect();
        services.sort_by(|a, b| b.verdict.after.cmp(&a.verdict.after).then_with(|| a.service.cmp(&b.service)));
        Comparison {
            schema: SCHEMA.into(),
            worse: services.iter().any(ServiceChange::is_worse),
            new_cause: services.iter().flat_map(|service| &service.causes).any(CauseChange::is_new_root),
            complete: before.complete && after.complete,
            verdict: Change { before: before.verdict, after: after.verdict },
            services,
        }
    }
}

impl ServiceChange {
    /// A service that was not seen before was well, as far as anybody knows.
    pub fn is_worse(&self) -> bool {
        self.verdict.after.unwrap_or_default() > self.verdict.before.unwrap_or_default()
    }

    pub fn is_better(&self) -> bool {
        self.verdict.after.is_some_and(|after| after < self.verdict.before.unwrap_or_default())
    }

    /// Nothing about it that a person would call a change.
    pub fn is_same(&self) -> bool {
        !self.verdict.is_change()
            && !self.state.is_change()
            && !self.restarts.is_change()
            && !self.interval_s.is_change()
            && self.findings.is_empty()
            && self.causes.iter().all(|cause| cause.fate == Fate::Remaining && !cause.share.is_change())
    }
}

impl CauseChange {
    pub fn is_new_root(&self) -> bool {
        self.fate == Fate::New && self.role == "root"
    }
}

fn by_name(diagnosis: &Diagnosis) -> BTreeMap<&str, &Service> {
    diagnosis.services.iter().map(|service| (service.service.as_str(), service)).collect()
}

fn service(name: &str, before: Option<&Service>, after: Option<&Service>) -> ServiceChange {
    fn both<T>(sides: [Option<&Service>; 2], of: impl Fn(&Service) -> T) -> Change<Option<T>> {
        let [before, after] = sides.map(|side| side.map(&of));
        Change { before, after }
    }
    let sides = [before, after];
    let interval = |service: &Service| service.incidents.iter().rev().find_map(|incident| incident.interval_s);
    let [before_s, after_s] = sides.map(|side| side.and_then(interval).map(|interval| interval.median));
    ServiceChange {
        service: name.into(),
        verdict: both(sides, |service| service.verdict),
        state: both(sides, |service| service.state),
        restarts: both(sides, |service| service.restarts),
        interval_s: Change { before: before_s, after: after_s },
        causes: causes(sides.map(|side| side.map(known).unwrap_or_default())),
        findings: findings(sides.map(|side| side.map_or(&[][..], |service| &service.findings))),
    }
}

/// A cause over all incidents of a service.
#[derive(Debug)]
struct Known<'d> {
    /// Its latest appearance.
    cause: &'d Cause,
    runs: u64,
    share: f64,
    masked: bool,
    is_root: bool,
}

fn known(service: &Service) -> BTreeMap<&str, Known<'_>> {
    let mut all: BTreeMap<&str, Known> = BTreeMap::new();
    for cause in service.incidents.iter().flat_map(|incident| &incident.causes) {
        let known = all.entry(&cause.id).or_insert(Known { cause, runs: 0, share: 0.0, masked: false, is_root: false });
        known.cause = cause;
        known.runs = known.runs.saturating_add(cause.runs);
        known.share = known.share.max(cause.share);
        known.masked |= cause.masked;
        known.is_root |= cause.role == "root";
    }
    all
}

fn causes([before, after]: [BTreeMap<&str, Known<'_>>; 2]) -> Vec<CauseChange> {
    let ids: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let gone_roots: Vec<String> = before
        .iter()
        .filter(|(id, known)| known.is_root && !after.contains_key(**id))
        .map(|(id, _)| (*id).to_string())
        .collect();
    let mut changes: Vec<CauseChange> = Vec::new();
    for id in ids {
        let (old, new) = (before.get(id), after.get(id));
        let Some(latest) = new.or(old) else { continue };
        let fate = match (old, new) {
            (None, _) => Fate::New,
            (_, None) => Fate::Vanished,
            (Some(old), Some(new)) if old.masked && !new.masked => Fate::Unmasked,
            _ => Fate::Remaining,
        };
        let role = if latest.is_root { "root" } else { latest.cause.role.as_str() };
        let hidden = fate == Fate::New && role == "root";
        changes.push(CauseChange {
            id: id.into(),
            title: latest.cause.title.clone(),
            role: role.into(),
            fate,
            runs: Change { before: old.map(|known| known.runs), after: new.map(|known| known.runs) },
            share: Change { before: old.map(|known| known.share), after: new.map(|known| known.share) },
            may_have_been_hidden_by: if hidden { gone_roots.clone() } else { Vec::new() },
            fix: latest.cause.fix.clone(),
        });
    }
    changes.sort_by(|a, b| {
        let rank = |change: &CauseChange| (change.fate, change.role != "root");
        rank(a).cmp(&rank(b)).then_with(|| a.id.cmp(&b.id))
    });
    changes
}

fn findings([before, after]: [&[Finding]; 2]) -> Vec<FindingChange> {
    let change = |finding: &Finding, fate| FindingChange {
        id: finding.id.clone(),
        text: finding.text.clone(),
        fate,
        fix: finding.fix.clone(),
    };
    let lacks = |side: &[Finding], finding: &Finding| !side.iter().any(|known| known.id == finding.id);
    let new = after.iter().filter(|finding| lacks(before, finding)).map(|finding| change(finding, Fate::New));
    let gone = before.iter().filter(|finding| lacks(after, finding)).map(|finding| change(finding, Fate::Vanished));
    new.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::model::{self, Incident, Interval};

    fn cause(id: &str, role: &str, runs: u64, share: f64, masked: bool) -> Cause {
        Cause {
            id: id.into(),
            title: id.to_uppercase(),
            role: role.into(),
            phase: "init".into(),
            runs,
            share,
            first: None,
            last: None,
            masked,
            explains: Vec::new(),
            comes_of: None,
            confidence: 0.9,
            why: Vec::new(),
            meaning: String::new(),
            fix: format!("mend {id}"),
            template: None,
            evidence: Vec::new(),
        }
    }

    fn diagnosis(services: Vec<(&str, Verdict, Vec<Cause>)>) -> Diagnosis {
        let service = |(name, verdict, causes): (&str, Verdict, Vec<Cause>)| Service {
            service: name.into(),
            verdict,
            restarts: causes.iter().map(|cause| cause.runs).sum(),
            incidents: vec![Incident {
                interval_s: Some(Interval { median: 3.0, p5: 2.0, p95: 4.0 }),
                causes,
                ..Incident::default()
            }],
            ..Service::default()
        };
        Diagnosis {
            schema: model::SCHEMA.into(),
            verdict: services.iter().map(|service| service.1).max().unwrap_or_default(),
            complete: true,
            services: services.into_iter().map(service).collect(),
            inputs: Vec::new(),
            problems: Vec::new(),
        }
    }

    #[test]
    fn a_diagnosis_and_itself_are_the_same() {
        let one = diagnosis(vec![("web", Verdict::CrashLoop, vec![cause("a", "root", 3, 1.0, true)])]);
        let told = Comparison::of(&one, &one);
        assert!(!told.worse && !told.new_cause && told.services.iter().all(ServiceChange::is_same), "{told:?}");
        assert_eq!(told.services[0].causes[0].fate, Fate::Remaining);
    }

    #[test]
    fn every_fate() {
        let before = diagnosis(vec![(
            "web",
            Verdict::CrashLoop,
            vec![
                cause("gone", "root", 8, 0.8, false),
                cause("hidden", "root", 2, 0.2, true),
                cause("s", "symptom", 8, 0.8, false),
            ],
        )]);
        let after = diagnosis(vec![(
            "web",
            Verdict::Flapping,
            vec![
                cause("hidden", "root", 4, 1.0, false),
                cause("n", "root", 1, 0.1, false),
                cause("s", "symptom", 1, 0.8, false),
            ],
        )]);
        let told = Comparison::of(&before, &after);
        assert!(!told.worse && told.new_cause);
        let web = &told.services[0];
        let fates: Vec<(&str, Fate)> = web.causes.iter().map(|cause| (cause.id.as_str(), cause.fate)).collect();
        assert_eq!(
            fates,
            [("n", Fate::New), ("hidden", Fate::Unmasked), ("s", Fate::Remaining), ("gone", Fate::Vanished)]
        );
        assert_eq!(web.causes[0].may_have_been_hidden_by, ["gone"]);
        assert_eq!(web.causes[1].share, Change { before: Some(0.2), after: Some(1.0) });
        assert!(web.is_better() && !web.is_worse());
    }

    #[test]
    fn services_come_and_go() {
        let before = diagnosis(vec![("old", Verdict::CrashLoop, Vec::new())]);
        let after = diagnosis(vec![("new", Verdict::Degraded, Vec::new())]);
        let told = Comparison::of(&before, &after);
        let names: Vec<&str> = told.services.iter().map(|service| service.service.as_str()).collect();
        assert_eq!(names, ["new", "old"]);
        assert!(told.worse, "what was never seen before was well");
        assert!(!told.services[1].is_better(), "what is seen no more is not known to be well");
    }
}
