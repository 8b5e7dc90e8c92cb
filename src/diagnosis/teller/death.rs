//! How a stream's words of an end find the run that ended.

use super::Teller;
use crate::diagnosis::runs::{AFTERMATH, FaultSeen, Point, Run};
use crate::diagnosis::story::Event;
use crate::evidence::{FaultKind, Told};
use crate::grammar::MarkKind;
use crate::signature::wording::{complains, may_tell_why};

impl<'e> Teller<'_, 'e> {
    /// A program that goes on after an exception that looked uncaught did not die by it.
    pub(super) fn outlive(&mut self, event: &Event<'e>) {
        let part = self.part;
        // A traceback with nothing before it is another run's death, not a sign of this one's life.
        let dies = event.mark().is_some_and(|mark| mark.kind == MarkKind::Fatal && (!mark.weak || mark.step == 1));
        let starts = event.mark().is_some_and(|mark| mark.kind == MarkKind::Start) || dies;
        // In a stream that leads by its ends alone, what follows is the next run.
        if starts || (self.leads && !self.traits.has_starts[part]) {
            return;
        }
        if let Some(run) = self.run()
            && let Some(fatal) =
                run.fatal.filter(|fatal| fatal.part == part && fatal.mark.is_some_and(|mark| mark.weak))
            && fatal.time.zip(event.time).is_some_and(|(fatal, time)| time.ns > fatal.ns + AFTERMATH)
        {
            run.fatal = None;
            if run.exit.is_none() {
                run.witnesses.of_mut(part).ended = None;
            }
        }
    }

    /// A program that goes on after its own goodbye did not end (a Node-RED deploy stops and starts its flows).
    pub(super) fn alive(&mut self) {
        let part = self.part;
        if let Some(run) = self.run()
            && run.exit.is_some_and(|exit| exit.part == part && exit.mark.is_some_and(|mark| !mark.manager))
            && run.fatal.is_none()
        {
            run.exit = None;
            run.stop = None;
            run.witnesses.of_mut(part).ended = None;
        }
    }

    /// The run before, when its manager told of the next start before the old process had said goodbye.
    pub(super) fn previous_run(&mut self, mark: &Told) -> Option<&mut Run<'e>> {
        let run = self.chronicle.runs.get(self.at)?;
        let silent = run.witnesses.of(self.part).application_step.is_none() && run.ready.is_none() && !run.is_over();
        let by_manager = run.start.is_some_and(|start| start.mark.is_some_and(|mark| mark.manager));
        if !self.leads || mark.manager || !silent || !by_manager {
            return None;
        }
        let before = self.chronicle.runs.get_mut(self.at.checked_sub(1)?)?;
        (before.exit.is_none() && before.ready.is_some()).then_some(before)
    }

    pub(super) fn exit(&mut self, point: Point<'e>, mark: &'e Told) {
        if let Some(before) = self.previous_run(mark) {
            before.exit = Some(point);
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
    }

    /// Takes what a run's program wrote last before a mark as a fault of the run, where it may say why and nothing else
    /// knows it as an error.
    pub(super) fn complain(&mut self, run: usize, mark: Point<'e>) {
        let story = &self.stories[self.cast.parts[self.part].story];
        let words = Some(mark.last_words).filter(|words| *words != 0).and_then(|words| story.kind(words));
        let Some(FaultKind::Words { template, is_known: false }) = words else { return };
        if let Some(run) = self.chronicle.runs.get_mut(run).filter(|_| complains(template) || may_tell_why(template)) {
            run.add(FaultSeen {
                fault: mark.last_words,
                actor: 0,
                part: self.part,
                offset: mark.offset,
                time: run.ended().or(mark.time),
                count: 1,
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
            run.witnesses.of_mut(part).ended = Some(point.time);
            if point.mark.is_some_and(|mark| mark.never_ready) {
                run.ready = None;
            }
        }
        if point.mark.is_some_and(|mark| mark.manager) {
            self.complain(self.at, point);
        }
        self.take_pending();
    }

    /// Finds the run that an end belongs to: the open one, the next that has begun, or one that nobody told of.
    pub(super) fn close(&mut self, point: Point<'e>) {
        let Some(run) = self.chronicle.runs.get(self.at) else { return self.begin(point) };
        let witness = run.witnesses.of(self.part);
        if self.leads {
            let by_manager = point.mark.is_some_and(|mark| mark.manager);
            let manager_ended = run.exit.is_some_and(|exit| exit.mark.is_some_and(|mark| mark.manager));
            // The manager's word after the application's own is the same end; so are several words of the application
            // where starts are told.
            let again = !by_manager && died_again(run, point);
            let same = if by_manager { !manager_ended } else { self.traits.has_starts[self.part] && !again };
            if (run.is_over() || again) && !same {
                self.begin(point);
            }
            return;
        }
        // Right after its own goodbye a program that writes no time yet dies at its next start.
        let dies_at_start = point.mark.is_some_and(|mark| {
            mark.kind == MarkKind::Fatal && !mark.weak && mark.untimed && witness.ended == Some(point.time)
        });
        let again = died_again(run, point) || run.fatal.is_none() && dies_at_start;
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

/// A program cannot die twice: sure last words well after its last words are another run's, which died before its start
/// mark.
fn died_again(run: &Run, point: Point) -> bool {
    let Some(mark) = point.mark.filter(|mark| mark.kind == MarkKind::Fatal) else { return false };
    let is_own = |ended: &Point| ended.part == point.part;
    // Both without a time of their own, and no record that has one between them.
    let in_one_moment = |ended: &Point| {
        let both = mark.untimed && ended.mark.is_some_and(|known| known.untimed);
        both && ended.time == point.time && is_own(ended)
    };
    let is_same = |ended: &Point| ended.mark.is_some_and(|known| known.words == mark.words);
    let later = |ended: Point, slack: i64| match (ended.time, point.time) {
        (Some(_), Some(_)) if in_one_moment(&ended) => !mark.weak && is_same(&ended),
        (Some(ended), Some(time)) => time.ns > ended.ns + slack + 2 * AFTERMATH,
        // Without times the same words are another death.
        (None, None) => is_own(&ended) && is_same(&ended),
        _ => false,
    };
    let died = run.fatal.filter(|_| !mark.weak || mark.step == 1);
    // After its own goodbye, too; a manager's word of the end may come before the program's.
    let goodbye = run.exit.filter(is_own).filter(|exit| exit.mark.is_some_and(|mark| !mark.manager));
    // What can only be said at a start is no word of a process that is asked to stop.
    let stop = run.stop.filter(is_own).filter(|_| run.fatal.is_none() && mark.weak && mark.step == 1);
    // Two lines of one goodbye may fall into two seconds.
    let resolution = |ended: Point| ended.time.map_or(0, |time| time.resolution());
    match died {
        Some(died) => later(died, 0),
        None => goodbye.or(stop).is_some_and(|ended| later(ended, resolution(ended))),
    }
}
