//! The hot path: a chunk of bytes to a segment of evidence.
//!
//! One pass counts lines and record heads and asks the matcher for candidates; only lines that have one are read through
//! the grammars, verified and made events. What a line means depends on the line and on at most `CONTEXT` bytes before
//! it, never on where the chunk was cut: that is the whole of the merge law.

mod block;
mod context;
mod cut;
mod detail;
pub mod idiom;
mod judge;
mod keys;
mod marks;
mod memo;
mod process;
mod repeat;
mod samples;
mod section;
mod telling;
mod words;

use crate::built_in;
use crate::evidence::{Actor, ActorKind, ById, Id, Sample, Segment};
use crate::finder;
use crate::grammar::definition::Role;
use crate::grammar::{Catalog, Clock, Layers, Open, Reader, Reading, Time, head};
use crate::signature::{Matcher, Matches, Pack};
use crate::template::stable_hash;
use block::Thrown;
use idiom::Idiom;
use judge::{Place, Said};
use keys::{aspect_of, fault_id, signature_id, unknown_id};
use memo::Memo;
use samples::{Draft, evidence_text};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A line without a time takes that of the nearest timed record that begins at most this many bytes before it.
/// Docker and containerd cut lines at 16 KiB, and the part before a cut is to be within reach with all its escapes.
pub const CONTEXT: u64 = 32 << 10;
/// Only so much of a line is matched; the rest is counted.
pub const MAX_LINE: u64 = 64 << 10;
/// Bytes of a line, roughly; more lines only take more room.
const USUAL_LINE: usize = 64;
/// Every line that begins in a stream's first bytes is read, to name its formats and its first time.
const HEAD_WINDOW: u64 = 64 << 10;
/// Likewise at its end, for its last time.
pub const TAIL_WINDOW: u64 = 16 << 10;

/// Actors that a line's is looked for among first.
const FEW_ACTORS: usize = 4;

/// What the scan knows: formats, signatures, and the options that shape the evidence.
pub struct Scanner {
    pub catalog: Catalog,
    pub pack: Pack,
    pub matcher: Matcher,
    pub options: Options,
    /// Of passes that are done.
    memos: Mutex<Vec<Memo>>,
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    pub since: Option<Time>,
    pub until: Option<Time>,
    pub show_secrets: bool,
}

/// Bytes of a stream around the lines to scan.
#[derive(Clone, Debug)]
pub struct Chunk<'a> {
    /// What stands before `own` as far as `CONTEXT` (and one byte), `own` itself, and what finishes its last line.
    pub bytes: &'a [u8],
    /// Where `bytes` begins in the stream.
    pub base: u64,
    /// The lines that begin here are scanned.
    pub own: Range<u64>,
    /// The stream's length, where it is known.
    pub length: Option<u64>,
}

/// What a scan goes by that was seen of the stream before: its clock, and its program's own words.
#[derive(Clone, Debug)]
pub struct Guide {
    pub clock: Clock,
    pub idiom: Idiom,
}

impl Options {
    /// Whether a record of this time is not asked for.
    fn leaves_out(&self, time: Option<Time>) -> bool {
        let before = |since: Time| time.is_some_and(|time| time.ns < since.ns);
        let after = |until: Time| time.is_some_and(|time| time.ns > until.ns);
        self.since.is_some_and(before) || self.until.is_some_and(after)
    }
}

impl Scanner {
    /// Makes a scanner of any formats and signatures.
    pub fn new(catalog: Catalog, pack: Pack, options: Options) -> Scanner {
        let matcher = Matcher::new(&pack, &catalog, &pack.sample());
        Scanner { catalog, pack, matcher, options, memos: Mutex::default() }
    }

    /// A scanner of the formats and signatures of the binary.
    pub fn built_in(options: Options) -> Scanner {
        let (pack, matcher) = built_in::signatures();
        Scanner { catalog: built_in::catalog(), pack, matcher, options, memos: Mutex::default() }
    }

