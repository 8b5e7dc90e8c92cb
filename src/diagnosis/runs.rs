//! Runs: one boot of a service each, from start to end, with what was seen in it.

use crate::evidence::{Id, Told};
use crate::grammar::{Asker, SECOND, Time};

/// A run's end is not sought further than this from its last sign, in nanoseconds.
pub(super) const SLACK: i64 = 2 * SECOND;
/// A new line so long after a stream's own end-of-run mark belongs to the next run, if one has begun by then.
pub(super) const AFTERMATH: i64 = SECOND / 4;

/// A place in a service's streams.
#[derive(Clone, Copy, Debug)]
pub struct Point<'e> {
    pub time: Option<Time>,
    pub part: usize,
    pub offset: u64,
    pub mark: Option<&'e Told>,
    /// What the service said last before it: a fault-table entry, 0 for none.
    pub last_words: Id,
}

/// Who ended a run by its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Killer {
    Kernel,
    /// A script or a daemon beside it.
    Process,
}

/// A fault in a run.
#[derive(Clone, Copy, Debug)]
pub struct FaultSeen {
    pub fault: Id,
    pub actor: Id,
    pub part: usize,
    pub offset: u64,
    pub time: Option<Time>,
    pub count: u32,
    /// Its time is that of a line before.
    pub untimed: bool,
    /// After the run's ready mark.
    pub after_ready: bool,
}

/// One boot of a service, from start to end.
#[derive(Clone, Debug, Default)]
pub struct Run<'e> {
    pub start: Option<Point<'e>>,
    pub ready: Option<Point<'e>>,
    /// Ready by the manager's word only.
    pub manager_ready: Option<Point<'e>>,
    pub stop: Option<Point<'e>>,
    pub exit: Option<Point<'e>>,
    pub fatal: Option<Point<'e>>,
    /// Whoever says that it ended it.
    pub killed: Option<Killer>,
    pub gave_up: bool,
    pub in_process: bool,
    /// Its manager's word of readiness came after it had waited for it.
    pub(super) waited_for: bool,
    /// Its process spoke after the next one had begun, or whoever tells of its end has not.
    pub beside: bool,
    /// A later step of the start, by its manager.
    pub(super) started: Option<Point<'e>>,
    /// Which of several processes of the service it is, where the manager tells them apart.
    pub instance: Option<u32>,
    /// Started to do some work and end, by a timer or by hand: a clean end of it is its success.
    pub job: bool,
    /// Its last words say that it never was ready, whatever it said before.
    pub never_ready: bool,
    pub faults: Vec<FaultSeen>,
    pub first_seen: Option<Time>,
    pub last_seen: Option<Time>,
    pub(super) restarting: bool,
    pub(super) witnesses: Witnesses,
}

/// What one stream told of a run so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Witness {
    pub(super) first_step: Option<u8>,
    pub(super) application_step: Option<u8>,
    pub(super) manager_step: Option<u8>,
    pub(super) ended: Option<Option<Time>>,
    /// The text of its last words, where they are sure.
    pub(super) died_by: Option<Id>,
    pub(super) run_pid: Option<u32>,
}

/// What each stream told; there are only ever a few.
#[derive(Clone, Debug, Default)]
pub(super) struct Witnesses(Vec<(usize, Witness)>);

impl Witnesses {
    pub(super) fn of(&self, part: usize) -> Witness {
        self.0.iter().find(|(known, _)| *known == part).map(|(_, witness)| *witness).unwrap_or_default()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Witness> {
        self.0.iter().map(|(_, witness)| witness)
    }

    pub(super) fn of_mut(&mut self, part: usize) -> &mut Witness {
        let at = match self.0.iter().position(|(known, _)| *known == part) {
            Some(at) => at,
            None => {
                // One or two a run, of very many runs.
                self.0.reserve_exact(1);
                self.0.push((part, Witness::default()));
                self.0.len() - 1
            }
        };
        &mut self.0[at].1
    }
}

/// What belongs to the service and to no run.
#[derive(Clone, Debug, Default)]
pub struct Chronicle<'e> {
    pub runs: Vec<Run<'e>>,
    /// The manager refused to start it.
    pub refused: Vec<Point<'e>>,
    pub gave_up: Vec<Point<'e>>,
    /// The manager says that it fails again and again.
    pub looping: Vec<Point<'e>>,
    /// The highest count of restarts that the manager told.
    pub restarts_told: u32,
    /// A probe or a watchdog stopped it.
    pub probed: bool,
    pub session_files: usize,
    pub gaps: Vec<Point<'e>>,
    pub changes: Vec<Point<'e>>,
    /// Faults that no run holds: before the first one, or of a service that never ran.
    pub loose: Vec<FaultSeen>,
    /// A program of the service has a sure mark of readiness.
    pub tells_ready: bool,
    /// An application's own lines are among the streams.
    pub has_application: bool,
}

