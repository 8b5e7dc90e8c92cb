//! All streams that are watched: what arrives becomes events and, at any moment, one `Evidence`.

mod files;
mod kept;
mod last;
mod laying_down;
mod saving;

use crate::evidence::{Evidence, Problem, Stream};
use crate::grammar::{Clock, SECOND, Time};
use crate::input::Selection;
use crate::input::discover::Note;
use crate::input::follow::{Arrival, Follower, Key};
use crate::live::Event;
use crate::live::archive::{Archive, Uid};
use crate::live::growing::Growing;
use crate::live::past::Past;
use crate::live::source::Ending;
use crate::scan::Scanner;
use jiff::tz::TimeZone;
use kept::{Live, Still, Whole};
pub use laying_down::WINDOW;
pub use saving::{Saved, SavedStreams};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What shapes the reading of streams.
#[derive(Clone, Debug)]
pub struct Reading {
    pub zone: TimeZone,
    pub selection: Selection,
    /// A line without its end is judged after so long.
    pub line_timeout: Duration,
    /// Lines that were there before are told of as well.
    pub history: bool,
    /// Evidence in memory may weigh about so many bytes; what is older is laid down.
    pub window: usize,
}

pub struct Streams {
    pub scanner: Arc<Scanner>,
    reading: Reading,
    pipes: BTreeMap<usize, Live>,
    files: BTreeMap<Key, Live>,
    /// Files that are read whole.
    wholes: BTreeMap<String, Whole>,
    /// Streams whose bytes are not there any more.
    gone: BTreeMap<String, Still>,
    problems: BTreeSet<Problem>,
    /// The number of the era that goes on.
    era: u64,
    next_uid: Uid,
    archive: Archive,
    past: Past,
    pub follower: Follower,
    /// The files that were there at the beginning are being met.
    is_first_look: bool,
}

impl Streams {
    /// What is laid down goes into a folder, if there is one.
    pub fn new(scanner: Arc<Scanner>, reading: Reading, follower: Follower, folder: Option<PathBuf>) -> Streams {
        Streams {
            scanner,
            reading,
            pipes: BTreeMap::new(),
            files: BTreeMap::new(),
            wholes: BTreeMap::new(),
            gone: BTreeMap::new(),
            problems: BTreeSet::new(),
            era: 0,
            next_uid: 0,
            archive: Archive::new(folder),
            past: Past::default(),
            follower,
            is_first_look: true,
        }
    }

    pub fn count(&self) -> usize {
        self.pipes.len() + self.files.len() + self.wholes.len()
    }

    /// Bytes and lines of all streams so far.
    pub fn volume(&self) -> (u64, u64) {
        let lives = self.pipes.values().chain(self.files.values());
        let growing = lives.map(|live| (live.growing.length(), live.growing.told().1));
        let still = self.wholes.values().flat_map(|whole| whole.streams.values()).chain(self.gone.values());
        let still = still.map(|still| (still.eras.end(), still.eras.segment().lines));
        growing.chain(still).fold((0, 0), |(bytes, lines), (more, also)| (bytes + more, lines + also))
    }

    fn clock(&self) -> Clock {
        Clock::new(self.reading.zone.clone(), moment(now_ns()))
    }

    /// Adds a pipe that bytes will come from.
    pub fn open_pipe(&mut self, pipe: usize, path: &str) {
        if !self.pipes.contains_key(&pipe) {
            let live = Live::new(self.uid(), path.into(), Growing::new(self.clock()), None);
            self.pipes.insert(pipe, live);
        }
    }

    /// Takes what came from a pipe; gives what it tells.
    pub fn push(&mut self, pipe: usize, bytes: &[u8]) -> Vec<Event> {
        let clock = self.clock();
        let Some(live) = self.pipes.get_mut(&pipe) else { return Vec::new() };
        live.push(bytes);
        let events = live.tell(&self.scanner, &clock, false);
        live.growing.settle(&self.scanner, &clock, self.era);
        events
    }

    /// Takes what was spooled of a pipe: most of it has been told of.
    pub fn push_again(&mut self, pipe: usize, bytes: &[u8]) {
        self.push(pipe, bytes);
        let Some(live) = self.pipes.get_mut(&pipe) else { return };
        if live.growing.is_open() {
            // Its end went with the process that wrote it.
            live.push(b"\n");
        }
    }

