//! A program's own words for its start, its readiness and its end, learned from how its log repeats itself.
//!
//! Marks know how most programs tell of their lives. A log of one that says `kilnd firing up` has none of them; but where
//! it holds several runs, each begins with the same line, goes through the same boot, and those that die of one thing
//! say the same last. So a log is looked at before it is scanned, at its head and its end, and what was learned there
//! goes with every chunk: what a line means depends on the stream, and not on where it is cut.

mod habits;
mod sample;
mod suggestion;

use crate::evidence::mask;
use crate::grammar::{Clock, MarkKind};
use crate::scan::Scanner;
use aho_corasick::AhoCorasick;
use sample::Sample;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Bytes that are looked at, at a log's head and at its end each.
pub const SAMPLE_BYTES: u64 = 128 << 10;
/// What a line of the program means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// A start before the one that a grammar knows, which only runs that come so far tell of.
    EarlyStart,
}

/// A step of a life that such a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub kind: MarkKind,
    pub weak: bool,
    /// Which of a start's steps it is: known ones are 1 and more.
    pub number: u8,
}

impl Step {
    pub fn of(meaning: Meaning) -> Option<Step> {
        match meaning {
            Meaning::Start { sure } => Some(Step { kind: MarkKind::Start, weak: !sure, number: 1 }),
            Meaning::EarlyStart => Some(Step { kind: MarkKind::Start, weak: false, number: 0 }),
            Meaning::Goodbye => Some(Step { kind: MarkKind::Exit, weak: true, number: 1 }),
            Meaning::Ready | Meaning::LastWords => None,
        }
    }
}

/// What was learned of one log; by itself, nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Learned", into = "Learned")]
pub struct Idiom {
    /// Shared, as it goes with every chunk.
    learned: Arc<Learned>,
    finder: Option<AhoCorasick>,
}

/// Lines by their skeletons, and a text of each to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Learned {
    meanings: BTreeMap<String, Meaning>,
    needles: BTreeMap<String, String>,
}

/// The finder follows from what was learned.
impl PartialEq for Idiom {
    fn eq(&self, other: &Idiom) -> bool {
        self.learned == other.learned
    }
}

impl Eq for Idiom {}

impl From<Learned> for Idiom {
    fn from(learned: Learned) -> Idiom {
        let needles = &learned.needles;
        let finder = if needles.is_empty() { None } else { AhoCorasick::new(needles.values()).ok() };
        Idiom { learned: Arc::new(learned), finder }
    }
}

impl From<Idiom> for Learned {
    fn from(idiom: Idiom) -> Learned {
        Arc::unwrap_or_clone(idiom.learned)
    }
}

impl Idiom {
    /// Learns from pieces of a log, its head first. Each of its writers has words of its own.
    pub fn of(scanner: &Scanner, samples: &[&[u8]], clock: &Clock) -> Idiom {
        let whole = Sample::of(scanner, samples, clock);
        let mut meanings = BTreeMap::new();
        for sample in whole.by_writer() {
            for (word, meaning) in sample.meanings() {
                meanings.entry(sample.template(word).to_string()).or_insert(meaning);
            }
        }
        let needle = |template: &String| Some((template.clone(), whole.needle(template)?.to_string()));
        let needles: BTreeMap<String, String> = meanings.keys().filter_map(needle).collect();
        meanings.retain(|template, _| needles.contains_key(template));
        Learned { meanings, needles }.into()
    }

    pub fn is_empty(&self) -> bool {
        self.learned.meanings.is_empty()
    }

    /// The next place at or after `from` where one of its lines may be.
    pub fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let found = self.finder.as_ref()?.find(aho_corasick::Input::new(text).range(from..))?;
        Some(found.start())
    }

    /// What was learned, in words for people: secrets are masked.
    pub fn told(&self) -> impl Iterator<Item = String> {
        let says = |meaning: &Meaning| match meaning {
            Meaning::Start { .. } | Meaning::EarlyStart => "begins a run",
            Meaning::Ready => "may say that it is ready",
            Meaning::LastWords => "is said before it ends",
            Meaning::Goodbye => "ends a run",
        };
        self.learned
            .meanings
            .iter()
            .map(move |(template, meaning)| format!("`{}` {}", mask::mask(template), says(meaning)))
    }

    /// What a message means, by its skeleton.
    pub fn meaning(&self, template: &str) -> Option<Meaning> {
        self.learned.meanings.get(template).copied()
    }
}
