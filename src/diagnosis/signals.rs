//! Warning signals, and how loudly they call.

use super::faults::Faults;
use super::model::{Escalation, Incident, Verdict};
use super::runs::Chronicle;
use super::services::Cast;
use super::story::Story;
use crate::signature::Signal;
use std::collections::BTreeSet;

/// Unfinished session files: over this many is a signal, over `MANY_FILES` a loud one.
const SOME_FILES: usize = 10;
const MANY_FILES: usize = 50;

/// The signals of a service, and the escalation that follows.
pub fn signals(
    stories: &[Story],
    cast: &Cast,
    chronicle: &Chronicle,
    faults: &Faults,
    incidents: &[Incident],
) -> (Vec<String>, Escalation) {
    let mut raised: BTreeSet<&'static str> = BTreeSet::new();
    for (_, fault) in faults.iter() {
        match fault.signature.and_then(|signature| signature.signal) {
            Some(Signal::SqliteCantopen) => raised.insert("sqlite-cantopen"),
            Some(Signal::Bootstrap125) => raised.insert("bootstrap-125"),
            Some(Signal::HookReference) => raised.insert("hook-reference"),
            // Counted below.
            Some(Signal::SessionFiles) | None => false,
        };
    }
    if incidents.iter().any(|incident| incident.verdict >= Verdict::Flapping && incident.restarts > 0) {
        raised.insert("restarting");
    }
    let files = session_files(stories, cast, chronicle, faults);
    if files > SOME_FILES {
        raised.insert("session-files");
    }
    let loud = if files > MANY_FILES { Escalation::Investigate } else { Escalation::None };
    let escalation = Escalation::of(raised.len()).max(loud);
    (raised.into_iter().map(Into::into).collect(), escalation)
}

/// Unfinished session files: those that a listing shows, or the largest number that a line tells.
pub fn session_files(stories: &[Story], cast: &Cast, chronicle: &Chronicle, faults: &Faults) -> usize {
    let told = faults
        .iter()
        .filter(|(_, fault)| fault.signature.and_then(|signature| signature.signal) == Some(Signal::SessionFiles))
        .flat_map(|(id, _)| cast.parts.iter().flat_map(move |part| stories[part.story].samples(id)))
        .filter_map(|line| count_in(&line.sample.text))
        .max();
    chronicle.session_files.max(told.unwrap_or(0))
}

/// The number after "found", as in "found 12 unfinished session files".
fn count_in(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let after = &lower[lower.find("found ")? + 6..];
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
