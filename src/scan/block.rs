//! Crash blocks of several lines: what a Python traceback ends in, and what Node threw before its last line.
//!
//! An exception's class may be called anything, so its line is known by where it stands. A traceback that no log record
//! introduces is an uncaught one: the program dies by it.

use super::{CONTEXT, Pass, Place, Sample, evidence_text, fault_id, parts, shown, unknown_id, words};
use crate::evidence::event::{DIED_ALONE, DIED_PERHAPS, DIED_SURELY, Fold};
use crate::evidence::{Class, FaultKind, Mark, Told};
use crate::grammar::definition::Role;
use crate::grammar::{Level, MarkKind, Reading, head};
use crate::signature::Matches;
use crate::signature::wording::is_dealt_with;
use crate::template::skeleton;
use memchr::memmem;
use std::borrow::Cow;

const TRACEBACK: &[u8] = b"Traceback (most recent call last):";
/// Lines between two exceptions of a chain.
const CHAINS: [&[u8]; 2] = [b"During handling of the above exception", b"The above exception was the direct cause"];
/// What introduces a traceback that does not end the program.
const HANDLED: [&[u8]; 3] = [b"Exception in thread", b"Exception ignored in", b"Task exception was never retrieved"];
/// What asyncio's loop shows below the error that it logs, each by its name: what the error came to.
const CONTEXTS: [&[u8]; 7] =
    [b"asyncgen: <", b"future: <", b"handle: <", b"protocol: <", b"socket: <", b"task: <", b"transport: <"];
/// Lines of a warning.
const MAX_WARNING: usize = 12;
/// Lines of an exception's message.
const MAX_MESSAGE: usize = 12;
/// A block is not followed further than this.
const MAX_LINES: usize = 200;

/// The line that a traceback ends in.
#[derive(Clone, Copy, Debug)]
pub struct Thrown {
    /// Where it begins in the chunk, and where the line after it does.
    at: usize,
    next: usize,
    /// No log record introduced it.
    pub uncaught: bool,
    /// A service manager's record introduced it.
    pub by_manager: bool,
    /// Nothing but another block stands before it: the program said nothing before it died.
    alone: bool,
    /// It left the module that the interpreter runs: nobody could catch it any more.
    left_module: bool,
    /// It was thrown because of another, or while that was handled: the first one of the chain is the reason.
    pub chained: bool,
}

pub fn is_traceback(text: &[u8]) -> bool {
    // gunicorn shows one in brackets.
    text.strip_prefix(b"[").unwrap_or(text).starts_with(TRACEBACK)
}

/// Whether a traceback of its own begins with this line.
pub fn begins_traceback(text: &[u8]) -> bool {
    is_traceback(text) || cuts_step_short(text)
}

/// Whether a traceback begins after this line.
pub fn ends_in_traceback(text: &[u8]) -> bool {
    text.trim_ascii_end().ends_with(TRACEBACK)
}

/// What leads from one exception of a chain to the next.
pub fn is_chain(text: &[u8]) -> bool {
    CHAINS.iter().any(|chain| text.starts_with(chain))
}

/// Whether a traceback begins where a program was about to say how a step went.
fn cuts_step_short(text: &[u8]) -> bool {
    text.trim_ascii_end().strip_suffix(TRACEBACK).is_some_and(|step| step.ends_with(b"..."))
}

/// A frame of a JavaScript or a Java trace.
pub fn is_frame(text: &[u8]) -> bool {
    text.starts_with(b"    at ") || text.starts_with(b"\tat ")
}

/// A frame of a Ruby trace, `lib/sidekiq/cli.rb:78:in 'run'`; with a message after it, it is the head of one.
pub fn is_ruby_frame(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    if !text.ends_with(b"'") {
        return false;
    }
    let place = [&b":in `"[..], b":in '"].iter().find_map(|call| memmem::find(text, call));
    place.is_some_and(|at| text[..at].last().is_some_and(u8::is_ascii_digit))
}

/// `EnvelopeMismatch: it carries 2`, `org.acme.Mismatch$Late: it carries 2`: an error by its class, whatever that is called.
fn is_thrown(text: &[u8]) -> bool {
    // Most lines are told apart by their first byte.
    if !text.first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    let Some(end) = memmem::find(text, b": ") else { return false };
    let class = &text[..end];
    let is_qualified = || class.iter().filter(|&&byte| byte == b'.').count() >= 2;
    (class.first().is_some_and(u8::is_ascii_uppercase) || is_qualified())
        && class.iter().any(u8::is_ascii_lowercase)
        && class.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.$".contains(byte))
}

