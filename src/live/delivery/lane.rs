//! One receiver's thread: takes what its queue holds, tells it, tries again, and keeps within limits.

use crate::live::Alert;
use crate::live::delivery::queue::{Lost, Pending, Queue};
use crate::live::delivery::webhook::{Hook, Outcome};
use crate::live::delivery::{Ledger, Options, Receiver, Shape, desktop, exec, shapes};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The shortest time that a request is given when relapse ends.
const LEAST_REQUEST: Duration = Duration::from_millis(10);
/// The longest wait after a failure when relapse ends: there is little time left to try.
const HURRIED: Duration = Duration::from_millis(500);

pub(super) struct Lane {
    receiver: Receiver,
    hook: Option<(Hook, Shape)>,
    name: String,
    options: Options,
    ledger: Arc<Ledger>,
    state: Mutex<State>,
    changed: Condvar,
}

/// What the thread shares with those who tell. Never locked while something is being delivered.
struct State {
    queue: Queue,
    telling: bool,
    /// Nothing is told before this time.
    quiet_until: Instant,
    /// Whether the receiver itself asked for that.
    quiet_was_asked: bool,
    /// When the alerts of the last window were told.
    times: VecDeque<Instant>,
    resend_at: Option<Instant>,
    end: Option<Instant>,
    ended: bool,
}

enum Job {
    Tell(Pending),
    Resend(Vec<Arc<Alert>>),
    End,
}

/// What the thread alone remembers.
#[derive(Default)]
struct Memory {
    failures: u32,
    /// Whether its troubles were noted.
    noted: bool,
}

