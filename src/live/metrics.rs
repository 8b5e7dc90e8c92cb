//! A picture as Prometheus and its like read it: text format 0.0.4.

use super::picture::{Alarm, Picture, Status};
use crate::diagnosis::Verdict;
use crate::diagnosis::model::{Escalation, Service, State};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::fmt::{self, Write};

/// What `metrics` is to be sent as.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

// Whoever stores metrics pays for each set of labels, and all of these come from logs.
/// Services told of, the worst first.
const MAX_SERVICES: usize = 500;
/// Causes of one service, the most frequent first.
const MAX_CAUSES: usize = 50;
/// Signals of one service.
const MAX_SIGNALS: usize = 20;
/// Inputs told of.
const MAX_INPUTS: usize = 200;
/// Characters of a label's value.
const MAX_VALUE: usize = 200;

const VERDICTS: [Verdict; 4] = [Verdict::Healthy, Verdict::Degraded, Verdict::Flapping, Verdict::CrashLoop];
const STATES: [(State, &str); 5] = [
    (State::Ready, "ready"),
    (State::Running, "running"),
    (State::Down, "down"),
    (State::GaveUp, "gave-up"),
    (State::Unknown, "unknown"),
];
const ESCALATIONS: [(Escalation, &str); 3] =
    [(Escalation::None, "none"), (Escalation::Investigate, "investigate"), (Escalation::Incident, "incident")];
const ALARMS: [Alarm; 3] = [Alarm::Calm, Alarm::Firing, Alarm::Settling];

/// All that a picture tells in numbers.
pub fn metrics(picture: &Picture) -> String {
    let mut page = Page::default();
    let mut build = page.family("build_info", Kind::Gauge, "The program that watches; always 1.");
    build.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    traffic(&mut page, picture);
    let statuses: Vec<&Status> = picture.statuses.iter().take(MAX_SERVICES).collect();
    counts(&mut page, &statuses);
    conditions(&mut page, &statuses);
    let services: Vec<&Service> = statuses
        .iter()
        .filter_map(|status| picture.diagnosis.services.iter().find(|service| service.service == status.service))
        .collect();
    told(&mut page, &services);
    inputs(&mut page, picture);
    page.text
}

fn traffic(page: &mut Page, picture: &Picture) {
    let traffic = &picture.traffic;
    page.family("lines_total", Kind::Counter, "Lines read.").sample(&[], traffic.lines);
    page.family("bytes_total", Kind::Counter, "Bytes read.").sample(&[], traffic.bytes);
    page.family("unread_bytes", Kind::Gauge, "Bytes of followed files that are not read yet.")
        .sample(&[], traffic.unread);
    page.family("lag_seconds", Kind::Gauge, "Time from a line's arrival until it was judged, for the latest lines.")
        .sample(&[], Number(traffic.lag_s));
    page.family("streams", Kind::Gauge, "Streams that are read.").sample(&[], traffic.streams);
    page.family("alerts_total", Kind::Counter, "Alerts that were told.").sample(&[], traffic.alerts);
    page.family("alerts_failed_total", Kind::Counter, "Alerts that could not be told.")
        .sample(&[], traffic.alerts_failed);
    page.family("picture_timestamp_seconds", Kind::Gauge, "When these numbers were made, in seconds since 1970.")
        .sample(&[], Number(picture.at_ns as f64 / 1e9));
    page.family("services", Kind::Gauge, "Services known, even those that are too many to be told of here.")
        .sample(&[], picture.statuses.len());
}

fn counts(page: &mut Page, statuses: &[&Status]) {
    type Count = fn(&Status) -> u64;
    let counts: [(&str, &str, Count); 3] = [
        ("restarts_total", "Process starts after the first one seen, planned ones included.", |s| s.restarts),
        ("runs_total", "Runs of the service.", |s| s.runs),
        ("ready_runs_total", "Runs that became ready.", |s| s.ready_runs),
    ];
    for (name, help, count) in counts {
        let mut family = page.family(name, Kind::Counter, help);
        for status in statuses {
            family.sample(&[("service", &status.service)], count(status));
        }
    }
}

