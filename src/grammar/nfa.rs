//! Patterns as a nondeterministic automaton: which bytes may come next in what a pattern matches.
//!
//! It admits a little more than the patterns do (any word where a level must stand, any fraction of a second), never
//! less: what it refuses no pattern reads. `dfa` walks it.

use super::pattern::{Item, Matcher, Pattern, Stop};
use super::shape::Shape;

/// What stands beyond a line's last byte.
pub const END: usize = 256;

/// A set of bytes, and perhaps the end of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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

    pub fn has(&self, byte: usize) -> bool {
        self.0[byte / 64] >> (byte % 64) & 1 == 1
    }
}

/// Number of a step.
pub type StepId = u32;

/// A step: the bytes it takes, the steps that may follow, and whose it is.
#[derive(Clone, Debug)]
pub struct Step {
    pub bytes: Bytes,
    pub next: Vec<StepId>,
    /// The number that the pattern goes by.
    pub pattern: u32,
}

impl Step {
    /// Whether nothing that follows is refused any more.
    pub fn takes_anything(&self, own: StepId) -> bool {
        self.bytes == Bytes::ALL && self.next == [own]
    }
}

/// The steps of many patterns, each built from its end.
#[derive(Clone, Debug, Default)]
pub struct Nfa {
    steps: Vec<Step>,
}

impl Nfa {
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id as usize]
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Adds a pattern that goes by a number; returns its first steps.
    pub(super) fn add(&mut self, number: u32, pattern: &Pattern) -> Vec<StepId> {
        let mut build = Build { steps: &mut self.steps, pattern: number };
        let beyond = build.push_anything();
        let end = build.push(Bytes::one(END), &[beyond]);
        build.before(&pattern.items, vec![end])
    }

    /// Adds what begins with a byte.
    pub fn add_beginning(&mut self, number: u32, byte: u8) -> Vec<StepId> {
        let mut build = Build { steps: &mut self.steps, pattern: number };
        let beyond = build.push_anything();
        vec![build.push(Bytes::one(usize::from(byte)), &[beyond])]
    }
}

struct Build<'n> {
    steps: &'n mut Vec<Step>,
    pattern: u32,
}

impl Build<'_> {
    fn push(&mut self, bytes: Bytes, next: &[StepId]) -> StepId {
        self.steps.push(Step { bytes: bytes.with_digits_alike(), next: next.to_vec(), pattern: self.pattern });
        (self.steps.len() - 1) as StepId
    }

    /// A step that may be taken again and again.
    fn push_run(&mut self, bytes: Bytes, next: &[StepId]) -> StepId {
        let at = self.push(bytes, next);
        self.steps[at as usize].next.push(at);
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
                (Item::Capture(_, matcher), Some(Item::Literal(text))) if matcher.ends_at(text) => {
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
            (0..=seen.len()).rev().find(|&len| text.starts_with(&seen[seen.len() - len..])).unwrap_or(0)
        };
        let edges: Vec<Vec<(usize, StepId)>> = (0..text.len())
            .map(|count| {
                let to = |target: usize| Bytes::of(|byte| count_after(count, byte) == target);
                let targets = (0..=count + 1).map(|target| (target, to(target)));
                let met = targets.filter(|(_, bytes)| *bytes != Bytes::default());
                met.map(|(target, bytes)| (target, self.push(bytes, &[]))).collect()
            })
            .collect();
        for &(target, step) in edges.iter().flatten() {
            self.steps[step as usize].next = match edges.get(target) {
                Some(edges) => edges.iter().map(|&(_, step)| step).collect(),
                None => next.to_vec(),
            };
        }
        edges.first().map_or_else(|| next.to_vec(), |edges| edges.iter().map(|&(_, step)| step).collect())
    }

    fn before_shape(&mut self, shape: &[Shape], next: Vec<StepId>) -> Vec<StepId> {
        shape.iter().rev().fold(next, |next, part| match part {
            Shape::Is(byte) => vec![self.push(Bytes::one(usize::from(*byte)), &next)],
            Shape::One(class) => vec![self.push(Bytes::of(|byte| class.has(byte)), &next)],
            Shape::Run(class) => vec![self.push_run(Bytes::of(|byte| class.has(byte)), &next)],
            Shape::Either(ways) => ways.iter().flat_map(|way| self.before_shape(way, next.clone())).collect(),
        })
    }

    fn before_capture(&mut self, matcher: &Matcher, next: &[StepId]) -> Vec<StepId> {
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
            Matcher::Rest => vec![self.push_anything()],
            Matcher::Until(stops) => self.push_until(stops, false, next),
            Matcher::Free { stops, may_be_empty } => self.push_until(stops, *may_be_empty, next),
        }
    }

    /// Text up to the first of some stops, which `next` begins with.
    fn push_until(&mut self, stops: &[Stop], may_be_empty: bool, next: &[StepId]) -> Vec<StepId> {
        if stops.is_empty() {
            return vec![self.push_anything()];
        }
        let run = match stops {
            // A longer stop is only looked for: where its bytes begin, the text may also go on.
            _ if stops.iter().any(|stop| stop.text().len() != 1) => Bytes::of(|_| true),
            stops => Bytes::of(|byte| stops.iter().all(|stop| stop.text() != [byte])),
        };
        let mut first = vec![self.push_run(run, next)];
        if may_be_empty {
            first.extend(next);
        }
        first
    }
}
