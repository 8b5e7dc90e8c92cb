//! From evidence to what it means: services, runs, incidents, causes, verdict.
//!
//! `Diagnosis::of` is a pure function of the evidence and of what the signatures know. It opens no source and has no
//! clock. Everything that is reported is in the value it gives.

mod ailing;
mod aspects;
mod case;
mod causes;
mod clean_exits;
mod clocks;
mod ends;
mod evidence_lines;
mod faults;
mod findings;
mod gave_up;
mod incidents;
mod inputs;
mod joiner;
mod kernel;
mod labels;
mod leader;
mod lost_parts;
pub mod model;
mod naming;
mod neighbours;
mod node;
mod own_changes;
mod pace;
mod part;
mod precedence;
mod readiness;
mod reconcile;
mod recurring;
mod refused;
mod restarts;
mod rhythm;
mod roots;
mod rotation;
mod runs;
mod services;
mod sightings;
mod signals;
mod silent_ends;
mod skew;
mod steps;
mod story;
mod stuck;
mod teller;
mod timeline;
mod turns;
mod watchdog_stops;

pub use model::{Diagnosis, State, Verdict};
pub use naming::NoSuchCause;

use crate::evidence::Evidence;
use crate::grammar::Time;
use crate::signature::Pack;
use ends::End;
use evidence_lines::Lines;
use faults::Faults;
use model::Service;
use runs::Chronicle;
use services::Cast;
use story::Story;

/// What is asked of a diagnosis beyond the evidence.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Only services whose name holds one of these; empty for all.
    pub services: Vec<String>,
    /// What is left out of the reasoning, to measure what it adds.
    pub without: Without,
}

/// A part of the reasoning over causes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Without {
    /// All of it is used.
    #[default]
    Nothing,
    /// What comes before what: in a run, in a trace, over all runs.
    Precedence,
    /// What signatures know of roles and of what explains what.
    Priors,
    /// What good runs have, too, and what runs outlive.
    Sufficiency,
    /// Errors that no signature knows, grouped by template.
    Templates,
}

impl Question {
    pub fn asks_for(&self, service: &str) -> bool {
        let holds = |wanted: &String| service.to_lowercase().contains(&wanted.to_lowercase());
        self.services.is_empty() || self.services.iter().any(holds)
    }
}

impl Diagnosis {
    pub fn of(evidence: &Evidence, pack: &Pack, question: &Question) -> Diagnosis {
        let twins = rotation::twins(evidence);
        let mut stories = story::stories(&rotation::logs(evidence, &twins));
        let mut casts = services::cast(&mut stories);
        casts.iter_mut().for_each(skew::settle);
        let mut chronicles: Vec<Chronicle> = casts.iter().map(|cast| reconcile::chronicle(&stories, cast)).collect();
        kernel::lend(&stories, &mut casts, &mut chronicles);
        casts.iter_mut().flat_map(|cast| &mut cast.parts).for_each(|part| part.events = Vec::new());
        let mut services: Vec<Service> = casts
            .iter()
            .zip(chronicles)
            .filter(|(cast, _)| question.asks_for(&cast.name))
            .filter_map(|(cast, chronicle)| service(&stories, cast, &chronicle, pack, question.without))
            .collect();
        neighbours::settle(&mut services);
        // Of those that fail alike, the ones that another's failure brought down come last.
        let suffers = |service: &Service| {
            service.incidents.iter().flat_map(|incident| &incident.causes).any(|cause| cause.comes_of.is_some())
        };
        services.sort_by(|a, b| {
            let by_cause = || suffers(a).cmp(&suffers(b));
            b.verdict.cmp(&a.verdict).then_with(by_cause).then_with(|| a.service.cmp(&b.service))
        });
        let complete = !evidence.all_problems().any(|problem| problem.fault)
            && evidence.streams.values().all(|stream| stream.holes().is_empty());
        Diagnosis {
            schema: model::SCHEMA.into(),
            verdict: services.iter().map(|service| service.verdict).max().unwrap_or_default(),
            complete,
            services,
            inputs: inputs::inputs(evidence, &twins, &stories),
            problems: evidence.all_problems().map(ToString::to_string).collect(),
        }
    }
}

/// One service's part; None for lines of a program that tells nothing of its life and fails at nothing.
fn service(stories: &[Story], cast: &Cast, chronicle: &Chronicle, pack: &Pack, without: Without) -> Option<Service> {
    let lifeless = chronicle.runs.is_empty() && chronicle.refused.is_empty() && chronicle.looping.is_empty();
    if lifeless && chronicle.loose.is_empty() {
        return None;
    }
    let parts: Vec<usize> = cast.parts.iter().map(|part| part.story).collect();
    let seen = chronicle.runs.iter().flat_map(|run| &run.faults).chain(&chronicle.loose).copied();
    let faults = Faults::of(stories, cast, seen, pack, without);
    let (ends, sightings) = rayon::join(
        || {
            ends::ends(
                stories,
                &parts,
                chronicle,
                |run| faults.trouble(run),
                |run| faults.omens(run),
                |run| faults.any_of(run, &ends::PORT_CLEARERS),
            )
        },
        || sightings::Sightings::of(&chronicle.runs),
    );
    if lifeless && !findings::has_errors(&faults) {
        return None;
    }
    let lines = Lines::of_cast(stories, cast);
    let aspects = aspects::Aspects { stories, cast };
    let good = chronicle.runs.iter().zip(&ends).filter(|(run, end)| run.is_ready() && !end.is_unplanned()).count();
    let case = case::Case { chronicle, ends: &ends, faults: &faults, lines: &lines, aspects, sightings, good, without };
    let (incidents, turns) = incidents::incidents(&case);
    let state = findings::state(chronicle, &ends);
    let last = parts.iter().filter_map(|&part| stories[part].last_time()).max();
    let first = parts.iter().filter_map(|&part| stories[part].first_time()).min();
    let (signals, escalation) = signals::signals(stories, cast, chronicle, &faults, &incidents);
    let in_process = chronicle.runs.iter().filter(|run| run.in_process).count();
    Some(Service {
        service: cast.name.clone(),
        verdict: incidents.iter().map(|incident| incident.verdict).max().unwrap_or_default(),
        state,
        escalation,
        signals,
        manager: cast.manager.clone(),
        first: first.map(Time::rfc3339),
        last: last.map(Time::rfc3339),
        runs: chronicle.runs.len() as u64,
        restarts: restarts::count(chronicle),
        restarts_over_time: restarts::over_time(chronicle),
        in_process_restarts: in_process as u64,
        planned_restarts: ends
            .iter()
            .zip(chronicle.runs.iter().skip(1))
            .filter(|(end, next)| matches!(end, End::Planned(_)) && !next.in_process)
            .count() as u64,
        ready_runs: chronicle.runs.iter().filter(|run| run.is_ready()).count() as u64,
        findings: findings::findings(&case, state, &incidents, &turns, last),
        timeline: timeline::timeline(chronicle, &ends, &incidents),
        incidents,
    })
}
