//! How a stream's word of a start finds the run that began, or begins one.

use super::Teller;
use crate::diagnosis::runs::{AFTERMATH, FaultSeen, Point, Run, SLACK};
use crate::diagnosis::story::Event;
use crate::evidence::Told;
use crate::grammar::{SECOND, Time};

/// A program that starts itself anew before it was ready does so within this (nanoseconds).
const ONE_BOOT: i64 = 5 * SECOND;
/// A stream's lines may be late by so many runs.
const JUST_BEFORE: usize = 2;
/// Or its runs without a line so many.
const NEXT: usize = 16;
/// The step of a start at which a shell becomes the program.
const BECOMES: u8 = 4;
/// A manager that tells two steps of a start and waits so long between them waited for readiness (nanoseconds).
const WAITED: i64 = 2 * SECOND;

/// How long a manager that tells of a start's later step took for it; none where it does not.
fn waited(run: &Run, point: Point, mark: &Told) -> Option<i64> {
    let first = run.start.filter(|start| start.part == point.part && mark.manager)?;
    first.mark.filter(|first| first.manager && first.step < mark.step)?;
    Some(point.time?.ns - first.time?.ns)
}

/// Whether a run began in the second in which its manager tells of the start: who writes first is chance.
fn is_at_once(run: &Run, point: Point) -> bool {
    let began = run.start.filter(|start| start.part == point.part).and_then(|start| start.time);
    let is_lone = run.exit.is_none() && run.fatal.is_none() && run.stop.is_none();
    is_lone && began.zip(point.time).is_some_and(|(began, time)| (0..SECOND).contains(&(time.ns - began.ns)))
}

/// Whether a manager tells an earlier step of the start just after a later one: old systemd says `Started`, then
/// `Starting`.
fn is_reversed(run: &Run, point: Point, mark: &Told) -> bool {
    let later = run.start.and_then(|start| start.mark).filter(|later| later.manager && later.step > mark.step);
    mark.manager && later.is_some() && is_at_once(run, point)
}

