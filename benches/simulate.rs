//! Diagnoses simulated incidents and says how well: `cargo bench --bench simulate -- [--incidents N] [--healthy N]
//! [--seed S] [--misses N] [--ablation]`, or `--write SEED DIR` (`--write-healthy SEED DIR`) to look at one.

#[path = "../tests/all/simulator/mod.rs"]
#[allow(dead_code)]
mod simulator;

use rayon::prelude::*;
use relapse::diagnosis::Without;
use simulator::judge::{Judge, Outcome, write};
use simulator::scenario;
use simulator::tally::{Tally, miss};
use simulator::truth::Incident;
use std::path::Path;
use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--write", seed, folder] => show(&scenario::ill(number(seed)), folder),
        ["--write-healthy", seed, folder] => show(&scenario::healthy(number(seed)), folder),
        _ => match arguments.split_last() {
            Some((&"--ablation", others)) => ablate(&Sample::of(others)),
            _ => measure(&Sample::of(&arguments)),
        },
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("'{text}' is no number"))
}

/// Writes one incident's files, and says what is true of it.
fn show(incident: &Incident, folder: &str) {
    write(incident, Path::new(folder)).expect("the files are written");
    println!("{:#?}", incident.truth);
    println!("{}", miss(&Judge::default().judge(incident)));
}

/// Which incidents are simulated, and how many misses are shown.
struct Sample {
    incidents: u64,
    healthy: u64,
    seed: u64,
    misses: u64,
}

impl Sample {
    fn of(arguments: &[&str]) -> Sample {
        let mut sample = Sample { incidents: 1000, healthy: 500, seed: 1, misses: 20 };
        for pair in arguments.chunks(2) {
            match pair {
                ["--incidents", n] => sample.incidents = number(n),
                ["--healthy", n] => sample.healthy = number(n),
                ["--seed", n] => sample.seed = number(n),
                ["--misses", n] => sample.misses = number(n),
                _ => panic!("unknown: {pair:?}; --ablation comes last"),
            }
        }
        sample
    }

    fn outcomes(&self, judge: &Judge) -> Vec<Outcome> {
        let ill = (self.seed..self.seed + self.incidents).into_par_iter().map(|seed| judge.judge(&scenario::ill(seed)));
        let mut outcomes: Vec<Outcome> = ill.collect();
        let well = (self.seed..self.seed + self.healthy).into_par_iter();
        outcomes.par_extend(well.map(|seed| judge.judge(&scenario::healthy(seed))));
        outcomes
    }
}

fn tally(outcomes: &[Outcome]) -> Tally {
    let mut tally = Tally::default();
    outcomes.iter().for_each(|outcome| tally.add(outcome));
    tally
}

fn measure(sample: &Sample) {
    let start = Instant::now();
    let outcomes = sample.outcomes(&Judge::default());
    let tally = tally(&outcomes);
    let wrong: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.is_right()).collect();
    wrong.iter().take(sample.misses as usize).for_each(|outcome| println!("{}", miss(outcome)));
    println!("{}", tally.tables());
    let Sample { incidents, healthy, seed, .. } = sample;
    println!("{incidents} incidents and {healthy} healthy from seed {seed} in {:.1?}", start.elapsed());
    println!("{} told without a mistake\n{}", outcomes.len() - wrong.len(), tally.figures());
}

/// What each part of the reasoning adds: the same incidents without it.
fn ablate(sample: &Sample) {
    let parts = [
        ("nothing", Without::Nothing),
        ("precedence", Without::Precedence),
        ("priors", Without::Priors),
        ("sufficiency", Without::Sufficiency),
        ("templates", Without::Templates),
    ];
    for (name, without) in parts {
        let mut judge = Judge::default();
        judge.without = without;
        let outcomes = sample.outcomes(&judge);
        println!("without {name}\n{}\n", tally(&outcomes).figures());
    }
}
