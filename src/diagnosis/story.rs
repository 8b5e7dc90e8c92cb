//! What each stream tells, in its own order: marks and faults with absolute places and filled-in times.

use super::rotation::Log;
use crate::evidence::{self, Actor, FaultKind, Id, Ledger, Sample, Segment, Told};
use crate::grammar::{MarkKind, Time};

/// One log's events in order, over all pieces that rotation left.
pub struct Story<'e> {
    pub path: &'e str,
    pieces: Vec<(&'e str, Vec<&'e Segment>)>,
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
    /// `last_words`: what the service said last before it, 0 for nothing.
    Mark {
        told: &'e Told,
        count: Option<u32>,
        last_words: Id,
    },
    Fault {
        id: Id,
        count: u32,
    },
}

impl<'e> Event<'e> {
    pub fn mark(&self) -> Option<&'e Told> {
        match self.what {
            What::Mark { told, .. } => Some(told),
            What::Fault { .. } => None,
        }
    }
}

/// The stories of all logs.
pub fn stories<'e>(logs: &[Log<'e>]) -> Vec<Story<'e>> {
    logs.iter().map(story).collect()
}

fn story<'e>(log: &Log<'e>) -> Story<'e> {
    let pieces: Vec<(&str, Vec<&Segment>)> =
        log.pieces.iter().map(|(path, stream)| (*path, stream.segments.values().collect())).collect();
    let mut events = Vec::new();
    // Offsets go on from piece to piece, so that their order is that of the log.
    let mut base = 0;
    for (_, segments) in &pieces {
        let start = events.len();
        segments.iter().for_each(|segment| read_events(&segment.ledger, &mut events));
        let own = &mut events[start..];
        if runs_backwards(own) {
            own.reverse();
        }
        own.iter_mut().for_each(|event| event.offset += base);
        base += segments.last().map_or(0, |segment| segment.end);
    }
    events.shrink_to_fit();
    last_words_first(&mut events);
    fill_times(&mut events);
    let times = || events.iter().filter_map(|event| event.time);
    let segments = || pieces.iter().flat_map(|(_, segments)| segments);
    let first = segments().filter_map(|segment| segment.first).chain(times()).min();
    let last = segments().filter_map(|segment| segment.last).chain(times()).max();
    Story { path: log.path, pieces, events, first, last }
}

/// Adds a ledger's events by offset: between two marks it has its faults in another order.
fn read_events<'e>(ledger: &'e Ledger, events: &mut Vec<Event<'e>>) {
    let mut since_mark = events.len();
    for event in ledger.events() {
        let event = match event {
            evidence::Event::Mark(mark) => {
                events[since_mark..].sort_by_key(|event: &Event| event.offset);
                since_mark = events.len() + 1;
                let what = What::Mark { told: mark.told, count: mark.count, last_words: mark.last_words };
                Event { offset: mark.offset, time: mark.time, actor: mark.told.actor, what }
            }
            evidence::Event::Fold(key, fold) => {
                let what = What::Fault { id: key.fault, count: fold.count };
                Event { offset: fold.first_offset, time: fold.first, actor: key.actor, what }
            }
        };
        events.push(event);
    }
    events[since_mark..].sort_by_key(|event| event.offset);
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
    fn segments(&self) -> impl Iterator<Item = &'e Segment> {
        self.pieces.iter().flat_map(|(_, segments)| segments.iter().copied())
    }

    pub fn has_lines(&self) -> bool {
        self.segments().any(|segment| segment.lines > 0)
    }

    pub fn actor(&self, id: Id) -> Option<&'e Actor> {
        self.segments().find_map(|segment| segment.actors.get(&id))
    }

    pub fn string(&self, id: Id) -> &'e str {
        self.segments().find_map(|segment| segment.strings.get(&id)).map_or("", String::as_str)
    }

    pub fn kind(&self, fault: Id) -> Option<&'e FaultKind> {
        self.segments().find_map(|segment| segment.faults.get(&fault)).map(|fault| &fault.kind)
    }

    /// The telling lines of a fault: the path and the 1-based line number of each.
    pub fn samples(&self, fault: Id) -> Vec<(&'e str, u64, &'e Sample)> {
        let mut samples = Vec::new();
        for (path, segments) in &self.pieces {
            let mut lines_before = 0;
            for segment in segments {
                let place = |sample: &'e Sample| (*path, lines_before + sample.line.wrapping_add(1), sample);
                samples.extend(segment.samples(fault).into_iter().map(place));
                lines_before += segment.lines;
            }
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
