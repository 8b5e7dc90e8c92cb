//! From bytes to candidates, from candidates to matches.
//!
//! Two stages. The *finder* runs over every byte of the input and proposes positions; it may propose too many, never too
//! few. The *collector* runs over the decoded message of a proposed line and disposes: which signatures and marks hold.
//! The finder is behind a trait so that a faster one can take its place; nothing else sees how it works.

use super::pack::Pack;
use crate::grammar::mark::searchable;
use crate::grammar::{Catalog, MarkId};
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use std::collections::BTreeMap;

/// Proposes the places of a text that may matter.
pub trait Finder: Send + Sync {
    /// The position of the first candidate at or after `from`.
    fn find(&self, text: &[u8], from: usize) -> Option<usize>;
}

/// An automaton over all needles: one step a byte.
struct Automaton(AhoCorasick);

impl Finder for Automaton {
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        self.0.find(&text[from..]).map(|found| from + found.start())
    }
}

/// Marks of error level in the many spellings of loggers; a line that has one is read, and its level decides.
const ERROR_WORDS: &[&str] = &[
    "CRIT",
    "PANIC",
    "EMERG",
    "SEVERE",
    "ERRO ",
    " ERR ",
    " FTL ",
    "ERR]",
    "FTL]",
    "[E]",
    "[F]",
    "Error",
    "Exception",
    "[error]",
    "[alert]",
    "[fatal]",
    "[critical]",
    "[panic]",
    "<Fault>",
    "=error",
    "=fatal",
    "=crit",
    "=panic",
    "error:",
    "fatal:",
    "panic:",
    "\"error\"",
    "\"fatal\"",
    "\"critical\"",
    "\"panic\"",
    "\"level\":50",
    "\"level\":60",
    "\"PRIORITY\":\"0\"",
    "\"PRIORITY\":\"1\"",
    "\"PRIORITY\":\"2\"",
    "\"PRIORITY\":\"3\"",
    " Fault ",
    "failed to ",
    "panicked at",
    "Traceback (most recent call last)",
];

/// Words of failure in a line that has no level.
pub const FAILURE_WORDS: &[&str] = &[
    "error: ",
    "Error: ",
    "Error parsing ",
    "ERROR",
    "fatal: ",
    "Fatal: ",
    "FATAL",
    "CRITICAL",
    "[ALERT]",
    "[crit]",
    "[emerg]",
    "E! ",
    "failed: ",
    "Failed to ",
    "ould not ",
    "annot open ",
    "nable to ",
    "No such file or directory",
];

/// What holds in one message.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// Indices into the pack, ascending.
    pub signatures: Vec<usize>,
    /// Marks whose needle is there; their patterns are still to be read.
    pub marks: Vec<MarkId>,
    literals: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
enum User {
    /// The literals of one list of a signature, by number.
    Literal(u32),
    Mark(MarkId),
}

/// The compiled matcher of a pack and a catalog.
pub struct Matcher {
    finder: Box<dyn Finder>,
    collector: AhoCorasick,
    users: Vec<Vec<User>>,
    /// Signatures, and for each its lists of literal numbers.
    lists: Vec<Vec<Vec<u32>>>,
    /// For each literal, the signatures that use it.
    used_by: Vec<Vec<u32>>,
}

