//! What each stream tells, in its own order: marks and faults with absolute places and filled-in times.

use super::clocks::Clocks;
use super::labels::{folder, stem};
use super::rotation::Log;
use crate::evidence::event::{FIRST_SAMPLES, Fold, LAST_SAMPLES};
use crate::evidence::{self, Actor, ActorKind, Class, FaultKind, Id, Ledger, Sample, Segment, Told};
use crate::grammar::{Course, MarkKind, SECOND, Time};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A trace with its causes is no longer than this (bytes).
pub const LONGEST_TRACE: u64 = 32 << 10;

/// Logs in one stream; of more they are taken as one.
const MOST_SECTIONS: usize = 64;

/// One log's events in order, over all pieces that rotation left.
pub struct Story<'e> {
    pub path: &'e str,
    /// The log within it that this one is, where several stand in it in turn; else the path.
    pub origin: &'e str,
    pieces: Vec<Piece<'e>>,
    /// Given away to the services once they are cast.
    pub events: Vec<Event<'e>>,
    /// Where its first time stands: what comes before has none of its own nor of a line before it.
    pub timed_from: u64,
    first: Option<Time>,
    last: Option<Time>,
}

/// One stream of a log.
struct Piece<'e> {
    path: &'e str,
    segments: Vec<&'e Segment>,
    clocks: Clocks,
}

/// A line that tells of a fault.
#[derive(Clone, Copy, Debug)]
pub struct TellingLine<'e> {
    pub path: &'e str,
    /// 1-based.
    pub line: u64,
    pub time: Option<Time>,
    pub sample: &'e Sample,
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
    Mark { told: &'e Told, count: Option<u32>, last_words: Id },
    Fault {
        id: Id,
        count: u32,
        /// Where the last one of them begins.
        until: u64,
        /// Its time is that of a line before.
        untimed: bool,
    },
}

impl<'e> Event<'e> {
    fn move_by(&mut self, base: u64) {
        self.offset += base;
        if let What::Fault { until, .. } = &mut self.what {
            *until += base;
        }
    }

    pub fn mark(&self) -> Option<&'e Told> {
        match self.what {
            What::Mark { told, .. } => Some(told),
            What::Fault { .. } => None,
        }
    }
}

/// The stories of all logs.
pub fn stories<'e>(logs: &[Log<'e>]) -> Vec<Story<'e>> {
    logs.iter().flat_map(of_log).collect()
}

/// One for each log that stands in it in turn.
fn of_log<'e>(log: &Log<'e>) -> Vec<Story<'e>> {
    let segments = log.pieces.iter().flat_map(|(_, stream)| stream.segments.values());
    let sections: BTreeSet<&str> =
        segments.flat_map(|segment| segment.actors.values()).map(|actor| actor.section.as_str()).collect();
    if sections.iter().all(|section| section.is_empty()) {
        return vec![story(log, None)];
    }
    // Of one log there may be several pieces.
    let mut logs: BTreeMap<(&str, String), &str> = BTreeMap::new();
    for section in sections {
        logs.entry(place_of(section)).or_insert(section);
    }
    // Each costs a look at all events; heads by the thousand are none.
    if logs.len() > MOST_SECTIONS {
        return vec![story(log, None)];
    }
    logs.into_values().map(|section| story(log, Some(section))).collect()
}

/// What the pieces of one log that stand in another have in common.
fn place_of(section: &str) -> (&str, String) {
    (folder(section), stem(section))
}

