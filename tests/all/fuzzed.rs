//! The fuzz targets without a fuzzer: what was found before, and a bounded round of seeded changes to real lines.

use crate::support::repository;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/targets.rs"]
mod targets;

/// Inputs that once went wrong, in `tests/fuzz/found/TARGET/`.
#[test]
fn what_was_found_stays_mended() {
    for (name, target) in targets::ALL {
        for file in files(&repository().join("tests/fuzz/found").join(name)) {
            target(&fs::read(file).expect("it is committed"));
        }
    }
}

#[test]
fn seeded_changes_to_real_lines() {
    let seeds = seeds();
    for (name, target) in targets::ALL {
        let mut random = Random(0x5eed ^ name.len() as u64);
        let rounds = if name == "analyze" { 60 } else { 200 };
        for _ in 0..rounds {
            target(&changed(&seeds, &mut random));
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// The heads of small corpora, and lines of the pattern language.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for folder in files(&repository().join("corpora")).iter().filter(|path| path.is_dir()) {
        for file in files(folder).iter().filter(|path| path.is_file()) {
            let mut bytes = fs::read(file).expect("it is committed");
            bytes.truncate(6000);
            seeds.push(bytes);
        }
    }
    for file in files(&repository().join("grammars/formats")) {
        seeds.push(fs::read(file).expect("it is committed"));
    }
    seeds
}

/// Cuts, doubles, mixes and flips.
fn changed(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.of(seeds).clone();
    for _ in 0..random.below(6) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.below(256) as u8),
            2 => {
                let other = random.of(seeds);
                let from = random.below(other.len() + 1);
                let piece = other[from..].iter().take(random.below(400)).copied().collect::<Vec<u8>>();
                bytes.splice(at..at, piece);
            }
            3 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            _ => {
                let end = (at + random.below(300)).min(bytes.len());
                bytes.extend_from_within(at..end);
            }
        }
    }
    bytes
}

/// xorshift: the same round on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
