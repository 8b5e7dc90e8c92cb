//! Streams in a checkpoint, and how they go on from there.

use super::kept::{Live, Still, Whole};
use super::{Streams, problem};
use crate::evidence::{Problem, Stream};
use crate::gather::guide;
use crate::input::follow::{Key, Place};
use crate::input::{Input, InputKind, PlainFile};
use crate::live::archive::{Index, Uid};
use crate::live::growing::{Growing, Resume};
use crate::live::now_ns;
use crate::scan::Scanner;
use crate::template::stable_hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The formats and signatures of a scanner as a number.
pub fn knowledge(scanner: &Scanner) -> u64 {
    let written = postcard::to_allocvec(&(scanner.catalog.formats(), scanner.pack.signatures()));
    // What cannot be written is known by its version alone.
    let written = written.unwrap_or_default();
    stable_hash(&[env!("CARGO_PKG_VERSION").as_bytes(), &written].concat())
}

/// One stream in a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub path: String,
    pub uid: Uid,
    /// None for a pipe.
    pub place: Option<Place>,
    /// None where its bytes must be read again.
    pub resume: Option<Resume>,
    /// Up to here its lines were told of.
    pub told: u64,
}

/// All streams in a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedStreams {
    pub files: Vec<Saved>,
    pub pipes: Vec<(usize, Saved)>,
    pub gone: BTreeMap<String, Still>,
    pub wholes: BTreeMap<String, Whole>,
    pub era: u64,
    pub next_uid: Uid,
    pub archive: Index,
    /// As JSON, which leaves members out.
    pub past: String,
}

impl Streams {
    /// What evidence is made with, as a number: what was made with other knowledge does not go on.
    pub fn knowledge(&self) -> u64 {
        self.knowledge
    }

    pub fn save(&self) -> SavedStreams {
        let saved = |live: &Live, place: Option<Place>| Saved {
            path: live.path.clone(),
            uid: live.uid,
            place,
            resume: live.growing.resume(),
            told: live.growing.told().0,
        };
        SavedStreams {
            files: self.files.iter().map(|(&key, live)| saved(live, self.follower.place(key))).collect(),
            pipes: self.pipes.iter().map(|(&pipe, live)| (pipe, saved(live, None))).collect(),
            gone: self.gone.clone(),
            wholes: self.wholes.clone(),
            era: self.era,
            next_uid: self.next_uid,
            archive: self.archive.index(),
            past: serde_json::to_string(&self.past).unwrap_or_default(),
        }
    }

    /// The bytes of each pipe that no checkpoint of its evidence holds.
    pub fn held(&self) -> BTreeMap<usize, Vec<u8>> {
        self.pipes.iter().map(|(&pipe, live)| (pipe, live.growing.held().to_vec())).collect()
    }

    /// Goes on where a checkpoint left; what it did not hold of a pipe is to be pushed again. With `anew`, all that can be
    /// read again is.
    pub fn resume(&mut self, saved: SavedStreams, anew: bool, notes: &mut Vec<Problem>) {
        self.gone = saved.gone;
        self.has_settled = true;
        (self.era, self.next_uid) = (saved.era + 1, saved.next_uid);
        self.archive.resume(saved.archive);
        self.past = serde_json::from_str(&saved.past).unwrap_or_default();
        for (path, whole) in saved.wholes {
            match self.follower.is_there(&path, whole.bytes, whole.modified_ns) {
                true if anew => whole.streams.into_values().for_each(|still| self.forget(still.uid)),
                true => {
                    self.follower.know(&path);
                    self.wholes.insert(path, whole);
                }
                false => whole.streams.into_iter().for_each(|(path, still)| self.keep_gone(&path, still)),
            }
        }
        for mut file in saved.files {
            if anew {
                file.resume = None;
            }
            let Some(place) = file.place.clone() else { continue };
            let settled = file.resume.as_ref().map_or(0, |resume| resume.settled.end());
            match self.follower.go_on(place, settled) {
                Some((key, path)) => self.go_on(key, path, file),
                None => {
                    let Some(resume) = file.resume else {
                        notes.push(problem(&file.path, "it is gone since the last checkpoint".into(), "", false));
                        continue;
                    };
                    let eras = resume.settled;
                    let known = Stream {
                        length: Some(eras.end()),
                        head: Some(stable_hash(&resume.head)),
                        own_words: resume.idiom.told().collect(),
                        ..Stream::default()
                    };
                    let still = Still { uid: file.uid, known, eras };
                    self.keep_gone(&file.path, still);
                }
            }
        }
        for (pipe, saved) in saved.pipes {
            let clock = self.clock();
            let mut growing = match saved.resume {
                Some(resume) => Growing::going_on(resume, clock),
                None => Growing::new(clock),
            };
            growing.tell_from(saved.told);
            self.pipes.insert(pipe, Live::new(saved.uid, saved.path, growing, None));
        }
    }

    fn go_on(&mut self, key: Key, path: PathBuf, saved: Saved) {
        let shown = path.display().to_string();
        let metadata = std::fs::metadata(&path);
        let input = Input {
            path: shown.clone(),
            file: path,
            kind: InputKind::Plain,
            named: true,
            bytes: metadata.map_or(0, |metadata| metadata.len()),
            modified_ns: Some(now_ns()),
        };
        let clock = self.clock();
        let guide = PlainFile::open(&input.file).and_then(|file| {
            self.gather(&input, |gatherer| {
                guide::of_file(&self.scanner, &file, gatherer.clock(&input.path, input.modified_ns))
            })
        });
        let growing = match (saved.resume, guide) {
            (Some(resume), Ok(guide)) if guide.idiom == resume.idiom => {
                let end = resume.settled.end();
                let mut growing = Growing::going_on(resume, guide.clock);
                growing.push(&self.follower.before(key, Growing::context(end), end));
                growing
            }
            _ => {
                self.forget(saved.uid);
                self.follower.skip_to(key, 0);
                let mut growing = Growing::new(clock);
                growing.tell_from(saved.told);
                growing
            }
        };
        self.files.insert(key, Live::new(saved.uid, shown, growing, Some(input)));
    }
}
