//! Diagnoses simulated incidents and says how well: `cargo bench --bench simulate -- [--incidents N] [--healthy N]
//! [--seed S] [--misses N]`, or `--write SEED DIR` (`--write-healthy SEED DIR`) to look at one.

#[path = "../tests/all/simulator/mod.rs"]
#[allow(dead_code)]
mod simulator;

use rayon::prelude::*;
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
        _ => measure(&arguments),
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

fn measure(arguments: &[&str]) {
    let (mut incidents, mut healthy, mut seed, mut misses) = (1000, 500, 1, 20);
    for pair in arguments.chunks(2) {
        match pair {
            ["--incidents", n] => incidents = number(n),
            ["--healthy", n] => healthy = number(n),
            ["--seed", n] => seed = number(n),
            ["--misses", n] => misses = number(n),
            _ => panic!("unknown: {pair:?}"),
        }
    }
    let judge = Judge::default();
    let start = Instant::now();
    let mut outcomes: Vec<Outcome> =
        (seed..seed + incidents).into_par_iter().map(|seed| judge.judge(&scenario::ill(seed))).collect();
    let well = (seed..seed + healthy).into_par_iter().map(|seed| judge.judge(&scenario::healthy(seed)));
    outcomes.par_extend(well);
    let mut tally = Tally::default();
    outcomes.iter().for_each(|outcome| tally.add(outcome));
    let wrong: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.is_right()).collect();
    wrong.iter().take(misses as usize).for_each(|outcome| println!("{}", miss(outcome)));
    println!("{}", tally.tables());
    println!("{incidents} incidents and {healthy} healthy from seed {seed} in {:.1?}", start.elapsed());
    println!("{} told without a mistake\n{}", outcomes.len() - wrong.len(), tally.figures());
}
