//! What is looked at: which panel, which service, what is open over it, whether time stands still.

mod acting;

use crate::diagnosis::model::{Cause, Service};
use crate::live::dashboard::feed::{Feed, fitted};
use crate::live::dashboard::places::{Panel, Places, inside};
use crate::live::dashboard::rate::Rate;
use crate::live::dashboard::window::Window;
use crate::live::picture::{News, Seen};
use crate::live::{Board, Event, Picture, Status};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Events that are held back while paused.
const MOST_HELD: usize = 2000;

/// What lies over the panels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    Help,
    Service,
    Cause,
    Event,
}

/// A cause of the selected service.
#[derive(Clone, Copy, Debug)]
pub struct Ranked<'d> {
    pub cause: &'d Cause,
    /// It is one of the latest incident.
    pub is_latest: bool,
}

/// What came while the view stood still.
#[derive(Debug)]
struct Held {
    picture: Arc<Picture>,
    events: VecDeque<Arc<Event>>,
    count: u64,
}

/// All that a drawing is made from.
#[derive(Debug)]
pub struct State {
    seen: Seen,
    pub picture: Arc<Picture>,
    pub feed: Feed,
    pub rate: Rate,
    held: Option<Held>,
    pub focus: Panel,
    pub sheet: Option<Sheet>,
    /// The uppermost row of the sheet.
    pub sheet_top: usize,
    pub typing: bool,
    pub window: Window,
    /// Events are shown by their lines only.
    pub lines: bool,
    pub alone: bool,
    service: Option<String>,
    cause: Option<String>,
    pub services_top: usize,
    pub causes_top: usize,
}

impl Default for State {
    fn default() -> State {
        State {
            seen: Seen::default(),
            picture: Board::default().picture(),
            feed: Feed::default(),
            rate: Rate::default(),
            held: None,
            focus: Panel::default(),
            sheet: None,
            sheet_top: 0,
            typing: false,
            window: Window::default(),
            lines: false,
            alone: false,
            service: None,
            cause: None,
            services_top: 0,
            causes_top: 0,
        }
    }
}

impl State {
    /// What is to be waited for.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// Takes what is new; whether there was anything.
    pub fn take(&mut self, news: News) -> bool {
        if news.seen == self.seen {
            return false;
        }
        let came = news.seen.events.saturating_sub(self.seen.events);
        self.seen = news.seen;
        self.rate.note(&news.picture);
        if let Some(held) = &mut self.held {
            held.picture = news.picture;
            held.count += came;
            held.events.extend(news.events);
            while held.events.len() > MOST_HELD {
                held.events.pop_front();
            }
        } else {
            self.picture = news.picture;
            for event in news.events {
                self.feed.push(event);
            }
        }
        true
    }

    /// How many events came while the view stands still; None while it does not.
    pub fn missed(&self) -> Option<u64> {
        self.held.as_ref().map(|held| held.count)
    }

    fn pause(&mut self) {
        match self.held.take() {
            None => {
                let picture = Arc::clone(&self.picture);
                self.held = Some(Held { picture, events: VecDeque::new(), count: 0 });
            }
            Some(held) => {
                self.picture = held.picture;
                for event in held.events {
                    self.feed.push(event);
                }
            }
        }
    }

    /// The row of the selected service. Until one is chosen it is the worst.
    pub fn service_index(&self) -> usize {
        let chosen = self.service.as_deref();
        self.picture.statuses.iter().position(|status| Some(status.service.as_str()) == chosen).unwrap_or_default()
    }

    pub fn status(&self) -> Option<&Status> {
        self.picture.statuses.get(self.service_index())
    }

    /// What the diagnosis tells of the selected service.
    pub fn service(&self) -> Option<&Service> {
        let name = self.status()?.service.as_str();
        self.picture.diagnosis.services.iter().find(|service| service.service == name)
    }

