//! One file that is written to, read as it grows.
//!
//! Each read begins a little before the place that was reached, and what was read there before must still be there: so a
//! file that was cut short and has grown again past the place is noticed like one that is shorter.

use crate::input::chunk::fill;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Bytes before the place that was reached that are read again.
const OVERLAP: usize = 256;
/// A file's first bytes that tell it from others.
pub const HEAD: usize = 1 << 10;
/// Read at a time; there is more only if so much was read.
pub const STEP: usize = 256 << 10;
/// Room for what may have come since the length was asked for.
const LEAST: u64 = 4 << 10;

/// What a file system knows a file by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct FileId {
    pub device: u64,
    pub inode: u64,
}

impl FileId {
    pub fn of(metadata: &std::fs::Metadata) -> FileId {
        FileId { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// What was read of a file so far: enough to know it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Print {
    pub position: u64,
    /// The first bytes, at most [`HEAD`].
    head: Vec<u8>,
    /// The last bytes before the position.
    overlap: Vec<u8>,
}

/// What a look at a file gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// So many new bytes.
    Some(usize),
    /// Nothing new.
    None,
    /// It is not what it was: what was read is gone.
    Cut,
}

#[derive(Debug)]
pub struct Tail {
    pub path: PathBuf,
    pub id: FileId,
    pub print: Print,
    /// Open while it grows.
    file: Option<File>,
}

impl Print {
    /// Whether a file still has all that was read.
    pub fn is_in(&self, file: &File) -> io::Result<bool> {
        let mut bytes = [0; HEAD];
        let holds = |place: u64, wanted: &[u8], bytes: &mut [u8]| {
            let Some(bytes) = bytes.get_mut(..wanted.len()) else { return Ok(false) };
            Ok::<bool, io::Error>(fill(file, bytes, place)? == wanted.len() && bytes == wanted)
        };
        let before = self.position - self.overlap.len() as u64;
        Ok(holds(0, &self.head, &mut bytes)? && holds(before, &self.overlap, &mut bytes)?)
    }

    /// Whether a file begins as this one did, as far as both go.
    pub fn begins_like(&self, file: &File) -> io::Result<bool> {
        let mut bytes = [0; HEAD];
        let count = fill(file, &mut bytes, 0)?.min(self.head.len());
        Ok(count > 0 && bytes.get(..count) == self.head.get(..count))
    }

    fn see(&mut self, bytes: &[u8]) {
        if self.head.len() < HEAD {
            let missing = HEAD - self.head.len();
            self.head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        }
        self.position += bytes.len() as u64;
        self.overlap.extend_from_slice(&bytes[bytes.len().saturating_sub(OVERLAP)..]);
        let surplus = self.overlap.len().saturating_sub(OVERLAP);
        self.overlap.drain(..surplus);
    }
}

impl Tail {
    /// A file from its beginning, or from where it was left.
    pub fn new(path: &Path, id: FileId, print: Print) -> Tail {
        Tail { path: path.into(), id, print, file: None }
    }

    /// A file of which so much was read by others.
    pub fn read_up_to(path: &Path, id: FileId, position: u64) -> io::Result<Tail> {
        let file = File::open(path)?;
        let piece = |from: u64, to: u64| {
            let mut bytes = vec![0; (to - from) as usize];
            let count = fill(&file, &mut bytes, from)?;
            bytes.truncate(count);
            Ok::<Vec<u8>, io::Error>(bytes)
        };
        let print = Print {
            position,
            head: piece(0, position.min(HEAD as u64))?,
            overlap: piece(position.saturating_sub(OVERLAP as u64), position)?,
        };
        Ok(Tail { path: path.into(), id, print, file: None })
    }

    /// Opens it, if it still stands under its name. While it is open, its number is given to no other file.
    pub fn open(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            let file = File::open(&self.path)?;
            // If not, it was renamed; by whom it is found again is told from its name.
            self.file = (FileId::of(&file.metadata()?) == self.id).then_some(file);
        }
        Ok(())
    }

    /// Reads on into `buffer`, which is cleared.
    pub fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<Read> {
        self.open()?;
        let Some(file) = &self.file else { return Ok(Read::None) };
        let known = self.print.overlap.len();
        let there = file.metadata()?.len().saturating_sub(self.print.position);
        // Where a file's length says nothing, it is still read.
        let room = there.clamp(LEAST, STEP as u64) as usize;
        buffer.resize(known + room, 0);
        let count = fill(file, buffer, self.print.position - known as u64)?;
        buffer.truncate(count);
        if buffer.get(..known) != Some(&self.print.overlap) {
            buffer.clear();
            return Ok(Read::Cut);
        }
        buffer.drain(..known);
        self.print.see(buffer);
        Ok(if buffer.is_empty() { Read::None } else { Read::Some(buffer.len()) })
    }

    /// Bytes that were not read yet.
    pub fn unread(&self) -> u64 {
        let length = match &self.file {
            Some(file) => file.metadata(),
            None => std::fs::metadata(&self.path),
        };
        length.map_or(0, |metadata| metadata.len().saturating_sub(self.print.position))
    }

    /// Lets go of the file; it is opened again when it grows.
    pub fn close(&mut self) {
        self.file = None;
    }
}
