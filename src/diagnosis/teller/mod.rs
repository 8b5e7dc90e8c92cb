//! Lays one stream's events over the runs known so far.
//!
//! Starts and ends of the stream are its landmarks: they find the run that it is in, or one that no stream has told of
//! yet. Times help where the stream has them and the manager's are fine enough; the order of the stream always holds.

mod death;
mod instances;
mod origins;
mod start;
mod untimed;

pub use origins::Origins;
pub use untimed::{Silent, Stale};

use crate::diagnosis::labels::{normal, same_name};
use crate::diagnosis::leader::Traits;
use crate::diagnosis::runs::{AFTERMATH, Chronicle, FaultSeen, Point, Run, SLACK, Witness};
use crate::diagnosis::services::{Cast, actor_of};
use crate::diagnosis::story::{Event, Story, What};
use crate::evidence::event::DIED_ALONE;
use crate::evidence::{ActorKind, Id, Told};
use crate::grammar::{Asker, MarkKind, SECOND};
use std::collections::BTreeMap;

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
    pub stale: Stale,
    pub origins: Origins<'e>,
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
        for (nth, event) in part.events.iter().enumerate() {
            // The first words of programs that died before they could write a time: their order tells whose they are.
            let is_untimed = event.offset < timed_from || self.dies_untimed(&part.events[nth..]);
            let event = &Event { time: event.time.filter(|_| !is_untimed), ..*event };
            if speaker.0 != event.actor {
                speaker = (event.actor, actor_of(self.stories, part, event.actor).and_then(|actor| actor.run_pid));
            }
            let run_pid = speaker.1;
            self.go_to_origin(event);
            self.advance(event);
            self.outlive(event);
            if let Some(pid) = run_pid.filter(|_| self.traits.pids_are_runs[self.part]) {
                self.meet_pid(event, pid);
            }
            match event.what {
                What::Fault { id, count, until, untimed } => {
                    let (part, offset, time) = (self.part, event.offset, event.time);
                    let fault = FaultSeen {
                        fault: id,
                        actor: event.actor,
                        part,
                        offset,
                        time,
                        count,
                        untimed,
                        after_ready: false,
                    };
                    self.fault(fault, until);
                }
                What::Mark { told, count, .. } => {
                    if told.kind == MarkKind::Start && told.manager && count == Some(1) {
                        self.first_restart(event);
                    }
                    if matches!(told.kind, MarkKind::Looping | MarkKind::Throttle) {
                        self.chronicle.restarts_told = self.chronicle.restarts_told.max(count.unwrap_or(0));
                    }
                    self.chronicle.probed |= told.asked == Some(Asker::Watchdog);
                    match told.instance.filter(|_| self.leads) {
                        Some(instance) => self.of_instance(event, told, instance),
                        // Which process was replaced is not told.
                        None if told.replaced => {}
                        None => self.mark(event, told),
                    }
                }
            }
            self.leave_origin(event);
        }
        self.begin_by_words();
        let left = std::mem::take(&mut self.pending);
        match self.chronicle.runs.get_mut(self.at) {
            // What stands after the last end is its aftermath.
            Some(run) => run.faults.extend(left),
            None => self.chronicle.loose.extend(left),
        }
    }

    /// A run that the log breaks off in: what the program says after its manager's untimed word of the end, which stands
    /// where the end was, is another process's.
    fn begin_by_words(&mut self) {
        let exit = self.chronicle.runs.get(self.at).filter(|_| self.leads).and_then(|run| run.exit);
        let is_sure = |exit: &Point| exit.mark.is_some_and(|mark| mark.manager && mark.untimed);
        let Some(exit) = exit.filter(is_sure).filter(|_| self.chronicle.gave_up.is_empty()) else { return };
        let part = &self.cast.parts[self.part];
        let is_own =
            |actor| actor_of(self.stories, part, actor).is_some_and(|actor| actor.kind == ActorKind::Application);
        let first = self.pending.iter().find(|seen| seen.offset > exit.offset && is_own(seen.actor));
        if let Some(FaultSeen { part, offset, time, .. }) = first.copied() {
            self.begin(Point { time, part, offset, mark: None, last_words: 0 });
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
    fn advance(&mut self, event: &Event<'e>) {
        let Some(time) = event.time.filter(|_| !self.leads) else { return };
        let is_of_end = event.mark().is_none_or(|mark| matches!(mark.kind, MarkKind::Fatal | MarkKind::Exit));
        while let Some(next) = self.chronicle.runs.get(self.at + 1) {
            // A moment that is told in whole seconds may be any of its second.
            let latest = time.ns + time.resolution() - 1;
            let begun = next.start_limit().is_some_and(|start| latest >= start);
            let current = &self.chronicle.runs[self.at];
            // What tells of an end in the second of a start that is told in whole seconds is the earlier run's, unless this
            // stream has ended that.
            let may_be_earlier = is_of_end && next.began().is_some_and(|start| time.ns < start.ns + start.resolution());
            let over = match (current.end_limit(), current.witnesses.of(self.part).ended) {
                (_, Some(Some(ended))) if time.ns > ended.ns + AFTERMATH => true,
                (Some(limit), None) if may_be_earlier => time.ns >= limit + AFTERMATH,
                (Some(limit), _) => time.ns >= limit,
                // A later run has begun and nothing is known of this one's end.
                (None, None) => !may_be_earlier,
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
                let goes_on = |run: &mut Run| run.start.is_some() && !run.is_over() && run.stop.is_none();
                if !self.run().is_some_and(goes_on) {
                    self.start(point, mark);
                }
            }
            MarkKind::Start if mark.weak && Some(mark.words) != self.traits.head_start[self.part] => {}
            MarkKind::Start if mark.first_only && self.traits.tells_processes => {}
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
                        // A watchdog stops by the same words as people do, and then says why. What it says of any restart is
                        // no better than a word of the operator's own.
                        let as_sure = !mark.weak || known.mark.is_some_and(|known| known.weak);
                        let says_why = mark.asked == Some(Asker::Watchdog) && asker == Some(Asker::Operator) && as_sure;
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
            MarkKind::Fatal
                if mark.weak && mark.step != DIED_ALONE && self.leads && !self.traits.has_starts[self.part] => {}
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
            MarkKind::Alive if mark.manager => self.unreloaded(),
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

    /// A watchdog that writes no times stops a run once, and then the next one that is started again; false where it has
    /// stopped all of them.
    fn pass_stopped(&mut self, mark: &Told) -> bool {
        if self.leads || !self.traits.untimed[self.part] || mark.asked != Some(Asker::Watchdog) {
            return true;
        }
        let part = self.part;
        let runs = &self.chronicle.runs;
        let is_told = |at: usize| runs.get(at).is_some_and(|run| run.stop.is_some_and(|stop| stop.part == part));
        if !is_told(self.at) {
            return true;
        }
        let next = (self.at + 1..runs.len().saturating_sub(1)).find(|&at| !is_told(at));
        self.at = next.unwrap_or(self.at);
        next.is_some()
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
                let goes_on = own_words.zip(fault.time).is_some_and(|(fatal, time)| time.ns <= fatal.ns + AFTERMATH)
                    || self.gives_reason(self.at, fault.offset);
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
