//! From bytes to candidates, from candidates to matches.
//!
//! Two stages. The *finder* runs over every byte of the input and proposes positions; it may propose too many, never too
//! few. The *collector* runs over the decoded message of a proposed line and disposes: which signatures and marks hold.

use super::fold::folds_of;
use super::pack::Pack;
use super::wording;
use crate::finder::{Finder, Grams, Lookout, Text};
use crate::grammar::head::SECTIONS;
use crate::grammar::mark::searchable;
use crate::grammar::{Catalog, MarkId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

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
    "[err]",
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
    // In an object that is a text of another, as Docker's json-file driver writes it.
    "\"error\\\"",
    "\"fatal\\\"",
    "\"critical\\\"",
    "\"panic\\\"",
    "\"level\":50",
    "\"level\":60",
    "\"level\\\":50",
    "\"level\\\":60",
    "\"PRIORITY\":\"0\"",
    "\"PRIORITY\":\"1\"",
    "\"PRIORITY\":\"2\"",
    "\"PRIORITY\":\"3\"",
    " Fault ",
    "failed to ",
    "panicked at",
    "Traceback (most recent call last)",
    "** (",
];

/// What command line programs put before their complaints.
pub const GLYPHS: &[&str] = &["✗ ", "✘ ", "✖ ", "❌ ", "⛔ "];

/// Words of failure in a line that has no level.
pub const FAILURE_WORDS: &[&str] = &[
    "error: ",
    "Error: ",
    "Error parsing ",
    "rror occurred: ",
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
    "efusing to start",
    "ould not ",
    "annot open ",
    "nable to ",
    "No such file or directory",
    ": File exists",
];

