//! Whatever happens to a log and to its watch: each line is counted once, and the end is what `analyze` says.

use crate::support::Place;
use crate::watch::running::{Running, lines, same};
use crate::watch::writing::{Chance, analyzed, append, compress, numbered};
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

/// What may happen.
#[derive(Clone, Copy, Debug)]
enum Step {
    Append,
    AppendHalfALine,
    Rename,
    CopyAndCut,
    CompressOldest,
    Pause,
    /// The watch ends; another one goes on, at once or later.
    End,
    /// The watch is killed; another one goes on, at once or later.
    Kill,
}

const STEPS: [Step; 12] = [
    Step::Append,
    Step::Append,
    Step::Append,
    Step::AppendHalfALine,
    Step::Rename,
    Step::Rename,
    Step::CopyAndCut,
    Step::CompressOldest,
    Step::Pause,
    Step::Pause,
    Step::End,
    Step::Kill,
];

struct Model {
    place: Place,
    log: PathBuf,
    written: u64,
    /// What is missing of the last line.
    rest: String,
    /// Plain pieces and compressed ones, oldest first.
    pieces: Vec<String>,
    rotations: u32,
    watch: Option<Running>,
}

impl Model {
    fn new() -> Model {
        let place = Place::new();
        let log = place.file("logs/worker.log", "");
        let mut model =
            Model { place, log, written: 0, rest: String::new(), pieces: Vec::new(), rotations: 0, watch: None };
        model.start();
        model
    }

    fn start(&mut self) {
        let arguments = ["--state", "state", "--checkpoint-every", "50ms", "--line-timeout", "1h", "logs"];
        self.watch = Some(Running::start(self.place.path(), &arguments));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join("logs").join(name)
    }

    fn append(&mut self, count: u64) {
        let text = std::mem::take(&mut self.rest) + &numbered(self.written..self.written + count);
        append(&self.log, text);
        self.written += count;
    }

    /// The name of the next piece; a writer ends its line before it lets go of a file.
    fn next_piece(&mut self) -> String {
        append(&self.log, std::mem::take(&mut self.rest));
        self.rotations += 1;
        let name = format!("worker.log-202602{:02}", self.rotations);
        self.pieces.push(name.clone());
        name
    }

    fn take(&mut self, step: Step, chance: &mut Chance) {
        match step {
            Step::Append => self.append(1 + chance.below(60)),
            Step::AppendHalfALine => {
                self.append(1);
                let text = numbered(self.written..self.written + 1);
                let (half, rest) = text.split_at(1 + chance.below(text.len() as u64 - 1) as usize);
                append(&self.log, half);
                self.rest = rest.into();
                self.written += 1;
            }
            Step::Rename => {
                let name = self.next_piece();
                fs::rename(&self.log, self.path(&name)).expect("it is renamed");
                self.append(1);
            }
            Step::CopyAndCut => {
                let name = self.next_piece();
                fs::copy(&self.log, self.path(&name)).expect("it is copied");
                File::options().write(true).truncate(true).open(&self.log).expect("it is cut");
                self.append(1);
            }
            Step::CompressOldest => {
                if let Some(piece) = self.pieces.iter_mut().find(|piece| !piece.ends_with(".gz")) {
                    let packed = format!("{piece}.gz");
                    let folder = self.place.path().join("logs");
                    compress(&folder.join(&*piece), &folder.join(&packed));
                    *piece = packed;
                }
            }
            Step::Pause => std::thread::sleep(Duration::from_millis(chance.below(400))),
            Step::End => {
                if let Some(watch) = self.watch.take() {
                    assert_eq!(watch.stop().stderr, "");
                }
            }
            Step::Kill => self.watch.take().map_or((), Running::kill),
        }
        if self.watch.is_none() && chance.below(2) == 0 {
            self.start();
        }
    }

    /// Ends what is open, and counts.
    fn check(mut self, about: &str) {
        append(&self.log, std::mem::take(&mut self.rest));
        if self.watch.is_none() {
            self.start();
        }
        let mut watch = self.watch.take().expect("it runs");
        watch.wait_for_lines(self.written);
        let seen = watch.stop().diagnosis();
        assert_eq!(lines(&seen), self.written, "{about}: {:#}", seen["inputs"]);
        same(&seen, &analyzed(&self.place, &["logs"]), about);
    }
}

fn check(seed: u64) {
    let mut chance = Chance(seed);
    let steps: Vec<Step> =
        (0..4 + chance.below(12)).map(|_| STEPS[chance.below(STEPS.len() as u64) as usize]).collect();
    let mut model = Model::new();
    model.append(1 + chance.below(100));
    for &step in &steps {
        model.take(step, &mut chance);
    }
    model.check(&format!("seed {seed}: {steps:?}"));
}

/// Further seeds: `RELAPSE_SEEDS=100..200 cargo test --test all -- watch::model`.
#[test]
fn whatever_happens() {
    let seeds = std::env::var("RELAPSE_SEEDS").unwrap_or_else(|_| "0..10".into());
    let (from, to) = seeds.split_once("..").expect("a range");
    for seed in from.parse().expect("a number")..to.parse().expect("a number") {
        check(seed);
    }
}
