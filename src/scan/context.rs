//! What stands before a line: its time where it has none of its own, and a program's last words.
//!
//! Nothing further back than `CONTEXT` bytes is looked at, so that it does not matter where the chunk was cut.

use super::block;
use super::idiom::{Idiom, Meaning};
use super::words::{class_of, is_prompt, points_above};
use super::{CONTEXT, Pass, Place, Scanner, evidence_text, fault_id, parts, shown};
use crate::evidence::{FaultKind, Id, Sample};
use crate::grammar::definition::Role;
use crate::grammar::{Level, Reading, Time, head};
use crate::signature::Matches;
use crate::signature::wording::complains;
use crate::template::skeleton;
use std::borrow::Cow;

/// The last words are looked for this many lines before a mark.
const LAST_WORDS_LINES: usize = 8;

/// Who wrote a line, as far as it says so.
#[derive(Clone, Copy, Debug, Default)]
pub struct Speaker<'s> {
    /// The service that the line names.
    pub service: Option<&'s [u8]>,
    /// The program, where the line is its own.
    pub ident: Option<&'s [u8]>,
    /// The pod that it names beside the service.
    pub pod: Option<&'s [u8]>,
}

/// What a line's words are worth where they are a program's last ones.
#[derive(Clone, Debug)]
pub(super) struct LastWords {
    template: String,
    complains: bool,
    /// A signature, its level or the program's own words know it as an error anyhow.
    is_known: bool,
    /// A manager said it, in a log that holds anybody's lines.
    by_manager: bool,
    id: Id,
}

impl LastWords {
    pub(super) fn of(scanner: &Scanner, reading: &Reading, text: &[u8], idiom: &Idiom) -> LastWords {
        let template = skeleton(text);
        let is_own = idiom.meaning(&template) == Some(Meaning::LastWords);
        let mut matches = Matches::default();
        scanner.matcher.collect(&scanner.pack, text, &mut matches);
        let by_manager = scanner.marks(reading, text, &matches).iter().any(|(_, mark)| mark.mark.manager);
        let is_known = is_own || !matches.signatures.is_empty() || class_of(reading, text).is_some();
        let id = fault_id(&format!("words\0{is_known}\0{template}"));
        LastWords { complains: complains(&template), template, is_known, by_manager, id }
    }

    /// Whether a number is part of what it is known by.
    pub(super) fn has_number(&self) -> bool {
        self.template.bytes().any(|byte| byte.is_ascii_digit())
    }
}

