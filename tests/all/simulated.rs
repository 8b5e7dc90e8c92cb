//! A few simulated incidents, diagnosed; `cargo bench --bench simulate` takes many.

#[path = "simulator/mod.rs"]
#[allow(dead_code)]
mod simulator;

use simulator::judge::Judge;
use simulator::scenario;
use simulator::tally::{Tally, miss};

const ILL: u64 = 60;
const HEALTHY: u64 = 30;

#[test]
fn simulated_incidents_are_told() {
    let judge = Judge::default();
    let mut tally = Tally::default();
    let mut misses = String::new();
    let incidents = (1..=ILL).map(scenario::ill).chain((1..=HEALTHY).map(scenario::healthy));
    for incident in incidents {
        let outcome = judge.judge(&incident);
        tally.add(&outcome);
        if !outcome.is_right() {
            misses.push_str(&miss(&outcome));
            misses.push('\n');
        }
    }
    let floors = [
        (tally.f1(), 0.96),
        (tally.restarts_exact(), 0.97),
        (tally.ready_exact(), 0.97),
        (tally.verdicts_right(), 0.97),
    ];
    let holds = floors.iter().all(|(figure, floor)| figure >= floor) && tally.false_alarms() <= 1;
    assert!(holds, "{misses}\n{}", tally.figures());
}

/// One seed is one incident.
#[test]
fn a_seed_gives_the_same_bytes() {
    for seed in 1..20 {
        assert!(scenario::ill(seed).files == scenario::ill(seed).files, "seed {seed}");
        assert!(scenario::healthy(seed).files == scenario::healthy(seed).files, "healthy seed {seed}");
    }
}
