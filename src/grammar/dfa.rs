//! The deterministic walk over many patterns at once: which of them can still match after a line's first bytes.
//!
//! States are made when a walk first meets them, and kept; so is where a walk over sixteen bytes came out, as most lines
//! of a log begin like others. What a walk finds depends on the bytes alone, never on what was kept.

use super::array;
use super::beginning::digits_alike;
use super::nfa::{END, Nfa, StepId};
use super::pattern::Pattern;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A state: the index of its row. The highest bit says that no byte more tells anything.
type State = u32;

const SETTLED: State = 1 << 31;
const UNKNOWN: State = u32::MAX;
/// States kept; beyond them all are forgotten and made anew.
const MAX_STATES: usize = 4096;
/// A walk goes so many blocks deep.
const MAX_BLOCKS: usize = 2;
const BLOCK: usize = 32;
/// So many bytes at a line's start are looked at.
pub const REACH: usize = MAX_BLOCKS * BLOCK;
/// Bytes that tell roughly.
const ROUGH: usize = 6;
/// Places for blocks that are kept, two in each.
const SLOTS: usize = 256;

/// What is walked: the steps of all patterns, where they begin, and which bytes no step tells apart.
#[derive(Debug, Serialize, Deserialize)]
pub struct Ways {
    nfa: Nfa,
    first: Vec<StepId>,
    /// By byte, and for the end.
    #[serde(with = "array")]
    classes: Box<[u16; END + 1]>,
    class_count: usize,
}

impl Default for Ways {
    fn default() -> Ways {
        Ways { nfa: Nfa::default(), first: Vec::new(), classes: Box::new([0; END + 1]), class_count: 1 }
    }
}

impl Ways {
    /// Adds a pattern that goes by a number.
    pub fn add(&mut self, number: usize, pattern: &Pattern) {
        self.first.extend(self.nfa.add(number as u32, pattern));
    }

    /// Adds whatever begins as a JSON object does.
    pub fn add_object(&mut self, number: usize) {
        self.first.extend(self.nfa.add_beginning(number as u32, b'{'));
    }

    /// To be called when all are added.
    pub fn settle(&mut self) {
        let sets = self.nfa.sets();
        let mut known: HashMap<Vec<bool>, u16> = HashMap::new();
        for byte in 0..=END {
            let row = sets.iter().map(|set| set.has(byte)).collect();
            let count = known.len() as u16;
            self.classes[byte] = *known.entry(row).or_insert(count);
        }
        self.class_count = known.len();
    }
}

/// The states met so far.
#[derive(Debug, Default)]
pub struct Dfa {
    rows: Vec<State>,
    sets: Vec<Set>,
    known: HashMap<Box<[StepId]>, State>,
    start: Option<State>,
    /// By slot; the newer one first.
    leaps: Vec<[Leap; 2]>,
    /// See `reach`.
    reach: usize,
}

/// The steps that may be taken next, and the patterns that they belong to, both in order.
#[derive(Clone, Debug, Default)]
struct Set {
    steps: Box<[StepId]>,
    patterns: Box<[u32]>,
}

/// Where a block leads.
#[derive(Clone, Copy, Debug)]
struct Leap {
    block: Block,
    from: State,
    to: State,
    /// Bytes of the block that were walked, the line's end among them.
    walked: u32,
}

/// Some bytes of a line with their digits alike, and how many they are: fewer than sixteen only at the line's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    bytes: [u8; BLOCK],
    len: u32,
}

impl Block {
    fn of(text: &[u8]) -> Block {
        let (bytes, len) = digits_alike(text);
        Block { bytes, len: len as u32 }
    }

