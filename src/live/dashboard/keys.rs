//! What keys and the mouse mean.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind};
use ratatui::layout::Position;

/// Something that the user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Quit,
    Help,
    /// Freezes the view, or lets it go on.
    Pause,
    /// Begins to type a filter.
    Filter,
    Type(char),
    RubOut,
    RubOutAll,
    /// Shows what is selected in detail, or ends the typing of a filter.
    Enter,
    /// Out of what was opened last.
    Back,
    Focus(isize),
    Rows(isize),
    Pages(isize),
    First,
    Last,
    /// To the neighbour of what is shown in detail, or of a window.
    Sideways(isize),
    Window(isize),
    /// Only the text of lines, or all that is known of them.
    Lines,
    /// The panel with the focus alone, or all.
    Alone,
    Click(Position),
    Wheel(Position, isize),
    /// Draws anew what another program drew over.
    Repaint,
}

/// All keys, as the help lists them.
pub const HELP: [(&str, &str); 16] = [
    ("q  Ctrl-C", "quit"),
    ("?", "this help"),
    ("Tab  Shift-Tab", "next or previous panel"),
    ("↑ ↓  j k", "move by a row"),
    ("PgUp PgDn", "move by a page"),
    ("Home End  g G", "to the first, to the last; the last event is followed"),
    ("Enter", "details of the service, cause or event"),
    ("← →  h l", "in details: the one before, the next; in restarts: the window"),
    ("Esc", "close, leave the filter, follow the newest event"),
    ("p  Space", "pause: the view freezes, what comes is counted"),
    ("/", "filter events by text, path, id, kind, service"),
    ("w  W", "next or previous window of restarts"),
    ("t", "events with all that is told, or only their lines"),
    ("z", "the panel alone, or all panels"),
    ("Ctrl-L", "draw anew"),
    ("mouse", "click: focus, select, details; wheel: move; with Shift held: mark text"),
];

/// The keys that the last row of the screen tells of, those first that matter most.
pub const HINTS: [(&str, &str); 10] = [
    ("q", "quit"),
    ("?", "help"),
    ("Tab", "panel"),
    ("Enter", "details"),
    ("/", "filter"),
    ("p", "pause"),
    ("w", "window"),
    ("t", "lines"),
    ("z", "zoom"),
    ("↑↓", "move"),
];

/// Rows that one click of the wheel moves.
const WHEEL: isize = 3;

/// What an event of the terminal asks for, if anything. While a filter is typed, keys are text.
pub fn action(event: &Event, typing: bool) -> Option<Action> {
    match event {
        Event::Key(key) if key.kind == KeyEventKind::Release => None,
        Event::Key(key) if typing => typed(key),
        Event::Key(key) => pressed(key),
        Event::Mouse(mouse) => {
            let place = Position { x: mouse.column, y: mouse.row };
            match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Some(Action::Click(place)),
                MouseEventKind::ScrollUp => Some(Action::Wheel(place, -WHEEL)),
                MouseEventKind::ScrollDown => Some(Action::Wheel(place, WHEEL)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn pressed(key: &KeyEvent) -> Option<Action> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return with_control(key);
    }
    let action = match key.code {
        KeyCode::Char('q') => Action::Quit,
        KeyCode::Char('?') | KeyCode::F(1) => Action::Help,
        KeyCode::Char('p' | ' ') => Action::Pause,
        KeyCode::Char('/') => Action::Filter,
        KeyCode::Char('w') => Action::Window(1),
        KeyCode::Char('W') => Action::Window(-1),
        KeyCode::Char('t') => Action::Lines,
        KeyCode::Char('z') => Action::Alone,
        KeyCode::Enter => Action::Enter,
        KeyCode::Esc => Action::Back,
        KeyCode::Tab => Action::Focus(1),
        KeyCode::BackTab => Action::Focus(-1),
        KeyCode::Up | KeyCode::Char('k') => Action::Rows(-1),
        KeyCode::Down | KeyCode::Char('j') => Action::Rows(1),
        KeyCode::PageUp => Action::Pages(-1),
        KeyCode::PageDown => Action::Pages(1),
        KeyCode::Home | KeyCode::Char('g') => Action::First,
        KeyCode::End | KeyCode::Char('G') => Action::Last,
        KeyCode::Left | KeyCode::Char('h') => Action::Sideways(-1),
        KeyCode::Right | KeyCode::Char('l') => Action::Sideways(1),
        _ => return None,
    };
    Some(action)
}

fn typed(key: &KeyEvent) -> Option<Action> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('u') => Some(Action::RubOutAll),
            KeyCode::Char('h') => Some(Action::RubOut),
            _ => with_control(key),
        };
    }
    match key.code {
        KeyCode::Char(c) => Some(Action::Type(c)),
        KeyCode::Backspace => Some(Action::RubOut),
        KeyCode::Enter => Some(Action::Enter),
        KeyCode::Esc => Some(Action::Back),
        KeyCode::Up => Some(Action::Rows(-1)),
        KeyCode::Down => Some(Action::Rows(1)),
        KeyCode::PageUp => Some(Action::Pages(-1)),
        KeyCode::PageDown => Some(Action::Pages(1)),
        _ => None,
    }
}

fn with_control(key: &KeyEvent) -> Option<Action> {
    match key.code {
        KeyCode::Char('c') => Some(Action::Quit),
        KeyCode::Char('l') => Some(Action::Repaint),
        KeyCode::Char('b') => Some(Action::Pages(-1)),
        KeyCode::Char('f') => Some(Action::Pages(1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn keys_are_text_while_a_filter_is_typed() {
        let q = key(KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(action(&q, false), Some(Action::Quit));
        assert_eq!(action(&q, true), Some(Action::Type('q')));
        let c = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!((action(&c, false), action(&c, true)), (Some(Action::Quit), Some(Action::Quit)));
    }

    #[test]
    fn a_key_that_is_let_go_means_nothing() {
        let mut up = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        up.kind = KeyEventKind::Release;
        assert_eq!(action(&Event::Key(up), false), None);
        assert_eq!(action(&Event::Resize(1, 1), false), None);
    }
}