    /// A pipe has no more; its last line is whole as it is. Gives what that tells, and what is wrong with the pipe.
    pub fn close_pipe(&mut self, pipe: usize, how: Ending) -> (Vec<Event>, Option<Problem>) {
        let clock = self.clock();
        let Some(live) = self.pipes.get_mut(&pipe) else { return Default::default() };
        live.ended = true;
        live.problem = match how {
            Ending::Whole => None,
            Ending::Refused(what, help) => Some(problem(&live.path, what, &help, true)),
            Ending::Broken(error) => {
                let what = match error.kind() {
                    io::ErrorKind::UnexpectedEof => error.to_string(),
                    _ => format!("damaged after {} bytes: {error}", live.growing.length()),
                };
                Some(problem(&live.path, what, "what came before was analyzed", true))
            }
        };
        (live.tell(&self.scanner, &clock, true), live.problem.clone())
    }

    /// Looks at all files. True if there may be more at once.
    pub fn look(&mut self, notes: &mut Vec<Problem>) -> (Vec<Event>, bool) {
        let mut arrivals = Vec::new();
        let more = self.follower.look(&mut arrivals);
        // A look that gave something may have left something.
        let more = more || !arrivals.is_empty();
        let mut events = Vec::new();
        for arrival in arrivals {
            match arrival {
                Arrival::Bytes { key, bytes } => events.extend(self.came(key, &bytes)),
                arrival => self.arrive(arrival, notes),
            }
        }
        self.is_first_look = false;
        (events, more)
    }

    fn came(&mut self, key: Key, bytes: &[u8]) -> Vec<Event> {
        let clock = self.clock();
        let Some(live) = self.files.get_mut(&key) else { return Vec::new() };
        live.push(bytes);
        let events = live.tell(&self.scanner, &clock, false);
        live.growing.settle(&self.scanner, &clock, self.era);
        events
    }

    /// Judges lines that have waited for their end for long enough.
    pub fn judge_open_lines(&mut self) -> Vec<Event> {
        let clock = self.clock();
        let timeout = self.reading.line_timeout;
        let mut events = Vec::new();
        for live in self.pipes.values_mut().chain(self.files.values_mut()) {
            if live.is_overdue(timeout) && live.open_told < live.growing.length() {
                live.open_told = live.growing.length();
                events.extend(live.tell(&self.scanner, &clock, true));
            }
        }
        events
    }

    /// Whether a line waits for its end.
    pub fn has_open_lines(&self) -> bool {
        let open = |live: &Live| live.growing.is_open() && live.open_told < live.growing.length();
        self.pipes.values().chain(self.files.values()).any(open)
    }

    /// The evidence of all streams as they are now.
    pub fn evidence(&mut self) -> Evidence {
        self.learn_anew();
        let clock = self.clock();
        let timeout = self.reading.line_timeout;
        let mut evidence = self.common();
        for live in self.pipes.values_mut().chain(self.files.values_mut()) {
            let open = live.ended || live.is_overdue(timeout);
            let mut stream = live.growing.stream(&self.scanner, &clock, open);
            stream.problems.extend(live.problem.clone());
            insert(&mut evidence, &live.path, stream);
        }
        evidence
    }

    /// What is known beside the streams that grow.
    fn common(&self) -> Evidence {
        self.common_by(Still::stream)
    }

    fn common_by(&self, stream: impl Fn(&Still) -> Stream) -> Evidence {
        let mut evidence = Evidence { problems: self.problems.clone(), ..Evidence::default() };
        for (path, gone) in &self.gone {
            insert(&mut evidence, path, stream(gone));
        }
        for whole in self.wholes.values() {
            evidence.problems.extend(whole.problems.iter().cloned());
            for (path, still) in &whole.streams {
                insert(&mut evidence, path, stream(still));
            }
        }
        evidence
    }

    /// What the latest runs said last, of the streams whose paths are among these; of all where none is.
    pub fn last_lines(&self, paths: &BTreeSet<&str>) -> Vec<String> {
        let lives = || self.pipes.values().chain(self.files.values()).filter(|live| !live.last_lines.is_empty());
        let among = lives().find(|live| paths.contains(live.path.as_str()));
        let lines = among.or_else(|| lives().max_by_key(|live| live.pushed_at)).map(|live| live.last_lines.clone());
        lines.unwrap_or_default()
    }
}

fn insert(evidence: &mut Evidence, path: &str, stream: Stream) {
    let mut name = path.to_string();
    for again in 2.. {
        if !evidence.streams.contains_key(&name) {
            break;
        }
        name = format!("{path} ({again})");
    }
    evidence.streams.insert(name, stream);
}

fn problem(path: &str, what: String, help: &str, fault: bool) -> Problem {
    Problem { path: path.into(), line: None, what, help: help.into(), fault }
}

fn problem_of(note: Note) -> Problem {
    Problem { path: note.path, line: None, what: note.what, help: note.help, fault: note.fault }
}

fn moment(ns: i64) -> Time {
    Time::new(ns.div_euclid(SECOND) * SECOND, 0)
}

fn now_ns() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}
