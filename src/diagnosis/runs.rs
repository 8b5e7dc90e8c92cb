//! One sequence of runs from what every stream tells: the same start told twice is one start.
//!
//! One stream leads: that of the service manager, or the one with the most starts. Its order is exact, so its runs are
//! read off it. The other streams are laid beside it, each with its own starts and ends as landmarks; what they know
//! more (a start that the leader missed, the end's reason, faults) is added. Marks lie, so a manager's "running" is
//! not readiness where the application has a word of its own for it.

use super::services::{Cast, Part, actor_of};
use super::story::{Event, Story, What};
use crate::evidence::{Id, Mark};
use crate::grammar::{Asker, MarkKind, SECOND, Time};
use std::collections::BTreeSet;

/// A run's end is not sought further than this from its last sign, in nanoseconds.
const SLACK: i64 = 2 * SECOND;
/// A new line so long after a stream's own end-of-run mark belongs to the next run, if one has begun by then.
const AFTERMATH: i64 = SECOND / 4;

/// A place in a service's streams.
#[derive(Clone, Copy, Debug)]
pub struct Point<'e> {
    pub time: Option<Time>,
    pub part: usize,
    pub offset: u64,
    pub mark: Option<&'e Mark>,
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
    pub gave_up: bool,
    pub in_process: bool,
    pub faults: Vec<FaultSeen>,
    pub first_seen: Option<Time>,
    pub last_seen: Option<Time>,
    restarting: bool,
    witnesses: Witnesses,
}

/// What one stream told of a run so far.
#[derive(Clone, Copy, Debug, Default)]
struct Witness {
    first_step: Option<u8>,
    application_step: Option<u8>,
    manager_step: Option<u8>,
    ended: Option<Option<Time>>,
    run_pid: Option<u32>,
}

/// What each stream told; there are only ever a few.
#[derive(Clone, Debug, Default)]
struct Witnesses(Vec<(usize, Witness)>);

impl Witnesses {
    fn of(&self, part: usize) -> Witness {
        self.0.iter().find(|(known, _)| *known == part).map(|(_, witness)| *witness).unwrap_or_default()
    }