/// Whether a line can be that of an exception, which begins with its class.
fn is_class(text: &[u8]) -> bool {
    let name = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"._".contains(byte)).count();
    name > 0 && (name == text.trim_ascii_end().len() || text[name..].starts_with(b": "))
}

/// What is left of a frame whose line was cut: `lib/site-packages/app/util.py", line 420, in load`, `7, in load`.
fn is_piece_of_frame(text: &[u8]) -> bool {
    let Some(at) = memmem::find(text, b", in ") else { return false };
    let (place, name) = (&text[..at], &text[at + ", in ".len()..]);
    let number = place.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let before = &place[..place.len() - number];
    let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_<>".contains(byte));
    is_name && number > 0 && (b"\", line ".ends_with(before) || before.ends_with(b"\", line "))
}

/// Whether a server says that it answered a request by a failure of its own: `"GET /x HTTP/1.1" 500`.
fn answers_failure(text: &[u8]) -> bool {
    let Some(request) = memmem::find(text, b" HTTP/") else { return false };
    let rest = &text[request..];
    memmem::find(rest, b"\" 5")
        .is_some_and(|at| rest[at + 3..].iter().take(2).filter(|byte| byte.is_ascii_digit()).count() == 2)
}

/// Whether the line is the head of a Rust panic, whose message is the next line.
pub fn is_panic_head(text: &[u8]) -> bool {
    // Few lines end as a place does.
    is_colon_at_end(text)
        && memmem::find(text, b" panicked at ").is_some_and(|at| is_place(&text[at + " panicked at ".len()..]))
}

/// Whether a text is a place in a source file, `src/main.rs:14:37:`.
pub fn is_place(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    is_colon_at_end(text) && !text.contains(&b' ') && text.len() > 2
}

fn is_colon_at_end(text: &[u8]) -> bool {
    text.trim_ascii_end().ends_with(b":")
}

impl Thrown {
    /// By the message of a record, which tells of it.
    pub fn within(at: usize, chained: bool) -> Thrown {
        Thrown { at, next: 0, uncaught: false, by_manager: false, alone: false, left_module: false, chained }
    }
}

impl<'a> Pass<'a> {
    /// The traceback that ends in the line that begins here.
    pub(super) fn thrown_at(&self, at: usize) -> Option<Thrown> {
        self.thrown.filter(|thrown| thrown.at == at)
    }

    /// Whether the line that begins here follows a traceback.
    pub(super) fn follows_thrown(&self, at: usize) -> bool {
        self.thrown.is_some_and(|thrown| thrown.next == at)
    }

    /// A line after a traceback was read: a server that answers the request by which it came goes on.
    pub(super) fn meet_answer(&mut self, at: usize, reading: &Reading) {
        let time = reading.time.or_else(|| self.inherited_time(at));
        if answers_failure(&reading.text) && self.ends_traceback(at) && !self.scanner.options.leaves_out(time) {
            let words = fault_id("mark\0answered");
            let actor = self.actor(at, reading, false, None);
            let place = Place {
                at,
                line: self.segment.lines,
                time,
                is_untimed: reading.time.is_none(),
                actor,
                part: 0,
                times: 1,
            };
            self.sample(words, || FaultKind::Mark("answered".into()), place, &reading.text);
            let told = self.told_by_program(MarkKind::Alive, place, words, None);
            let (offset, line) = (self.offset(at), place.line);
            self.segment.add_mark(Mark { told: &told, offset, line, time, pid: None, count: None, last_words: 0 });
        }
    }

    /// Whether a traceback near enough for whoever owns this line ends just before it.
    fn ends_traceback(&self, at: usize) -> bool {
        let from = at.saturating_sub(CONTEXT as usize / 2);
        let head = memmem::rfind(&self.chunk.bytes[from..at], TRACEBACK).map(|found| from + found);
        let start = head.and_then(|head| self.line_before(self.line_end(head) + 1, at));
        start.is_some_and(|start| self.traceback_end(start) == self.line_before(at, at))
    }

