//! What is told of one thing in full, wrapped into rows: a service, a cause, an event, the keys.

use super::keys::HELP;
use super::palette::Palette;
use super::services::escalation_word;
use super::state::{Sheet, State};
use super::words::{cell, clean, wrap};
use crate::diagnosis::model::{Cause, Incident, Service};
use crate::live::{Event, Status};
use crate::report::shown::{many, time_of};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Columns before a text that has a label, and before what a key does.
const LABEL: usize = 12;
const KEY: usize = 16;

/// The title and the rows of what is open, for so many columns.
pub fn of(state: &State, sheet: Sheet, columns: usize, palette: Palette) -> (String, Vec<Line<'static>>) {
    let label = if sheet == Sheet::Help { KEY } else { LABEL };
    let mut page = Page { rows: Vec::new(), columns, label, palette };
    let title = match sheet {
        Sheet::Help => {
            page.help();
            "Keys".to_string()
        }
        Sheet::Service => {
            if let Some(status) = state.status() {
                page.status(status);
            }
            if let Some(service) = state.service() {
                page.service(service);
            }
            state.status().map_or_else(|| "Service".into(), |status| format!("Service {}", clean(&status.service)))
        }
        Sheet::Cause => {
            let causes = state.causes();
            let at = state.cause_index(&causes);
            if let Some(ranked) = causes.get(at) {
                page.cause(ranked.cause, ranked.is_latest);
            }
            format!("Cause {} of {}", (at + 1).min(causes.len()), causes.len())
        }
        Sheet::Event => {
            if let Some(event) = state.feed.selected() {
                page.event(event);
            }
            let (shown, _) = state.feed.counts();
            format!("Event {} of {shown}", (state.feed.index() + 1).min(shown))
        }
    };
    (title, page.rows)
}

struct Page {
    rows: Vec<Line<'static>>,
    columns: usize,
    /// Columns before a text.
    label: usize,
    palette: Palette,
}

impl Page {
    fn blank(&mut self) {
        self.rows.push(Line::default());
    }

    fn heading(&mut self, text: &str) {
        if !self.rows.is_empty() {
            self.blank();
        }
        self.rows
            .extend(wrap(&clean(text), self.columns).into_iter().map(|row| Line::styled(row, self.palette.loud())));
    }

    /// A text beside its label, below itself where it is long.
    fn said(&mut self, label: &str, text: &str, style: Style) {
        // A narrow page puts the text below its label.
        let indent = if self.columns >= 3 * self.label { self.label } else { 0 };
        let mut label = cell(label, indent.max(label.len()));
        if indent == 0 && !label.trim().is_empty() {
            self.rows.push(Line::styled(std::mem::take(&mut label), self.palette.quiet()));
        }
        for row in wrap(&clean(text), self.columns.saturating_sub(indent)) {
            let before = std::mem::replace(&mut label, " ".repeat(indent));
            let before = if indent == 0 { String::new() } else { before };
            self.rows.push(Line::from(vec![Span::styled(before, self.palette.quiet()), Span::styled(row, style)]));
        }
    }

    fn fact(&mut self, label: &str, text: &str) {
        self.said(label, text, Style::new());
    }

    fn help(&mut self) {
        for (keys, what) in HELP {
            self.said(keys, what, Style::new());
        }
    }

    fn status(&mut self, status: &Status) {
        let palette = self.palette;
        self.said("verdict", status.verdict.word(), palette.verdict(status.verdict));
        let since = time_of(status.since_ns);
        self.said("alarm", &format!("{} since {since}", status.alarm.word()), palette.alarm(status.alarm));
        self.said("state", status.state.word(), palette.state(status.state));
        self.said("escalation", escalation_word(status.escalation), palette.escalation(status.escalation));
        if !status.signals.is_empty() {
            self.fact("signals", &status.signals.join(", "));
        }
        let restarts = many(status.restarts, "restart");
        self.fact("runs", &format!("{}, {} ready, {restarts}", many(status.runs, "run"), status.ready_runs));
    }

