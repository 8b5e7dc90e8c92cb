//! Delivery of alerts: to commands, webhooks and the desktop, each in a thread of its own that may hang alone.
//!
//! In: alerts, from whoever finds that a service fails. Out: each of them told to each receiver, as often as that takes
//! within limits, and sentences about what could not be told.

mod desktop;
mod exec;
mod lane;
mod queue;
mod shapes;
#[cfg(test)]
mod tests;
mod webhook;

pub use desktop::desktop;
pub use webhook::webhook;

use crate::live::Alert;
use lane::Lane;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How many notes wait to be taken, at most.
const MAX_NOTES: usize = 100;
/// How long after its deadline `finish` waits for commands that are being killed.
const GRACE: Duration = Duration::from_millis(300);

/// What the body of a webhook's request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The alert itself.
    Json,
    /// A message for a Slack incoming webhook, which Mattermost and others understand too.
    Slack,
    /// Alertmanager's `POST /api/v2/alerts`. What fires is told again and again, as it expects.
    Alertmanager,
}

/// Whom to tell. Shown without what may be secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Receiver {
    /// A shell command that gets the alert as JSON on its standard input.
    Exec(String),
    /// Made by [`webhook`], which checks the address.
    Webhook { url: String, shape: Shape },
    /// Made by [`desktop`], where there is one.
    Desktop,
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Its arguments, and what it sets before it, may be secret.
            Receiver::Exec(command) => match command.split_whitespace().next() {
                Some(program) if !program.contains('=') => write!(f, "command {}", shapes::plain(program, 60)),
                _ => f.write_str("command"),
            },
            Receiver::Webhook { url, .. } => write!(f, "webhook {}", webhook::shown(url)),
            Receiver::Desktop => f.write_str("desktop"),
        }
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How patient delivery is. What there is by default is for people; tests take less.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many alerts wait for one receiver, at most.
    pub queue: usize,
    /// How long a webhook may take to be connected to.
    pub connect: Duration,
    /// How long it may take for all of a request.
    pub request: Duration,
    /// How long a command may run.
    pub exec: Duration,
    /// The wait after the first failure; it doubles with each further one.
    pub backoff: Duration,
    /// The longest wait, unless the receiver asks for more.
    pub most_backoff: Duration,
    /// How often one alert is tried.
    pub attempts: u32,
    /// How old it may become.
    pub age: Duration,
    /// How often Alertmanager is told what still fires.
    pub resend: Duration,
    /// At most this many alerts ...
    pub rate: usize,
    /// ... in any time as long as this. Others wait.
    pub rate_window: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            queue: 64,
            connect: Duration::from_secs(5),
            request: Duration::from_secs(15),
            exec: Duration::from_secs(30),
            backoff: Duration::from_secs(1),
            most_backoff: Duration::from_secs(60),
            attempts: 30,
            age: Duration::from_secs(600),
            resend: Duration::from_secs(60),
            rate: 20,
            rate_window: Duration::from_secs(60),
        }
    }
}

/// What all lanes count and note.
#[derive(Debug, Default)]
struct Ledger {
    told: AtomicU64,
    failed: AtomicU64,
    notes: Mutex<(VecDeque<String>, u64)>,
}

impl Ledger {
    fn told(&self) {
        self.told.fetch_add(1, Ordering::Relaxed);
    }

    fn failed(&self, many: u64) {
        self.failed.fetch_add(many, Ordering::Relaxed);
    }

    fn notes(&self) -> MutexGuard<'_, (VecDeque<String>, u64)> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, sentence: String) {
        let mut notes = self.notes();
        if notes.0.len() < MAX_NOTES { notes.0.push_back(sentence) } else { notes.1 += 1 }
    }

    fn take_notes(&self) -> Vec<String> {
        let (notes, over) = std::mem::take(&mut *self.notes());
        let over = (over > 0).then(|| format!("Alerts: {over} more problems are not listed."));
        notes.into_iter().chain(over).collect()
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    pub told: u64,
    pub failed: u64,
    pub notes: Vec<String>,
}

/// Tells alerts to receivers. When it is dropped, what is being told is broken off.
pub struct Deliverer {
    lanes: Vec<Arc<Lane>>,
    ledger: Arc<Ledger>,
}

impl Deliverer {
    /// Starts a thread for each receiver.
    pub fn start(receivers: Vec<Receiver>, options: Options) -> Deliverer {
        let ledger = Arc::new(Ledger::default());
        let mut lanes = Vec::new();
        for receiver in receivers {
            let lane = Arc::new(Lane::new(receiver, options.clone(), Arc::clone(&ledger)));
            let own = Arc::clone(&lane);
            if let Err(error) = thread::Builder::new().name("relapse-alerts".into()).spawn(move || own.run()) {
                ledger.note(format!("Alerts: {} will not be told of any: no thread for it ({error}).", lane.name()));
                lane.await_end(Instant::now());
            }
            lanes.push(lane);
        }
        Deliverer { lanes, ledger }
    }

    /// Has it told to every receiver, and does not wait for that.
    pub fn tell(&self, alert: Arc<Alert>) {
        for lane in &self.lanes {
            lane.push(Arc::clone(&alert));
        }
    }

    /// How many alerts were delivered, counted for each receiver.
    pub fn told(&self) -> u64 {
        self.ledger.told.load(Ordering::Relaxed)
    }

    /// How many were given up, counted for each receiver.
    pub fn failed(&self) -> u64 {
        self.ledger.failed.load(Ordering::Relaxed)
    }

    /// Sentences about problems since the last call.
    pub fn take_notes(&self) -> Vec<String> {
        self.ledger.take_notes()
    }

    /// Delivers what is queued, for about this long at most. What hangs then is left to itself.
    pub fn finish(self, most: Duration) -> Ending {
        let now = Instant::now();
        // One that is too long to be added is as good as a day.
        let end = now.checked_add(most).unwrap_or(now + Duration::from_secs(86_400));
        for lane in &self.lanes {
            lane.end(end);
        }
        for lane in &self.lanes {
            lane.await_end(end + GRACE);
        }
        Ending { told: self.told(), failed: self.failed(), notes: self.take_notes() }
    }
}

impl Drop for Deliverer {
    fn drop(&mut self) {
        for lane in &self.lanes {
            lane.end(Instant::now());
        }
    }
}
