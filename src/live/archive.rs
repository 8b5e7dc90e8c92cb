//! Where evidence is laid down that is too old to be looked at again before the end.
//!
//! In a folder of state each piece is a file, written once; without one it stays in memory. Either is packed and within
//! bounds, as the final diagnosis needs some sixty times the room: beyond them the oldest piece is let go, and the final
//! diagnosis says so.

use crate::evidence::Segment;
use crate::template::stable_hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

/// Packed evidence at most, in bytes: some 400,000 restarts.
const MOST: usize = 12 << 20;
/// Little gain for more work, and this runs beside the watch.
const LEVEL: i32 = 3;

/// Which stream of this watch, for all time.
pub type Uid = u64;

/// Pieces by stream and by where they begin.
#[derive(Debug)]
pub struct Archive {
    folder: Option<PathBuf>,
    /// Packed evidence at most, in bytes.
    most: usize,
    pieces: BTreeMap<(Uid, u64), Piece>,
    /// Pieces that were let go.
    lost: u64,
    /// Files of pieces that nobody wants any more.
    forgotten: Vec<PathBuf>,
}

/// A packed piece.
#[derive(Debug)]
enum Piece {
    Held(Vec<u8>),
    /// In a file, of so many bytes.
    Filed(usize),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Held(packed) => packed.len(),
            Piece::Filed(len) => *len,
        }
    }
}

impl Default for Archive {
    fn default() -> Archive {
        Archive { folder: None, most: MOST, pieces: BTreeMap::new(), lost: 0, forgotten: Vec::new() }
    }
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
        let len = |(uid, start)| fs::metadata(self.path(uid, start)?).ok().map(|found| found.len() as usize);
        self.pieces = index.pieces.into_iter().map(|key| (key, Piece::Filed(len(key).unwrap_or_default()))).collect();
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
        let bytes = postcard::to_allocvec(piece).map_err(io::Error::other)?;
        let packed = zstd::bulk::compress(&bytes, LEVEL)?;
        let packed = [&stable_hash(&packed).to_le_bytes()[..], &packed].concat();
        let held = match self.path(uid, piece.start) {
            Some(path) => {
                fs::write(&path, &packed)?;
                self.forgotten.retain(|forgotten| *forgotten != path);
                Piece::Filed(packed.len())
            }
            None => Piece::Held(packed),
        };
        self.pieces.insert((uid, piece.start), held);
        self.let_go();
        Ok(())
    }

    fn let_go(&mut self) {
        let mut all: usize = self.pieces.values().map(Piece::len).sum();
        while all > self.most
            && let Some(((uid, start), piece)) = self.pieces.pop_first()
        {
            all -= piece.len();
            self.lost += 1;
            self.forgotten.extend(self.path(uid, start));
        }
    }

    /// All pieces of a stream, joined; None if one is damaged or missing. Each is read when it is its turn: together they
    /// would take far more room than what they come to.
    pub fn joined(&self, uid: Uid) -> Option<Segment> {
        self.of(uid).try_fold(Segment::default(), |mut all, (start, held)| {
            let piece = match held {
                Piece::Held(packed) => unpack(packed),
                Piece::Filed(_) => unpack(&fs::read(self.path(uid, start)?).ok()?),
            };
            all.append(piece.ok()?);
            Some(all)
        })
    }

    fn of(&self, uid: Uid) -> impl Iterator<Item = (u64, &Piece)> {
        let range = self.pieces.range((uid, 0)..=(uid, u64::MAX));
        range.map(|(&(_, start), piece)| (start, piece))
    }

    /// Takes back a piece that was laid down.
    pub fn take_back(&mut self, uid: Uid, start: u64) {
        self.pieces.remove(&(uid, start));
        self.forgotten.extend(self.path(uid, start));
    }

    /// Forgets the pieces of a stream; false if there were none.
    pub fn forget(&mut self, uid: Uid) -> bool {
        let starts: Vec<u64> = self.of(uid).map(|(start, _)| start).collect();
        starts.iter().for_each(|&start| self.take_back(uid, start));
        !starts.is_empty()
    }

    /// Removes the files of what was forgotten: to be called once no checkpoint names them any more.
    pub fn sweep(&mut self) {
        for path in self.forgotten.drain(..) {
            // Another time, or never: it is in nobody's way.
            let _ = fs::remove_file(path);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_let_go() {
        let folder = tempfile::tempdir().expect("a folder");
        for place in [None, Some(folder.path().to_path_buf())] {
            let mut archive = Archive { most: 200, ..Archive::new(place) };
            for start in 0..10 {
                archive.lay_down(7, &Segment::new(start, start + 1)).expect("there is room");
            }
            assert!(archive.lost() > 0);
            assert_eq!(archive.of(7).last().map(|(start, _)| start), Some(9));
            archive.sweep();
            let left = fs::read_dir(folder.path()).expect("a folder").count();
            assert!(left == 0 || left == 10 - archive.lost() as usize, "{left} files");
        }
    }
}