impl<'e> Teller<'_, 'e> {
    /// The manager counts its first restart: the run before it was the first one.
    pub(super) fn first_restart(&mut self, event: &Event<'e>) {
        let point = Point { mark: None, ..self.point(event) };
        if let [run] = self.chronicle.runs.as_mut_slice()
            && run.start.is_none()
        {
            run.start = Some(Point { time: run.first_seen, ..point });
        }
    }

    pub(super) fn start(&mut self, point: Point<'e>, mark: &'e Told) {
        let step = mark.step;
        if self.chronicle.runs.get(self.at).is_some_and(|run| is_reversed(run, point, mark)) {
            return;
        }
        let known = self.chronicle.runs.get(self.at).map(|run| {
            let witness = run.witnesses.of(self.part);
            let told = if mark.manager { witness.manager_step } else { witness.application_step };
            // Where the manager told the first step, the later one comes when the application has spoken. A shell that
            // becomes the program may have spoken in its place.
            let manager_told_later = mark.manager
                && mark.step < BECOMES
                && witness.application_step.is_some()
                && witness.manager_step.is_none()
                && !is_at_once(run, point);
            // Workers repeat a later step of the same boot.
            let is_worker =
                (2..BECOMES).contains(&step) && witness.first_step.is_some_and(|first| first < step) && !run.restarting;
            let repeats =
                told.is_some_and(|told| step <= told && !is_worker) || manager_told_later || witness.ended.is_some();
            // The leader's order is exact: after an end, a start begins the next run.
            (repeats || (self.leads && run.is_over()), run.restarting)
        });
        match known {
            None => self.begin(point),
            Some((false, _)) if self.fits(point) => {}
            Some((_, true)) if !mark.manager && self.boots_again(point) => {}
            Some((_, restarting)) => {
                if self.find_later(point.time, SLACK) {
                } else if mark.weak && !mark.manager && self.traits.managed {
                    return;
                } else {
                    // What has told its end did not come back by itself.
                    let goes_on = self.run().is_some_and(|run| run.exit.is_none());
                    self.begin(point);
                    if let Some(run) = self.run() {
                        run.in_process = restarting && goes_on && !mark.manager;
                    }
                }
            }
        }
        let leads = self.leads;
        if let Some(run) = self.run() {
            let better = run.start.is_none_or(|known| known.mark.is_none_or(|known| known.weak && !mark.weak));
            if let Some(waited) = waited(run, point, mark) {
                run.started.get_or_insert(point);
                run.waited_for |= waited >= WAITED;
            }
            if better && (leads || run.start.is_none()) {
                run.start = Some(point);
            }
            run.job |= mark.asked.is_some();
            run.see(point.time);
        }
        if let Some(witness) = self.witness() {
            if mark.manager {
                witness.manager_step = Some(step);
            } else {
                witness.application_step = witness.application_step.max(Some(step));
                witness.first_step.get_or_insert(step);
            }
        }
        if let Some(before) = self.at.checked_sub(1)
            && !mark.manager
            && !self.told_end(before, point)
        {
            self.complain(before, point);
        }
        self.share_pending();
    }

    /// Whether the manager's word of a run's end stands before a place of this stream.
    fn told_end(&self, run: usize, point: Point) -> bool {
        let exit = self.chronicle.runs.get(run).and_then(|run| run.exit);
        exit.is_some_and(|exit| {
            exit.part == point.part && exit.offset < point.offset && exit.mark.is_some_and(|mark| mark.manager)
        })
    }

    /// At a start: what came after the manager's word of the end before is the new run's, which told it before its start;
    /// anything else is the aftermath of the run before.
    pub(super) fn share_pending(&mut self) {
        for fault in std::mem::take(&mut self.pending) {
            let before = self.at.checked_sub(1).and_then(|before| self.chronicle.runs.get(before));
            let is_own = |end: &Point| end.part == fault.part;
            let later =
                |end: Point, slack: i64| end.time.zip(fault.time).is_some_and(|(end, time)| time.ns > end.ns + slack);
            let ended = before.and_then(|run| run.exit).filter(is_own);
            let is_after = ended
                .zip(ended.and_then(|exit| exit.mark))
                .is_some_and(|(exit, mark)| mark.manager && (mark.untimed || later(exit, AFTERMATH)));
            // Nobody speaks long after his sure last words.
            let died = before.and_then(|run| run.fatal).filter(is_own);
            let died = died.filter(|died| died.mark.is_some_and(|mark| !mark.weak && !mark.untimed));
            let is_after = is_after || died.is_some_and(|died| later(died, SLACK));
            if is_after && self.at == 1 {
                // So it was before the first start.
                let same = |loose: &mut FaultSeen| (loose.fault, loose.part) == (fault.fault, fault.part);
                let first: Vec<FaultSeen> = self.chronicle.loose.extract_if(.., same).collect();
                self.chronicle.runs[0].faults.extend(first);
            }
            let owner = if is_after { Some(self.at) } else { self.at.checked_sub(1) };
            match owner.and_then(|at| self.chronicle.runs.get_mut(at)) {
                Some(run) => run.faults.push(fault),
                None => self.chronicle.loose.push(fault),
            }
        }
    }

    /// Whether a program that said that it starts itself anew is still on its way up: one boot, told twice.
    fn boots_again(&mut self, point: Point<'e>) -> bool {
        let Some(run) = self.run().filter(|run| !run.is_ready() && !run.is_over()) else { return false };
        run.restarting = false;
        let lived = run.began().zip(point.time);
        lived.is_none_or(|(began, time)| time.ns - began.ns <= ONE_BOOT)
    }

    /// Whether a start at this time can be that of the run that the stream is in.
    fn fits(&self, point: Point<'e>) -> bool {
        if self.leads {
            return true;
        }
        let Some((run, time)) = self.chronicle.runs.get(self.at).zip(point.time) else { return true };
        let after_start = run.start_limit().is_none_or(|start| time.ns + SLACK >= start);
        let before_end = run.end_limit().is_none_or(|end| time.ns < end);
        after_start && before_end
    }

    /// Goes to the next run that has begun by then, give or take `slack`, and that this stream has not told of. Without
    /// times it is simply the next one.
    pub(super) fn find_later(&mut self, time: Option<Time>, slack: i64) -> bool {
        if self.leads {
            return false;
        }
        if self.traits.untimed[self.part] || time.is_none() {
            let next = self.at + 1 < self.chronicle.runs.len();
            self.at += usize::from(next);
            return next;
        }
        let Some(time) = time else { return false };
        let free = |at: &usize| {
            let run = &self.chronicle.runs[*at];
            let witness = run.witnesses.of(self.part);
            let untold =
                witness.application_step.is_none() && witness.manager_step.is_none() && witness.ended.is_none();
            untold
                && run.start_limit().is_none_or(|start| start <= time.ns + slack)
                && run.end_limit().is_none_or(|end| time.ns < end + SLACK)
        };
        match (self.at + 1..self.chronicle.runs.len()).find(free) {
            Some(at) => {
                self.at = at;
                true
            }
            None => false,
        }
    }

    /// Inserts a run that no stream has told of yet. What comes after the point in the run before becomes the new one's.
    pub(super) fn begin(&mut self, point: Point<'e>) {
        let mut run = Run { instance: point.mark.and_then(|mark| mark.instance), ..Run::default() };
        let mut at = match self.chronicle.runs.len() {
            // The leader tells in order, whichever instance's run it looked back to.
            runs if runs == 0 || self.leads => runs,
            _ => self.at + 1,
        };
        if at == 1
            && !self.leads
            && let (Some(first), Some(time)) = (self.chronicle.runs[0].start_limit(), point.time)
            && time.ns + SLACK < first
        {
            at = 0;
        }
        if at > 0 && !self.leads {
            let later = |known: Option<Point<'e>>| known.filter(|known| known.time > point.time);
            // In a log of whole seconds an end of the same second is the later run's.
            let not_before = |known: Option<Point<'e>>| known.filter(|known| known.time >= point.time);
            let before = &mut self.chronicle.runs[at - 1];
            run.exit = not_before(before.exit);
            run.stop = not_before(before.stop);
            run.fatal = later(before.fatal);
            run.ready = later(before.ready);
            run.manager_ready = later(before.manager_ready);
            before.exit = before.exit.filter(|_| run.exit.is_none());
            before.stop = before.stop.filter(|_| run.stop.is_none());
            before.fatal = before.fatal.filter(|_| run.fatal.is_none());
            before.ready = before.ready.filter(|_| run.ready.is_none());
            before.manager_ready = before.manager_ready.filter(|_| run.manager_ready.is_none());
        }
        self.chronicle.runs.insert(at, run);
        self.at = at;
    }

    /// A line of the service's own process with a pid that the run does not have.
    pub(super) fn meet_pid(&mut self, event: &Event<'e>, pid: u32) {
        if let Some(at) = self.known_by_pid(pid) {
            self.at = at;
        }
        let known = self.chronicle.runs.get(self.at).map(|run| run.witnesses.of(self.part).run_pid);
        let point = Point { mark: None, ..self.point(event) };
        match known {
            Some(Some(known)) if known == pid => return,
            Some(None) => {}
            Some(Some(_)) if self.find_later(event.time, SLACK) => {}
            Some(Some(_)) | None => self.begin(point),
        }
        if let Some(run) = self.run() {
            run.start.get_or_insert(point);
            run.see(event.time);
        }
        if let Some(witness) = self.witness() {
            witness.run_pid = Some(pid);
            witness.application_step.get_or_insert(0);
        }
    }

    /// The run that another stream knows by this pid: this one, one just before it, or one of the next.
    fn known_by_pid(&self, pid: u32) -> Option<usize> {
        if self.leads {
            return None;
        }
        let runs = &self.chronicle.runs;
        let has_pid = |at: &usize| {
            let witnesses = runs.get(*at).map(|run| &run.witnesses);
            witnesses.is_some_and(|witnesses| witnesses.all().any(|witness| witness.run_pid == Some(pid)))
        };
        let before = (self.at.saturating_sub(JUST_BEFORE)..=self.at).rev();
        before.chain(self.at + 1..=self.at + NEXT).find(has_pid)
    }
}