    fn of_mut(&mut self, part: usize) -> &mut Witness {
        let at = match self.0.iter().position(|(known, _)| *known == part) {
            Some(at) => at,
            None => {
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

impl Run<'_> {
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
    fn end_or_start(&self) -> Option<Time> {
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

    fn see(&mut self, time: Option<Time>) {
        self.last_seen = self.last_seen.max(time);
        self.first_seen = [self.first_seen, time].into_iter().flatten().min();
    }

    /// The end of the last moment at which the run can have ended.
    fn end_limit(&self) -> Option<i64> {
        let point = self.exit.or(self.fatal)?;
        point.time.map(|time| time.ns + time.resolution())
    }

    fn start_limit(&self) -> Option<i64> {
        self.began().map(|time| time.ns)
    }
}

/// Reconciles all parts of a service.
pub fn chronicle<'e>(stories: &[Story<'e>], cast: &Cast<'e>) -> Chronicle<'e> {
    let traits = Traits::of(stories, cast);
    let mut chronicle =
        Chronicle { tells_ready: traits.tells_ready, has_application: traits.has_application || cast.has_silent_log, ..Chronicle::default() };
    let mut order: Vec<usize> = (0..cast.parts.len()).collect();
    order.sort_by_key(|&part| (std::cmp::Reverse(traits.weight[part]), part));
    for (nth, &part) in order.iter().enumerate() {
        let mut teller = Teller {
            stories,
            cast,
            traits: &traits,
            chronicle: &mut chronicle,
            part,
            leads: nth == 0,
            at: 0,
            pending: Vec::new(),
        };
        teller.tell();
    }
    settle(&mut chronicle);
    chronicle
}

/// What holds for a service as a whole and decides how single marks are taken.
struct Traits {
    tells_ready: bool,
    has_application: bool,
    /// By part: how good a leader it is.
    weight: Vec<(u8, usize)>,
    /// By part: whether it tells starts at all.
    has_starts: Vec<bool>,
    /// By part: the weak start that stands at the head of the log, if any; only its like counts.
    head_start: Vec<Option<Id>>,
    /// A manager tells of process starts; then weak ones only help to lay streams side by side.
    managed: bool,
    /// By part: whether it tells ends.
    tells_ends: Vec<bool>,
    /// By part: no line of it has a time, so only the order of its events tells where they belong.
    untimed: Vec<bool>,
}

/// A weak start counts only where its first instance begins within so many bytes of its stream.
const LOG_HEAD: u64 = 8 << 10;

impl Traits {
    fn of(stories: &[Story], cast: &Cast) -> Traits {
        let marks = || cast.parts.iter().flat_map(|part| &part.events).filter_map(Event::mark);
        let application_tells = cast.parts.iter().any(|part| {
            part.events.iter().any(|event| actor_of(stories, part, event.actor).is_some_and(|actor| actor.tells_ready))
        });
        let tells_ready = application_tells || marks().any(|mark| !mark.manager && mark.tells_ready);
        let has_application = cast.parts.iter().any(|part| {
            part.events.iter().any(|event| {
                let own_line = actor_of(stories, part, event.actor)
                    .is_some_and(|actor| actor.kind == crate::evidence::ActorKind::Application);
                own_line && event.mark().is_none_or(|mark| !mark.manager)
            })
        });
        let sure_starts = marks().any(|mark| mark.kind == MarkKind::Start && !mark.weak && !mark.manager);
        let managed = marks().any(|mark| mark.kind == MarkKind::Start && mark.manager);
        let head_start: Vec<Option<Id>> = cast.parts.iter().map(|part| head_start(part, sure_starts)).collect();
        let is_end = |mark: &Mark| matches!(mark.kind, MarkKind::Exit | MarkKind::Fatal);
        let tells_ends = cast.parts.iter().map(|part| part.events.iter().filter_map(Event::mark).any(is_end)).collect();
        let untimed = cast.parts.iter().map(|part| part.events.iter().all(|event| event.time.is_none())).collect();
        let weight = cast
            .parts
            .iter()
            .zip(&head_start)
            .map(|(part, head)| weight(part.events.iter().filter_map(Event::mark), *head))
            .collect();
        let has_starts = cast
            .parts
            .iter()
            .zip(&head_start)
            .map(|(part, head)| {
                let usable = |mark: &&Mark| mark.kind == MarkKind::Start && (!mark.weak || Some(mark.words) == *head);
                let pids: BTreeSet<u32> =
                    part.events.iter().filter_map(|event| actor_of(stories, part, event.actor)?.run_pid).collect();
                !pids.is_empty() || part.events.iter().filter_map(Event::mark).any(|mark| usable(&mark))
            })
            .collect();
        Traits { tells_ready, has_application, weight, has_starts, head_start, untimed, managed, tells_ends }
    }
}

/// The weak start at the head of a log, where no start is sure.
fn head_start(part: &Part, sure_starts: bool) -> Option<Id> {
    let first = part.events.iter().filter_map(Event::mark).find(|mark| mark.kind == MarkKind::Start && mark.weak)?;
    (!sure_starts && first.offset < LOG_HEAD).then_some(first.words)
}

/// Managers lead, then those that tell of starts, then those that tell of ends.
fn weight<'m>(marks: impl Iterator<Item = &'m Mark>, head_start: Option<Id>) -> (u8, usize) {
    // The steps of one boot are one start.
    let mut manager_starts = [0usize; 4];
    let mut starts = 0;
    let mut ends = 0;
    for mark in marks {
        match mark.kind {
            MarkKind::Start if mark.manager => manager_starts[usize::from(mark.step.min(3))] += 1,
            MarkKind::Start if !mark.weak || Some(mark.words) == head_start => starts += 1,
            MarkKind::Exit | MarkKind::Fatal => ends += 1,
            _ => {}
        }
    }
    match (manager_starts.into_iter().max().unwrap_or(0), starts, ends) {
        (0, 0, 0) => (0, 0),
        (0, 0, ends) => (1, ends),
        (0, starts, _) => (2, starts),
        (manager_starts, _, _) => (3, manager_starts),
    }
}

/// Lays one stream's events over the runs known so far.
struct Teller<'t, 'e> {
    stories: &'t [Story<'e>],
    cast: &'t Cast<'e>,
    traits: &'t Traits,
    chronicle: &'t mut Chronicle<'e>,
    part: usize,
    leads: bool,
    /// The run that the stream is in.
    at: usize,
    /// Faults that wait for the run they belong to.
    pending: Vec<FaultSeen>,
}

impl<'e> Teller<'_, 'e> {
    fn tell(&mut self) {
        let part = &self.cast.parts[self.part];
        for event in &part.events {
            let run_pid = actor_of(self.stories, part, event.actor).and_then(|actor| actor.run_pid);
            self.advance(event.time);
            self.outlive(event);
            if let Some(pid) = run_pid {
                self.meet_pid(event, pid);
            }
            match event.what {
                What::Fault { id, fold } => self.fault(FaultSeen {
                    fault: id,
                    actor: event.actor,
                    part: self.part,
                    offset: event.offset,
                    time: event.time,
                    count: fold.count,
                    after_ready: false,
                }),
                What::Mark(mark) => self.mark(event, mark),
            }
        }
        let left = std::mem::take(&mut self.pending);
        match self.chronicle.runs.get_mut(self.at) {
            // What stands after the last end is its aftermath.
            Some(run) => run.faults.extend(left),
            None => self.chronicle.loose.extend(left),
        }
    }

