//! The evidence of one stream that grows, at any moment what a scan of its bytes so far would give.
//!
//! Bytes near the end are held: a line there may not be whole, and a scan reads the end of a stream more closely than its
//! middle. What is far enough from the end is settled, which means scanned once and let go. So memory goes by what
//! happened, and a piece of evidence at any moment costs a scan of what is held.

use super::eras::Eras;
use crate::evidence::{END_BYTES, Segment, Stream};
use crate::gather::guide;
use crate::grammar::Clock;
use crate::scan::idiom::Idiom;
use crate::scan::{CONTEXT, Chunk, Guide, MAX_LINE, Scanner, TAIL_WINDOW};
use crate::template::stable_hash;
use std::ops::Range;

/// What is settled at a time, at least.
const SETTLED_AT_ONCE: u64 = 256 << 10;
/// From here to the end nothing is settled: a line that begins before has all of it that is ever matched.
const NEAR_END: u64 = if MAX_LINE > TAIL_WINDOW { MAX_LINE + 1 } else { TAIL_WINDOW };

#[derive(Debug)]
pub struct Growing {
    /// The bytes from `base` on.
    held: Vec<u8>,
    base: u64,
    /// What was seen in the lines that begin before its end.
    settled: Eras,
    guide: Guide,
    /// All bytes are held, because what they are scanned by is not sure before more of them are there.
    learning: bool,
    /// Up to here lines were told of, and how many they are.
    told: u64,
    told_lines: u64,
    /// Lines that begin before are only counted.
    silent: u64,
    /// The last whole line ends here.
    whole: u64,
    /// The stream's first bytes.
    head: Vec<u8>,
}

/// Lines that are told of for the first time.
pub struct Fresh {
    /// What was seen in them.
    pub segment: Segment,
    /// How many lines begin before them.
    pub lines_before: u64,
    /// Where they begin in the stream; in a line that began before, where lines are very long.
    pub from: u64,
}

/// Where a stream goes on: what a checkpoint holds beside the evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Resume {
    pub settled: Eras,
    pub told: u64,
    pub told_lines: u64,
    pub head: Vec<u8>,
    /// The program's own words, by which all this was scanned.
    pub idiom: Idiom,
}

impl Growing {
    /// A stream that nothing was read of yet.
    pub fn new(clock: Clock) -> Growing {
        Growing::resumed(Resume::default(), clock, true)
    }

    /// A stream that goes on after what is settled of it. The bytes before, as far as [`Growing::context`] wants them,
    /// are to be pushed first.
    pub fn going_on(resume: Resume, clock: Clock) -> Growing {
        Growing::resumed(resume, clock, false)
    }

    fn resumed(resume: Resume, clock: Clock, learning: bool) -> Growing {
        let base = Growing::context(resume.settled.end());
        Growing {
            held: Vec::new(),
            base,
            whole: base,
            told: resume.told,
            told_lines: resume.told_lines,
            silent: 0,
            head: resume.head,
            settled: resume.settled,
            guide: Guide { clock, idiom: resume.idiom },
            learning,
        }
    }

    /// From where on the bytes are wanted of a stream that is settled up to a place.
    pub fn context(settled: u64) -> u64 {
        settled.saturating_sub(CONTEXT + 1)
    }

    /// What a checkpoint keeps; None while all must be read again.
    pub fn resume(&self) -> Option<Resume> {
        let resume = || Resume {
            settled: self.settled.clone(),
            told: self.told,
            told_lines: self.told_lines,
            head: self.head.clone(),
            idiom: self.guide.idiom.clone(),
        };
        (!self.learning).then(resume)
    }

    /// How many bytes have come.
    pub fn length(&self) -> u64 {
        self.base + self.held.len() as u64
    }

    /// Up to where lines were told of, and how many they are.
    pub fn told(&self) -> (u64, u64) {
        (self.told, self.told_lines)
    }

    /// Lines before a place were told of by somebody else.
    pub fn tell_from(&mut self, place: u64) {
        self.silent = place;
    }

    /// Where the settled part ends.
    pub fn settled_end(&self) -> u64 {
        self.settled.end()
    }

    /// The settled part.
    pub fn eras(&self) -> &Eras {
        &self.settled
    }

    /// The settled part, for whoever lays it down.
    pub fn eras_mut(&mut self) -> &mut Eras {
        &mut self.settled
    }

    pub fn guide(&self) -> &Guide {
        &self.guide
    }

    /// The first bytes, at most [`END_BYTES`].
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Whether the last line has no end yet.
    pub fn is_open(&self) -> bool {
        self.whole < self.length()
    }