    /// Where a leap from a state over this block is kept. The state comes in last, as it is known last.
    fn slot(&self, from: State) -> usize {
        let word = |at: usize| u64::from_le_bytes(self.bytes[at..at + 8].try_into().unwrap_or_default());
        let mixed = word(0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ (word(8) ^ u64::from(self.len)).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
            ^ word(16).wrapping_mul(0xd6e8_feb8_6659_fd93)
            ^ word(24).wrapping_mul(0xa076_1d64_78bd_642f);
        ((mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize + from as usize) % SLOTS
    }
}

impl Dfa {
    /// The numbers of the patterns that may match a text, in order.
    pub fn candidates(&mut self, ways: &Ways, text: &[u8]) -> &[u32] {
        let mut state = match self.start {
            Some(state) => state,
            None => self.begin(ways),
        };
        self.reach = 0;
        for at in 0..MAX_BLOCKS {
            if state & SETTLED != 0 || at * BLOCK > text.len() {
                break;
            }
            let (to, walked) = self.leap(ways, state, &Block::of(&text[at * BLOCK..]));
            state = to;
            self.reach += walked as usize;
        }
        &self.sets[(state & !SETTLED) as usize / ways.class_count].patterns
    }

    /// How many bytes the latest candidates depend on, digits alike; the line's end is one, too.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// As `candidates`, told by a few bytes alone and without keeping blocks: for texts that are read once.
    pub fn rough_candidates(&mut self, ways: &Ways, text: &[u8]) -> &[u32] {
        let start = match self.start {
            Some(state) => state,
            None => self.begin(ways),
        };
        let (state, ..) = self.walk(ways, start, &Block::of(&text[..text.len().min(ROUGH)]), text.len() < ROUGH);
        &self.sets[(state & !SETTLED) as usize / ways.class_count].patterns
    }

    fn begin(&mut self, ways: &Ways) -> State {
        let none = Leap { block: Block { bytes: [0; BLOCK], len: 0 }, from: UNKNOWN, to: UNKNOWN, walked: 0 };
        self.leaps = vec![[none; 2]; SLOTS];
        let start = self.state(ways, ways.first.clone());
        self.start = Some(start);
        start
    }

    fn leap(&mut self, ways: &Ways, from: State, block: &Block) -> (State, u32) {
        let slot = block.slot(from);
        let known = self.leaps[slot].iter().find(|leap| leap.from == from && leap.block == *block);
        if let Some(leap) = known {
            return (leap.to, leap.walked);
        }
        let (to, walked, forgot) = self.walk(ways, from, block, block.len < BLOCK as u32);
        if !forgot {
            self.leaps[slot].rotate_right(1);
            self.leaps[slot][0] = Leap { block: *block, from, to, walked };
        }
        (to, walked)
    }

    /// Where a block leads, byte by byte, with the line's end after it if it is there; how far it was walked, and whether
    /// all else was forgotten on the way.
    fn walk(&mut self, ways: &Ways, from: State, block: &Block, is_end: bool) -> (State, u32, bool) {
        let mut state = from;
        let mut walked = 0;
        let mut forgot = false;
        let bytes = block.bytes.iter().take(block.len as usize).map(|&byte| usize::from(byte));
        for byte in bytes.chain(is_end.then_some(END)) {
            if state & SETTLED != 0 {
                break;
            }
            walked += 1;
            let at = state as usize + usize::from(ways.classes[byte]);
            state = match self.rows[at] {
                UNKNOWN => {
                    let known = self.sets.len();
                    let next = self.make_next(ways, state, byte);
                    if self.sets.len() >= known {
                        self.rows[at] = next;
                    } else {
                        forgot = true;
                    }
                    next
                }
                next => next,
            };
        }
        (state, walked, forgot)
    }

    #[cold]
    fn make_next(&mut self, ways: &Ways, state: State, byte: usize) -> State {
        let steps = &self.sets[state as usize / ways.class_count].steps;
        let taken = steps.iter().filter(|&&id| ways.nfa.takes(id, byte));
        let next = taken.flat_map(|&id| ways.nfa.next(id).iter().copied()).collect();
        self.state(ways, next)
    }

    /// The state of a set of steps.
    fn state(&mut self, ways: &Ways, mut steps: Vec<StepId>) -> State {
        steps.sort_unstable();
        steps.dedup();
        if let Some(&state) = self.known.get(steps.as_slice()) {
            return state;
        }
        if self.sets.len() >= MAX_STATES {
            *self = Dfa::default();
            self.begin(ways);
        }
        let mut patterns: Vec<u32> = steps.iter().map(|&id| ways.nfa.pattern(id)).collect();
        patterns.sort_unstable();
        patterns.dedup();
        // No more is to be learnt of the first one when anything may follow; the others are tried after it, if at all.
        let first = patterns.first();
        let is_settled = patterns.len() <= 1
            || steps.iter().any(|&id| ways.nfa.takes_anything(id) && Some(&ways.nfa.pattern(id)) == first);
        let state = self.rows.len() as State | if is_settled { SETTLED } else { 0 };
        self.rows.resize(self.rows.len() + ways.class_count, UNKNOWN);
        self.known.insert(steps.as_slice().into(), state);
        self.sets.push(Set { steps: steps.into(), patterns: patterns.into() });
        state
    }
}