/// So many restarts that a manager counts are a loop, if its probe goes on to fail.
const TOLD_LOOP: u32 = 3;

/// An instance runs beside so many others at most.
const MAX_BESIDE: usize = 64;

impl Chronicle<'_> {
    /// Whether its manager's word tells of a loop that the runs need not show: it says so, or counts restarts that its own
    /// probe brings about until the end.
    pub fn is_told_to_loop(&self) -> bool {
        let is_up = || self.runs.last().is_some_and(Run::is_ready);
        let shows_few = self.runs.len() < TOLD_LOOP as usize;
        !self.looping.is_empty() || self.restarts_told >= TOLD_LOOP && self.probed && shows_few && !is_up()
    }

    /// Of the instances that run beside a run at some time, the next one that is meant.
    pub(super) fn beside(&self, at: usize, time: Time, is_meant: impl Fn(usize) -> bool) -> Option<usize> {
        let later = (at + 1..self.runs.len()).take(MAX_BESIDE);
        let earlier = (0..at).rev().take(MAX_BESIDE);
        later.chain(earlier).find(|&other| {
            let run = &self.runs[other];
            let begun = run.start_limit().is_some_and(|start| start <= time.ns);
            let lives = run.end_limit().is_none_or(|end| time.ns < end);
            run.instance.is_some() && begun && lives && is_meant(other)
        })
    }
}

impl Run<'_> {
    /// Adds a fault. Runs are very many and their faults few: room is made for a few at a time.
    pub(super) fn add(&mut self, fault: FaultSeen) {
        if self.faults.len() == self.faults.capacity() {
            self.faults.reserve_exact(2.max(self.faults.len() / 2));
        }
        self.faults.push(fault);
    }

    /// Puts its faults into their order, and before or after readiness.
    pub(super) fn order_faults(&mut self) {
        self.faults.shrink_to_fit();
        self.faults.sort_by_key(|fault| (fault.time, fault.part, fault.offset));
        let ready = self.ready.and_then(|point| point.time);
        for fault in &mut self.faults {
            // Within one stream the order is exact; a line without a time has that of the ready line before it.
            let same_part = self.ready.filter(|point| point.part == fault.part);
            fault.after_ready = match same_part {
                Some(point) => fault.offset > point.offset,
                None => ready.is_some_and(|ready| fault.time.is_some_and(|time| time.ns > ready.ns)),
            };
        }
    }

    /// When it began, as far as is known.
    pub fn began(&self) -> Option<Time> {
        self.start.and_then(|point| point.time).or(self.first_seen)
    }

    /// When it ended; the last sign of it where no end was told.
    pub fn ended(&self) -> Option<Time> {
        let told = |point: Option<Point>| point.and_then(|point| point.time);
        told(self.exit).max(told(self.fatal)).or(self.last_seen)
    }

    /// A time for what came at some time in it.
    pub(super) fn end_or_start(&self) -> Option<Time> {
        let told = |point: Option<Point>| point.and_then(|point| point.time);
        told(self.exit).or(told(self.fatal)).or(self.began())
    }

    pub fn is_over(&self) -> bool {
        self.exit.is_some() || self.fatal.is_some()
    }

    pub fn is_ready(&self) -> bool {
        self.ready.is_some()
    }

    /// Nanoseconds from start to end.
    pub fn lived(&self) -> Option<i64> {
        Some(self.ended()?.ns - self.began()?.ns)
    }

    pub(super) fn see(&mut self, time: Option<Time>) {
        self.last_seen = self.last_seen.max(time);
        self.first_seen = [self.first_seen, time].into_iter().flatten().min();
    }

    /// The end of the last moment at which the run can have ended.
    pub(super) fn end_limit(&self) -> Option<i64> {
        let point = self.exit.or(self.fatal)?;
        point.time.map(|time| time.ns + time.resolution())
    }

    pub(super) fn start_limit(&self) -> Option<i64> {
        self.began().map(|time| time.ns)
    }
}

/// Who asked for the run's end, where it is known.
pub fn asker(run: &Run) -> Option<Asker> {
    let asked = |point: Option<Point>| point.and_then(|point| point.mark).and_then(|mark| mark.asked);
    asked(run.stop).or(asked(run.exit))
}
