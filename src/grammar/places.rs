//! Which bytes may stand at the first places of what a pattern matches.
//!
//! Most patterns differ from a line in the first few bytes. Knowing for each of these places which bytes a pattern can have
//! there, all patterns are held against a line at once: one bit a pattern, one table a place.

use super::pattern::{Item, Matcher};

/// How many places are looked at.
pub const PLACES: usize = 8;
/// What stands in a place beyond the line's last byte.
const END: usize = 256;

/// A set of bytes, and perhaps the end of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bytes([u64; 5]);

impl Bytes {
    const ALL: Bytes = Bytes([u64::MAX; 5]);

    fn of(accept: impl Fn(u8) -> bool) -> Bytes {
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

    fn has(&self, byte: usize) -> bool {
        self.0[byte / 64] >> (byte % 64) & 1 == 1
    }

    fn or(&mut self, other: Bytes) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
    }
}

/// A step of a pattern: the bytes it takes, and the steps that may follow.
struct Step {
    bytes: Bytes,
    next: Vec<usize>,
}

/// The steps of a pattern, built from its end.
struct Steps(Vec<Step>);

impl Steps {
    fn push(&mut self, bytes: Bytes, next: &[usize]) -> usize {
        self.0.push(Step { bytes, next: next.to_vec() });
        self.0.len() - 1
    }

    /// A step that may be taken again and again.
    fn push_run(&mut self, bytes: Bytes, next: &[usize]) -> usize {
        let at = self.push(bytes, next);
        self.0[at].next.push(at);
        at
    }

    fn push_text(&mut self, text: &[u8], next: &[usize]) -> Vec<usize> {
        text.iter().rev().fold(next.to_vec(), |next, &byte| vec![self.push(Bytes::one(usize::from(byte)), &next)])
    }

    /// Where anything may follow for ever.
    fn push_anything(&mut self) -> usize {
        self.push_run(Bytes::ALL, &[])
    }

    /// The steps that may come first in these items, before those of `next`.
    fn before(&mut self, items: &[Item], next: Vec<usize>) -> Vec<usize> {
        items.iter().rev().fold(next, |next, item| match item {
            Item::Literal(text) => self.push_text(text, &next),
            Item::Blanks => vec![self.push_run(Bytes::of(|byte| byte == b' ' || byte == b'\t'), &next)],
            Item::Time(form) => {
                let rest = self.push_anything();
                let places = form.first_places().into_iter().rev();
                places.fold(vec![rest], |next, place| vec![self.push(Bytes::of(|byte| place.has(byte)), &next)])
            }
            Item::Capture(_, matcher) => self.before_capture(matcher, &next),
            Item::Optional(inner) => {
                let mut all = self.before(inner, next.clone());
                all.extend(next);
                all
            }
        })
    }

    fn before_capture(&mut self, matcher: &Matcher, next: &[usize]) -> Vec<usize> {
        match matcher {
            Matcher::Digits { signed } => {
                let digits = self.push_run(Bytes::of(|byte| byte.is_ascii_digit()), next);
                let sign = signed.then(|| self.push(Bytes::one(usize::from(b'-')), &[digits]));
                std::iter::once(digits).chain(sign).collect()
            }
            Matcher::Hex => vec![self.push_run(Bytes::of(|byte| byte.is_ascii_hexdigit()), next)],
            Matcher::Word => vec![self.push_run(Bytes::of(|byte| byte != b' ' && byte != b'\t'), next)],
            Matcher::Class(class) => vec![self.push_run(Bytes::of(|byte| class[usize::from(byte)]), next)],
            Matcher::OneOf(words) => words.iter().flat_map(|word| self.push_text(word, next)).collect(),
            Matcher::Quoted => {
                let rest = self.push_anything();
                vec![self.push(Bytes::one(usize::from(b'"')), &[rest])]
            }
            Matcher::Free { .. } | Matcher::Rest | Matcher::Until(_) => vec![self.push_anything()],
        }
    }
}

/// For each place the bytes that these items can have there; what follows them may be anything if they are a `start`.
fn places(items: &[Item], start: bool) -> [Bytes; PLACES] {
    let mut steps = Steps(Vec::new());
    let end = steps.push_run(if start { Bytes::ALL } else { Bytes::one(END) }, &[]);
    let mut at = steps.before(items, vec![end]);
    std::array::from_fn(|_| {
        at.sort_unstable();
        at.dedup();
        let mut bytes = Bytes::default();
        let mut next = Vec::new();
        for &step in &at {
            bytes.or(steps.0[step].bytes);
            next.extend_from_slice(&steps.0[step].next);
        }
        at = next;
        bytes
    })
}

/// Many patterns' places: which of the patterns can go on as a line does.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// By place and byte a set of patterns, `words` long.
    tables: Vec<u64>,
    words: usize,
}

const MAX_WORDS: usize = Places::MAX_PATTERNS / 64;

impl Places {
    /// So many patterns at most.
    pub const MAX_PATTERNS: usize = 256;

    /// Of items that match all of a text.
    pub(super) fn of_whole<'i>(patterns: impl Iterator<Item = &'i [Item]>) -> Places {
        Places::of(patterns.map(|items| places(items, false)))
    }

    /// Of items that match the start of a text.
    pub(super) fn of_start<'i>(patterns: impl Iterator<Item = &'i [Item]>) -> Places {
        Places::of(patterns.map(|items| places(items, true)))
    }

    fn of(patterns: impl Iterator<Item = [Bytes; PLACES]>) -> Places {
        let patterns: Vec<[Bytes; PLACES]> = patterns.collect();
        let words = patterns.len().div_ceil(64).min(MAX_WORDS);
        let mut tables = vec![0; PLACES * (END + 1) * words];
        for (number, pattern) in patterns.iter().enumerate().take(Places::MAX_PATTERNS) {
            for (place, bytes) in pattern.iter().enumerate() {
                for byte in (0..=END).filter(|&byte| bytes.has(byte)) {
                    tables[(place * (END + 1) + byte) * words + number / 64] |= 1 << (number % 64);
                }
            }
        }
        Places { tables, words }
    }

    /// Calls `each` with the number of every pattern that may match `rest`, in order.
    pub fn candidates(&self, rest: &[u8], mut each: impl FnMut(usize)) {
        let mut alive = [u64::MAX; MAX_WORDS];
        for place in 0..PLACES {
            let byte = rest.get(place).map_or(END, |&byte| usize::from(byte));
            let at = (place * (END + 1) + byte) * self.words;
            for (word, table) in alive.iter_mut().zip(&self.tables[at..at + self.words]) {
                *word &= table;
            }
        }
        for (word, mut bits) in alive.into_iter().enumerate().take(self.words) {
            while bits != 0 {
                each(word * 64 + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }
}
