//! The panel of causes: those of the selected service, as the diagnosis ranks them.

use super::palette::Palette;
use super::panel::{frame, lines, nothing, rows};
use super::places::{Panel, list_of};
use super::state::{Ranked, State};
use super::words::{cell, clean};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// A panel of fewer columns leaves out how sure a cause is.
const COLUMNS_FOR_ALL: u16 = 60;

/// Draws the causes of the selected service.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let focused = state.focus == Panel::Causes;
    let name = state.status().map(|status| format!(" of {}", clean(&status.service))).unwrap_or_default();
    let inside = frame(buffer, area, &format!("Causes{name}"), focused, palette);
    let causes = state.causes();
    if causes.is_empty() {
        nothing(buffer, inside, "none known", palette);
        return;
    }
    let list = list_of(Panel::Causes, area);
    let is_wide = inside.width >= COLUMNS_FOR_ALL;
    if list.y > inside.y {
        let names = if is_wide { " # SHARE RUNS ROLE      SURE MASKED CAUSE" } else { " # SHARE RUNS ROLE    CAUSE" };
        lines(buffer, Rect { height: 1, ..inside }, [Line::styled(names, palette.quiet())]);
    }
    let shown = causes.iter().enumerate().skip(state.causes_top).map(|(at, ranked)| row(at, ranked, is_wide, palette));
    let selected = state.cause_index(&causes).checked_sub(state.causes_top);
    rows(buffer, list, shown, selected, palette.selected(focused));
}

fn row(at: usize, ranked: &Ranked<'_>, is_wide: bool, palette: Palette) -> Line<'static> {
    let cause = ranked.cause;
    let is_root = cause.role == "root";
    let style = match (is_root, ranked.is_latest) {
        (true, true) => palette.bad(),
        (true, false) => palette.doubtful(),
        _ => Style::new(),
    };
    // A cause that no run died of has no share: it kept the service from running at all.
    let share = if cause.runs > 0 { format!("{:>4.0}%", cause.share * 100.0) } else { format!("{:>5}", "-") };
    let mut spans = vec![Span::raw(format!("{:>2} {share} {:>4} ", at + 1, cause.runs))];
    spans.push(Span::raw(format!("{} ", cell(&clean(&cause.role), if is_wide { 9 } else { 7 }))));
    if is_wide {
        spans.push(Span::raw(format!("{:>3.0}% ", cause.confidence * 100.0)));
        spans.push(Span::styled(if cause.masked { "masked " } else { "       " }, palette.doubtful()));
    } else if cause.masked {
        spans.push(Span::styled("masked: ", palette.doubtful()));
    }
    if !ranked.is_latest {
        spans.push(Span::styled("earlier: ", palette.quiet()));
    }
    spans.push(Span::styled(clean(&cause.title), style));
    spans.push(Span::styled(format!("  [{}]", clean(&cause.id)), palette.quiet()));
    Line::from(spans)
}
