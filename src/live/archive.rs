//! Where evidence is laid down that is too old to be looked at again before the end.
//!
//! In a folder of state each piece is a file, written once. Without one it stays in memory, packed, within bounds: then
//! the oldest is let go, and the final diagnosis says so.

use crate::evidence::Segment;
use crate::template::stable_hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Packed evidence in memory at most, in bytes.
const MOST: usize = 12 << 20;
/// Little gain for more work, and this runs beside the watch.
const LEVEL: i32 = 3;

/// Which stream of this watch, for all time.
pub type Uid = u64;

/// Pieces by stream and by where they begin.
#[derive(Debug, Default)]
pub struct Archive {
    folder: Option<PathBuf>,
    pieces: BTreeMap<(Uid, u64), Option<Vec<u8>>>,
    /// Pieces that were let go.
    lost: u64,
}

/// What a checkpoint keeps of an archive: which pieces there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    pieces: Vec<(Uid, u64)>,
    lost: u64,
}

impl Archive {
    pub fn new(folder: Option<PathBuf>) -> Archive {
        Archive { folder, ..Archive::default() }
    }

    /// Takes over the pieces that another process laid down.
    pub fn resume(&mut self, index: Index) {
        self.pieces = index.pieces.into_iter().map(|key| (key, None)).collect();
        self.lost = index.lost;
    }

    pub fn index(&self) -> Index {
        Index { pieces: self.pieces.keys().copied().collect(), lost: self.lost }
    }

    /// Pieces that could not be kept.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn path(&self, uid: Uid, start: u64) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("era-{uid}-{start}")))
    }

    /// Lays down a piece of a stream.
    pub fn lay_down(&mut self, uid: Uid, piece: &Segment) -> io::Result<()> {
        let start = piece.start;
        let bytes = postcard::to_allocvec(piece).map_err(io::Error::other)?;
        let packed = zstd::bulk::compress(&bytes, LEVEL)?;
        let sum = stable_hash(&packed).to_le_bytes();
        let packed = [&sum[..], &packed].concat();
        match self.path(uid, start) {
            Some(path) => {
                fs::write(path, packed)?;
                self.pieces.insert((uid, start), None);
            }
            None => {
                self.pieces.insert((uid, start), Some(packed));
                self.let_go();
            }
        }
        Ok(())
    }

    fn let_go(&mut self) {
        let mut held: usize = self.pieces.values().flatten().map(Vec::len).sum();
        while held > MOST
            && let Some((_, piece)) = self.pieces.pop_first()
        {
            held -= piece.map_or(0, |piece| piece.len());
            self.lost += 1;
        }
    }

    /// The pieces of a stream in order, each read when it is asked for; None for one that is damaged or missing.
    fn pieces(&self, uid: Uid) -> impl Iterator<Item = Option<Segment>> {
        let range = self.pieces.range((uid, 0)..=(uid, u64::MAX));
        range.map(|(&(uid, start), held)| match held {
            Some(packed) => unpack(packed).ok(),
            None => unpack(&fs::read(self.path(uid, start)?).ok()?).ok(),
        })
    }

    /// All pieces of a stream, joined; None if one is damaged or missing. One after the other: together they would take
    /// far more room than what they come to.
    pub fn joined(&self, uid: Uid) -> Option<Segment> {
        self.pieces(uid).try_fold(Segment::default(), |mut all, piece| {
            all.append(piece?);
            Some(all)
        })
    }

    /// Whether all pieces of a stream can be read, and there are any.
    pub fn is_whole(&self, uid: Uid) -> bool {
        let mut pieces = self.pieces(uid).peekable();
        pieces.peek().is_some() && pieces.all(|piece| piece.is_some())
    }

    /// Forgets the pieces of a stream.
    pub fn forget(&mut self, uid: Uid) {
        let keys: Vec<(Uid, u64)> = self.pieces.range((uid, 0)..=(uid, u64::MAX)).map(|(key, _)| *key).collect();
        for (uid, start) in keys {
            self.pieces.remove(&(uid, start));
            if let Some(path) = self.path(uid, start) {
                // The checkpoint before this may still name it; it is then told as missing.
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn unpack(packed: &[u8]) -> io::Result<Segment> {
    let (sum, packed) = packed.split_first_chunk::<8>().ok_or_else(|| io::Error::other("it is cut short"))?;
    if stable_hash(packed).to_le_bytes() != *sum {
        return Err(io::Error::other("its checksum does not fit"));
    }
    let bytes = zstd::stream::decode_all(packed)?;
    postcard::from_bytes(&bytes).map_err(io::Error::other)
}
