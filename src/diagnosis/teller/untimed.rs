//! Where faults without a time belong: their order tells, and how often they came.

use super::Teller;
use crate::diagnosis::runs::{FaultSeen, Witness};

/// Runs that a stream without times has no landmark of: programs that died before they could tell their start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent {
    /// How many of them are left.
    left: usize,
    /// The next landmark is this run's at the least.
    reach: usize,
    /// Where the faults end that were laid over such runs.
    until: u64,
}

impl Teller<'_, '_> {
    /// How many runs the stream has no landmark of.
    pub(super) fn count_silent(&mut self) {
        self.silent.left = self.chronicle.runs.len().saturating_sub(self.traits.landmarks[self.part]);
    }

    /// A fault without a time: after an end it is the next run's, and one that came as often as there are runs came once
    /// in each.
    pub(super) fn spread(&mut self, fault: FaultSeen, until: u64) {
        if self.witness().is_some_and(|witness| witness.ended.is_some()) {
            self.find_later(None, 0);
        }
        if fault.offset > self.silent.until {
            self.pass_silent();
        }
        let landmarks = self.traits.tells_ends[self.part] || self.traits.landmarks[self.part] > 0;
        // Where landmarks are told, what comes twice between two of them is one run's; but before the first of a run it may
        // be that of runs that told none.
        let untold = self.witness().is_some_and(|witness| *witness == Witness::default());
        let most = match landmarks {
            false => self.chronicle.runs.len() - self.at,
            true if untold => 1 + self.silent.left.min(self.chronicle.runs.len() - self.at - 1),
            true => 1,
        };
        let times = (fault.count as usize).clamp(1, most);
        if landmarks && times > 1 {
            let own = usize::from(times > self.silent.left);
            self.silent.reach = self.silent.reach.max(self.at + times - own);
            self.silent.until = self.silent.until.max(until);
        }
        for run in &mut self.chronicle.runs[self.at..self.at + times] {
            run.add(FaultSeen { count: fault.count.div_ceil(times as u32), time: run.end_or_start(), ..fault });
        }
    }

    /// Goes on after the silent runs that faults were laid over.
    pub(super) fn pass_silent(&mut self) {
        let reach = self.silent.reach.min(self.chronicle.runs.len().saturating_sub(1));
        self.silent.left = self.silent.left.saturating_sub(reach.saturating_sub(self.at));
        self.at = self.at.max(reach);
    }
}