fn story<'e>(log: &Log<'e>, section: Option<&'e str>) -> Story<'e> {
    let mut pieces = Vec::new();
    let mut events = Vec::new();
    // Offsets go on from piece to piece, so that their order is that of the log.
    let mut base = 0;
    let mut is_reversed = false;
    for (path, stream) in &log.pieces {
        let segments: Vec<&Segment> = stream.segments.values().collect();
        let start = events.len();
        for segment in &segments {
            let from = events.len();
            read_events(&segment.ledger, &mut events);
            if let Some(section) = section {
                let own = place_of(section);
                let others = segment.actors.iter().filter(|(_, actor)| place_of(&actor.section) != own);
                let others: BTreeSet<Id> = others.map(|(id, _)| *id).collect();
                events.extract_if(from.., |event| others.contains(&event.actor)).for_each(drop);
            }
        }
        let own = &mut events[start..];
        let is_listing =
            segments.iter().flat_map(|segment| segment.actors.values()).any(|actor| actor.kind == ActorKind::Listing);
        let clocks_of = |own: &[Event]| match is_listing {
            true => Clocks::default(),
            false => Clocks::of(own.iter().filter_map(|event| Some((event.offset, event.time?)))),
        };
        let mut clocks = clocks_of(own);
        // Writers of two clocks hide which way the times run.
        if runs_backwards(own, &Clocks::default()) || clocks.moves() && runs_backwards(own, &clocks) {
            own.reverse();
            is_reversed = true;
            clocks = clocks_of(own);
        }
        if clocks.moves() {
            own.iter_mut().for_each(|event| event.time = event.time.map(|time| clocks.settled(event.offset, time)));
        }
        if base > 0 {
            own.iter_mut().for_each(|event| event.move_by(base));
        }
        base += segments.last().map_or(0, |segment| segment.end);
        pieces.push(Piece { path, segments, clocks });
    }
    events.shrink_to_fit();
    let untimed = events.iter().position(|event| event.time.is_some()).unwrap_or(events.len());
    if untimed < events.len() {
        last_words_first(&mut events);
    }
    chains_whole(&mut events[..untimed], &outcomes(&pieces));
    let first_timed = events.iter().find(|event| event.time.is_some() && !is_reversed);
    let timed_from = first_timed.map_or(0, |event| event.offset);
    if events.iter().any(|event| event.time.is_none()) {
        fill_times(&mut events);
    }
    let heads = pieces.iter().flat_map(|piece| {
        let segments = piece.segments.iter();
        let ends = segments.flat_map(|segment| [(segment.start, segment.first), (segment.end, segment.last)]);
        ends.filter_map(|(offset, time)| Some(piece.clocks.settled(offset, time?)))
    });
    let (mut first, mut last) = (None::<Time>, None::<Time>);
    // Of several logs in one stream, what its ends tell is not this one's.
    let heads = heads.filter(|_| section.is_none());
    for time in heads.chain(events.iter().filter_map(|event| event.time)) {
        first = Some(first.map_or(time, |first| first.min(time)));
        last = Some(last.map_or(time, |last| last.max(time)));
    }
    let origin = section.filter(|section| !section.is_empty()).unwrap_or(log.path);
    Story { path: log.path, origin, pieces, events, timed_from, first, last }
}

/// Stretches that are read at a time: what they take is free again for the next ones.
const READ_AT_ONCE: usize = 64;

/// Adds a ledger's events by offset: between two marks it has its faults in another order.
fn read_events<'e>(ledger: &'e Ledger, events: &mut Vec<Event<'e>>) {
    let stretches: Vec<usize> = (0..ledger.stretches()).collect();
    for some in stretches.chunks(READ_AT_ONCE) {
        let read: Vec<Vec<Event>> = some.par_iter().map(|&at| read_stretch(ledger, at)).collect();
        read.into_iter().for_each(|own| events.extend(own));
    }
}

/// The events of one stretch, which but for the first begins with a mark.
fn read_stretch(ledger: &Ledger, at: usize) -> Vec<Event<'_>> {
    let mut events: Vec<Event> = Vec::new();
    let mut since_mark = 0;
    ledger.stretch(at).for_each(|event| {
        let event = match event {
            evidence::Event::Mark(mark) => {
                events[since_mark..].sort_by_key(|event| event.offset);
                since_mark = events.len() + 1;
                let what = What::Mark { told: mark.told, count: mark.count, last_words: mark.last_words };
                Event { offset: mark.offset, time: mark.time, actor: mark.told.actor, what }
            }
            evidence::Event::Fold(key, fold) => {
                let Fold { count, last_offset: until, untimed, .. } = fold;
                let what = What::Fault { id: key.fault, count, until, untimed };
                Event { offset: fold.first_offset, time: fold.first, actor: key.actor, what }
            }
        };
        events.push(event);
    });
    events[since_mark..].sort_by_key(|event| event.offset);
    events
}

