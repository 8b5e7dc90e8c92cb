//! All streams that are watched: what arrives becomes events and, at any moment, one `Evidence`.

use super::event::Event;
use super::growing::{Growing, Resume};
use super::source::Ending;
use super::telling;
use crate::evidence::{END_BYTES, Evidence, Overlap, Problem, Stream, mask};
use crate::gather::{Gatherer, guide};
use crate::grammar::{Clock, SECOND, Time};
use crate::input::decode::Opened;
use crate::input::discover::Note;
use crate::input::follow::{Arrival, Follower, Key, Place};
use crate::input::{Input, InputKind, PlainFile, Selection, discover};
use crate::scan::Scanner;
use crate::template::stable_hash;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

/// Of a file so much at its end is followed when it is met; what stands before is scanned on all cores.
const NEAR_END: u64 = 512 << 10;
/// Lines kept of what a run said last, and bytes of each.
const LAST_LINES: usize = 10;
const LINE_BYTES: usize = 500;
/// A look at a large file's own words is taken anew once it has grown by so much.
const GROWN: u64 = 2;

/// What shapes the reading of streams.
#[derive(Clone, Debug)]
pub struct Reading {
    pub zone: TimeZone,
    pub selection: Selection,
    /// A line without its end is judged after so long.
    pub line_timeout: Duration,
    /// Lines that were there before are told of as well.
    pub history: bool,
}

pub struct Streams {
    pub scanner: Arc<Scanner>,
    reading: Reading,
    pipes: BTreeMap<usize, Live>,
    files: BTreeMap<Key, Live>,
    /// Of files that are read whole.
    wholes: BTreeMap<String, Evidence>,
    /// Streams whose bytes are not there any more.
    gone: BTreeMap<String, Stream>,
    problems: BTreeSet<Problem>,
    pub follower: Follower,
    /// The files that were there at the beginning are being met.
    is_first_look: bool,
}

struct Live {
    path: String,
    growing: Growing,
    input: Option<Input>,
    pushed_at: Instant,
    /// The open line at the end has been told of, up to here.
    open_told: u64,
    /// Length when its own words were looked for.
    learned_at: u64,
    /// What the latest run that ended said last.
    last_lines: Vec<String>,
    ended: bool,
    /// Why it could not be read to its end.
    problem: Option<Problem>,
}

/// One stream in a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub path: String,
    /// None for a pipe.
    pub place: Option<Place>,
    /// None where its bytes must be read again.
    pub resume: Option<Resume>,
    /// Up to here its lines were told of.
    pub told: u64,
}

/// All streams in a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedStreams {
    pub files: Vec<Saved>,
    pub pipes: Vec<(usize, Saved)>,
    pub gone: BTreeMap<String, Stream>,
}

