//! Mines the templates of very many messages, within bounds.
//!
//! Most messages differ from one seen before in their numbers alone: with runs of digits made one, they are equal, and
//! their skeleton is known. The others are cut into words. Skeletons are kept up to a bound; beyond it those of the
//! least hashes stay, so that what is kept depends on the messages and not on their order.

use super::general::generalise;
use super::stable_hash;
use super::words::{self, Word};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Skeletons that are told apart.
pub const MAX_SKELETONS: usize = 1 << 16;
/// Only so many bytes of a message take part.
const MAX_BYTES: usize = 2048;
/// Messages whose skeleton is remembered; a power of two.
const REMEMBERED: usize = 1 << 14;
/// Of one word that stands for all messages beyond the bound.
const OVERFLOW: &str = "<*> (more different messages than are kept apart)";

/// A kind of message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The same for the same template, always and everywhere.
    pub id: u64,
    pub text: String,
    /// Messages of this kind.
    pub count: u64,
    /// The number of the first one, from 0.
    pub first: usize,
}

/// All templates, and which message has which.
#[derive(Clone, Debug, Default)]
pub struct Mined {
    /// The most frequent first, then by text.
    pub templates: Vec<Template>,
    /// For each skeleton its template.
    of_skeleton: Vec<u32>,
    /// For each message its skeleton.
    messages: Vec<u32>,
}

impl Mined {
    /// Each message's index into `templates`, in the order in which the messages came.
    pub fn each(&self) -> impl Iterator<Item = usize> {
        self.messages.iter().map(|&skeleton| self.of_skeleton[skeleton as usize] as usize)
    }
}

/// Takes messages one by one. Four bytes a message are kept, beside the skeletons.
pub struct Miner {
    by_text: HashMap<Box<str>, u32>,
    /// A message with its numbers made one, for each skeleton: what its words are cut from again at the end.
    samples: Vec<Option<Box<str>>>,
    messages: Vec<u32>,
    memory: Memory,
    flat: Vec<u8>,
    bound: usize,
    /// Skeletons with a hash at or above this are not kept.
    limit: u64,
}

impl Default for Miner {
    fn default() -> Miner {
        Miner::bounded(MAX_SKELETONS)
    }
}

impl Miner {
    /// A miner that keeps at most so many skeletons apart.
    pub fn bounded(bound: usize) -> Miner {
        Miner {
            by_text: HashMap::new(),
            // The first one stands for those that are not kept.
            samples: vec![None],
            messages: Vec::new(),
            memory: Memory::new(),
            flat: Vec::new(),
            bound: bound.max(1),
            limit: u64::MAX,
        }
    }

    /// Takes one message, without its line end.
    pub fn add(&mut self, message: &[u8]) {
        let message = &message[..message.len().min(MAX_BYTES)];
        let hash = flatten(message, &mut self.flat);
        let number = match self.memory.get(hash, &self.flat) {
            Some(known) => known,
            None => {
                let number = self.learn();
                self.memory.put(hash, &self.flat, number);
                number
            }
        };
        self.messages.push(number);
    }

    /// Takes all messages that another miner took, after its own: as if it had been given them.
    pub fn append(&mut self, other: Miner) {
        let known = |sample: &Option<Box<str>>| sample.as_deref().map_or(0, |message| self.number_of(message));
        let numbers: Vec<u32> = other.samples.iter().map(known).collect();
        self.messages.extend(other.messages.iter().map(|&number| numbers[number as usize]));
    }

    /// The number of the skeleton of the message at hand.
    fn learn(&mut self) -> u32 {
        let message = String::from_utf8_lossy(&self.flat).into_owned();
        self.number_of(&message)
    }

    /// The number of the skeleton of a message with its numbers made one.
    fn number_of(&mut self, message: &str) -> u32 {
        let text = words::text(&words::words(message));
        let hash = stable_hash(text.as_bytes());
        if hash >= self.limit {
            return 0;
        }
        if let Some(&known) = self.by_text.get(text.as_str()) {
            return known;
        }
        let number = self.samples.len() as u32;
        self.samples.push(Some(message.into()));
        self.by_text.insert(text.into(), number);
        if self.by_text.len() >= 2 * self.bound {
            self.forget();
        }
        number
    }

    /// Keeps the skeletons of the least hashes only.
    fn forget(&mut self) {
        if self.by_text.len() <= self.bound {
            return;
        }
        let mut hashes: Vec<u64> = self.by_text.keys().map(|text| stable_hash(text.as_bytes())).collect();
        hashes.sort_unstable();
        self.limit = hashes[self.bound];
        let samples = &mut self.samples;
        self.by_text.retain(|text, number| {
            let stays = stable_hash(text.as_bytes()) < self.limit;
            if !stays {
                samples[*number as usize] = None;
            }
            stays
        });
        self.memory = Memory::new();
    }

