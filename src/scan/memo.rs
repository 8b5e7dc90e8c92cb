//! What lines told before, so that the next one that says the same is not judged anew.
//!
//! Logs repeat themselves: most lines differ from one before in their numbers and ids alone. A message is kept with its
//! values alike (`fold`) where no value has a say in what it tells, else as it stands. This changes no result.

use super::context::LastWords;
use super::idiom::Idiom;
use super::telling::{Setting, Telling};
use super::{Scanner, block};
use crate::grammar::pattern::Pattern;
use crate::grammar::{Layers, Level, Reading};
use crate::signature::Matches;
use crate::signature::fold::{ID, fold, folds_of};
use std::sync::Arc;

/// Messages that are kept.
const SLOTS: usize = 1 << 11;
/// Messages that are known to have been met once.
const MET: usize = 1 << 12;

/// What was met; by itself, nothing.
#[derive(Debug, Default)]
pub(super) struct Memo {
    slots: Vec<Option<Box<Entry>>>,
    /// Hashes: what is met once need not be kept.
    met: Vec<u64>,
    folded: Vec<u8>,
    matches: Matches,
}

#[derive(Debug)]
struct Entry {
    hash: u64,
    setting: Spoke,
    /// The message, folded or as it stands.
    text: Vec<u8>,
    is_folded: bool,
    /// None where values decide what it tells.
    telling: Option<Arc<Telling>>,
    /// Likewise.
    words: Option<LastWords>,
}

/// Who spoke how, as far as it bears on what a message tells.
#[derive(Debug, PartialEq, Eq)]
struct Spoke {
    formats: Layers,
    level: Option<Level>,
    is_answer: bool,
    ident: Option<Vec<u8>>,
    component: Option<Vec<u8>>,
}

impl Spoke {
    fn of(reading: &Reading) -> Spoke {
        let own = |text: &Option<std::borrow::Cow<[u8]>>| text.as_deref().map(<[u8]>::to_vec);
        Spoke {
            formats: reading.formats,
            level: reading.level,
            is_answer: reading.is_answer,
            ident: own(&reading.ident),
            component: own(&reading.component),
        }
    }

    fn is_of(&self, reading: &Reading) -> bool {
        self.formats == reading.formats
            && self.level == reading.level
            && self.is_answer == reading.is_answer
            && self.ident.as_deref() == reading.ident.as_deref()
            && self.component.as_deref() == reading.component.as_deref()
    }
}

impl Memo {
    /// What a message of one line tells where nothing was thrown and its program has no words of its own; None where it
    /// is to be judged as if nothing had been met.
    pub(super) fn telling(&mut self, scanner: &Scanner, reading: &Reading) -> Option<Arc<Telling>> {
        self.find(scanner, reading, |entry| entry.telling.is_some())?.telling.clone()
    }

    /// What its words are worth where they are a program's last ones, likewise.
    pub(super) fn words(&mut self, scanner: &Scanner, reading: &Reading) -> Option<&LastWords> {
        self.find(scanner, reading, |entry| entry.words.is_some())?.words.as_ref()
    }

    fn find(&mut self, scanner: &Scanner, reading: &Reading, has: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        let mut folded = std::mem::take(&mut self.folded);
        let at = fold(&reading.message, &mut folded).then(|| self.place(scanner, reading, &folded, true)).flatten();
        self.folded = folded;
        let at = match at {
            Some(at) if !self.slots[at].as_ref().is_some_and(|entry| has(entry)) => {
                self.place(scanner, reading, &reading.message, false)
            }
            at => at,
        };
        self.slots[at?].as_deref()
    }

    /// Where a message is kept; it is, once it is met for the second time.
    fn place(&mut self, scanner: &Scanner, reading: &Reading, text: &[u8], is_folded: bool) -> Option<usize> {
        let hash = hash_of(reading, text, is_folded);
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, || None);
            self.met.resize(MET, 0);
        }
        let home = hash as usize % SLOTS;
        let holds = |slot: &Option<Box<Entry>>| {
            slot.as_ref().is_some_and(|entry| {
                entry.hash == hash && entry.is_folded == is_folded && entry.text == text && entry.setting.is_of(reading)
            })
        };
        if let Some(at) = [home, home ^ 1].into_iter().find(|&at| holds(&self.slots[at])) {
            return Some(at);
        }
        let met = &mut self.met[(hash >> 40) as usize % MET];
        if std::mem::replace(met, hash) != hash {
            return None;
        }
        let (telling, words) = self.judge(scanner, reading, is_folded.then_some(text))?;
        let setting = Spoke::of(reading);
        let entry = Entry { hash, setting, text: text.to_vec(), is_folded, telling: telling.map(Arc::new), words };
        let at = if self.slots[home].is_none() { home } else { home ^ 1 };
        self.slots[at] = Some(Box::new(entry));
        Some(at)
    }

    /// What a message tells and what its words are worth, as far as they are the same in all that fold to `folded`; None
    /// where it cannot be kept.
    fn judge(
        &mut self,
        scanner: &Scanner,
        reading: &Reading,
        folded: Option<&[u8]>,
    ) -> Option<(Option<Telling>, Option<LastWords>)> {
        let text: &[u8] = &reading.message;
        if text.trim_ascii().is_empty() || text.contains(&b'\n') {
            return None;
        }
        let matches = &mut self.matches;
        scanner.matcher.collect(&scanner.pack, text, matches);
        let idiom = Idiom::default();
        let telling = scanner.tell(reading, text, matches, Setting { idiom: &idiom, thrown: None, is_first: true });
        let words = LastWords::of(scanner, reading, text, &idiom);
        let (mut telling, mut words) = (Some(telling), Some(words));
        if let Some(folded) = folded.filter(|folded| has_values(folded)) {
            let decide = values_decide(scanner, reading, folded, matches);
            telling = telling.filter(|telling| !decide && !telling.has_number);
            words = words.filter(|words| !decide && !words.has_number());
        }
        // What such a line tells depends on those around it.
        let is_block = block::begins_traceback(text) || block::is_frame(text) || block::is_panic_head(text);
        Some((telling.filter(|_| !is_block), words))
    }
}

