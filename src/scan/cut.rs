//! Lines that a container's runtime cut in parts: the parts are judged as one line.
//!
//! A part that goes on from the one before is no record of its own. The chunk that holds it looks back at the parts before
//! it, and tells only what these did not tell yet, at the place of the first of them.

use super::words::class_of;
use super::{CONTEXT, Pass, evidence_text, parts, signature_id, unknown_id};
use crate::evidence::event::Fold;
use crate::evidence::{Class, FaultKind, Sample};
use crate::grammar::format::Format;
use crate::grammar::{Reading, SECOND};
use crate::signature::Matches;
use crate::template::skeleton;

/// Lines of other streams may stand between two parts, but not more than this.
const MAX_LINES: u64 = 8;
/// Parts are written at once.
const MAX_APART: i64 = SECOND;
/// A line of this length may be cut, whatever its words are.
const LONG_LINE: usize = 8 << 10;

/// A cut line whose next part is to be read.
#[derive(Clone, Copy, Debug)]
pub struct CutLine {
    at: usize,
    /// Lines that were met since.
    met: u64,
}

/// A part as its envelope holds it.
struct Part<'a> {
    at: usize,
    reading: Reading<'a>,
}

/// What a text tells of failures.
#[derive(Default)]
struct Failures {
    signatures: Vec<usize>,
    unknown: Option<(Class, String)>,
}

impl<'a> Pass<'a> {
    /// Whether the line may be a part that goes on from a cut line, or a part that is cut.
    pub(super) fn may_go_on(&self, at: usize, end: usize) -> bool {
        end - at >= LONG_LINE || self.cut.is_some_and(|cut| (at - cut.at) as u64 <= CONTEXT)
    }

    /// Notes a line that is cut. Which lines are noted must not depend on which happen to be read.
    pub(super) fn meet_cut(&mut self, at: usize, end: usize, is_candidate: bool, reading: &Reading) {
        if reading.is_cut && (is_candidate || end - at >= LONG_LINE) {
            self.cut = Some(CutLine { at, met: 0 });
        }
    }

    /// One more line was passed since the cut one.
    pub(super) fn pass_line(&mut self, at: usize) {
        if let Some(cut) = self.cut.as_mut().filter(|cut| cut.at < at) {
            cut.met += 1;
            if cut.met >= MAX_LINES {
                self.cut = None;
            }
        }
    }

    /// A piece may begin after a line that is cut.
    pub(super) fn look_back_for_cut(&mut self, first: usize) {
        let mut end = first;
        for met in 0..MAX_LINES {
            let Some(at) = self.line_before(end, first) else { return };
            let line = self.visible(at, end - 1);
            let is_long = end - 1 - at >= LONG_LINE;
            if (is_long || self.scanner.matcher.proposes(line)) && self.read(at, line).is_cut {
                self.cut = Some(CutLine { at, met });
                return;
            }
            end = at;
        }
    }

    /// Whether a record is the rest of the one before it in its stream.
    pub(super) fn is_continuation(&self, at: usize, reading: &Reading) -> bool {
        self.part(at, reading).is_some_and(|(format, own)| self.part_before(at, format, &own).is_some())
    }

    /// A record as its envelope holds it, if that may be cut.
    fn part(&self, at: usize, reading: &Reading) -> Option<(&'a Format, Part<'a>)> {
        let format = self.scanner.catalog.format(*reading.formats.first()?);
        if !format.cuts {
            return None;
        }
        let reading = format.read(self.visible(at, self.line_end(at)), &self.clock_at(at))?;
        Some((format, Part { at, reading }))
    }

