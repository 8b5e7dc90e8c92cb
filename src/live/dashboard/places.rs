//! Where everything stands on a screen of some size.

use ratatui::layout::{Position, Rect};

/// What can have the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Panel {
    #[default]
    Services,
    Causes,
    Restarts,
    Events,
}

impl Panel {
    const ORDER: [Panel; 4] = [Panel::Services, Panel::Causes, Panel::Restarts, Panel::Events];

    /// The one so many further on, and round again.
    pub fn turned(self, by: isize) -> Panel {
        let at = Panel::ORDER.iter().position(|other| *other == self).unwrap_or_default();
        let at = (at as isize + by).rem_euclid(Panel::ORDER.len() as isize);
        Panel::ORDER.get(at.unsigned_abs()).copied().unwrap_or_default()
    }

    /// Rows above its list that name its columns.
    fn headings(self) -> u16 {
        match self {
            Panel::Services | Panel::Causes => 1,
            Panel::Restarts | Panel::Events => 0,
        }
    }
}

/// A body of fewer rows shows one panel only, that with the focus.
const ROWS_FOR_ALL: u16 = 16;
/// A body of fewer columns does not put two panels side by side.
const COLUMNS_FOR_TWO: u16 = 64;

/// The parts of the screen; those for which there is no room are empty or missing.
#[derive(Clone, Debug, Default)]
pub struct Places {
    pub header: Rect,
    pub footer: Rect,
    pub panels: Vec<(Panel, Rect)>,
    /// What lies over the panels, when something does.
    pub sheet: Rect,
}

impl Places {
    /// Divides a screen. `services` is how many there are to be listed.
    pub fn of(area: Rect, focus: Panel, alone: bool, services: usize) -> Places {
        let header_rows = match area.height {
            0..4 => 0,
            4..16 => 1,
            _ => 2,
        };
        let footer_rows = u16::from(area.height >= 4);
        let [header, rest] = split_rows(area, header_rows);
        let [body, footer] = split_rows(rest, rest.height.saturating_sub(footer_rows));
        let panels = if alone || body.height < ROWS_FOR_ALL { vec![(focus, body)] } else { all(body, focus, services) };
        let (dx, dy) = (if area.width >= 60 { 2 } else { 0 }, u16::from(body.height >= ROWS_FOR_ALL));
        let sheet = Rect {
            x: body.x.saturating_add(dx),
            y: body.y.saturating_add(dy),
            width: body.width.saturating_sub(2 * dx),
            height: body.height.saturating_sub(2 * dy),
        };
        Places { header, footer, panels, sheet }
    }

    pub fn panel(&self, panel: Panel) -> Option<Rect> {
        self.panels.iter().find(|(other, _)| *other == panel).map(|(_, area)| *area)
    }

    /// The panel at a place on the screen.
    pub fn panel_at(&self, place: Position) -> Option<Panel> {
        self.panels.iter().find(|(_, area)| area.contains(place)).map(|(panel, _)| *panel)
    }

    /// Where the rows of a panel's list stand; empty for a panel that is not shown.
    pub fn list(&self, panel: Panel) -> Rect {
        self.panel(panel).map(|area| list_of(panel, area)).unwrap_or_default()
    }
}

/// The rows of a panel's list, below its headings.
pub fn list_of(panel: Panel, area: Rect) -> Rect {
    let inside = inside(area);
    let headings = if inside.height >= 3 { panel.headings() } else { 0 };
    let [_, list] = split_rows(inside, headings);
    list
}

/// Whether there is room for a border and more than one row in it.
pub fn is_bordered(area: Rect) -> bool {
    area.width >= 8 && area.height >= 4
}

/// What is left of a panel within its border.
pub fn inside(area: Rect) -> Rect {
    if !is_bordered(area) {
        return area;
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

fn all(body: Rect, focus: Panel, services: usize) -> Vec<(Panel, Rect)> {
    // Services take what they need, within a third; causes and restarts hardly more; events all the rest.
    let wanted = u16::try_from(services.max(1)).unwrap_or(u16::MAX).saturating_add(3);
    let [top, rest] = split_rows(body, wanted.min((body.height / 3).max(5)));
    let [middle, bottom] = split_rows(rest, (body.height / 10 * 3).clamp(6, 14));
    let mut panels = vec![(Panel::Services, top)];
    if body.width >= COLUMNS_FOR_TWO {
        let width = body.width - (body.width / 5 * 2).clamp(34, 66);
        let [causes, restarts] = split_columns(middle, width);
        panels.extend([(Panel::Causes, causes), (Panel::Restarts, restarts)]);
    } else if focus == Panel::Restarts {
        panels.push((Panel::Restarts, middle));
    } else {
        panels.push((Panel::Causes, middle));
    }
    panels.push((Panel::Events, bottom));
    panels
}

/// So many rows, and what is left below them.
pub fn split_rows(area: Rect, rows: u16) -> [Rect; 2] {
    let rows = rows.min(area.height);
    [Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area }]
}

/// So many columns, and what is left beside them.
pub fn split_columns(area: Rect, columns: u16) -> [Rect; 2] {
    let columns = columns.min(area.width);
    [Rect { width: columns, ..area }, Rect { x: area.x + columns, width: area.width - columns, ..area }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_any_screen_lie_on_it_and_do_not_overlap() {
        for (width, height) in [(0, 0), (1, 1), (20, 5), (40, 20), (80, 24), (120, 36), (400, 200), (65535, 65535)] {
            for focus in Panel::ORDER {
                let area = Rect { x: 0, y: 0, width, height };
                let places = Places::of(area, focus, false, 3);
                let mut parts: Vec<Rect> = places.panels.iter().map(|(_, area)| *area).collect();
                parts.extend([places.header, places.footer]);
                for (at, part) in parts.iter().enumerate() {
                    assert_eq!(part.intersection(area), *part, "{width}x{height}");
                    assert!(parts.iter().skip(at + 1).all(|other| part.intersection(*other).is_empty()));
                }
                assert!(places.panel(focus).is_some());
            }
        }
    }

    #[test]
    fn a_common_screen_shows_all_panels() {
        let places = Places::of(Rect::new(0, 0, 80, 24), Panel::Events, false, 2);
        assert_eq!(places.panels.len(), 4);
        assert_eq!(places.list(Panel::Events).height, 8);
        assert_eq!(places.panel_at(Position { x: 79, y: 9 }), Some(Panel::Restarts));
        assert_eq!(places.panel_at(Position { x: 0, y: 0 }), None);
        let alone = Places::of(Rect::new(0, 0, 80, 24), Panel::Events, true, 2);
        assert_eq!(alone.panels.len(), 1);
        assert_eq!(alone.list(Panel::Services), Rect::default());
    }

    #[test]
    fn panels_go_round() {
        assert_eq!(Panel::Events.turned(1), Panel::Services);
        assert_eq!(Panel::Services.turned(-1), Panel::Events);
    }
}