    /// All templates.
    pub fn finish(mut self) -> Mined {
        self.forget();
        let kept: Vec<(usize, &str)> =
            self.samples.iter().enumerate().filter_map(|(at, sample)| Some((at, sample.as_deref()?))).collect();
        let rows: Vec<Vec<Word>> = kept.iter().map(|(_, sample)| words::words(sample)).collect();
        let texts = generalise(&rows);
        let mut text_of: Vec<&str> = vec![OVERFLOW; self.samples.len()];
        for ((at, _), text) in kept.iter().zip(&texts) {
            text_of[*at] = text;
        }
        let mut found: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
        for (line, &skeleton) in self.messages.iter().enumerate() {
            found.entry(text_of[skeleton as usize]).or_insert((0, line)).0 += 1;
        }
        let mut templates: Vec<Template> = found
            .iter()
            .map(|(text, &(count, first))| Template {
                id: stable_hash(text.as_bytes()),
                text: text.to_string(),
                count,
                first,
            })
            .collect();
        templates.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        let numbers: HashMap<&str, u32> =
            templates.iter().enumerate().map(|(at, template)| (template.text.as_str(), at as u32)).collect();
        let of_skeleton = text_of.iter().map(|text| numbers.get(text).copied().unwrap_or(0)).collect();
        Mined { of_skeleton, messages: self.messages, templates }
    }
}

/// Makes each run of letters and digits that holds a digit a single `0`; a code such as `IPV6` stays. Gives a hash.
fn flatten(message: &[u8], flat: &mut Vec<u8>) -> u64 {
    flat.clear();
    let mut at = 0;
    while at < message.len() {
        let class = CLASS[message[at] as usize];
        if class == OTHER {
            flat.push(message[at]);
            at += 1;
            continue;
        }
        let start = at;
        let mut seen = 0;
        while at < message.len() && CLASS[message[at] as usize] != OTHER {
            seen |= CLASS[message[at] as usize];
            at += 1;
        }
        let run = &message[start..at];
        let is_code = || {
            let (last, letters) = (run[run.len() - 1], &run[..run.len() - 1]);
            last.is_ascii_digit() && letters.len() >= 3 && letters.iter().all(u8::is_ascii_uppercase)
        };
        if seen & DIGIT == 0 || is_code() {
            flat.extend_from_slice(run);
        } else {
            flat.push(b'0');
        }
    }
    flat_hash(flat)
}

const OTHER: u8 = 0;
const LETTER: u8 = 1;
const DIGIT: u8 = 2;

static CLASS: [u8; 256] = {
    let mut class = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = byte as u8;
        if value.is_ascii_digit() {
            class[byte] = DIGIT;
        } else if value.is_ascii_alphabetic() {
            class[byte] = LETTER;
        }
        byte += 1;
    }
    class
};

