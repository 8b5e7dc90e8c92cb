//! A program's own words for its start, its readiness and its end, learned from how its log repeats itself.
//!
//! Marks know how most programs tell of their lives. A log of one that says `kilnd firing up` has none of them; but where
//! it holds several runs, each begins with the same line, goes through the same boot, and those that die of one thing
//! say the same last. So a log is looked at before it is scanned, at its head and its end, and what was learned there
//! goes with every chunk: what a line means depends on the stream, and not on where it is cut.

use super::words::class_of;
use super::{Scanner, block, parts};
use crate::grammar::definition::Role;
use crate::grammar::{Clock, Level, MarkKind, Reader, Reading, head};
use crate::signature::Matches;
use crate::signature::wording::{complains, is_dealt_with};
use crate::template::{MASK, skeleton, stable_hash};
use aho_corasick::AhoCorasick;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Bytes that are looked at, at a log's head and at its end each.
pub const SAMPLE_BYTES: u64 = 128 << 10;
/// The line that begins each run is among the first few of the log.
const CANDIDATES: usize = 8;
/// The reason of an end is among its last records.
const LAST_LINES: usize = 3;
/// What comes again so often is a habit.
const HABIT: usize = 3;

/// What a line of the program means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// `sure`: each time it was another process that said it.
    Start {
        sure: bool,
    },
    Ready,
    /// The reason of an end that it always stands before.
    LastWords,
    /// The end of a run that had done its work.
    Goodbye,
}

/// A step of a life that such a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub kind: MarkKind,
    pub weak: bool,
}

impl Step {
    pub fn of(meaning: Meaning) -> Option<Step> {
        match meaning {
            Meaning::Start { sure } => Some(Step { kind: MarkKind::Start, weak: !sure }),
            Meaning::Goodbye => Some(Step { kind: MarkKind::Exit, weak: true }),
            Meaning::Ready | Meaning::LastWords => None,
        }
    }
}

/// What was learned of one log; by itself, nothing.
#[derive(Clone, Debug, Default)]
pub struct Idiom {
    meanings: BTreeMap<String, Meaning>,
    finder: Option<AhoCorasick>,
}

impl Idiom {
    /// Learns from pieces of a log, its head first. Each of its writers has words of its own.
    pub fn of(scanner: &Scanner, samples: &[&[u8]], clock: &Clock) -> Idiom {
        let whole = Sample::of(scanner, samples, clock);
        let mut meanings = BTreeMap::new();
        for sample in whole.by_writer() {
            for (word, meaning) in sample.meanings() {
                meanings.entry(sample.templates[word].clone()).or_insert(meaning);
            }
        }
        let needles: BTreeMap<String, &str> =
            meanings.keys().filter_map(|template| Some((template.clone(), whole.needle(template)?))).collect();
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
        let says = |meaning: &Meaning| match meaning {
            Meaning::Start { .. } => "begins a run",
            Meaning::Ready => "may say that it is ready",
            Meaning::LastWords => "is said before it ends",
            Meaning::Goodbye => "ends a run",
        };
        let all: Vec<String> =
            self.meanings.iter().map(|(template, meaning)| format!("`{template}` {}", says(meaning))).collect();
        (!all.is_empty())
            .then(|| format!("in this program's own words, by how the log repeats itself: {}", all.join("; ")))
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

/// The writer of a line that names none.
const NOBODY: u64 = 0;

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
    complains: bool,
    /// Any of these, or a warning.
    is_trouble: bool,
    /// A signature knows it, or its level or words make it an error anyhow.
    is_known: bool,
}

/// The records of a log's head and end.
#[derive(Debug, Default)]
struct Sample {
    lines: Vec<Line>,
    templates: Rc<Vec<String>>,
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
        sample.templates = Rc::new(templates.into_iter().map(|(_, template)| template).collect());
        sample
    }

    /// The word of a template that the fewest others have, the longest of those.
    fn needle(&self, template: &str) -> Option<&str> {
        let own = self.templates.iter().find(|own| *own == template)?;
        let others = |word: &str| self.lines.iter().filter(|line| self.templates[line.word].contains(word)).count();
        plain_words(own).min_by_key(|word| (others(word), std::cmp::Reverse(word.len())))
    }