impl Matcher {
    pub fn new(pack: &Pack, catalog: &Catalog) -> Result<Matcher, aho_corasick::BuildError> {
        let mut needles: Vec<Vec<u8>> =
            ERROR_WORDS.iter().chain(FAILURE_WORDS).map(|word| word.as_bytes().to_vec()).collect();
        let mut texts: BTreeMap<Vec<u8>, Vec<User>> = BTreeMap::new();
        let mut literal_numbers: BTreeMap<(Vec<u8>, bool), u32> = BTreeMap::new();
        let mut used_by: Vec<Vec<u32>> = Vec::new();
        let mut lists = Vec::new();
        for (at, signature) in pack.signatures().iter().enumerate() {
            let mut own_lists = Vec::new();
            for list in &signature.literals {
                let mut numbers = Vec::new();
                for literal in list {
                    let next = literal_numbers.len() as u32;
                    let number = *literal_numbers.entry((literal.clone(), signature.ignore_case)).or_insert(next);
                    if number == next {
                        used_by.push(Vec::new());
                        for spelling in spellings(literal, signature.ignore_case) {
                            texts.entry(spelling).or_default().push(User::Literal(number));
                        }
                    }
                    used_by[number as usize].push(at as u32);
                    numbers.push(number);
                }
                if let Some(best) = list.iter().filter_map(|literal| searchable(literal)).max_by_key(|run| run.len()) {
                    needles.extend(spellings(best, signature.ignore_case));
                }
                own_lists.push(numbers);
            }
            lists.push(own_lists);
        }
        for (id, mark) in catalog.marks().iter().enumerate() {
            needles.extend(mark.needles.iter().cloned());
            for text in &mark.texts {
                texts.entry(text.clone()).or_default().push(User::Mark(id as MarkId));
            }
        }
        needles.extend(catalog.repeat_needles().cloned());
        needles.sort();
        needles.dedup();
        let finder = AhoCorasickBuilder::new()
            .kind(Some(AhoCorasickKind::DFA))
            .match_kind(MatchKind::Standard)
            .build(&needles)?;
        let (keys, users): (Vec<Vec<u8>>, Vec<Vec<User>>) = texts.into_iter().unzip();
        let collector = AhoCorasickBuilder::new().match_kind(MatchKind::Standard).build(&keys)?;
        Ok(Matcher { finder: Box::new(Automaton(finder)), collector, users, lists, used_by })
    }

    /// The next place at or after `from` that may matter.
    pub fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        self.finder.find(text, from)
    }

    /// All that holds in one message (one line of it).
    pub fn collect(&self, pack: &Pack, message: &[u8], matches: &mut Matches) {
        matches.signatures.clear();
        matches.marks.clear();
        matches.literals.clear();
        for found in self.collector.find_overlapping_iter(message) {
            for user in &self.users[found.pattern().as_usize()] {
                match *user {
                    User::Literal(number) => matches.literals.push(number),
                    User::Mark(id) => matches.marks.push(id),
                }
            }
        }
        matches.marks.sort_unstable();
        matches.marks.dedup();
        if matches.literals.is_empty() {
            return;
        }
        matches.literals.sort_unstable();
        matches.literals.dedup();
        for &literal in &matches.literals {
            for &signature in &self.used_by[literal as usize] {
                let held = |list: &Vec<u32>| list.iter().all(|number| matches.literals.binary_search(number).is_ok());
                if self.lists[signature as usize].iter().any(held) {
                    matches.signatures.push(signature as usize);
                }
            }
        }
        matches.signatures.sort_unstable();
        matches.signatures.dedup();
        matches.signatures.retain(|&at| pack.signatures()[at].verify(message));
    }
}

/// The spellings that a case-blind literal is looked for in: as given, lower, UPPER, and with a Capital.
fn spellings(literal: &[u8], ignore_case: bool) -> Vec<Vec<u8>> {
    let mut all = vec![literal.to_vec()];
    if ignore_case {
        let lower = literal.to_ascii_lowercase();
        let mut capital = lower.clone();
        if let Some(first) = capital.first_mut() {
            first.make_ascii_uppercase();
        }
        let mut given_capital = literal.to_vec();
        if let Some(first) = given_capital.first_mut() {
            *first = if first.is_ascii_uppercase() { first.to_ascii_lowercase() } else { first.to_ascii_uppercase() };
        }
        all.extend([lower, capital, literal.to_ascii_uppercase(), given_capital]);
        all.sort();
        all.dedup();
    }
    all
}
