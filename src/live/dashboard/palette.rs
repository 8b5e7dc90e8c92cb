//! What things look like, with colours and without.

use crate::diagnosis::Verdict;
use crate::diagnosis::model::{Escalation, State};
use crate::live::Alarm;
use ratatui::style::{Color, Modifier, Style};

/// Styles by what they mean. Without colours, bold and reversed text tell what matters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Palette {
    pub colour: bool,
}

impl Palette {
    /// With colours unless the environment asks for none (<https://no-color.org>).
    pub fn of_environment() -> Palette {
        Palette { colour: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    fn of(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    pub fn bad(self) -> Style {
        self.of(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub fn doubtful(self) -> Style {
        self.of(Color::Yellow)
    }

    pub fn good(self) -> Style {
        self.of(Color::Green)
    }

    /// Places, names of keys.
    pub fn pointer(self) -> Style {
        self.of(Color::Cyan)
    }

    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub fn loud(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The row that is selected; where its panel has the focus it stands out.
    pub fn selected(self, focused: bool) -> Style {
        if focused { Style::new().add_modifier(Modifier::REVERSED) } else { self.loud() }
    }

    pub fn border(self, focused: bool) -> Style {
        if focused { self.of(Color::Cyan).add_modifier(Modifier::BOLD) } else { self.quiet() }
    }

    pub fn verdict(self, verdict: Verdict) -> Style {
        match verdict {
            Verdict::Healthy => self.good(),
            Verdict::Degraded => self.doubtful(),
            Verdict::Flapping | Verdict::CrashLoop => self.bad(),
        }
    }

    pub fn alarm(self, alarm: Alarm) -> Style {
        match alarm {
            Alarm::Calm => self.good(),
            Alarm::Settling => self.doubtful(),
            Alarm::Firing => self.bad(),
        }
    }

    pub fn escalation(self, escalation: Escalation) -> Style {
        match escalation {
            Escalation::None => self.quiet(),
            Escalation::Investigate => self.doubtful(),
            Escalation::Incident => self.bad(),
        }
    }

    pub fn state(self, state: State) -> Style {
        match state {
            State::Ready => self.good(),
            State::Running => self.doubtful(),
            State::Down | State::GaveUp => self.bad(),
            State::Unknown => self.quiet(),
        }
    }

    /// The kind of an event.
    pub fn what(self, what: &str) -> Style {
        match what {
            "ready" => self.good(),
            "start" => self.pointer(),
            "stop" => self.doubtful(),
            "exit" | "last-words" | "fault" | "gave-up" => self.bad(),
            _ => self.quiet(),
        }
    }
}
