//! Evidence: everything seen so far, as a value that merges.
//!
//! `Evidence::default()` is the identity and `merge` is associative; pieces of a stream carry their position, so any
//! order and grouping of merging gives the same value. In: events of the scan. Out: what the diagnosis reads; no source
//! is opened again. Knows nothing of causes, and never drops by age or by memory pressure.

mod block;
pub mod by_id;
pub mod codec;
pub mod event;
pub mod ledger;
pub mod mask;
mod residue;
pub mod segment;
mod steps;
mod table;

pub use by_id::ById;
pub use event::{
    Actor, ActorKind, Class, Fault, FaultKind, Fold, FoldKey, Id, Mark, Sample, Told, hint_id, plain_id, unknown_name,
};
pub use ledger::{Event, Ledger};
pub use segment::{Segment, Tally};

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What has been seen, over all streams.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// By the path that the user gave, or found below a folder.
    pub streams: BTreeMap<String, Stream>,
    /// What could not be read at all.
    pub problems: BTreeSet<Problem>,
}

/// One ordered byte sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Decoded length, once known.
    pub length: Option<u64>,
    /// Hashes of its first and its last bytes (`END_BYTES` at most), once known.
    pub head: Option<u64>,
    pub tail: Option<u64>,
    /// By where they start; neighbours are joined.
    pub segments: BTreeMap<u64, Segment>,
    pub problems: BTreeSet<Problem>,
    /// Which of its lines were taken for more than any grammar knows of them, in words.
    pub own_words: BTreeSet<String>,
}

/// A stream's length, and hashes of its first and its last bytes.
pub type Identity = (u64, u64, u64);

/// So many bytes at each end of a stream tell, with its length, whether another one holds the same.
pub const END_BYTES: u64 = 4 << 10;

/// Something about an input that the user must know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    pub path: String,
    /// 1-based.
    pub line: Option<u64>,
    pub what: String,
    /// What to do about it; may be empty.
    pub help: String,
    /// Whether something that was asked for could not be read.
    pub fault: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

/// Two pieces of one stream that cannot both be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    pub path: String,
    pub first: (u64, u64),
    pub second: (u64, u64),
}

impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: the pieces {}..{} and {}..{} overlap and are not equal; scan it anew in pieces that do not overlap",
            self.path, self.first.0, self.first.1, self.second.0, self.second.1
        )
    }
}

impl std::error::Error for Overlap {}

impl Evidence {
    /// Joins two values. Overlapping pieces of one stream are refused unless they are equal.
    pub fn merge(mut self, other: Evidence) -> Result<Evidence, Overlap> {
        self.problems.extend(other.problems);
        for (path, stream) in other.streams {
            match self.streams.get_mut(&path) {
                Some(known) => known.merge(&path, stream)?,
                None => {
                    self.streams.insert(path, stream);
                }
            }
        }
        Ok(self)
    }

    /// Adds one piece of a stream.
    pub fn add(&mut self, path: &str, segment: Segment) -> Result<(), Overlap> {
        self.streams.entry(path.to_string()).or_default().add(path, segment)
    }

    pub fn all_problems(&self) -> impl Iterator<Item = &Problem> {
        self.problems.iter().chain(self.streams.values().flat_map(|stream| &stream.problems))
    }
}

impl Stream {
    fn merge(&mut self, path: &str, other: Stream) -> Result<(), Overlap> {
        self.length = self.length.max(other.length);
        self.head = self.head.or(other.head);
        self.tail = self.tail.or(other.tail);
        self.problems.extend(other.problems);
        self.own_words.extend(other.own_words);
        other.segments.into_values().try_for_each(|segment| self.add(path, segment))
    }

    fn add(&mut self, path: &str, segment: Segment) -> Result<(), Overlap> {
        // An empty piece holds nothing; only of an empty stream it is all there is.
        if segment.start == segment.end && !self.segments.is_empty() {
            return Ok(());
        }
        self.segments.retain(|_, known| known.start < known.end);
        let before = self.segments.range(..=segment.start).next_back().map(|(start, _)| *start);
        let after = self.segments.range(segment.start + 1..).next().map(|(start, _)| *start);
        let overlap = |known: &Segment| Overlap {
            path: path.into(),
            first: (known.start, known.end),
            second: (segment.start, segment.end),
        };
        if let Some(known) = before.and_then(|start| self.segments.get(&start))
            && known.end > segment.start
        {
            return if *known == segment { Ok(()) } else { Err(overlap(known)) };
        }
        if let Some(known) = after.and_then(|start| self.segments.get(&start))
            && known.start < segment.end
        {
            return Err(overlap(known));
        }
        let mut joined = match before.and_then(|start| self.segments.remove(&start)) {
            Some(mut left) if left.end == segment.start => {
                left.append(segment);
                left
            }
            Some(left) => {
                self.segments.insert(left.start, left);
                segment
            }
            None => segment,
        };
        if let Some(right) = after.filter(|&start| start == joined.end).and_then(|start| self.segments.remove(&start)) {
            joined.append(right);
        }
        self.segments.insert(joined.start, joined);
        Ok(())
    }

    /// What tells whether another stream holds the same bytes, without comparing them all; None for an empty one.
    pub fn identity(&self) -> Option<Identity> {
        Some((self.length.filter(|length| *length > 0)?, self.head?, self.tail?))
    }

    /// Byte ranges that no piece covers.
    pub fn holes(&self) -> Vec<(u64, u64)> {
        let mut holes = Vec::new();
        let mut at = 0;
        for segment in self.segments.values() {
            if segment.start > at {
                holes.push((at, segment.start));
            }
            at = segment.end;
        }
        if let Some(length) = self.length.filter(|&length| length > at) {
            holes.push((at, length));
        }
        holes
    }
}

#[cfg(test)]
mod tests;