impl Pass<'_> {
    /// The last line of an application before a mark, by its skeleton; of the mark's own service, where lines name it.
    pub(super) fn last_words(&mut self, before: usize, own: &Speaker) -> Id {
        let mut end = before;
        let mut last = None;
        let mut crossed = false;
        let mut lines = 0;
        while lines < LAST_WORDS_LINES {
            let Some(at) = self.line_before(end, before) else { break };
            let line = self.visible(at, end - 1);
            end = at;
            // What stands above it is another log's.
            if head::section_of(line).is_some() {
                break;
            }
            if head::of(line) == head::Head::Continuation {
                lines += 1;
                continue;
            }
            let reading = self.read(at, line);
            // Asked of every format, so only of what none reads.
            if reading.formats.is_empty() && self.scanner.catalog.frame_of(line).is_some() {
                lines += 1;
                continue;
            }
            // What stands above a command is not what it brought.
            if reading.formats.is_empty() && is_prompt(line) {
                break;
            }
            // What was said stands above its trace, however long that is.
            if block::is_ruby_frame(&reading.message) {
                continue;
            }
            lines += 1;
            if self.is_continuation(at, &reading) {
                continue;
            }
            let manager =
                reading.formats.last().is_some_and(|&id| self.scanner.catalog.format(id).role != Role::Application);
            let other =
                |own: Option<&[u8]>, theirs: Option<&[u8]>| own.zip(theirs).is_some_and(|(own, theirs)| own != theirs);
            let pod = self.pod_of(&reading);
            if other(own.service, reading.service.as_deref())
                || other(own.ident, reading.ident.as_deref())
                || other(own.pod, pod)
            {
                continue;
            }
            crossed |= manager;
            if manager || reading.repeat.is_some() || reading.message.trim_ascii().is_empty() {
                continue;
            }
            let Some(text) = parts(&reading).next() else { continue };
            let words = self.words_of(&reading, text);
            if words.by_manager {
                crossed = true;
                continue;
            }
            // What a program calls information is its reason only where nothing comes after it.
            let says_why =
                words.complains && (last.is_none() || reading.level.is_none_or(|level| level >= Level::Warn));
            // Advice may follow the reason, in lines that are no records of their own.
            // A journal gives its time to any text.
            let is_wrapped = reading.formats.len() == 1 && (reading.service.is_some() || reading.ident.is_some());
            let is_record = reading.level.is_some() || reading.time.is_some() && !is_wrapped;
            // Lines of a layout that nobody knows are no advice.
            let is_text = !reading.text.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'[');
            if last.is_none() || says_why && (is_record || is_text && !crossed) {
                last = Some((at, reading));
            }
            if is_record || says_why {
                break;
            }
        }
        last.map_or(0, |(at, reading)| self.keep_last_words(at, &reading, before))
    }

    fn keep_last_words(&mut self, at: usize, reading: &Reading, before: usize) -> Id {
        let Some(text) = parts(reading).next() else { return 0 };
        let LastWords { template, is_known, id, .. } = self.words_of(reading, text).into_owned();
        let time = reading.time.or_else(|| self.inherited_time(at));
        // A line of the context counts back from the segment's first one; joining the segments puts it right.
        let back = memchr::memchr_iter(b'\n', &self.chunk.bytes[at..before]).count() as u64;
        let line = self.segment.lines.wrapping_sub(back);
        let offset = self.offset(at);
        let show_secrets = self.scanner.options.show_secrets;
        let sample = || {
            let text = evidence_text(&shown(reading, text), show_secrets);
            Sample { offset, line, time, actor: 0, text }
        };
        let sums_up = points_above(text);
        let told = FaultKind::Words { template, is_known };
        self.keep_first(id, || told.clone(), offset, sample);
        if sums_up {
            let place = Place { at, line, time, is_untimed: false, actor: 0, part: 0, times: 1 };
            self.keep_warning_above(place, &[(id, told)]);
        }
        id
    }

    /// What a line's words are worth before an end.
    fn words_of(&mut self, reading: &Reading, text: &[u8]) -> Cow<'_, LastWords> {
        let idiom = &self.guide.idiom;
        let known = if idiom.is_empty() { self.memo.words(self.scanner, reading) } else { None };
        match known {
            Some(words) => Cow::Borrowed(words),
            None => Cow::Owned(LastWords::of(self.scanner, reading, text, idiom)),
        }
    }

    /// Start of the line that ends just before `end`, if it begins within `CONTEXT` of `limit`.
    pub(super) fn line_before(&self, end: usize, limit: usize) -> Option<usize> {
        if end == 0 {
            return None;
        }
        let at = match memchr::memrchr(b'\n', &self.chunk.bytes[..end - 1]) {
            Some(newline) => newline + 1,
            None if self.chunk.base == 0 => 0,
            None => return None,
        };
        ((limit - at) as u64 <= CONTEXT).then_some(at)
    }

    /// The time of the nearest timed record before a line, within `CONTEXT`.
    pub(super) fn inherited_time(&mut self, at: usize) -> Option<Time> {
        // What was met after this line says nothing of it.
        let known = self.timed_until <= at;
        let (mut timed, until) = if known { (self.timed, self.timed_until) } else { (None, 0) };
        let mut end = at;
        while end > until {
            let Some(start) = self.line_before(end, at) else { break };
            let line = self.visible(start, end - 1);
            end = start;
            if head::section_of(line).is_some() {
                break;
            }
            if head::of(line) == head::Head::Continuation {
                continue;
            }
            if let Some(time) = self.read(start, line).time {
                timed = Some((start, time));
                break;
            }
        }
        if known {
            (self.timed, self.timed_until) = (timed, at);
        }
        let (start, time) = timed?;
        ((at - start) as u64 <= CONTEXT).then_some(time)
    }
}