    /// Scans the lines that begin in the chunk's own range.
    pub fn scan(&self, chunk: &Chunk, guide: &Guide) -> Segment {
        let mut pass = Pass::new(self, chunk, guide);
        let mut at = pass.first_line();
        pass.look_back_for_block(at);
        pass.look_back_for_cut(at);
        pass.look_back_for_section(at);
        if at < pass.own_end {
            self.matcher.propose(&self.pack, chunk.bytes, at, &mut pass.known_words);
        }
        let mut ends = Vec::with_capacity(chunk.bytes.len() / USUAL_LINE);
        finder::line_ends(chunk.bytes, at, &mut ends);
        // What goes on to the end of the input is a line, too.
        let ends = ends.into_iter().map(|end| end as usize).chain([chunk.bytes.len()]);
        let mut candidate = pass.next_candidate(at);
        for end in ends {
            if at >= pass.own_end {
                break;
            }
            pass.count(at, end);
            let is_found = candidate < end;
            let is_candidate = is_found || head::is_grave(&chunk.bytes[at..end]);
            if is_candidate || pass.is_marked_out(at, end) {
                let thrown = pass.thrown_at(at);
                let throws = block::is_frame(&chunk.bytes[at..end]) && pass.throws_above(at);
                pass.read_line(at, end, is_candidate || throws, thrown);
                if is_found {
                    candidate = pass.next_candidate(end);
                }
            }
            pass.pass_line(at);
            pass.segment.lines += 1;
            at = end + 1;
        }
        self.keep_memo(std::mem::take(&mut pass.memo));
        pass.finish()
    }

    fn take_memo(&self) -> Memo {
        self.memos.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn keep_memo(&self, memo: Memo) {
        self.memos.lock().unwrap_or_else(PoisonError::into_inner).push(memo);
    }
}

/// The state of one pass over one chunk.
struct Pass<'a> {
    scanner: &'a Scanner,
    reader: Reader<'a>,
    chunk: &'a Chunk<'a>,
    guide: &'a Guide,
    /// Lines that begin here stand neither near the stream's start nor near its end.
    inner: Range<usize>,
    /// A place in each line that may have known words, ascending, and how many of them are passed.
    known_words: Vec<u32>,
    passed: usize,
    /// The next place where the program's own words may be.
    own_words: Option<usize>,
    segment: Segment,
    own_end: usize,
    matches: Matches,
    memo: Memo,
    /// Actors of the segment.
    spoke_last: Vec<(Layers, Actor, Id)>,
    /// Latest timed record met on the way or by looking back: where it begins, and its time.
    timed: Option<(usize, Time)>,
    /// No timed record begins between `timed` and here.
    timed_until: usize,
    faults: ById<Draft>,
    /// The text that was made last: of which line, of what, and it.
    shown_last: (usize, Vec<u8>, String),
    /// The line that ends the traceback in progress.
    thrown: Option<Thrown>,
    /// The latest line that is cut.
    cut: Option<cut::CutLine>,
    /// The latest head of a log among others.
    section: Option<section::Section<'a>>,
}

