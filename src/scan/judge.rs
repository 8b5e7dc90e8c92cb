//! What a candidate line tells of: its marks, its signatures, or an error that no signature knows.

use super::block::{self, Thrown};
use super::context::Speaker;
use super::idiom::{Meaning, Step};
use super::keys::{aspect_of, dealt_with_id, signature_id, unknown_id};
use super::words::class_of;
use super::{Pass, detail, parts, shown, words};
use crate::evidence::{Class, FaultKind, Id, hint_id};
use crate::grammar::{Field, Level, MarkKind, Reading, Time};
use crate::signature::wording::is_dealt_with;
use crate::signature::{Matches, Role};
use crate::template::{skeleton, stable_hash};

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
                let actor = self.actor(reading, false, None);
                self.thrown_above(Place { actor, ..place });
            }
            if block::is_panic_head(text) {
                self.meet_panic(at);
            }
        }
        self.matches = matches;
    }

    /// Judges one line of a message: its marks, its signatures, or an error that no signature knows.
    pub(super) fn judge_part(&mut self, mut place: Place, said: Said, matches: &Matches) {
        let Said { reading, text, shown, thrown, again } = said;
        let catalog = &self.scanner.catalog;
        let marks = self.scanner.marks(reading, text, matches);
        let template = (!self.guide.idiom.is_empty()).then(|| skeleton(text.trim_ascii()));
        let meaning = template.as_deref().and_then(|template| self.guide.idiom.meaning(template));
        let is_hint = marks.iter().any(|mark| mark.mark.kind == MarkKind::Hint) || meaning == Some(Meaning::Ready);
        let program = catalog.program(reading);
        let signatures: Vec<usize> = matches
            .signatures
            .iter()
            .copied()
            .filter(|&at| {
                !program.is_some_and(|program| {
                    self.scanner.pack.signatures()[at].not_programs.iter().any(|not| not == program)
                })
            })
            .collect();
        let sure_mark = marks.iter().any(|mark| !mark.mark.weak);
        // Last words that name a reason are an error even where no level says so, unless a signature knows the reason.
        let fatal = marks.iter().find(|mark| mark.mark.kind == MarkKind::Fatal);
        let reason = fatal.and_then(|mark| mark.text(Field::Reason));
        let reason =
            reason.filter(|reason| !block::is_place(reason) && !words::says_nothing(reason) && !self.is_known(reason));
        let unknown = match reason {
            Some(_) => Some(Class::Exception),
            None if !signatures.is_empty() || fatal.is_some() => None,
            None if thrown.is_some_and(|thrown| thrown.chained) => Some(Class::Outcome),
            None if thrown.is_some() => Some(Class::Exception),
            None if sure_mark => None,
            // Of a message of several lines the first one has the level; a trace within it ends in the exception.
            None => class_of(reading, text)
                .filter(|class| place.part == 0 || *class == Class::Exception)
                .or((meaning == Some(Meaning::LastWords)).then_some(Class::Fatal)),
        };
        let step = meaning.filter(|_| place.part == 0 && marks.is_empty()).and_then(Step::of);
        let told = !again && (step.is_some() || marks.iter().any(|mark| mark.mark.kind.is_told()));
        let uncaught = thrown.filter(|thrown| thrown.uncaught && fatal.is_none());
        if is_hint && !told && !again && signatures.is_empty() && unknown.is_none() {
            place.actor = self.actor(reading, false, None);
            let template = skeleton(text.trim_ascii());
            let id = hint_id(stable_hash(format!("hint\0{template}").as_bytes()));
            return self.occurrence(id, || FaultKind::Hint(template), place, shown);
        }
        if !told && uncaught.is_none() && signatures.is_empty() && unknown.is_none() {
            return;
        }
        let by_manager =
            thrown.is_some_and(|thrown| thrown.by_manager) || marks.first().is_some_and(|mark| mark.mark.manager);
        let about = marks.iter().filter(|mark| mark.mark.manager).find_map(|mark| mark.text(Field::Service));
        place.actor = self.actor(reading, by_manager, about);
        let ends_it = by_manager || fatal.is_some() || thrown.is_some() || reading.level == Some(Level::Fatal);
        let dealt_with = !ends_it && (unknown.is_some() || !signatures.is_empty()) && is_dealt_with(text);
        for at in signatures {
            let known = &self.scanner.pack.signatures()[at];
            let id = &known.id;
            if dealt_with && matches!(known.role, Role::Root | Role::Symptom) {
                self.occurrence(dealt_with_id(id), || FaultKind::DealtWith(id.clone()), place, shown);
            } else {
                self.occurrence(signature_id(id), || FaultKind::Signature(id.clone()), place, shown);
                if known.varies && !detail::is_head(text) {
                    let (aspect, kind) = aspect_of(id, text);
                    self.occurrence(aspect, || kind, place, shown);
                }
            }
        }
        if let Some(class) = unknown.map(|class| if dealt_with { Class::DealtWith } else { class }) {
            let template = skeleton(reason.unwrap_or(text).trim_ascii());
            let id = unknown_id(class, &template);
            self.occurrence(id, || FaultKind::Unknown { class, template }, place, shown);
        }
        if again {
            return;
        }
        if fatal.is_some_and(|mark| mark.text(Field::Reason).is_none()) && unknown.is_none() {
            self.thrown_before(place);
        }
        if let Some(thrown) = uncaught {
            self.uncaught(place, shown, program, thrown);
        }
        if let Some(step) = step {
            self.own_step(place, step, reading, shown, program);
        }
        for mark in marks.iter().filter(|mark| mark.mark.kind.is_told()) {
            let service = mark.text(Field::Service).or(reading.service.as_deref());
            let ident = reading.ident.as_deref().filter(|_| !mark.mark.manager);
            // Of a start without a time what comes after it tells more than what came before.
            let starts = mark.mark.kind == MarkKind::Start;
            let place = Place { time: if starts { reading.time } else { place.time }, ..place };
            self.mark(place, mark, Speaker { service, ident }, shown, program);
        }
    }

    /// Whether a signature knows a text.
    pub(super) fn is_known(&self, text: &[u8]) -> bool {
        let mut matches = Matches::default();
        self.scanner.matcher.collect(&self.scanner.pack, text, &mut matches);
        !matches.signatures.is_empty()
    }
}
