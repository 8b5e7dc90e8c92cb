//! Patterns as a nondeterministic automaton: which bytes may come next in what a pattern matches.
//!
//! It admits a little more than the patterns do (any word where a level must stand, any fraction of a second), never
//! less: what it refuses no pattern reads. `dfa` walks it.

use super::matcher::{Matcher, of_pod};
use super::pattern::{Item, Pattern};
use super::shape::{Class, Shape};
use crate::finder::Text;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What stands beyond a line's last byte.
pub const END: usize = 256;

/// A set of bytes, and perhaps the end of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bytes([u64; 5]);

impl Bytes {
    /// Every byte, and the end too.
    const ALL: Bytes = Bytes([u64::MAX; 5]);

    pub fn of(accept: impl Fn(u8) -> bool) -> Bytes {
        let mut bytes = Bytes::default();
        (0..=255u8).filter(|&byte| accept(byte)).for_each(|byte| bytes.add(usize::from(byte)));
        bytes
    }

    /// One byte alone, or the end.
    fn one(byte: usize) -> Bytes {
        let mut bytes = Bytes::default();
        bytes.add(byte);
        bytes
    }

    fn add(&mut self, byte: usize) {
        self.0[byte / 64] |= 1 << (byte % 64);
    }

    /// With all digits, if it has one: a line is walked with its digits alike.
    fn with_digits_alike(mut self) -> Bytes {
        if (b'0'..=b'9').any(|digit| self.has(usize::from(digit))) {
            (b'0'..=b'9').for_each(|digit| self.add(usize::from(digit)));
        }
        self
    }

    fn remove(&mut self, byte: usize) {
        self.0[byte / 64] &= !(1 << (byte % 64));
    }

    fn of_class(class: Class) -> Bytes {
        let mut bytes = Bytes::default();
        let ranges = class.ranges().iter().flat_map(|&(first, last)| first..=last);
        ranges.for_each(|byte| bytes.add(usize::from(byte)));
        bytes
    }

    pub fn has(&self, byte: usize) -> bool {
        self.0[byte / 64] >> (byte % 64) & 1 == 1
    }
}

/// A literal that ends a text is followed byte by byte up to this length; longer ones are only looked for, as following
/// them takes steps by the square of their length.
const MAX_FOLLOWED: usize = 16;

/// Number of a step.
pub type StepId = u32;

/// A step: the bytes it takes, the steps that may follow, and whose it is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Step {
    /// Number of the set of bytes.
    set: u16,
    /// The number that the pattern goes by.
    pattern: u32,
    /// Where the steps that may follow are kept, and how many they are.
    next: (u32, u32),
}

/// The steps of many patterns, each built from its end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Nfa {
    steps: Vec<Step>,
    next: Vec<StepId>,
    /// All sets of bytes that steps take, and their numbers, as long as steps are added.
    sets: Vec<Bytes>,
    #[serde(skip)]
    numbers: HashMap<Bytes, u16>,
}

impl Nfa {
    /// Adds a pattern that goes by a number; returns its first steps.
    pub(super) fn add(&mut self, number: u32, pattern: &Pattern) -> Vec<StepId> {
        let mut build = Build { nfa: self, pattern: number };
        let beyond = build.push_anything();
        let end = build.push(Bytes::one(END), &[beyond]);
        build.before(&pattern.items, vec![end])
    }

    /// Adds what begins with a byte.
    pub fn add_beginning(&mut self, number: u32, byte: u8) -> Vec<StepId> {
        let mut build = Build { nfa: self, pattern: number };
        let beyond = build.push_anything();
        vec![build.push(Bytes::one(usize::from(byte)), &[beyond])]
    }

    /// All sets of bytes that steps take.
    pub fn sets(&self) -> &[Bytes] {
        &self.sets
    }

    pub fn takes(&self, id: StepId, byte: usize) -> bool {
        self.sets[usize::from(self.steps[id as usize].set)].has(byte)
    }