impl<'a> Pass<'a> {
    fn new(scanner: &'a Scanner, chunk: &'a Chunk<'a>, guide: &'a Guide) -> Pass<'a> {
        let own_end = (chunk.own.end.saturating_sub(chunk.base) as usize).min(chunk.bytes.len());
        Pass {
            scanner,
            reader: Reader::of(&scanner.catalog),
            chunk,
            guide,
            inner: inner(chunk),
            known_words: Vec::new(),
            passed: 0,
            own_words: None,
            segment: Segment::new(chunk.own.start, chunk.own.end),
            own_end,
            matches: Matches::default(),
            memo: scanner.take_memo(),
            spoke_last: Vec::new(),
            timed: None,
            timed_until: 0,
            faults: ById::default(),
            shown_last: Default::default(),
            thrown: None,
            cut: None,
            section: None,
        }
    }

    /// Index of the first line that begins in the own range; `own_end` when none does.
    fn first_line(&self) -> usize {
        let start = (self.chunk.own.start - self.chunk.base) as usize;
        if start == 0 || self.chunk.bytes.get(start - 1) == Some(&b'\n') {
            return start.min(self.own_end);
        }
        let rest = self.chunk.bytes.get(start..self.own_end).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.own_end, |len| start + len + 1)
    }

    fn next_candidate(&mut self, from: usize) -> usize {
        if from >= self.own_end {
            return usize::MAX;
        }
        while self.known_words.get(self.passed).is_some_and(|&place| (place as usize) < from) {
            self.passed += 1;
        }
        let known = self.known_words.get(self.passed).map_or(usize::MAX, |&place| place as usize);
        // Looked for again only once it is passed, however often the others are met.
        let ahead = self.own_words.filter(|&place| place >= from);
        let own = ahead.unwrap_or_else(|| self.guide.idiom.find(self.chunk.bytes, from).unwrap_or(usize::MAX));
        self.own_words = Some(own);
        known.min(own)
    }

    fn offset(&self, at: usize) -> u64 {
        self.chunk.base + at as u64
    }

    fn count(&mut self, at: usize, end: usize) {
        match head::of(&self.chunk.bytes[at..end]) {
            head::Head::Record => self.segment.heads += 1,
            head::Head::Text => self.segment.flush_lines += 1,
            head::Head::Continuation => {}
        }
        if (end - at) as u64 > MAX_LINE {
            self.segment.tally.overlong_lines += 1;
            let line = self.segment.lines;
            self.segment.tally.first_overlong_line.get_or_insert(line);
        }
    }

    /// Whether a line is to be read for where it stands, or for its length.
    #[inline]
    fn is_marked_out(&self, at: usize, end: usize) -> bool {
        !self.inner.contains(&at)
            || self.may_detail(at)
            || block::is_frame(&self.chunk.bytes[at..end]) && self.throws_above(at)
            || self.thrown.is_some() && (self.thrown_at(at).is_some() || self.follows_thrown(at))
            || self.may_go_on(at, end)
    }

    /// Reads the line that begins at an index.
    fn read(&self, at: usize, line: &'a [u8]) -> Reading<'a> {
        self.reader.read(line, &self.clock_at(at))
    }

    fn clock_at(&self, at: usize) -> Cow<'a, Clock> {
        self.guide.clock.at_offset(self.offset(at))
    }

    fn visible(&self, at: usize, end: usize) -> &'a [u8] {
        let bytes: &'a [u8] = self.chunk.bytes;
        &bytes[at..end.min(at + MAX_LINE as usize)]
    }

    fn read_line(&mut self, at: usize, end: usize, is_candidate: bool, thrown: Option<Thrown>) {
        let line = self.visible(at, end);
        if self.meet_section(at, line) {
            return;
        }
        let reading = self.read(at, line);
        if let Some(time) = reading.time {
            self.segment.tally.dateless_lines += u64::from(reading.open == Open::Date);
            self.timed = Some((at, time));
            self.timed_until = end + 1;
            self.segment.first.get_or_insert(time);
            self.segment.last = Some(time);
        }
        if self.offset(at) < HEAD_WINDOW {
            self.count_format(&reading, line);
            if head::of(line) == head::Head::Text {
                self.segment.flush_looked_at += 1;
                self.segment.flush_read += u64::from(!reading.formats.is_empty());
            }
            if memchr::memchr(0, line).is_some() {
                self.segment.tally.nul_bytes += memchr::memchr_iter(0, line).count() as u64;
            }
            if std::str::from_utf8(line).is_err() && line.len() < MAX_LINE as usize {
                self.segment.tally.invalid_utf8_lines += 1;
            }
        }
        if self.is_continuation(at, &reading) {
            self.judge_continuation(at, &reading);
        } else if (is_candidate && !self.repeats_code(at, line)) || thrown.is_some() {
            self.judge(at, &reading, thrown);
        }
        if self.may_detail(at) {
            self.keep_detail(at, &reading);
        }
        if self.follows_thrown(at) {
            self.meet_answer(at, &reading);
        }
        self.meet_cut(at, end, is_candidate, &reading);
    }

    fn count_format(&mut self, reading: &Reading, line: &[u8]) {
        let catalog = &self.scanner.catalog;
        let names = match &*reading.formats {
            [] if line.trim_ascii().is_empty() => return,
            [] => match catalog.frame_of(line) {
                Some(id) => catalog.format(id).name.clone(),
                None => return,
            },
            ids => ids.iter().map(|&id| catalog.format(id).name.as_str()).collect::<Vec<_>>().join(">"),
        };
        *self.segment.formats.entry(names).or_default() += 1;
    }

    /// Who wrote a line; `about` is the service that a manager's line names.
    fn actor(&mut self, at: usize, reading: &Reading, by_manager: bool, about: Option<&[u8]>) -> Id {
        let section = self.section_at(at);
        let catalog = &self.scanner.catalog;
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let role = reading.formats.last().map(|&id| catalog.format(id).role);
        let kind = match role {
            Some(Role::Manager) => ActorKind::Manager,
            Some(Role::Listing) => ActorKind::Listing,
            _ if by_manager => ActorKind::Manager,
            _ => ActorKind::Application,
        };
        let service = reading.service.as_deref().or(about);
        let pod = self.pod_of(reading);
        let run_pid = reading.run_pid.or_else(|| process::by_place(section, pod));
        // The formats say which program it is.
        let is_same = |(formats, known, _): &&(Layers, Actor, Id)| {
            let same = |known: &str, own: Option<&[u8]>| {
                let own = own.unwrap_or_default();
                known.len() == own.len() && (own.is_empty() || known.as_bytes() == own)
            };
            *formats == reading.formats
                && known.kind == kind
                && known.run_pid == run_pid
                && known.section.as_bytes() == section
                && same(&known.service, service)
                && same(&known.pod, pod)
                && same(&known.ident, reading.ident.as_deref())
        };
        if let Some((.., id)) = self.spoke_last.iter().find(is_same) {
            return *id;
        }
        let program = catalog.program(reading).unwrap_or_default();
        let actor = Actor {
            service: text(service),
            pod: text(pod),
            ident: text(reading.ident.as_deref()),
            tells_ready: catalog.tells_ready(program),
            program: program.to_string(),
            section: text(Some(section)),
            kind,
            run_pid,
        };
        let name =
            format!("{}\0{}\0{}\0{}\0{:?}", actor.service, actor.ident, actor.program, kind as u8, actor.run_pid);
        let name = if section.is_empty() { name } else { format!("{name}\0{}", actor.section) };
        let name = if actor.pod.is_empty() { name } else { format!("{name}\0\0{}", actor.pod) };
        let id = stable_hash(name.as_bytes());
        self.spoke_last.truncate(FEW_ACTORS - 1);
        self.spoke_last.insert(0, (reading.formats, actor.clone(), id));
        self.segment.actors.entry(id).or_insert(actor);
        id
    }

    /// The pod that a line is of.
    fn pod_of<'r>(&self, reading: &'r Reading) -> Option<&'r [u8]> {
        let names_pods = reading.formats.first().is_some_and(|&id| self.scanner.catalog.format(id).names_pods);
        reading.host.as_deref().filter(|_| names_pods)
    }

    fn string(&mut self, text: &str) -> Id {
        if text.is_empty() {
            return 0;
        }
        let id = stable_hash(text.as_bytes());
        self.segment.strings.entry(id).or_insert_with(|| text.to_string());
        id
    }
}

/// The part of a chunk whose lines are read for what they say alone.
fn inner(chunk: &Chunk) -> Range<usize> {
    let at = |offset: u64| offset.saturating_sub(chunk.base) as usize;
    let end = chunk.length.map_or(usize::MAX, |length| at(length.saturating_sub(TAIL_WINDOW)));
    at(HEAD_WINDOW)..end
}

/// The lines of a message: one for text, as many as it has for JSON.
fn parts<'r>(reading: &'r Reading) -> impl Iterator<Item = &'r [u8]> {
    reading.message.split(|&byte| byte == b'\n').filter(|part| !part.trim_ascii().is_empty())
}

/// What is shown of a line: all that the program wrote on it, or the one line of a message of several, with the line
/// after it that says what it is about.
fn shown<'r>(reading: &'r Reading, part: &'r [u8]) -> Cow<'r, [u8]> {
    if !reading.message.contains(&b'\n') {
        return Cow::Borrowed(&reading.text);
    }
    let next = parts(reading).skip_while(|other| other.as_ptr() != part.as_ptr()).nth(1);
    match next.filter(|_| detail::is_head(part)) {
        Some(next) => Cow::Owned([part, b" ", next.trim_ascii()].concat()),
        None => Cow::Borrowed(part),
    }
}
