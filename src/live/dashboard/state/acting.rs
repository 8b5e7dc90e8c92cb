//! What keys and the mouse do to what is looked at.

use super::{Sheet, State};
use crate::live::dashboard::keys::Action;
use crate::live::dashboard::places::{Panel, Places, inside};
use ratatui::layout::{Position, Rect};

impl State {
    /// Does what was asked for.
    pub fn apply(&mut self, action: Action, places: &Places) {
        match action {
            // The loop that draws does these.
            Action::Quit | Action::Repaint => (),
            Action::Help if self.sheet == Some(Sheet::Help) => self.sheet = None,
            Action::Help => self.open(Sheet::Help),
            Action::Pause => self.pause(),
            Action::Filter => {
                self.sheet = None;
                self.focus = Panel::Events;
                self.typing = true;
            }
            Action::Type(c) => self.feed.set_filter(format!("{}{c}", self.feed.filter())),
            Action::RubOut => {
                let mut filter = self.feed.filter().to_string();
                filter.pop();
                self.feed.set_filter(filter);
            }
            Action::RubOutAll => self.feed.set_filter(String::new()),
            Action::Enter => self.enter(),
            Action::Back => self.back(),
            Action::Focus(by) => self.focus = self.focus.turned(by),
            Action::Rows(by) => self.rows(by),
            Action::Pages(by) => self.pages(by, places),
            Action::First => self.ends(isize::MIN),
            Action::Last => self.ends(isize::MAX),
            Action::Sideways(by) => self.sideways(by),
            Action::Window(by) => self.window = self.window.turned(by),
            Action::Lines => self.lines = !self.lines,
            Action::Alone => self.alone = !self.alone,
            Action::Click(place) => self.click(place, places),
            Action::Wheel(_, by) if self.sheet.is_some() => self.rows(by),
            Action::Wheel(place, by) => {
                if let Some(panel) = places.panel_at(place) {
                    self.step(panel, by);
                }
            }
        }
    }

    fn open(&mut self, sheet: Sheet) {
        self.sheet = Some(sheet);
        self.sheet_top = 0;
    }

    fn enter(&mut self) {
        if self.typing {
            self.typing = false;
        } else if self.sheet.is_some() {
            self.sheet = None;
        } else {
            self.details();
        }
    }

    fn details(&mut self) {
        if self.focus == Panel::Restarts {
            self.alone = !self.alone;
            return;
        }
        if self.list(self.focus).0 == 0 {
            return;
        }
        let sheet = match self.focus {
            Panel::Services | Panel::Restarts => Sheet::Service,
            Panel::Causes => Sheet::Cause,
            Panel::Events => Sheet::Event,
        };
        // What is read is not to be replaced by what comes, whatever gets worse meanwhile.
        match sheet {
            Sheet::Event => self.feed.pin(),
            _ => {
                let (_, at) = self.list(self.focus);
                self.select(self.focus, at);
            }
        }
        self.open(sheet);
    }

    fn back(&mut self) {
        if self.sheet.take().is_some() {
            return;
        }
        if self.typing || !self.feed.filter().is_empty() {
            self.typing = false;
            self.feed.set_filter(String::new());
        } else if self.alone {
            self.alone = false;
        } else {
            self.feed.select(usize::MAX - 1);
        }
    }

    fn rows(&mut self, by: isize) {
        if self.sheet.is_some() {
            self.sheet_top = self.sheet_top.saturating_add_signed(by);
        } else {
            self.step(self.focus, by);
        }
    }

    fn pages(&mut self, by: isize, places: &Places) {
        let area = if self.sheet.is_some() { inside(places.sheet) } else { places.list(self.focus) };
        self.rows(by.saturating_mul(isize::try_from(area.height.saturating_sub(1).max(1)).unwrap_or(1)));
    }

    fn ends(&mut self, by: isize) {
        self.rows(by);
    }

    fn sideways(&mut self, by: isize) {
        match self.sheet {
            Some(Sheet::Help) => (),
            Some(Sheet::Service) => self.step(Panel::Services, by),
            Some(Sheet::Cause) => self.step(Panel::Causes, by),
            Some(Sheet::Event) => {
                self.step(Panel::Events, by);
                self.feed.pin();
            }
            None if self.focus == Panel::Restarts => self.window = self.window.turned(by),
            None => return,
        }
        self.sheet_top = 0;
    }

    fn click(&mut self, place: Position, places: &Places) {
        if self.sheet.is_some() {
            if !places.sheet.contains(place) {
                self.sheet = None;
            }
            return;
        }
        let Some(panel) = places.panel_at(place) else { return };
        let list: Rect = places.list(panel);
        let (total, at) = self.list(panel);
        let row = usize::from(place.y.saturating_sub(list.y)) + self.top(panel);
        let had_focus = std::mem::replace(&mut self.focus, panel) == panel;
        if !list.contains(place) || row >= total {
            return;
        }
        if had_focus && row == at && panel != Panel::Restarts {
            self.details();
        } else {
            self.select(panel, row);
        }
    }
}