    /// The part that a part goes on from, if it begins within `CONTEXT` of `limit`.
    fn part_before(&self, limit: usize, format: &Format, own: &Part) -> Option<Part<'a>> {
        let mut end = own.at;
        let reading = &own.reading;
        for _ in 0..MAX_LINES {
            let start = self.line_before(end, limit)?;
            let before = format.read(self.visible(start, end - 1), &self.clock_at(start));
            end = start;
            let Some(before) = before.filter(|before| before.stream == reading.stream) else { continue };
            let apart = reading.time.zip(before.time).map_or(0, |(own, before)| (own.ns - before.ns).abs());
            // Tools that take the line ends off take them off everywhere: then a short text without one is not cut.
            let is_cut = before.is_cut && (!format.is_json() || !reading.is_cut || before.message.len() >= LONG_LINE);
            return (is_cut && apart <= MAX_APART).then_some(Part { at: start, reading: before });
        }
        None
    }

    /// Tells what a line tells only together with this part of it.
    pub(super) fn judge_continuation(&mut self, at: usize, reading: &Reading<'a>) {
        let Some((format, own)) = self.part(at, reading) else { return };
        let mut before: Vec<Part> = Vec::new();
        while let Some(part) = self.part_before(at, format, before.last().unwrap_or(&own)) {
            before.push(part);
        }
        let Some(head) = before.last() else { return };
        // Where the line's begin is out of reach, what its words say is not known.
        let has_head = self.line_before(head.at, at).is_some() || self.offset(head.at) == 0;
        let (start, time) = (head.at, head.reading.time);
        let mut text: Vec<u8> = before.iter().rev().flat_map(|part| part.reading.message.iter().copied()).collect();
        let known = self.failures(&text);
        text.extend_from_slice(&own.reading.message);
        let failures = self.failures(&text);
        let options = &self.scanner.options;
        let is_outside = time.is_some_and(|time| {
            options.since.is_some_and(|since| time.ns < since.ns)
                || options.until.is_some_and(|until| time.ns > until.ns)
        });
        let new: Vec<usize> = failures.signatures.iter().copied().filter(|at| !known.signatures.contains(at)).collect();
        let is_new_error =
            has_head && known.signatures.is_empty() && known.unknown.is_none() && failures.signatures.is_empty();
        let unknown = failures.unknown.filter(|_| is_new_error);
        if is_outside || (new.is_empty() && unknown.is_none()) {
            return;
        }
        let joined = self.reader.read(line_of(&text), &self.guide.clock);
        let actor = self.actor(at, &joined, false, None);
        let back = memchr::memchr_iter(b'\n', &self.chunk.bytes[start..at]).count() as u64;
        let sample = Sample {
            offset: self.offset(start),
            line: self.segment.lines.wrapping_sub(back),
            time,
            actor,
            text: evidence_text(&joined.text, options.show_secrets),
        };
        let fold = Fold::of_line(sample.offset, time, false, 1);
        for at in new {
            let id = &self.scanner.pack.signatures()[at].id;
            self.segment.add_occurrences(signature_id(id), actor, fold);
            self.keep_first(signature_id(id), || FaultKind::Signature(id.clone()), sample.offset, || sample.clone());
        }
        if let Some((class, template)) = unknown {
            let id = unknown_id(class, &template);
            self.segment.add_occurrences(id, actor, fold);
            self.keep_first(id, || FaultKind::Unknown { class, template }, sample.offset, || sample);
        }
    }

    /// What a joined text tells. Steps in a service's life are short lines, and are not looked for.
    fn failures(&self, text: &[u8]) -> Failures {
        let reading = self.reader.read(line_of(text), &self.guide.clock);
        let program = self.scanner.catalog.program(&reading);
        let signatures = self.scanner.pack.signatures();
        let mut failures = Failures::default();
        let mut matches = Matches::default();
        for part in parts(&reading) {
            self.scanner.matcher.collect(&self.scanner.pack, part, &mut matches);
            failures.signatures.extend(matches.signatures.iter().filter(|&&at| {
                !program.is_some_and(|program| signatures[at].not_programs.iter().any(|not| not == program))
            }));
            if failures.unknown.is_none() {
                failures.unknown = class_of(&reading, part).map(|class| (class, skeleton(part.trim_ascii())));
            }
        }
        failures.signatures.sort_unstable();
        failures.signatures.dedup();
        failures
    }
}

/// Without the line's end, which docker keeps.
fn line_of(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\n").unwrap_or(text)
}
