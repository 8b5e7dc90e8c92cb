//! The dashboard: all that is known, on the terminal, while it happens.
//!
//! `state` is what is looked at, a pure function of what came and what was asked for; `view` draws it into a buffer. Only
//! `screen` and the loop here know the terminal and the clock. Text of logs is escaped before it is drawn.

mod causes;
mod details;
mod events;
mod feed;
mod keys;
mod palette;
mod panel;
mod places;
mod rate;
mod restarts;
#[cfg(test)]
mod sample;
mod screen;
mod services;
mod state;
#[cfg(test)]
mod tests;
mod view;
mod window;
mod words;

use crate::live::Board;
use crossterm::event;
use keys::Action;
use palette::Palette;
use places::Places;
use ratatui::buffer::Buffer;
use screen::Screen;
use state::State;
use std::io;
use std::time::{Duration, Instant};

/// The least time from one drawing of news to the next.
const FRAME: Duration = Duration::from_millis(50);
/// The clock goes on though nothing comes.
const TICK: Duration = Duration::from_secs(1);
/// How long to look for further keys. A wait of nothing at all would not even see those that were read already.
const GLANCE: Duration = Duration::from_millis(1);
/// Keys and movements of the mouse that are taken before the next drawing.
const MOST_AT_ONCE: usize = 500;

/// Shows what hangs on the board until the board is closed or the user quits. The terminal is given back whatever happens.
/// It is an error when the terminal cannot be drawn on, and when any thread panics: its message must be seen.
pub fn run(board: &Board) -> io::Result<()> {
    let mut screen = Screen::take()?;
    let palette = Palette::of_environment();
    let mut state = State::default();
    let mut drawn: Option<Instant> = None;
    let mut has_news = true;
    let mut asked = false;
    loop {
        let news = board.wait(state.seen(), Duration::ZERO);
        let is_closed = news.closed;
        has_news |= state.take(news);
        if screen.is_lost() {
            return Err(io::Error::other("a thread panicked"));
        }
        if is_closed {
            return Ok(());
        }
        let age = drawn.map_or(TICK, |drawn| drawn.elapsed());
        if asked || (has_news && age >= FRAME) || age >= TICK {
            let clock = jiff::Timestamp::now().strftime("%H:%M:%SZ").to_string();
            screen.terminal.draw(|frame| paint(frame.buffer_mut(), &mut state, &clock, palette))?;
            drawn = Some(Instant::now());
            (has_news, asked) = (false, false);
        }
        if !screen.has_keys {
            std::thread::sleep(FRAME);
            continue;
        }
        match answer(&mut screen, &mut state) {
            Ok(Answer::Nothing) => (),
            Ok(Answer::Redraw) => asked = true,
            Ok(Answer::Quit) => return Ok(()),
            // A terminal that gives no keys any more can still be drawn on; if not, the drawing will tell.
            Err(_) => screen.has_keys = false,
        }
    }
}

enum Answer {
    Nothing,
    Redraw,
    Quit,
}

/// Waits for keys for a frame's time, and does what all that are there ask for.
fn answer(screen: &mut Screen, state: &mut State) -> io::Result<Answer> {
    let mut answer = Answer::Nothing;
    let mut most = FRAME;
    for _ in 0..MOST_AT_ONCE {
        if !event::poll(most)? {
            break;
        }
        most = GLANCE;
        let event = event::read()?;
        if matches!(event, event::Event::Resize(..)) {
            answer = Answer::Redraw;
        }
        let Some(action) = keys::action(&event, state.typing) else { continue };
        answer = Answer::Redraw;
        match action {
            Action::Quit => return Ok(Answer::Quit),
            Action::Repaint => screen.terminal.clear()?,
            action => state.apply(action, &places(state, screen.terminal.get_frame().area())),
        }
    }
    Ok(answer)
}

fn places(state: &State, area: ratatui::layout::Rect) -> Places {
    Places::of(area, state.focus, state.alone, state.picture.statuses.len())
}

/// Draws the state as the size of the screen lets it be seen.
fn paint(buffer: &mut Buffer, state: &mut State, clock: &str, palette: Palette) {
    let places = places(state, buffer.area);
    state.fit(&places, view::sheet_rows(state, &places, palette));
    view::draw(buffer, state, &places, clock, palette);
}