impl Streams {
    pub fn new(scanner: Arc<Scanner>, reading: Reading, follower: Follower) -> Streams {
        Streams {
            scanner,
            reading,
            pipes: BTreeMap::new(),
            files: BTreeMap::new(),
            wholes: BTreeMap::new(),
            gone: BTreeMap::new(),
            problems: BTreeSet::new(),
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
        let still = still.flat_map(|stream| stream.segments.values());
        let still = still.map(|segment| (segment.end - segment.start, segment.lines));
        growing.chain(still).fold((0, 0), |(bytes, lines), (more, also)| (bytes + more, lines + also))
    }

    fn clock(&self) -> Clock {
        Clock::new(self.reading.zone.clone(), moment(now_ns()))
    }

    /// Adds a pipe that bytes will come from.
    pub fn open_pipe(&mut self, pipe: usize, path: &str) {
        let clock = self.clock();
        self.pipes.entry(pipe).or_insert_with(|| Live::new(path.into(), Growing::new(clock), None));
    }

    /// Takes what came from a pipe; gives what it tells.
    pub fn push(&mut self, pipe: usize, bytes: &[u8]) -> Vec<Event> {
        let clock = self.clock();
        let Some(live) = self.pipes.get_mut(&pipe) else { return Vec::new() };
        live.push(bytes);
        let events = live.tell(&self.scanner, &clock, false);
        live.growing.settle(&self.scanner, &clock);
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
        live.growing.settle(&self.scanner, &clock);
        events
    }

    fn arrive(&mut self, arrival: Arrival, notes: &mut Vec<Problem>) {
        match arrival {
            Arrival::Bytes { .. } => {}
            Arrival::Began { key, input, .. } => self.begin(key, input),
            Arrival::Renamed { key, path } => {
                if let Some(live) = self.files.get_mut(&key) {
                    if let Some(input) = &mut live.input {
                        input.path.clone_from(&path);
                        input.file = PathBuf::from(&path);
                    }
                    live.path = path;
                }
            }
            Arrival::Copy { key } => {
                self.files.remove(&key);
            }
            Arrival::Gone { key, lost } => self.let_go(key, lost, notes),
            Arrival::Whole { input } => {
                let evidence = self.gather(&input, |gatherer| gatherer.whole(&input));
                let evidence = match evidence {
                    Ok(evidence) => evidence,
                    Err(overlap) => {
                        notes.push(problem(&input.path, overlap.to_string(), "", true));
                        return;
                    }
                };
                for (path, stream) in &evidence.streams {
                    self.gone.retain(|_, gone| !continues(gone, path, stream));
                }
                self.wholes.insert(input.path, evidence);
            }
            Arrival::WholeGone { path } => {
                if let Some(evidence) = self.wholes.remove(&path) {
                    for (path, stream) in evidence.streams {
                        self.keep_gone(&path, stream);
                    }
                }
            }
            Arrival::Note(note) => {
                notes.push(problem_of(note));
            }
        }
    }

    fn gather<T>(&self, input: &Input, read: impl FnOnce(&Gatherer) -> T) -> T {
        let progress = AtomicU64::new(0);
        let now_ns = input.modified_ns.unwrap_or_else(now_ns);
        let (zone, selection) = (self.reading.zone.clone(), &self.reading.selection);
        read(&Gatherer { scanner: &self.scanner, zone, now_ns, selection, progress: &progress })
    }

    /// Meets a file: all but its end is scanned at once.
    fn begin(&mut self, key: Key, input: Input) {
        let clock = self.clock();
        let history = if self.is_first_look && !self.reading.history { input.bytes } else { 0 };
        let before = if self.reading.history { None } else { self.scanned_before(&input, None) };
        let mut live = match before {
            Some((resume, clock)) => {
                let end = resume.settled.end;
                let mut growing = Growing::going_on(resume, clock);
                growing.push(&self.follower.before(key, Growing::context(end), end));
                self.follower.skip_to(key, end);
                Live::new(input.path.clone(), growing, Some(input))
            }
            None => Live::new(input.path.clone(), Growing::new(clock), Some(input)),
        };
        live.growing.tell_from(history);
        self.files.insert(key, live);
    }

    /// What stands before a file's end, and what it was scanned by; None of a small file.
    fn scanned_before(&self, input: &Input, upto: Option<u64>) -> Option<(Resume, Clock)> {
        let file = PlainFile::open(&input.file).ok()?;
        let end = upto.or(file.length().checked_sub(NEAR_END)).filter(|&end| end > NEAR_END)?;
        self.gather(input, |gatherer| {
            let guide = guide::of_file(&self.scanner, &file, gatherer.clock(&input.path, input.modified_ns)).ok()?;
            let evidence = gatherer.plain(input, Some(0..end)).ok()?;
            let stream = evidence.streams.into_values().next()?;
            let settled = stream.segments.into_values().next().filter(|segment| segment.end == end)?;
            let mut head = Vec::new();
            file.read(&(0..crate::evidence::END_BYTES), 0, 0, &mut head).ok()?;
            let told_lines = settled.lines;
            Some((Resume { settled, told: end, told_lines, head, idiom: guide.idiom }, guide.clock))
        })
    }

    fn let_go(&mut self, key: Key, lost: bool, notes: &mut Vec<Problem>) {
        let clock = self.clock();
        let Some(mut live) = self.files.remove(&key) else { return };
        let stream = live.growing.ended(&self.scanner, &clock);
        if lost {
            let what = "it was cut short, and no copy of what it had is beside it";
            let help = "what was not read by then is lost; rotate by renaming, or keep the copy beside it";
            notes.push(problem(&live.path, what.into(), help, false));
        }
        if self.wholes.values().flat_map(|whole| &whole.streams).any(|(path, whole)| continues(&stream, path, whole)) {
            return;
        }
        self.keep_gone(&live.path, stream);
    }

    /// Keeps what is known of a file that is not there any more, as a piece of its log.
    fn keep_gone(&mut self, path: &str, stream: Stream) {
        if stream.length.is_none_or(|length| length == 0) {
            return;
        }
        let stamp = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
        let mut name = format!("{path}-{stamp}");
        for again in 1.. {
            if !self.gone.contains_key(&name) {
                break;
            }
            name = format!("{path}-{stamp}.{again}");
        }
        self.gone.insert(name, stream);
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

    /// The evidence of all that was watched, for the last time: as `analyze` has it of the same bytes.
    pub fn last_evidence(&mut self) -> Result<Evidence, Overlap> {
        let clock = self.clock();
        let mut evidence = self.common();
        let mut covered = BTreeSet::new();
        for live in self.pipes.values_mut() {
            let mut stream = live.growing.ended(&self.scanner, &clock);
            match (live.problem.clone(), stream.length) {
                (Some(problem), Some(0)) => {
                    evidence.problems.insert(problem);
                    continue;
                }
                (None, Some(0)) => {
                    stream.problems.insert(problem(&live.path, "an empty stream".into(), "", false));
                }
                (problem, _) => stream.problems.extend(problem),
            }
            insert(&mut evidence, &live.path, stream);
        }
        let keys: Vec<Key> = self.files.keys().copied().collect();
        for key in keys {
            let Some(live) = self.files.get_mut(&key) else { continue };
            covered.insert(live.path.clone());
            let path = live.path.clone();
            let anew = live.input.clone().and_then(|input| self.by_whole_file(key, input));
            let stream = match (anew, self.files.get_mut(&key)) {
                (Some(stream), _) => stream,
                (None, Some(live)) => live.growing.ended(&self.scanner, &clock),
                (None, None) => continue,
            };
            insert(&mut evidence, &path, stream);
        }
        let found = self.follower.found();
        let there: BTreeSet<String> = found.inputs.iter().map(|input| input.path.clone()).collect();
        evidence.problems.extend(found.notes.into_iter().map(problem_of));
        for input in found.inputs {
            if !covered.contains(&input.path) && !self.wholes.contains_key(&input.path) {
                // A second name of a file, or one that came this very moment.
                evidence = evidence.merge(self.gather(&input, |gatherer| gatherer.whole(&input))?)?;
            }
        }
        // What is there no more may stand in a piece that was packed just now.
        for path in self.gone.keys().chain(covered.iter().filter(|path| !there.contains(*path))) {
            if let Some(stream) = evidence.streams.remove(path).filter(|stream| stream.length > Some(0))
                && !evidence.streams.iter().any(|(path, whole)| continues(&stream, path, whole))
            {
                evidence.streams.insert(path.clone(), stream);
            }
        }
        Ok(evidence)
    }

    /// The stream of a file scanned anew, if all of it asks for another reading than its beginning did.
    fn by_whole_file(&self, key: Key, input: Input) -> Option<Stream> {
        let live = self.files.get(&key)?;
        let file = PlainFile::open(&input.file).ok().filter(|file| file.length() == live.growing.length())?;
        let modified_ns = std::fs::metadata(&input.file).ok().map(|metadata| {
            use std::os::unix::fs::MetadataExt;
            metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
        });
        let input = Input { modified_ns: modified_ns.or(input.modified_ns), bytes: file.length(), ..input };
        self.gather(&input, |gatherer| {
            let clock = gatherer.clock(&input.path, input.modified_ns);
            let leaves_open = guide::leaves_open(&self.scanner, &clock, live.growing.head());
            let guide = guide::of_file(&self.scanner, &file, clock).ok()?;
            if !leaves_open && guide.idiom == live.growing.guide().idiom {
                return None;
            }
            let evidence = gatherer.plain(&input, None).ok()?;
            evidence.streams.into_values().next()
        })
    }

    /// Looks anew for the own words of files that have grown much.
    fn learn_anew(&mut self) {
        let grown: Vec<(Key, Input)> = self
            .files
            .iter()
            .filter(|(_, live)| live.growing.length() > guide::HEAD_BYTES.max(live.learned_at * GROWN))
            .filter_map(|(&key, live)| Some((key, live.input.clone()?)))
            .collect();
        for (key, input) in grown {
            let Ok(file) = PlainFile::open(&input.file) else { continue };
            let guide = self.gather(&input, |gatherer| {
                guide::of_file(&self.scanner, &file, gatherer.clock(&input.path, Some(now_ns()))).ok()
            });
            let Some(live) = self.files.get_mut(&key) else { continue };
            live.learned_at = live.growing.length();
            let end = live.growing.settled_end();
            let (told, told_lines) = live.growing.told();
            if guide.is_none_or(|guide| guide.idiom == live.growing.guide().idiom) {
                continue;
            }
            let length = live.growing.length();
            if let Some((resume, clock)) = self.scanned_before(&input, Some(end)) {
                let mut growing = Growing::going_on(Resume { told, told_lines, ..resume }, clock);
                let from = Growing::context(end);
                growing.push(&self.follower.before(key, from, length));
                if let Some(live) = self.files.get_mut(&key).filter(|_| growing.length() == length) {
                    live.growing = growing;
                }
            }
        }
    }

    /// What is known beside the streams that grow.
    fn common(&self) -> Evidence {
        let mut evidence = Evidence { streams: self.gone.clone(), problems: self.problems.clone() };
        for whole in self.wholes.values() {
            evidence.problems.extend(whole.problems.iter().cloned());
            for (path, stream) in &whole.streams {
                insert(&mut evidence, path, stream.clone());
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

    // ---
    // Checkpoints.

    pub fn save(&self) -> SavedStreams {
        let saved = |live: &Live, place: Option<Place>| Saved {
            path: live.path.clone(),
            place,
            resume: live.growing.resume(),
            told: live.growing.told().0,
        };
        SavedStreams {
            files: self.files.iter().map(|(&key, live)| saved(live, self.follower.place(key))).collect(),
            pipes: self.pipes.iter().map(|(&pipe, live)| (pipe, saved(live, None))).collect(),
            gone: self.gone.clone(),
        }
    }

    /// The bytes of each pipe that no checkpoint of its evidence holds.
    pub fn held(&self) -> BTreeMap<usize, Vec<u8>> {
        self.pipes.iter().map(|(&pipe, live)| (pipe, live.growing.held().to_vec())).collect()
    }

    /// Reads by other formats and signatures from now on: files from their beginning, pipes from here.
    pub fn read_anew(&mut self, scanner: Arc<Scanner>) {
        self.scanner = scanner;
        let keys: Vec<Key> = self.files.keys().copied().collect();
        for key in keys {
            let Some(live) = self.files.remove(&key) else { continue };
            let told = live.growing.told().0;
            if let Some(input) = live.input {
                self.follower.skip_to(key, 0);
                self.begin(key, input);
            }
            if let Some(live) = self.files.get_mut(&key) {
                live.growing.tell_from(told);
            }
        }
        for input in self.follower.found().inputs {
            if self.wholes.contains_key(&input.path)
                && let Ok(evidence) = self.gather(&input, |gatherer| gatherer.whole(&input))
            {
                self.wholes.insert(input.path, evidence);
            }
        }
    }

    /// Goes on where a checkpoint left; what it did not hold of a pipe is to be pushed again.
    pub fn resume(&mut self, saved: SavedStreams, notes: &mut Vec<Problem>) {
        self.gone = saved.gone;
        for file in saved.files {
            let Some(place) = file.place.clone() else { continue };
            let settled = file.resume.as_ref().map_or(0, |resume| resume.settled.end);
            match self.follower.go_on(place, settled) {
                Some((key, path)) => self.go_on(key, path, file),
                None => {
                    let Some(resume) = file.resume else {
                        notes.push(problem(&file.path, "it is gone since the last checkpoint".into(), "", false));
                        continue;
                    };
                    let stream = Stream {
                        length: Some(resume.settled.end),
                        own_words: resume.idiom.told().collect(),
                        segments: [(0, resume.settled)].into(),
                        ..Stream::default()
                    };
                    self.keep_gone(&file.path, stream);
                }
            }
        }
        for (pipe, saved) in saved.pipes {
            let clock = self.clock();
            let mut growing = match saved.resume {
                Some(resume) => Growing::going_on(resume, clock),
                None => Growing::new(clock),
            };
            growing.tell_from(saved.told);
            self.pipes.insert(pipe, Live::new(saved.path, growing, None));
        }
    }

    fn go_on(&mut self, key: Key, path: PathBuf, saved: Saved) {
        let shown = path.display().to_string();
        let metadata = std::fs::metadata(&path);
        let input = Input {
            path: shown.clone(),
            file: path,
            kind: InputKind::Plain,
            named: true,
            bytes: metadata.map_or(0, |metadata| metadata.len()),
            modified_ns: Some(now_ns()),
        };
        let clock = self.clock();
        let guide = PlainFile::open(&input.file).and_then(|file| {
            self.gather(&input, |gatherer| {
                guide::of_file(&self.scanner, &file, gatherer.clock(&input.path, input.modified_ns))
            })
        });
        let growing = match (saved.resume, guide) {
            (Some(resume), Ok(guide)) if guide.idiom == resume.idiom => {
                let end = resume.settled.end;
                let mut growing = Growing::going_on(resume, guide.clock);
                growing.push(&self.follower.before(key, Growing::context(end), end));
                growing
            }
            _ => {
                self.follower.skip_to(key, 0);
                let mut growing = Growing::new(clock);
                growing.tell_from(saved.told);
                growing
            }
        };
        self.files.insert(key, Live::new(shown, growing, Some(input)));
    }
}

impl Live {
    fn new(path: String, growing: Growing, input: Option<Input>) -> Live {
        Live {
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

    fn push(&mut self, bytes: &[u8]) {
        self.growing.push(bytes);
        self.pushed_at = Instant::now();
    }

    fn is_overdue(&self, timeout: Duration) -> bool {
        self.growing.is_open() && self.pushed_at.elapsed() >= timeout
    }

    fn tell(&mut self, scanner: &Scanner, clock: &Clock, open: bool) -> Vec<Event> {
        let was_told = self.growing.told().0;
        let Some(fresh) = self.growing.tell(scanner, clock, open) else { return Vec::new() };
        self.keep_last_lines(&fresh.segment);
        let mut events = telling::events(&fresh, &self.path, &scanner.pack);
        if !open && was_told < self.open_told {
            // The line that was told of while it was open: it stands first.
            events.retain(|event| event.line != fresh.lines_before + 1);
            self.open_told = 0;
        }
        events
    }

    /// Keeps the lines around the latest end of a run.
    fn keep_last_lines(&mut self, segment: &crate::evidence::Segment) {
        use crate::evidence::Event;
        use crate::grammar::MarkKind;
        let ends = segment.ledger.events().filter_map(|event| match event {
            Event::Mark(mark) => match mark.told.kind {
                MarkKind::Exit | MarkKind::Fatal | MarkKind::GaveUp => Some(self.growing.end_of_line(mark.offset)),
                MarkKind::Start => Some(mark.offset),
                _ => None,
            },
            Event::Fold(..) => None,
        });
        if let Some(end) = ends.last() {
            let lines = self.growing.lines_before(end, LAST_LINES, LINE_BYTES);
            if !lines.is_empty() {
                self.last_lines = lines.iter().map(|line| mask::mask(line).into_owned()).collect();
            }
        }
    }
}

/// Whether a whole file has all that a stream had, by its beginning and its length.
fn continues(gone: &Stream, path: &str, whole: &Stream) -> bool {
    gone.head.is_some()
        && whole.length >= gone.length
        // A short one was read no further than its head goes.
        && (gone.head == whole.head || gone.length < Some(END_BYTES) && gone.head == hash_of_first(path, gone.length))
}

/// The hash of a file's first bytes, decoded.
fn hash_of_first(path: &str, length: Option<u64>) -> Option<u64> {
    let input = discover(&[path.into()], &Selection::default()).inputs.pop()?;
    let Ok(Opened::Text(text)) = crate::input::open(&input) else { return None };
    let mut bytes = Vec::new();
    text.take(length?).read_to_end(&mut bytes).ok()?;
    Some(stable_hash(&bytes))
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
