//! What waits to be told to one receiver: bounded, each incident in its order.

use crate::live::Alert;
use crate::live::alert::Turn;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

/// How many incidents that still fire are remembered, at most.
const MAX_FIRING: usize = 1000;

/// One alert that waits.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub alert: Arc<Alert>,
    pub since: Instant,
    pub tried: u32,
    pub not_before: Instant,
    number: u64,
}

/// Why an alert left the queue without having been told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Lost {
    /// There is a newer one that says the same of the same incident.
    Superseded(Arc<Alert>),
    /// It began and ended before anybody could hear of it. Two alerts.
    Unheard(Arc<Alert>),
    /// It was the oldest.
    Oldest(Arc<Alert>),
}

#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Pending>,
    most: usize,
    next: u64,
    /// Incidents that began and did not end, whoever heard of them.
    firing: VecDeque<Arc<Alert>>,
    /// Incidents whose beginning was delivered, but not their end.
    heard: BTreeSet<String>,
}

impl Queue {
    pub fn new(most: usize) -> Queue {
        Queue { waiting: VecDeque::new(), most: most.max(1), next: 0, firing: VecDeque::new(), heard: BTreeSet::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes one in; what had to go for it.
    pub fn push(&mut self, alert: Arc<Alert>, now: Instant) -> Vec<Lost> {
        self.firing.retain(|firing| firing.id != alert.id);
        if alert.status == Turn::Firing {
            self.firing.push_back(Arc::clone(&alert));
            if self.firing.len() > MAX_FIRING {
                self.firing.pop_front();
            }
        }
        self.waiting.push_back(Pending { alert, since: now, tried: 0, not_before: now, number: self.next });
        self.next += 1;
        let mut lost = Vec::new();
        while self.waiting.len() > self.most {
            lost.extend(self.make_room());
        }
        lost
    }

    fn make_room(&mut self) -> Option<Lost> {
        if let Some(at) = self.find(|older, newer| older.alert.status == newer.alert.status) {
            return self.waiting.remove(at).map(|gone| Lost::Superseded(gone.alert));
        }
        let heard = &self.heard;
        let unheard = |older: &Pending, newer: &Pending| {
            older.tried == 0
                && older.alert.status == Turn::Firing
                && newer.alert.status == Turn::Resolved
                && !heard.contains(&older.alert.id)
        };
        if let Some(gone) = self.find(unheard).and_then(|at| self.waiting.remove(at)) {
            self.waiting.retain(|pending| pending.alert.id != gone.alert.id);
            return Some(Lost::Unheard(gone.alert));
        }
        let gone = self.waiting.pop_front()?;
        if gone.alert.status == Turn::Resolved {
            self.heard.remove(&gone.alert.id);
        }
        Some(Lost::Oldest(gone.alert))
    }

    /// The first one that a later one of the same incident relates to so.
    fn find(&self, so: impl Fn(&Pending, &Pending) -> bool) -> Option<usize> {
        self.waiting.iter().enumerate().position(|(at, older)| {
            self.waiting.iter().skip(at + 1).any(|newer| newer.alert.id == older.alert.id && so(older, newer))
        })
    }

    /// Those that are the first of their incident: nothing else may be told yet.
    fn heads(&self) -> impl Iterator<Item = (usize, &Pending)> {
        self.waiting
            .iter()
            .enumerate()
            .filter(|(at, pending)| !self.waiting.iter().take(*at).any(|earlier| earlier.alert.id == pending.alert.id))
    }

    /// The first one whose time has come; it is no longer in the queue.
    pub fn take(&mut self, now: Instant) -> Option<Pending> {
        let (at, _) = self.heads().find(|(_, pending)| pending.not_before <= now)?;
        let mut pending = self.waiting.remove(at)?;
        pending.tried += 1;
        Some(pending)
    }

    /// When `take` will have one.
    pub fn next_due(&self) -> Option<Instant> {
        self.heads().map(|(_, pending)| pending.not_before).min()
    }

    /// Back to the place where it was. The queue may be one too long then, until the next push.
    pub fn put_back(&mut self, pending: Pending) {
        let at = self.waiting.iter().position(|other| other.number > pending.number).unwrap_or(self.waiting.len());
        self.waiting.insert(at, pending);
    }

    /// All may be tried at once.
    pub fn hurry(&mut self, now: Instant) {
        for pending in &mut self.waiting {
            pending.not_before = now;
        }
    }

    /// Notes that the receiver knows of it.
    pub fn delivered(&mut self, alert: &Alert) {
        match alert.status {
            Turn::Firing => {
                if self.heard.len() >= MAX_FIRING {
                    self.heard.pop_first();
                }
                self.heard.insert(alert.id.clone());
            }
            Turn::Resolved => {
                self.heard.remove(&alert.id);
            }
        }
    }

    pub fn has_firing(&self) -> bool {
        !self.firing.is_empty()
    }

    /// What fires on and has nothing in the queue that would say so anyway.
    pub fn still_firing(&self) -> Vec<Arc<Alert>> {
        let quiet = |firing: &&Arc<Alert>| !self.waiting.iter().any(|pending| pending.alert.id == firing.id);
        self.firing.iter().filter(quiet).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::delivery::tests::alert;
    use std::time::Duration;

    fn rest(queue: &mut Queue, now: Instant) -> Vec<String> {
        std::iter::from_fn(|| queue.take(now)).map(|p| format!("{} {}", p.alert.id, p.alert.status.word())).collect()
    }

    #[test]
    fn a_full_queue_drops_first_what_nobody_needs() {
        let now = Instant::now();
        let mut queue = Queue::new(3);
        assert!(queue.push(alert("a", Turn::Firing), now).is_empty());
        assert!(queue.push(alert("b", Turn::Firing), now).is_empty());
        assert!(queue.push(alert("b", Turn::Resolved), now).is_empty());
        assert_eq!(queue.push(alert("c", Turn::Firing), now), [Lost::Unheard(alert("b", Turn::Firing))]);
        assert!(queue.push(alert("a", Turn::Firing), now).is_empty());
        assert_eq!(queue.push(alert("d", Turn::Firing), now), [Lost::Superseded(alert("a", Turn::Firing))]);
        assert_eq!(queue.push(alert("e", Turn::Firing), now), [Lost::Oldest(alert("c", Turn::Firing))]);
        assert_eq!(rest(&mut queue, now), ["a firing", "d firing", "e firing"]);
    }

    #[test]
    fn what_was_heard_or_tried_is_no_pair() {
        let now = Instant::now();
        let mut queue = Queue::new(2);
        queue.delivered(&alert("a", Turn::Firing));
        queue.push(alert("a", Turn::Firing), now);
        queue.push(alert("a", Turn::Resolved), now);
        assert_eq!(queue.push(alert("b", Turn::Firing), now), [Lost::Oldest(alert("a", Turn::Firing))]);

        let mut queue = Queue::new(2);
        queue.push(alert("a", Turn::Firing), now);
        let tried = queue.take(now).unwrap();
        queue.push(alert("a", Turn::Resolved), now);
        queue.put_back(tried);
        assert_eq!(queue.push(alert("b", Turn::Firing), now), [Lost::Oldest(alert("a", Turn::Firing))]);
        assert_eq!(rest(&mut queue, now), ["a resolved", "b firing"]);
    }

    #[test]
    fn an_incident_that_waits_keeps_its_order_and_lets_others_pass() {
        let now = Instant::now();
        let later = now + Duration::from_secs(5);
        let mut queue = Queue::new(9);
        queue.push(alert("a", Turn::Firing), now);
        queue.push(alert("a", Turn::Resolved), now);
        queue.push(alert("b", Turn::Firing), now);
        let mut first = queue.take(now).unwrap();
        assert_eq!(first.tried, 1);
        first.not_before = later;
        queue.put_back(first);
        assert_eq!(rest(&mut queue, now), ["b firing"]);
        assert_eq!(queue.next_due(), Some(later));
        queue.hurry(now);
        assert_eq!(rest(&mut queue, now), ["a firing", "a resolved"]);
    }

    #[test]
    fn what_fires_is_known_until_it_is_resolved() {
        let now = Instant::now();
        let mut queue = Queue::new(9);
        queue.push(alert("a", Turn::Firing), now);
        assert!(queue.still_firing().is_empty(), "it is in the queue");
        queue.take(now);
        assert_eq!(queue.still_firing().len(), 1);
        queue.push(alert("a", Turn::Resolved), now);
        assert!(!queue.has_firing());
    }
}
