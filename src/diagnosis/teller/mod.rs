//! Lays one stream's events over the runs known so far.
//!
//! Starts and ends of the stream are its landmarks: they find the run that it is in, or one that no stream has told of
//! yet. Times help where the stream has them and the manager's are fine enough; the order of the stream always holds.

mod death;
mod instances;
mod untimed;

pub use untimed::Silent;

use crate::diagnosis::labels::{normal, same_name};
use crate::diagnosis::leader::Traits;
use crate::diagnosis::runs::{AFTERMATH, Chronicle, FaultSeen, Point, Run, SLACK, Witness};
use crate::diagnosis::services::{Cast, actor_of};
use crate::diagnosis::story::{Event, Story, What};
use crate::evidence::{Id, Told};
use crate::grammar::{Asker, MarkKind, SECOND, Time};
use std::collections::BTreeMap;

/// A program that starts itself anew before it was ready does so within this (nanoseconds).
const ONE_BOOT: i64 = 5 * SECOND;

/// A manager that tells two steps of a start and waits so long between them waited for readiness (nanoseconds).
const WAITED: i64 = 2 * SECOND;

/// Whether a manager tells of a start's later step, after it has waited for it.
fn is_later_step(run: &Run, point: Point, mark: &Told) -> bool {
    let first = run.start.filter(|start| start.part == point.part);
    let of_manager = |first: Point| first.mark.is_some_and(|first| first.manager && first.step < mark.step);
    let waited = first.filter(|first| of_manager(*first)).and_then(|first| Some(point.time?.ns - first.time?.ns));
    mark.manager && waited.is_some_and(|waited| waited >= WAITED)
}

/// Lays one stream's events over the runs known so far.
pub struct Teller<'t, 'e> {
    pub stories: &'t [Story<'e>],
    pub cast: &'t Cast<'e>,
    pub traits: &'t Traits,
    pub chronicle: &'t mut Chronicle<'e>,
    pub part: usize,
    pub leads: bool,
    /// The run that the stream is in.
    pub at: usize,
    pub silent: Silent,
    /// Faults that wait for the run they belong to.
    pub pending: Vec<FaultSeen>,
    /// Of last words, whether they may say why: there are few, and runs by the ten thousand.
    pub complaints: BTreeMap<Id, bool>,
}

