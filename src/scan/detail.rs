//! The line after an error that ends in a colon, or the lines in the bracket that it opens: they say what it is about.
//!
//! It is shown beside its head as evidence, and is no fault of its own. Whose detail a line is depends on the few lines
//! just before it alone, so it does not matter where the chunk was cut.

use super::words::{class_of, points_above};
use super::{Pass, Place, aspect_of, evidence_text, parts, shown, signature_id, unknown_id};
use crate::evidence::{Class, FaultKind, Id, Sample, unknown_name};
use crate::grammar::{Field, Level, MarkKind, Reading};
use crate::signature::wording::{complains, is_dealt_with};
use crate::signature::{Matches, Role};
use crate::template::skeleton;

/// Lines of a printed error before its members at most: its own, and where it was thrown.
const LONGEST_ERROR: usize = 40;

/// A bracket may hold brackets: `variables: {`, `KEY: [`, `'…'`.
const MOST_NESTED: usize = 2;

/// Lines above an error that may be warnings which it sums up.
const WARNINGS_ABOVE: usize = 4;

/// What Spring Boot calls the reason, some lines below the banner of a start that failed.
const BANNER: &[u8] = b"APPLICATION FAILED TO START";
const DESCRIPTION: &[u8] = b"Description:";
const BANNER_LINES: usize = 6;

/// Whether a text leaves to the next line what it is about.
pub(super) fn is_head(text: &[u8]) -> bool {
    text.len() > 4 && (text.ends_with(b":") || opens(text))
}

/// Whether what a text is about stands on a later line.
pub(super) fn says_later(text: &[u8]) -> bool {
    is_head(text) || text.ends_with(BANNER)
}

fn opens(text: &[u8]) -> bool {
    text.ends_with(b": {") || text.ends_with(b": [")
}

impl<'a> Pass<'a> {
    /// Whether the line that begins here may tell what the one before it is about, or the one above a line that says
    /// nothing.
    pub(super) fn may_detail(&self, at: usize) -> bool {
        let before = self.end_before(at);
        if before.ends_with(b":") || opens(before) {
            return true;
        }
        let may_be_empty = at > 1 && (before.ends_with(b" ") || before.ends_with(b"\n"));
        may_be_empty && self.line_before(at, at).is_some_and(|above| is_head(self.end_before(above)))
    }

