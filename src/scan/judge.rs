//! What a candidate line tells of: its marks, its signatures, or an error that no signature knows.

use super::block::{self, Thrown};
use super::context::Speaker;
use super::telling::{Setting, Spoken, Telling};
use super::{Pass, parts, shown};
use crate::evidence::Id;
use crate::grammar::{Field, Level, MarkKind, MarkReading, Reading, Time};
use crate::signature::Matches;

/// Where a text stands, and who said it when.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) at: usize,
    pub(super) line: u64,
    pub(super) time: Option<Time>,
    /// The time is that of a line before.
    pub(super) is_untimed: bool,
    pub(super) actor: Id,
    /// Which line of the message it is.
    pub(super) part: usize,
    /// How often it is said.
    pub(super) times: u32,
}

/// One line of a message to be judged.
#[derive(Clone, Copy)]
pub(super) struct Said<'r> {
    pub(super) reading: &'r Reading<'r>,
    pub(super) text: &'r [u8],
    /// What is shown of it.
    pub(super) shown: &'r [u8],
    pub(super) thrown: Option<Thrown>,
    /// It was said before, and is only counted here.
    pub(super) again: bool,
}

impl<'a> Pass<'a> {
    /// Decides what a candidate line tells of, and records it.
    pub(super) fn judge(&mut self, at: usize, reading: &Reading<'a>, thrown: Option<Thrown>) {
        let time = reading.time.or_else(|| self.inherited_time(at));
        if self.scanner.options.leaves_out(time) {
            self.segment.tally.outside_window += 1;
            return;
        }
        if let Some(repeat) = reading.repeat {
            return self.judge_repeat(at, time, reading, repeat);
        }
        if thrown.is_none() && self.guide.idiom.is_empty() && self.judge_again(at, time, reading) {
            return;
        }
        let mut matches = std::mem::take(&mut self.matches);
        // A trace within the message ends in the exception, too, whatever it is called.
        let is_told = reading.level.is_none_or(|level| level >= Level::Error);
        let mut in_trace = false;
        let mut chained = false;
        for (part, text) in parts(reading).enumerate() {
            self.scanner.matcher.collect(&self.scanner.pack, text, &mut matches);
            let place = Place {
                at,
                line: self.segment.lines,
                time,
                is_untimed: reading.time.is_none(),
                actor: 0,
                part,
                times: 1,
            };
            let ends_trace = in_trace && text.first().is_some_and(|byte| !byte.is_ascii_whitespace());
            let thrown = thrown.or((ends_trace && is_told).then(|| Thrown::within(at, chained)));
            chained |= block::is_chain(text);
            in_trace = in_trace && !ends_trace || block::ends_in_traceback(text);
            let shown = shown(reading, text);
            let said = Said { reading, text, shown: &shown, thrown, again: false };
            self.judge_part(place, said, &matches);
            if block::begins_traceback(text) {
                self.meet_traceback(at, reading);
            }
            if block::is_frame(text) {
                let actor = self.actor(at, reading, false, None);
                self.thrown_above(Place { actor, ..place });
            }
            if block::is_panic_head(text) {
                self.meet_panic(at);
            }
        }
        self.matches = matches;
    }

    /// Records what a message tells that says what one said before; false where none did.
    fn judge_again(&mut self, at: usize, time: Option<Time>, reading: &Reading<'a>) -> bool {
        let Some(telling) = self.memo.telling(self.scanner, reading) else { return false };
        if !telling.is_nothing() {
            let is_untimed = reading.time.is_none();
            let place = Place { at, line: self.segment.lines, time, is_untimed, actor: 0, part: 0, times: 1 };
            let shown = &reading.text;
            self.record(place, Said { reading, text: &reading.message, shown, thrown: None, again: false }, &telling);
        }
        true
    }

    /// Judges one line of a message: its marks, its signatures, or an error that no signature knows.
    pub(super) fn judge_part(&mut self, place: Place, said: Said, matches: &Matches) {
        let Said { reading, text, thrown, .. } = said;
        let setting = Setting { idiom: &self.guide.idiom, thrown, is_first: place.part == 0 };
        let telling = self.scanner.tell(reading, text, matches, setting);
        self.record(place, said, &telling);
    }

    /// Records what a text tells, at its place.
    fn record(&mut self, mut place: Place, said: Said, telling: &Telling) {
        let Said { reading, text, shown, thrown, again } = said;
        let catalog = &self.scanner.catalog;
        if let Some((id, kind)) = &telling.hint
            && !again
        {
            place.actor = self.actor(place.at, reading, false, None);
            self.occurrence(*id, || kind.clone(), place, shown);
        }
        let uncaught = thrown.filter(|thrown| thrown.uncaught && !telling.is_fatal);
        let is_told = telling.is_step && !again;
        if !is_told && uncaught.is_none() && telling.faults.is_empty() {
            return;
        }
        let read = |spoken: &Spoken| MarkReading::again(catalog.mark(spoken.id), &spoken.kept, text);
        let by_managers = telling.marks.iter().filter(|spoken| catalog.mark(spoken.id).manager);
        let about = by_managers.filter_map(|spoken| read(spoken).text(Field::Service)).next();
        place.actor = self.actor(place.at, reading, telling.by_manager, about);
        for (id, kind) in &telling.faults {
            self.occurrence(*id, || kind.clone(), place, shown);
        }
        if again {
            return;
        }
        if telling.points_above {
            self.keep_warning_above(place, &telling.faults);
        }
        if telling.headed {
            self.keep_head(place, &telling.faults);
        }
        if telling.asks_for_reason {
            self.thrown_before(place);
        }
        let program = catalog.program(reading);
        if let Some(thrown) = uncaught {
            self.uncaught(place, shown, program, thrown);
        }
        if let Some(step) = telling.step {
            self.own_step(place, step, reading, shown, program);
        }
        for spoken in telling.marks.iter().filter(|spoken| catalog.mark(spoken.id).kind.is_told()) {
            if self.is_below(place.at, &catalog.mark(spoken.id).unless_below) {
                continue;
            }
            let mark = read(spoken);
            let service = mark.text(Field::Service).or(reading.service.as_deref());
            let ident = reading.ident.as_deref().filter(|_| !mark.mark.manager);
            // Of a start without a time what comes after it tells more than what came before.
            let starts = mark.mark.kind == MarkKind::Start;
            let place = Place { time: if starts { reading.time } else { place.time }, ..place };
            let own = Speaker { service, ident, pod: self.pod_of(reading) };
            self.mark(place, spoken, &mark, own, shown, program);
        }
    }
}
