//! What is settled of a stream, era by era, so that the oldest can be laid down while their counts stay.
//!
//! An era ends for all streams at the same moment. So what is in memory is, for each stream, what came since one and the
//! same moment.

use crate::evidence::Segment;
use serde::{Deserialize, Serialize};

/// The settled part of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Eras {
    /// Of what was laid down: how much it was, and the lives that may go on.
    husk: Segment,
    /// By the number of the era; the last one goes on.
    kept: Vec<(u64, Segment)>,
    /// Husk and all that is kept, joined.
    joined: Segment,
}

/// As they stand in a checkpoint, which holds nothing twice.
#[derive(Serialize, Deserialize)]
struct Written {
    husk: Segment,
    kept: Vec<(u64, Segment)>,
}

impl From<Written> for Eras {
    fn from(Written { husk, kept }: Written) -> Eras {
        let joined = joined(husk.clone(), &kept);
        Eras { husk, kept, joined }
    }
}

impl From<Eras> for Written {
    fn from(Eras { husk, kept, .. }: Eras) -> Written {
        Written { husk, kept }
    }
}

fn joined(first: Segment, rest: &[(u64, Segment)]) -> Segment {
    rest.iter().fold(first, |mut all, (_, segment)| {
        all.append(segment.clone());
        all
    })
}

impl Eras {
    /// Of a stream whose beginning was scanned as a whole.
    pub fn of(era: u64, segment: Segment) -> Eras {
        Eras { husk: Segment::default(), kept: vec![(era, segment.clone())], joined: segment }
    }

    /// Where it ends in the stream.
    pub fn end(&self) -> u64 {
        self.joined.end
    }

    /// All that is known of it in memory.
    pub fn segment(&self) -> &Segment {
        &self.joined
    }

    /// Adds what comes next.
    pub fn append(&mut self, era: u64, piece: Segment) {
        self.joined.append(piece.clone());
        match self.kept.last_mut().filter(|(last, _)| *last == era) {
            Some((_, segment)) => segment.append(piece),
            None => self.kept.push((era, piece)),
        }
    }

    /// Bytes of memory, roughly, that some eras take.
    pub fn weight(&self, eras: impl Fn(u64) -> bool) -> usize {
        self.kept.iter().filter(|(era, _)| eras(*era)).map(|(_, segment)| segment.weight()).sum()
    }

    /// What is to be laid down to let go of the eras up to one.
    pub fn old(&self, upto: u64) -> impl Iterator<Item = &Segment> {
        self.kept.iter().filter(move |(era, _)| *era <= upto).map(|(_, segment)| segment)
    }

    /// Lets go of the eras up to one, and keeps their husks.
    pub fn let_go(&mut self, upto: u64) {
        let old: Vec<(u64, Segment)> = self.kept.extract_if(.., |(era, _)| *era <= upto).collect();
        if old.is_empty() {
            return;
        }
        let husk = std::mem::take(&mut self.husk);
        self.husk = joined(husk, &old).residue();
        self.joined = joined(self.husk.clone(), &self.kept);
    }

    /// The whole segment, with what was laid down; None where that is not all there any more.
    pub fn whole(&self, laid_down: impl FnOnce() -> Option<Segment>) -> Option<Segment> {
        if self.husk.end == 0 {
            return Some(self.joined.clone());
        }
        let whole = joined(laid_down()?, &self.kept);
        // A piece that is missing shows in the count of lines.
        (whole.lines == self.joined.lines).then_some(whole)
    }
}
