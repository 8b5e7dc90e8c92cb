//! The events that came: which are shown, which one is selected, and whether the newest is followed.

use crate::live::Event;
use std::collections::VecDeque;
use std::sync::Arc;

/// Events that are kept.
const MOST: usize = 2000;

/// The latest events. Each has a number that it keeps, so that a selection stays where it is while others come and go.
#[derive(Debug, Default)]
pub struct Feed {
    all: VecDeque<(u64, Arc<Event>)>,
    shown: VecDeque<(u64, Arc<Event>)>,
    next: u64,
    /// As it was typed.
    filter: String,
    /// The selected one; None follows the newest.
    at: Option<u64>,
    /// The uppermost one in view.
    top: u64,
}

impl Feed {
    /// Adds what came, oldest first.
    pub fn push(&mut self, event: Arc<Event>) {
        let numbered = (self.next, event);
        self.next += 1;
        if matches(&numbered.1, &self.filter.to_lowercase()) {
            self.shown.push_back(numbered.clone());
        }
        self.all.push_back(numbered);
        if self.all.len() > MOST {
            self.all.pop_front();
        }
        let oldest = self.all.front().map_or(0, |(number, _)| *number);
        while self.shown.front().is_some_and(|(number, _)| *number < oldest) {
            self.shown.pop_front();
        }
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Shows only events with this text somewhere in them.
    pub fn set_filter(&mut self, filter: String) {
        let needle = filter.to_lowercase();
        self.filter = filter;
        self.shown = self.all.iter().filter(|(_, event)| matches(event, &needle)).cloned().collect();
    }

    /// How many are shown, of how many.
    pub fn counts(&self) -> (usize, usize) {
        (self.shown.len(), self.all.len())
    }

    pub fn follows(&self) -> bool {
        self.at.is_none()
    }

    fn index_of(&self, number: u64) -> usize {
        self.shown.partition_point(|(other, _)| *other < number)
    }

    /// The row of the selected one.
    pub fn index(&self) -> usize {
        let last = self.shown.len().saturating_sub(1);
        self.at.map_or(last, |number| self.index_of(number).min(last))
    }

    pub fn selected(&self) -> Option<&Event> {
        self.shown.get(self.index()).map(|(_, event)| event.as_ref())
    }

    /// Selects a row. The last one is followed as others come.
    pub fn select(&mut self, index: usize) {
        let is_last = index + 1 >= self.shown.len();
        self.at = if is_last { None } else { self.shown.get(index).map(|(number, _)| *number) };
    }

    /// Stays on the selected one, even if it is the newest.
    pub fn pin(&mut self) {
        self.at = self.shown.get(self.index()).map(|(number, _)| *number);
    }

    /// Moves the view so that the selected row is among so many.
    pub fn fit(&mut self, rows: usize) {
        let top = fitted(self.index_of(self.top), self.index(), rows, self.shown.len());
        self.top = self.shown.get(top).map_or(0, |(number, _)| *number);
    }

    /// The row that is uppermost in view.
    pub fn top(&self) -> usize {
        self.index_of(self.top)
    }

    /// From the uppermost on.
    pub fn view(&self) -> impl Iterator<Item = &Event> {
        self.shown.iter().skip(self.top()).map(|(_, event)| event.as_ref())
    }
}

/// Where a view of so many rows begins, so that row `at` is in it and no row below the last one is blank for nothing.
pub fn fitted(top: usize, at: usize, rows: usize, total: usize) -> usize {
    let lowest = (at + 1).saturating_sub(rows.max(1));
    top.clamp(lowest, at.max(lowest)).min(total.saturating_sub(rows))
}

fn matches(event: &Event, needle: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(needle);
    let optional = |text: &Option<String>| text.as_deref().is_some_and(has);
    needle.is_empty()
        || has(&event.text)
        || has(&event.path)
        || has(event.what)
        || optional(&event.id)
        || optional(&event.title)
        || optional(&event.service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::dashboard::sample;

    fn feed(count: u64) -> Feed {
        let mut feed = Feed::default();
        for line in 1..=count {
            feed.push(Arc::new(sample::event("fault", line, &format!("text {line}"))));
        }
        feed
    }

    fn line(feed: &Feed) -> Option<u64> {
        feed.selected().map(|event| event.line)
    }

    #[test]
    fn the_newest_is_followed_until_another_is_selected() {
        let mut feed = feed(5);
        assert_eq!(line(&feed), Some(5));
        feed.push(Arc::new(sample::event("exit", 6, "x")));
        assert_eq!(line(&feed), Some(6));
        feed.select(1);
        feed.push(Arc::new(sample::event("exit", 7, "x")));
        assert_eq!((line(&feed), feed.follows()), (Some(2), false));
        feed.select(6);
        assert!(feed.follows());
        feed.pin();
        feed.push(Arc::new(sample::event("exit", 8, "x")));
        assert_eq!(line(&feed), Some(7));
    }

    #[test]
    fn the_oldest_fall_off_and_the_selection_with_them() {
        let mut feed = feed(2000);
        feed.select(0);
        feed.push(Arc::new(sample::event("exit", 2001, "x")));
        assert_eq!(feed.counts(), (2000, 2000));
        assert_eq!(line(&feed), Some(2));
    }

    #[test]
    fn a_filter_looks_into_all_that_is_told_of_an_event() {
        let mut feed = feed(20);
        feed.push(Arc::new(Event { service: Some("Billing".into()), ..sample::event("exit", 21, "gone") }));
        feed.set_filter("TEXT 1".into());
        assert_eq!(feed.counts(), (11, 21));
        feed.set_filter("billing".into());
        assert_eq!((feed.counts().0, line(&feed)), (1, Some(21)));
        feed.set_filter("exit".into());
        assert_eq!(feed.counts().0, 1);
        feed.set_filter("no such".into());
        assert_eq!((feed.counts().0, line(&feed)), (0, None));
        feed.set_filter(String::new());
        assert_eq!(feed.counts().0, 21);
    }

    #[test]
    fn what_comes_is_filtered_too() {
        let mut feed = feed(1);
        feed.set_filter("7".into());
        feed.push(Arc::new(sample::event("exit", 2, "signal 7")));
        feed.push(Arc::new(sample::event("exit", 3, "signal 9")));
        assert_eq!((feed.counts(), line(&feed)), ((1, 3), Some(2)));
    }

    #[test]
    fn the_view_moves_no_further_than_it_must() {
        assert_eq!(fitted(0, 9, 5, 10), 5);
        assert_eq!(fitted(5, 7, 5, 10), 5);
        assert_eq!(fitted(5, 3, 5, 10), 3);
        assert_eq!(fitted(8, 9, 5, 10), 5);
        assert_eq!(fitted(0, 0, 0, 0), 0);
        assert_eq!(fitted(3, 0, 5, 2), 0);
        let mut feed = feed(30);
        feed.fit(10);
        assert_eq!(feed.view().next().map(|event| event.line), Some(21));
        feed.select(3);
        feed.fit(10);
        assert_eq!(feed.view().next().map(|event| event.line), Some(4));
    }
}
