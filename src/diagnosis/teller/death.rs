//! How a stream's words of an end find the run that ended.

use super::Teller;
use crate::diagnosis::runs::{AFTERMATH, FaultSeen, Point, Run, Witness};
use crate::diagnosis::services::actor_of;
use crate::diagnosis::story::Event;
use crate::evidence::event::{DIED_ALONE, DIED_SURELY};
use crate::evidence::{ActorKind, FaultKind, Id, Told};
use crate::grammar::{MarkKind, SECOND};
use crate::signature::wording::{complains, may_tell_why};

/// A start that failed says why within this of its goodbye (nanoseconds).
const LEAVE: i64 = SECOND;
/// Who dies says nothing more after so long (nanoseconds).
const AGONY: i64 = 3 * SECOND;
/// Words so close to each other are one goodbye (nanoseconds).
const BREATH: i64 = SECOND / 20;
/// Words that a stream says so often before it goes on are last words all the same.
const RECURS: usize = 3;
/// What last words are about stands so many bytes after them at most.
const REASON: u64 = 512;

impl<'e> Teller<'_, 'e> {
    /// A program that goes on after an exception that looked uncaught did not die by it.
    pub(super) fn outlive(&mut self, event: &Event<'e>) {
        let part = self.part;
        let by_manager = actor_of(self.stories, &self.cast.parts[part], event.actor)
            .is_some_and(|actor| actor.kind == ActorKind::Manager);
        if let Some(run) = self.run().filter(|_| !by_manager)
            && let Some(fatal) = run.fatal.filter(|fatal| fatal.part == part)
            && run.exit.is_none()
            && fatal.time.zip(event.time).is_some_and(|(fatal, time)| time.ns > fatal.ns + AGONY)
            && event.mark().is_none_or(|mark| !matches!(mark.kind, MarkKind::Start | MarkKind::Exit))
            && run.start.is_some_and(|start| start.part == part && start.mark.is_some_and(tells_all_starts))
        {
            // Nobody started it anew, and yet it speaks on: a child of it died, or a part.
            self.revive();
        }
        // A traceback with nothing before it is another run's death, not a sign of this one's life.
        let dies =
            event.mark().is_some_and(|mark| mark.kind == MarkKind::Fatal && (!mark.weak || mark.step == DIED_ALONE));
        let starts = event.mark().is_some_and(|mark| mark.kind == MarkKind::Start) || dies;
        // In a stream that leads by its ends alone, what follows is the next run.
        if starts || (self.leads && !self.traits.has_starts[part]) {
            return;
        }
        // Nor did it live if all that is known of it is this, where starts are told and other runs came before, or the
        // same last words come again and again.
        let kinds = &self.cast.parts[part].kinds.marks;
        let recurs = |words: Id| kinds.iter().any(|kind| kind.told.words == words && kind.count >= RECURS);
        let only_died = self.leads
            && self.chronicle.runs.get(self.at).is_some_and(|run| {
                let died_often = || run.fatal.and_then(|fatal| fatal.mark).is_some_and(|mark| recurs(mark.words));
                run.start.is_none() && !run.is_ready() && (self.at > 0 || died_often())
            });
        if let Some(run) = self.run()
            && let Some(fatal) =
                run.fatal.filter(|fatal| fatal.part == part && fatal.mark.is_some_and(|mark| mark.weak))
            && fatal.time.zip(event.time).is_some_and(|(fatal, time)| time.ns > fatal.ns + AFTERMATH)
            && !only_died
        {
            self.revive();
        }
    }

    /// Takes back that the run died.
    fn revive(&mut self) {
        let part = self.part;
        if let Some(run) = self.run() {
            run.fatal = None;
            if run.exit.is_none() {
                run.witnesses.of_mut(part).ended = None;
            }
        }
    }

    /// A program that goes on after its own goodbye did not end (a Node-RED deploy stops and starts its flows).
    /// Nor did one that answers the request by which an exception came.
    pub(super) fn alive(&mut self) {
        let part = self.part;
        if let Some(run) = self.run()
            && run.fatal.is_some_and(|fatal| fatal.part == part && fatal.mark.is_some_and(|mark| mark.weak))
        {
            run.fatal = None;
            let ended = run.exit.is_some_and(|exit| exit.part == part);
            let witness = run.witnesses.of_mut(part);
            witness.died_by = None;
            if !ended {
                witness.ended = None;
            }
        }
        if let Some(run) = self.run()
            && run.exit.is_some_and(|exit| exit.part == part && exit.mark.is_some_and(|mark| !mark.manager))
            && run.fatal.is_none()
        {
            run.exit = None;
            run.stop = None;
            run.witnesses.of_mut(part).ended = None;
        }
    }

    /// What its manager took for its end was that of a process which was to reload it.
    pub(super) fn unreloaded(&mut self) {
        let part = self.part;
        let Some(run) = self.run() else { return };
        let is_elsewhere = |point: &Point| point.part != part;
        run.fatal = run.fatal.filter(is_elsewhere);
        run.exit = run.exit.filter(is_elsewhere);
        let witness = run.witnesses.of_mut(part);
        (witness.ended, witness.died_by) = (None, None);
    }

    /// The run before, when its manager told of the next start before the old process had said goodbye.
    pub(super) fn previous_run(&mut self, point: Point<'e>, mark: &Told) -> Option<&mut Run<'e>> {
        let run = self.chronicle.runs.get(self.at)?;
        let later = |known: Option<Point>| known.is_none_or(|known| known.time > point.time);
        let untold = run.witnesses.of(self.part).application_step.is_none();
        let silent = untold && later(run.ready) && later(run.exit) && later(run.fatal);
        let by_manager = run.start.is_some_and(|start| start.mark.is_some_and(|mark| mark.manager));
        if mark.manager || !silent || !by_manager {
            return None;
        }
        let leads = self.leads;
        let before = self.chronicle.runs.get_mut(self.at.checked_sub(1)?)?;
        // A stream that does not lead repeats what the leader told of it.
        let told = |known: Option<Point>| {
            let apart = known.and_then(|known| known.time).zip(point.time).map(|(known, time)| time.ns - known.ns);
            apart.is_some_and(|apart| apart.abs() <= SECOND)
        };
        let is_old = if leads { before.exit.is_none() } else { told(before.exit) || told(before.stop) };
        (is_old && (before.ready.is_some() || before.stop.is_some())).then_some(before)
    }

    pub(super) fn exit(&mut self, point: Point<'e>, mark: &'e Told) {
        if let Some(before) = self.previous_run(point, mark) {
            before.exit.get_or_insert(point);
            return;
        }
        self.close(point);
        let part = self.part;
        if let Some(run) = self.run() {
            let better = run.exit.is_none_or(|known| known.mark.is_none_or(|known| !known.manager && mark.manager));
            if better {
                run.exit = Some(point);
            }
            run.see(point.time);
            run.witnesses.of_mut(part).ended = Some(point.time);
        }
        // A manager that names the service looked for that one's last words.
        if !mark.manager || mark.service != 0 || self.cast.parts[part].is_alone {
            self.complain(self.at, point);
        }
        self.take_pending();
        if mark.manager && !mark.untimed {
            self.time_last_words(point);
        }
    }

    /// What a program that writes no times said before the manager's word of its end was said by then: its lines have the
    /// time of the manager's word before them, which may be that of the start, hours ago.
    fn time_last_words(&mut self, end: Point<'e>) {
        let Some(run) = self.run() else { return };
        let has_time = |point: &Point| point.mark.is_some_and(|mark| !mark.manager && !mark.untimed);
        let marks = [run.start, run.ready, run.stop, run.fatal].into_iter().flatten().filter(has_time);
        let marks = marks.map(|point| (point.part, point.offset));
        let faults = run.faults.iter().filter(|seen| !seen.untimed).map(|seen| (seen.part, seen.offset));
        let before = |(part, offset): &(usize, u64)| *part == end.part && *offset < end.offset;
        let timed = marks.chain(faults).filter(before).map(|(_, offset)| offset).max();
        let is_last = |seen: &&mut FaultSeen| {
            seen.untimed && seen.part == end.part && timed.is_none_or(|timed| seen.offset > timed)
        };
        run.faults.iter_mut().filter(is_last).for_each(|seen| seen.time = seen.time.max(end.time));
    }

    /// Takes what a run's program wrote last before a mark as a fault of the run, where it may say why and nothing else
    /// knows it as an error.
    pub(super) fn complain(&mut self, run: usize, mark: Point<'e>) {
        let story = &self.stories[self.cast.parts[self.part].story];
        let words = Some(mark.last_words).filter(|words| *words != 0).and_then(|words| story.kind(words));
        let Some(FaultKind::Words { template, is_known: false }) = words else { return };
        let says_why = || complains(template) || may_tell_why(template);
        let says_why = *self.complaints.entry(mark.last_words).or_insert_with(says_why);
        if let Some(run) = self.chronicle.runs.get_mut(run).filter(|_| says_why) {
            run.add(FaultSeen {
                fault: mark.last_words,
                actor: 0,
                part: self.part,
                offset: mark.offset,
                time: run.ended().or(mark.time),
                count: 1,
                untimed: false,
                after_ready: false,
            });
        }
    }

    pub(super) fn fatal(&mut self, point: Point<'e>) {
        self.close(point);
        let part = self.part;
        if let Some(run) = self.run() {
            run.fatal.get_or_insert(point);
            run.see(point.time);
            let witness = run.witnesses.of_mut(part);
            witness.ended = Some(point.time);
            witness.died_by = point.mark.filter(|mark| !mark.weak).map(|mark| mark.words);
            if point.mark.is_some_and(|mark| mark.never_ready) {
                run.ready = None;
                run.never_ready = true;
            }
        }
        if point.mark.is_some_and(|mark| mark.manager) {
            self.complain(self.at, point);
        }
        self.take_pending();
    }

    /// Whether a place in a stream without times stands where a run's last words say what they are about.
    pub(super) fn gives_reason(&self, run: usize, offset: u64) -> bool {
        let fatal = self.chronicle.runs.get(run).and_then(|run| run.fatal);
        fatal.filter(|fatal| fatal.part == self.part && fatal.time.is_none()).is_some_and(|fatal| {
            let follows = fatal.mark.is_some_and(|mark| mark.reason_follows);
            offset == fatal.offset || follows && (fatal.offset..fatal.offset + REASON).contains(&offset)
        })
    }

    /// What stood just before the first sign of a run that died at once is its own.
    fn take_first_words(&mut self, point: Point<'e>) {
        let Some(([.., before], [run])) = self.chronicle.runs.split_at_mut_checked(self.at) else { return };
        let is_own = |fault: &mut FaultSeen| {
            let apart = point.time.zip(fault.time).map(|(died, said)| died.ns - said.ns);
            fault.part == point.part && apart.is_some_and(|apart| (0..=AFTERMATH).contains(&apart))
        };
        run.faults.extend(before.faults.extract_if(.., is_own));
    }

    /// Finds the run that an end belongs to: the open one, the next that has begun, or one that nobody told of.
    pub(super) fn close(&mut self, point: Point<'e>) {
        let Some(run) = self.chronicle.runs.get(self.at) else { return self.begin(point) };
        let witness = run.witnesses.of(self.part);
        if self.gives_reason(self.at, point.offset) && point.mark.is_some_and(|mark| mark.kind == MarkKind::Fatal) {
            let is_same =
                |known: Point| known.mark.zip(point.mark).is_some_and(|(known, mark)| known.words == mark.words);
            if !run.fatal.is_some_and(is_same) {
                return;
            }
        }
        if self.leads {
            if point.mark.is_some_and(|mark| mark.of_start) && run.is_ready() && !run.is_over() {
                self.begin(point);
                return self.take_first_words(point);
            }
            let by_manager = point.mark.is_some_and(|mark| mark.manager);
            let manager_ended = run.exit.is_some_and(|exit| exit.mark.is_some_and(|mark| mark.manager));
            // The manager's word after the application's own is the same end; so are several words of the application
            // where starts are told.
            let again = !by_manager && died_again(run, point);
            // A manager in a container ends its service and then itself, in other words.
            let passed_on = run.exit.is_some_and(|exit| by_manager && follows(exit, point));
            let same = match by_manager {
                true => !manager_ended || passed_on,
                false => self.traits.has_starts[self.part] && !again || says_more(run, point),
            };
            if (run.is_over() || again) && !same {
                self.begin(point);
            }
            return;
        }
        let again = died_again(run, point) || told_again(run, &witness, point);
        if witness.ended.is_some() && (!self.traits.has_starts[self.part] || again) {
            let close_by =
                witness.ended.flatten().zip(point.time).is_some_and(|(known, time)| time.ns <= known.ns + AFTERMATH);
            let close_by = close_by && !(again && point.mark.is_some_and(|mark| mark.untimed));
            let starts_told = self.traits.weight.iter().any(|weight| weight.0 >= 2);
            let starts_told = starts_told && !(again && self.traits.silent_respawns);
            if !close_by && !self.find_later(point.time, 0) && !starts_told {
                self.begin(point);
            }
        }
    }
}

