//! How the formats read a text: which reads what share of it, what each refuses, and what none can read.

use super::ansi;
use super::catalog::Catalog;
use super::clock::{Clock, Time};
use super::head::{self, Head};
use super::level::Level;
use super::reader::Reader;
use super::reading::FormatId;
use std::collections::BTreeMap;

/// So many lines are held against every single format; on all of them that would take long.
pub const SCORED_LINES: u64 = 1000;
/// Records shown as read, for each way of reading.
const SHOWN_RECORDS: usize = 3;
/// Lines shown that no format reads.
const SHOWN_UNREAD: usize = 10;
/// Bytes kept of a line that is shown.
const SHOWN_BYTES: usize = 300;

/// What became of a text's lines.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    pub lines: u64,
    pub empty: u64,
    /// By the formats' names from the outermost in, joined by ` > `.
    pub ways: BTreeMap<String, Way>,
    /// Headers, gaps and the like, by format.
    pub frames: BTreeMap<String, u64>,
    /// Indented lines that no format reads: they belong to the record before.
    pub continuations: u64,
    /// Other lines that no format reads.
    pub unread: u64,
    pub first_unread: Vec<Line>,
    /// How many lines were held against each single format.
    pub scored: u64,
    /// By format, in the order in which they are tried.
    pub scores: Vec<Score>,
}

/// One way of reading, through all envelopes.
#[derive(Clone, Debug, Default)]
pub struct Way {
    pub lines: u64,
    pub with_time: u64,
    pub records: Vec<Record>,
}

/// A line and its 1-based number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub number: u64,
    pub text: String,
}

/// A record as read.
#[derive(Clone, Debug)]
pub struct Record {
    pub line: u64,
    pub time: Option<Time>,
    pub level: Option<Level>,
    pub host: Option<String>,
    pub service: Option<String>,
    pub ident: Option<String>,
    pub component: Option<String>,
    pub pid: Option<u32>,
    pub message: String,
}

/// How one format alone does.
#[derive(Clone, Debug)]
pub struct Score {
    pub format: FormatId,
    pub read: u64,
    pub refused: Option<Line>,
}

impl Survey {
    pub fn new(catalog: &Catalog) -> Survey {
        let count = FormatId::try_from(catalog.formats().len()).unwrap_or(FormatId::MAX);
        let scores = (0..count).map(|format| Score { format, read: 0, refused: None }).collect();
        Survey { scores, ..Survey::default() }
    }

    /// Takes in the next line, without its end.
    pub fn line(&mut self, catalog: &Catalog, clock: &Clock, line: &[u8]) {
        self.lines += 1;
        if line.trim_ascii().is_empty() {
            self.empty += 1;
            return;
        }
        self.score(catalog, clock, line);
        let reading = Reader::of(catalog).read(line, clock);
        if reading.formats.is_empty() {
            return self.without_format(catalog, line);
        }
        let names: Vec<&str> = reading.formats.iter().map(|&id| catalog.format(id).name.as_str()).collect();
        let way = self.ways.entry(names.join(" > ")).or_default();
        way.lines += 1;
        way.with_time += u64::from(reading.time.is_some());
        if way.records.len() < SHOWN_RECORDS {
            let text = |bytes: &Option<std::borrow::Cow<[u8]>>| bytes.as_deref().map(shown);
            way.records.push(Record {
                line: self.lines,
                time: reading.time,
                level: reading.level,
                host: text(&reading.host),
                service: text(&reading.service),
                ident: text(&reading.ident),
                component: text(&reading.component),
                pid: reading.pid,
                message: shown(&reading.message),
            });
        }
    }

    fn score(&mut self, catalog: &Catalog, clock: &Clock, line: &[u8]) {
        if self.scored == SCORED_LINES {
            return;
        }
        self.scored += 1;
        let plain = ansi::plain(line);
        for score in &mut self.scores {
            if catalog.format(score.format).recognises(&plain, clock) {
                score.read += 1;
            } else if score.refused.is_none() {
                score.refused = Some(Line { number: self.lines, text: shown(line) });
            }
        }
    }

    fn without_format(&mut self, catalog: &Catalog, line: &[u8]) {
        if let Some(id) = catalog.frame_of(line) {
            *self.frames.entry(catalog.format(id).name.clone()).or_default() += 1;
        } else if head::of(line) == Head::Continuation {
            self.continuations += 1;
        } else {
            self.unread += 1;
            if self.first_unread.len() < SHOWN_UNREAD {
                self.first_unread.push(Line { number: self.lines, text: shown(line) });
            }
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES)]).into_owned()
}
