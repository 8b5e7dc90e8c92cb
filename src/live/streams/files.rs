//! Files as they come and go: what is done when one is met, renamed, cut, packed or removed.

use super::kept::{Live, Still, Whole};
use super::saving::knowledge;
use super::{Origin, Streams, problem, problem_of};
use crate::evidence::{END_BYTES, Evidence, Problem};
use crate::gather::{Gatherer, guide};
use crate::grammar::Clock;
use crate::input::follow::{Arrival, Key};
use crate::input::{Input, PlainFile};
use crate::live::eras::Eras;
use crate::live::event::Event;
use crate::live::growing::{Growing, Resume};
use crate::live::now_ns;
use crate::scan::Scanner;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Of a file so much at its end is followed when it is met; what stands before is scanned on all cores.
const NEAR_END: u64 = 512 << 10;
/// A look at a large file's own words is taken anew once it has grown by so much.
const GROWN: u64 = 2;

impl Streams {
    /// Takes what the follower gave; gives what it tells.
    pub(super) fn arrive(&mut self, arrival: Arrival, notes: &mut Vec<Problem>) -> Vec<Event> {
        match arrival {
            Arrival::Bytes { key, bytes } => return self.came(Origin::File(key), &bytes),
            Arrival::Began { key, input } => self.begin(key, input),
            Arrival::Renamed { key, path } => {
                if let Some(live) = self.files.get_mut(&key) {
                    if let Some(input) = &mut live.input {
                        input.path.clone_from(&path);
                        input.file = PathBuf::from(&path);
                    }
                    live.path = path;
                }
            }
            Arrival::Void { key } => {
                if let Some(live) = self.files.remove(&key) {
                    self.forget(live.uid);
                }
            }
            Arrival::Gone { key, lost } => self.let_go(key, lost, notes),
            Arrival::Whole { input } => match self.gather(&input, |gatherer| gatherer.whole(&input)) {
                Ok(evidence) => self.take_whole(input, evidence),
                Err(overlap) => notes.push(problem(&input.path, overlap.to_string(), "", true)),
            },
            Arrival::WholeGone { path } => {
                for (path, still) in self.wholes.remove(&path).map(|whole| whole.streams).unwrap_or_default() {
                    self.keep_gone(&path, still);
                }
            }
            Arrival::Note(note) => notes.push(problem_of(note)),
        }
        Vec::new()
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
        self.has_settled = true;
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
        self.has_settled = true;
        let still = Still { uid: live.uid, known, eras };
        let mut wholes = self.wholes.values_mut().flat_map(|whole| &mut whole.streams);
        match wholes.find(|(path, whole)| still.is_in(path, &whole.known)) {
            // What is known of it longer stays: some of it may have been laid down.
            Some((_, whole)) if still.is_same(&whole.known) => *whole = still,
            Some(_) => self.forget(still.uid),
            None => self.keep_gone(&live.path, still),
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

    /// Takes a file that was read whole. It may be what has become of one that is gone.
    fn take_whole(&mut self, input: Input, evidence: Evidence) {
        let before = self.wholes.remove(&input.path);
        for still in before.into_iter().flat_map(|whole| whole.streams.into_values()) {
            self.forget(still.uid);
        }
        let mut streams = BTreeMap::new();
        for (path, stream) in evidence.streams {
            let of_it: Vec<String> =
                self.gone.iter().filter(|(_, gone)| gone.is_in(&path, &stream)).map(|(name, _)| name.clone()).collect();
            let mut of_it: Vec<Still> = of_it.iter().filter_map(|name| self.gone.remove(name)).collect();
            // What is known of it longer stays: some of it may have been laid down.
            let same = of_it.iter().position(|gone| gone.is_same(&stream)).map(|at| of_it.swap_remove(at));
            of_it.into_iter().for_each(|gone| self.forget(gone.uid));
            let still = same.unwrap_or_else(|| Still::of(self.uid(), self.era, stream));
            streams.insert(path, still);
        }
        self.has_settled = true;
        let (bytes, modified_ns, problems) = (input.bytes, input.modified_ns, evidence.problems);
        self.wholes.insert(input.path, Whole { bytes, modified_ns, streams, problems });
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
                    let uid = live.uid;
                    self.forget(uid);
                    self.has_settled = true;
                }
            }
        }
    }

    /// Reads by other formats and signatures from now on: files from their beginning, pipes from here.
    pub fn read_anew(&mut self, scanner: Arc<Scanner>) {
        self.knowledge = knowledge(&scanner);
        self.scanner = scanner;
        let keys: Vec<Key> = self.files.keys().copied().collect();
        for key in keys {
            let Some(live) = self.files.remove(&key) else { continue };
            let told = live.growing.told().0;
            self.forget(live.uid);
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
                self.take_whole(input, evidence);
            }
        }
    }
}
