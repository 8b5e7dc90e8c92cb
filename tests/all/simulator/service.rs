//! One service's life: boots with checks in order, work, ends, and what its manager makes of them.

use super::causes::{Blow, Cause, End, Phase, Style};
use super::last_words::{self, Word};
use super::managers::{Exit, Kind, Manager, Run};
use super::noise::{self, Background};
use super::programs::{Install, Level, Step};
use super::time::Time;
use super::world::{Mark, Pen, World, chance};

pub struct Service {
    pub index: usize,
    pub install: Install,
    pub manager: Manager,
    pub out: Pen,
    pub err: Pen,
    pub causes: Vec<Cause>,
    pub background: Option<Background>,
    /// Between two things of everyday.
    pub pace_ms: u64,
    pub pid: u32,
}

/// How long the story goes on.
pub struct Plan {
    pub start: Time,
    pub max_runs: usize,
    /// Restarts that somebody asks for.
    pub planned: usize,
    /// How long the last run is watched.
    pub settle_ms: u64,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Processes that were started.
    pub starts: usize,
    pub ready: usize,
    /// Runs that each cause ended.
    pub deaths: Vec<usize>,
    pub failed: usize,
    /// Failed runs that had been ready.
    pub failed_ready: usize,
    pub gave_up: bool,
    /// Some run had no line that tells of its start.
    pub silent_start: bool,
}

/// Why a run is over.
enum Over {
    Died { at: Time, exit: Exit, cause: usize },
    Stopped { next: Time },
    StillUp,
}

impl Service {
    fn says(&self, world: &mut World, time: Time, pid: u32, word: &Word, mark: Option<Mark>) {
        match word {
            Word::Line(level, component, text) => {
                let pen = if self.install.program.is_error(*level) { &self.err } else { &self.out };
                let stamp = world.stamp(pen.stream, time);
                world.say(pen, time, pid, &self.install.line(stamp, pid, *level, component, text), mark);
            }
            Word::Raw(text) => world.say(&self.err, time, pid, text, mark),
        }
    }

    pub fn lives(&mut self, world: &mut World, plan: &Plan) -> History {
        let mut history = History { deaths: vec![0; self.causes.len()], ..History::default() };
        let mut planned = plan.planned;
        let mut next = plan.start;
        self.manager.opens(world, plan.start.before(1100));
        for _ in 0..plan.max_runs {
            self.pid = world.rng.next_pid(self.pid);
            let mark = Mark::Start { service: self.index, run: history.starts };
            let mut run = Run { spawned: next, pid: self.pid, ready: false, mark: Some(mark) };
            match self.runs_once(world, &mut run, &mut history, &mut planned, plan) {
                Over::StillUp => return history,
                Over::Stopped { next: at } => next = at,
                Over::Died { at, exit, cause } => {
                    history.deaths[cause] += 1;
                    history.failed += 1;
                    history.failed_ready += usize::from(run.ready);
                    match self.manager.sees_exit(world, run, at, exit) {
                        Some(at) => next = at,
                        None => match self.is_helped(world, &history) {
                            true => next = world.rng.later(at, 240_000, 2_400_000),
                            false => {
                                history.gave_up = true;
                                return history;
                            }
                        },
                    }
                }
            }
        }
        history
    }

    /// The manager gave up. Whether somebody mends something and starts the service by hand.
    fn is_helped(&mut self, world: &mut World, history: &History) -> bool {
        let wanting = self.causes.iter_mut().zip(&history.deaths);
        let mut wanting = wanting.filter(|(cause, bitten)| cause.bites.is_some() && !cause.is_mended(**bitten));
        let Some((cause, bitten)) = wanting.next() else { return false };
        if !chance(&mut world.rng, 70) {
            return false;
        }
        cause.bites = Some(*bitten);
        self.manager.early = 0;
        self.manager.starts.clear();
        true
    }

    /// Whether a condition is met and bites.
    fn bites(&self, world: &mut World, history: &History, at: usize) -> bool {
        let cause = &self.causes[at];
        !cause.is_mended(history.deaths[at]) && chance(&mut world.rng, cause.odds)
    }

    fn runs_once(
        &mut self,
        world: &mut World,
        run: &mut Run,
        history: &mut History,
        planned: &mut usize,
        plan: &Plan,
    ) -> Over {
        let exec =
            (0..self.causes.len()).find(|&at| self.causes[at].phase == Phase::Exec && self.bites(world, history, at));
        if let Some(cause) = exec {
            return self.cannot_start(world, run, history, cause);
        }
        self.manager.spawns(world, *run);
        history.starts += 1;
        let mut time = run.spawned;
        let mut told = self.manager.tells_starts();
        for stage in 0..=6 {
            let steps: Vec<Step> = self.install.boot(run.pid).into_iter().filter(|step| step.stage == stage).collect();
            for step in steps {
                time = world.rng.later(time, step.ms * 8 / 10, step.ms * 12 / 10 + 1);
                let mark = match () {
                    () if step.start => run.mark,
                    () if step.ready => Some(Mark::Ready { service: self.index, run: history.ready }),
                    () => None,
                };
                let word = Word::Line(step.level, step.component, step.text);
                self.says(world, time, run.pid, &word, mark);
                if step.start {
                    told = true;
                    for word in noise::at_boot(&mut world.rng, &self.install, run.pid) {
                        self.says(world, time.after(1), run.pid, &word, None);
                    }
                    if let Some(background) = self.background.clone().filter(|_| chance(&mut world.rng, 30)) {
                        background.words().iter().for_each(|word| self.says(world, time.after(2), run.pid, word, None));
                    }
                }
            }
            for at in 0..self.causes.len() {
                if self.causes[at].phase == Phase::Boot(stage) && self.bites(world, history, at) {
                    history.silent_start |= !told;
                    return self.dies(world, run, time, at);
                }
            }
        }
        run.ready = true;
        history.ready += 1;
        self.manager.hears_ready(world, time);
        self.works(world, run, history, planned, plan, time)
    }