    /// The last bytes of the line before a place.
    fn end_before(&self, at: usize) -> &'a [u8] {
        let bytes: &'a [u8] = self.chunk.bytes;
        let before = bytes.get(at.saturating_sub(8)..at).and_then(|before| before.strip_suffix(b"\n"));
        let before = before.unwrap_or_default();
        before.strip_suffix(b"\r").unwrap_or(before)
    }

    /// Whether a line is the code among a printed error's members (`  code: 'ECONNREFUSED',`), and the error's own line
    /// just above has told it: one error, not two.
    pub(super) fn repeats_code(&self, at: usize, line: &[u8]) -> bool {
        let text = line.trim_ascii_start();
        let Some(code) = text.strip_prefix(b"code: '").filter(|_| text.len() < line.len()) else { return false };
        let code = &code[..memchr::memchr(b'\'', code).unwrap_or(code.len())];
        let mut end = at;
        for _ in 0..LONGEST_ERROR {
            let Some(start) = self.line_before(end, at).filter(|_| !code.is_empty()) else { return false };
            let before = self.visible(start, end - 1).trim_ascii();
            if memchr::memmem::find(before, code).is_some() {
                return true;
            }
            // The end of another error.
            if before.is_empty() || before.starts_with(b"}") {
                return false;
            }
            end = start;
        }
        false
    }

    /// Keeps a line as evidence of the error that it follows.
    pub(super) fn keep_detail(&mut self, at: usize, reading: &Reading<'a>) {
        let Some((before, line)) = self.head_of_detail(at).filter(|_| reading.level.is_none()) else { return };
        let head = self.read(before, line);
        let apart = reading.time.is_some() && (head.time.is_none() || reading.formats != head.formats);
        if apart || reading.service != head.service || reading.ident != head.ident {
            return;
        }
        let Some(said) = parts(&head).last().filter(|text| says_later(text)) else { return };
        // Far from its head it must say itself that something is wrong; a frame of a trace does not.
        let is_apart = self.end_before(at).last().is_none_or(|byte| byte.is_ascii_whitespace());
        let complains_itself = |text: &[u8]| !text.starts_with(b"0. ") && complains(&skeleton(text));
        if is_apart && is_head(said) && !parts(reading).next().is_some_and(complains_itself) {
            return;
        }
        let told = self.told_by(&head);
        let Some(text) = parts(reading).next().filter(|_| !told.is_empty()) else { return };
        let time = reading.time.or_else(|| self.inherited_time(at));
        if self.scanner.options.leaves_out(time) {
            return;
        }
        let shown = shown(reading, text);
        let actor = self.actor(at, &head, false, None);
        let is_untimed = reading.time.is_none();
        let place = Place { at, line: self.segment.lines, time, is_untimed, actor, part: 0, times: 1 };
        for (id, kind) in told {
            let varying = match &kind {
                FaultKind::Signature(name) => {
                    self.scanner.pack.get(name).filter(|known| known.varies).map(|_| name.clone())
                }
                FaultKind::Unknown { .. } => Some(unknown_name(id)),
                _ => None,
            };
            if let Some(name) = varying {
                let (aspect, kind) = aspect_of(&name, text);
                self.occurrence(aspect, || kind, place, &shown);
            }
            let sample = Sample {
                offset: self.offset(at),
                line: self.segment.lines,
                time,
                actor,
                text: evidence_text(&shown, self.scanner.options.show_secrets),
            };
            self.keep_beside(id, || kind, sample);
        }
    }

    /// Keeps the line above an error that names what it is about.
    pub(super) fn keep_head(&mut self, place: Place, told: &[(Id, FaultKind)]) {
        let Some(start) = self.line_before(place.at, place.at) else { return };
        let reading = self.read(start, self.visible(start, place.at - 1));
        if reading.message.trim_ascii().is_empty() {
            return;
        }
        let sample = self.sample_before(start, &reading, place);
        for (id, kind) in told {
            self.keep_beside(*id, || kind.clone(), sample.clone());
        }
    }

    /// Keeps the nearest warning above an error that leaves it to the warnings what it is about.
    pub(super) fn keep_warning_above(&mut self, place: Place, told: &[(Id, FaultKind)]) {
        let mut end = place.at;
        for _ in 0..WARNINGS_ABOVE {
            let Some(start) = self.line_before(end, place.at) else { return };
            let reading = self.read(start, self.visible(start, end - 1));
            end = start;
            if reading.level != Some(Level::Warn) {
                return;
            }
            if points_above(&reading.message) {
                continue;
            }
            let sample = self.sample_before(start, &reading, place);
            for (id, kind) in told {
                self.keep_beside(*id, || kind.clone(), sample.clone());
            }
            return;
        }
    }

    /// The line before this one that may have told an error: above the brackets that stand in the one that it opened, and
    /// above a line that says nothing.
    fn head_of_detail(&self, at: usize) -> Option<(usize, &'a [u8])> {
        let says_nothing = |start: usize| self.read(start, self.visible(start, at - 1)).message.trim_ascii().is_empty();
        let mut end = self.line_before(at, at).filter(|start| says_nothing(*start)).unwrap_or(at);
        for _ in 0..=MOST_NESTED {
            let start = self.line_before(end, at)?;
            let line = self.visible(start, end - 1);
            if line.trim_ascii_end().ends_with(DESCRIPTION) {
                return self.banner_above(start, at);
            }
            if self.scanner.matcher.proposes(line) {
                return Some((start, line));
            }
            end = start;
            if !opens(line.trim_ascii_end()) {
                return None;
            }
        }
        None
    }

    fn banner_above(&self, mut end: usize, at: usize) -> Option<(usize, &'a [u8])> {
        for _ in 0..BANNER_LINES {
            let start = self.line_before(end, at)?;
            let line = self.visible(start, end - 1);
            if line.trim_ascii_end().ends_with(BANNER) {
                return Some((start, line));
            }
            end = start;
        }
        None
    }

    /// The faults that a line tells of by its own words.
    pub(super) fn told_by(&self, reading: &Reading) -> Vec<(Id, FaultKind)> {
        let Some(text) = parts(reading).last() else { return Vec::new() };
        if is_dealt_with(text) {
            return Vec::new();
        }
        let mut matches = Matches::default();
        self.scanner.matcher.collect(&self.scanner.pack, text, &mut matches);
        let known = matches.signatures.iter().map(|&at| &self.scanner.pack.signatures()[at]);
        let known: Vec<_> = known.filter(|known| matches!(known.role, Role::Root | Role::Symptom)).collect();
        if !known.is_empty() {
            let kind = |id: &String| (signature_id(id), FaultKind::Signature(id.clone()));
            return known.into_iter().map(|known| kind(&known.id)).collect();
        }
        let marks = self.scanner.marks(reading, text, &matches);
        let reason = marks
            .iter()
            .find(|(_, mark)| mark.mark.kind == MarkKind::Fatal)
            .and_then(|(_, mark)| mark.text(Field::Reason));
        let (class, text) = match reason {
            Some(reason) => (Class::Exception, reason),
            None => match class_of(reading, text) {
                Some(class) => (class, text),
                None => return Vec::new(),
            },
        };
        let template = skeleton(text.trim_ascii());
        vec![(unknown_id(class, &template), FaultKind::Unknown { class, template })]
    }
}
