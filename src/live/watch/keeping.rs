//! What is kept: memory within bounds, and checkpoints.

use super::{Turns, Watch, is_due};
use crate::evidence::Problem;
use crate::live::checkpoint::Checkpoint;
use crate::live::streams::SavedStreams;
use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

impl Watch<'_> {
    pub(super) fn keep_bounds(&mut self, turns: &mut Turns) -> io::Result<()> {
        match self.streams.keep_bounds(&self.question) {
            Ok(false) => Ok(()),
            Ok(true) => {
                // The checkpoint before has other counts, and must not outlive what was laid down by them.
                turns.checked = None;
                self.checkpoint(turns)
            }
            Err(error) => {
                let what = format!("old evidence could not be laid down, and stays in memory: {error}");
                self.warn(&mut turns.heavy_at, what, "make room where --state is")
            }
        }
    }

    /// Keeps what came from a pipe, before it is scanned.
    pub(super) fn spool(&mut self, pipe: usize, bytes: &[u8], turns: &mut Turns) -> io::Result<()> {
        match self.state.as_mut().map(|state| state.spool(pipe, bytes)) {
            None | Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                let what = format!("what comes from a pipe could not be kept: {error}");
                let help = "it is lost in a crash before the next checkpoint; make room where --state is";
                self.warn(&mut turns.unspooled_at, what, help)
            }
        }
    }

    fn warn(&mut self, told: &mut Option<Instant>, what: String, help: &str) -> io::Result<()> {
        match is_due(told) {
            true => self.note(Problem { path: "--state".into(), line: None, what, help: help.into(), fault: true }),
            false => Ok(()),
        }
    }

    pub(super) fn checkpoint(&mut self, turns: &mut Turns) -> io::Result<()> {
        turns.checked_at = Instant::now();
        let (bytes, _) = self.streams.volume();
        let is_kept =
            turns.checked.as_ref().is_some_and(|(checked, alarms)| (*checked, alarms) == (bytes, &self.alarms));
        if self.state.is_none() || is_kept {
            return Ok(());
        }
        let (streams, held) = (self.streams.save(), self.streams.held());
        self.keep(streams, &held, turns)
    }

    /// Writes a checkpoint; `held` are the bytes of each pipe that are not settled.
    pub(super) fn keep(
        &mut self,
        streams: SavedStreams,
        held: &BTreeMap<usize, Vec<u8>>,
        turns: &mut Turns,
    ) -> io::Result<()> {
        let Some(state) = &mut self.state else { return Ok(()) };
        let checkpoint = Checkpoint {
            knowledge: self.streams.knowledge(),
            streams,
            alarms: self.alarms.clone(),
            spools: BTreeMap::new(),
        };
        if let Err(error) = state.write(checkpoint, held) {
            let what = format!("no checkpoint could be written: {error}");
            let help = "what is read from now on is read again after a crash";
            return self.warn(&mut turns.unchecked_at, what, help);
        }
        self.streams.sweep();
        turns.checked = Some((self.streams.volume().0, self.alarms.clone()));
        Ok(())
    }
}
