//! What all panels share: a border with a title, and rows below each other.

use super::palette::Palette;
use super::places::{inside, is_bordered};
use super::words::cut;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Widget};

/// Draws the border with the title in it, and gives the place within. Without room for it there is no border.
pub fn frame(buffer: &mut Buffer, area: Rect, title: &str, focused: bool, palette: Palette) -> Rect {
    if is_bordered(area) {
        let title = cut(&format!(" {title} "), usize::from(area.width) - 2);
        let style = if focused { palette.border(true) } else { Style::new() };
        let kind = if focused { BorderType::Thick } else { BorderType::Plain };
        Block::bordered()
            .border_type(kind)
            .border_style(palette.border(focused))
            .title(Span::styled(title, style))
            .render(area, buffer);
    }
    inside(area)
}

/// Draws lines below each other, as many as there is room for.
pub fn lines<'l>(buffer: &mut Buffer, area: Rect, lines: impl IntoIterator<Item = Line<'l>>) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        line_at(buffer, Rect { y, height: 1, ..area }, &line);
    }
}

/// Draws a line; the end of one that is too long tells so.
fn line_at(buffer: &mut Buffer, area: Rect, line: &Line<'_>) {
    if line.width() <= usize::from(area.width) {
        buffer.set_line(area.x, area.y, line, area.width);
    } else if let Some(room) = area.width.checked_sub(1) {
        buffer.set_line(area.x, area.y, line, room);
        buffer.set_stringn(area.x + room, area.y, "…", 1, Style::new());
    }
}

/// Draws the rows of a list; the one that is selected stands out over the whole width.
pub fn rows<'l>(
    buffer: &mut Buffer,
    area: Rect,
    rows: impl IntoIterator<Item = Line<'l>>,
    selected: Option<usize>,
    style: Style,
) {
    for ((y, row), at) in (area.y..area.bottom()).zip(rows).zip(0..) {
        let place = Rect { y, height: 1, ..area };
        line_at(buffer, place, &row);
        if Some(at) == selected {
            buffer.set_style(place, style);
        }
    }
}

/// A word in the middle of a panel that has nothing to show.
pub fn nothing(buffer: &mut Buffer, area: Rect, text: &str, palette: Palette) {
    lines(buffer, area, [Line::styled(cut(text, usize::from(area.width)), palette.quiet())]);
}
