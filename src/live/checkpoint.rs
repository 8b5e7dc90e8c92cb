//! What is on disk of a watch: the evidence so far and where each stream goes on, so that a killed one loses nothing.
//!
//! A checkpoint is written beside the one before, made durable and put in its place, so there is always a whole one. It
//! carries a checksum. Bytes of pipes cannot be read again: those that no checkpoint holds stand in a spool for each pipe,
//! written as they come.

use super::status::Alarms;
use super::streams::SavedStreams;
use crate::template::stable_hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"relapse state 1\n";
const NAME: &str = "checkpoint";

/// Everything that a watch goes on from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Of the formats and signatures that the evidence was made with.
    pub knowledge: u64,
    pub streams: SavedStreams,
    pub alarms: Alarms,
    /// The spool of each pipe that belongs to this checkpoint.
    pub spools: BTreeMap<usize, u64>,
}

/// A folder of state, held by one process.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    /// Held as long as the state is.
    _lock: File,
    serial: u64,
    spools: BTreeMap<usize, Spool>,
    /// Spools of another process, which the next checkpoint makes needless.
    stale: Vec<PathBuf>,
}

#[derive(Debug)]
struct Spool {
    path: PathBuf,
    file: File,
}

/// What was found in a folder of state.
#[derive(Debug)]
pub enum Found {
    Nothing,
    Checkpoint(Box<Checkpoint>),
    /// Why it is of no use, and where it was put aside.
    Damaged(String, PathBuf),
}

impl State {
    /// Opens a folder, which is made if it is not there.
    pub fn open(folder: &Path) -> io::Result<(State, Found)> {
        fs::create_dir_all(folder)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::other("another relapse watches with this state; give each a folder of its own"));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let path = folder.join(NAME);
        let found = match fs::read(&path) {
            Ok(bytes) => match decode(&bytes) {
                Ok(checkpoint) => Found::Checkpoint(Box::new(checkpoint)),
                Err(why) => {
                    let aside = (1..).map(|at| folder.join(format!("{NAME}.damaged-{at}"))).find(|path| !path.exists());
                    let aside = aside.unwrap_or_else(|| folder.join("damaged"));
                    fs::rename(&path, &aside)?;
                    Found::Damaged(why, aside)
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Nothing,
            Err(error) => return Err(error),
        };
        let spools = spools(folder)?;
        let serial = spools.iter().map(|(serial, _)| *serial).max().unwrap_or(0);
        let stale = spools.into_iter().map(|(_, path)| path).collect();
        Ok((State { folder: folder.into(), _lock: lock, serial, spools: BTreeMap::new(), stale }, found))
    }

    /// The bytes of a pipe that a checkpoint does not hold.
    pub fn spooled(&self, pipe: usize, serial: u64) -> Vec<u8> {
        fs::read(spool_path(&self.folder, pipe, serial)).unwrap_or_default()
    }

    /// Keeps what came from a pipe before it is scanned.
    pub fn spool(&mut self, pipe: usize, bytes: &[u8]) -> io::Result<()> {
        let spool = match self.spools.entry(pipe) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert(Spool::begin(spool_path(&self.folder, pipe, self.serial), &[])?),
        };
        spool.file.write_all(bytes)
    }

    /// Writes a checkpoint; `held` are the bytes of each pipe that are not settled. If that fails, the one before stays,
    /// and so do its spools.
    pub fn write(&mut self, mut checkpoint: Checkpoint, held: &BTreeMap<usize, Vec<u8>>) -> io::Result<()> {
        let serial = self.serial + 1;
        checkpoint.spools = held.keys().map(|&pipe| (pipe, serial)).collect();
        let begun: io::Result<BTreeMap<usize, Spool>> = held
            .iter()
            .map(|(&pipe, bytes)| Ok((pipe, Spool::begin(spool_path(&self.folder, pipe, serial), bytes)?)))
            .collect();
        let spools = begun.and_then(|spools| self.put(&checkpoint).map(|()| spools));
        let spools = spools.inspect_err(|_| {
            held.keys().for_each(|&pipe| remove(&spool_path(&self.folder, pipe, serial)));
        })?;
        self.serial = serial;
        let before = std::mem::replace(&mut self.spools, spools).into_values().map(|spool| spool.path);
        before.chain(std::mem::take(&mut self.stale)).for_each(|path| remove(&path));
        Ok(())
    }

    fn put(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        let bytes = encode(checkpoint).map_err(io::Error::other)?;
        let fresh = self.folder.join(format!("{NAME}.new"));
        let mut file = File::create(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, self.folder.join(NAME))?;
        // The folder's entry as well; where that cannot be, the rename is as durable as the system makes it.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Spool {
    fn begin(path: PathBuf, held: &[u8]) -> io::Result<Spool> {
        let mut file = File::create(&path)?;
        file.write_all(held)?;
        Ok(Spool { path, file })
    }
}

fn spool_path(folder: &Path, pipe: usize, serial: u64) -> PathBuf {
    folder.join(format!("pipe-{pipe}.{serial}"))
}

/// What cannot be removed is in nobody's way.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

/// The spools in a folder, with their serials.
fn spools(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let serial = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.to_str()?.strip_prefix("pipe-")?.split_once('.')?.1.parse().ok()
    };
    Ok(fs::read_dir(folder)?.flatten().filter_map(|entry| Some((serial(&entry)?, entry.path()))).collect())
}

/// A checkpoint as it stands in its file.
pub fn encode(checkpoint: &Checkpoint) -> Result<Vec<u8>, postcard::Error> {
    let body = postcard::to_allocvec(checkpoint)?;
    Ok([MAGIC, &stable_hash(&body).to_le_bytes(), &body].concat())
}

/// Reads it back; what is wrong with it in words for the user.
pub fn decode(bytes: &[u8]) -> Result<Checkpoint, String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it is none of this version")?;
    let (sum, body) = rest.split_first_chunk::<8>().ok_or("it is cut short")?;
    if stable_hash(body).to_le_bytes() != *sum {
        return Err("its checksum does not fit".into());
    }
    postcard::from_bytes(body).map_err(|error| error.to_string())
}