/// Eight bytes at a step; only for the memory, and compared by the bytes after.
fn flat_hash(bytes: &[u8]) -> u64 {
    let (eights, rest) = bytes.as_chunks::<8>();
    let mut hash = bytes.len() as u64;
    for eight in eights {
        hash = (hash.rotate_left(23) ^ u64::from_le_bytes(*eight)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    for &byte in rest {
        hash = (hash.rotate_left(9) ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    hash ^ (hash >> 29)
}

/// The skeletons of messages met of late.
struct Memory {
    places: Vec<Place>,
    bytes: Vec<u8>,
}

#[derive(Clone, Default)]
struct Place {
    hash: u64,
    number: u32,
    text: Range<u32>,
}

/// Bytes of remembered messages before the memory starts anew.
const MAX_MEMORY: usize = 8 << 20;

impl Memory {
    fn new() -> Memory {
        Memory { places: vec![Place::default(); REMEMBERED], bytes: Vec::new() }
    }

    fn get(&self, hash: u64, text: &[u8]) -> Option<u32> {
        let place = &self.places[hash as usize & (REMEMBERED - 1)];
        let same = place.hash == hash
            && !place.text.is_empty()
            && self.bytes.get(place.text.start as usize..place.text.end as usize) == Some(text);
        same.then_some(place.number)
    }

    fn put(&mut self, hash: u64, text: &[u8], number: u32) {
        if self.bytes.len() + text.len() > MAX_MEMORY {
            *self = Memory::new();
        }
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(text);
        self.places[hash as usize & (REMEMBERED - 1)] = Place { hash, number, text: start..start + text.len() as u32 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mine(messages: &[&str], bound: usize) -> (Vec<String>, Vec<Template>) {
        let mut miner = Miner::bounded(bound);
        messages.iter().for_each(|message| miner.add(message.as_bytes()));
        let mined = miner.finish();
        (mined.each().map(|at| mined.templates[at].text.clone()).collect(), mined.templates)
    }

    #[test]
    fn users_are_values_and_states_are_not() {
        let (found, _) = mine(
            &[
                "session of user root closed",
                "session of user test closed",
                "job went from NEW to DONE",
                "job went from NEW to LOST",
            ],
            MAX_SKELETONS,
        );
        assert_eq!(found[0], "session of user <*> closed");
        assert_eq!(found[0], found[1]);
        assert_ne!(found[2], found[3]);
    }

    #[test]
    fn what_was_a_value_in_one_message_is_one_in_another() {
        let (found, _) = mine(
            &["invalid user ann", "invalid user bob", "too many failures for ann", "too many failures for bob"],
            MAX_SKELETONS,
        );
        assert_eq!(found[2], "too many failures for <*>");
    }

    fn message() -> impl Strategy<Value = String> {
        let word = prop_oneof![
            "[a-d]{1,2}",
            Just("user".to_string()),
            "[A-C]{2,3}",
            "[0-9a-f]{1,9}",
            "/[a-c]{1,2}/[a-c]",
            "[a-b]=[a-c1]?",
            "[a-c]\\.[a-c]\\.[a-c]",
            "'[a-c]'",
        ];
        proptest::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
    }

    /// `user` is a plain word where it stands first, and a name after another `user`.
    #[test]
    fn a_word_of_two_kinds_is_the_same_in_any_order() {
        let there = ["a.a.a user", "", "a", "user user", "0 AA"];
        let mut back = there;
        back.reverse();
        let ((found, _), (mut others, _)) = (mine(&there, MAX_SKELETONS), mine(&back, MAX_SKELETONS));
        others.reverse();
        assert_eq!(found, others);
    }

    proptest! {
        /// The order of the messages changes nothing, nor does it when not all are kept.
        #[test]
        fn templates_are_those_of_the_set(
            messages in proptest::collection::vec(message(), 0..60),
            seed in any::<u64>(),
            bound in prop_oneof![Just(MAX_SKELETONS), 1usize..20],
        ) {
            let mut order: Vec<usize> = (0..messages.len()).collect();
            order.sort_by_key(|&at| stable_hash(format!("{seed} {at}").as_bytes()));
            let there: Vec<&str> = messages.iter().map(String::as_str).collect();
            let shuffled: Vec<&str> = order.iter().map(|&at| there[at]).collect();
            let ((found, templates), (others, other_templates)) = (mine(&there, bound), mine(&shuffled, bound));
            for (at, &from) in order.iter().enumerate() {
                prop_assert_eq!(&others[at], &found[from]);
            }
            let of = |templates: Vec<Template>| -> Vec<(u64, u64)> {
                templates.into_iter().map(|template| (template.id, template.count)).collect()
            };
            prop_assert_eq!(of(templates), of(other_templates));
        }

        /// Parts that were mined apart and put together are the whole.
        #[test]
        fn parts_give_the_templates_of_the_whole(
            messages in proptest::collection::vec(message(), 0..60),
            cuts in proptest::collection::vec(0usize..60, 0..4),
            bound in prop_oneof![Just(MAX_SKELETONS), 1usize..20],
        ) {
            let there: Vec<&str> = messages.iter().map(String::as_str).collect();
            let mut ends: Vec<usize> = cuts.into_iter().map(|cut| cut.min(there.len())).chain([there.len()]).collect();
            ends.sort_unstable();
            let mut all = Miner::bounded(bound);
            let mut start = 0;
            for end in ends {
                let mut part = Miner::bounded(bound);
                there[start..end].iter().for_each(|message| part.add(message.as_bytes()));
                all.append(part);
                start = end;
            }
            let mut whole = Miner::bounded(bound);
            there.iter().for_each(|message| whole.add(message.as_bytes()));
            let (all, whole) = (all.finish(), whole.finish());
            prop_assert_eq!(&all.templates, &whole.templates);
            prop_assert!(all.each().eq(whole.each()));
        }

        #[test]
        fn any_bytes_have_a_template(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut miner = Miner::default();
            miner.add(&bytes);
            prop_assert_eq!(miner.finish().each().count(), 1);
        }
    }
}
