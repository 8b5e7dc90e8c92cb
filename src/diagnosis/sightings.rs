//! In which runs each fault was seen: what asks of one fault need not go through all runs.

use super::runs::Run;
use crate::evidence::{ById, Id};
use crate::grammar::Time;

/// A fault in a run.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// Its number.
    pub run: usize,
    pub time: Option<Time>,
    /// After the run's ready mark.
    pub after_ready: bool,
}

/// All faults in all runs.
pub struct Sightings {
    /// In the order of the runs.
    by_fault: ById<Vec<Sighting>>,
}

impl Sightings {
    pub fn of(runs: &[Run]) -> Sightings {
        let mut by_fault: ById<Vec<Sighting>> = ById::default();
        for (number, run) in runs.iter().enumerate() {
            for seen in &run.faults {
                let sighting = Sighting { run: number, time: seen.time, after_ready: seen.after_ready };
                by_fault.entry(seen.fault).or_default().push(sighting);
            }
        }
        Sightings { by_fault }
    }

    /// Where a fault was seen, in the order of the runs.
    pub fn all(&self, fault: Id) -> &[Sighting] {
        self.by_fault.get(&fault).map(Vec::as_slice).unwrap_or_default()
    }

    /// Where it was seen in some runs, which are in order.
    pub fn within<'s>(&'s self, fault: Id, runs: &'s [usize]) -> impl Iterator<Item = &'s Sighting> {
        let mut left = runs;
        self.all(fault).iter().filter(move |seen| {
            while let [first, rest @ ..] = left
                && *first < seen.run
            {
                left = rest;
            }
            left.first() == Some(&seen.run)
        })
    }

    /// The runs that have it, in order.
    pub fn runs(&self, fault: Id) -> Vec<usize> {
        let mut runs: Vec<usize> = self.all(fault).iter().map(|seen| seen.run).collect();
        runs.dedup();
        runs
    }
}