/// What holds in one message.
#[derive(Clone, Debug, Default)]
pub struct Matches {
    /// Indices into the pack, ascending.
    pub signatures: Vec<usize>,
    /// Marks whose needle is there; their patterns are still to be read.
    pub marks: Vec<MarkId>,
    /// Of the pack, those whose regular expression was asked.
    pub asked: Vec<usize>,
    literals: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum User {
    /// The literals of one list of a signature, by number.
    Literal(u32),
    Mark(MarkId),
    /// A signature, by its index, is not meant where this is.
    NotSignature(u32),
    /// Nor is a mark.
    NotMark(MarkId),
}

/// The compiled matcher of a pack and a catalog.
#[derive(Debug, Serialize, Deserialize)]
pub struct Matcher {
    finder: Finder,
    #[serde(skip)]
    lookout: Lookout,
    collector: Finder,
    users: Vec<Vec<User>>,
    /// Literals too short to be looked for; they are only asked for where others of their list are.
    short: Vec<(u32, Text)>,
    /// Signatures, and for each its lists of literal numbers.
    lists: Vec<Vec<Vec<u32>>>,
    /// For each literal, the signatures that use it.
    used_by: Vec<Vec<u32>>,
    /// What texts that something is known by look like in a folded message where they are part of a value.
    folded: Finder,
    folded_users: Vec<Vec<User>>,
    short_folded: Vec<(u32, Text)>,
}

/// What is looked for, and for whom.
#[derive(Default)]
struct Wanted {
    /// A line that matters has one of these.
    needles: Vec<Vec<u8>>,
    /// Texts that something is known by, and what.
    texts: Vec<Vec<u8>>,
    users: Vec<Vec<User>>,
    short: Vec<(u32, Text)>,
    lists: Vec<Vec<Vec<u32>>>,
    used_by: Vec<Vec<u32>>,
}

/// Shorter texts are not looked for.
const MIN_TEXT: usize = 3;

impl Wanted {
    fn of(pack: &Pack, catalog: &Catalog) -> Wanted {
        let mut wanted = Wanted::default();
        let mut needles: Vec<Vec<u8>> =
            ERROR_WORDS.iter().chain(FAILURE_WORDS).chain(GLYPHS).map(|word| word.as_bytes().to_vec()).collect();
        let mut texts: BTreeMap<Vec<u8>, Vec<User>> = BTreeMap::new();
        let mut literal_numbers: BTreeMap<(Vec<u8>, bool), u32> = BTreeMap::new();
        for (at, signature) in pack.signatures().iter().enumerate() {
            let mut own_lists = Vec::new();
            for list in &signature.literals {
                let mut numbers = Vec::new();
                for literal in list {
                    let next = literal_numbers.len() as u32;
                    let number = *literal_numbers.entry((literal.clone(), signature.ignore_case)).or_insert(next);
                    if number == next {
                        wanted.used_by.push(Vec::new());
                        for spelling in spellings(literal, signature.ignore_case) {
                            if spelling.len() < MIN_TEXT {
                                wanted.short.push((number, Text::of(spelling)));
                            } else {
                                texts.entry(spelling).or_default().push(User::Literal(number));
                            }
                        }
                    }
                    wanted.used_by[number as usize].push(at as u32);
                    numbers.push(number);
                }
                if let Some(best) = list.iter().filter_map(|literal| searchable(literal)).max_by_key(|run| run.len()) {
                    needles.extend(spellings(best, signature.ignore_case));
                }
                own_lists.push(numbers);
            }
            wanted.lists.push(own_lists);
        }
        for (id, mark) in catalog.marks().iter().enumerate() {
            needles.extend(mark.needles.iter().cloned());
            for text in &mark.texts {
                texts.entry(text.clone()).or_default().push(User::Mark(id as MarkId));
            }
        }
        needles.extend(catalog.repeat_needles().cloned());
        needles.extend(SECTIONS.map(|head| head.as_bytes().to_vec()));
        wanted.needles = least(needles);
        (wanted.texts, wanted.users) = texts.into_iter().unzip();
        wanted
    }
}

/// Of texts those that hold no other one: who finds these finds the others' lines.
fn least(mut texts: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    texts.sort();
    texts.dedup();
    let mut by_head: HashMap<&[u8], Vec<&[u8]>> = HashMap::new();
    texts.iter().for_each(|text| by_head.entry(&text[..MIN_TEXT]).or_default().push(text));
    let holds_another = |text: &[u8]| {
        let places = (0..=text.len() - MIN_TEXT).map(|from| &text[from..]);
        let begins = |place: &[u8]| {
            by_head
                .get(&place[..MIN_TEXT])
                .into_iter()
                .flatten()
                .any(|other| *other != text && place.starts_with(other))
        };
        places.into_iter().any(begins)
    };
    let least: Vec<bool> = texts.iter().map(|text| !holds_another(text)).collect();
    texts.into_iter().zip(least).filter_map(|(text, least)| least.then_some(text)).collect()
}

impl Matcher {
    /// Looks for what a pack and a catalog know, best in logs like the sample.
    pub fn new(pack: &Pack, catalog: &Catalog, sample: &Grams) -> Matcher {
        let Wanted { needles, texts, users, short, lists, used_by } = Wanted::of(pack, catalog);
        let finder = Finder::new(&needles, sample);
        let collector = Finder::new(&texts, sample);
        let (folded, folded_users) = folded_texts(pack, catalog, &texts, &users);
        let folded = Finder::new(&folded, sample);
        let short_folded = short
            .iter()
            .flat_map(|(number, text)| folds_of(text.bytes()).into_iter().map(|fold| (*number, Text::of(fold))));
        let short_folded = short_folded.collect();
        Matcher {
            finder,
            lookout: Lookout::default(),
            collector,
            users,
            short,
            lists,
            used_by,
            folded,
            folded_users,
            short_folded,
        }
    }

    /// The same matcher by what any processor can do.
    pub fn portable(self) -> Matcher {
        Matcher { finder: self.finder.portable(), collector: self.collector.portable(), ..self }
    }

    /// Adds a place in each line, from a line's start on, that may matter; `pack` is the one that it was made of.
    pub fn propose(&self, pack: &Pack, text: &[u8], from: usize, places: &mut Vec<u32>) {
        self.lookout.lines(&self.finder, text, from, places, || pack.sample());
    }