    fn point(&self, event: &Event<'e>) -> Point<'e> {
        Point { time: event.time, part: self.part, offset: event.offset, mark: event.mark() }
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
            let begun = next.start_limit().is_some_and(|start| time.ns >= start);
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

    fn mark(&mut self, event: &Event<'e>, mark: &'e Mark) {
        let point = self.point(event);
        match mark.kind {
            MarkKind::Start if mark.weak && Some(mark.words) != self.traits.head_start[self.part] => {}
            MarkKind::Start => self.start(point, mark),
            MarkKind::Ready => self.ready(point, mark),
            MarkKind::Stop => {
                if self.previous_run(mark).is_some() {
                    return;
                }
                if let Some(run) = self.run() {
                    let better = run.stop.is_none_or(|known| {
                        known.mark.is_none_or(|known| known.asked.is_none()) && mark.asked.is_some()
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
            MarkKind::Throttle | MarkKind::Progress => {}
        }
    }

    fn start(&mut self, point: Point<'e>, mark: &'e Mark) {
        let step = mark.step;
        let known = self.chronicle.runs.get(self.at).map(|run| {
            let witness = run.witnesses.of(self.part);
            let told = if mark.manager { witness.manager_step } else { witness.application_step };
            let manager_told_later = mark.manager && witness.application_step.is_some();
            // Workers repeat a later step of the same boot.
            let is_worker = step > 1 && witness.first_step.is_some_and(|first| first < step) && !run.restarting;
            let repeats = told.is_some_and(|told| step <= told && !is_worker) || manager_told_later || witness.ended.is_some();
            // The leader's order is exact: after an end, a start begins the next run.
            (repeats || (self.leads && run.is_over()), run.restarting)
        });
        match known {
            None => self.begin(point),
            Some((false, _)) if self.fits(point) => {}
            Some((_, restarting)) => {
                if self.find_later(point.time, SLACK) {
                } else if mark.weak && self.traits.managed {
                    return;
                } else {
                    self.begin(point);
                    if let Some(run) = self.run() {
                        run.in_process = restarting && !mark.manager;
                    }
                }
            }
        }
        let leads = self.leads;
        if let Some(run) = self.run() {
            let better = run.start.is_none_or(|known| known.mark.is_none_or(|known| known.weak && !mark.weak));
            if better && (leads || run.start.is_none()) {
                run.start = Some(point);
            }
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
        let waiting = std::mem::take(&mut self.pending);
        self.chronicle.loose.extend(waiting.iter().filter(|_| self.at == 0));
        if self.at > 0
            && let Some(run) = self.chronicle.runs.get_mut(self.at - 1)
        {
            run.faults.extend(waiting);
        }
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
        if self.traits.untimed[self.part] {
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
        let mut run = Run::default();
        let mut at = if self.chronicle.runs.is_empty() { 0 } else { self.at + 1 };
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

    fn ready(&mut self, point: Point<'e>, mark: &'e Mark) {
        if mark.weak && self.traits.tells_ready {
            return;
        }
        if self.traits.untimed[self.part] && self.witness().is_some_and(|witness| witness.ended.is_some()) {
            self.find_later(None, 0);
        }
        let over = self.chronicle.runs.get(self.at).is_none_or(|run| self.leads && run.is_over());
        // A manager may call a process running that has just ended.
        if over && mark.manager && !self.chronicle.runs.is_empty() {
            return;
        }
        if over {
            self.begin(point);
        }
        if let Some(run) = self.run() {
            let slot = if mark.manager { &mut run.manager_ready } else { &mut run.ready };
            slot.get_or_insert(point);
            run.see(point.time);
        }
    }

    /// A program that goes on after an exception that looked uncaught did not die by it.
    fn outlive(&mut self, event: &Event<'e>) {
        let part = self.part;
        // A traceback with nothing before it is another run's death, not a sign of this one's life.
        let dies = event.mark().is_some_and(|mark| mark.kind == MarkKind::Fatal && (!mark.weak || mark.step == 1));
        let starts = event.mark().is_some_and(|mark| mark.kind == MarkKind::Start) || dies;
        // In a stream that leads by its ends alone, what follows is the next run.
        if starts || (self.leads && !self.traits.has_starts[part]) {
            return;
        }
        if let Some(run) = self.run()
            && let Some(fatal) = run.fatal.filter(|fatal| fatal.part == part && fatal.mark.is_some_and(|mark| mark.weak))
            && fatal.time.zip(event.time).is_some_and(|(fatal, time)| time.ns > fatal.ns + AFTERMATH)
        {
            run.fatal = None;
            if run.exit.is_none() {
                run.witnesses.of_mut(part).ended = None;
            }
        }
    }

    /// A program that goes on after its own goodbye did not end (a Node-RED deploy stops and starts its flows).
    fn alive(&mut self) {
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
    fn previous_run(&mut self, mark: &Mark) -> Option<&mut Run<'e>> {
        let run = self.chronicle.runs.get(self.at)?;
        let silent = run.witnesses.of(self.part).application_step.is_none() && run.ready.is_none() && !run.is_over();
        let by_manager = run.start.is_some_and(|start| start.mark.is_some_and(|mark| mark.manager));
        if !self.leads || mark.manager || !silent || !by_manager {
            return None;
        }
        let before = self.chronicle.runs.get_mut(self.at.checked_sub(1)?)?;
        (before.exit.is_none() && before.ready.is_some()).then_some(before)
    }

    fn exit(&mut self, point: Point<'e>, mark: &'e Mark) {
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
        self.take_pending();
    }

    fn fatal(&mut self, point: Point<'e>) {
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
        self.take_pending();
    }

    /// Finds the run that an end belongs to: the open one, the next that has begun, or one that nobody told of.
    fn close(&mut self, point: Point<'e>) {
        let Some(run) = self.chronicle.runs.get(self.at) else { return self.begin(point) };
        let witness = run.witnesses.of(self.part);
        if self.leads {
            let by_manager = point.mark.is_some_and(|mark| mark.manager);
            let manager_ended = run.exit.is_some_and(|exit| exit.mark.is_some_and(|mark| mark.manager));
            // The manager's word after the application's own is the same end; so are several words of the application
            // where starts are told.
            let same =
                if by_manager { !manager_ended } else { self.traits.has_starts[self.part] && !died_again(run, point) };
            if run.is_over() && !same {
                self.begin(point);
            }
            return;
        }
        if witness.ended.is_some() && (!self.traits.has_starts[self.part] || died_again(run, point)) {
            let close_by =
                witness.ended.flatten().zip(point.time).is_some_and(|(known, time)| time.ns <= known.ns + AFTERMATH);
            let starts_told = self.traits.weight.iter().any(|weight| weight.0 >= 2);
            if !close_by && !self.find_later(point.time, 0) && !starts_told {
                self.begin(point);
            }
        }
    }

    fn take_pending(&mut self) {
        let waiting = std::mem::take(&mut self.pending);
        if let Some(run) = self.run() {
            run.faults.extend(waiting);
        }
    }

    /// A fault without a time: after an end it is the next run's, and one that came as often as there are runs came once
    /// in each.
    fn spread(&mut self, fault: FaultSeen) {
        if self.witness().is_some_and(|witness| witness.ended.is_some()) {
            self.find_later(None, 0);
        }
        // Where ends are told, what comes twice between two of them is one run's.
        let most = if self.traits.tells_ends[self.part] { 1 } else { self.chronicle.runs.len() - self.at };
        let times = (fault.count as usize).clamp(1, most);
        for run in &mut self.chronicle.runs[self.at..self.at + times] {
            run.faults.push(FaultSeen { count: fault.count.div_ceil(times as u32), time: run.end_or_start(), ..fault });
        }
    }

    fn fault(&mut self, fault: FaultSeen) {
        let waits = match self.chronicle.runs.get(self.at) {
            None => true,
            // Without start marks, what follows an end is the next run's; but a program's last words may go on.
            Some(run) => {
                let own_words = run.exit.is_none().then_some(run.fatal).flatten().and_then(|fatal| fatal.time);
                let goes_on = own_words.zip(fault.time).is_some_and(|(fatal, time)| time.ns <= fatal.ns + AFTERMATH);
                self.leads && run.is_over() && !self.traits.has_starts[self.part] && !goes_on
            }
        };
        if waits {
            return self.pending.push(fault);
        }
        if self.traits.untimed[self.part] && !self.leads {
            return self.spread(fault);
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
            run.faults.push(fault);
        }
    }
}

/// A program cannot die twice: sure last words well after its last words are another run's, which died before its start
/// mark.
fn died_again(run: &Run, point: Point) -> bool {
    let dies = point.mark.is_some_and(|mark| mark.kind == MarkKind::Fatal && (!mark.weak || mark.step == 1));
    let died = run.fatal.and_then(|fatal| fatal.time);
    dies && died.zip(point.time).is_some_and(|(died, time)| time.ns > died.ns + 2 * AFTERMATH)
}

/// What can be said only when all streams have told: readiness by the manager's word, the order of faults.
fn settle(chronicle: &mut Chronicle) {
    let by_manager = !chronicle.has_application;
    let refused: BTreeSet<(usize, u64)> = chronicle.refused.iter().map(|point| (point.part, point.offset)).collect();
    for run in &mut chronicle.runs {
        // A manager's end long after what looked like the program's last words: they were a child's, or caught.
        let lived_on = run.exit.and_then(|exit| exit.time).zip(run.fatal.and_then(|fatal| fatal.time));
        let asked = run.stop.and_then(|stop| stop.mark).is_some_and(|mark| mark.asked.is_some());
        if run.fatal.is_some_and(|fatal| asked || fatal.mark.is_some_and(|mark| mark.weak))
            && lived_on.is_some_and(|(exit, fatal)| exit.ns - fatal.ns > 5 * SECOND)
        {
            run.fatal = None;
        }
        // A refused start is no part of the run before it.
        let outside = run.faults.extract_if(.., |fault| refused.contains(&(fault.part, fault.offset)));
        chronicle.loose.extend(outside);
        if by_manager && let Some(point) = run.manager_ready {
            // Running a moment before its end is not ready.
            let ended_at_once = run
                .exit
                .and_then(|exit| exit.time)
                .zip(point.time)
                .is_some_and(|(exit, ready)| exit.ns - ready.ns < 5 * SECOND);
            let asked = run.stop.is_some();
            if !ended_at_once || asked {
                run.ready = Some(point);
            }
        }
        run.witnesses = Witnesses::default();
        run.faults.shrink_to_fit();
        run.faults.sort_by_key(|fault| (fault.time, fault.part, fault.offset));
        let ready = run.ready.and_then(|point| point.time);
        for fault in &mut run.faults {
            // Within one stream the order is exact; a line without a time has that of the ready line before it.
            let same_part = run.ready.filter(|point| point.part == fault.part);
            fault.after_ready = match same_part {
                Some(point) => fault.offset > point.offset,
                None => ready.is_some_and(|ready| fault.time.is_some_and(|time| time.ns > ready.ns)),
            };
        }
    }
}

/// Who asked for the run's end, where it is known.
pub fn asker(run: &Run) -> Option<Asker> {
    let asked = |point: Option<Point>| point.and_then(|point| point.mark).and_then(|mark| mark.asked);
    asked(run.stop).or(asked(run.exit))
}
