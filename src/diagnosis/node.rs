//! Who the lines of one stream speak of, and what is known of each: what services are joined from.

use super::story::Event;
use crate::grammar::{MarkKind, SECOND};
use std::collections::BTreeSet;

/// Who a line speaks of, within one stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A manager named the service.
    Managed(String),
    /// An application wrote it, under this label (of its envelope) or under none.
    Application(String),
    /// A manager wrote it without naming a service.
    Manager,
    /// The kernel wrote it, or another killer: whose process it ended is found when all runs are known.
    Kernel,
}

/// The name of the cast that holds what the kernel wrote.
pub const KERNEL: &str = "kernel";
/// The program of what tells of killing another: to its victim it is as the kernel.
pub const KILLER: &str = "killer";

pub type Node = (usize, Subject);
/// Its number and its name.
pub type Service = (usize, String);

#[derive(Default)]
pub struct NodeFacts {
    pub programs: BTreeSet<String>,
    pub marks: usize,
    pub events: usize,
    /// When a program told that it starts: the first ones, in nanoseconds.
    pub starts: Vec<i64>,
    /// When anybody told of a start, even if the text only suggests it: the first ones.
    pub begins: Vec<i64>,
    /// When an end of it was told: the first ones.
    pub ends: Vec<i64>,
    /// A start of it was told, with a time or without one.
    pub tells_start: bool,
}

impl NodeFacts {
    /// Takes in what an event of the node tells.
    pub fn see(&mut self, event: &Event) {
        let keep = |times: &mut Vec<i64>| {
            if times.len() < MAX_STARTS {
                times.extend(event.time.map(|time| time.ns));
            }
        };
        self.events += 1;
        let Some(mark) = event.mark() else { return };
        self.marks += usize::from(mark.kind != MarkKind::SessionFile);
        match mark.kind {
            MarkKind::Exit | MarkKind::Fatal => keep(&mut self.ends),
            MarkKind::Start => {
                self.tells_start = true;
                keep(&mut self.begins);
                if !mark.weak && !mark.manager {
                    keep(&mut self.starts);
                }
            }
            _ => {}
        }
    }
}

/// So many starts tell whether two logs are of one life.
const MAX_STARTS: usize = 500;
/// One start is told in two logs within this time (nanoseconds).
pub const SAME_START: i64 = 3 * SECOND;
/// A program's first words come within this time after its manager's (nanoseconds).
const SLOWEST_START: i64 = 15 * SECOND;
/// So many ends that a service's manager tells nothing of are those of another one.
const OFTEN_DEAD: usize = 3;
/// Times that are further apart than this are not those of one life (nanoseconds).
const APART: i64 = 60 * SECOND;
/// From here on a program's starts are those of a unit.
const FOLLOWS: f64 = 0.7;
const ALWAYS: f64 = 0.95;
const OFTEN: f64 = 0.4;

impl NodeFacts {
    /// Whether two logs of one program tell of the same process. Where both were written, their starts must agree; a log
    /// that tells no start may be anybody's.
    pub fn may_be_one_with(&self, other: &NodeFacts) -> bool {
        let span = |starts: &[i64]| Some((*starts.iter().min()?, *starts.iter().max()?));
        let Some((own, theirs)) = span(&self.starts).zip(span(&other.starts)) else { return true };
        let (first, last) = (own.0.max(theirs.0) - SAME_START, own.1.min(theirs.1) + SAME_START);
        let inside = |starts: &[i64]| -> Vec<i64> {
            starts.iter().copied().filter(|start| (first..=last).contains(start)).collect()
        };
        let (own, theirs) = (inside(&self.starts), inside(&other.starts));
        let (few, many) = if own.len() < theirs.len() { (own, theirs) } else { (theirs, own) };
        let shared = few.iter().filter(|start| many.iter().any(|other| (*start - other).abs() <= SAME_START)).count();
        few.is_empty() || shared * 2 >= few.len()
    }

    /// Whether a program died again and again, and all of it before or after what is told of a service's life.
    pub fn is_of_another_time(&self, life: &[i64]) -> bool {
        let span = |times: &[i64]| Some((*times.iter().min()?, *times.iter().max()?));
        let Some((own, theirs)) = span(&self.ends).zip(span(life)) else { return false };
        self.ends.len() >= OFTEN_DEAD && (own.1 + APART < theirs.0 || theirs.1 + APART < own.0)
    }

    /// Whether the manager tells of an end each time that the program tells of one.
    pub fn ends_with(&self, manager: &NodeFacts) -> bool {
        let told = |end: &&i64| manager.ends.iter().any(|at| (**end - SAME_START..=**end + SAME_START).contains(at));
        !self.ends.is_empty() && self.ends.iter().filter(told).count() as f64 >= ALWAYS * self.ends.len() as f64
    }

    /// How well a program's starts follow its manager's, from 0 to 1, if they do: what part of either has its like.
    pub fn follows(&self, manager: &NodeFacts) -> Option<f64> {
        let has = |of: &[i64], from: i64, to: i64| of.iter().any(|at| (from..=to).contains(at));
        let part = |all: &[i64], is_met: &dyn Fn(i64) -> bool| {
            all.iter().filter(|&&at| is_met(at)).count() as f64 / all.len().max(1) as f64
        };
        let begun = part(&manager.begins, &|at| has(&self.begins, at - SAME_START, at + SLOWEST_START));
        let asked = part(&self.begins, &|at| has(&manager.begins, at - SLOWEST_START, at + SAME_START));
        // A manager also starts what dies before it says a word.
        let follows = begun.min(asked) >= FOLLOWS || asked >= ALWAYS && begun >= OFTEN;
        follows.then_some(begun.min(asked))
    }
}
