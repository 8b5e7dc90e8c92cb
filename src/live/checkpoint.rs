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
}

#[derive(Debug)]
struct Spool {
    serial: u64,
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
        let serial = match &found {
            Found::Checkpoint(checkpoint) => checkpoint.spools.values().copied().max().unwrap_or(0),
            // None that is there belongs to anything.
            _ => serials(folder)?.max().unwrap_or(0),
        };
        Ok((State { folder: folder.into(), _lock: lock, serial, spools: BTreeMap::new() }, found))
    }

    /// The bytes of a pipe that a checkpoint does not hold.
    pub fn spooled(&self, pipe: usize, serial: u64) -> Vec<u8> {
        fs::read(self.spool_path(pipe, serial)).unwrap_or_default()
    }

    /// Keeps what came from a pipe before it is scanned.
    pub fn spool(&mut self, pipe: usize, bytes: &[u8]) -> io::Result<()> {
        if !self.spools.contains_key(&pipe) {
            self.begin_spool(pipe, self.serial, &[])?;
        }
        match self.spools.get_mut(&pipe) {
            Some(spool) => spool.file.write_all(bytes),
            None => Ok(()),
        }
    }

    fn begin_spool(&mut self, pipe: usize, serial: u64, held: &[u8]) -> io::Result<()> {
        let mut file = File::create(self.spool_path(pipe, serial))?;
        file.write_all(held)?;
        self.spools.insert(pipe, Spool { serial, file });
        Ok(())
    }

    fn spool_path(&self, pipe: usize, serial: u64) -> PathBuf {
        self.folder.join(format!("pipe-{pipe}.{serial}"))
    }

    /// Writes a checkpoint; `held` are the bytes of each pipe that are not settled.
    pub fn write(&mut self, mut checkpoint: Checkpoint, held: &BTreeMap<usize, Vec<u8>>) -> io::Result<()> {
        let serial = self.serial + 1;
        let before: Vec<(usize, u64)> = self.spools.iter().map(|(&pipe, spool)| (pipe, spool.serial)).collect();
        for (&pipe, bytes) in held {
            self.begin_spool(pipe, serial, bytes)?;
            checkpoint.spools.insert(pipe, serial);
        }
        let bytes = encode(&checkpoint).map_err(io::Error::other)?;
        let fresh = self.folder.join(format!("{NAME}.new"));
        let mut file = File::create(&fresh)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, self.folder.join(NAME))?;
        // The folder's entry as well; where that cannot be, the rename is as durable as the system makes it.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        self.serial = serial;
        for (pipe, serial) in before {
            let _ = fs::remove_file(self.spool_path(pipe, serial));
        }
        Ok(())
    }
}

/// The serials of all spools in a folder.
fn serials(folder: &Path) -> io::Result<impl Iterator<Item = u64>> {
    let serial =
        |entry: fs::DirEntry| entry.file_name().to_str()?.strip_prefix("pipe-")?.split_once('.')?.1.parse().ok();
    Ok(fs::read_dir(folder)?.flatten().filter_map(serial))
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
