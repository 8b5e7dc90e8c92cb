//! A program's own words for its start, its readiness and its end, learned from how its log repeats itself.
//!
//! Marks know how most programs tell of their lives. A log of one that says `kilnd firing up` has none of them; but where
//! it holds several runs, each begins with the same line, goes through the same boot, and those that die of one thing
//! say the same last. So a log is looked at before it is scanned, at its head and its end, and what was learned there
//! goes with every chunk: what a line means depends on the stream, and not on where it is cut.

use super::words::class_of;
use super::{Scanner, block, parts};
use crate::evidence::Class;
use crate::grammar::definition::Role;
use crate::grammar::{Clock, Level, MarkKind, Reader, Reading, head};
use crate::signature::Matches;
use crate::signature::wording::{complains, is_dealt_with};
use crate::template::{MASK, skeleton, stable_hash};
use aho_corasick::AhoCorasick;
use std::collections::BTreeMap;

/// Bytes that are looked at, at a log's head and at its end each.
pub const SAMPLE_BYTES: u64 = 128 << 10;
/// The line that begins each run is among the first few of the log.
const CANDIDATES: usize = 8;
/// What comes again so often is a habit.
const HABIT: usize = 3;

/// What a line of the program means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Start,
    Ready,
    LastWords,
}

/// What was learned of one log; by itself, nothing.
#[derive(Clone, Debug, Default)]
pub struct Idiom {
    meanings: BTreeMap<String, Meaning>,
    finder: Option<AhoCorasick>,
}

impl Idiom {
    /// Learns from pieces of a log, its head first.
    pub fn of(scanner: &Scanner, samples: &[&[u8]], clock: &Clock) -> Idiom {
        let sample = Sample::of(scanner, samples, clock);
        let mut meanings = BTreeMap::new();
        if sample.has_many_writers() {
            return Idiom::default();
        }
        let begins = match sample.known_starts() {
            starts if !starts.is_empty() => starts,
            _ if sample.is_managed() => {
                sample.after_exits()
            }
            _ => match sample.own_start() {
                Some(word) => {
                    meanings.insert(sample.template(word), Meaning::Start);
                    sample.lines_of(word)
                }
                None => sample.after_exits(),
            },
        };
        if !sample.has(&[MarkKind::Ready, MarkKind::Hint])
            && let Some(word) = sample.readiness(&begins)
        {
            meanings.insert(sample.template(word), Meaning::Ready);
        }
        for word in sample.last_words(&begins) {
            meanings.entry(sample.template(word)).or_insert(Meaning::LastWords);
        }
        let needles: BTreeMap<String, &str> = meanings
            .keys()
            .filter_map(|template| Some((template.clone(), sample.needle(template)?)))
            .collect();
        meanings.retain(|template, _| needles.contains_key(template));
        let finder = if needles.is_empty() { None } else { AhoCorasick::new(needles.values()).ok() };
        Idiom { meanings, finder }
    }

    pub fn is_empty(&self) -> bool {
        self.meanings.is_empty()
    }

    /// The next place at or after `from` where one of its lines may be.
    pub fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let found = self.finder.as_ref()?.find(aho_corasick::Input::new(text).range(from..))?;
        Some(found.start())
    }

    /// What was learned, in words.
    pub fn told(&self) -> Option<String> {
        let of = |meaning: Meaning, says: &str| {
            let own = self.meanings.iter().filter(move |(_, known)| **known == meaning);
            own.map(|(template, _)| format!("`{template}` {says}")).collect::<Vec<_>>()
        };
        let all = [
            of(Meaning::Start, "begins a run"),
            of(Meaning::Ready, "may say that it is ready"),
            of(Meaning::LastWords, "is said last"),
        ];
        let all = all.concat();
        (!all.is_empty()).then(|| format!("in this program's own words, by how the log repeats itself: {}", all.join("; ")))
    }

    /// What a message means, by its skeleton.
    pub fn meaning(&self, template: &str) -> Option<Meaning> {
        self.meanings.get(template).copied()
    }
}

