//! What each stream tells, in its own order: marks and faults with absolute places and filled-in times.

use crate::evidence::{Actor, Epoch, Evidence, FaultKind, Fold, Id, Mark, Sample, Segment};
use crate::grammar::{MarkKind, Time};

/// One stream's events in order.
pub struct Story<'e> {
    pub path: &'e str,
    pub segments: Vec<&'e Segment>,
    /// Given away to the services once they are cast.
    pub events: Vec<Event<'e>>,
    first: Option<Time>,
    last: Option<Time>,
}

/// Something that happened at a place of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Event<'e> {
    pub offset: u64,
    /// Its own, or that of the event before.
    pub time: Option<Time>,
    pub actor: Id,
    pub what: What<'e>,
}

#[derive(Clone, Copy, Debug)]
pub enum What<'e> {
    Mark(&'e Mark),
    Fault { id: Id, fold: &'e Fold },
}

impl<'e> Event<'e> {
    pub fn mark(&self) -> Option<&'e Mark> {
        match self.what {
            What::Mark(mark) => Some(mark),
            What::Fault { .. } => None,
        }
    }
}

/// The stories of all streams, in the order of their paths.
pub fn stories(evidence: &Evidence) -> Vec<Story<'_>> {
    evidence
        .streams
        .iter()
        .map(|(path, stream)| {
            let segments: Vec<&Segment> = stream.segments.values().collect();
            let mut events: Vec<Event> =
                segments.iter().flat_map(|segment| segment.epochs.iter().flat_map(epoch_events)).collect();
            if runs_backwards(&events) {
                events.reverse();
            }
            last_words_first(&mut events);
            fill_times(&mut events);
            let times = || events.iter().filter_map(|event| event.time);
            let first = segments.iter().filter_map(|segment| segment.first).chain(times()).min();
            let last = segments.iter().filter_map(|segment| segment.last).chain(times()).max();
            Story { path, segments, events, first, last }
        })
        .collect()
}

fn epoch_events(epoch: &Epoch) -> Vec<Event<'_>> {
    let mark = epoch.mark.iter().map(|mark| Event {
        offset: mark.offset,
        time: mark.time,
        actor: mark.actor,
        what: What::Mark(mark),
    });
    let mut folds: Vec<Event> = epoch
        .folds
        .iter()
        .map(|(key, fold)| Event {
            offset: fold.first_offset,
            time: fold.first,
            actor: key.actor,
            what: What::Fault { id: key.fault, fold },
        })
        .collect();
    folds.sort_by_key(|event| event.offset);
    mark.chain(folds).collect()
}

/// A log pasted newest first.
fn runs_backwards(events: &[Event]) -> bool {
    let times: Vec<i64> = events.iter().filter_map(|event| event.time).map(|time| time.ns).collect();
    let falls = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let rises = times.windows(2).filter(|pair| pair[1] > pair[0]).count();
    falls > 3 && falls > 10 * rises
}

/// The mark of a line's last words goes before the faults of that line, so that these find the run that died.
fn last_words_first(events: &mut [Event]) {
    if events.iter().all(|event| event.time.is_none()) {
        return;
    }
    for at in 1..events.len() {
        if events[at].mark().is_some_and(|mark| mark.kind == MarkKind::Fatal) {
            let mut place = at;
            while place > 0 && events[place - 1].offset == events[at].offset && events[place - 1].mark().is_none() {
                place -= 1;
            }
            events[place..=at].rotate_right(1);
        }
    }
}

fn fill_times(events: &mut [Event]) {
    let mut known = None;
    for event in events.iter_mut() {
        known = event.time.or(known);
        event.time = known;
    }
    let first = events.iter().find_map(|event| event.time);
    events.iter_mut().take_while(|event| event.time.is_none()).for_each(|event| event.time = first);
}

impl<'e> Story<'e> {
    pub fn actor(&self, id: Id) -> Option<&'e Actor> {
        self.segments.iter().find_map(|segment| segment.actors.get(&id))
    }

    pub fn string(&self, id: Id) -> &'e str {
        self.segments.iter().find_map(|segment| segment.strings.get(&id)).map_or("", String::as_str)
    }

    pub fn kind(&self, fault: Id) -> Option<&'e FaultKind> {
        self.segments.iter().find_map(|segment| segment.faults.get(&fault)).map(|fault| &fault.kind)
    }

    /// The telling lines of a fault with their 1-based line numbers.
    pub fn samples(&self, fault: Id) -> Vec<(u64, &'e Sample)> {
        let mut lines_before = 0;
        let mut samples = Vec::new();
        for segment in &self.segments {
            samples.extend(
                segment.samples(fault).into_iter().map(|sample| (lines_before + sample.line.wrapping_add(1), sample)),
            );
            lines_before += segment.lines;
        }
        samples
    }

    pub fn first_time(&self) -> Option<Time> {
        self.first
    }

    pub fn last_time(&self) -> Option<Time> {
        self.last
    }
}
