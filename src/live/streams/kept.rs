//! One stream: while it grows, and when it does not any more.

use crate::evidence::{self, END_BYTES, Segment, Stream, mask};
use crate::grammar::{Clock, MarkKind};
use crate::input::decode::Opened;
use crate::input::{self, Input, Selection, discover};
use crate::live::Event;
use crate::live::archive::{Archive, Uid};
use crate::live::eras::Eras;
use crate::live::growing::Growing;
use crate::live::telling;
use crate::scan::Scanner;
use crate::template::stable_hash;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::time::{Duration, Instant};

/// Lines kept of what a run said last, and bytes of each.
const LAST_LINES: usize = 10;
const LINE_BYTES: usize = 500;

pub struct Live {
    pub uid: Uid,
    pub path: String,
    pub growing: Growing,
    pub input: Option<Input>,
    pub pushed_at: Instant,
    /// The open line at the end has been told of, up to here.
    pub open_told: u64,
    /// Length when its own words were looked for.
    pub learned_at: u64,
    /// What the latest run that ended said last.
    pub last_lines: Vec<String>,
    pub ended: bool,
    /// Why it could not be read to its end.
    pub problem: Option<evidence::Problem>,
}

/// A stream to which nothing is added any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Still {
    pub uid: Uid,
    /// Without its segments, which are the eras'.
    pub known: Stream,
    pub eras: Eras,
}

impl Still {
    /// A stream that was read whole.
    pub fn of(uid: Uid, era: u64, mut stream: Stream) -> Still {
        let segments = std::mem::take(&mut stream.segments);
        let mut eras = Eras::default();
        for segment in segments.into_values() {
            eras.append(era, segment);
        }
        Still { uid, known: stream, eras }
    }

    /// What is in memory of it.
    pub fn stream(&self) -> Stream {
        self.with(self.eras.segment().clone())
    }

    /// The whole of it; None where what was laid down is not all there any more.
    pub fn full(&self, archive: &Archive) -> Option<Stream> {
        Some(self.with(self.eras.whole(|| archive.joined(self.uid))?))
    }

    fn with(&self, segment: Segment) -> Stream {
        Stream { segments: [(segment.start, segment)].into(), ..self.known.clone() }
    }

    /// Whether it has no more than another one.
    pub fn is_in(&self, path: &str, whole: &Stream) -> bool {
        is_in(&self.known, path, whole)
    }

    /// Whether it has the very bytes of another one, and they were read alike.
    pub fn is_same(&self, whole: &Stream) -> bool {
        self.known.identity().is_some_and(|own| whole.identity() == Some(own))
            && self.known.own_words == whole.own_words
    }
}

/// A file that is not followed, as it was when it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    pub bytes: u64,
    pub modified_ns: Option<i64>,
    pub streams: BTreeMap<String, Still>,
    pub problems: BTreeSet<evidence::Problem>,
}

impl Live {
    pub fn new(uid: Uid, path: String, growing: Growing, input: Option<Input>) -> Live {
        Live {
            uid,
            path,
            learned_at: growing.length(),
            growing,
            input,
            pushed_at: Instant::now(),
            open_told: 0,
            last_lines: Vec::new(),
            ended: false,
            problem: None,
        }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.growing.push(bytes);
        self.pushed_at = Instant::now();
    }

    pub fn is_overdue(&self, timeout: Duration) -> bool {
        self.growing.is_open() && self.pushed_at.elapsed() >= timeout
    }

    pub fn tell(&mut self, scanner: &Scanner, clock: &Clock, open: bool) -> Vec<Event> {
        let was_told = self.growing.told().0;
        let Some(fresh) = self.growing.tell(scanner, clock, open) else { return Vec::new() };
        self.keep_last_lines(&fresh.segment);
        let mut events = telling::events(&fresh, &self.growing, &self.path, scanner, clock);
        if !open && was_told < self.open_told {
            // The line that was told of while it was open: it stands first.
            events.retain(|event| event.line != fresh.lines_before + 1);
            self.open_told = 0;
        }
        events
    }

    /// Keeps the lines around the latest end of a run.
    fn keep_last_lines(&mut self, segment: &Segment) {
        let ends = segment.ledger.events().filter_map(|event| match event {
            evidence::Event::Mark(mark) => match mark.told.kind {
                MarkKind::Exit | MarkKind::Fatal | MarkKind::GaveUp => Some(self.growing.end_of_line(mark.offset)),
                MarkKind::Start => Some(mark.offset),
                _ => None,
            },
            evidence::Event::Fold(..) => None,
        });
        if let Some(end) = ends.last() {
            let lines = self.growing.lines_before(end, LAST_LINES, LINE_BYTES);
            if !lines.is_empty() {
                self.last_lines = lines.iter().map(|line| mask::mask(line).into_owned()).collect();
            }
        }
    }
}

/// Whether a stream has no more than another one, by their beginnings and lengths.
pub fn is_in(stream: &Stream, path: &str, whole: &Stream) -> bool {
    stream.head.is_some()
        && whole.length >= stream.length
        // A short one was read no further than its head goes.
        && (stream.head == whole.head
            || stream.length < Some(END_BYTES) && stream.head == hash_of_first(path, stream.length))
}

/// The hash of a file's first bytes, decoded.
fn hash_of_first(path: &str, length: Option<u64>) -> Option<u64> {
    let input = discover(&[path.into()], &Selection::default()).inputs.pop()?;
    let Ok(Opened::Text(text)) = input::open(&input) else { return None };
    let mut bytes = Vec::new();
    text.take(length?).read_to_end(&mut bytes).ok()?;
    Some(stable_hash(&bytes))
}