    /// The lines of each writer, with those that name nobody; of managers, and of a log without names, all.
    fn by_writer(&self) -> Vec<Sample> {
        let named = |line: &&Line| line.writer != NOBODY && !line.by_manager;
        let mut writers: Vec<u64> = self.lines.iter().filter(named).map(|line| line.writer).collect();
        writers.sort_unstable();
        writers.dedup();
        let of = |keeps: &dyn Fn(&Line) -> bool| {
            let kept: Vec<Line> = self.lines.iter().filter(|line| keeps(line)).cloned().collect();
            let head = self.lines[..self.head].iter().filter(|line| keeps(line)).count();
            Sample { lines: kept, templates: Rc::clone(&self.templates), head }
        };
        match writers.as_slice() {
            [] | [_] => vec![of(&|_| true)],
            many => many.iter().map(|&writer| of(&|line| line.writer == writer)).collect(),
        }
    }

    /// What some of the lines mean.
    fn meanings(&self) -> Vec<(usize, Meaning)> {
        let mut meanings = Vec::new();
        // Of a program with a grammar of its own all that matters is known.
        if self.lines.iter().filter(|line| line.is_known_program).count() * 2 > self.lines.len() {
            return meanings;
        }
        let begins = match self.known_starts() {
            starts if !starts.is_empty() => starts,
            _ => match self.own_start().filter(|(_, sure)| *sure || !self.is_managed()) {
                Some((word, sure)) => {
                    meanings.push((word, Meaning::Start { sure }));
                    self.with_lines_before(self.lines_of(word))
                }
                None => self.after_exits(),
            },
        };
        if !self.has(&[MarkKind::Ready, MarkKind::Hint]) {
            meanings.extend(self.readiness(&begins).map(|word| (word, Meaning::Ready)));
        }
        meanings.extend(self.last_words(&begins).into_iter().map(|word| (word, Meaning::LastWords)));
        if !self.has(&[MarkKind::Stop, MarkKind::Exit, MarkKind::Fatal]) {
            meanings.extend(self.goodbye(&begins).map(|word| (word, Meaning::Goodbye)));
        }
        meanings
    }

    /// The places before these where the same lines always stand, before the first one, too: a boot may begin with
    /// what is not of the program itself.
    fn with_lines_before(&self, mut places: Vec<usize>) -> Vec<usize> {
        for _ in 0..CANDIDATES {
            let Some(word) = places.first().and_then(|first| Some(self.lines[first.checked_sub(1)?].word)) else {
                break;
            };
            if !places.iter().all(|&at| at > 0 && self.lines[at - 1].word == word) {
                break;
            }
            places.iter_mut().for_each(|at| *at -= 1);
        }
        places
    }

    fn lines_of(&self, word: usize) -> Vec<usize> {
        (0..self.lines.len()).filter(|&at| self.lines[at].word == word).collect()
    }

