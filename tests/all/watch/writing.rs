//! Writes logs: numbered lines for those who count, and the lives of a service for those who judge.

use crate::support::Place;
use serde_json::Value;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

/// Some numbered lines, each an error with a time of its own.
pub fn numbered(numbers: std::ops::Range<u64>) -> String {
    let line = |number: u64| {
        let (minutes, seconds, millis) = (number / 60_000, number / 1000 % 60, number % 1000);
        format!(
            "2026-02-03T04:{minutes:02}:{seconds:02}.{millis:03}Z ERROR worker: job {number} failed: disk is full\n"
        )
    };
    numbers.map(line).collect()
}

/// Appends to a file, which is made if it is not there.
#[track_caller]
pub fn append(path: &Path, bytes: impl AsRef<[u8]>) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the file opens");
    file.write_all(bytes.as_ref()).expect("the file is written");
}

/// Replaces a file by its compressed self.
#[track_caller]
pub fn compress(from: &Path, to: &Path) {
    let part = to.with_extension("part.tmp");
    fs::write(&part, gzip(&fs::read(from).expect("it is there"))).expect("it is written");
    fs::rename(&part, to).expect("it is renamed");
    fs::remove_file(from).expect("it is removed");
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).expect("into memory");
    gzip.finish().expect("into memory")
}

/// What `analyze` says of some paths in a folder.
#[track_caller]
pub fn analyzed(place: &Place, paths: &[&str]) -> Value {
    let ran = place.relapse(&[&["analyze", "--tz", "UTC", "--format", "json"], paths].concat());
    ran.json()
}

/// What `analyze` says of bytes on its standard input.
#[track_caller]
pub fn analyzed_bytes(bytes: &[u8]) -> Value {
    let place = Place::new();
    let mut command = crate::support::command(place.path(), &["analyze", "--tz", "UTC", "--format", "json", "-"]);
    crate::support::run_with_input(&mut command, bytes).json()
}

/// Chance that is the same each time.
pub struct Chance(pub u64);

impl Chance {
    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The journal of a unit named `relay` that fails: what its runs say, at times around now.
pub struct Journal {
    at: jiff::Timestamp,
    runs: u32,
}

impl Journal {
    /// Its first line tells of a moment some seconds ago.
    pub fn since(seconds: i64) -> Journal {
        Journal { at: jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds), runs: 0 }
    }

    fn line(&mut self, from: &str, text: &str) -> String {
        self.at += jiff::SignedDuration::from_millis(100);
        format!("{} box7 {from}: {text}\n", self.at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"))
    }

    pub fn start(&mut self) -> String {
        self.runs += 1;
        self.line("systemd[1]", "Started relay.service - Relay.")
    }

    /// A line of the program itself.
    pub fn say(&mut self, text: &str) -> String {
        let from = format!("relay[{}]", 900 + self.runs);
        self.line(&from, text)
    }

    pub fn fail(&mut self) -> String {
        let runs = self.runs;
        [
            self.say("Error: listen EADDRINUSE: address already in use 127.0.0.1:18790"),
            self.line("systemd[1]", "relay.service: Main process exited, code=exited, status=1/FAILURE"),
            self.line("systemd[1]", "relay.service: Failed with result 'exit-code'."),
            self.line("systemd[1]", &format!("relay.service: Scheduled restart job, restart counter is at {runs}.")),
        ]
        .concat()
    }

    /// So many runs that fail; the last line tells of a start.
    pub fn restarts(&mut self, count: usize) -> String {
        (0..count).map(|_| self.fail() + &self.start()).collect()
    }

    pub fn ready(&mut self) -> String {
        self.say("server listening on http://127.0.0.1:18790")
    }

    /// Time goes by without a line.
    pub fn pass(&mut self, seconds: i64) {
        self.at += jiff::SignedDuration::from_secs(seconds);
    }
}