fn conditions(page: &mut Page, statuses: &[&Status]) {
    let mut family = page.family("verdict", Kind::Gauge, "How bad it is: 1 for the verdict that holds.");
    for status in statuses {
        for verdict in VERDICTS {
            family.one_of(&status.service, "verdict", verdict.word(), status.verdict == verdict);
        }
    }
    let mut family = page.family("state", Kind::Gauge, "What the service is now: 1 for the state that holds.");
    for status in statuses {
        for (state, word) in STATES {
            family.one_of(&status.service, "state", word, status.state == state);
        }
    }
    let mut family = page.family("escalation", Kind::Gauge, "What is to be done: 1 for the escalation that holds.");
    for status in statuses {
        for (escalation, word) in ESCALATIONS {
            family.one_of(&status.service, "escalation", word, status.escalation == escalation);
        }
    }
    let mut family = page.family("alarm", Kind::Gauge, "Whether somebody is to look: 1 for the alarm that holds.");
    for status in statuses {
        for alarm in ALARMS {
            family.one_of(&status.service, "alarm", alarm.word(), status.alarm == alarm);
        }
    }
    let mut family =
        page.family("signal", Kind::Gauge, "Signals that the service gives; those it does not are left out.");
    for status in statuses {
        for signal in status.signals.iter().take(MAX_SIGNALS) {
            family.sample(&[("service", &status.service), ("signal", signal)], 1);
        }
    }
}

/// What the diagnosis alone tells.
fn told(page: &mut Page, services: &[&Service]) {
    let mut family = page.family("planned_restarts_total", Kind::Counter, "Restarts that somebody wanted.");
    for service in services {
        family.sample(&[("service", &service.service)], service.planned_restarts);
    }
    let causes: Vec<Vec<((&str, &str), u64)>> = services.iter().map(|service| causes_of(service)).collect();
    let mut family =
        page.family("causes", Kind::Gauge, "Causes known, even those that are too many to be told of here.");
    for (service, causes) in services.iter().zip(&causes) {
        family.sample(&[("service", &service.service)], causes.len());
    }
    let mut family = page.family("cause_runs", Kind::Gauge, "Runs that a cause was found in, over all incidents.");
    for (service, causes) in services.iter().zip(&causes) {
        for ((id, role), runs) in causes.iter().take(MAX_CAUSES) {
            family.sample(&[("service", &service.service), ("cause", id), ("role", role)], *runs);
        }
    }
}

/// A service's causes and their roles with the runs they were in, most frequent first.
fn causes_of(service: &Service) -> Vec<((&str, &str), u64)> {
    let mut runs: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for cause in service.incidents.iter().flat_map(|incident| &incident.causes) {
        *runs.entry((&cause.id, &cause.role)).or_default() += cause.runs;
    }
    let mut causes: Vec<_> = runs.into_iter().collect();
    causes.sort_by_key(|&(_, runs)| Reverse(runs));
    causes
}

fn inputs(page: &mut Page, picture: &Picture) {
    let inputs = || picture.diagnosis.inputs.iter().take(MAX_INPUTS);
    let mut family = page.family("input_bytes", Kind::Gauge, "Bytes read of an input.");
    for input in inputs() {
        family.sample(&[("path", &input.path)], input.bytes);
    }
    let mut family = page.family("input_lines", Kind::Gauge, "Lines read of an input.");
    for input in inputs() {
        family.sample(&[("path", &input.path)], input.lines);
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
}

#[derive(Default)]
struct Page {
    text: String,
}

/// The samples of one name, which must stand together.
struct Family<'p> {
    text: &'p mut String,
    name: &'static str,
    /// Labels that have their sample: a second one would make the whole page unreadable.
    taken: HashSet<String>,
}

impl Page {
    fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.text += &format!("# HELP relapse_{name} {help}\n# TYPE relapse_{name} {kind}\n");
        Family { text: &mut self.text, name, taken: HashSet::new() }
    }
}

impl Family<'_> {
    fn sample(&mut self, labels: &[(&str, &str)], value: impl fmt::Display) {
        let mut written = String::new();
        for (name, value) in labels {
            written.push(if written.is_empty() { '{' } else { ',' });
            written += name;
            written += "=\"";
            escape(value, &mut written);
            written.push('"');
        }
        if !written.is_empty() {
            written.push('}');
        }
        if self.taken.contains(&written) {
            return;
        }
        // A String takes whatever is written to it.
        let _ = writeln!(self.text, "relapse_{}{written} {value}", self.name);
        self.taken.insert(written);
    }

    fn one_of(&mut self, service: &str, name: &str, word: &str, holds: bool) {
        self.sample(&[("service", service), (name, word)], u8::from(holds));
    }
}