    fn has(&self, kinds: &[MarkKind]) -> bool {
        self.lines.iter().any(|line| line.step.is_some_and(|step| kinds.contains(&step)))
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
    fn own_start(&self) -> Option<(usize, bool)> {
        let mut candidates: Vec<usize> = Vec::new();
        for line in self.lines[..self.head].iter().filter(|line| !line.by_manager).take(4 * CANDIDATES) {
            if !candidates.contains(&line.word) && candidates.len() < CANDIDATES {
                candidates.push(line.word);
            }
        }
        let first = candidates.first().copied();
        candidates.into_iter().find_map(|word| {
            let lines = self.lines_of(word);
            let plain = lines.iter().all(|&at| {
                let line = &self.lines[at];
                let may = line.step.is_none() && !line.complains && !line.is_known_program;
                may && self.is_prose(word) && !self.is_labelled(word, line.is_timed)
            });
            let apart = lines.windows(2).all(|pair| pair[1] - pair[0] >= 2);
            let is_first = first == Some(word);
            if lines.len() < 2 || !plain || !apart {
                return None;
            }
            let warns = lines.iter().any(|&at| self.lines[at].is_trouble);
            let sure = !warns && self.has_new_pids(&lines, is_first);
            let told = || self.says_the_same(&lines) && (self.follows_deaths(&lines) || self.begins(&lines, is_first));
            (sure || told()).then_some((word, sure))
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
                    record.level == Some(Level::Fatal) || matches!(record.step, Some(MarkKind::Exit | MarkKind::Fatal))
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
        // What has neither a time nor a level, where the first line has a time, is printed by others.
        let alike = |first: &Line, line: &Line| line.is_timed || line.level.is_some() || !first.is_timed;
        let cycles: Vec<Vec<&Line>> =
            self.cycles(begins).map(|cycle| cycle.iter().filter(|line| alike(&cycle[0], line)).collect()).collect();
        let counted: Vec<BTreeMap<usize, Told>> = cycles.iter().map(|cycle| told_in(cycle)).collect();
        // What comes twice in nearly each run that has it is no line of a boot, though some be lost.
        let comes_again = |word: usize| {
            let with: Vec<&Told> = counted.iter().filter_map(|told| told.get(&word)).collect();
            let again = with.iter().filter(|told| told.times >= 2).count();
            again >= 2 && again * 5 >= with.len() * 3
        };
        let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
        let mut working = 0;
        for (cycle, told) in cycles.iter().zip(&counted) {
            let is_own = |line: &Line| {
                let plain = !line.is_trouble && !line.by_manager && line.step.is_none();
                plain && self.is_prose(line.word) && !self.tries(line.word)
            };
            let is_work = |line: &Line| {
                let Told { times, last } = told[&line.word];
                is_own(line) && last * 2 > cycle.len() && (times >= HABIT || comes_again(line.word))
            };
            let Some(work) = cycle.iter().position(|line| is_work(line)) else { continue };
            working += 1;
            // The first line is the start. Others may complain on the way.
            let boot = cycle[..work].get(1..).unwrap_or_default();
            let last = boot.iter().rev().find(|line| !line.is_trouble);
            if let Some(line) = last.filter(|line| is_own(line) && told[&line.word].times == 1) {
                *votes.entry(line.word).or_default() += 1;
            }
        }
        let (word, count) = votes.into_iter().max_by_key(|(_, count)| *count)?;
        (count * 5 >= working * 3).then_some(word)
    }

    /// `Usage: …`, `NoSuchTariff: …`: an error's first line rather than a program's. Where lines have times a logger's
    /// name may stand so.
    fn is_labelled(&self, word: usize, is_timed: bool) -> bool {
        let label = self.templates[word].split(' ').next().filter(|first| first.ends_with(':'));
        label.is_some_and(|label| !is_timed || label.starts_with(char::is_uppercase))
    }

    /// It says what is not so, or must be: a reason and no step of a boot.
    fn denies(&self, word: usize) -> bool {
        let template = self.templates[word].to_lowercase();
        !template.starts_with("note:")
            && !AGAIN.iter().any(|word| template.contains(word))
            && (complains(&template)
                || template.split(|c: char| !c.is_alphanumeric() && c != '\'').any(|word| DENIALS.contains(&word)))
    }

    /// Words, and no line of a trace.
    fn is_prose(&self, word: usize) -> bool {
        let template = self.templates[word].trim_end();
        let is_request = ["GET ", "POST ", "PUT ", "HEAD "].iter().any(|method| template.starts_with(method));
        let is_word =
            |word: &&str| word.len() >= 2 && word.chars().all(|c| c.is_alphabetic() || "',.:;!\"".contains(c));
        let is_aside =
            template.starts_with(['(', '-']) || template.contains("Warning:") || template.contains("eprecat");
        !is_request && !is_aside && !template.ends_with(':') && template.split(' ').filter(is_word).count() >= 1
    }

    /// The last line of runs that had done their work, each of them, in words of its own.
    fn goodbye(&self, begins: &[usize]) -> Option<usize> {
        let last: Vec<&Line> = self.cycles(begins).filter_map(|cycle| cycle.last()).collect();
        let word = last.first()?.word;
        let total = self.lines.iter().filter(|line| line.word == word).count();
        let is_last = last.iter().all(|line| line.word == word && !line.is_trouble && !line.by_manager);
        let worked = self
            .cycles(begins)
            .all(|cycle| told_in(&cycle.iter().collect::<Vec<_>>()).values().any(|told| told.times >= 2));
        (last.len() >= 2 && total == last.len() && is_last && worked && self.is_prose(word) && !self.denies(word))
            .then_some(word)
    }

    fn tries(&self, word: usize) -> bool {
        let template = self.templates[word].to_lowercase();
        TRIES.iter().any(|word| template.contains(word))
    }

    /// Lines that stand nowhere but at the ends of runs. Of what tools print there without a time the first is the reason,
    /// of a program's last records one that complains, or else the last one that denies.
    fn last_words(&self, begins: &[usize]) -> Vec<usize> {
        let ends: Vec<&[Line]> = self.cycles(begins).filter_map(|cycle| self.end_of(cycle)).collect();
        let mut times: BTreeMap<usize, usize> = BTreeMap::new();
        for line in ends.iter().copied().flatten() {
            *times.entry(line.word).or_default() += 1;
        }
        let total = |word: usize| self.lines.iter().filter(|line| line.word == word).count();
        let is_reason = |line: &&Line| {
            let times = times[&line.word];
            !line.is_known
                && line.step.is_none()
                && times >= HABIT
                && total(line.word) == times
                && self.is_prose(line.word)
                && self.denies(line.word)
        };
        let reason = |end: &&[Line]| {
            let reasons = || end.iter().filter(is_reason);
            let raw = end.iter().all(|line| !line.is_timed);
            let complaint = || reasons().rev().find(|line| line.complains);
            let line = if raw { reasons().next() } else { complaint().or_else(|| reasons().next_back()) };
            line.map(|line| line.word)
        };
        let mut words: Vec<usize> = ends.iter().filter_map(reason).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// What stands at a run's end, before the goodbyes; nothing where a stop was asked.
    fn end_of<'l>(&self, cycle: &'l [Line]) -> Option<&'l [Line]> {
        let is_goodbye = |line: &Line| {
            let template = self.templates[line.word].to_lowercase();
            let is_short = template.split(' ').count() <= GOODBYE_WORDS;
            line.by_manager
                || line.step == Some(MarkKind::Exit)
                || is_short && GOODBYES.iter().any(|word| template.contains(word))
        };
        let (first, rest) = cycle.split_first()?;
        if rest.iter().any(|line| line.step == Some(MarkKind::Stop)) {
            return None;
        }
        let end = rest.iter().rposition(|line| !is_goodbye(line))?;
        let is_raw = |line: &&Line| first.is_timed && !line.is_timed;
        let raw = rest[..=end].iter().rev().take_while(is_raw).count();
        let length = if raw > 0 { raw } else { LAST_LINES.min(end + 1) };
        Some(&rest[end + 1 - length..=end])
    }
}

/// How often a run has a line, and where it stands last.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    times: usize,
    last: usize,
}

fn told_in(cycle: &[&Line]) -> BTreeMap<usize, Told> {
    let mut told: BTreeMap<usize, Told> = BTreeMap::new();
    for (at, line) in cycle.iter().enumerate() {
        let known = told.entry(line.word).or_default();
        *known = Told { times: known.times + 1, last: at };
    }
    told
}

/// What one line is, but for its template.
fn describe(scanner: &Scanner, line: &[u8], reading: &Reading, text: &[u8], matches: &mut Matches) -> Line {
    scanner.matcher.collect(&scanner.pack, text, matches);
    let marks = scanner.marks(reading, text, matches);
    let step = marks.iter().map(|mark| mark.mark.kind).filter(|kind| *kind != MarkKind::About).min();
    let class = class_of(reading, text);
    let (has_clock, rest) = after_clock(text);
    let (own_pid, body) = without_pids(rest);
    let plain = String::from_utf8_lossy(text);
    let is_error = class.is_some() || !matches.signatures.is_empty() || block::is_traceback(text);
    let complains = is_error || reading.is_answer || complains(&plain) || is_dealt_with(text);
    let warns = reading.level.is_some_and(|level| level >= Level::Warn);
    Line {
        word: 0,
        said: stable_hash(&body),
        pid: reading.pid.or(reading.run_pid).or(own_pid).or_else(|| pid_in(line).map(|(_, pid)| pid)),
        level: reading.level,
        is_timed: reading.time.is_some() || has_clock,
        by_manager: reading.formats.last().is_some_and(|&id| scanner.catalog.format(id).role != Role::Application)
            || marks.iter().any(|mark| mark.mark.manager),
        writer: match (reading.service.as_deref(), reading.ident.as_deref()) {
            (None, None) => NOBODY,
            (service, ident) => stable_hash(&[service, ident].map(Option::unwrap_or_default).join(&0)) | 1,
        },
        is_known_program: scanner.catalog.program(reading).is_some() || reading.ident.as_deref() == Some(b"kernel"),
        step,
        complains,
        is_trouble: complains || warns,
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

/// What follows the words of a clock that no format reads, and whether there are any: `261125-195700.924`, `Nov 25`.
fn after_clock(text: &[u8]) -> (bool, &[u8]) {
    let is_digits = |word: &[u8]| word.iter().filter(|byte| byte.is_ascii_digit()).count() >= 2;
    let is_clock = |word: &[u8]| {
        let core = word.trim_ascii_end();
        is_digits(core) && core.first().is_some_and(|byte| byte.is_ascii_digit() || b"[(<".contains(byte))
            || core.len() == 3 && MONTHS.contains(&core)
    };
    let mut rest = text;
    for _ in 0..4 {
        let Some(end) = memchr::memchr(b' ', rest) else { break };
        if !is_clock(&rest[..end]) {
            break;
        }
        rest = rest[end..].trim_ascii_start();
    }
    (rest.len() < text.len(), rest)
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// A text without the pids in it, and the one that stands at its writer's name: `gw[61]`, `gw(61)`, `gw/61`, `<main:61>`.
fn without_pids(text: &[u8]) -> (Option<u32>, Vec<u8>) {
    let mut body = text.to_vec();
    if let Some((digits, _)) = pid_in(&body) {
        body.drain(digits);
    }
    let head = body.split(|&byte| byte == b' ').take(2).map(|word| word.len() + 1).sum::<usize>().min(body.len());
    let opens = |at: usize| b"[(/:#".contains(&body[at]) && at > 0 && body[at - 1].is_ascii_alphabetic();
    let Some(open) = (0..head).find(|&at| opens(at)) else { return (None, body) };
    let digits = body[open + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let pid = std::str::from_utf8(&body[open + 1..open + 1 + digits]).ok().and_then(|digits| digits.parse().ok());
    body.drain(open + 1..open + 1 + digits);
    (pid, body)
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

/// Words that deny or demand, in lower case.
const DENIALS: &[&str] = &[
    "above",
    "below",
    "beyond",
    "dead",
    "disabled",
    "empty",
    "ended",
    "gone",
    "less",
    "locked",
    "lost",
    "maintenance",
    "must",
    "need",
    "needs",
    "neither",
    "never",
    "no",
    "none",
    "not",
    "nothing",
    "old",
    "only",
    "over",
    "past",
    "required",
    "requires",
    "stale",
    "stays",
    "too",
    "without",
    "zero",
];

/// What whoever starts it anew says, in lower case.
const AGAIN: &[&str] = &["again in", "next try", "relaunch", "respawn", "restart"];

/// What is said at any end, in lower case, in few words.
const GOODBYES: &[&str] = &[
    "bye",
    "cleanup",
    "closed",
    "closing",
    "complete",
    "done",
    "drain",
    "exit",
    "finished",
    "leaving",
    "shut down",
    "shutdown",
    "shutting",
    "stopped",
    "stopping",
    "terminat",
];
const GOODBYE_WORDS: usize = 5;