fn has_values(folded: &[u8]) -> bool {
    memchr::memchr2(b'0', ID, folded).is_some()
}

/// Whether marks, signatures or words may see a difference between messages of one fold.
fn values_decide(scanner: &Scanner, reading: &Reading, folded: &[u8], matches: &Matches) -> bool {
    let has_ids = folded.contains(&ID);
    let is_steady = |pattern: &Pattern| {
        let decides = |text: &[u8]| !folds_of(text).is_empty();
        pattern.treats_digits_alike() && (!has_ids || pattern.treats_ids_alike(decides))
    };
    let mut marks = matches.marks.iter().filter(|&&id| scanner.catalog.admits(id, reading));
    let signatures = scanner.pack.signatures();
    let mut regexes = matches.asked.iter().filter_map(|&at| signatures[at].regex.as_ref());
    regexes.any(|regex| has_ids || !regex.treats_digits_alike())
        || marks.any(|&id| !is_steady(&scanner.catalog.mark(id).pattern))
        || scanner.matcher.may_differ(folded, matches)
}

/// Eight bytes a step; good enough to tell lines apart, and compared in full afterwards.
fn hash_of(reading: &Reading, text: &[u8], is_folded: bool) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(ODD);
        product as u64 ^ (product >> 64) as u64
    };
    let bytes = |hash: u64, bytes: &[u8]| {
        let (words, rest) = bytes.as_chunks::<8>();
        let hash = words.iter().fold(mix(hash, bytes.len() as u64), |hash, word| mix(hash, u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        mix(hash, u64::from_le_bytes(last))
    };
    let formats = reading.formats.iter().fold(0, |all, &id| all << 16 | u64::from(id));
    let level = reading.level.map_or(0, |level| level as u64 + 1);
    let hash = mix(mix(ODD, formats), level << 1 | u64::from(is_folded));
    let names = [&reading.ident, &reading.component];
    let hash = names.iter().filter_map(|name| name.as_deref()).fold(hash, bytes);
    bytes(hash, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::{Clock, Reader, SECOND, Time, embedded};
    use crate::scan::Options;

    /// Whatever stands in quotes in the grammars: examples, near misses, literals, patterns.
    fn texts() -> Vec<Vec<u8>> {
        let files = embedded::formats().into_iter().chain(embedded::signatures());
        let lines = files.flat_map(|(_, text)| text.lines().map(str::to_string).collect::<Vec<_>>());
        let quoted = |line: String| {
            let inner = line.split_once('"').or(line.split_once('\''))?.1;
            let end = inner.rfind(['"', '\''])?;
            (end > 8).then(|| inner[..end].replace("\\\"", "\"").into_bytes())
        };
        lines.filter_map(quoted).collect()
    }

    #[test]
    fn what_is_kept_is_what_judging_anew_gives() {
        let scanner = Scanner::built_in(Options::default());
        let reader = Reader::of(&scanner.catalog);
        let clock = Clock::utc(Time::new(1_798_675_200 * SECOND, 0));
        let mut memo = Memo::default();
        // A fixed seed: the same lines each time.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) as usize % below
        };
        let endings: [&[u8]; 6] = [b"", b" (run 0e41c03f)", b" 401", b" in 1234 ms", b" of 12ab34cd: 137", b" [pid 9]"];
        let (mut kept, mut folded) = (0, 0);
        for text in texts() {
            let text = [&text, endings[random(endings.len())]].concat();
            for round in 0..8 {
                // Digits change, and so do the letters of what looks like an id.
                let mut line = text.clone();
                let is_id = line.windows(8).any(|piece| piece == b"0e41c03f" || piece == b"12ab34cd");
                for byte in line.iter_mut() {
                    let changes = round > 1 && random(3) > 0;
                    match byte {
                        b'0'..=b'9' if changes => *byte = b"0123456789"[random(10)],
                        b'a'..=b'f' if changes && is_id && random(12) == 0 => *byte = b"0123456789abcdef"[random(16)],
                        _ => {}
                    }
                }
                let reading = reader.read(&line, &clock);
                let told = memo.telling(&scanner, &reading);
                let words = memo.words(&scanner, &reading).cloned();
                let idiom = Idiom::default();
                let mut matches = Matches::default();
                scanner.matcher.collect(&scanner.pack, &reading.message, &mut matches);
                if let Some(told) = told {
                    let setting = Setting { idiom: &idiom, thrown: None, is_first: true };
                    let anew = scanner.tell(&reading, &reading.message, &matches, setting);
                    assert_eq!(format!("{told:?}"), format!("{anew:?}"), "{}", String::from_utf8_lossy(&line));
                    kept += 1;
                    folded += usize::from(line != text);
                }
                if let Some(words) = words {
                    let anew = LastWords::of(&scanner, &reading, &reading.message, &idiom);
                    assert_eq!(format!("{words:?}"), format!("{anew:?}"), "{}", String::from_utf8_lossy(&line));
                }
            }
        }
        assert!(kept > 10_000 && folded > 5_000, "{kept} kept, {folded} of them with other values");
    }
}
