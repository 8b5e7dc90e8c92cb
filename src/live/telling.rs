//! From lines that were just scanned to the events that they are.

use super::event::Event;
use super::growing::{Fresh, Growing};
use crate::evidence::{self, Class, Fault, FaultKind, Id, Sample, Segment, unknown_name};
use crate::grammar::{Clock, MarkKind, Time};
use crate::scan::Scanner;

/// The events of some lines of a stream, in its order.
pub fn events(fresh: &Fresh, growing: &Growing, path: &str, scanner: &Scanner, clock: &Clock) -> Vec<Event> {
    let segment = &fresh.segment;
    let text = |fault: Option<&Fault>, offset: u64| match fault.and_then(|fault| sample_at(fault, offset)) {
        Some(sample) => sample.text.clone(),
        // Of a fault only some lines are kept.
        None => scanner.shown(growing.line_at(offset), clock),
    };
    let told = segment.ledger.events().filter_map(|event| match event {
        evidence::Event::Mark(mark) => {
            let named = segment.strings.get(&mark.told.service).cloned().filter(|name| !name.is_empty());
            Some((
                mark.offset,
                Event {
                    service: named.or_else(|| service_of(segment, mark.told.actor)),
                    text: text(segment.faults.get(&mark.told.words), mark.offset),
                    ..plain(path, word(mark.told.kind), mark.time)
                },
            ))
        }
        evidence::Event::Fold(key, fold) => {
            let fault = segment.faults.get(&key.fault)?;
            let (what, id) = fault_word(&fault.kind, key.fault)?;
            let title = scanner.pack.get(&id).map(|signature| signature.title.clone());
            Some((
                fold.first_offset,
                Event {
                    service: service_of(segment, key.actor),
                    id: Some(id),
                    title,
                    count: fold.count,
                    text: text(Some(fault), fold.first_offset),
                    ..plain(path, what, fold.first)
                },
            ))
        }
    });
    let mut told: Vec<(u64, Event)> = told.collect();
    told.sort_by_key(|(offset, _)| *offset);
    // Lines are counted once, along with the events.
    let begins_in_line = u64::from(!growing.is_line_start(fresh.from));
    let (mut place, mut line) = (fresh.from, fresh.lines_before + 1 - begins_in_line.min(fresh.lines_before));
    for (offset, event) in &mut told {
        if *offset >= place {
            line += growing.line_ends(place..*offset);
            place = *offset;
            event.line = line;
        } else {
            // A part of a cut line tells of the line that it belongs to.
            event.line = line.saturating_sub(growing.line_ends(*offset..place));
        }
    }
    told.into_iter().map(|(_, event)| event).collect()
}

fn plain(path: &str, what: &'static str, time: Option<Time>) -> Event {
    Event {
        kind: "event",
        what,
        time: time.map(Time::rfc3339),
        service: None,
        path: path.into(),
        line: 0,
        id: None,
        title: None,
        count: 1,
        text: String::new(),
    }
}

fn sample_at(fault: &Fault, offset: u64) -> Option<&Sample> {
    fault.first.iter().chain(&fault.last).find(|sample| sample.offset == offset)
}

fn service_of(segment: &Segment, actor: Id) -> Option<String> {
    let actor = segment.actors.get(&actor)?;
    [&actor.service, &actor.ident, &actor.program].into_iter().find(|name| !name.is_empty()).cloned()
}

/// What a step of a life is called in an event.
fn word(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Start => "start",
        MarkKind::Progress => "progress",
        MarkKind::Alive => "alive",
        MarkKind::Done => "done",
        MarkKind::Ready | MarkKind::Hint => "ready",
        MarkKind::Stop => "stop",
        MarkKind::Exit => "exit",
        MarkKind::Fatal => "last-words",
        MarkKind::GaveUp => "gave-up",
        MarkKind::Refused => "refused",
        MarkKind::Restart => "restart",
        MarkKind::Throttle => "throttle",
        MarkKind::Looping => "looping",
        MarkKind::Change => "change",
        MarkKind::SessionFile => "session-file",
        MarkKind::Gap => "gap",
        MarkKind::About => "about",
    }
}

/// What a fault is called, and its id; None for what is kept beside a line that is told of anyhow.
fn fault_word(kind: &FaultKind, id: Id) -> Option<(&'static str, String)> {
    match kind {
        FaultKind::Signature(signature) => Some(("fault", signature.clone())),
        FaultKind::DealtWith(signature) => Some(("dealt-with", signature.clone())),
        FaultKind::Unknown { class: Class::DealtWith, .. } => Some(("dealt-with", unknown_name(id))),
        FaultKind::Unknown { class: Class::Outcome, .. } => None,
        FaultKind::Unknown { .. } => Some(("fault", unknown_name(id))),
        FaultKind::Aspect { .. } | FaultKind::Mark(_) | FaultKind::Words { .. } | FaultKind::Hint(_) => None,
    }
}