impl Lane {
    pub fn new(receiver: Receiver, options: Options, ledger: Arc<Ledger>) -> Lane {
        let now = Instant::now();
        let state = State {
            queue: Queue::new(options.queue),
            telling: false,
            quiet_until: now,
            quiet_was_asked: false,
            times: VecDeque::new(),
            resend_at: None,
            end: None,
            ended: false,
        };
        let hook = match &receiver {
            Receiver::Webhook { url, shape } => Some((Hook::new(url, &options), *shape)),
            _ => None,
        };
        let name = receiver.to_string();
        Lane { receiver, hook, name, options, ledger, state: Mutex::new(state), changed: Condvar::new() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never waits for a delivery.
    pub fn push(&self, alert: Arc<Alert>) {
        let mut state = self.state();
        if state.ended {
            self.ledger.failed(1);
            return;
        }
        let lost = state.queue.push(alert, Instant::now());
        drop(state);
        self.changed.notify_all();
        for lost in lost {
            let (many, what) = match &lost {
                Lost::Superseded(alert) => (1, format!("{}, which there is newer word of", about(alert))),
                Lost::Unheard(alert) => (2, format!("{} and that it is over", about(alert))),
                Lost::Oldest(alert) => (1, about(alert)),
            };
            self.ledger.failed(many);
            self.note(format!("is not told {what}: too many alerts wait for it"));
        }
    }

    /// Has the thread end when all is told, or at this time.
    pub fn end(&self, at: Instant) {
        let now = Instant::now();
        let mut state = self.state();
        state.end = Some(state.end.map_or(at, |end| end.min(at)));
        state.queue.hurry(now);
        if !state.quiet_was_asked {
            state.quiet_until = now;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for that, until this time at most.
    pub fn await_end(&self, until: Instant) {
        let most = until.saturating_duration_since(Instant::now());
        let going = |state: &mut State| !state.ended;
        let (mut state, _) =
            self.changed.wait_timeout_while(self.state(), most, going).unwrap_or_else(PoisonError::into_inner);
        self.close(&mut state);
    }

    /// Counts what is left, once: whoever sees the end first, the thread or the one that waits for it.
    fn close(&self, state: &mut State) {
        if std::mem::replace(&mut state.ended, true) {
            return;
        }
        let left = state.queue.len() as u64 + u64::from(state.telling);
        if left > 0 {
            self.ledger.failed(left);
            let alerts = if left == 1 { "alert" } else { "alerts" };
            self.note(format!("was not told {left} {alerts} before the end"));
        }
    }

    fn note(&self, what: String) {
        self.ledger.note(format!("Alerts: {} {what}.", self.name));
    }

    pub fn run(&self) {
        let mut memory = Memory::default();
        loop {
            match self.next() {
                Job::Tell(pending) => {
                    let outcome = self.tell(&pending.alert);
                    self.told(pending, outcome, &mut memory);
                }
                Job::Resend(alerts) => self.resend(&alerts, &mut memory),
                Job::End => break,
            }
        }
        self.close(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits for something to do.
    fn next(&self) -> Job {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let ending = state.end;
            if ending.is_some_and(|end| state.queue.is_empty() || now >= end) {
                return Job::End;
            }
            let resend_at = if ending.is_none() { self.resend_at(&mut state, now) } else { None };
            if resend_at.is_some_and(|at| at <= now) {
                state.resend_at = Some(now + self.options.resend);
                let alerts = state.queue.still_firing();
                if !alerts.is_empty() {
                    return Job::Resend(alerts);
                }
                continue;
            }
            let mut free = state.quiet_until;
            // What is left at the end is told in one go: it is no more than a queue holds.
            if ending.is_none() {
                free = free.max(self.free_at(&mut state, now));
            }
            if free <= now
                && let Some(pending) = state.queue.take(now)
            {
                if pending.tried == 1 {
                    state.times.push_back(now);
                }
                state.telling = true;
                return Job::Tell(pending);
            }
            let due = state.queue.next_due().map(|due| due.max(free));
            // It would be waited for in vain.
            if ending.is_some_and(|end| due.is_none_or(|due| due >= end)) {
                return Job::End;
            }
            state = match [due, resend_at, ending].into_iter().flatten().min() {
                Some(wake) => {
                    let most = wake.saturating_duration_since(now);
                    self.changed.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// When Alertmanager has to be told again what fires.
    fn resend_at(&self, state: &mut State, now: Instant) -> Option<Instant> {
        if !matches!(self.receiver, Receiver::Webhook { shape: Shape::Alertmanager, .. }) || !state.queue.has_firing() {
            state.resend_at = None;
            return None;
        }
        let at = *state.resend_at.get_or_insert(now + self.options.resend);
        Some(at.max(state.quiet_until))
    }

    /// When the rate allows another alert.
    fn free_at(&self, state: &mut State, now: Instant) -> Instant {
        let window = self.options.rate_window;
        while state.times.front().is_some_and(|first| *first + window <= now) {
            state.times.pop_front();
        }
        let full = state.times.len() >= self.options.rate.max(1);
        state.times.front().filter(|_| full).map_or(now, |first| *first + window)
    }

    fn tell(&self, alert: &Alert) -> Outcome {
        let must_end = || self.state().end;
        let told = match (&self.receiver, &self.hook) {
            (Receiver::Exec(command), _) => exec::tell(command, alert, self.options.exec, must_end),
            (Receiver::Desktop, _) => desktop::show(alert, self.options.exec, must_end),
            (Receiver::Webhook { .. }, Some((hook, shape))) => return self.post(hook, *shape, &[alert]),
            (Receiver::Webhook { .. }, None) => Err("has no address".to_string()),
        };
        // What a command did before it failed is not known, so it is not run again.
        told.map_or_else(Outcome::Refused, |()| Outcome::Delivered)
    }

    fn post(&self, hook: &Hook, shape: Shape, alerts: &[&Alert]) -> Outcome {
        let body = match shapes::body(shape, alerts, Timestamp::now()) {
            Ok(body) => body,
            Err(why) => return Outcome::Refused(format!("cannot be told: {why}")),
        };
        let end = self.state().end;
        let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
        hook.post(&body, self.options.request.min(left).max(LEAST_REQUEST))
    }

    fn told(&self, mut pending: Pending, outcome: Outcome, memory: &mut Memory) {
        let mut state = self.state();
        state.telling = false;
        let alert = Arc::clone(&pending.alert);
        match outcome {
            Outcome::Delivered => {
                state.queue.delivered(&alert);
                self.ledger.told();
                self.recovered(memory);
            }
            Outcome::Refused(why) => {
                self.note(format!("is not told {}: it {why}", about(&alert)));
                self.ledger.failed(1);
            }
            Outcome::Later { why, after, all } => {
                memory.failures = memory.failures.saturating_add(1);
                let doublings = if all { memory.failures } else { pending.tried };
                let most = if state.end.is_some() { HURRIED } else { Duration::MAX };
                let wait = after.unwrap_or_else(|| self.backoff(doublings).min(most));
                let now = Instant::now();
                if all {
                    state.quiet_until = now + wait.min(self.options.age);
                    state.quiet_was_asked = after.is_some();
                }
                let too_old = now.saturating_duration_since(pending.since).saturating_add(wait) > self.options.age;
                if pending.tried >= self.options.attempts || too_old {
                    let times =
                        if pending.tried == 1 { "1 attempt".into() } else { format!("{} attempts", pending.tried) };
                    self.note(format!("is not told {}: it {why}, and was given up after {times}", about(&alert)));
                    self.ledger.failed(1);
                } else {
                    pending.not_before = now + wait;
                    state.queue.put_back(pending);
                    if !std::mem::replace(&mut memory.noted, true) {
                        self.note(format!("{why} and will be tried again"));
                    }
                }
            }
        }
    }

    fn resend(&self, alerts: &[Arc<Alert>], memory: &mut Memory) {
        let Some((hook, shape)) = &self.hook else { return };
        let all: Vec<&Alert> = alerts.iter().map(Arc::as_ref).collect();
        match self.post(hook, *shape, &all) {
            Outcome::Delivered => {
                let mut state = self.state();
                for alert in alerts {
                    state.queue.delivered(alert);
                }
                drop(state);
                self.recovered(memory);
            }
            // There is a next time, so it is noted once and no failure.
            Outcome::Refused(why) | Outcome::Later { why, .. } => {
                if !std::mem::replace(&mut memory.noted, true) {
                    self.note(format!("is not told what still fires: it {why}"));
                }
            }
        }
    }

    fn recovered(&self, memory: &mut Memory) {
        memory.failures = 0;
        if std::mem::take(&mut memory.noted) {
            self.note("can be told again".to_string());
        }
    }

    /// Longer with each failure, and never the same for two that failed together.
    fn backoff(&self, failures: u32) -> Duration {
        let factor = 2u32.saturating_pow(failures.saturating_sub(1).min(20));
        let whole = self.options.backoff.saturating_mul(factor).min(self.options.most_backoff);
        // The keys of a hasher are the randomness that the standard library has.
        let share = RandomState::new().hash_one(failures) % 1000;
        whole / 2 + (whole / 2).mul_f64(share as f64 / 1000.0)
    }
}

/// Which alert, in words.
fn about(alert: &Alert) -> String {
    format!("that {}", shapes::headline(alert))
}
