//! The watch itself: one loop that takes what arrives, tells at once what it means, and has it diagnosed beside.
//!
//! The loop never waits for a diagnosis, an alert or a reader of the page. How often it asks for a diagnosis goes by what
//! the last one cost, so a large evidence is diagnosed less often instead of holding up the lines.

mod keeping;
mod telling;

use crate::diagnosis::model::Service;
use crate::diagnosis::{Diagnosis, Question};
use crate::evidence::Problem;
use crate::live::checkpoint::State;
use crate::live::diagnoser::Diagnoser;
use crate::live::picture::{Board, Status};
use crate::live::source::Parcel;
use crate::live::status::Alarms;
use crate::live::streams::Streams;
use crate::live::{Alert, Event, now_ns};
use crate::scan::Scanner;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Files are looked at so often: where one has grown within the last second, within the last ten, and else.
const LOOK_NOW: Duration = Duration::from_millis(2);
const LOOK_SOON: Duration = Duration::from_millis(10);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// What goes on being wrong is told so often.
const ONCE_IN_A_WHILE: Duration = Duration::from_secs(60);
/// Without anything new the loop wakes so often.
const IDLE: Duration = Duration::from_millis(200);
/// What was there at the beginning is waited for no longer than this.
const BEGINNING: Duration = Duration::from_secs(5);

/// Who is told what happens. An error ends the watch; a reader that went away is one.
pub trait Listener {
    fn events(&mut self, events: &[Arc<Event>]) -> io::Result<()>;
    /// A service's verdict, signals, escalation or alarm changed; `before` is None the first time.
    fn verdict(&mut self, status: &Status, before: Option<&Status>, service: &Service) -> io::Result<()>;
    fn alert(&mut self, alert: &Arc<Alert>) -> io::Result<()>;
    fn note(&mut self, note: &Problem) -> io::Result<()>;
    /// Somebody asked for it.
    fn diagnosis(&mut self, diagnosis: &Diagnosis) -> io::Result<()>;
    /// Alerts that were told, and those that could not be.
    fn alerts_told(&self) -> (u64, u64);
    /// What whoever delivers alerts has to say since it was last asked.
    fn notes(&mut self) -> Vec<String>;
    /// The formats and signatures as they are on disk now.
    fn reload(&mut self) -> Result<Arc<Scanner>, String>;
}

/// What ends a watch by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitOn {
    Incident,
    Recovered,
}

/// Why a watch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All input ended, or somebody asked.
    Asked,
    /// The reader of its output went away.
    Unheard,
    /// `ExitOn` was met.
    Met,
}

pub struct Watch<'w> {
    pub streams: Streams,
    pub parcels: Receiver<Parcel>,
    pub board: Arc<Board>,
    pub listener: &'w mut dyn Listener,
    pub question: Question,
    pub alarms: Alarms,
    pub state: Option<State>,
    pub checkpoint_every: Duration,
    pub exit_on: Option<ExitOn>,
    /// Pipes that have not ended.
    pub open_pipes: BTreeSet<usize>,
    /// There are files to look at, so it goes on when all pipes have ended.
    pub has_files: bool,
    /// Goes on when all input has ended, until somebody asks for the end.
    pub stays: bool,
}

/// What the loop keeps between two turns.
struct Turns {
    diagnoser: Diagnoser,
    statuses: BTreeMap<String, Status>,
    /// Something came that was not diagnosed: events, or only lines.
    news: Option<(News, Instant)>,
    asked_at: Option<Instant>,
    checked_at: Instant,
    /// Bytes and alarms at the last checkpoint.
    checked: Option<(u64, Alarms)>,
    has_fired: bool,
    /// When it was last told that files are ahead.
    behind_at: Option<Instant>,
    /// That a pipe's bytes, a checkpoint or old evidence could not be kept.
    unspooled_at: Option<Instant>,
    unchecked_at: Option<Instant>,
    heavy_at: Option<Instant>,
    /// As the picture has them.
    alerts_told: (u64, u64),
    lag: Duration,
    first: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Lines,
    Events,
}

