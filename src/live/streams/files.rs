//! Files as they come and go: what is done when one is met, renamed, cut, packed or removed.

use super::kept::{Live, Still, Whole};
use super::{Streams, now_ns, problem, problem_of};
use crate::evidence::{END_BYTES, Evidence, Problem};
use crate::gather::{Gatherer, guide};
use crate::grammar::Clock;
use crate::input::follow::{Arrival, Key};
use crate::input::{Input, PlainFile};
use crate::live::eras::Eras;
use crate::live::growing::{Growing, Resume};
use crate::scan::Scanner;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Of a file so much at its end is followed when it is met; what stands before is scanned on all cores.
const NEAR_END: u64 = 512 << 10;
/// A look at a large file's own words is taken anew once it has grown by so much.
const GROWN: u64 = 2;

impl Streams {
    pub(super) fn arrive(&mut self, arrival: Arrival, notes: &mut Vec<Problem>) {
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
            Arrival::Copy { key } | Arrival::Misjudged { key } => {
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
                    let same = self.gone.extract_if(.., |_, gone| gone.is_in(path, stream));
                    same.for_each(|(_, gone)| self.archive.forget(gone.uid));
                }
                let whole = self.whole(&input, evidence);
                self.wholes.insert(input.path, whole);
            }
            Arrival::WholeGone { path } => {
                for (path, still) in self.wholes.remove(&path).map(|whole| whole.streams).unwrap_or_default() {
                    self.keep_gone(&path, still);
                }
            }
            Arrival::Note(note) => {
                notes.push(problem_of(note));
            }
        }
    }

    pub(super) fn gather<T>(&self, input: &Input, read: impl FnOnce(&Gatherer) -> T) -> T {
        let progress = AtomicU64::new(0);
        let now_ns = input.modified_ns.unwrap_or_else(now_ns);
        let (zone, selection) = (self.reading.zone.clone(), &self.reading.selection);
        read(&Gatherer { scanner: &self.scanner, zone, now_ns, selection, progress: &progress })
    }

    /// Meets a file: all but its end is scanned at once.
    fn begin(&mut self, key: Key, input: Input) {
        let clock = self.clock();
        let history = if self.is_first_look && !self.reading.history { input.bytes } else { 0 };
        let uid = self.uid();
        let before = if self.reading.history { None } else { self.scanned_before(&input, None) };
        let mut live = match before {
            Some((resume, clock)) => {
                let end = resume.settled.end();
                let mut growing = Growing::going_on(resume, clock);
                growing.push(&self.follower.before(key, Growing::context(end), end));
                self.follower.skip_to(key, end);
                Live::new(uid, input.path.clone(), growing, Some(input))
            }
            None => Live::new(uid, input.path.clone(), Growing::new(clock), Some(input)),
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
            file.read(&(0..END_BYTES), 0, 0, &mut head).ok()?;
            let told_lines = settled.lines;
            let settled = Eras::of(self.era, settled);
            Some((Resume { settled, told: end, told_lines, head, idiom: guide.idiom }, guide.clock))
        })
    }

    fn let_go(&mut self, key: Key, lost: bool, notes: &mut Vec<Problem>) {
        let clock = self.clock();
        let Some(live) = self.files.remove(&key) else { return };
        if lost {
            let what = "it was cut short, and no copy of what it had is beside it";
            let help = "what was not read by then is lost; rotate by renaming, or keep the copy beside it";
            notes.push(problem(&live.path, what.into(), help, false));
        }
        let (known, eras) = live.growing.still(&self.scanner, &clock, self.era);
        let still = Still { uid: live.uid, known, eras };
        let mut wholes = self.wholes.values().flat_map(|whole| &whole.streams);
        match wholes.any(|(path, whole)| still.is_in(path, &whole.known)) {
            true => self.archive.forget(still.uid),
            false => self.keep_gone(&live.path, still),
        }
    }

    /// Keeps what is known of a file that is not there any more, as a piece of its log.
    pub(super) fn keep_gone(&mut self, path: &str, still: Still) {
        if still.known.length.is_none_or(|length| length == 0) {
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
        self.gone.insert(name, still);
    }

    fn whole(&mut self, input: &Input, evidence: Evidence) -> Whole {
        let streams = evidence.streams.into_iter();
        let streams = streams.map(|(path, stream)| (path, Still::of(self.uid(), self.era, stream))).collect();
        Whole { bytes: input.bytes, modified_ns: input.modified_ns, streams, problems: evidence.problems }
    }

    /// Looks anew for the own words of files that have grown much.
    pub(super) fn learn_anew(&mut self) {
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
                    self.archive.forget(live.uid);
                }
            }
        }
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
                let whole = self.whole(&input, evidence);
                self.wholes.insert(input.path, whole);
            }
        }
    }
}
