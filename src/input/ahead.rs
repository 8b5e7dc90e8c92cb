//! A source that can be looked at before it is taken.

use std::io::{self, Read};

/// How much is read at a time at least.
const STEP: usize = 64 << 10;

#[derive(Debug, Default)]
pub(super) struct Ahead {
    bytes: Vec<u8>,
    at: usize,
    /// The source has no more, or failed.
    ended: bool,
    error: Option<io::Error>,
}

impl Ahead {
    /// What was read and not yet taken.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    /// Nothing follows what is there.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Reads on until so many bytes are there, or all that are left.
    pub(super) fn want(&mut self, source: &mut impl Read, want: usize) {
        while !self.ended && self.rest().len() < want {
            if self.at > STEP {
                self.bytes.drain(..self.at);
                self.at = 0;
            }
            let missing = (want - self.rest().len()).max(STEP);
            match source.take(missing as u64).read_to_end(&mut self.bytes) {
                Ok(count) => self.ended = count < missing,
                Err(error) => {
                    self.error = Some(error);
                    self.ended = true;
                }
            }
        }
    }

    pub(super) fn take(&mut self, count: usize) {
        self.at = (self.at + count).min(self.bytes.len());
    }

    /// What ended the source; to be asked when all is taken, so that what came before the damage is not lost.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }
}
