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
use crate::input::follow::{Follower, Key};
use crate::live::Event;
use crate::live::archive::{Archive, Uid};
use crate::live::growing::Growing;
use crate::live::now_ns;
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

/// Where bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Pipe(usize),
    File(Key),
}

pub struct Streams {
    pub scanner: Arc<Scanner>,
    /// What it knows, as a number.
    knowledge: u64,
    reading: Reading,
    pipes: BTreeMap<usize, Live>,
    files: BTreeMap<Key, Live>,
    /// Files that are read whole.
    wholes: BTreeMap<String, Whole>,
    /// Streams whose bytes are not there any more.
    gone: BTreeMap<String, Still>,
    /// The number of the era that goes on.
    era: u64,
    next_uid: Uid,
    archive: Archive,
    past: Past,
    /// Something was settled since memory was last looked at.
    has_settled: bool,
    /// What was laid down is not what its counts were taken from.
    must_count: bool,
    pub follower: Follower,
    /// The files that were there at the beginning are being met.
    is_first_look: bool,
}

impl Streams {
    /// What is laid down goes into a folder, if there is one.
    pub fn new(scanner: Arc<Scanner>, reading: Reading, follower: Follower, folder: Option<PathBuf>) -> Streams {
        Streams {
            knowledge: saving::knowledge(&scanner),
            scanner,
            reading,
            pipes: BTreeMap::new(),
            files: BTreeMap::new(),
            wholes: BTreeMap::new(),
            gone: BTreeMap::new(),
            era: 0,
            next_uid: 0,
            archive: Archive::new(folder),
            past: Past::default(),
            has_settled: false,
            must_count: false,
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
        let still = self.still().map(|(_, still)| (still.eras.end(), still.eras.segment().lines));
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
        self.came(Origin::Pipe(pipe), bytes)
    }

    fn came(&mut self, origin: Origin, bytes: &[u8]) -> Vec<Event> {
        let clock = self.clock();
        let live = match origin {
            Origin::Pipe(pipe) => self.pipes.get_mut(&pipe),
            Origin::File(key) => self.files.get_mut(&key),
        };
        let Some(live) = live else { return Vec::new() };
        live.push(bytes);
        let events = live.tell(&self.scanner, &clock, false);
        self.has_settled |= live.growing.settle(&self.scanner, &clock, self.era);
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
            events.extend(self.arrive(arrival, notes));
        }
        self.is_first_look = false;
        (events, more)
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

    /// The evidence of all streams as they are now, but for what was laid down.
    pub fn evidence(&mut self) -> Evidence {
        self.learn_anew();
        let clock = self.clock();
        let timeout = self.reading.line_timeout;
        let mut evidence = self.common();
        self.still().for_each(|(path, still)| insert(&mut evidence, path, still.stream()));
        for live in self.pipes.values_mut().chain(self.files.values_mut()) {
            let open = live.ended || live.is_overdue(timeout);
            let mut stream = live.growing.stream(&self.scanner, &clock, open);
            stream.problems.extend(live.problem.clone());
            insert(&mut evidence, &live.path, stream);
        }
        evidence
    }

    /// The evidence of all streams with what was laid down; None where that is not all there any more.
    fn whole_evidence(&mut self) -> Option<Evidence> {
        let clock = self.clock();
        let mut evidence = self.still_whole()?;
        let archive = &self.archive;
        for live in self.pipes.values_mut().chain(self.files.values_mut()) {
            let stream = live.growing.ended(&self.scanner, &clock, || archive.joined(live.uid))?;
            insert(&mut evidence, &live.path, stream);
        }
        Some(evidence)
    }

    /// The part of it that does not grow.
    fn still_whole(&self) -> Option<Evidence> {
        let mut evidence = self.common();
        for (path, still) in self.still() {
            insert(&mut evidence, path, still.full(&self.archive)?);
        }
        (self.archive.lost() == 0).then_some(evidence)
    }

    /// The streams to which nothing is added any more.
    fn still(&self) -> impl Iterator<Item = (&String, &Still)> {
        self.gone.iter().chain(self.wholes.values().flat_map(|whole| &whole.streams))
    }

    /// What is known beside all streams.
    fn common(&self) -> Evidence {
        let problems = self.wholes.values().flat_map(|whole| &whole.problems);
        Evidence { problems: problems.cloned().collect(), ..Evidence::default() }
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
