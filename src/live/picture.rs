//! All that is known at one moment, and the board where everybody who shows it looks.

use super::alert::Alert;
use super::event::Event;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Verdict;
use crate::diagnosis::model::{Escalation, SCHEMA, State};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Events that a board keeps.
const MAX_EVENTS: usize = 2000;

/// A moment's knowledge.
#[derive(Clone, Debug, Serialize)]
pub struct Picture {
    /// When it was made, in nanoseconds since 1970.
    pub at_ns: i64,
    pub diagnosis: Arc<Diagnosis>,
    /// One a service, the worst first.
    pub statuses: Vec<Status>,
    pub traffic: Traffic,
}

/// How a service is now. The diagnosis tells of all that was ever seen of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    pub service: String,
    pub verdict: Verdict,
    pub state: State,
    pub escalation: Escalation,
    pub signals: Vec<String>,
    pub alarm: Alarm,
    /// Since when the alarm is as it is, in nanoseconds since 1970.
    pub since_ns: i64,
    pub runs: u64,
    pub restarts: u64,
    pub ready_runs: u64,
}

/// Whether somebody is to look at a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alarm {
    #[default]
    Calm,
    /// It fails.
    Firing,
    /// It is ready again, and not yet for long enough.
    Settling,
}

impl Alarm {
    pub fn word(self) -> &'static str {
        match self {
            Alarm::Calm => "calm",
            Alarm::Firing => "firing",
            Alarm::Settling => "settling",
        }
    }
}

/// What went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Traffic {
    pub lines: u64,
    pub bytes: u64,
    /// Bytes of followed files that are not read yet.
    pub unread: u64,
    /// Seconds from a line's arrival until it was judged, for the latest lines.
    pub lag_s: f64,
    pub streams: u64,
    /// Alerts that were told, and those that could not be.
    pub alerts: u64,
    pub alerts_failed: u64,
}

/// Where the newest picture and the latest events hang, for all threads.
#[derive(Debug)]
pub struct Board {
    hung: Mutex<Hung>,
    changed: Condvar,
}

#[derive(Debug)]
struct Hung {
    /// Grows with each picture.
    generation: u64,
    picture: Arc<Picture>,
    /// How many events there ever were.
    events_seen: u64,
    events: VecDeque<Arc<Event>>,
    alerts: VecDeque<Arc<Alert>>,
    closed: bool,
}

/// What somebody who looks at a board has seen of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub generation: u64,
    pub events: u64,
}

/// What is new on a board.
#[derive(Clone, Debug)]
pub struct News {
    pub seen: Seen,
    pub picture: Arc<Picture>,
    /// Events since, oldest first; the oldest may have fallen off.
    pub events: Vec<Arc<Event>>,
    /// Nothing more will come.
    pub closed: bool,
}

impl Default for Board {
    fn default() -> Board {
        let diagnosis = Diagnosis {
            schema: SCHEMA.into(),
            verdict: Verdict::Healthy,
            complete: true,
            services: Vec::new(),
            inputs: Vec::new(),
            problems: Vec::new(),
        };
        let picture =
            Picture { at_ns: 0, diagnosis: Arc::new(diagnosis), statuses: Vec::new(), traffic: Traffic::default() };
        let hung = Hung {
            generation: 0,
            picture: Arc::new(picture),
            events_seen: 0,
            events: VecDeque::new(),
            alerts: VecDeque::new(),
            closed: false,
        };
        Board { hung: Mutex::new(hung), changed: Condvar::new() }
    }
}

impl Board {
    fn hung(&self) -> MutexGuard<'_, Hung> {
        self.hung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn picture(&self) -> Arc<Picture> {
        Arc::clone(&self.hung().picture)
    }

    pub fn hang(&self, picture: Picture) {
        let mut hung = self.hung();
        hung.generation += 1;
        hung.picture = Arc::new(picture);
        drop(hung);
        self.changed.notify_all();
    }

    pub fn tell(&self, event: Arc<Event>) {
        let mut hung = self.hung();
        hung.events_seen += 1;
        hung.events.push_back(event);
        if hung.events.len() > MAX_EVENTS {
            hung.events.pop_front();
        }
        drop(hung);
        self.changed.notify_all();
    }

    /// The latest events, oldest first.
    pub fn events(&self) -> Vec<Arc<Event>> {
        self.hung().events.iter().cloned().collect()
    }

    /// Keeps an alert that was told.
    pub fn keep(&self, alert: Arc<Alert>) {
        let mut hung = self.hung();
        hung.alerts.push_back(alert);
        if hung.alerts.len() > MAX_EVENTS {
            hung.alerts.pop_front();
        }
    }

    /// The latest alerts, oldest first.
    pub fn alerts(&self) -> Vec<Arc<Alert>> {
        self.hung().alerts.iter().cloned().collect()
    }

    /// Says that nothing more will come.
    pub fn close(&self) {
        self.hung().closed = true;
        self.changed.notify_all();
    }

    /// Waits until there is something that was not seen, but no longer than this.
    pub fn wait(&self, seen: Seen, most: Duration) -> News {
        let hung = self.hung();
        let is_old =
            |hung: &mut Hung| hung.generation == seen.generation && hung.events_seen == seen.events && !hung.closed;
        let (hung, _) = self.changed.wait_timeout_while(hung, most, is_old).unwrap_or_else(PoisonError::into_inner);
        let new = usize::try_from(hung.events_seen - seen.events.min(hung.events_seen)).unwrap_or(usize::MAX);
        let skip = hung.events.len().saturating_sub(new);
        News {
            seen: Seen { generation: hung.generation, events: hung.events_seen },
            picture: Arc::clone(&hung.picture),
            events: hung.events.iter().skip(skip).cloned().collect(),
            closed: hung.closed,
        }
    }
}