/// Whether a start is a manager's that would tell of the next one, too.
fn tells_all_starts(start: &Told) -> bool {
    start.manager && !start.first_only
}

/// Whether a second word of one end: in another manager's words, at once, or where one of them has no time.
fn follows(exit: Point, point: Point) -> bool {
    let words = exit.mark.zip(point.mark).filter(|(known, mark)| known.words != mark.words);
    let at_once = exit.time.zip(point.time).is_none_or(|(exit, time)| time.ns - exit.ns <= SECOND);
    words.is_some_and(|(known, mark)| at_once || known.untimed || mark.untimed) && exit.part == point.part
}

/// Whether more last words of one death: other ones, in the same breath.
fn says_more(run: &Run, point: Point) -> bool {
    let Some(died) = run.fatal.filter(|died| died.part == point.part) else { return false };
    let at_once = died.time.zip(point.time).is_some_and(|(died, time)| (0..=BREATH).contains(&(time.ns - died.ns)));
    at_once && died.mark.zip(point.mark).is_some_and(|(known, mark)| known.words != mark.words)
}

/// A program cannot die twice: sure last words well after its last words are another run's, which died before its start
/// mark.
fn died_again(run: &Run, point: Point) -> bool {
    let Some(mark) = point.mark.filter(|mark| mark.kind == MarkKind::Fatal) else { return false };
    let is_own = |ended: &Point| ended.part == point.part;
    let is_same = |ended: &Point| ended.mark.is_some_and(|known| known.words == mark.words);
    let is_sure = |ended: &Point| ended.mark.is_some_and(|known| known.kind == MarkKind::Fatal && !known.weak);
    let later = |ended: Point, slack: i64| match (ended.time, point.time) {
        // No record with a time stands between.
        (Some(at), Some(time)) if mark.untimed && !mark.weak && at == time => is_own(&ended) && is_same(&ended),
        (Some(ended), Some(time)) => time.ns > ended.ns + slack + 2 * AFTERMATH,
        // Without times the same words are another death, and so is an exception just after last words.
        (None, None) => is_own(&ended) && (is_same(&ended) || mark.weak && mark.step == DIED_ALONE && is_sure(&ended)),
        _ => false,
    };
    // Words that may not be the last ones were when they come again.
    // Without times an exception after other lines may be that of a child, however it ended.
    let is_sure_death = !mark.weak || mark.step == DIED_ALONE || mark.step == DIED_SURELY && !mark.untimed;
    let died = run.fatal.filter(|died| is_sure_death || is_same(died) && !mark.untimed);
    // After its own goodbye, too; a manager's word of the end may come before the program's.
    let goodbye = run.exit.filter(is_own).filter(|exit| exit.mark.is_some_and(|mark| !mark.manager));
    // What can only be said at a start is no word of a process that is asked to stop.
    let stop = run.stop.filter(is_own).filter(|_| run.fatal.is_none() && mark.weak && mark.step == DIED_ALONE);
    // Two lines of one goodbye may fall into two seconds. A start that failed takes leave first, and then says why.
    let failed_start = if run.is_ready() || run.stop.is_some() { 0 } else { LEAVE };
    let resolution = |ended: Point| ended.time.map_or(0, |time| time.resolution()) + failed_start;
    // Of a start that failed a worker may tell, and then its master.
    let goes_on = |died: Point| mark.never_ready && died.mark.is_some_and(|known| known.never_ready && !is_same(&died));
    match died {
        Some(died) if goes_on(died) => later(died, resolution(died)),
        Some(died) => later(died, 0),
        None => goodbye.or(stop).is_some_and(|ended| later(ended, resolution(ended))),
    }
}

/// Likewise by what this stream told of the run's end.
fn told_again(run: &Run, witness: &Witness, point: Point) -> bool {
    let Some(mark) = point.mark.filter(|mark| mark.kind == MarkKind::Fatal && !mark.weak) else { return false };
    // No record with a time stands between.
    let at_once = mark.untimed && witness.ended == Some(point.time);
    match witness.died_by {
        Some(words) if at_once => words == mark.words,
        Some(_) => {
            let ended = witness.ended.flatten().zip(point.time);
            !mark.untimed && ended.is_some_and(|(ended, time)| time.ns > ended.ns + 2 * AFTERMATH)
        }
        // After a goodbye.
        None => at_once && run.fatal.is_none(),
    }
}
