//! Events as bytes: one that says what the event has, its entries in tables, then how far it is from the event before,
//! as numbers of seven bits a byte.
//!
//! Knows nothing of what the tables hold. Equal events give equal bytes.

use super::event::{Fold, Mark};
use crate::grammar::Time;

/// An event whose names are places in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Its last words are one more than their place, 0 for none.
    Mark(Mark<u64>),
    Fold {
        fault: u64,
        actor: u64,
        fold: Fold,
    },
}

const IS_MARK: u8 = 1;
/// Bits 1 to 4: 0 without a time, else one more than its fraction's digits.
const TIME_SHIFT: u8 = 1;
const TIME_MASK: u8 = 15;
/// A fold of more than one occurrence.
const IS_MANY: u8 = 1 << 5;
/// None of its lines has a time of its own.
const IS_UNTIMED: u8 = 1 << 6;
/// The time's zone was assumed.
const IS_ASSUMED: u8 = 1 << 7;
const HAS_PID: u8 = 1 << 5;
const HAS_COUNT: u8 = 1 << 6;

/// The event that the next one is told from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    offset: u64,
    line: u64,
    ns: u64,
    pid: u64,
}

impl Place {
    pub(super) fn push(&mut self, bytes: &mut Vec<u8>, step: &Step) {
        match step {
            Step::Mark(mark) => self.push_mark(bytes, mark),
            Step::Fold { fault, actor, fold } => self.push_fold(bytes, *fault, *actor, fold),
        }
    }

    fn push_mark(&mut self, bytes: &mut Vec<u8>, mark: &Mark<u64>) {
        let has = |flag: u8, number: Option<u32>| if number.is_some() { flag } else { 0 };
        bytes.push(IS_MARK | time_bits(mark.time) | has(HAS_PID, mark.pid) | has(HAS_COUNT, mark.count));
        push(bytes, mark.told);
        self.push_place(bytes, mark.offset, mark.time);
        push_distance(bytes, &mut self.line, mark.line);
        if let Some(pid) = mark.pid {
            push_distance(bytes, &mut self.pid, u64::from(pid));
        }
        if let Some(count) = mark.count {
            push(bytes, u64::from(count));
        }
        push(bytes, mark.last_words);
    }

    fn push_fold(&mut self, bytes: &mut Vec<u8>, fault: u64, actor: u64, fold: &Fold) {
        let alone = fold.count == 1;
        let untimed = if fold.untimed { IS_UNTIMED } else { 0 };
        bytes.push(time_bits(fold.first) | untimed | if alone { 0 } else { IS_MANY });
        push(bytes, fault);
        push(bytes, actor);
        self.push_place(bytes, fold.first_offset, fold.first);
        if !alone {
            push(bytes, u64::from(fold.count));
            bytes.push(time_bits(fold.last));
            self.push_place(bytes, fold.last_offset, fold.last);
        }
    }

    fn push_place(&mut self, bytes: &mut Vec<u8>, offset: u64, time: Option<Time>) {
        push_distance(bytes, &mut self.offset, offset);
        if let Some(time) = time {
            push_distance(bytes, &mut self.ns, time.ns as u64);
        }
    }
}

fn time_bits(time: Option<Time>) -> u8 {
    time.map_or(0, |time| (time.digits() + 1) << TIME_SHIFT | if time.is_assumed() { IS_ASSUMED } else { 0 })
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The distance from `last`, which moves on. Small either way: the sign is the lowest bit.
fn push_distance(bytes: &mut Vec<u8>, last: &mut u64, to: u64) {
    let distance = to.wrapping_sub(*last) as i64;
    push(bytes, ((distance << 1) ^ (distance >> 63)) as u64);
    *last = to;
}

/// Reads events; ends early where the bytes make no sense.
#[derive(Clone, Debug)]
pub(super) struct Steps<'b> {
    rest: &'b [u8],
    last: Place,
}

impl<'b> Steps<'b> {
    /// The first event is told from a place.
    pub(super) fn new(bytes: &'b [u8], first: Place) -> Steps<'b> {
        Steps { rest: bytes, last: first }
    }

    /// How many bytes are left, and what the next event is told from.
    pub(super) fn place_reached(&self) -> (usize, Place) {
        (self.rest.len(), self.last)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u32> {
        self.number()?.try_into().ok()
    }

    fn distance(&mut self, last: fn(&mut Place) -> &mut u64) -> Option<u64> {
        let coded = self.number()?;
        let distance = (coded >> 1) ^ (coded & 1).wrapping_neg();
        let place = last(&mut self.last);
        *place = place.wrapping_add(distance);
        Some(*place)
    }

    fn place(&mut self, bits: u8) -> Option<(u64, Option<Time>)> {
        let offset = self.distance(|last| &mut last.offset)?;
        let time = match (bits >> TIME_SHIFT) & TIME_MASK {
            0 => None,
            fraction => {
                let time = Time::new(self.distance(|last| &mut last.ns)? as i64, fraction - 1);
                let time = time.is_plausible().then_some(time)?;
                Some(if bits & IS_ASSUMED != 0 { time.assumed() } else { time })
            }
        };
        Some((offset, time))
    }

    fn mark(&mut self, bits: u8) -> Option<Mark<u64>> {
        let told = self.number()?;
        let (offset, time) = self.place(bits)?;
        let line = self.distance(|last| &mut last.line)?;
        let pid = match bits & HAS_PID {
            0 => None,
            _ => Some(self.distance(|last| &mut last.pid)?.try_into().ok()?),
        };
        let count = if bits & HAS_COUNT == 0 { None } else { Some(self.small()?) };
        Some(Mark { told, offset, line, time, pid, count, last_words: self.number()? })
    }

    fn fold(&mut self, bits: u8) -> Option<Step> {
        let (fault, actor) = (self.number()?, self.number()?);
        let (first_offset, first) = self.place(bits)?;
        let mut fold = Fold::of_line(first_offset, first, bits & IS_UNTIMED != 0, 1);
        if bits & IS_MANY != 0 {
            fold.count = self.small()?;
            let bits = self.byte()?;
            (fold.last_offset, fold.last) = self.place(bits)?;
        }
        Some(Step::Fold { fault, actor, fold })
    }
}

impl Iterator for Steps<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let bits = self.byte()?;
        if bits & IS_MARK != 0 { self.mark(bits).map(Step::Mark) } else { self.fold(bits) }
    }
}