    /// A traceback's first line was read: finds its last one.
    pub(super) fn meet_traceback(&mut self, at: usize, reading: &Reading) {
        // Of a chain the first one decides, if it is near enough for whoever owns the last line to see it.
        let Some(end) = self.traceback_end(at).filter(|end| (end - at) as u64 <= CONTEXT) else { return };
        if self.thrown_at(end).is_none() {
            self.thrown = Some(self.how_thrown(at, end, reading));
        }
    }

    /// The head of a panic was read: its message is what the thread died of.
    pub(super) fn meet_panic(&mut self, at: usize) {
        self.thrown = Some(Thrown::within(self.line_end(at) + 1, false));
    }

    /// What is shown of the message of a panic: its head as well.
    pub(super) fn with_panic_head<'t>(&self, at: usize, shown: &'t [u8]) -> Cow<'t, [u8]> {
        let head = self.line_before(at, at).map(|before| self.visible(before, at - 1));
        match head.filter(|head| is_panic_head(head)) {
            Some(_) => {
                let head = self.line_before(at, at).map(|before| self.reading_at(before).text).unwrap_or_default();
                Cow::Owned([&head, b" ".as_slice(), shown].concat())
            }
            None => Cow::Borrowed(shown),
        }
    }

    /// A piece may begin in the middle of a traceback, whose last line it owns, or after the head of a panic.
    pub(super) fn look_back_for_block(&mut self, first: usize) {
        if let Some(start) = self.line_before(first, first)
            && parts(&self.reading_at(start)).any(is_panic_head)
        {
            self.meet_panic(start);
        }
        let from = first.saturating_sub(CONTEXT as usize);
        let bytes = self.chunk.bytes;
        let before = bytes.get(from..first).unwrap_or_default();
        for found in memmem::find_iter(before, TRACEBACK) {
            let start = memchr::memrchr(b'\n', &bytes[..from + found]).map_or(0, |newline| newline + 1);
            if start == 0 && self.chunk.base > 0 {
                continue;
            }
            let reading = self.reading_at(start);
            if parts(&reading).any(begins_traceback) {
                self.meet_traceback(start, &reading);
            }
        }
    }

    fn reading_at(&self, at: usize) -> Reading<'a> {
        self.read(at, self.visible(at, self.line_end(at)))
    }

    pub(super) fn line_end(&self, at: usize) -> usize {
        memchr::memchr(b'\n', &self.chunk.bytes[at..]).map_or(self.chunk.bytes.len(), |len| at + len)
    }

    /// The first line after the frames that stands at the first column and is no log record.
    fn traceback_end(&self, at: usize) -> Option<usize> {
        let mut next = self.line_end(at) + 1;
        let mut after_blank = false;
        for _ in 0..MAX_LINES {
            if next >= self.chunk.bytes.len() {
                return None;
            }
            let reading = self.reading_at(next);
            let text: &[u8] = &reading.message;
            // Who writes a stream in pieces may cut a line of source from its indentation.
            let is_cut_off = after_blank && reading.level.is_none() && !is_class(text);
            after_blank = text.trim_ascii().is_empty();
            let goes_on = text.first().is_none_or(u8::is_ascii_whitespace)
                || text.iter().all(|byte| b"^~ ".contains(byte))
                || is_traceback(text)
                || is_chain(text)
                || is_piece_of_frame(text)
                || is_cut_off;
            if !goes_on {
                return reading.level.is_none().then_some(next);
            }
            next = self.line_end(next) + 1;
        }
        None
    }

    /// What stands before a traceback that ends in a line, and so whether somebody caught it. Nothing further than
    /// `CONTEXT` before that line is looked at.
    fn how_thrown(&self, at: usize, line: usize, reading: &Reading) -> Thrown {
        let caught = Thrown {
            at: line,
            next: self.line_end(line) + 1,
            uncaught: false,
            by_manager: self.is_managers(reading),
            alone: false,
            left_module: self.leaves_module(at, line),
            chained: false,
        };
        // A step that was under way when it died: `Applying shop.0002...Traceback (most recent call last):`.
        let is_cut_short = parts(reading).any(cuts_step_short);
        let uncaught = |alone| Thrown { uncaught: true, by_manager: false, alone: alone || is_cut_short, ..caught };
        // An interrupt is a stop by whoever sent it.
        let is_interrupt = self.reading_at(line).message.starts_with(b"KeyboardInterrupt");
        if is_interrupt || caught.by_manager || reading.level.is_some_and(|level| level >= Level::Error) {
            return caught;
        }
        let mut end = at;
        for _ in 0..MAX_LINES {
            let Some(start) = self.line_before(end, line) else { return uncaught(true) };
            let from = std::mem::replace(&mut end, start);
            let before = self.reading_at(start);
            let text: &[u8] = &before.message;
            if text.trim_ascii().is_empty() || CONTEXTS.iter().any(|context| text.starts_with(context)) {
                continue;
            }
            if is_chain(text) {
                return Thrown { chained: true, ..caught };
            }
            let by_manager = self.is_managers(&before);
            let introduces = !before.is_answer
                && before.level.is_some_and(|level| level >= if by_manager { Level::Warn } else { Level::Error });
            let dealt_with = is_dealt_with(text);
            if introduces || dealt_with || HANDLED.iter().any(|handled| text.starts_with(handled)) {
                return Thrown { by_manager, ..caught };
            }
            // Python's own warnings before it are no words of the program.
            if let Some(warning) = self.warning_above(from, line) {
                end = warning;
                continue;
            }
            // It may be introduced by one line: what failed, or the name of the process.
            let introduced = || self.line_before(start, line).is_none_or(|above| self.ends_block(above, line));
            let alone = || self.ends_block(start, line) || before.level.is_none() && introduced();
            return uncaught(alone() || self.are_last_words(&before));
        }
        uncaught(false)
    }

    /// Whether the outermost frame of a traceback is the module that the interpreter runs.
    fn leaves_module(&self, at: usize, line: usize) -> bool {
        let frame = self.line_end(at) + 1;
        frame < line && self.reading_at(frame).message.trim_ascii_end().ends_with(b", in <module>")
    }

    /// Whether a program surely died by what a line says, so that what follows is another one's.
    fn are_last_words(&self, reading: &Reading) -> bool {
        if reading.message.trim_ascii_end().ends_with(b":") {
            return false;
        }
        let mut matches = Matches::default();
        self.scanner.matcher.collect(&self.scanner.pack, &reading.message, &mut matches);
        let marks = self.scanner.marks(reading, &reading.message, &matches);
        marks.iter().any(|(_, mark)| mark.mark.kind == MarkKind::Fatal && !mark.mark.weak)
    }

    /// Whether the line that begins here has no level and ends a block of lines that are set in.
    fn ends_block(&self, at: usize, limit: usize) -> bool {
        let above = self.line_before(at, limit).map(|above| self.reading_at(above));
        above.is_some_and(|above| above.message.first().is_some_and(u8::is_ascii_whitespace))
            && self.reading_at(at).level.is_none()
    }

    /// Where a warning of Python begins (`lib.py:9: UserWarning: …`) that goes up to this line.
    fn warning_above(&self, at: usize, limit: usize) -> Option<usize> {
        let mut end = at;
        for _ in 0..MAX_WARNING {
            end = self.line_before(end, limit)?;
            let reading = self.reading_at(end);
            if reading.level.is_some() || is_traceback(&reading.message) {
                return None;
            }
            if memmem::find(&reading.message, b"Warning: ").is_some()
                && memmem::find(&reading.message, b".py:").is_some()
            {
                return Some(end);
            }
        }
        None
    }

    fn is_managers(&self, reading: &Reading) -> bool {
        reading.formats.last().is_some_and(|&id| self.scanner.catalog.format(id).role == Role::Manager)
    }

    /// The mark of a program that seems to have died by the exception on this line: weak, for it may go on.
    pub(super) fn uncaught(&mut self, place: Place, text: &[u8], program: Option<&str>, thrown: Thrown) {
        let words = fault_id("mark\0uncaught exception");
        self.sample(words, || FaultKind::Mark("uncaught exception".into()), place, text);
        let told = Told {
            step: match thrown {
                Thrown { alone: true, .. } => DIED_ALONE,
                Thrown { left_module: true, .. } => DIED_SURELY,
                _ => DIED_PERHAPS,
            },
            weak: true,
            ..self.told_by_program(MarkKind::Fatal, place, words, program)
        };
        let (offset, line, time) = (self.offset(place.at), place.line, place.time);
        self.segment.add_mark(Mark { told: &told, offset, line, time, pid: None, count: None, last_words: 0 });
    }

    /// Before a line that only says that the program died: the error that it threw, where its words alone do not tell.
    pub(super) fn thrown_before(&mut self, place: Place) {
        let mut end = place.at;
        let mut above_frames = false;
        for _ in 0..MAX_LINES {
            let Some(start) = self.line_before(end, place.at) else { return };
            let reading = self.reading_at(start);
            let text: &[u8] = &reading.message;
            end = start;
            // Node adds where an event came from, with frames of its own.
            let is_addition = text.starts_with(b"Emitted 'error' event");
            if above_frames && !is_addition && text.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
                // Known by its class, it was told when its first frame was read.
                if !is_thrown(text) && self.message_head(start, place.at).is_none() {
                    self.tell_thrown(start, &reading, place);
                }
                return;
            }
            above_frames = is_frame(text);
        }
    }

    /// Whether a frame is the first one after what was thrown, by a class that its words alone do not tell, or after a
    /// message of several lines.
    pub(super) fn throws_above(&self, at: usize) -> bool {
        self.line_before(at, at).is_some_and(|before| {
            let text = &self.chunk.bytes[before..at - 1];
            if is_frame(text) {
                return false;
            }
            let goes_on = || head::of(text) != head::Head::Record && self.message_head(before, at).is_some();
            (is_thrown(text) || goes_on()) && !words::is_exception_head(text)
        })
    }

    /// The head of the exception whose message of several lines ends in the line that begins here: that was told by itself.
    fn message_head(&self, last: usize, limit: usize) -> Option<usize> {
        // A record has its message to itself.
        if head::of(&self.chunk.bytes[last..limit]) == head::Head::Record && self.reading_at(last).level.is_some() {
            return None;
        }
        let mut end = last;
        for _ in 0..MAX_MESSAGE {
            let start = self.line_before(end, limit)?;
            let reading = self.reading_at(start);
            if words::is_exception_head(&reading.message) {
                return Some(start);
            }
            if reading.level.is_some() || is_frame(&reading.message) {
                return None;
            }
            end = start;
        }
        None
    }

    /// A frame was read: before the first one stands what was thrown, by a class that the words alone do not tell, or the
    /// last line of a message, which often says most.
    pub(super) fn thrown_above(&mut self, place: Place) {
        let Some(start) = self.line_before(place.at, place.at) else { return };
        let reading = self.reading_at(start);
        if is_frame(&reading.message) || words::is_exception_head(&reading.message) {
            return;
        }
        match self.message_head(start, place.at) {
            Some(head) => self.keep_end_of_message(head, start, &reading, place),
            None if is_thrown(&reading.message) => self.tell_thrown(start, &reading, place),
            None => {}
        }
    }

    /// Keeps the last line of a message beside its head.
    fn keep_end_of_message(&mut self, head: usize, last: usize, reading: &Reading, place: Place) {
        if reading.level.is_some() || reading.message.trim_ascii().is_empty() {
            return;
        }
        let told = self.told_by(&self.reading_at(head));
        for (id, kind) in told {
            let sample = self.sample_before(last, reading, place);
            self.keep_beside(id, || kind, sample);
        }
    }

    /// What is shown of a line that stands before a place.
    pub(super) fn sample_before(&self, start: usize, reading: &Reading, place: Place) -> Sample {
        let back = memchr::memchr_iter(b'\n', &self.chunk.bytes[start..place.at]).count() as u64;
        Sample {
            offset: self.offset(start),
            line: place.line.wrapping_sub(back),
            time: place.time,
            actor: place.actor,
            text: evidence_text(&shown(reading, &reading.message), self.scanner.options.show_secrets),
        }
    }

    /// Tells of what was thrown, in a line before this place, unless it was judged when it was read.
    fn tell_thrown(&mut self, start: usize, reading: &Reading, place: Place) {
        let text: &[u8] = &reading.message;
        if reading.level.is_some() || words::is_exception_head(text) || self.scanner.is_known(text) {
            return;
        }
        let template = skeleton(text.trim_ascii());
        let id = unknown_id(Class::Exception, &template);
        let sample = self.sample_before(start, reading, place);
        self.segment.add_occurrences(id, place.actor, Fold::of_line(sample.offset, place.time, place.is_untimed, 1));
        self.keep_first(id, || FaultKind::Unknown { class: Class::Exception, template }, sample.offset, || sample);
    }
}
