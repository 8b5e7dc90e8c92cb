//! The lines that are kept of each fault: the first ones, and the last ones of each chunk.

use super::{MAX_LINE, Pass, Place, Scanner, parts, shown};
use crate::evidence::event::{FIRST_SAMPLES, Fold, LAST_SAMPLES};
use crate::evidence::{Fault, FaultKind, Id, Sample, Segment, mask};
use crate::grammar::{Clock, Reader, ansi};
use std::collections::HashMap;

/// Longest evidence text in bytes.
const MAX_TEXT: usize = 500;
/// Of it, bytes of the end of a longer one.
const MAX_END: usize = 120;
const ELLIPSIS: &str = " … ";
/// Bytes of a line that are looked at for it.
const MAX_MASKED: usize = 16 << 10;

/// A fault while its chunk is scanned: the last samples are places only, and become text at the end.
pub(super) struct Draft {
    kind: FaultKind,
    count: u64,
    first: Vec<Sample>,
    last: std::collections::VecDeque<Place>,
}

impl Draft {
    /// Where a sample of this offset belongs among the first ones, if it is one of them and not known yet.
    fn place_for(&self, offset: u64) -> Option<usize> {
        let at = self.first.binary_search_by_key(&offset, |sample| sample.offset).err()?;
        (at < FIRST_SAMPLES).then_some(at)
    }

    fn keep(&mut self, at: usize, sample: Sample) {
        self.first.insert(at, sample);
        self.first.truncate(FIRST_SAMPLES);
    }
}

impl Pass<'_> {
    pub(super) fn occurrence(&mut self, id: Id, kind: impl FnOnce() -> FaultKind, place: Place, text: &[u8]) {
        let fold = Fold::of_line(self.offset(place.at), place.time, place.is_untimed, place.times);
        self.segment.add_occurrences(id, place.actor, fold);
        self.sample(id, kind, place, text);
    }

    fn draft(&mut self, id: Id, kind: impl FnOnce() -> FaultKind) -> &mut Draft {
        self.faults.entry(id).or_insert_with(|| Draft {
            kind: kind(),
            count: 0,
            first: Vec::new(),
            last: Default::default(),
        })
    }

    /// Counts a fault whose line was found by looking back: only its first samples are kept.
    pub(super) fn keep_first(
        &mut self,
        id: Id,
        kind: impl FnOnce() -> FaultKind,
        offset: u64,
        sample: impl FnOnce() -> Sample,
    ) {
        let draft = self.draft(id, kind);
        draft.count += 1;
        if let Some(at) = draft.place_for(offset) {
            draft.keep(at, sample());
        }
    }

    /// Keeps one more line beside those of a fault, without counting it.
    pub(super) fn keep_beside(&mut self, id: Id, kind: impl FnOnce() -> FaultKind, sample: Sample) {
        let draft = self.draft(id, kind);
        if let Some(at) = draft.place_for(sample.offset) {
            draft.keep(at, sample);
        }
    }

    pub(super) fn sample(&mut self, id: Id, kind: impl FnOnce() -> FaultKind, place: Place, text: &[u8]) {
        let offset = self.offset(place.at);
        let draft = self.draft(id, kind);
        draft.count += u64::from(place.times);
        if draft.last.back().is_none_or(|last| last.at != place.at) {
            if draft.last.len() == LAST_SAMPLES {
                draft.last.pop_front();
            }
            draft.last.push_back(place);
        }
        if let Some(at) = draft.place_for(offset) {
            let text = self.first_text(place.at, text);
            let sample = Sample { offset, line: place.line, time: place.time, actor: place.actor, text };
            if let Some(draft) = self.faults.get_mut(&id) {
                draft.keep(at, sample);
            }
        }
    }

    /// What is kept of a text at a place: of several faults in one line it is made once.
    fn first_text(&mut self, at: usize, text: &[u8]) -> String {
        if self.shown_last.0 != at || self.shown_last.1 != text {
            let shown = evidence_text(&self.with_panic_head(at, text), self.scanner.options.show_secrets);
            self.shown_last = (at, text.to_vec(), shown);
        }
        self.shown_last.2.clone()
    }

    /// Turns the places of the last samples into text, and applies the bounds.
    pub(super) fn finish(mut self) -> Segment {
        let mut texts: HashMap<(usize, usize), Option<String>> = HashMap::new();
        for (id, draft) in std::mem::take(&mut self.faults) {
            let last = draft.last.iter().rev().filter_map(|place| {
                let text = texts.entry((place.at, place.part)).or_insert_with(|| self.text_at(place)).clone()?;
                let offset = self.offset(place.at);
                Some(Sample { offset, line: place.line, time: place.time, actor: place.actor, text })
            });
            let last = last.collect();
            let fault = Fault { kind: draft.kind, count: draft.count, first: draft.first, last };
            self.segment.add_fault(id, fault);
        }
        self.segment.keep_bounds();
        self.segment
    }

    fn text_at(&self, place: &Place) -> Option<String> {
        let reading = self.read(place.at, self.visible(place.at, self.line_end(place.at)));
        let text = parts(&reading).nth(place.part)?;
        let shown = shown(&reading, text);
        Some(evidence_text(&self.with_panic_head(place.at, &shown), self.scanner.options.show_secrets))
    }
}

impl Scanner {
    /// What is shown of a line by itself: all that the program wrote on it, without its envelopes.
    pub fn shown(&self, line: &[u8], clock: &Clock) -> String {
        let line = &line[..line.len().min(MAX_LINE as usize)];
        evidence_text(&Reader::of(&self.catalog).read(line, clock).text, self.options.show_secrets)
    }
}

/// A text for people: valid, masked, at most `MAX_TEXT` bytes.
pub(super) fn evidence_text(text: &[u8], show_secrets: bool) -> String {
    let plain = ansi::plain(text);
    let plain = plain.trim_ascii_end();
    // A secret must not survive by being cut in two: mask some more than is kept.
    let text = String::from_utf8_lossy(&plain[..plain.len().min(MAX_MASKED)]);
    let masked = if show_secrets { text } else { mask::mask(&text).into_owned().into() };
    if masked.len() <= MAX_TEXT {
        return masked.into_owned();
    }
    // A secret that the cut left a part of would stand at the end.
    if plain.len() > MAX_MASKED {
        return masked[..masked.floor_char_boundary(MAX_TEXT)].to_string();
    }
    // Long lines often say at their end what they are about.
    let head = masked.floor_char_boundary(MAX_TEXT - MAX_END - ELLIPSIS.len());
    let tail = masked.ceil_char_boundary(masked.len() - MAX_END);
    [&masked[..head], ELLIPSIS, &masked[tail..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_shown_with_its_end() {
        let line = format!("could not find {} in locally installed gems", "rack-2.2.11, ".repeat(90));
        let shown = evidence_text(line.as_bytes(), false);
        assert!(shown.len() <= MAX_TEXT && shown.starts_with("could not find rack"), "{shown}");
        assert!(shown.ends_with("in locally installed gems"), "{shown}");
    }

    #[test]
    fn no_part_of_a_secret_is_left_where_a_line_is_cut() {
        let before = MAX_MASKED - "Authorization: Bearer abcd".len();
        let line = format!("{}Authorization: Bearer abcdefghijklmnopqrstuvwxyz", "x ".repeat(before / 2));
        let shown = evidence_text(line.as_bytes(), false);
        assert!(shown.len() <= MAX_TEXT && !shown.contains("abc"), "{shown}");
    }
}
