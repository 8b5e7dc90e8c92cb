//! What is settled of a stream, era by era, so that the oldest can be laid down while their counts stay.
//!
//! An era ends for all streams at the same moment. So what is in memory is, for each stream, what came since one and the
//! same moment.

use crate::evidence::Segment;
use serde::{Deserialize, Serialize};

/// The settled part of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eras {
    /// Of what was laid down: how much it was, and nothing of what happened in it.
    husk: Segment,
    /// By the number of the era; the last one goes on.
    kept: Vec<(u64, Segment)>,
    /// Husk and all that is kept, joined.
    #[serde(skip)]
    joined: Segment,
}

impl Eras {
    /// Of a stream whose beginning was scanned as a whole.
    pub fn of(era: u64, segment: Segment) -> Eras {
        Eras { husk: Segment::default(), kept: vec![(era, segment.clone())], joined: segment }
    }

    /// As it was read from a checkpoint, which holds nothing twice.
    pub fn rejoined(mut self) -> Eras {
        self.join();
        self
    }

    fn join(&mut self) {
        self.joined = self.husk.clone();
        for (_, segment) in &self.kept {
            self.joined.append(segment.clone());
        }
    }

    /// Where it ends in the stream.
    pub fn end(&self) -> u64 {
        // Not by what is joined: one that was just read from a checkpoint is not yet.
        self.kept.last().map_or(self.husk.end, |(_, segment)| segment.end)
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

    /// Bytes of memory, roughly, that one era or those before it take.
    pub fn weight(&self, eras: impl Fn(u64) -> bool) -> usize {
        self.kept.iter().filter(|(era, _)| eras(*era)).map(|(_, segment)| segment.weight()).sum()
    }

    /// Gives away the eras up to one, and keeps their husks.
    pub fn lay_down(&mut self, upto: u64) -> Vec<Segment> {
        let old: Vec<Segment> = self.kept.extract_if(.., |(era, _)| *era <= upto).map(|(_, segment)| segment).collect();
        for segment in &old {
            self.husk.append(segment.hollow());
        }
        if !old.is_empty() {
            self.join();
        }
        old
    }

    /// The whole segment, with what was laid down; if that is not there any more, with its counts alone.
    pub fn with(&self, laid_down: Option<Segment>) -> Segment {
        let Some(mut whole) = laid_down else { return self.joined.clone() };
        for (_, segment) in &self.kept {
            whole.append(segment.clone());
        }
        // A piece that is missing shows in the count of lines.
        if whole.lines == self.joined.lines { whole } else { self.joined.clone() }
    }

    /// Whether anything was laid down.
    pub fn is_hollow(&self) -> bool {
        self.husk.end > 0
    }
}
