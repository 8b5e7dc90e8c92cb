//! What a watch prints on standard output: a line for each thing that happens, flushed at once.

use relapse::diagnosis::Diagnosis;
use relapse::diagnosis::model::{Escalation, Service};
use relapse::evidence::Problem;
use relapse::live::picture::Status;
use relapse::live::{Alarm, Alert, Event};
use relapse::report;
use relapse::report::Style;
use relapse::report::json::line;
use relapse::report::shown::printable;
use serde::Serialize;
use std::io::{self, Write};
use std::sync::Arc;

/// How it prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// For people.
    Text,
    /// An object a line.
    Ndjson,
    /// The dashboard shows it all.
    Nothing,
}

pub struct Printer {
    pub shape: Shape,
    pub style: Style,
}

/// A service's verdict as a program gets it.
#[derive(Serialize)]
struct VerdictLine<'s> {
    kind: &'static str,
    #[serde(flatten)]
    status: &'s Status,
    /// Root causes of the latest incident, most frequent first.
    causes: Vec<&'s str>,
    /// The verdict before; null the first time.
    before: Option<&'s str>,
}

#[derive(Serialize)]
struct AlertLine<'a> {
    kind: &'static str,
    alert: &'a Alert,
}

#[derive(Serialize)]
struct NoteLine<'n> {
    kind: &'static str,
    path: &'n str,
    text: &'n str,
    help: &'n str,
}

#[derive(Serialize)]
struct DiagnosisLine<'d> {
    kind: &'static str,
    diagnosis: &'d Diagnosis,
}

fn roots(service: &Service) -> Vec<&str> {
    let causes = service.incidents.last().into_iter().flat_map(|incident| &incident.causes);
    causes.filter(|cause| cause.role == "root").map(|cause| cause.id.as_str()).collect()
}

impl Printer {
    fn print(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    pub fn events(&self, events: &[Arc<Event>]) -> io::Result<()> {
        let mut page = String::new();
        for event in events {
            match self.shape {
                Shape::Nothing => return Ok(()),
                Shape::Ndjson => page.push_str(&line(event)?),
                Shape::Text => page.push_str(&of_event(event)),
            }
            page.push('\n');
        }
        self.print(&page)
    }

    pub fn verdict(&self, status: &Status, before: Option<&Status>, service: &Service) -> io::Result<()> {
        let before = before.map(|before| before.verdict.word());
        let causes = roots(service);
        match self.shape {
            Shape::Nothing => Ok(()),
            Shape::Ndjson => {
                let verdict = VerdictLine { kind: "verdict", status, causes, before };
                self.print(&(line(&verdict)? + "\n"))
            }
            Shape::Text => self.print(&format!("{}\n", self.of_status(status, &causes))),
        }
    }

    fn of_status(&self, status: &Status, causes: &[&str]) -> String {
        let mut said = vec![status.verdict.word().to_string()];
        match status.alarm {
            Alarm::Calm => {}
            alarm => said.push(alarm.word().into()),
        }
        said.push(report::shown::many(status.restarts, "restart"));
        match status.escalation {
            Escalation::None => {}
            Escalation::Investigate => said.push("investigate".into()),
            Escalation::Incident => said.push("full incident".into()),
        }
        if !status.signals.is_empty() {
            said.push(format!("signals {}", status.signals.join(" ")));
        }
        if !causes.is_empty() {
            said.push(format!("because of {}", causes.join(", ")));
        }
        let said = format!("== {}: {}", printable(&status.service), printable(&said.join("; ")));
        let colour = match (self.style.colour, status.alarm) {
            (false, _) => return said,
            (true, Alarm::Firing) => "1;31",
            (true, Alarm::Settling) => "1;33",
            (true, Alarm::Calm) => "1",
        };
        format!("\x1b[{colour}m{said}\x1b[0m")
    }

    pub fn alert(&self, alert: &Alert) -> io::Result<()> {
        match self.shape {
            Shape::Nothing => Ok(()),
            Shape::Ndjson => self.print(&(line(&AlertLine { kind: "alert", alert })? + "\n")),
            Shape::Text => self.print(&format!("!! {}: {}\n", alert.status.word(), printable(&alert.summary))),
        }
    }

    pub fn note(&self, note: &Problem) -> io::Result<()> {
        match self.shape {
            Shape::Nothing => Ok(()),
            Shape::Ndjson => {
                let note = NoteLine { kind: "note", path: &note.path, text: &note.what, help: &note.help };
                self.print(&(line(&note)? + "\n"))
            }
            Shape::Text => {
                eprintln!("relapse: {}", printable(&note.to_string()));
                Ok(())
            }
        }
    }

    /// The diagnosis in the midst of it, or at its end.
    pub fn diagnosis(&self, diagnosis: &Diagnosis) -> io::Result<()> {
        match self.shape {
            Shape::Ndjson => self.print(&(line(&DiagnosisLine { kind: "diagnosis", diagnosis })? + "\n")),
            Shape::Text | Shape::Nothing => self.print(&report::text(diagnosis, self.style)),
        }
    }
}

fn of_event(event: &Event) -> String {
    let time = event.time.as_deref().unwrap_or("-");
    let service = event.service.as_deref().map(|service| format!("{service}  ")).unwrap_or_default();
    let id = event.id.as_deref().map(|id| format!("{id}: ")).unwrap_or_default();
    let count = if event.count > 1 { format!("  ({} times)", event.count) } else { String::new() };
    let place = match event.line {
        0 => event.path.clone(),
        line => format!("{}:{line}", event.path),
    };
    printable(&format!("{time}  {:<10}  {service}{id}{}{count}  [{place}]", event.what, event.text))
}
