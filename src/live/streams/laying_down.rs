//! What is too old to stay in memory: evidence goes to the archive, its counts stay.

use super::Streams;
use crate::diagnosis::{Diagnosis, Question};
use crate::live::archive::Uid;
use std::sync::Arc;

/// A week of restarts each ten seconds weighs some fifteen times this.
pub const WINDOW: usize = 512 << 10;
/// An era weighs this part of the window.
const ERAS: usize = 8;

impl Streams {
    pub(super) fn uid(&mut self) -> Uid {
        self.next_uid += 1;
        self.next_uid
    }

    /// The diagnosis of what is in memory, with the counts of what was before.
    pub fn with_past(&self, diagnosis: Diagnosis) -> Diagnosis {
        self.past.and(diagnosis)
    }

    /// Whether some of what was laid down could not be kept.
    pub fn has_lost(&self) -> bool {
        let lives = self.pipes.values().chain(self.files.values());
        let growing = lives.map(|live| (live.uid, live.growing.eras()));
        let still = self.wholes.values().flat_map(|whole| whole.streams.values()).chain(self.gone.values());
        let mut all = growing.chain(still.map(|still| (still.uid, &still.eras)));
        self.archive.lost() > 0 || all.any(|(uid, eras)| eras.is_hollow() && !self.archive.is_whole(uid))
    }

    /// Ends the era that is heavy enough.
    pub fn end_era(&mut self) {
        let era = self.era;
        if self.weight(|other| other == era) > self.reading.window / ERAS {
            self.era += 1;
        }
    }

    /// Whether there is more in memory than there should be.
    pub fn is_heavy(&self) -> bool {
        self.weight(|era| era < self.era) > self.reading.window
    }

    fn weight(&self, eras: impl Fn(u64) -> bool) -> usize {
        let lives = self.pipes.values().chain(self.files.values());
        let growing: usize = lives.map(|live| live.growing.eras().weight(&eras)).sum();
        let still = self.wholes.values().flat_map(|whole| whole.streams.values()).chain(self.gone.values());
        growing + still.map(|still| still.eras.weight(&eras)).sum::<usize>()
    }

    /// Lays down the oldest eras, and keeps their counts: to be called when no diagnosis is being made.
    pub fn lay_down(&mut self, question: &Question) -> std::io::Result<()> {
        let scanner = Arc::clone(&self.scanner);
        let all = Diagnosis::of(&self.evidence(), &scanner.pack, question);
        let upto = (0..self.era).find(|&upto| self.weight(|era| era > upto) <= self.reading.window / 2);
        let upto = upto.unwrap_or(self.era.saturating_sub(1));
        let archive = &mut self.archive;
        let lives = self.pipes.values_mut().chain(self.files.values_mut());
        let growing = lives.map(|live| (live.uid, live.growing.lay_down(upto)));
        let still = self.wholes.values_mut().flat_map(|whole| whole.streams.values_mut()).chain(self.gone.values_mut());
        let still = still.map(|still| (still.uid, still.eras.lay_down(upto)));
        for (uid, pieces) in growing.chain(still) {
            pieces.iter().try_for_each(|piece| archive.lay_down(uid, piece))?;
        }
        let rest = Diagnosis::of(&self.evidence(), &scanner.pack, question);
        self.past.lay_down(&all, &rest);
        Ok(())
    }
}
