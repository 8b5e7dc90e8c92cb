//! The whole screen: header, panels, footer, and what lies over them.

use super::keys::HINTS;
use super::palette::Palette;
use super::places::{Panel, Places, inside};
use super::state::State;
use super::words::{bytes, clean, cut, width};
use super::{causes, details, events, panel, restarts, services};
use crate::diagnosis::Verdict;
use crate::report::shown::many;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

/// Rows of the sheet that is open; none where there is none.
pub fn sheet_rows(state: &State, places: &Places, palette: Palette) -> usize {
    let columns = usize::from(inside(places.sheet).width);
    state.sheet.map_or(0, |sheet| details::of(state, sheet, columns, palette).1.len())
}

/// Draws everything. `clock` is the time of day.
pub fn draw(buffer: &mut Buffer, state: &State, places: &Places, clock: &str, palette: Palette) {
    header(buffer, places.header, state, clock, palette);
    for (panel, area) in &places.panels {
        match panel {
            Panel::Services => services::draw(buffer, *area, state, palette),
            Panel::Causes => causes::draw(buffer, *area, state, palette),
            Panel::Restarts => restarts::draw(buffer, *area, state, palette),
            Panel::Events => events::draw(buffer, *area, state, palette),
        }
    }
    if let Some(sheet) = state.sheet {
        let columns = usize::from(inside(places.sheet).width);
        let (title, rows) = details::of(state, sheet, columns, palette);
        Clear.render(places.sheet, buffer);
        let place = panel::frame(buffer, places.sheet, &format!("{title}  (Esc closes)"), true, palette);
        panel::lines(buffer, place, rows.into_iter().skip(state.sheet_top));
    }
    footer(buffer, places.footer, state, palette);
}

fn header(buffer: &mut Buffer, area: Rect, state: &State, clock: &str, palette: Palette) {
    let room = usize::from(area.width);
    let traffic = traffic(state);
    let mut spans = answer(state, palette);
    if let Some(missed) = state.missed() {
        let style = palette.doubtful().add_modifier(Modifier::REVERSED);
        spans.push(Span::styled(format!(" PAUSED, {} since ", many(missed, "event")), style));
    }
    if area.height == 1 {
        spans.push(Span::raw(format!("  {}", traffic.join("  "))));
    }
    let taken: usize = spans.iter().map(|span| width(&span.content)).sum();
    panel::lines(buffer, area, [Line::from(spans), Line::raw(fitting(&traffic, room))]);
    // The clock stands at the right of the first row, over nothing.
    let wide = width(clock);
    if area.height > 0 && room >= wide && (area.height == 1 || taken + wide < room) && room > wide + 20 {
        let x = area.right() - u16::try_from(wide).unwrap_or_default();
        buffer.set_stringn(x.saturating_sub(1), area.y, format!(" {clock}"), wide + 1, palette.quiet());
    }
}

/// How it is now: the worst of all services, and how many of them fail.
fn answer(state: &State, palette: Palette) -> Vec<Span<'static>> {
    let statuses = &state.picture.statuses;
    let mut spans = vec![Span::styled("relapse", palette.loud()), Span::raw("  ")];
    let Some(worst) = statuses.iter().map(|status| status.verdict).max() else {
        spans.push(Span::styled("no service seen yet", palette.quiet()));
        return spans;
    };
    let style = palette.verdict(worst).add_modifier(Modifier::REVERSED | Modifier::BOLD);
    spans.push(Span::styled(format!(" {} ", worst.word().to_uppercase()), style));
    let services = u64::try_from(statuses.len()).unwrap_or(u64::MAX);
    let failing = statuses.iter().filter(|status| status.verdict != Verdict::Healthy).count();
    let text = match failing {
        0 => format!("  {}", many(services, "service")),
        failing => format!("  {failing} of {} not healthy", many(services, "service")),
    };
    spans.push(Span::raw(text));
    // What it was once and is no more.
    let ever = state.picture.diagnosis.verdict;
    if ever > worst {
        spans.push(Span::styled(format!(", was {}", ever.word()), palette.quiet()));
    }
    if !state.picture.diagnosis.complete {
        spans.push(Span::styled("  not all could be read", palette.doubtful()));
    }
    spans.push(Span::raw(" "));
    spans
}

/// What went through, what matters most first.
fn traffic(state: &State) -> Vec<String> {
    let traffic = &state.picture.traffic;
    let mut parts = vec![many(traffic.lines, "line"), bytes(traffic.bytes)];
    if let Some((lines, of_bytes)) = state.rate.per_second() {
        parts.push(format!("{lines:.0} lines/s {}/s", bytes(of_bytes as u64)));
    }
    parts.push(format!("lag {:.2} s", traffic.lag_s));
    parts.push(format!("unread {}", bytes(traffic.unread)));
    parts.push(many(traffic.streams, "stream"));
    if traffic.alerts > 0 || traffic.alerts_failed > 0 {
        parts.push(format!("{} told", many(traffic.alerts, "alert")));
    }
    if traffic.alerts_failed > 0 {
        parts.push(format!("{} failed", traffic.alerts_failed));
    }
    parts
}

/// As many parts as fit in whole.
fn fitting(parts: &[String], room: usize) -> String {
    let mut out = String::new();
    for part in parts {
        let next = if out.is_empty() { part.clone() } else { format!("{out}  {part}") };
        if width(&next) > room {
            break;
        }
        out = next;
    }
    out
}

/// The keys that matter, or the filter that is typed.
fn footer(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let room = usize::from(area.width);
    if state.typing {
        let help = "  (Enter keeps it, Esc clears it)";
        let filter = clean(state.feed.filter());
        // The end of a long one is where it is typed.
        let skip = width(&filter).saturating_sub(room.saturating_sub(help.len() + 9));
        let end: String = filter.chars().skip(skip).collect();
        let line = Line::from(vec![
            Span::styled("filter: ", palette.pointer()),
            Span::raw(end),
            Span::styled(" ", Style::new().add_modifier(Modifier::REVERSED)),
            Span::styled(help, palette.quiet()),
        ]);
        panel::lines(buffer, area, [line]);
        return;
    }
    let mut spans = Vec::new();
    let mut taken = 0;
    for (key, what) in HINTS {
        taken += width(key) + width(what) + 3;
        if taken > room + 2 {
            break;
        }
        spans.push(Span::styled(key, palette.pointer().add_modifier(Modifier::BOLD)));
        spans.push(Span::styled(cut(&format!(" {what}  "), room), palette.quiet()));
    }
    panel::lines(buffer, area, [Line::from(spans)]);
}
