//! The panel of events: what came, the newest last.

use super::palette::Palette;
use super::panel::{frame, nothing, rows};
use super::places::{Panel, list_of};
use super::state::State;
use super::words::{cell, clean, cut, hour, width};
use crate::live::Event;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// A panel of fewer columns leaves out the service, and of fewer still the time.
const COLUMNS_FOR_SERVICE: u16 = 60;
const COLUMNS_FOR_TIME: u16 = 36;
const COLUMNS_FOR_DAY: u16 = 110;
const COLUMNS_FOR_PLACE: u16 = 150;

/// Draws the events that came.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let focused = state.focus == Panel::Events;
    let inside = frame(buffer, area, &title(state), focused, palette);
    let (shown, all) = state.feed.counts();
    if shown == 0 {
        let text = if all == 0 { "nothing came yet" } else { "nothing matches the filter; Esc clears it" };
        nothing(buffer, inside, text, palette);
        return;
    }
    let list = list_of(Panel::Events, area);
    let selected = state.feed.index().checked_sub(state.feed.top());
    let columns = list.width;
    let lines = state.feed.view().map(|event| {
        if state.lines {
            Line::raw(cut(&clean(&event.text), usize::from(columns)))
        } else {
            row(event, columns, palette)
        }
    });
    // While the newest is followed without the focus, nothing is selected that would stand out.
    let selected = selected.filter(|_| focused || !state.feed.follows());
    rows(buffer, list, lines, selected, palette.selected(focused));
}

fn title(state: &State) -> String {
    let (shown, all) = state.feed.counts();
    let mut title = if state.lines { "Lines".to_string() } else { "Events".to_string() };
    match state.feed.filter() {
        "" => title.push_str(&format!(" ({all})")),
        filter => title.push_str(&format!(" ({shown} of {all} with \"{}\")", cut(&clean(filter), 30))),
    }
    match state.missed() {
        Some(missed) => title.push_str(&format!(", paused: {missed} more came")),
        None if state.feed.follows() => title.push_str(", following"),
        None => title.push_str(&format!(", at {} of {shown}", state.feed.index() + 1)),
    }
    title
}

fn row(event: &Event, columns: u16, palette: Palette) -> Line<'static> {
    let mut spans = Vec::new();
    if columns >= COLUMNS_FOR_TIME {
        let with_day = columns >= COLUMNS_FOR_DAY;
        let time = cell(&clean(&hour(event.time.as_deref(), with_day)), if with_day { 14 } else { 8 });
        spans.push(Span::styled(format!("{time} "), palette.quiet()));
    }
    spans.push(Span::styled(format!("{} ", cell(event.what, 10)), palette.what(event.what)));
    if columns >= COLUMNS_FOR_SERVICE {
        let service = event.service.as_deref().map(clean).unwrap_or_else(|| "-".into());
        let room = if columns >= COLUMNS_FOR_DAY { 20 } else { 12 };
        spans.push(Span::styled(format!("{} ", cell(&service, room)), palette.loud()));
    }
    if columns >= COLUMNS_FOR_PLACE {
        let place = format!("{}:{}", file_name(&event.path), event.line);
        spans.push(Span::styled(format!("{} ", cell(&clean(&place), 24)), palette.pointer()));
    }
    if event.count > 1 {
        spans.push(Span::styled(format!("×{} ", event.count), palette.doubtful()));
    }
    if let Some(id) = &event.id {
        spans.push(Span::styled(format!("[{}] ", clean(id)), palette.pointer()));
    }
    let taken: usize = spans.iter().map(|span| width(&span.content)).sum();
    let text = cut(&clean(&event.text), usize::from(columns).saturating_sub(taken));
    spans.push(Span::styled(text, Style::new()));
    Line::from(spans)
}

/// The last part of a path, on whichever system it was written.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
