//! Lines that only say how often a message came again: what it told is added up.
//!
//! No step in a service's life is told again. Loggers hold back a message only where the same process said the same
//! twice in a row; a start that comes again has an end between, and another pid.

use super::{Pass, Place, Said, parts, shown};
use crate::grammar::{Reading, Repeat, Time, head};
use std::borrow::Cow;

/// The record before is looked for this many lines back: lines of other hosts and other repeats may stand between.
const MAX_LINES: usize = 64;

impl<'a> Pass<'a> {
    /// Counts the faults that a record told which now came again.
    pub(super) fn judge_repeat(&mut self, at: usize, time: Option<Time>, reading: &Reading<'a>, repeat: Repeat) {
        let before = match repeat {
            Repeat::Own(_) => None,
            Repeat::Before(_) => match self.record_before(at, reading) {
                Some(before) => Some(before),
                None => return,
            },
        };
        let told = before.as_ref().unwrap_or(reading);
        if repeat.times() == 0 {
            return;
        }
        let mut matches = std::mem::take(&mut self.matches);
        for (part, text) in parts(told).enumerate() {
            self.scanner.matcher.collect(&self.scanner.pack, text, &mut matches);
            // The line that counts is the evidence: it is one, whatever the record before it was.
            let (part, shown) =
                if before.is_some() { (0, Cow::Borrowed(&*reading.text)) } else { (part, shown(reading, text)) };
            let is_untimed = reading.time.is_none();
            let place = Place { at, line: self.segment.lines, time, is_untimed, actor: 0, part, times: repeat.times() };
            self.judge_part(place, Said { reading: told, text, shown: &shown, thrown: None, again: true }, &matches);
        }
        self.matches = matches;
    }

    /// The latest record of the same origin that tells something itself.
    fn record_before(&self, at: usize, repeat: &Reading) -> Option<Reading<'a>> {
        let mut end = at;
        for _ in 0..MAX_LINES {
            let start = self.line_before(end, at)?;
            let line = self.visible(start, end - 1);
            end = start;
            if head::of(line) == head::Head::Continuation {
                continue;
            }
            let reading = self.read(start, line);
            let says_nothing =
                matches!(reading.repeat, Some(Repeat::Before(_))) || reading.message.trim_ascii().is_empty();
            if !says_nothing && is_of_origin(&reading, repeat) {
                return Some(reading);
            }
        }
        None
    }
}

/// Whether a record comes from where a repeat says that it comes from.
fn is_of_origin(record: &Reading, repeat: &Reading) -> bool {
    let pairs = [(&record.host, &repeat.host), (&record.ident, &repeat.ident), (&record.service, &repeat.service)];
    pairs.iter().all(|(own, named)| named.is_none() || own == named)
}