/// The words of a template that each of its lines holds as they are, in JSON, too.
fn plain_words(template: &str) -> impl Iterator<Item = &str> {
    template
        .split(MASK)
        .flat_map(|piece| piece.split(|c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\\' | '/')))
        .filter(|word| word.len() >= 3)
}

/// One record of the sample.
#[derive(Clone, Debug)]
struct Line {
    word: usize,
    /// The text without its template's generality: what says the same says it in the same words.
    said: u64,
    pid: Option<u32>,
    level: Option<Level>,
    is_timed: bool,
    by_manager: bool,
    /// Who wrote it, as far as the line names anybody.
    writer: u64,
    /// Its program has a grammar of its own.
    is_known_program: bool,
    /// Of its marks, the one that tells most.
    step: Option<MarkKind>,
    /// An error, a complaint, a thing that was dealt with.
    is_trouble: bool,
    /// A signature knows it, or its level or words make it an error anyhow.
    is_known: bool,
}

/// The records of a log's head and end.
#[derive(Debug, Default)]
struct Sample {
    lines: Vec<Line>,
    templates: Vec<String>,
    /// Lines that begin in the log's head.
    head: usize,
}

impl Sample {
    fn of(scanner: &Scanner, samples: &[&[u8]], clock: &Clock) -> Sample {
        let mut sample = Sample::default();
        let mut words: BTreeMap<String, usize> = BTreeMap::new();
        let mut matches = Matches::default();
        let reader = Reader::of(&scanner.catalog);
        for (nth, bytes) in samples.iter().enumerate() {
            for line in bytes.split(|&byte| byte == b'\n') {
                if head::of(line) == head::Head::Continuation {
                    continue;
                }
                let reading = reader.read(line, clock);
                if reading.repeat.is_some() {
                    continue;
                }
                let Some(text) = parts(&reading).next() else { continue };
                if text.first().is_some_and(u8::is_ascii_whitespace) {
                    continue;
                }
                let template = skeleton(text.trim_ascii());
                let next = words.len();
                let word = *words.entry(template).or_insert(next);
                sample.lines.push(Line { word, ..describe(scanner, line, &reading, text, &mut matches) });
            }
            if nth == 0 {
                sample.head = sample.lines.len();
            }
        }
        let mut templates: Vec<(usize, String)> = words.into_iter().map(|(template, word)| (word, template)).collect();
        templates.sort_unstable();
        sample.templates = templates.into_iter().map(|(_, template)| template).collect();
        sample
    }

    /// The word of a template that the fewest others have, the longest of those.
    fn needle(&self, template: &str) -> Option<&str> {
        let own = self.templates.iter().find(|own| *own == template)?;
        let others = |word: &str| self.lines.iter().filter(|line| self.templates[line.word].contains(word)).count();
        plain_words(own).min_by_key(|word| (others(word), std::cmp::Reverse(word.len())))
    }

    fn template(&self, word: usize) -> String {
        self.templates[word].clone()
    }

    fn lines_of(&self, word: usize) -> Vec<usize> {
        (0..self.lines.len()).filter(|&at| self.lines[at].word == word).collect()
    }

    fn has(&self, kinds: &[MarkKind]) -> bool {
        self.lines.iter().any(|line| line.step.is_some_and(|step| kinds.contains(&step)))
    }

    /// A log of several services or programs repeats itself in too many ways.
    fn has_many_writers(&self) -> bool {
        let mut lines: BTreeMap<u64, usize> = BTreeMap::new();
        self.lines.iter().for_each(|line| *lines.entry(line.writer).or_default() += 1);
        lines.values().filter(|count| **count >= 2).count() > 1
    }

    /// A manager tells of ends or of starts that it refuses.
    fn is_managed(&self) -> bool {
        let tells = |line: &Line| matches!(line.step, Some(MarkKind::Exit | MarkKind::Refused));
        self.lines.iter().any(|line| line.by_manager && tells(line))
    }

    /// Where runs begin by known words: those of the first start alone, for a boot has several steps.
    fn known_starts(&self) -> Vec<usize> {
        let starts = |line: &&Line| line.step == Some(MarkKind::Start);
        self.lines.iter().find(starts).map_or(Vec::new(), |first| self.lines_of(first.word))
    }

    fn after_exits(&self) -> Vec<usize> {
        let ends = |line: &Line| matches!(line.step, Some(MarkKind::Exit | MarkKind::Fatal));
        (1..self.lines.len()).filter(|&at| ends(&self.lines[at - 1]) && !ends(&self.lines[at])).collect()
    }

    /// The line that begins each run, where no mark knows it.
    fn own_start(&self) -> Option<usize> {
        let mut candidates: Vec<usize> = Vec::new();
        for line in self.lines[..self.head].iter().filter(|line| !line.by_manager).take(4 * CANDIDATES) {
            if !candidates.contains(&line.word) && candidates.len() < CANDIDATES {
                candidates.push(line.word);
            }
        }
        let first = candidates.first().copied();
        candidates.into_iter().find(|&word| {
            let lines = self.lines_of(word);
            let plain = lines.iter().all(|&at| {
                let line = &self.lines[at];
                line.step.is_none() && !line.is_trouble && !line.is_known_program
            });
            let apart = lines.windows(2).all(|pair| pair[1] - pair[0] >= 2);
            let is_first = first == Some(word);
            lines.len() >= 2
                && plain
                && apart
                && (self.has_new_pids(&lines, is_first)
                    || self.says_the_same(&lines) && (self.follows_deaths(&lines) || self.begins(&lines, is_first)))
        })
    }

    /// Without counters or names that change: a run begins as the one before it.
    fn says_the_same(&self, lines: &[usize]) -> bool {
        lines.len() >= HABIT && lines.windows(2).all(|pair| self.lines[pair[0]].said == self.lines[pair[1]].said)
    }

    /// Each time another process says it, as its first words, and the one before says no more. A pid that no other line
    /// has may be somebody else's.
    fn has_new_pids(&self, lines: &[usize], is_first: bool) -> bool {
        let goes_on = |pid: u32| self.lines.iter().filter(|line| line.pid == Some(pid)).count() >= 2;
        if !is_first && !lines.iter().any(|&at| self.lines[at].pid.is_some_and(goes_on)) {
            return false;
        }
        let first = |pid: u32| self.lines.iter().position(|line| line.pid == Some(pid));
        let last = |pid: u32| self.lines.iter().rposition(|line| line.pid == Some(pid));
        lines.iter().all(|&at| self.lines[at].pid.is_some_and(|pid| first(pid) == Some(at)))
            && lines.windows(2).all(|pair| self.lines[pair[0]].pid.and_then(last).is_some_and(|last| last < pair[1]))
    }

    /// What stands before it is a program's death: an exception or a complaint that no record of an error introduces.
    fn follows_deaths(&self, lines: &[usize]) -> bool {
        let died = |at: usize| {
            let before = &self.lines[..at];
            let raw = before.iter().rev().take_while(|line| line.level.is_none() && line.step.is_none());
            let (length, troubled) = raw.fold((0, false), |(n, trouble), line| (n + 1, trouble || line.is_trouble));
            match before.len().checked_sub(length + 1).map(|record| &before[record]) {
                Some(record) if length == 0 => {
                    record.level == Some(Level::Fatal)
                        || matches!(record.step, Some(MarkKind::Exit | MarkKind::Fatal))
                }
                Some(record) => troubled && record.level.is_none_or(|level| level < Level::Error),
                None => troubled,
            }
        };
        let deaths = lines.iter().skip(1).filter(|&&at| died(at)).count();
        deaths * 5 >= (lines.len() - 1) * 4
    }

    /// It speaks of a beginning, at the log's very head.
    fn begins(&self, lines: &[usize], is_first: bool) -> bool {
        let Some(&at) = lines.first() else { return false };
        // The line after it is the same each time.
        let next = |at: usize| self.lines.get(at + 1).map(|line| line.word);
        let alike = lines.iter().filter(|&&other| next(other) == next(at)).count();
        let template = self.templates[self.lines[at].word].to_lowercase();
        (is_first || at <= 2)
            && alike * 5 >= (lines.len() - 1) * 4
            && BEGINNINGS.iter().any(|word| template.contains(word))
    }

    /// The stretches of lines between where runs begin.
    fn cycles<'s>(&'s self, begins: &'s [usize]) -> impl Iterator<Item = &'s [Line]> {
        let ends = begins.iter().skip(1).copied().chain([self.lines.len()]);
        begins.iter().zip(ends).map(|(&start, end)| &self.lines[start..end])
    }

    /// The last line of the boot: what stands once in a run before the work begins, which goes on to its end.
    fn readiness(&self, begins: &[usize]) -> Option<usize> {
        let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
        let mut working = 0;
        for cycle in self.cycles(begins) {
            let mut places: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
            for (at, line) in cycle.iter().enumerate() {
                let place = places.entry(line.word).or_insert((0, at));
                *place = (place.0 + 1, at);
            }
            let told = |line: &Line| {
                !line.is_trouble && !line.by_manager && (line.is_timed || !cycle[0].is_timed)
            };
            let is_work = |line: &Line| {
                let (times, last) = places[&line.word];
                told(line) && line.step.is_none() && times >= 2 && last * 2 > cycle.len() && !self.tries(line.word)
            };
            let Some(work) = cycle.iter().position(is_work) else { continue };
            working += 1;
            let once = |line: &&Line| told(line) && line.step.is_none() && places[&line.word].0 == 1;
            // The first line is the start.
            let boot = cycle[..work].get(1..).unwrap_or_default();
            if let Some(line) = boot.last().filter(once).filter(|line| !self.tries(line.word)) {
                *votes.entry(line.word).or_default() += 1;
            }
        }
        let (word, count) = votes.into_iter().max_by_key(|(_, count)| *count)?;
        (count * 5 >= working * 3).then_some(word)
    }

    fn tries(&self, word: usize) -> bool {
        let template = self.templates[word].to_lowercase();
        TRIES.iter().any(|word| template.contains(word))
    }

    /// Lines that stand nowhere but at the ends of runs.
    fn last_words(&self, begins: &[usize]) -> Vec<usize> {
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        for cycle in self.cycles(begins) {
            let own = cycle.iter().skip(1).filter(|line| !line.by_manager);
            if own.clone().any(|line| line.step == Some(MarkKind::Stop)) {
                continue;
            }
            let is_goodbye = |line: &&&Line| {
                let template = self.templates[line.word].to_lowercase();
                let is_short = template.split(' ').count() <= GOODBYE_WORDS;
                line.step == Some(MarkKind::Exit) || is_short && GOODBYES.iter().any(|word| template.contains(word))
            };
            let mut from_end: Vec<&Line> = own.collect();
            from_end.reverse();
            let goodbyes = from_end.iter().take_while(is_goodbye).count();
            if let Some(line) = from_end.get(goodbyes).filter(|line| line.step.is_none() && !line.is_known) {
                *last.entry(line.word).or_default() += 1;
            }
        }
        let total = |word: usize| self.lines.iter().filter(|line| line.word == word).count();
        let is_habit = |&(word, times): &(usize, usize)| times >= HABIT && total(word) == times;
        last.into_iter().filter(is_habit).map(|(word, _)| word).collect()
    }
}

/// What one line is, but for its template.
fn describe(scanner: &Scanner, line: &[u8], reading: &Reading, text: &[u8], matches: &mut Matches) -> Line {
    scanner.matcher.collect(&scanner.pack, text, matches);
    let marks = scanner.marks(reading, text, matches);
    let step = marks.iter().map(|mark| mark.mark.kind).filter(|kind| kind.is_told() || *kind == MarkKind::Hint).min();
    let class = class_of(reading, text);
    let plain = String::from_utf8_lossy(text);
    let is_error = class.is_some() || !matches.signatures.is_empty() || block::is_traceback(text);
    let warns = reading.level.is_some_and(|level| level >= Level::Warn);
    Line {
        word: 0,
        said: stable_hash(&without_pid(text)),
        pid: reading.pid.or(reading.run_pid).or_else(|| pid_in(line).map(|(_, pid)| pid)),
        level: reading.level,
        is_timed: reading.time.is_some(),
        by_manager: reading.formats.last().is_some_and(|&id| scanner.catalog.format(id).role != Role::Application)
            || marks.iter().any(|mark| mark.mark.manager),
        writer: stable_hash(&[reading.service.as_deref(), reading.ident.as_deref()].map(Option::unwrap_or_default).join(&0)),
        is_known_program: scanner.catalog.program(reading).is_some() || reading.ident.as_deref() == Some(b"kernel"),
        step,
        is_trouble: is_error || warns || class == Some(Class::Exception) || complains(&plain) || is_dealt_with(text),
        is_known: is_error,
    }
}

/// The process id that a line tells in its own words: where its digits stand, and what they say.
fn pid_in(line: &[u8]) -> Option<(std::ops::Range<usize>, u32)> {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&line[from..], b"pid") {
        let after = from + at + 3;
        let begins_word = from + at == 0 || !line[from + at - 1].is_ascii_alphanumeric();
        let gap = line[after..].iter().take_while(|byte| b"\"=: (#".contains(byte)).count();
        let digits = line[after + gap..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let own = after + gap..after + gap + digits;
        if begins_word
            && (1..=4).contains(&gap)
            && let Some(pid) = std::str::from_utf8(&line[own.clone()]).ok().and_then(|digits| digits.parse().ok())
        {
            return Some((own, pid));
        }
        from = after;
    }
    None
}

fn without_pid(text: &[u8]) -> Vec<u8> {
    match pid_in(text) {
        Some((digits, _)) => [&text[..digits.start], &text[digits.end..]].concat(),
        None => text.to_vec(),
    }
}

/// A program's beginning, in lower case.
const BEGINNINGS: &[&str] = &[
    "assembling",
    "begin",
    "boot",
    "bringing up",
    "build ",
    "coming up",
    "firing up",
    "hello",
    "initiali",
    "launch",
    "opening",
    "powering up",
    "process created",
    "setting up",
    "spinning up",
    "start",
    "unpacking",
    "version",
    "waking up",
    "warming up",
];

/// Work that is no work yet, in lower case.
const TRIES: &[&str] = &["attempt", "connecting", "retry", "trying", "waiting"];

/// What is said at any end, in lower case, in few words.
const GOODBYES: &[&str] = &[
    "bye", "cleanup", "closed", "closing", "complete", "done", "drain", "exit", "finished", "leaving", "shut down",
    "shutdown", "shutting", "stopped", "stopping", "terminat",
];
const GOODBYE_WORDS: usize = 5;