    /// Whether a line may matter.
    pub fn proposes(&self, line: &[u8]) -> bool {
        let mut places = Vec::new();
        self.finder.lines(line, 0, &mut places);
        !places.is_empty()
    }

    /// Whether messages of the same fold as this one may differ in what holds in them, as `matches` tells of it; false only
    /// where they do not, regular expressions and patterns of marks left aside.
    pub fn may_differ(&self, folded: &[u8], matches: &Matches) -> bool {
        let short = self.short_folded.iter().filter(|(_, text)| text.is_in(folded));
        let mut possible: Vec<u32> = short.map(|(number, _)| *number).collect();
        let mut marks: Vec<MarkId> = Vec::new();
        let (mut not_signatures, mut not_marks) = (Vec::new(), Vec::new());
        self.folded.each(folded, |fold| {
            for user in &self.folded_users[fold as usize] {
                match *user {
                    User::Literal(number) => possible.push(number),
                    User::Mark(mark) => marks.push(mark),
                    User::NotSignature(signature) => not_signatures.push(signature),
                    User::NotMark(mark) => not_marks.push(mark),
                }
            }
        });
        // Short ones were perhaps not asked for.
        let is_short = |number: &u32| self.short.iter().any(|(short, _)| short == number);
        let may_be_there = |number: &u32| {
            possible.contains(number) || is_short(number) || matches.literals.binary_search(number).is_ok()
        };
        let may_hold = |signature: u32| self.lists[signature as usize].iter().any(|list| list.iter().all(may_be_there));
        !marks.is_empty()
            || wording::may_differ(folded)
            || possible.iter().any(|literal| self.used_by[*literal as usize].iter().any(|&at| may_hold(at)))
            || not_signatures.into_iter().any(may_hold)
            || not_marks.iter().any(|mark| matches.marks.contains(mark))
    }

    /// All that holds in one message (one line of it).
    pub fn collect(&self, pack: &Pack, message: &[u8], matches: &mut Matches) {
        matches.signatures.clear();
        matches.marks.clear();
        matches.literals.clear();
        matches.asked.clear();
        let Matches { marks, literals, .. } = matches;
        self.collector.each(message, |text| {
            for user in &self.users[text as usize] {
                match *user {
                    User::Literal(number) => literals.push(number),
                    User::Mark(id) => marks.push(id),
                    User::NotSignature(_) | User::NotMark(_) => {}
                }
            }
        });
        matches.marks.sort_unstable();
        matches.marks.dedup();
        if matches.literals.is_empty() {
            return;
        }
        let short = self.short.iter().filter(|(_, text)| text.is_in(message));
        matches.literals.extend(short.map(|(number, _)| *number));
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
        let has_regex = |at: &usize| pack.signatures()[*at].regex.is_some();
        matches.asked.extend(matches.signatures.iter().copied().filter(has_regex));
        matches.signatures.retain(|&at| pack.signatures()[at].verify(message));
    }
}

/// What texts look like in folded messages where they are part of a value, and who goes by them.
fn folded_texts(
    pack: &Pack,
    catalog: &Catalog,
    texts: &[Vec<u8>],
    users: &[Vec<User>],
) -> (Vec<Vec<u8>>, Vec<Vec<User>>) {
    let mut folded: BTreeMap<Vec<u8>, Vec<User>> = BTreeMap::new();
    for (text, users) in texts.iter().zip(users) {
        folds_of(text).into_iter().for_each(|fold| folded.entry(fold).or_default().extend(users));
    }
    let not_signatures =
        pack.signatures().iter().zip(0..).map(|(signature, at)| (signature.not(), User::NotSignature(at)));
    let not_marks = catalog.marks().iter().zip(0..).map(|(mark, id)| (mark.unless.as_slice(), User::NotMark(id)));
    for (texts, user) in not_signatures.chain(not_marks) {
        let folds = texts.iter().flat_map(|text| folds_of(text.bytes()));
        folds.for_each(|fold| folded.entry(fold).or_default().push(user));
    }
    folded.into_iter().unzip()
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