    /// The causes of the selected service, those of its latest incident first.
    pub fn causes(&self) -> Vec<Ranked<'_>> {
        let incidents = self.service().map(|service| service.incidents.as_slice()).unwrap_or_default();
        let mut told = BTreeSet::new();
        let of_all =
            incidents.iter().rev().enumerate().flat_map(|(age, incident)| {
                incident.causes.iter().map(move |cause| Ranked { cause, is_latest: age == 0 })
            });
        of_all.filter(|ranked| told.insert(ranked.cause.id.as_str())).collect()
    }

    pub fn cause_index(&self, causes: &[Ranked<'_>]) -> usize {
        let chosen = self.cause.as_deref();
        causes.iter().position(|ranked| Some(ranked.cause.id.as_str()) == chosen).unwrap_or_default()
    }

    /// Rows of a panel's list, and which of them is selected.
    fn list(&self, panel: Panel) -> (usize, usize) {
        match panel {
            Panel::Services => (self.picture.statuses.len(), self.service_index()),
            Panel::Causes => {
                let causes = self.causes();
                (causes.len(), self.cause_index(&causes))
            }
            Panel::Restarts => (0, 0),
            Panel::Events => (self.feed.counts().0, self.feed.index()),
        }
    }

    fn select(&mut self, panel: Panel, index: usize) {
        match panel {
            Panel::Services => {
                let chosen = self.picture.statuses.get(index).map(|status| status.service.clone());
                if chosen != self.service {
                    self.service = chosen;
                    self.cause = None;
                }
            }
            Panel::Causes => self.cause = self.causes().get(index).map(|ranked| ranked.cause.id.clone()),
            Panel::Restarts => (),
            Panel::Events => self.feed.select(index),
        }
    }

    fn step(&mut self, panel: Panel, by: isize) {
        let (total, at) = self.list(panel);
        if total > 0 {
            self.select(panel, at.saturating_add_signed(by).min(total - 1));
        }
    }

    fn top(&self, panel: Panel) -> usize {
        match panel {
            Panel::Services => self.services_top,
            Panel::Causes => self.causes_top,
            Panel::Restarts => 0,
            Panel::Events => self.feed.top(),
        }
    }

    /// Moves what is seen so that what is selected is among it. `sheet_rows` is how many rows the sheet has.
    pub fn fit(&mut self, places: &Places, sheet_rows: usize) {
        let rows = |panel| usize::from(places.list(panel).height);
        let (total, at) = self.list(Panel::Services);
        self.services_top = fitted(self.services_top, at, rows(Panel::Services), total);
        let (total, at) = self.list(Panel::Causes);
        self.causes_top = fitted(self.causes_top, at, rows(Panel::Causes), total);
        self.feed.fit(rows(Panel::Events));
        let shown = usize::from(inside(places.sheet).height);
        self.sheet_top = self.sheet_top.min(sheet_rows.saturating_sub(shown));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::dashboard::keys::Action;
    use crate::live::dashboard::sample;
    use ratatui::layout::{Position, Rect};
    use std::time::Duration;

    fn board() -> Board {
        let board = Board::default();
        board.hang(sample::picture());
        for line in 1..=30 {
            board.tell(Arc::new(sample::event("fault", line, &format!("text {line}"))));
        }
        board
    }

    fn look(state: &mut State, board: &Board) -> bool {
        state.take(board.wait(state.seen(), Duration::ZERO))
    }

    fn places(state: &State) -> Places {
        Places::of(Rect::new(0, 0, 80, 24), state.focus, state.alone, state.picture.statuses.len())
    }

    fn ask(state: &mut State, actions: &[Action]) {
        for action in actions {
            let places = places(state);
            state.apply(*action, &places);
            state.fit(&places, 100);
        }
    }

    #[test]
    fn a_pause_freezes_the_view_and_counts() {
        let board = board();
        let mut state = State::default();
        assert!(look(&mut state, &board));
        assert!(!look(&mut state, &board));
        ask(&mut state, &[Action::Pause]);
        board.tell(Arc::new(sample::event("exit", 31, "gone")));
        board.hang(Picture { statuses: Vec::new(), ..sample::picture() });
        assert!(look(&mut state, &board));
        assert_eq!((state.missed(), state.feed.counts().1, state.picture.statuses.len()), (Some(1), 30, 2));
        ask(&mut state, &[Action::Pause]);
        assert_eq!((state.missed(), state.feed.counts().1, state.picture.statuses.len()), (None, 31, 0));
    }

    #[test]
    fn a_filter_is_typed_kept_and_cleared() {
        let mut state = State::default();
        look(&mut state, &board());
        ask(&mut state, &[Action::Filter, Action::Type('3'), Action::Type('0')]);
        assert!(state.typing);
        assert_eq!(state.feed.counts(), (1, 30));
        ask(&mut state, &[Action::RubOut, Action::Enter]);
        assert!(!state.typing);
        assert_eq!(state.feed.counts(), (4, 30));
        ask(&mut state, &[Action::Back]);
        assert_eq!(state.feed.counts(), (30, 30));
    }

    #[test]
    fn a_service_stays_selected_when_the_order_changes() {
        let mut state = State::default();
        let board = board();
        look(&mut state, &board);
        assert_eq!(state.status().map(|status| status.service.as_str()), Some("web"));
        ask(&mut state, &[Action::Rows(1)]);
        assert_eq!(state.status().map(|status| status.service.as_str()), Some("db"));
        assert!(state.causes().is_empty());
        let mut other = sample::picture();
        other.statuses.reverse();
        board.hang(other);
        look(&mut state, &board);
        assert_eq!((state.service_index(), state.status().map(|status| status.service.as_str())), (0, Some("db")));
    }

    #[test]
    fn details_open_stay_and_close() {
        let mut state = State::default();
        let board = board();
        look(&mut state, &board);
        ask(&mut state, &[Action::Focus(1), Action::Rows(1), Action::Enter]);
        assert_eq!(state.sheet, Some(Sheet::Cause));
        assert_eq!(state.cause_index(&state.causes()), 1);
        ask(&mut state, &[Action::Sideways(-1)]);
        assert_eq!(state.cause_index(&state.causes()), 0);
        ask(&mut state, &[Action::Back, Action::Focus(2), Action::Enter]);
        assert_eq!(state.sheet, Some(Sheet::Event));
        board.tell(Arc::new(sample::event("exit", 31, "gone")));
        look(&mut state, &board);
        assert_eq!(state.feed.selected().map(|event| event.line), Some(30));
        ask(&mut state, &[Action::Last]);
        assert_eq!(state.sheet_top, 100 - usize::from(places(&state).sheet.height - 2));
        ask(&mut state, &[Action::First, Action::Enter, Action::Back]);
        assert_eq!((state.sheet_top, state.sheet, state.feed.follows()), (0, None, true));
    }

    #[test]
    fn events_are_scrolled_and_followed_again() {
        let mut state = State::default();
        look(&mut state, &board());
        ask(&mut state, &[Action::Focus(-1), Action::Pages(-1)]);
        assert_eq!((state.feed.index(), state.feed.follows()), (22, false));
        ask(&mut state, &[Action::First]);
        assert_eq!((state.feed.index(), state.feed.top()), (0, 0));
        ask(&mut state, &[Action::Last]);
        assert!(state.feed.follows());
    }

    #[test]
    fn the_mouse_selects_what_it_points_at() {
        let mut state = State::default();
        look(&mut state, &board());
        ask(&mut state, &[]);
        let list = places(&state).list(Panel::Services);
        ask(&mut state, &[Action::Click(Position { x: 5, y: list.y + 1 })]);
        assert_eq!((state.focus, state.service_index()), (Panel::Services, 1));
        ask(&mut state, &[Action::Click(Position { x: 5, y: list.y + 1 })]);
        assert_eq!(state.sheet, Some(Sheet::Service));
        ask(&mut state, &[Action::Click(Position { x: 0, y: 0 })]);
        assert_eq!(state.sheet, None);
        let list = places(&state).list(Panel::Events);
        ask(&mut state, &[Action::Wheel(Position { x: 5, y: list.y }, -3)]);
        assert_eq!((state.focus, state.feed.index()), (Panel::Services, 26));
        ask(&mut state, &[Action::Click(Position { x: 5, y: list.y })]);
        assert_eq!((state.focus, state.feed.index()), (Panel::Events, state.feed.top()));
    }

    #[test]
    fn nothing_to_see_is_no_trouble() {
        let mut state = State::default();
        let all = [
            Action::Enter,
            Action::Rows(-1),
            Action::Pages(1),
            Action::First,
            Action::Last,
            Action::Sideways(1),
            Action::Focus(1),
            Action::Wheel(Position { x: 9, y: 9 }, 3),
            Action::Click(Position { x: 9, y: 9 }),
        ];
        for _ in 0..8 {
            ask(&mut state, &all);
        }
        assert_eq!(state.feed.counts(), (0, 0));
    }
}
