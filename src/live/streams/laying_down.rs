//! What is too old to stay in memory: evidence goes to the archive, its counts stay.

use super::Streams;
use crate::diagnosis::{Diagnosis, Question};
use crate::live::archive::{Archive, Uid};
use crate::live::eras::Eras;
use crate::live::past::Past;
use std::io;

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

    /// Forgets what was laid down of a stream, whose bytes are scanned anew or in another one.
    pub(super) fn forget(&mut self, uid: Uid) {
        self.must_count |= self.archive.forget(uid);
    }

    /// What files of the archive no checkpoint names any more.
    pub fn sweep(&mut self) {
        self.archive.sweep();
    }

    /// Keeps memory within bounds and counts right: to be called when no diagnosis is being made. True if what a
    /// checkpoint holds is not what it was.
    pub fn keep_bounds(&mut self, question: &Question) -> io::Result<bool> {
        if std::mem::take(&mut self.must_count) {
            self.count_anew(question);
            return Ok(true);
        }
        if !std::mem::take(&mut self.has_settled) {
            return Ok(false);
        }
        let now = self.era;
        if self.weight(|era| era == now) > self.reading.window / ERAS {
            self.era += 1;
        }
        if self.weight(|era| era < self.era) <= self.reading.window {
            return Ok(false);
        }
        self.lay_down(question).map(|()| true)
    }

    fn all_eras(&self) -> impl Iterator<Item = (Uid, &Eras)> {
        let lives = self.pipes.values().chain(self.files.values());
        let still = self.wholes.values().flat_map(|whole| whole.streams.values()).chain(self.gone.values());
        let lives = lives.map(|live| (live.uid, live.growing.eras()));
        lives.chain(still.map(|still| (still.uid, &still.eras)))
    }

    fn weight(&self, eras: impl Fn(u64) -> bool) -> usize {
        self.all_eras().map(|(_, of_stream)| of_stream.weight(&eras)).sum()
    }

    /// Lays down the oldest eras, and keeps their counts. Nothing is let go that is not laid down.
    fn lay_down(&mut self, question: &Question) -> io::Result<()> {
        let all = self.diagnosis(question);
        let upto = (0..self.era).find(|&upto| self.weight(|era| era > upto) <= self.reading.window / 2);
        let upto = upto.unwrap_or(self.era.saturating_sub(1));
        let mut archive = std::mem::take(&mut self.archive);
        let result = put(&mut archive, self.all_eras(), upto);
        self.archive = archive;
        result?;
        let lives = self.pipes.values_mut().chain(self.files.values_mut());
        lives.for_each(|live| live.growing.eras_mut().let_go(upto));
        let still = self.wholes.values_mut().flat_map(|whole| whole.streams.values_mut()).chain(self.gone.values_mut());
        still.for_each(|still| still.eras.let_go(upto));
        let rest = self.diagnosis(question);
        self.past.lay_down(&all, &rest);
        Ok(())
    }

    /// Takes the counts anew, from everything: what was laid down is not what it was.
    fn count_anew(&mut self, question: &Question) {
        // What cannot be read is in the counts alone, which stay as they are.
        let Some(evidence) = self.whole_evidence() else { return };
        let all = Diagnosis::of(&evidence, &self.scanner.pack, question);
        drop(evidence);
        let rest = self.diagnosis(question);
        self.past = Past::default();
        self.past.lay_down(&all, &rest);
    }

    /// The diagnosis of what is in memory.
    pub fn diagnosis(&mut self, question: &Question) -> Diagnosis {
        let evidence = self.evidence();
        Diagnosis::of(&evidence, &self.scanner.pack, question)
    }
}

/// Lays down the eras up to one; all of them, or none.
fn put<'e>(archive: &mut Archive, all: impl Iterator<Item = (Uid, &'e Eras)>, upto: u64) -> io::Result<()> {
    let mut put = Vec::new();
    for (uid, eras) in all {
        for piece in eras.old(upto) {
            if let Err(error) = archive.lay_down(uid, piece) {
                put.into_iter().for_each(|(uid, start)| archive.take_back(uid, start));
                return Err(error);
            }
            put.push((uid, piece.start));
        }
    }
    Ok(())
}
