//! Content in pieces: plain files by range, streams one chunk after the other.
//!
//! Files are read, not mapped: a file that someone truncates while it is mapped would kill the reader.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Size of a chunk: large enough that its borders cost little, small enough to stay in a core's cache.
pub const CHUNK_BYTES: u64 = 1 << 20;

/// A file that can be read at any place.
#[derive(Debug)]
pub struct PlainFile {
    file: File,
    length: u64,
}

impl PlainFile {
    /// Opens a file; what is appended after this moment is not part of it.
    pub fn open(path: impl AsRef<Path>) -> io::Result<PlainFile> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(PlainFile { file, length })
    }

    pub fn length(&self) -> u64 {
        self.length
    }

    /// Reads `own` with up to `before` bytes before it, and on to the end of its last line, but at most `after` bytes.
    /// Returns where the bytes begin, and whether the file had become shorter.
    pub fn read(&self, own: &Range<u64>, before: u64, after: u64, buffer: &mut Vec<u8>) -> io::Result<(u64, bool)> {
        const STEP: u64 = 4 << 10;
        let base = own.start.saturating_sub(before);
        let limit = (own.end + after).min(self.length);
        let mut end = (own.end + STEP).min(limit);
        buffer.resize((end - base) as usize, 0);
        let mut filled = fill(&self.file, buffer, base)?;
        // The last line may go on for long; most do not.
        let own_len = (own.end - base) as usize;
        let ends = |buffer: &[u8]| {
            buffer.get(own_len.saturating_sub(1)..).is_none_or(|tail| memchr::memchr(b'\n', tail).is_some())
        };
        if filled == buffer.len() && end < limit && !ends(buffer) {
            end = limit;
            let old = buffer.len();
            buffer.resize((end - base) as usize, 0);
            filled = old + fill(&self.file, &mut buffer[old..], base + old as u64)?;
        }
        let shrank = filled < buffer.len();
        buffer.truncate(filled);
        Ok((base, shrank))
    }
}

/// Reads what a file has at a place, as far as the buffer goes; gives how much that was.
pub(super) fn fill(file: &File, mut buffer: &mut [u8], mut at: u64) -> io::Result<usize> {
    let mut filled = 0;
    while !buffer.is_empty() {
        match file.read_at(buffer, at) {
            Ok(0) => break,
            Ok(count) => {
                filled += count;
                at += count as u64;
                buffer = &mut buffer[count..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A chunk of a stream: its own bytes, and what stands before them.
#[derive(Debug, Default)]
pub struct StreamChunk {
    pub bytes: Vec<u8>,
    pub base: u64,
    pub own: Range<u64>,
    /// The stream's length, once its end is near enough to know it.
    pub length: Option<u64>,
}

/// Reads a decoded stream chunk by chunk. Chunks end at line ends, but for lines longer than a chunk.
pub struct StreamReader<'r> {
    source: Box<dyn Read + 'r>,
    /// How much of what came before each chunk carries along.
    context: usize,
    /// A chunk within this distance of the end must know the length.
    tail: u64,
    /// Context and what was read but not yet given out.
    carry: Vec<u8>,
    /// Where the undelivered part begins in `carry`.
    fresh: usize,
    position: u64,
    pending: Option<StreamChunk>,
    ended: bool,
    error: Option<io::Error>,
}

impl<'r> StreamReader<'r> {
    pub fn new(source: Box<dyn Read + 'r>, context: u64, tail: u64) -> StreamReader<'r> {
        StreamReader {
            source,
            context: context as usize + 1,
            tail,
            carry: Vec::new(),
            fresh: 0,
            position: 0,
            pending: None,
            ended: false,
            error: None,
        }
    }

    /// Bytes given out so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Why the stream ended before its end, if it did.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// The next chunk, in a buffer that may be a used one. Each is held back until it is known how far the end is.
    pub fn next(&mut self, mut buffer: Vec<u8>) -> Option<StreamChunk> {
        loop {
            let next = self.cut(std::mem::take(&mut buffer));
            let length = self.ended.then_some(self.position + (self.carry.len() - self.fresh) as u64);
            if let Some(pending) = &mut self.pending {
                pending.length = length.filter(|&length| pending.own.end + self.tail >= length);
            }
            match (self.pending.take(), next) {
                (Some(ready), next) => {
                    self.pending = next;
                    return Some(ready);
                }
                (None, Some(first)) => self.pending = Some(first),
                (None, None) => return None,
            }
        }
    }

    fn cut(&mut self, mut bytes: Vec<u8>) -> Option<StreamChunk> {
        self.fill();
        let fresh = &self.carry[self.fresh..];
        if fresh.is_empty() {
            return None;
        }
        let own_len = if self.ended {
            fresh.len()
        } else {
            // A line that fills the whole chunk is cut; only its first part is ever matched.
            memchr::memrchr(b'\n', fresh).map_or(fresh.len(), |at| at + 1)
        };
        let end = self.fresh + own_len;
        bytes.clear();
        bytes.extend_from_slice(&self.carry[..end]);
        let own = self.position..self.position + own_len as u64;
        let base = self.position - self.fresh as u64;
        let keep = end.saturating_sub(self.context);
        self.carry.drain(..keep);
        self.fresh = end - keep;
        self.position = own.end;
        Some(StreamChunk { bytes, base, own, length: None })
    }

    fn fill(&mut self) {
        let want = self.fresh + CHUNK_BYTES as usize;
        let mut filled = self.carry.len();
        if self.ended || filled >= want {
            return;
        }
        self.carry.resize(want, 0);
        while filled < want {
            match self.source.read(&mut self.carry[filled..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.error = Some(error);
                    self.ended = true;
                    break;
                }
            }
        }
        self.carry.truncate(filled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives out its bytes in uneven portions, as pipes do.
    struct Trickle(Vec<u8>, usize);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = buffer.len().min(self.0.len()).min(self.1 % 7919 + 1);
            self.1 = self.1.wrapping_mul(31).wrapping_add(17);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            Ok(count)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn chunks_follow_each_other_and_hold_everything(lines in proptest::collection::vec(0usize..200_000, 1..24), seed in any::<usize>()) {
            let mut content = Vec::new();
            for (at, len) in lines.iter().enumerate() {
                content.extend(std::iter::repeat_n(b'a' + (at % 26) as u8, *len));
                content.push(b'\n');
            }
            let mut reader = StreamReader::new(Box::new(Trickle(content.clone(), seed)), 100, 50);
            let mut at = 0;
            let mut last_length = None;
            while let Some(chunk) = reader.next(Vec::new()) {
                prop_assert_eq!(chunk.own.start, at);
                let start = (chunk.own.start - chunk.base) as usize;
                prop_assert!(start >= 101 || chunk.base == 0);
                prop_assert_eq!(&chunk.bytes[start..], &content[chunk.own.start as usize..chunk.own.end as usize]);
                at = chunk.own.end;
                last_length = chunk.length;
            }
            prop_assert_eq!(at, content.len() as u64);
            prop_assert_eq!(last_length, Some(content.len() as u64));
        }
    }
}
