//! The stages of an analysis, each as a function over made-up data: what `stages` times and `instructions` counts.

#[path = "../../corpora/generate.rs"]
#[allow(dead_code)]
mod corpora;

use jiff::tz::TimeZone;
use relapse::diagnosis::{Diagnosis, Question};
use relapse::evidence::Evidence;
use relapse::finder;
use relapse::grammar::{Clock, Reader, Reading, SECOND, Time, head};
use relapse::scan::idiom::Idiom;
use relapse::scan::{Chunk, Guide, Options, Scanner};
use relapse::template::skeleton;
use std::hint::black_box;

/// Bytes of each corpus.
const BYTES: u64 = 2 << 20;
/// Bytes that are scanned at a time, as `gather` does.
const CHUNK: usize = 1 << 20;

/// A stage by its name.
pub struct Stage {
    pub name: &'static str,
    /// What it works on: a kind of corpus.
    pub corpus: &'static str,
    pub run: fn(&Data),
}

/// In the order of the work; the first two are the limits that the others stand beside.
pub const STAGES: [Stage; 15] = [
    Stage { name: "copy", corpus: "text", run: |data| drop(black_box(data.text.to_vec())) },
    Stage { name: "count lines", corpus: "text", run: count_lines },
    Stage { name: "line ends", corpus: "text", run: line_ends },
    Stage { name: "heads", corpus: "text", run: heads },
    Stage { name: "find", corpus: "text", run: |data| find(&data.scanner, data) },
    Stage { name: "find, portable", corpus: "text", run: |data| find(&data.portable, data) },
    Stage { name: "read", corpus: "text", run: read },
    Stage { name: "read objects", corpus: "ndjson", run: read },
    Stage { name: "templates", corpus: "storm", run: templates },
    Stage { name: "scan", corpus: "text", run: |data| drop(scan(&data.scanner, data)) },
    Stage { name: "scan objects", corpus: "ndjson", run: |data| drop(scan(&data.scanner, data)) },
    Stage { name: "scan a storm", corpus: "storm", run: |data| drop(scan(&data.scanner, data)) },
    Stage { name: "merge", corpus: "storm", run: merge },
    Stage { name: "diagnose", corpus: "text", run: diagnose },
    Stage { name: "start", corpus: "text", run: |_| drop(black_box(Scanner::built_in(Options::default()))) },
];

/// What stages work on.
pub struct Data {
    pub text: Vec<u8>,
    scanner: Scanner,
    portable: Scanner,
    /// Of each chunk by itself.
    pieces: Vec<Evidence>,
    whole: Evidence,
}

impl Data {
    pub fn of(corpus: &str) -> Data {
        let mut text = Vec::new();
        corpora::large(corpus, BYTES, 1, &mut text).expect("a kind of corpus");
        let scanner = Scanner::built_in(Options::default());
        let mut portable = Scanner::built_in(Options::default());
        portable.matcher = portable.matcher.portable();
        let mut data = Data { text, scanner, portable, pieces: Vec::new(), whole: Evidence::default() };
        data.pieces = scan(&data.scanner, &data);
        data.whole = joined(&data.pieces);
        data
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split(|&byte| byte == b'\n')
    }
}

fn clock() -> Clock {
    Clock::new(TimeZone::UTC, Time::new(1_798_675_200 * SECOND, 0))
}

fn count_lines(data: &Data) {
    black_box(memchr::memchr_iter(b'\n', black_box(&data.text)).count());
}

fn line_ends(data: &Data) {
    let mut ends = Vec::new();
    finder::line_ends(&data.text, 0, &mut ends);
    black_box(ends);
}

fn heads(data: &Data) {
    black_box(data.lines().filter(|line| head::of(line) == head::Head::Record).count());
}

fn find(scanner: &Scanner, data: &Data) {
    let mut places = Vec::new();
    scanner.matcher.propose(&scanner.pack, &data.text, 0, &mut places);
    black_box(places);
}

fn read(data: &Data) {
    let reader = Reader::of(&data.scanner.catalog);
    let (clock, mut reading) = (clock(), Reading::default());
    for line in data.lines() {
        reader.read_into(line, &clock, &mut reading);
        black_box(&reading);
    }
}

fn templates(data: &Data) {
    data.lines().for_each(|line| drop(black_box(skeleton(line))));
}

/// The evidence of each chunk.
fn scan(scanner: &Scanner, data: &Data) -> Vec<Evidence> {
    let guide = Guide { clock: clock(), idiom: Idiom::default() };
    let length = data.text.len();
    let scan = |start: usize| {
        let own = start as u64..(start + CHUNK).min(length) as u64;
        let chunk = Chunk { bytes: &data.text, base: 0, own, length: Some(length as u64) };
        let mut evidence = Evidence::default();
        evidence.add("corpus.log", scanner.scan(&chunk, &guide)).expect("each chunk comes once");
        evidence
    };
    (0..length).step_by(CHUNK).map(scan).collect()
}

fn joined(pieces: &[Evidence]) -> Evidence {
    let join = |all: Evidence, piece: &Evidence| all.merge(piece.clone()).expect("each chunk comes once");
    pieces.iter().fold(Evidence::default(), join)
}

fn merge(data: &Data) {
    black_box(joined(&data.pieces));
}

fn diagnose(data: &Data) {
    black_box(Diagnosis::of(&data.whole, &data.scanner.pack, &Question::default()));
}
