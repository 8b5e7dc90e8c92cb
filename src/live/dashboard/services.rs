//! The panel of services: one a row, the worst first.

use super::palette::Palette;
use super::panel::{frame, nothing, rows};
use super::places::{Panel, list_of};
use super::state::State;
use super::words::{cell, clean, cut};
use crate::diagnosis::model::{self, Escalation};
use crate::live::Status;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Verdict,
    Service,
    Alarm,
    State,
    Restarts,
    Ready,
    Escalation,
    Signals,
}

/// As they stand, with their widths.
const COLUMNS: [(Column, &str, usize); 8] = [
    (Column::Verdict, "VERDICT", 10),
    (Column::Service, "SERVICE", 14),
    (Column::Alarm, "ALARM", 8),
    (Column::State, "STATE", 9),
    (Column::Restarts, "RESTARTS", 8),
    (Column::Ready, "READY/RUNS", 10),
    (Column::Escalation, "ESCALATION", 11),
    (Column::Signals, "SIGNALS", 10),
];

/// Those that matter most come first: they are left out last.
const BY_WEIGHT: [Column; 8] = [
    Column::Verdict,
    Column::Service,
    Column::Alarm,
    Column::Restarts,
    Column::State,
    Column::Ready,
    Column::Escalation,
    Column::Signals,
];

/// No name takes more, so that signals keep some room.
const MOST_NAME: usize = 40;

/// Draws the services.
pub fn draw(buffer: &mut Buffer, area: Rect, state: &State, palette: Palette) {
    let focused = state.focus == Panel::Services;
    let statuses = &state.picture.statuses;
    let firing = statuses.iter().filter(|status| status.alarm == crate::live::Alarm::Firing).count();
    let title = match (statuses.len(), firing) {
        (0, _) => "Services".to_string(),
        (all, 0) => format!("Services ({all})"),
        (all, firing) => format!("Services ({firing} of {all} firing)"),
    };
    let inside = frame(buffer, area, &title, focused, palette);
    let list = list_of(Panel::Services, area);
    if statuses.is_empty() {
        nothing(buffer, inside, "no service seen yet: no start, stop or exit of one came", palette);
        return;
    }
    let columns = columns(usize::from(inside.width));
    if list.y > inside.y {
        let names = columns.iter().map(|(_, name, width)| format!("{} ", cell(name, *width)));
        rows(buffer, inside, [Line::styled(names.collect::<String>(), palette.quiet())], None, Style::new());
    }
    let shown = statuses.iter().skip(state.services_top).map(|status| row(status, &columns, palette));
    let selected = state.service_index().checked_sub(state.services_top);
    rows(buffer, list, shown, selected, palette.selected(focused));
}

/// The columns that there is room for. What is left over goes to the name, then to the signals.
fn columns(room: usize) -> Vec<(Column, &'static str, usize)> {
    let mut left = room;
    let mut kept = Vec::new();
    for column in BY_WEIGHT {
        let width = COLUMNS.iter().find(|(other, ..)| *other == column).map_or(0, |(_, _, width)| width + 1);
        match left.checked_sub(width) {
            Some(rest) => left = rest,
            None => break,
        }
        kept.push(column);
    }
    let has_signals = kept.contains(&Column::Signals);
    let mut columns: Vec<_> = COLUMNS.into_iter().filter(|(column, ..)| kept.contains(column)).collect();
    for (column, _, width) in &mut columns {
        if *column == Column::Service {
            let more = if has_signals { (left / 2).min(MOST_NAME - *width) } else { left };
            *width += more;
            left -= more;
        }
    }
    if let Some((Column::Signals, _, width)) = columns.last_mut() {
        *width += left;
    }
    if columns.is_empty() {
        // So narrow that only the verdict's beginning fits.
        columns.push((Column::Verdict, "", room));
    }
    columns
}

fn row(status: &Status, columns: &[(Column, &str, usize)], palette: Palette) -> Line<'static> {
    let mut spans = Vec::new();
    for (column, _, width) in columns {
        let (text, style) = match column {
            Column::Verdict => (status.verdict.word().to_string(), palette.verdict(status.verdict)),
            Column::Service => (clean(&status.service), palette.loud()),
            Column::Alarm => (status.alarm.word().to_string(), palette.alarm(status.alarm)),
            Column::State => (state_word(status.state).to_string(), palette.state(status.state)),
            Column::Restarts => (format!("{:>8}", status.restarts), Style::new()),
            Column::Ready => (format!("{:>10}", format!("{}/{}", status.ready_runs, status.runs)), Style::new()),
            Column::Escalation => {
                (escalation_word(status.escalation).to_string(), palette.escalation(status.escalation))
            }
            Column::Signals => (clean(&status.signals.join(", ")), Style::new()),
        };
        spans.push(Span::styled(cell(&cut(&text, *width), *width), style));
        spans.push(Span::raw(" "));
    }
    Line::from(spans)
}

/// A state in one short word.
fn state_word(state: model::State) -> &'static str {
    match state {
        model::State::Ready => "ready",
        model::State::Running => "not ready",
        model::State::Down => "down",
        model::State::GaveUp => "gave up",
        model::State::Unknown => "unknown",
    }
}

/// An escalation as it is written.
pub fn escalation_word(escalation: Escalation) -> &'static str {
    match escalation {
        Escalation::None => "none",
        Escalation::Investigate => "investigate",
        Escalation::Incident => "incident",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(room: usize) -> Vec<&'static str> {
        columns(room).iter().map(|(_, name, _)| *name).collect()
    }

    #[test]
    fn columns_that_matter_less_give_way() {
        assert_eq!(names(26), ["VERDICT", "SERVICE"]);
        assert_eq!(names(78), ["VERDICT", "SERVICE", "ALARM", "STATE", "RESTARTS", "READY/RUNS", "ESCALATION"]);
        assert_eq!(names(200).len(), 8);
        assert_eq!(names(5), [""]);
    }

    #[test]
    fn columns_fit() {
        for room in 0..300 {
            let taken: usize = columns(room).iter().map(|(_, _, width)| width + 1).sum();
            assert!(taken <= room.max(11) + 1, "{taken} of {room}");
        }
    }
}
