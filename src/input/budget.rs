//! What an input may grow to while it is decoded. Archives inside it have a budget together, so that bombs do not multiply.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Archives around a file at most.
pub const MAX_DEPTH: usize = 4;
/// A log that decodes to more than so many times its size is none: deflate itself cannot do more than 1032.
const MAX_RATIO: u64 = 2000;
/// Below this nothing is a bomb.
const ALWAYS_ALLOWED: u64 = 64 << 20;
/// Archives of one input with more members than this, all together, are read no further.
const MAX_MEMBERS: usize = 100_000;
/// What has to be in memory as a whole, which is zip archives in archives and pipes, may take so much at a time.
pub const MAX_HELD: u64 = 256 << 20;

/// What one input and all that is inside it have used up.
#[derive(Debug, Default)]
struct Budget {
    /// Bytes of the input itself that were read.
    taken: Cell<u64>,
    /// Bytes that came of them, by the number of archives around: what passes an archive counts once before and after.
    given: [Cell<u64>; MAX_DEPTH + 1],
    members: Cell<usize>,
    held: Cell<u64>,
}

/// Where in an input something stands: inside so many archives.
#[derive(Clone, Debug, Default)]
pub struct Depth {
    budget: Rc<Budget>,
    archives: usize,
}

impl Depth {
    /// Inside one archive more, if that is not too deep.
    pub(super) fn deeper(&self) -> Option<Depth> {
        let archives = self.archives + 1;
        (archives <= MAX_DEPTH).then(|| Depth { budget: Rc::clone(&self.budget), archives })
    }

    pub(super) fn is_outermost(&self) -> bool {
        self.archives == 0
    }

    /// Counts bytes that were taken from the input itself.
    pub(super) fn take(&self, count: u64) {
        self.budget.taken.set(self.budget.taken.get().saturating_add(count));
    }

    fn give(&self, count: u64) -> io::Result<()> {
        if let Some(given) = self.budget.given.get(self.archives) {
            given.set(given.get().saturating_add(count));
        }
        self.still_within()
    }

    /// An error once it is too much, at any depth.
    pub(super) fn still_within(&self) -> io::Result<()> {
        self.budget.given.iter().try_for_each(|given| is_plausible(given.get(), self.budget.taken.get()))
    }

    /// Counts a member of an archive.
    pub(super) fn member(&self) -> io::Result<()> {
        match self.budget.members.get() {
            MAX_MEMBERS => Err(invalid(format!("the archive has more than {MAX_MEMBERS} members"))),
            members => {
                self.budget.members.set(members + 1);
                Ok(())
            }
        }
    }

    /// Reads something as a whole; None if there is no room for it.
    pub(super) fn hold(&self, source: impl Read) -> io::Result<Option<Held>> {
        let room = MAX_HELD.saturating_sub(self.budget.held.get());
        let mut bytes = Vec::new();
        source.take(room + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > room {
            return Ok(None);
        }
        self.budget.held.set(self.budget.held.get() + bytes.len() as u64);
        Ok(Some(Held { bytes, budget: Rc::clone(&self.budget) }))
    }
}

/// Bytes in memory that count as long as they are there.
#[derive(Debug)]
pub(super) struct Held {
    bytes: Vec<u8>,
    budget: Rc<Budget>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.held.set(self.budget.held.get().saturating_sub(self.bytes.len() as u64));
    }
}

fn is_plausible(given: u64, taken: u64) -> io::Result<()> {
    match given > ALWAYS_ALLOWED && given / MAX_RATIO > taken {
        true => Err(invalid(format!("it decodes to more than {MAX_RATIO} times its size, as no log does"))),
        false => Ok(()),
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Stops what grows as no log does: on its own, and together with the rest of its input.
pub(super) struct Bounded<R> {
    source: R,
    taken: Rc<Cell<u64>>,
    given: u64,
    depth: Option<Depth>,
}

impl<R> Bounded<R> {
    /// `taken` says how many bytes were taken for what is given.
    pub(super) fn new(source: R, taken: Rc<Cell<u64>>) -> Bounded<R> {
        Bounded { source, taken, given: 0, depth: None }
    }

    /// What comes out at the end, with all layers taken off, counts for the whole input.
    pub(super) fn counted(source: R, taken: Rc<Cell<u64>>, depth: Depth) -> Bounded<R> {
        Bounded { source, taken, given: 0, depth: Some(depth) }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.given += count as u64;
        is_plausible(self.given, self.taken.get())?;
        self.depth.as_ref().map_or(Ok(()), |depth| depth.give(count as u64))?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_counts_together() {
        let outermost = Depth::default();
        outermost.take(100);
        let depth = outermost.deeper().unwrap();
        let read = |bytes: u64| {
            let taken = Rc::new(Cell::new(u64::MAX));
            io::copy(&mut Bounded::counted(io::repeat(b'x').take(bytes), taken, depth.clone()), &mut io::sink())
        };
        assert!(read(ALWAYS_ALLOWED / 2).is_ok());
        assert!(read(ALWAYS_ALLOWED / 2).is_ok());
        assert!(read(1).is_err());
        assert!(outermost.still_within().is_err());
        outermost.take(ALWAYS_ALLOWED);
        assert!(read(1).is_ok());
    }

    #[test]
    fn what_is_held_has_its_bound() {
        let depth = Depth::default();
        let held = depth.hold(io::repeat(0).take(MAX_HELD)).unwrap();
        assert!(held.is_some());
        assert!(depth.deeper().unwrap().hold(b"x".as_slice()).unwrap().is_none());
        drop(held);
        assert!(depth.hold(b"x".as_slice()).unwrap().is_some());
    }

    #[test]
    fn depth_has_its_bound() {
        let mut depth = Depth::default();
        for _ in 0..MAX_DEPTH {
            depth = depth.deeper().unwrap();
        }
        assert!(depth.deeper().is_none());
    }
}