    /// The bytes that are held: from those before the settled part's end that the next piece looks back at.
    pub fn held(&self) -> &[u8] {
        let from = Growing::context(self.settled.end()).saturating_sub(self.base) as usize;
        self.held.get(if self.learning { 0 } else { from }..).unwrap_or_default()
    }

    /// Adds what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        let from = self.length();
        if from < END_BYTES {
            let missing = (END_BYTES - from) as usize;
            self.head.truncate(from as usize);
            self.head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        }
        self.held.extend_from_slice(bytes);
        if let Some(end) = memchr::memrchr(b'\n', bytes) {
            self.whole = from + end as u64 + 1;
        }
    }

    /// Scans the lines that are whole and were not told of. `open` lets the last one count as whole.
    pub fn tell(&mut self, scanner: &Scanner, clock: &Clock, open: bool) -> Option<Fresh> {
        if self.told < self.silent {
            self.pass_over(self.silent);
        }
        // Only so much of a line is ever matched: the rest of a longer one needs no waiting for.
        let is_long = self.length() - self.whole.max(self.told).min(self.length()) > MAX_LINE;
        let end = if open || is_long { self.length() } else { self.whole };
        if end <= self.told {
            return None;
        }
        let guide = Guide { clock: clock.clone(), idiom: self.guide.idiom.clone() };
        let segment = self.scan(scanner, &guide, self.told..end, None);
        let (lines_before, from) = (self.told_lines, self.told);
        // An open line is told again with its end.
        if !open || is_long {
            self.told = end;
            self.told_lines += segment.lines;
        }
        Some(Fresh { segment, lines_before, from })
    }

    /// Passes over the whole lines up to a place without telling of them.
    fn pass_over(&mut self, most: u64) {
        let at = |offset: u64| offset.saturating_sub(self.base) as usize;
        let bytes = self.held.get(at(self.told)..at(self.whole.min(most))).unwrap_or_default();
        let Some(last) = memchr::memrchr(b'\n', bytes) else { return };
        let ends = memchr::memchr_iter(b'\n', bytes).count() as u64;
        // What begins in the middle of a line has the end of one that was counted before.
        let in_line = self.told > 0 && self.held.get(at(self.told).wrapping_sub(1)).is_some_and(|&byte| byte != b'\n');
        self.told_lines += ends - u64::from(in_line);
        self.told += last as u64 + 1;
    }

    /// Lets go of what is far from the end; true if there was any.
    pub fn settle(&mut self, scanner: &Scanner, clock: &Clock, era: u64) -> bool {
        if self.learning && self.length() >= guide::HEAD_BYTES {
            let leaves_open = guide::leaves_open(scanner, clock, &self.held);
            let enough = guide::HEAD_BYTES + if leaves_open { guide::WHOLE_BYTES } else { 0 };
            if self.length() >= enough {
                let guide = guide::of_head(scanner, clock.clone(), &self.held[..enough as usize]);
                self.go_by(guide);
            }
        }
        let end = self.length().saturating_sub(NEAR_END);
        if end < self.settled.end() + SETTLED_AT_ONCE {
            return false;
        }
        let piece = self.scan(scanner, &self.guide_at(clock), self.settled.end()..end, None);
        self.settled.append(era, piece);
        if !self.learning {
            let base = Growing::context(self.settled.end().min(self.told));
            self.held.drain(..base.saturating_sub(self.base) as usize);
            self.base = base.max(self.base);
        }
        true
    }

    /// What bytes that come now are scanned by: the clock goes on.
    fn guide_at(&self, clock: &Clock) -> Guide {
        Guide { clock: self.guide.clock.going_on(clock), idiom: self.guide.idiom.clone() }
    }

    /// Scans by this from now on, and everything anew.
    fn go_by(&mut self, guide: Guide) {
        self.settled = Eras::default();
        self.guide = guide;
        self.learning = false;
    }

    /// The evidence so far, as `analyze` would have it of these bytes, but for what was laid down. Without `open`, a last
    /// line without its end is left out.
    pub fn stream(&mut self, scanner: &Scanner, clock: &Clock, open: bool) -> Stream {
        let end = if open { self.length() } else { self.whole.max(self.settled.end()).min(self.length()) };
        let learned = (self.learning && self.length() <= guide::HEAD_BYTES)
            .then(|| guide::of_head(scanner, clock.clone(), &self.held[..(end - self.base) as usize]));
        let Some(learned) = learned else {
            return self.after(self.settled.segment().clone(), scanner, clock, end);
        };
        if learned.idiom != self.guide.idiom {
            self.settled = Eras::default();
        }
        let segment = self.scan(scanner, &learned, 0..end, Some(end));
        self.guide.idiom = learned.idiom;
        self.told_by(segment, end)
    }

    /// The stream whose settled part this is.
    fn after(&self, mut settled: Segment, scanner: &Scanner, clock: &Clock, end: u64) -> Stream {
        settled.append(self.scan(scanner, &self.guide_at(clock), self.settled.end()..end, Some(end)));
        self.told_by(settled, end)
    }

    /// The evidence of everything, with what was laid down, by all that is to be known of it now that it has ended. None
    /// where what was laid down is not all there any more.
    pub fn ended(
        &mut self,
        scanner: &Scanner,
        clock: &Clock,
        laid_down: impl FnOnce() -> Option<Segment>,
    ) -> Option<Stream> {
        let end = self.length();
        if !self.learning {
            return Some(self.after(self.settled.whole(laid_down)?, scanner, clock, end));
        }
        // What is held is told of by its own times alone.
        let guide = guide::of_head(scanner, clock.clone(), &self.held);
        let segment = self.scan(scanner, &guide, 0..end, Some(end));
        self.guide.idiom = guide.idiom;
        Some(self.told_by(segment, end))
    }

    /// What is in memory of a stream that ends in an era, and what is to be known of it as a whole.
    pub fn still(mut self, scanner: &Scanner, clock: &Clock, era: u64) -> (Stream, Eras) {
        let end = self.length();
        if self.learning {
            let guide = guide::of_head(scanner, clock.clone(), &self.held);
            self.go_by(guide);
        }
        let last = self.scan(scanner, &self.guide_at(clock), self.settled.end()..end, Some(end));
        self.settled.append(era, last);
        let known = self.told_by(Segment::default(), end);
        (Stream { segments: Default::default(), ..known }, self.settled)
    }

    fn told_by(&self, segment: Segment, end: u64) -> Stream {
        let head = &self.head[..self.head.len().min(end as usize)];
        let upto = &self.held[..(end - self.base) as usize];
        let tail = &upto[upto.len().saturating_sub(END_BYTES as usize)..];
        Stream {
            length: Some(end),
            head: Some(stable_hash(head)),
            tail: Some(stable_hash(tail)),
            segments: [(segment.start, segment)].into(),
            own_words: self.guide.idiom.told().collect(),
            ..Stream::default()
        }
    }

    fn scan(&self, scanner: &Scanner, guide: &Guide, own: Range<u64>, length: Option<u64>) -> Segment {
        let base = own.start.saturating_sub(CONTEXT + 1).max(self.base);
        let from = (base - self.base) as usize;
        let to = match length {
            Some(length) => (length.saturating_sub(self.base) as usize).min(self.held.len()),
            None => self.held.len().min((own.end.saturating_sub(self.base) + MAX_LINE + 1) as usize),
        };
        let bytes = self.held.get(from..to).unwrap_or_default();
        scanner.scan(&Chunk { bytes, base, own, length }, guide)
    }
}