    fn service(&mut self, service: &Service) {
        if let Some(manager) = &service.manager {
            self.fact("manager", manager);
        }
        if let (Some(first), Some(last)) = (&service.first, &service.last) {
            self.fact("seen", &format!("{first} to {last}"));
        }
        for incident in service.incidents.iter().rev() {
            self.incident(incident);
        }
        if !service.findings.is_empty() {
            self.heading("Also");
        }
        for finding in &service.findings {
            self.said("!", &finding.text, self.palette.doubtful());
            self.said("do", &finding.fix, self.palette.good());
        }
        if !service.timeline.is_empty() {
            self.heading("Timeline");
        }
        for moment in &service.timeline {
            let time = moment.time.as_deref().unwrap_or("-");
            self.fact("", &format!("{time}  {}", moment.text));
        }
    }

    fn incident(&mut self, incident: &Incident) {
        let ongoing = if incident.ongoing { ", ongoing" } else { "" };
        let span = match (&incident.first, &incident.last) {
            (Some(first), Some(last)) => format!(", {first} to {last}"),
            _ => String::new(),
        };
        self.heading(&format!("{}{span}{ongoing}", incident.verdict.word()));
        self.fact("runs", &format!("{}, {} ready", many(incident.runs, "run"), incident.ready_runs));
        if let Some(rhythm) = &incident.rhythm {
            self.fact("rhythm", rhythm);
        }
        for cause in incident.causes.iter().filter(|cause| cause.role == "root") {
            self.said("why", &format!("{} ({})", cause.title, many(cause.runs, "run")), self.palette.bad());
            self.said("do", &cause.fix, self.palette.good());
        }
    }

    fn cause(&mut self, cause: &Cause, is_latest: bool) {
        self.said("cause", &cause.title, self.palette.bad());
        self.fact("id", &cause.id);
        let earlier = if is_latest { "" } else { ", of an earlier incident" };
        self.fact("role", &format!("{}, {}{earlier}", cause.role, cause.phase));
        if cause.runs > 0 {
            let share = cause.share * 100.0;
            let runs = many(cause.runs, "run");
            self.fact("runs", &format!("{runs}, {share:.0} % of the incident's failed runs"));
        } else {
            self.fact("runs", "none: it kept the service from running");
        }
        self.fact("confidence", &format!("{:.0} %", cause.confidence * 100.0));
        if cause.masked {
            self.said("masked", "other causes hid it for a time", self.palette.doubtful());
        }
        if let (Some(first), Some(last)) = (&cause.first, &cause.last) {
            self.fact("seen", &format!("{first} to {last}"));
        }
        if !cause.meaning.is_empty() {
            self.fact("meaning", &cause.meaning);
        }
        for reason in &cause.why {
            self.fact("because", reason);
        }
        if !cause.fix.is_empty() {
            self.said("do", &cause.fix, self.palette.good());
        }
        if !cause.explains.is_empty() {
            self.fact("explains", &cause.explains.join(", "));
        }
        if let Some(template) = &cause.template {
            self.fact("template", template);
        }
        if !cause.evidence.is_empty() {
            self.heading("Evidence");
        }
        for line in &cause.evidence {
            let place = format!("{}:{}", line.path, line.line);
            let rows = wrap(&clean(&place), self.columns);
            self.rows.extend(rows.into_iter().map(|row| Line::styled(row, self.palette.pointer())));
            let rows = wrap(&clean(&line.text), self.columns.saturating_sub(2));
            self.rows.extend(rows.into_iter().map(|row| Line::raw(format!("  {row}"))));
        }
    }

    fn event(&mut self, event: &Event) {
        self.said("what", event.what, self.palette.what(event.what));
        self.fact("time", event.time.as_deref().unwrap_or("the log tells none"));
        self.fact("service", event.service.as_deref().unwrap_or("-"));
        self.said("place", &format!("{}:{}", event.path, event.line), self.palette.pointer());
        if let Some(id) = &event.id {
            self.fact("id", id);
        }
        if let Some(title) = &event.title {
            self.fact("title", title);
        }
        self.fact("count", &format!("told by {}", many(u64::from(event.count), "line")));
        self.heading("Text");
        self.rows.extend(wrap(&clean(&event.text), self.columns).into_iter().map(Line::raw));
    }
}
