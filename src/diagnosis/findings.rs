//! What is worth a word beside the causes: the state at the end, and what hides the answer.

use super::case::Case;
use super::ends::{End, Stopper};
use super::evidence_lines::Lines;
use super::faults::Faults;
use super::model::{Finding, Incident, State, Verdict, order_of};
use super::runs::{Chronicle, Point, Run};
use super::stuck;
use super::turns::Turns;
use crate::evidence::Id;
use crate::grammar::{SECOND, Time};
use std::collections::BTreeMap;

/// What the service is at the end of the evidence.
pub fn state(chronicle: &Chronicle, ends: &[End]) -> State {
    match (chronicle.runs.last(), ends.last()) {
        (Some(run), Some(End::Open)) if run.is_ready() => State::Ready,
        (Some(_), Some(End::Open)) => State::Running,
        (Some(run), Some(end)) => {
            let after_end = |time: Option<Time>| time.is_none() || run.ended().is_none() || time >= run.began();
            let gave_up = run.gave_up || chronicle.gave_up.iter().any(|point| after_end(point.time));
            if gave_up && *end != End::Open { State::GaveUp } else { State::Down }
        }
        _ if !chronicle.refused.is_empty() || !chronicle.looping.is_empty() => State::Down,
        _ => State::Unknown,
    }
}

/// Whether there is an error that an application wrote; a manager's word alone is none.
pub fn has_errors(faults: &Faults) -> bool {
    faults.iter().any(|(_, fault)| fault.is_error())
}

/// The most frequent errors of a service whose life nobody tells, with their counts.
fn frequent(chronicle: &Chronicle, faults: &Faults) -> String {
    let mut counts: BTreeMap<Id, u64> = BTreeMap::new();
    for seen in &chronicle.loose {
        *counts.entry(seen.fault).or_default() += u64::from(seen.count);
    }
    let mut known: Vec<(u64, &str)> = counts
        .iter()
        .filter_map(|(id, count)| {
            let fault = faults.get(*id).filter(|fault| fault.is_error())?;
            Some((*count, fault.template.unwrap_or(&fault.id)))
        })
        .collect();
    known.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let shown: Vec<String> = known.iter().take(3).map(|(count, text)| format!("{text} ({})", often(*count))).collect();
    shown.join("; ")
}

/// What a program wrote last before the latest failed end that has any such line: no reason, but a place to look.
fn last_words(chronicle: &Chronicle, ends: &[End], lines: &Lines) -> Option<String> {
    let words_at = |point: Option<Point>| Some(point?.last_words).filter(|words| *words != 0);
    let runs = &chronicle.runs;
    let words = (0..runs.len())
        .rev()
        .filter(|&at| ends[at].is_unplanned())
        .find_map(|at| words_at(runs[at].exit).or_else(|| words_at(runs.get(at + 1)?.start)))?;
    let line = lines.of(&[words], (None, None), 1).pop()?;
    Some(format!(" The last words of one are at {}:{}: {}", line.path, line.line, line.text))
}

fn often(count: u64) -> String {
    if count == 1 { "once".into() } else { format!("{count} times") }
}

/// In an incident that goes on: the newest root, and those that were last seen before its first time.
fn hidden(incidents: &[Incident]) -> Option<(&str, Vec<String>)> {
    let incident = incidents.last().filter(|incident| incident.ongoing && incident.ready_runs == 0)?;
    let roots = || incident.causes.iter().filter(|cause| cause.role == "root");
    let newest = roots().max_by_key(|cause| (order_of(&cause.last), order_of(&cause.first)))?;
    let begun = order_of(&newest.first)?;
    let before = roots().filter(|cause| order_of(&cause.last).is_some_and(|last| last < begun));
    let hidden: Vec<String> = before.map(|cause| format!("{} ({})", cause.title, cause.id)).collect();
    (!hidden.is_empty()).then_some((newest.title.as_str(), hidden))
}

