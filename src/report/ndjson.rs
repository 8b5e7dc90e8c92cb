//! The course of events for programs: one JSON object a line, in order of time, and the whole diagnosis as the last one.
//!
//! `kind` says what a line is. Lines may get more members and more kinds; a reader passes over those that it does not
//! know.

use super::json::line;
use super::shown::ns_of;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::{Incident, Service};
use serde::Serialize;
use std::io::{self, Write};

/// One line before the last.
#[derive(Debug, Serialize)]
struct Event<'d> {
    kind: &'d str,
    service: &'d str,
    /// Null where the log tells no time; such events come first.
    time: Option<&'d str>,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    /// The cause's id and role, where it is a cause that comes or goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'d str>,
}

/// The last line.
#[derive(Debug, Serialize)]
struct Last<'d> {
    kind: &'static str,
    diagnosis: &'d Diagnosis,
}

pub fn ndjson(diagnosis: &Diagnosis, out: &mut dyn Write) -> io::Result<()> {
    let mut events: Vec<Event> = diagnosis.services.iter().flat_map(events).collect();
    // Texts of times do not sort as times do: 10.5Z stands before 10Z.
    events.sort_by_cached_key(|event| event.time.and_then(ns_of));
    for event in &events {
        writeln!(out, "{}", line(event)?)?;
    }
    writeln!(out, "{}", line(&Last { kind: "diagnosis", diagnosis })?)
}

fn events(service: &Service) -> Vec<Event<'_>> {
    let plain = |kind, time, text| Event {
        kind,
        service: &service.service,
        time,
        text,
        verdict: None,
        cause: None,
        role: None,
    };
    // A timeline leaves out moments when they are too many, and causes that are none of its roots; incidents have all.
    let told_better =
        |kind: &str| matches!(kind, "incident-start" | "incident-end" | "cause-appears" | "cause-vanishes");
    let moments = service.timeline.iter().filter(|moment| !told_better(&moment.kind));
    let mut events: Vec<Event> =
        moments.map(|moment| plain(&moment.kind, moment.time.as_deref(), moment.text.clone())).collect();
    for incident in &service.incidents {
        let verdict = incident.verdict.word();
        let start = plain("incident-start", incident.first.as_deref(), format!("{verdict} begins"));
        events.push(Event { verdict: Some(verdict), ..start });
        for cause in &incident.causes {
            let appears = plain("cause-appears", cause.first.as_deref(), cause.title.clone());
            events.push(Event { cause: Some(&cause.id), role: Some(&cause.role), ..appears });
            if vanishes(cause.last.as_deref(), incident) {
                let vanishes = plain("cause-vanishes", cause.last.as_deref(), format!("last seen: {}", cause.title));
                events.push(Event { cause: Some(&cause.id), role: Some(&cause.role), ..vanishes });
            }
        }
        if !incident.ongoing {
            let end = plain("incident-end", incident.last.as_deref(), format!("{verdict} ends"));
            events.push(Event { verdict: Some(verdict), ..end });
        }
    }
    events
}

/// Seen for the last time: in an incident that is over, or before another cause that came later.
fn vanishes(last: Option<&str>, incident: &Incident) -> bool {
    let Some(last) = last.and_then(ns_of) else { return false };
    let later = |first: &Option<String>| first.as_deref().and_then(ns_of).is_some_and(|first| first > last);
    !incident.ongoing || incident.causes.iter().any(|cause| later(&cause.first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Verdict;
    use crate::diagnosis::model::{Moment, SCHEMA};

    fn lines(timeline: Vec<(Option<&str>, &str)>) -> Vec<serde_json::Value> {
        let moment = |(time, text): (Option<&str>, &str)| Moment {
            time: time.map(Into::into),
            kind: "recovered".into(),
            text: text.into(),
        };
        let service = Service {
            service: "web".into(),
            timeline: timeline.into_iter().map(moment).collect(),
            incidents: vec![Incident { first: Some("2026-02-03T04:00:10.2Z".into()), ..Incident::default() }],
            ..Service::default()
        };
        let diagnosis = Diagnosis {
            schema: SCHEMA.into(),
            verdict: Verdict::Healthy,
            complete: true,
            services: vec![service],
            inputs: Vec::new(),
            problems: Vec::new(),
        };
        let mut out = Vec::new();
        ndjson(&diagnosis, &mut out).expect("memory takes all");
        out.split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).expect("an object"))
            .collect()
    }

    #[test]
    fn times_sort_as_times() {
        let lines = lines(vec![
            (Some("2026-02-03T04:00:10.5Z"), "b"),
            (Some("2026-02-03T04:00:10Z"), "a"),
            (None, "\u{9b}2J\n"),
        ]);
        let texts: Vec<&str> = lines.iter().filter_map(|line| line["text"].as_str()).collect();
        // The incident's end has no time.
        assert_eq!(texts, ["\u{9b}2J\n", "healthy ends", "a", "healthy begins", "b"]);
        assert_eq!(lines.last().expect("a last line")["kind"], "diagnosis");
    }
}