/// A log pasted newest first. Its writers may tell times of unlike precision, so whole seconds say it as well.
fn runs_backwards(events: &[Event], clocks: &Clocks) -> bool {
    let falls_by = |unit: i64| {
        let mut course = Course::default();
        let times = events.iter().filter_map(|event| Some(clocks.settled(event.offset, event.time?)));
        times.for_each(|time| course.see(time.ns.div_euclid(unit)));
        course.is_backwards()
    };
    falls_by(1) || falls_by(SECOND)
}

/// The mark of a line's last words goes before the faults of that line, so that these find the run that died.
fn last_words_first(events: &mut [Event]) {
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

/// What exceptions became.
fn outcomes(pieces: &[Piece]) -> BTreeSet<Id> {
    let faults = pieces.iter().flat_map(|piece| &piece.segments).flat_map(|segment| &segment.faults);
    let is_outcome = |kind: &FaultKind| matches!(kind, FaultKind::Unknown { class: Class::Outcome, .. });
    faults.filter(|(_, fault)| is_outcome(&fault.kind)).map(|(id, _)| *id).collect()
}

/// A program dies by the first exception of a chain, and its last words end with the last one. Without times what comes
/// after the mark would be the next run's.
fn chains_whole(events: &mut [Event], outcomes: &BTreeSet<Id>) {
    for at in 0..events.len() {
        if events[at].mark().is_none_or(|mark| mark.kind != MarkKind::Fatal || !mark.weak) {
            continue;
        }
        let within =
            |event: &&Event| event.mark().is_none() && event.offset.abs_diff(events[at].offset) <= LONGEST_TRACE;
        let faults = events[at + 1..].iter().take_while(within);
        let is_outcome = |event: &Event| matches!(event.what, What::Fault { id, .. } if outcomes.contains(&id));
        if let Some(last) = faults.enumerate().filter(|(_, event)| is_outcome(event)).map(|(place, _)| place).last() {
            events[at..at + last + 2].rotate_left(1);
        }
    }
}

/// An event without a time has that of the one before; a start has that of the one after, if that has one.
fn fill_times(events: &mut [Event]) {
    for at in (1..events.len()).rev() {
        if events[at - 1].time.is_none() && events[at - 1].mark().is_some_and(|mark| mark.kind == MarkKind::Start) {
            events[at - 1].time = events[at].time;
        }
    }
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
        self.pieces.iter().flat_map(|piece| piece.segments.iter().copied())
    }

    /// The clocks of each of its streams.
    pub fn clocks(&self) -> impl Iterator<Item = (&'e str, &Clocks)> {
        self.pieces.iter().map(|piece| (piece.path, &piece.clocks))
    }

    /// What its own name says of whose it is: a container's logs are numbers in a folder of its name.
    pub fn stem(&self) -> String {
        let own = stem(self.origin);
        if own.is_empty() && self.origin != self.path { stem(folder(self.origin)) } else { own }
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

    pub fn kinds(&self) -> impl Iterator<Item = (Id, &'e FaultKind)> {
        self.segments().flat_map(|segment| segment.faults.iter().map(|(id, fault)| (*id, &fault.kind)))
    }

    pub fn kind(&self, fault: Id) -> Option<&'e FaultKind> {
        self.segments().find_map(|segment| segment.faults.get(&fault)).map(|fault| &fault.kind)
    }

    /// The telling lines of a fault.
    pub fn samples(&self, fault: Id) -> Vec<TellingLine<'e>> {
        let mut lines = Vec::new();
        for Piece { path, segments, clocks } in &self.pieces {
            let mut lines_before = 0;
            for segment in segments {
                lines.extend(segment.samples(fault).into_iter().map(|sample| TellingLine {
                    path,
                    line: lines_before + sample.line.wrapping_add(1),
                    time: sample.time.map(|time| clocks.settled(sample.offset, time)),
                    sample,
                }));
                lines_before += segment.lines;
            }
        }
        // As many as of a log in one piece.
        if lines.len() > FIRST_SAMPLES + LAST_SAMPLES {
            lines.drain(FIRST_SAMPLES..lines.len() - LAST_SAMPLES);
        }
        lines
    }

    pub fn first_time(&self) -> Option<Time> {
        self.first
    }

    pub fn last_time(&self) -> Option<Time> {
        self.last
    }
}