pub fn findings(
    case: &Case,
    state: State,
    incidents: &[Incident],
    turns: &[Turns],
    last: Option<Time>,
) -> Vec<Finding> {
    let Case { chronicle, ends, faults, lines, .. } = *case;
    let mut findings = Vec::new();
    let mut add = |id: &str, text: String, fix: &str| findings.push(Finding { id: id.into(), text, fix: fix.into() });
    if chronicle.runs.is_empty() && chronicle.refused.is_empty() && chronicle.looping.is_empty() {
        add(
            "no-lifecycle",
            format!(
                "No start, stop or exit of it is in these logs. Its most frequent errors: {}.",
                frequent(chronicle, faults)
            ),
            "Add the service manager's log, so that its restarts can be seen.",
        );
    }
    if state == State::GaveUp {
        add(
            "gave-up",
            "The service manager stopped trying; nothing starts the service any more.".into(),
            "Mend the cause, then start the service by hand.",
        );
    }
    let planned_end = matches!(ends.last(), Some(End::Planned(_)));
    if state == State::Down && !planned_end && !chronicle.runs.is_empty() {
        let ended = chronicle.runs.last().and_then(|run| run.ended());
        let since = ended.map(|time| format!(" at {}", time.rfc3339())).unwrap_or_default();
        add(
            "down",
            format!("The last run ended{since} and no start follows in these logs."),
            "Check that the service manager still holds the job, and start it once the cause is mended.",
        );
    }
    if !chronicle.refused.is_empty() && chronicle.runs.is_empty() {
        add(
            "never-started",
            "The service manager refused the job; no process of it ever ran.".into(),
            "Mend what the refusal names; restarting changes nothing.",
        );
    }
    if let Some((_, waits)) = stuck::waiting(chronicle, last) {
        let says_why = |incident: &Incident| {
            incident.ongoing && incident.verdict == Verdict::Degraded && !incident.causes.is_empty()
        };
        let rest = if incidents.last().is_some_and(says_why) { "" } else { "; its process says nothing about that" };
        let minutes = waits / (60 * SECOND);
        add(
            "alive-never-ready",
            format!("The last run is alive for {minutes} min and never became ready{rest}."),
            "Read its log from the start of that run; restart it after the cause is mended.",
        );
    }
    if let Some((blocker, hidden)) = hidden(incidents) {
        add(
            "next-to-appear",
            format!(
                "Once \"{blocker}\" is mended, look for {}: seen before it and not since, and no run has become ready since, so it may only be hidden.",
                hidden.join("; ")
            ),
            "Mend what stops it now first, then these in the order in which they stop a start; restart after each and look which one is left.",
        );
    }
    for Turns { causes: [first, second], times } in turns {
        add(
            "taking-turns",
            format!(
                "\"{first}\" and \"{second}\" follow each other, {times} times: what the end of one run leaves behind may be what the next one dies of."
            ),
            "Look for what is left behind (a lock, a held port, a half-written file); mend its cause, then clear it away.",
        );
    }
    let asked = |(run, end): &(&Run, &End)| **end == End::Unplanned(Stopper::Unknown) && run.stop.is_some();
    let nobody = chronicle.runs.iter().zip(ends).filter(asked).count();
    if nobody >= 2 && incidents.iter().any(|incident| incident.stopped_by.contains_key("unknown")) {
        add(
            "unknown-stopper",
            format!(
                "{nobody} runs were told to stop by nobody whom these logs name: no operator, no updater, no change of files, no probe, no watchdog, no out-of-memory kill."
            ),
            "Look for a second supervisor, a cron job or a script that stops it: audit logs, and the process that sends the signal.",
        );
    }
    if !incidents.is_empty() && !chronicle.has_application && !chronicle.runs.is_empty() {
        add("no-application-log", "Only the service manager's lines are here; the program's own words are missing, so the reason of its ends cannot be seen.".into(), "Add the program's log; check where the manager sends its standard error.");
    }
    if let Some(gap) = chronicle.gaps.first() {
        let when = gap.time.map(Time::rfc3339).unwrap_or_default();
        add(
            "messages-dropped",
            format!(
                "Messages were dropped {} times, first at {when}; counts across these gaps are lower bounds.",
                chronicle.gaps.len()
            ),
            "Raise the logger's rate limit.",
        );
    }
    let unexplained: u64 = incidents
        .iter()
        .flat_map(|incident| &incident.clusters)
        .filter(|cluster| cluster.causes.is_empty())
        .map(|cluster| cluster.runs)
        .sum();
    if unexplained > 0 && chronicle.has_application {
        add(
            "unexplained-ends",
            format!(
                "{unexplained} failed {} left no error before the end.{}",
                if unexplained == 1 { "run" } else { "runs" },
                last_words(chronicle, ends, lines).unwrap_or_default()
            ),
            "Look for the kernel's out-of-memory lines, a killer of processes, or standard error that goes nowhere.",
        );
    }
    findings
}