fn escape(value: &str, out: &mut String) {
    for c in shortened(value).chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            // The format has no escape for them, and a terminal that shows the page would obey them.
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
}

fn shortened(value: &str) -> Cow<'_, str> {
    match value.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => Cow::Owned(format!("{}…", value.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(value),
    }
}

/// A number that may be none.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            number if number.is_nan() => f.write_str("NaN"),
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            number => write!(f, "{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::model::{Cause, Incident, Input};
    use crate::live::picture::{Board, Traffic};
    use std::sync::Arc;

    type Sample = (String, Vec<(String, String)>, f64);

    /// The text format, as strictly as its description has it.
    fn parse(text: &str) -> Vec<Sample> {
        assert!(text.ends_with('\n'));
        let (mut samples, mut names, mut family): (Vec<Sample>, HashSet<&str>, _) = (Vec::new(), HashSet::new(), "");
        let mut lines = text.strip_suffix('\n').unwrap().split('\n');
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                family = help.split_once(' ').unwrap().0;
                assert!(names.insert(family), "{family} twice");
                let kind = lines.next().unwrap().strip_prefix("# TYPE ").unwrap().strip_prefix(family).unwrap();
                assert!([" counter", " gauge"].contains(&kind), "{kind}");
                assert_eq!(kind == " counter", family.ends_with("_total"), "{family}");
                continue;
            }
            let end = line.find(['{', ' ']).unwrap();
            assert_eq!(&line[..end], family);
            let (labels, value) = parse_labels(&line[end..]);
            samples.push((family.to_string(), labels, value.strip_prefix(' ').unwrap().parse().unwrap()));
        }
        let mut seen = HashSet::new();
        for (name, labels, _) in &samples {
            assert!(seen.insert((name, labels)), "{name} {labels:?} twice");
        }
        samples
    }

    fn parse_labels(text: &str) -> (Vec<(String, String)>, &str) {
        let mut labels = Vec::new();
        let Some(mut rest) = text.strip_prefix('{') else { return (labels, text) };
        loop {
            let (name, after) = rest.split_once("=\"").unwrap();
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            let (mut value, mut chars) = (String::new(), after.char_indices());
            let end = loop {
                match chars.next().unwrap() {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        c @ ('\\' | '"') => c,
                        c => panic!("\\{c}"),
                    }),
                    (_, c) => value.push(c),
                }
            };
            labels.push((name.to_string(), value));
            rest = &after[end + 1..];
            match rest.strip_prefix('}') {
                Some(after) => return (labels, after),
                None => rest = rest.strip_prefix(',').unwrap(),
            }
        }
    }

    fn value(samples: &[Sample], name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let same = |known: &[(String, String)]| {
            known.iter().map(|(name, value)| (&**name, &**value)).eq(labels.iter().copied())
        };
        samples.iter().find(|sample| sample.0 == name && same(&sample.1)).map(|sample| sample.2)
    }

    fn status(service: &str) -> Status {
        Status {
            service: service.into(),
            verdict: Verdict::CrashLoop,
            state: State::GaveUp,
            escalation: Escalation::Incident,
            signals: vec!["restarts".into(), "restarts".into()],
            alarm: Alarm::Firing,
            since_ns: 0,
            runs: 42,
            restarts: 41,
            ready_runs: 3,
        }
    }

    fn cause(id: &str, role: &str, runs: u64) -> Cause {
        serde_json::from_value(serde_json::json!({
            "id": id, "title": "", "role": role, "phase": "", "runs": runs, "share": 1.0, "first": null, "last": null,
            "masked": false, "explains": [], "confidence": 1.0, "why": [], "meaning": "", "fix": "", "evidence": []
        }))
        .unwrap()
    }

    fn picture(services: Vec<Service>, statuses: Vec<Status>) -> Picture {
        let empty = Board::default().picture();
        let mut diagnosis = (*empty.diagnosis).clone();
        diagnosis.services = services;
        Picture { diagnosis: Arc::new(diagnosis), statuses, ..(*empty).clone() }
    }

    #[test]
    fn an_empty_picture_is_a_page() {
        let samples = parse(&metrics(&Board::default().picture()));
        assert_eq!(value(&samples, "relapse_lines_total", &[]), Some(0.0));
        assert_eq!(value(&samples, "relapse_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), Some(1.0));
    }

    #[test]
    fn a_service_has_its_numbers() {
        let incident = |runs| Incident { causes: vec![cause("oom", "root", runs)], ..Incident::default() };
        let service = Service {
            service: "api".into(),
            planned_restarts: 2,
            incidents: vec![incident(30), incident(8)],
            ..Service::default()
        };
        let mut picture = picture(vec![service], vec![status("api")]);
        picture.traffic = Traffic { lines: 7, lag_s: 0.25, alerts_failed: 1, ..Traffic::default() };
        let samples = parse(&metrics(&picture));
        let of = |name, label, word| value(&samples, name, &[("service", "api"), (label, word)]);
        assert_eq!(value(&samples, "relapse_restarts_total", &[("service", "api")]), Some(41.0));
        assert_eq!(value(&samples, "relapse_planned_restarts_total", &[("service", "api")]), Some(2.0));
        assert_eq!(value(&samples, "relapse_lag_seconds", &[]), Some(0.25));
        assert_eq!(value(&samples, "relapse_alerts_failed_total", &[]), Some(1.0));
        assert_eq!(of("relapse_verdict", "verdict", "crash-loop"), Some(1.0));
        assert_eq!(of("relapse_verdict", "verdict", "healthy"), Some(0.0));
        assert_eq!(of("relapse_state", "state", "gave-up"), Some(1.0));
        assert_eq!(of("relapse_escalation", "escalation", "incident"), Some(1.0));
        assert_eq!(of("relapse_alarm", "alarm", "firing"), Some(1.0));
        assert_eq!(of("relapse_signal", "signal", "restarts"), Some(1.0));
        let cause = [("service", "api"), ("cause", "oom"), ("role", "root")];
        assert_eq!(value(&samples, "relapse_cause_runs", &cause), Some(38.0));
    }

    #[test]
    fn words_are_those_of_the_contract() {
        let word = |value: serde_json::Value| value.as_str().unwrap().to_string();
        for (state, known) in STATES {
            assert_eq!(word(serde_json::to_value(state).unwrap()), known);
        }
        for (escalation, known) in ESCALATIONS {
            assert_eq!(word(serde_json::to_value(escalation).unwrap()), known);
        }
    }

    #[test]
    fn names_from_logs_do_no_harm() {
        let hostile = "a\\b\"c\nd\u{1b}[2J} 1\n# TYPE x counter\u{9b}";
        let samples = parse(&metrics(&picture(Vec::new(), vec![status(hostile), status(hostile)])));
        let seen = hostile.replace(['\u{1b}', '\u{9b}'], "\u{fffd}");
        assert_eq!(value(&samples, "relapse_runs_total", &[("service", &seen)]), Some(42.0));
    }

    #[test]
    fn there_is_an_end_to_labels() {
        let causes = (0..1000).map(|n| cause(&format!("unknown/{n}"), "root", n)).collect();
        let service = Service {
            service: "s0".into(),
            incidents: vec![Incident { causes, ..Incident::default() }],
            ..Service::default()
        };
        let statuses = (0..2000).map(|n| status(&format!("s{n}"))).chain([status(&"é".repeat(9000))]).collect();
        let mut picture = picture(vec![service], statuses);
        let input = Input { path: "/log".into(), bytes: 5, ..empty_input() };
        Arc::make_mut(&mut picture.diagnosis).inputs = vec![input; 1000];
        let samples = parse(&metrics(&picture));
        let many = |name: &str| samples.iter().filter(|sample| sample.0 == name).count();
        assert_eq!(many("relapse_runs_total"), MAX_SERVICES);
        assert_eq!(many("relapse_cause_runs"), MAX_CAUSES);
        assert_eq!(many("relapse_input_bytes"), 1);
        assert_eq!(value(&samples, "relapse_services", &[]), Some(2001.0));
        assert_eq!(value(&samples, "relapse_causes", &[("service", "s0")]), Some(1000.0));
        assert_eq!(shortened(&"é".repeat(9000)).chars().count(), MAX_VALUE + 1);
    }

    fn empty_input() -> Input {
        serde_json::from_value(serde_json::json!({
            "path": "", "format": null, "envelope": null, "bytes": 0, "lines": 0, "records": 0, "first": null,
            "last": null, "problems": []
        }))
        .unwrap()
    }

    #[test]
    fn odd_numbers_are_written_as_the_format_has_them() {
        let written = |number| Number(number).to_string();
        assert_eq!([written(f64::NAN), written(f64::INFINITY), written(0.5)], ["NaN", "+Inf", "0.5"]);
    }
}
