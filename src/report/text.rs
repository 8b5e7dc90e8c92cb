//! The report for a person at 3 a.m.: the answer first, the evidence below, the advice with it.

use super::shown::{cut, group, many, ns_of, printable, seconds, short_time, since_start, span, time_of, width_of};
use super::sparkline::Sparkline;
use crate::diagnosis::model::{Cause, Diagnosis, Incident, Input, RestartsOverTime, Service, State, Verdict};
use std::collections::BTreeSet;
use std::fmt::Write;

/// How the text is dressed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    pub colour: bool,
    /// For the age of the last line; None leaves it out.
    pub now_ns: Option<i64>,
}

pub(super) const BOLD: &str = "1";
pub(super) const DIM: &str = "2";
pub(super) const RED: &str = "31";
pub(super) const YELLOW: &str = "33";
pub(super) const GREEN: &str = "32";
pub(super) const CYAN: &str = "36";

/// Evidence lines of a symptom that are shown.
const SYMPTOM_LINES: usize = 1;
/// Columns of the row of restarts.
const COLUMNS: usize = 40;
/// So many restarts have a shape in time.
const MIN_RESTARTS: u64 = 3;
/// Groups of runs that are shown.
const MAX_CLUSTERS: usize = 8;
/// Moments of the timeline that are shown.
const MOMENTS: usize = 16;
/// Inputs with nothing odd are summed up beyond this many.
const MAX_INPUTS: usize = 12;

/// The whole report. Log text is escaped: no byte of it can reach the terminal as a command.
pub fn text(diagnosis: &Diagnosis, style: Style) -> String {
    let mut page = Page { out: String::new(), style };
    let (loud, quiet): (Vec<&Service>, Vec<&Service>) = diagnosis
        .services
        .iter()
        .partition(|service| service.verdict != Verdict::Healthy || diagnosis.services.len() <= 3);
    if diagnosis.services.is_empty() {
        page.line(&page.paint(BOLD, "No service seen: no start, stop or exit of one is in these logs."));
        page.line("Add the service manager's log (launchd, systemd, pm2, supervisord, docker) or the service's own.");
    }
    for (at, service) in loud.iter().enumerate() {
        if at > 0 {
            page.line("");
        }
        page.service(service);
    }
    if !quiet.is_empty() {
        page.line("");
        let names: Vec<String> =
            quiet.iter().map(|service| format!("{} ({} runs)", printable(&service.service), service.runs)).collect();
        page.line(&format!("{} {}", page.paint(GREEN, "healthy:"), names.join(", ")));
    }
    page.inputs(diagnosis);
    page.out
}

/// A page that is written from its top to its end.
pub(super) struct Page {
    pub(super) out: String,
    pub(super) style: Style,
}