impl Growing {
    /// The last lines up to an offset (where a line begins or ends), oldest first, at most so many, each at most so long.
    pub fn lines_before(&self, offset: u64, most: usize, length: usize) -> Vec<String> {
        let end = (offset.saturating_sub(self.base) as usize).min(self.held.len());
        let text = self.held.get(..end).unwrap_or_default();
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let lines = text.rsplit(|&byte| byte == b'\n').take(most);
        let shown = lines.map(|line| String::from_utf8_lossy(&line[..line.len().min(length)]).trim_end().to_string());
        let mut lines: Vec<String> = shown.filter(|line| !line.is_empty()).collect();
        lines.reverse();
        lines
    }

    /// The line that begins at an offset, without its end; what of it is held.
    pub fn line_at(&self, offset: u64) -> &[u8] {
        let rest = self.held.get(offset.saturating_sub(self.base) as usize..).unwrap_or_default();
        &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
    }

    /// Where the line that begins at an offset ends.
    pub fn end_of_line(&self, offset: u64) -> u64 {
        (offset + self.line_at(offset).len() as u64 + 1).min(self.length())
    }

    /// How many lines end in a range.
    pub fn line_ends(&self, range: Range<u64>) -> u64 {
        let at = |offset: u64| (offset.saturating_sub(self.base) as usize).min(self.held.len());
        let bytes = self.held.get(at(range.start)..at(range.end)).unwrap_or_default();
        memchr::memchr_iter(b'\n', bytes).count() as u64
    }

    /// Whether a line begins at an offset.
    pub fn is_line_start(&self, offset: u64) -> bool {
        let before = offset.checked_sub(self.base + 1).and_then(|at| self.held.get(at as usize));
        before.is_none_or(|&byte| byte == b'\n')
    }
}