impl<'e> Teller<'_, 'e> {
    pub fn tell(&mut self) {
        if !self.leads {
            self.count_silent();
        }
        let part = &self.cast.parts[self.part];
        let timed_from = self.stories[part.story].timed_from;
        // Who speaks is nearly always who spoke before.
        let mut speaker = (0, None);
        for event in &part.events {
            // The first words of programs that died before they could write a time: their order tells whose they are.
            let is_untimed = event.offset < timed_from;
            let event = &Event { time: event.time.filter(|_| !is_untimed), ..*event };
            if speaker.0 != event.actor {
                speaker = (event.actor, actor_of(self.stories, part, event.actor).and_then(|actor| actor.run_pid));
            }
            let run_pid = speaker.1;
            self.advance(event.time);
            self.outlive(event);
            if let Some(pid) = run_pid.filter(|_| self.traits.pids_are_runs[self.part]) {
                self.meet_pid(event, pid);
            }
            match event.what {
                What::Fault { id, count, until } => {
                    let (part, offset, time) = (self.part, event.offset, event.time);
                    let fault =
                        FaultSeen { fault: id, actor: event.actor, part, offset, time, count, after_ready: false };
                    self.fault(fault, until);
                }
                What::Mark { told, count, .. } => {
                    if told.kind == MarkKind::Start && told.manager && count == Some(1) {
                        self.first_restart(event);
                    }
                    if matches!(told.kind, MarkKind::Looping | MarkKind::Throttle) {
                        self.chronicle.restarts_told = self.chronicle.restarts_told.max(count.unwrap_or(0));
                    }
                    match told.instance.filter(|_| self.leads) {
                        Some(instance) => self.of_instance(event, told, instance),
                        // Which process was replaced is not told.
                        None if told.replaced => {}
                        None => self.mark(event, told),
                    }
                }
            }
        }
        let left = std::mem::take(&mut self.pending);
        match self.chronicle.runs.get_mut(self.at) {
            // What stands after the last end is its aftermath.
            Some(run) => run.faults.extend(left),
            None => self.chronicle.loose.extend(left),
        }
    }

    /// The manager counts its first restart: the run before it was the first one.
    fn first_restart(&mut self, event: &Event<'e>) {
        let point = Point { mark: None, ..self.point(event) };
        if let [run] = self.chronicle.runs.as_mut_slice()
            && run.start.is_none()
        {
            run.start = Some(Point { time: run.first_seen, ..point });
        }
    }

    fn point(&self, event: &Event<'e>) -> Point<'e> {
        let last_words = match event.what {
            What::Mark { last_words, .. } => last_words,
            What::Fault { .. } => 0,
        };
        Point { time: event.time, part: self.part, offset: event.offset, mark: event.mark(), last_words }
    }

    fn run(&mut self) -> Option<&mut Run<'e>> {
        self.chronicle.runs.get_mut(self.at)
    }

    fn witness(&mut self) -> Option<&mut Witness> {
        let part = self.part;
        self.run().map(|run| run.witnesses.of_mut(part))
    }

    /// Moves on to the run that a time belongs to, never back.
    fn advance(&mut self, time: Option<Time>) {
        let Some(time) = time.filter(|_| !self.leads) else { return };
        while let Some(next) = self.chronicle.runs.get(self.at + 1) {
            // A moment that is told in whole seconds may be any of its second.
            let latest = time.ns + time.resolution() - 1;
            let begun = next.start_limit().is_some_and(|start| latest >= start);
            let current = &self.chronicle.runs[self.at];
            let over = match (current.end_limit(), current.witnesses.of(self.part).ended) {
                (_, Some(Some(ended))) if time.ns > ended.ns + AFTERMATH => true,
                (Some(limit), _) => time.ns >= limit,
                // A later run has begun and nothing is known of this one's end.
                (None, _) => true,
            };
            if !(begun && over) {
                break;
            }
            self.at += 1;
        }
    }

    fn mark(&mut self, event: &Event<'e>, mark: &'e Told) {
        let point = self.point(event);
        if matches!(mark.kind, MarkKind::Start | MarkKind::Ready | MarkKind::Exit | MarkKind::Fatal) {
            self.pass_silent();
        }
        match mark.kind {
            // What may be told more than once of one start begins a run only where none goes on.
            MarkKind::Start if mark.weak && mark.manager => {
                let goes_on = self.run().is_some_and(|run| run.start.is_some() && !run.is_over());
                if !goes_on {
                    self.start(point, mark);
                }
            }
            MarkKind::Start if mark.weak && Some(mark.words) != self.traits.head_start[self.part] => {}
            MarkKind::Start => self.start(point, mark),
            MarkKind::Ready => {
                self.ready(point, mark);
                if self.leads {
                    self.at = self.chronicle.runs.len().saturating_sub(1);
                }
            }
            MarkKind::Stop => {
                if self.previous_run(point, mark).is_some() || !self.pass_stopped(mark) {
                    return;
                }
                if let Some(run) = self.run() {
                    let better = run.stop.is_none_or(|known| {
                        let asker = known.mark.and_then(|known| known.asked);
                        // A watchdog stops by the same words as people do, and then says why.
                        let says_why = mark.asked == Some(Asker::Watchdog) && asker == Some(Asker::Operator);
                        says_why || asker.is_none() && mark.asked.is_some()
                    });
                    let alive = run.exit.is_none_or(|exit| exit.time >= point.time) && run.fatal.is_none();
                    if better && alive {
                        run.stop = Some(point);
                    }
                    run.see(event.time);
                }
            }
            MarkKind::Exit => self.exit(point, mark),
            // A program that had gone about its work may go on after a traceback; without starts nothing else tells.
            MarkKind::Fatal if mark.weak && mark.step > 1 && self.leads && !self.traits.has_starts[self.part] => {}
            MarkKind::Fatal => self.fatal(point),
            MarkKind::GaveUp => {
                self.chronicle.gave_up.push(point);
                if let Some(run) = self.run() {
                    run.gave_up = true;
                }
            }
            MarkKind::Refused => self.chronicle.refused.push(point),
            MarkKind::Restart => {
                if let Some(run) = self.run() {
                    run.restarting = true;
                }
            }
            MarkKind::SessionFile => self.chronicle.session_files += 1,
            MarkKind::Gap => self.chronicle.gaps.push(point),
            MarkKind::Change => self.chronicle.changes.push(point),
            MarkKind::Alive => self.alive(),
            MarkKind::Done => {
                if let Some(run) = self.run() {
                    run.job = true;
                }
            }
            MarkKind::Looping => self.chronicle.looping.push(point),
            MarkKind::Throttle | MarkKind::Progress | MarkKind::About | MarkKind::Hint => {}
        }
    }

    /// A watchdog that writes no times stops a run once, and each next one that is started again; whether there is one.
    fn pass_stopped(&mut self, mark: &Told) -> bool {
        if self.leads || !self.traits.untimed[self.part] || mark.asked != Some(Asker::Watchdog) {
            return true;
        }
        let part = self.part;
        let is_told = |run: &Run| run.stop.is_some_and(|stop| stop.part == part);
        while self.run().is_some_and(|run| is_told(run)) {
            self.at += 1;
        }
        self.at + 1 < self.chronicle.runs.len()
    }

    fn start(&mut self, point: Point<'e>, mark: &'e Told) {
        let step = mark.step;
        let known = self.chronicle.runs.get(self.at).map(|run| {
            let witness = run.witnesses.of(self.part);
            let told = if mark.manager { witness.manager_step } else { witness.application_step };
            // Where the manager told the first step, the later one comes when the application has spoken.
            let manager_told_later =
                mark.manager && witness.application_step.is_some() && witness.manager_step.is_none();
            // Workers repeat a later step of the same boot.
            let is_worker = step > 1 && witness.first_step.is_some_and(|first| first < step) && !run.restarting;
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
            if is_later_step(run, point, mark) {
                run.manager_ready.get_or_insert(point);
                run.waited_for = true;
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
    fn share_pending(&mut self) {
        for fault in std::mem::take(&mut self.pending) {
            let before = self.at.checked_sub(1).and_then(|before| self.chronicle.runs.get(before));
            let ended = before.and_then(|run| run.exit).filter(|exit| exit.part == fault.part);
            let is_after = ended.zip(ended.and_then(|exit| exit.mark)).is_some_and(|(exit, mark)| {
                let later = exit.time.zip(fault.time).is_some_and(|(exit, time)| time.ns > exit.ns + AFTERMATH);
                mark.manager && (mark.untimed || later)
            });
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
    fn find_later(&mut self, time: Option<Time>, slack: i64) -> bool {
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
    fn begin(&mut self, point: Point<'e>) {
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
    fn meet_pid(&mut self, event: &Event<'e>, pid: u32) {
        let known = self.chronicle.runs.get(self.at).map(|run| run.witnesses.of(self.part).run_pid);
        let point = Point { mark: None, ..self.point(event) };
        match known {
            Some(Some(known)) if known == pid => return,
            Some(None) => {}
            None => self.begin(point),
            Some(Some(_)) => {
                if !self.find_later(event.time, SLACK) {
                    self.begin(point);
                }
            }
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

    fn ready(&mut self, point: Point<'e>, mark: &'e Told) {
        if mark.weak && self.traits.tells_ready || self.names_another(mark) {
            return;
        }
        // Without times, ready once more is the next run's.
        let part = self.part;
        let told =
            |run: &Run| run.witnesses.of(part).ended.is_some() || run.ready.is_some_and(|ready| ready.part == part);
        if self.traits.untimed[part] && self.chronicle.runs.get(self.at).is_some_and(told) {
            self.find_later(None, 0);
        }
        // Ready again after a stop was asked: the start and the end between them were not told.
        let again = |run: &Run| {
            let asked = run.stop.filter(|stop| stop.part == point.part && stop.offset < point.offset);
            run.ready.zip(asked).is_some_and(|(ready, stop)| ready.part == stop.part && ready.offset < stop.offset)
        };
        // Where the manager says nothing of later starts, what is ready after its own death is another process.
        let died = |run: &Run| {
            let own = run.fatal.filter(|fatal| fatal.part == part && fatal.offset < point.offset);
            self.traits.silent_respawns && own.is_some_and(|fatal| fatal.mark.is_some_and(|mark| !mark.weak))
        };
        let over = |run: &Run| if self.leads { run.is_over() || again(run) } else { died(run) };
        let over = self.chronicle.runs.get(self.at).is_none_or(over);
        // A manager may call a process running that has just ended. After its own word of the end it is another one, whose
        // start was lost.
        let just_ended = |run: &Run| {
            let told = run.exit.filter(|exit| exit.mark.is_some_and(|mark| mark.manager)).and_then(|exit| exit.time);
            told.zip(point.time).is_none_or(|(ended, time)| time.ns - ended.ns <= SECOND)
        };
        if over && mark.manager && self.chronicle.runs.get(self.at).is_some_and(just_ended) {
            return;
        }
        if over {
            self.begin(point);
        } else {
            self.pass_ready_instances(point);
        }
        if let Some(run) = self.run() {
            let slot = if mark.manager { &mut run.manager_ready } else { &mut run.ready };
            slot.get_or_insert(point);
            run.see(point.time);
        }
    }

    /// `database ready` says nothing of a service by another name.
    fn names_another(&self, mark: &Told) -> bool {
        if mark.manager || !mark.weak || mark.service == 0 {
            return false;
        }
        let story = &self.stories[self.cast.parts[self.part].story];
        let name = normal(story.string(mark.service));
        let is_own = |own: &str| same_name(&name, own);
        // Or what it called itself when it started.
        let called = &self.traits.called[self.part];
        !is_own(&self.cast.name) && !is_own(&story.stem()) && !called.iter().any(|own| is_own(story.string(*own)))
    }

    fn take_pending(&mut self) {
        let waiting = std::mem::take(&mut self.pending);
        if let Some(run) = self.run() {
            run.faults.extend(waiting);
        }
    }

    fn fault(&mut self, fault: FaultSeen, until: u64) {
        let waits = match self.chronicle.runs.get(self.at) {
            None => true,
            // What follows an end is its aftermath, or the next run's that dies before it can say that it starts: the next
            // mark tells. But a program's last words may go on.
            Some(run) => {
                let own_words = run.exit.is_none().then_some(run.fatal).flatten().and_then(|fatal| fatal.time);
                let goes_on = own_words.zip(fault.time).is_some_and(|(fatal, time)| time.ns <= fatal.ns + AFTERMATH);
                self.leads && run.is_over() && !goes_on
            }
        };
        if waits {
            return self.pending.push(fault);
        }
        // Of a log whose first lines alone have no time, these.
        if fault.time.is_none() && !self.leads {
            return self.spread(fault, until);
        }
        let before_first = self.at == 0
            && !self.leads
            && self.chronicle.runs[0]
                .start_limit()
                .zip(fault.time)
                .is_some_and(|(start, time)| time.ns + SLACK < start);
        if before_first {
            return self.chronicle.loose.push(fault);
        }
        if let Some(run) = self.run() {
            run.see(fault.time);
            run.add(fault);
        }
    }
}