    /// No process, or one that cannot become the program.
    fn cannot_start(&mut self, world: &mut World, run: &Run, history: &mut History, cause: usize) -> Over {
        let End::Outside(blow) = self.causes[cause].end else { return Over::StillUp };
        // supervisord looks for the program before it forks.
        if self.manager.kind != Kind::Supervisord {
            self.manager.spawns(world, *run);
            history.starts += 1;
        }
        let at = world.rng.later(run.spawned, 6, 30);
        if blow == Blow::Format && matches!(self.manager.kind, Kind::Compose | Kind::Kubernetes) {
            let text = format!("exec /opt/{0}/bin/{0}: exec format error", self.install.name);
            self.says(world, at, run.pid, &Word::Raw(text), None);
        }
        history.silent_start |= !self.manager.tells_starts();
        Over::Died { at: at.after(8), exit: Exit::Blow(blow), cause }
    }

    fn dies(&mut self, world: &mut World, run: &Run, time: Time, cause: usize) -> Over {
        let time = world.rng.later(time, 20, 400);
        match &self.causes[cause].end {
            End::Outside(blow) => Over::Died { at: time, exit: Exit::Blow(*blow), cause },
            End::Inside(fault) => {
                let fault = fault.clone();
                let stamp = world.stamp(self.err.stream, time);
                let (words, exit) = last_words::of(&mut world.rng, &self.install, &fault, run.ready, run.pid, stamp);
                let mut at = time;
                for word in &words {
                    self.says(world, at, run.pid, word, None);
                    at = world.rng.later(at, 0, 4);
                }
                Over::Died { at: world.rng.later(at, 20, 90), exit, cause }
            }
        }
    }

    /// From readiness to the end of the run.
    fn works(
        &mut self,
        world: &mut World,
        run: &Run,
        history: &mut History,
        planned: &mut usize,
        plan: &Plan,
        ready: Time,
    ) -> Over {
        let mut death: Option<(Time, usize)> = None;
        for at in 0..self.causes.len() {
            let Phase::Work(least, most) = self.causes[at].phase else { continue };
            if self.bites(world, history, at) {
                let end = world.rng.later(ready, least, most);
                if death.is_none_or(|(sooner, _)| end < sooner) {
                    death = Some((end, at));
                }
            }
        }
        let stop = match (death, *planned) {
            (_, 0) => None,
            (None, _) => Some(world.rng.later(ready, 60_000, 1_800_000)),
            (Some((end, _)), _) if chance(&mut world.rng, 15) => {
                let stop = world.rng.later(ready, 500, 200_000);
                (stop < end).then_some(stop)
            }
            _ => None,
        };
        let until = stop.or(death.map(|(end, _)| end)).unwrap_or(ready.after(plan.settle_ms));
        let leaks = death.is_some_and(|(_, at)| {
            matches!(&self.causes[at].end, End::Outside(Blow::KernelOom | Blow::MemoryLimit))
                || matches!(&self.causes[at].end, End::Inside(fault) if fault.style == Style::Memory)
        });
        self.talks(world, run, ready, until, leaks);
        if stop.is_some() {
            *planned -= 1;
            return self.stops(world, run, until);
        }
        match death {
            Some((end, cause)) => self.dies(world, run, end, cause),
            None => {
                self.manager.closes(world, *run, until);
                Over::StillUp
            }
        }
    }

    fn talks(&self, world: &mut World, run: &Run, from: Time, until: Time, leaks: bool) {
        let mut time = world.rng.later(from, self.pace_ms / 2, self.pace_ms + 1);
        while time < until {
            let words = match &self.background {
                Some(background) if chance(&mut world.rng, 12) => background.words(),
                _ if leaks && chance(&mut world.rng, 15) => {
                    let used = 500 + time.ms_since(from) / 200;
                    vec![Word::Line(Level::Warn, "memory", format!("memory in use: {used} MB and growing"))]
                }
                _ => noise::talk(&mut world.rng, &self.install),
            };
            for word in &words {
                if time < until {
                    self.says(world, time, run.pid, word, None);
                }
                time = world.rng.later(time, 40, 900);
            }
            time = world.rng.later(time, self.pace_ms / 2, self.pace_ms * 3 / 2);
        }
    }

    fn stops(&mut self, world: &mut World, run: &Run, asked: Time) -> Over {
        let mut mark = run.mark.map(|mark| match mark {
            Mark::Start { service, run } | Mark::Ready { service, run } | Mark::Stop { service, run } => {
                Mark::Stop { service, run }
            }
        });
        self.manager.asks_stop(world, *run, asked, mark);
        let mut time = asked.after(3);
        for (ms, component, text) in self.install.stop(run.pid) {
            time = world.rng.later(time, ms, ms * 2 + 1);
            self.says(world, time, run.pid, &Word::Line(Level::Info, component, text), mark.take());
        }
        let gone = world.rng.later(time, 20, 90);
        if chance(&mut world.rng, 30) {
            self.install.version.push_str(".1");
        }
        Over::Stopped { next: self.manager.sees_stop(world, *run, gone) }
    }
}