impl Watch<'_> {
    /// Watches until all input has ended or somebody asks for the end; gives the final diagnosis.
    pub fn run(mut self) -> io::Result<(End, Diagnosis, Alarms)> {
        let now = Instant::now();
        let mut turns = Turns {
            diagnoser: Diagnoser::start(self.question.clone())?,
            statuses: BTreeMap::new(),
            news: None,
            asked_at: None,
            checked_at: now,
            checked: None,
            has_fired: false,
            behind_at: None,
            unspooled_at: None,
            unchecked_at: None,
            heavy_at: None,
            alerts_told: (0, 0),
            lag: Duration::ZERO,
            first: true,
        };
        // So that what comes from a pipe belongs to something from its first byte on.
        self.checkpoint(&mut turns)?;
        let end = self.watch(&mut turns).and_then(|end| self.drain(&mut turns).map(|()| end));
        let mut end = heard(end)?;
        // As it is now: the last look takes what it wants of the streams, and may change an alarm.
        let kept = self.state.is_some().then(|| (self.streams.save(), self.streams.held()));
        // Two diagnoses at once would take twice the memory, and another thread's heap besides.
        turns.diagnoser.finish();
        let diagnosis = self.last_diagnosis(&turns.diagnoser)?;
        if end != End::Unheard {
            end = heard(self.hang(&mut turns, diagnosis.clone()).map(|()| end))?;
        }
        if let Some((streams, held)) = kept {
            end = heard(self.keep(streams, &held, &mut turns).map(|()| end))?;
        }
        self.board.close();
        Ok((end, diagnosis, self.alarms))
    }

    fn watch(&mut self, turns: &mut Turns) -> io::Result<End> {
        let began = Instant::now();
        // What is there when it begins is known before anybody is answered: what comes after an answer is new.
        let mut more = self.has_files && self.look_at_files(turns)?;
        loop {
            let parcel = match self.wait(turns, more) {
                wait if wait.is_zero() => self.parcels.try_recv().ok(),
                wait => match self.parcels.recv_timeout(wait) {
                    Ok(parcel) => Some(parcel),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return Ok(End::Asked),
                },
            };
            if let Some(parcel) = parcel
                && let Some(end) = self.take(parcel, turns)?
            {
                return Ok(end);
            }
            if self.has_files {
                more = self.look_at_files(turns)?;
            }
            if self.streams.has_open_lines() {
                let events = self.streams.judge_open_lines();
                self.tell(events, turns)?;
            }
            for what in self.listener.notes() {
                let (path, help) = ("alerts".into(), String::new());
                let what = what.strip_prefix("Alerts: ").map(Into::into).unwrap_or(what);
                self.note(Problem { path, line: None, what, help, fault: false })?;
            }
            if let Some(diagnosis) = turns.diagnoser.done()? {
                let diagnosis = self.streams.with_past(diagnosis);
                self.hang(turns, diagnosis)?;
            }
            if !turns.diagnoser.is_busy() {
                self.keep_bounds(turns)?;
            }
            // An alert is told after the picture that raised it, and nothing else may come for long.
            let is_told = self.listener.alerts_told() != turns.alerts_told;
            if is_told || self.alarms.next_change().is_some_and(|at| at <= now_ns()) {
                turns.news.get_or_insert((News::Lines, Instant::now()));
            }
            // What was there at the beginning is judged as a whole, unless somebody writes on and on.
            if !(turns.first && more && began.elapsed() < BEGINNING) {
                self.ask(turns)?;
            }
            if self.is_met(turns) {
                return Ok(End::Met);
            }
            if self.state.is_some() && turns.checked_at.elapsed() >= self.checkpoint_every {
                self.checkpoint(turns)?;
            }
            if self.open_pipes.is_empty() && !self.has_files && !self.stays && self.parcels.is_empty() {
                return Ok(End::Asked);
            }
        }
    }

    /// Reads what is there at the end: what waits in the queue, and what files have by now.
    fn drain(&mut self, turns: &mut Turns) -> io::Result<()> {
        while let Ok(parcel) = self.parcels.try_recv() {
            self.take(parcel, turns)?;
        }
        let (before, _) = self.streams.volume();
        let unread = self.streams.follower.unread();
        self.streams.follower.list_now();
        // A writer that goes on is left behind, not followed for ever.
        while self.has_files && self.look_at_files(turns)? {
            if self.streams.volume().0 > before + unread {
                break;
            }
        }
        let events = self.streams.judge_open_lines();
        self.tell(events, turns)
    }

    /// How long nothing is to be done.
    fn wait(&self, turns: &Turns, more: bool) -> Duration {
        if more {
            return Duration::ZERO;
        }
        let mut wait = match self.streams.follower.quiet_for().as_secs() {
            _ if !self.has_files => IDLE,
            0 => LOOK_NOW,
            1..10 => LOOK_SOON,
            _ => LOOK_AGAIN,
        };
        if turns.news.is_some() || turns.diagnoser.is_busy() {
            wait = wait.min(LOOK_SOON);
        }
        wait
    }

    /// Takes a parcel; Some when it is the end.
    fn take(&mut self, parcel: Parcel, turns: &mut Turns) -> io::Result<Option<End>> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
        match parcel {
            Parcel::Bytes { pipe, bytes, at } => {
                self.spool(pipe, &bytes, turns)?;
                let events = self.streams.push(pipe, &bytes);
                turns.news.get_or_insert((News::Lines, Instant::now()));
                self.tell(events, turns)?;
                turns.lag = at.elapsed();
            }
            Parcel::Ended { pipe, how } => {
                self.open_pipes.remove(&pipe);
                let (events, problem) = self.streams.close_pipe(pipe, how);
                self.tell(events, turns)?;
                problem.map_or(Ok(()), |problem| self.note(problem))?;
            }
            Parcel::Note { about, what } => {
                self.note(Problem { path: about, line: None, what, help: String::new(), fault: false })?;
            }
            Parcel::Signal(SIGINT | SIGTERM) | Parcel::Quit => return Ok(Some(End::Asked)),
            Parcel::Signal(SIGHUP) => match self.listener.reload() {
                Ok(scanner) => {
                    self.streams.read_anew(scanner);
                    turns.news = Some((News::Events, Instant::now()));
                }
                Err(what) => {
                    let help = "the ones before stay in use".into();
                    self.note(Problem { path: "--grammars".into(), line: None, what, help, fault: true })?;
                }
            },
            Parcel::Signal(SIGUSR1) => {
                let diagnosis = self.streams.diagnosis(&self.question);
                self.listener.diagnosis(&self.streams.with_past(diagnosis))?;
            }
            Parcel::Signal(_) => {}
        }
        Ok(None)
    }

    fn look_at_files(&mut self, turns: &mut Turns) -> io::Result<bool> {
        let mut notes = Vec::new();
        let volume = self.streams.volume();
        let (events, more) = self.streams.look(&mut notes);
        for note in notes {
            self.note(note)?;
        }
        if self.streams.volume() != volume || more {
            turns.news.get_or_insert((News::Lines, Instant::now()));
        }
        self.tell(events, turns)?;
        Ok(more)
    }

    fn is_met(&self, turns: &Turns) -> bool {
        match self.exit_on {
            Some(ExitOn::Incident) => turns.has_fired,
            Some(ExitOn::Recovered) => turns.has_fired && !self.alarms.is_any_firing(),
            None => false,
        }
    }
}

/// A reader that went away is an end, and no failure.
fn heard(end: io::Result<End>) -> io::Result<End> {
    match end {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(End::Unheard),
        end => end,
    }
}

/// Whether something may be told again that is to be told once in a while.
fn is_due(told: &mut Option<Instant>) -> bool {
    let is_due = told.is_none_or(|at| at.elapsed() >= ONCE_IN_A_WHILE);
    if is_due {
        *told = Some(Instant::now());
    }
    is_due
}