    pub fn next(&self, id: StepId) -> &[StepId] {
        let (start, len) = self.steps[id as usize].next;
        &self.next[start as usize..(start + len) as usize]
    }

    pub fn pattern(&self, id: StepId) -> u32 {
        self.steps[id as usize].pattern
    }

    /// Whether nothing that follows is refused any more.
    pub fn takes_anything(&self, id: StepId) -> bool {
        self.sets[usize::from(self.steps[id as usize].set)] == Bytes::ALL && self.next(id) == [id]
    }

    fn set(&mut self, bytes: Bytes) -> u16 {
        *self.numbers.entry(bytes).or_insert_with(|| {
            self.sets.push(bytes);
            (self.sets.len() - 1) as u16
        })
    }
}

struct Build<'n> {
    nfa: &'n mut Nfa,
    pattern: u32,
}

impl Build<'_> {
    fn push(&mut self, bytes: Bytes, next: &[StepId]) -> StepId {
        let set = self.nfa.set(bytes.with_digits_alike());
        let start = self.nfa.next.len() as u32;
        self.nfa.next.extend_from_slice(next);
        self.nfa.steps.push(Step { set, pattern: self.pattern, next: (start, next.len() as u32) });
        (self.nfa.steps.len() - 1) as StepId
    }

    /// A step that may be taken again and again.
    fn push_run(&mut self, bytes: Bytes, next: &[StepId]) -> StepId {
        let at = self.push(bytes, next);
        // Its list is the last one.
        self.nfa.next.push(at);
        self.nfa.steps[at as usize].next.1 += 1;
        at
    }

    fn push_text(&mut self, text: &[u8], next: &[StepId]) -> Vec<StepId> {
        text.iter().rev().fold(next.to_vec(), |next, &byte| vec![self.push(Bytes::one(usize::from(byte)), &next)])
    }

    /// Where anything may follow for ever.
    fn push_anything(&mut self) -> StepId {
        self.push_run(Bytes::ALL, &[])
    }

    /// The steps that may come first in these items, before those of `next`.
    fn before(&mut self, items: &[Item], next: Vec<StepId>) -> Vec<StepId> {
        let mut after_next = Vec::new();
        let mut next = next;
        for (at, item) in items.iter().enumerate().rev() {
            let before = match (item, items.get(at + 1)) {
                (Item::Capture(_, matcher), Some(Item::Literal(text)))
                    if text.len() <= MAX_FOLLOWED && matcher.ends_at(text) =>
                {
                    self.push_up_to(text, &after_next)
                }
                (item, _) => self.before_item(item, &next),
            };
            after_next = std::mem::replace(&mut next, before);
        }
        next
    }

    fn before_item(&mut self, item: &Item, next: &[StepId]) -> Vec<StepId> {
        match item {
            Item::Literal(text) => self.push_text(text, next),
            Item::Blanks => vec![self.push_run(Bytes::of(|byte| byte == b' ' || byte == b'\t'), next)],
            Item::Time(form) => self.before_shape(&form.shape(), next.to_vec()),
            Item::Capture(_, matcher) => self.before_capture(matcher, next),
            Item::Optional(inner) => {
                let mut all = self.before(inner, next.to_vec());
                all.extend(next);
                all
            }
        }
    }

    /// Text up to the first place where a literal stands, and the literal.
    fn push_up_to(&mut self, text: &[u8], next: &[StepId]) -> Vec<StepId> {
        // One state for each count of bytes of the literal that the text ends in; as many edges as there are counts to
        // go to. The steps are made first, as they lead in circles.
        let count_after = |count: usize, byte: u8| {
            let mut seen = text[..count].to_vec();
            seen.push(byte);
            (1..=seen.len()).rev().find(|&len| text.starts_with(&seen[seen.len() - len..]))
        };
        let edges: Vec<Vec<(usize, StepId)>> = (0..text.len())
            .map(|count| {
                let mut sets = vec![Bytes::default(); count + 2];
                // What is none of the literal's bytes leads back to the start.
                sets[0] = Bytes::of(|_| true);
                for &byte in text {
                    if let Some(target) = count_after(count, byte) {
                        sets[0].remove(usize::from(byte));
                        sets[target].add(usize::from(byte));
                    }
                }
                let met = sets.into_iter().enumerate().filter(|(_, bytes)| *bytes != Bytes::default());
                met.map(|(target, bytes)| (target, self.push(bytes, &[]))).collect()
            })
            .collect();
        for &(target, step) in edges.iter().flatten() {
            let start = self.nfa.next.len() as u32;
            match edges.get(target) {
                Some(edges) => self.nfa.next.extend(edges.iter().map(|&(_, step)| step)),
                None => self.nfa.next.extend_from_slice(next),
            }
            self.nfa.steps[step as usize].next = (start, self.nfa.next.len() as u32 - start);
        }
        edges.first().map_or_else(|| next.to_vec(), |edges| edges.iter().map(|&(_, step)| step).collect())
    }

    fn before_shape(&mut self, shape: &[Shape], next: Vec<StepId>) -> Vec<StepId> {
        shape.iter().rev().fold(next, |next, part| match part {
            Shape::Is(byte) => vec![self.push(Bytes::one(usize::from(*byte)), &next)],
            Shape::One(class) => vec![self.push(Bytes::of_class(*class), &next)],
            Shape::Run(class) => vec![self.push_run(Bytes::of_class(*class), &next)],
            Shape::Either(ways) => ways.iter().flat_map(|way| self.before_shape(way, next.clone())).collect(),
        })
    }

    fn before_capture(&mut self, matcher: &Matcher, next: &[StepId]) -> Vec<StepId> {
        match matcher {
            Matcher::Digits { signed } => {
                let digits = self.push_run(Bytes::of_class(Class::Digit), next);
                let sign = signed.then(|| self.push(Bytes::one(usize::from(b'-')), &[digits]));
                std::iter::once(digits).chain(sign).collect()
            }
            Matcher::Status => vec![self.push_run(Bytes::of_class(Class::Digit), next)],
            Matcher::Hex => vec![self.push_run(Bytes::of_class(Class::Hex), next)],
            Matcher::Word => vec![self.push_run(Bytes::of(|byte| byte != b' ' && byte != b'\t'), next)],
            Matcher::Class(class) => vec![self.push_run(Bytes::of(|byte| class[usize::from(byte)]), next)],
            Matcher::Pod => vec![self.push_run(Bytes::of(|byte| of_pod(&[byte]) > 0), next)],
            Matcher::OneOf(words) => words.iter().flat_map(|word| self.push_text(word, next)).collect(),
            Matcher::Quoted => {
                let rest = self.push_anything();
                vec![self.push(Bytes::one(usize::from(b'"')), &[rest])]
            }
            Matcher::RestFrom(words) => {
                let rest = self.push_anything();
                words.iter().flat_map(|word| self.push_text(word, &[rest])).collect()
            }
            Matcher::Rest | Matcher::RestBefore(_) => vec![self.push_anything()],
            Matcher::Until(stops) => self.push_until(stops, false, next),
            Matcher::Free { stops, may_be_empty } => self.push_until(stops, *may_be_empty, next),
        }
    }

    /// Text up to the first of some stops, which `next` begins with.
    fn push_until(&mut self, stops: &[Text], may_be_empty: bool, next: &[StepId]) -> Vec<StepId> {
        if stops.is_empty() {
            return vec![self.push_anything()];
        }
        let run = match stops {
            // A longer stop is only looked for: where its bytes begin, the text may also go on.
            _ if stops.iter().any(|stop| stop.bytes().len() != 1) => Bytes::of(|_| true),
            stops => Bytes::of(|byte| stops.iter().all(|stop| stop.bytes() != [byte])),
        };
        let mut first = vec![self.push_run(run, next)];
        if may_be_empty {
            first.extend(next);
        }
        first
    }
}
