//! The panel of restarts over time: bars of the selected service.

use super::palette::Palette;
use super::panel::{frame, lines, nothing};
use super::places::{Panel, split_rows};
use super::state::State;
use super::window::{Bars, end_of};
use super::words::{clean, hour};
use crate::report::shown::time_of;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// An eighth of a cell to a whole one.
const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// A bar is no wider, however much room there is.
const WIDEST_BAR: usize = 6;

/// Draws the restarts of the selected service.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let focused = state.focus == Panel::Restarts;
    let columns = usize::from(super::places::inside(area).width);
    let restarts = state.service().and_then(|service| service.restarts_over_time.as_ref());
    let bars = restarts.map(|restarts| Bars::of(restarts, state.window, end_of(&state.picture.diagnosis), columns));
    let window = state.window.word();
    let title = match &bars {
        Some(bars) => format!("Restarts {window}, by {}", bars.width()),
        None => format!("Restarts {window}"),
    };
    let inside = frame(buffer, area, &title, focused, palette);
    match bars {
        Some(bars) if !bars.counts.is_empty() => chart(buffer, inside, state, &bars, palette),
        _ => nothing(buffer, inside, "none that has a time", palette),
    }
}

/// A line that tells of the numbers, the bars, and the line of time below them.
fn chart(buffer: &mut Buffer, area: Rect, state: &State, bars: &Bars, palette: Palette) {
    let (told, axis) = (u16::from(area.height >= 3), u16::from(area.height >= 2));
    let [above, rest] = split_rows(area, told);
    let [field, below] = split_rows(rest, rest.height.saturating_sub(axis));
    let name = state.status().map(|status| clean(&status.service)).unwrap_or_default();
    let numbers = format!("{} in all, peak {}, {name}", bars.total(), bars.peak());
    lines(buffer, above, [Line::raw(numbers)]);

    let wide = (usize::from(area.width) / bars.counts.len().max(1)).clamp(1, WIDEST_BAR);
    let style = palette.doubtful();
    for (at, count) in bars.counts.iter().enumerate() {
        let mut eighths = height(*count, bars.peak(), usize::from(field.height) * BLOCKS.len());
        for y in (field.y..field.bottom()).rev() {
            let Some(block) = eighths.min(BLOCKS.len()).checked_sub(1).and_then(|at| BLOCKS.get(at)) else { break };
            // Bars that are wide enough are parted by a blank.
            let text = block.repeat(if wide > 2 { wide - 1 } else { wide });
            let x = u16::try_from(at * wide).unwrap_or(u16::MAX);
            if x < field.width {
                buffer.set_stringn(field.x + x, y, text, usize::from(field.width - x), style);
            }
            eighths = eighths.saturating_sub(BLOCKS.len());
        }
    }

    let taken = (bars.counts.len() * wide).min(usize::from(area.width));
    let over = bars.width_s.saturating_mul(i64::try_from(bars.counts.len()).unwrap_or(i64::MAX));
    let clock = |seconds: i64| {
        let time = time_of(seconds.saturating_mul(1_000_000_000));
        hour(Some(&time), over > 86_400)
    };
    let (first, last) = (clock(bars.first_s), clock(bars.first_s.saturating_add(over)));
    let room = taken.max(first.len() + last.len() + 1) - first.len();
    lines(buffer, below, [Line::styled(format!("{first}{last:>room$}"), palette.quiet())]);
}

/// How high a bar is; what is not nothing is seen.
fn height(count: u64, peak: u64, most: usize) -> usize {
    if count == 0 {
        return 0;
    }
    ((count as f64 / peak.max(1) as f64 * most as f64).round() as usize).clamp(1, most.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share_of_the_peak() {
        assert_eq!(height(0, 10, 16), 0);
        assert_eq!(height(1, 1000, 16), 1);
        assert_eq!(height(5, 10, 16), 8);
        assert_eq!(height(10, 10, 16), 16);
        assert_eq!(height(u64::MAX, u64::MAX, 0), 1);
    }
}