impl Page {
    pub(super) fn paint(&self, code: &str, text: &str) -> String {
        if self.style.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    pub(super) fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    pub(super) fn heading(&mut self, text: &str) {
        let text = self.paint(BOLD, text);
        self.line("");
        self.line(&text);
    }

    fn service(&mut self, service: &Service) {
        let colour = match service.verdict {
            Verdict::Healthy => GREEN,
            Verdict::Degraded => YELLOW,
            Verdict::Flapping | Verdict::CrashLoop => RED,
        };
        let verdict = self.paint(colour, &service.verdict.word().to_uppercase());
        let name = self.paint(BOLD, &printable(&service.service));
        self.line(&format!("{verdict}  {name}{}", manager(service)));
        self.now(service);
        let roots = roots(service);
        self.why(service, &roots);
        self.counts(service);
        if let Some(restarts) = &service.restarts_over_time {
            self.over_time(restarts);
        }
        for incident in &service.incidents {
            self.incident(incident);
        }
        if !service.findings.is_empty() {
            self.heading("Also");
            for finding in &service.findings {
                self.line(&format!("  {} {}", self.paint(YELLOW, "!"), printable(&finding.text)));
                self.line(&format!("    {} {}", self.paint(GREEN, "do:"), printable(&finding.fix)));
            }
        }
        if !service.signals.is_empty() {
            let escalation = format!("{:?}", service.escalation).to_lowercase();
            self.heading(&format!("Warning signals: {}  (escalation: {escalation})", service.signals.join(", ")));
        }
        self.timeline(service);
    }

    /// What it is now, and how old that knowledge is.
    fn now(&mut self, service: &Service) {
        let state = match service.state {
            State::Ready => self.paint(GREEN, service.state.word()),
            State::Running => self.paint(YELLOW, service.state.word()),
            State::Down if stopped_on_purpose(service) => "stopped, as was asked".to_string(),
            State::Down | State::GaveUp => self.paint(RED, service.state.word()),
            State::Unknown => service.state.word().to_string(),
        };
        let age = match (self.style.now_ns, service.last.as_deref().and_then(ns_of)) {
            (Some(now), Some(last)) if now >= last => format!(", {} ago", span((now - last) as f64 / 1e9)),
            _ => String::new(),
        };
        match &service.last {
            Some(last) => self.line(&format!("  now    {state} (last line {last}{age})")),
            None => self.line(&format!("  now    {state} (its lines have no times)")),
        }
        if let Some(since) = service.incidents.last().and_then(|incident| incident.first.as_deref()) {
            let until = match service.incidents.last() {
                Some(incident) if !incident.ongoing => format!(" until {}", incident.last.as_deref().unwrap_or("?")),
                _ => String::new(),
            };
            self.line(&format!("  since  {since}{until}"));
        }
    }

    fn why(&mut self, service: &Service, roots: &[(&Cause, bool)]) {
        if service.verdict == Verdict::Healthy {
            return;
        }
        let behind = neighbours(service);
        if !behind.is_empty() {
            let names: Vec<String> = behind.iter().map(|name| format!("`{}`", printable(name))).collect();
            self.line(&format!("  why    it cannot do without {}, which fails itself", names.join(" and ")));
        } else if roots.is_empty() {
            self.line("  why    cannot tell: no error stands before its ends in these logs");
        }
        for (at, (cause, gone)) in roots.iter().enumerate() {
            let label = if at == 0 && behind.is_empty() { "why  " } else { "     " };
            let runs = if cause.runs > 0 { format!(" ({})", many(cause.runs, "run")) } else { String::new() };
            let until = match &cause.last {
                Some(last) if *gone => format!(", not seen since {last}: mended, or hidden by the above"),
                _ => String::new(),
            };
            let title = self.paint(if *gone { YELLOW } else { RED }, &printable(&cause.title));
            self.line(&format!("  {label}  {title}{runs}{until}"));
        }
        let first = roots.iter().map(|(cause, _)| cause.fix.clone()).next();
        let first = behind.first().map(|name| format!("Mend `{name}` first.")).or(first);
        let first = first.or(service.findings.first().map(|finding| finding.fix.clone()));
        if let Some(fix) = first {
            let label = self.paint(GREEN, "do");
            self.line(&format!("  {label}     {}", printable(&fix)));
        }
    }

    fn counts(&mut self, service: &Service) {
        let over = match (service.first.as_deref().and_then(ns_of), service.last.as_deref().and_then(ns_of)) {
            (Some(first), Some(last)) if last > first => format!(" over {}", span((last - first) as f64 / 1e9)),
            _ => String::new(),
        };
        let mut text = format!(
            "  {}{over}, {} of {} runs became ready",
            many(service.restarts, "restart"),
            group(service.ready_runs),
            group(service.runs)
        );
        if service.planned_restarts > 0 {
            let _ = write!(text, ", {} planned", many(service.planned_restarts, "restart"));
        }
        if service.in_process_restarts > 0 {
            let _ = write!(text, ", {} inside the process", many(service.in_process_restarts, "restart"));
        }
        self.line(&text);
    }

    /// Restarts over time as a row of blocks, from the first one's bucket to the end of the last one's.
    fn over_time(&mut self, restarts: &RestartsOverTime) {
        let line = Sparkline::of(&restarts.counts, COLUMNS);
        let counted = restarts.counts.iter().sum::<u64>() >= MIN_RESTARTS && restarts.counts.len() > 1;
        if let Some(first) = ns_of(&restarts.first).filter(|_| counted) {
            let width = restarts.bucket_s.saturating_mul(line.per_column as u64);
            let length = restarts.bucket_s.saturating_mul(restarts.counts.len() as u64);
            let last = time_of(first.saturating_add_unsigned(length.saturating_mul(1_000_000_000)));
            let row = self.paint(CYAN, &line.row);
            let peak = group(line.peak);
            self.line(&format!("  {} {row} {last}  restarts, at most {peak} in {}", restarts.first, width_of(width)));
        }
    }

    fn incident(&mut self, incident: &Incident) {
        let verdict = incident.verdict.word();
        let span = match (&incident.first, &incident.last) {
            (Some(first), Some(last)) => format!(", {} to {}", short_time(first), short_time(last)),
            _ => String::new(),
        };
        self.heading(&format!("{verdict}{span}{}", if incident.ongoing { ", ongoing" } else { "" }));
        let mut facts = vec![format!("{}, {} ready", many(incident.runs, "run"), group(incident.ready_runs))];
        if let Some(interval) = incident.interval_s {
            facts.push(format!("a start every {} (95 % within {})", seconds(interval.median), seconds(interval.p95)));
        }
        if let Some(rhythm) = &incident.rhythm {
            facts.push(format!("rhythm: {rhythm}"));
        }
        if !incident.stopped_by.is_empty() {
            let by: Vec<String> =
                incident.stopped_by.iter().map(|(who, runs)| format!("{who} {}", group(*runs))).collect();
            facts.push(format!("ended by: {}", by.join(", ")));
        }
        if incident.runs > 0 {
            self.line(&format!("  {}", facts.join("; ")));
        }
        for (at, pace) in incident.paces.iter().enumerate() {
            let label = if at == 0 { "pace:" } else { "then:" };
            let every = seconds(pace.median_s);
            let restarts = many(pace.restarts, "restart");
            self.line(&format!(
                "  {label} a start every {every} from {} to {} ({restarts})",
                short_time(&pace.first),
                short_time(&pace.last)
            ));
        }
        self.clusters(incident);
        let roots: Vec<&Cause> = incident.causes.iter().filter(|cause| cause.role == "root").collect();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for (at, cause) in roots.iter().enumerate() {
            self.root(at + 1, cause);
            for other in
                incident.causes.iter().filter(|other| other.role != "root" && cause.explains.contains(&other.id))
            {
                if told.insert(&other.id) {
                    self.explained(other);
                }
            }
        }
        for other in incident.causes.iter().filter(|other| other.role != "root") {
            if told.insert(&other.id) {
                self.explained(other);
            }
        }
    }

    /// How the failed runs fall into groups, and one of the largest step by step.
    fn clusters(&mut self, incident: &Incident) {
        for cluster in incident.clusters.iter().filter(|_| incident.clusters.len() > 1).take(MAX_CLUSTERS) {
            let causes = if cluster.causes.is_empty() { "no cause seen".into() } else { cluster.causes.join(", ") };
            let span = match (&cluster.first, &cluster.last) {
                (Some(first), Some(last)) => format!(", {} to {}", short_time(first), short_time(last)),
                _ => String::new(),
            };
            let share = cluster.share * 100.0;
            self.line(&format!("  {} ({share:.0} %) of {causes}{span}", many(cluster.runs, "run")));
        }
        let Some(cluster) = incident.clusters.iter().find(|cluster| cluster.runs > 1 && cluster.steps.len() > 2) else {
            return;
        };
        let start =
            cluster.example.start.as_deref().map_or_else(String::new, |start| format!(" ({})", short_time(start)));
        self.line(&format!("  one of them, step by step{start}:"));
        for step in &cluster.steps {
            let after = step.after_s.map_or_else(|| "-".into(), since_start);
            let id = step.id.as_ref().map_or_else(String::new, |id| format!("  [{id}]"));
            self.line(&format!("    {after:>9}  {}{id}", cut(&printable(&step.text), 100)));
        }
    }

    fn root(&mut self, number: usize, cause: &Cause) {
        let share = if cause.runs > 0 {
            format!(", {} ({:.0} %)", many(cause.runs, "run"), cause.share * 100.0)
        } else {
            String::new()
        };
        let masked = if cause.masked { ", was hidden by other causes" } else { "" };
        let title = self.paint(RED, &format!("{number}. {}", printable(&cause.title)));
        self.line("");
        self.line(&format!("  {title}  [{}] root, {}{share}{masked}", cause.id, cause.phase));
        if let (Some(first), Some(last)) = (&cause.first, &cause.last) {
            self.line(&format!("     first {first}, last {last}, confidence {:.0} %", cause.confidence * 100.0));
        }
        if !cause.meaning.is_empty() {
            self.line(&format!("     {}", printable(&cause.meaning)));
        }
        for line in &cause.evidence {
            let place = self.paint(CYAN, &format!("{}:{}", printable(&line.path), line.line));
            self.line(&format!("     {place}"));
            self.line(&format!("       {}", printable(&line.text)));
        }
        for reason in &cause.why {
            self.line(&format!("     {} {}", self.paint(DIM, "because"), printable(reason)));
        }
        self.line(&format!("     {} {}", self.paint(GREEN, "do:"), printable(&cause.fix)));
    }

    fn explained(&mut self, cause: &Cause) {
        let title = self.paint(DIM, &printable(&cause.title));
        self.line(&format!("     └ {}: {title}  [{}] {}", cause.role, cause.id, many(cause.runs, "run")));
        for reason in &cause.why {
            self.line(&format!("         {} {}", self.paint(DIM, "because"), printable(reason)));
        }
        for line in cause.evidence.iter().take(SYMPTOM_LINES) {
            let place = self.paint(CYAN, &format!("{}:{}", printable(&line.path), line.line));
            self.line(&format!("         {place}  {}", cut(&printable(&line.text), 140)));
        }
    }

    fn timeline(&mut self, service: &Service) {
        if service.timeline.is_empty() {
            return;
        }
        self.heading("Timeline");
        let moments = &service.timeline;
        let (head, tail) = if moments.len() > MOMENTS {
            (&moments[..MOMENTS / 2], &moments[moments.len() - MOMENTS / 2..])
        } else {
            (&moments[..], &moments[moments.len()..])
        };
        for (at, moment) in head.iter().chain(tail).enumerate() {
            if at == head.len() && !tail.is_empty() {
                self.line(&format!("  … {} more", moments.len() - MOMENTS));
            }
            let time = moment.time.as_deref().map(short_time).unwrap_or_else(|| "-".into());
            self.line(&format!("  {time:<25} {}", printable(&moment.text)));
        }
    }

    fn inputs(&mut self, diagnosis: &Diagnosis) {
        self.heading("Read");
        let (mut shown, plain): (Vec<&Input>, Vec<&Input>) =
            diagnosis.inputs.iter().partition(|input| !input.problems.is_empty() || !input.own_words.is_empty());
        shown.extend(plain.iter().take(MAX_INPUTS));
        for input in shown {
            let format = match (&input.envelope, &input.format) {
                (Some(envelope), Some(format)) => format!("{envelope} > {format}"),
                (None, Some(format)) => format.clone(),
                _ => "no known format".into(),
            };
            let line = format!(
                "  {}  {format}, {}, {}",
                printable(&input.path),
                many(input.lines, "line"),
                many(input.records, "record")
            );
            self.line(&line);
            for problem in &input.problems {
                self.line(&format!("    {} {}", self.paint(YELLOW, "!"), printable(problem)));
            }
            for words in &input.own_words {
                self.line(&format!("    by how it repeats itself: {}", printable(words)));
            }
        }
        if plain.len() > MAX_INPUTS {
            self.line(&format!("  … and {} more", plain.len() - MAX_INPUTS));
        }
        let unread: Vec<&String> = diagnosis
            .problems
            .iter()
            .filter(|problem| !diagnosis.inputs.iter().any(|input| is_told(input, problem)))
            .collect();
        for problem in unread.iter().take(MAX_INPUTS) {
            self.line(&format!("  {} {}", self.paint(YELLOW, "!"), printable(problem)));
        }
        if unread.len() > MAX_INPUTS {
            self.line(&format!(
                "  … and {} more that were not read (--format json lists them)",
                unread.len() - MAX_INPUTS
            ));
        }
        if !diagnosis.complete {
            let text = self.paint(YELLOW, "Not everything could be read; what was read is above.");
            self.line(&text);
        }
    }
}

/// Whether a problem stands below its input already.
pub(super) fn is_told(input: &Input, problem: &str) -> bool {
    let what = problem.strip_prefix(input.path.as_str()).and_then(|rest| rest.split_once(": "));
    what.is_some_and(|(_, what)| input.problems.iter().any(|told| told == what))
}

/// Down with no incident going on: somebody stopped it.
fn stopped_on_purpose(service: &Service) -> bool {
    !service.incidents.iter().any(|incident| incident.ongoing)
}

pub(super) fn manager(service: &Service) -> String {
    service.manager.as_deref().map(|manager| format!("  (under {})", printable(manager))).unwrap_or_default()
}

/// The services whose failure it suffers by, in the order of its causes.
pub(super) fn neighbours(service: &Service) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for name in
        service.incidents.iter().flat_map(|incident| &incident.causes).filter_map(|cause| cause.comes_of.as_deref())
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The root causes, those first that are still seen: what superseded a cause is what ends runs now.
pub(super) fn roots(service: &Service) -> Vec<(&Cause, bool)> {
    let all: Vec<&Cause> =
        service.incidents.iter().flat_map(|incident| &incident.causes).filter(|cause| cause.role == "root").collect();
    let gone = |cause: &Cause| all.iter().any(|other| cause.last.is_some() && other.first > cause.last);
    let mut roots: Vec<(&Cause, bool)> = all.iter().map(|cause| (*cause, gone(cause))).collect();
    roots.sort_by(|a, b| a.1.cmp(&b.1).then(if a.1 { b.0.last.cmp(&a.0.last) } else { b.0.runs.cmp(&a.0.runs) }));
    roots
}
