//! Where faults without a time belong: their order tells, and how often they came.

use super::Teller;
use crate::diagnosis::runs::{FaultSeen, Witness};
use crate::diagnosis::story::Event;
use crate::evidence::event::DIED_ALONE;
use crate::grammar::{MarkKind, Time};

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

/// A time that lines without one were given long after it: those of programs that died before they could write any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stale {
    time: Option<Time>,
    /// The next time that the stream tells.
    until: Option<Time>,
}

impl<'e> Teller<'_, 'e> {
    /// Whether the first of these events has no time of its own, and is of a run after the one that spoke last: in a
    /// stream that has told a run's end and then, before any other time, tells of another death in the same words.
    pub(super) fn dies_untimed(&mut self, events: &[Event<'e>]) -> bool {
        let Some(event) = events.first().filter(|event| !self.leads && event.time.is_some()) else { return false };
        let is_stale = self.stale.time == event.time;
        if !is_stale {
            self.stale = Stale::default();
        }
        let dies = event
            .mark()
            .filter(|mark| mark.kind == MarkKind::Fatal && mark.untimed && (!mark.weak || mark.step == DIED_ALONE));
        let again = dies.is_some_and(|mark| {
            self.run().is_some_and(|run| {
                run.fatal.is_some_and(|fatal| fatal.mark.is_some_and(|known| known.words == mark.words))
            })
        });
        let ended = self.witness().and_then(|witness| witness.ended);
        if !again || ended != Some(event.time) && !(is_stale && ended == Some(None)) {
            return is_stale;
        }
        if !is_stale {
            let until = events.iter().map(|event| event.time).find(|time| time.is_some() && *time != event.time);
            self.stale = Stale { time: event.time, until: until.flatten() };
        }
        let next = self.chronicle.runs.get(self.at + 1).and_then(|run| run.start_limit());
        let begun = next.zip(self.stale.until).is_none_or(|(start, until)| start <= until.ns);
        if begun {
            self.find_later(None, 0);
        }
        true
    }
}

impl Teller<'_, '_> {
    /// How many runs the stream has no landmark of.
    pub(super) fn count_silent(&mut self) {
        self.silent.left = self.chronicle.runs.len().saturating_sub(self.traits.landmarks[self.part]);
    }

    /// A fault without a time: after an end it is the next run's, and one that came as often as there are runs came once
    /// in each.
    pub(super) fn spread(&mut self, fault: FaultSeen, until: u64) {
        let is_reason = self.gives_reason(self.at, fault.offset);
        if !is_reason && self.witness().is_some_and(|witness| witness.ended.is_some()) {
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
