//! The records of a log's head and end, as far as they say who begins, works and ends.

use crate::grammar::definition::Role;
use crate::grammar::{Clock, Course, Field, Level, MarkKind, Reader, Reading, Time, head};
use crate::scan::words::{class_of, is_prompt};
use crate::scan::{Scanner, block, parts};
use crate::signature::Matches;
use crate::signature::wording::{complains, is_dealt_with};
use crate::template::{MASK, skeleton, stable_hash};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// Records that are looked at, at most, at the head and at the end each.
const MAX_RECORDS: usize = 4096;

/// The format of a line after `> `, where no other reads what follows.
const QUOTED: &str = "quoted";

/// The writer of a line that names none.
pub const NOBODY: u64 = 0;

/// One record of the sample.
#[derive(Clone, Debug)]
pub struct Line {
    pub word: usize,
    /// The text without its template's generality: what says the same says it in the same words.
    pub said: u64,
    pub pid: Option<u32>,
    pub level: Option<Level>,
    pub is_timed: bool,
    pub time: Option<Time>,
    /// It is an object, so that what stands below it is no part of it.
    pub is_object: bool,
    /// It names its program, as lines of a machine's log do.
    pub has_ident: bool,
    pub by_manager: bool,
    /// Who wrote it, as far as the line names anybody.
    pub writer: u64,
    /// Its program has a grammar of its own.
    pub is_known_program: bool,
    /// Of its marks, the one that tells most.
    pub step: Option<MarkKind>,
    /// An error, a complaint, a thing that was dealt with.
    pub complains: bool,
    /// It says that the program went on.
    pub deals: bool,
    /// Any of these, or a warning.
    pub is_trouble: bool,
    /// A signature knows it, or its level or words make it an error anyhow.
    pub is_known: bool,
}

/// The records of a log's head and end.
#[derive(Debug, Default)]
pub struct Sample {
    pub lines: Vec<Line>,
    templates: Rc<Vec<String>>,
    /// By word: how often it is there.
    times: Vec<usize>,
    /// Lines that begin in the log's head.
    pub head: usize,
}

impl Sample {
    pub fn of(scanner: &Scanner, samples: &[&[u8]], clock: &Clock) -> Sample {
        let mut sample = Sample::default();
        let mut words: BTreeMap<String, usize> = BTreeMap::new();
        let mut matches = Matches::default();
        let reader = Reader::of(&scanner.catalog);
        let mut course = Course::default();
        for (nth, bytes) in samples.iter().enumerate() {
            let most = sample.lines.len() + MAX_RECORDS;
            for line in bytes.split(|&byte| byte == b'\n') {
                if sample.lines.len() >= most {
                    break;
                }
                if head::of(line) == head::Head::Continuation {
                    continue;
                }
                let reading = reader.read(line, clock);
                // A frame of its format is no record, nor is a command at a shell's prompt: nobody says it.
                let is_unsaid = || scanner.catalog.frame_of(line).is_some() || is_prompt(line);
                if reading.repeat.is_some() || reading.formats.is_empty() && is_unsaid() {
                    continue;
                }
                // npm shows the command that it runs as others quote a line.
                let last = reading.formats.last().map(|&id| scanner.catalog.format(id));
                if last.is_some_and(|format| format.name == QUOTED) {
                    continue;
                }
                reading.time.iter().for_each(|time| course.see(time.ns));
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
        if course.is_backwards() {
            sample.lines.reverse();
            let of_end = sample.lines.len() - sample.head;
            sample.head = if of_end > 0 { of_end } else { sample.head };
        }
        let mut templates: Vec<(usize, String)> = words.into_iter().map(|(template, word)| (word, template)).collect();
        templates.sort_unstable();
        sample.templates = Rc::new(templates.into_iter().map(|(_, template)| template).collect());
        sample.counted()
    }

    fn counted(mut self) -> Sample {
        self.times = vec![0; self.templates.len()];
        for line in &self.lines {
            self.times[line.word] += 1;
        }
        self
    }

    /// The word of a template that the fewest others have, the longest of those.
    pub fn needle(&self, template: &str) -> Option<&str> {
        let own = self.templates.iter().find(|own| *own == template)?;
        let others = |text: &str| -> usize {
            let with = self.templates.iter().zip(&self.times).filter(|(template, _)| template.contains(text));
            with.map(|(_, times)| times).sum()
        };
        plain_words(own).min_by_key(|word| (others(word), std::cmp::Reverse(word.len())))
    }

    /// The lines of each writer, with those of a manager about it; of one writer or none, all lines.
    pub fn by_writer(&self) -> Vec<Sample> {
        let named = |line: &&Line| line.writer != NOBODY && !line.by_manager;
        let mut writers: Vec<u64> = self.lines.iter().filter(named).map(|line| line.writer).collect();
        writers.sort_unstable();
        writers.dedup();
        let of = |keeps: &dyn Fn(&Line) -> bool| {
            let kept: Vec<Line> = self.lines.iter().filter(|line| keeps(line)).cloned().collect();
            let head = self.lines[..self.head].iter().filter(|line| keeps(line)).count();
            Sample { lines: kept, templates: Rc::clone(&self.templates), times: Vec::new(), head }.counted()
        };
        match writers.as_slice() {
            [] | [_] => vec![of(&|_| true)],
            // In a machine's own log every program repeats itself in its own way, and most are no services.
            _ if self.lines.iter().any(|line| line.has_ident && !line.by_manager) => Vec::new(),
            many => many.iter().map(|&writer| of(&|line| line.writer == writer)).collect(),
        }
    }

    pub fn template(&self, word: usize) -> &str {
        &self.templates[word]
    }

    /// How often a line is there.
    pub fn times(&self, word: usize) -> usize {
        self.times.get(word).copied().unwrap_or_default()
    }

    pub fn lines_of(&self, word: usize) -> Vec<usize> {
        (0..self.lines.len()).filter(|&at| self.lines[at].word == word).collect()
    }

    /// The stretches of lines between where runs begin.
    pub fn cycles<'s>(&'s self, begins: &'s [usize]) -> impl Iterator<Item = &'s [Line]> {
        let ends = begins.iter().skip(1).copied().chain([self.lines.len()]);
        begins.iter().zip(ends).map(|(&start, end)| &self.lines[start..end])
    }
}

/// The words of a template that each of its lines holds as they are, in JSON, too.
fn plain_words(template: &str) -> impl Iterator<Item = &str> {
    template
        .split(MASK)
        .flat_map(|piece| piece.split(|c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\\' | '/')))
        .filter(|word| word.len() >= 3)
}

/// What one line is, but for its template.
fn describe(scanner: &Scanner, line: &[u8], reading: &Reading, text: &[u8], matches: &mut Matches) -> Line {
    scanner.matcher.collect(&scanner.pack, text, matches);
    let marks = scanner.marks(reading, text, matches);
    // A manager's line is about one of those whose lines are there.
    let about = marks.iter().filter(|(_, mark)| mark.mark.manager).find_map(|(_, mark)| mark.text(Field::Service));
    let step = marks.iter().map(|(_, mark)| mark.mark.kind).filter(|kind| *kind != MarkKind::About).min();
    let class = class_of(reading, text);
    let (has_clock, rest) = after_clock(text);
    let (own_pid, body) = without_pids(rest);
    let plain = String::from_utf8_lossy(text);
    let is_error = class.is_some() || !matches.signatures.is_empty() || block::is_traceback(text);
    let deals = is_dealt_with(text);
    let complains = is_error || reading.is_answer || complains(&plain) || deals;
    let warns = reading.level.is_some_and(|level| level >= Level::Warn);
    Line {
        word: 0,
        said: stable_hash(&without_clocks(&body)),
        pid: reading.pid.or(reading.run_pid).or(own_pid).or_else(|| pid_in(line).map(|(_, pid)| pid)),
        level: reading.level,
        is_timed: reading.time.is_some() || has_clock,
        time: reading.time,
        is_object: reading.formats.last().is_some_and(|&id| scanner.catalog.format(id).is_json()),
        has_ident: reading.ident.is_some(),
        by_manager: reading.formats.last().is_some_and(|&id| scanner.catalog.format(id).role != Role::Application)
            || marks.iter().any(|(_, mark)| mark.mark.manager),
        writer: match (about.or(reading.service.as_deref()), reading.ident.as_deref()) {
            (None, None) => NOBODY,
            (service, ident) => stable_hash(&[service, ident].map(Option::unwrap_or_default).join(&0)) | 1,
        },
        // What PAM says is of sessions, whoever asks for them.
        is_known_program: scanner.catalog.program(reading).is_some()
            || reading.ident.as_deref() == Some(b"kernel")
            || text.starts_with(b"pam_"),
        step,
        complains,
        deals,
        is_trouble: complains || warns,
        is_known: is_error,
    }
}

/// Where the next word for a pid stands, and its length.
fn pid_word(text: &[u8]) -> Option<(usize, usize)> {
    const WORDS: [&[u8]; 3] = [b"pid", b"\"proc", b"process "];
    let found = WORDS.iter().filter_map(|word| Some((memchr::memmem::find(text, word)?, word.len())));
    found.min_by_key(|(at, _)| *at)
}

/// The process id that a line tells in its own words: where its digits stand, and what they say.
fn pid_in(line: &[u8]) -> Option<(Range<usize>, u32)> {
    let mut from = 0;
    while let Some((at, length)) = pid_word(&line[from..]) {
        let after = from + at + length;
        let begins_word = from + at == 0 || !line[from + at - 1].is_ascii_alphanumeric();
        let gap = line[after..].iter().take_while(|byte| b"\"=: (#".contains(byte)).count();
        let digits = line[after + gap..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let own = after + gap..after + gap + digits;
        if begins_word
            && gap <= 4
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
        let bare = core.strip_prefix(b"[").unwrap_or(core);
        is_digits(core) && core.first().is_some_and(|byte| byte.is_ascii_digit() || b"[<+".contains(byte))
            || bare.len() == 3 && CALENDAR.contains(&bare)
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

#[rustfmt::skip]
const CALENDAR: [&[u8]; 19] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
    b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun",
];

/// A text without the dates and times in it: digits with two dashes or two colons among them.
fn without_clocks(text: &[u8]) -> Vec<u8> {
    let is_part = |byte: &u8| byte.is_ascii_digit() || b":-.,TZ+".contains(byte);
    let mut left = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let length = rest.iter().take_while(|byte| is_part(byte)).count().max(1);
        let (run, after) = rest.split_at(length);
        let count = |of: u8| run.iter().filter(|&&byte| byte == of).count();
        if !first.is_ascii_digit() || count(b':') < 2 && count(b'-') < 2 {
            left.extend_from_slice(run);
        }
        rest = after;
    }
    left
}

/// A text without the pids in it, and the one that stands at its writer's name: `gw[61]`, `gw(61)`, `gw/61`, `<main:61>`,
/// `{61}`.
fn without_pids(text: &[u8]) -> (Option<u32>, Vec<u8>) {
    let mut body = text.to_vec();
    let told = pid_in(&body).map(|(digits, pid)| {
        body.drain(digits);
        pid
    });
    let words = body.split(|&byte| byte == b' ').take(4).map(|word| word.len() + 1);
    let head = words.sum::<usize>().min(body.len());
    let digits_at = |at: usize| body[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_pid = |at: usize| {
        let (open, digits) = (body[at], digits_at(at + 1));
        let named = at > 0 && body[at - 1].is_ascii_alphabetic() && b"[(/:#".contains(&open);
        let alone = (at == 0 || body[at - 1] == b' ') && b"[({".contains(&open);
        let closed = body.get(at + 1 + digits).is_some_and(|close| b"])}".contains(close));
        digits > 0 && (named || alone && closed)
    };
    let Some(open) = (0..head).find(|&at| is_pid(at)) else { return (told, body) };
    let own = open + 1..open + 1 + digits_at(open + 1);
    let pid = std::str::from_utf8(&body[own.clone()]).ok().and_then(|digits| digits.parse().ok());
    body.drain(own);
    (pid.or(told), body)
}
