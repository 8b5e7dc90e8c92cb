//! One cause in depth: everything that the diagnosis knows of it, wherever it strikes.

use super::checking::how_to_check;
use super::shown::{many, printable, short_time};
use super::text::{CYAN, DIM, GREEN, Page, RED, Style};
use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::{Cause, Cluster, Incident, Service};

/// All that is known of the cause with this id. Log text is escaped.
pub fn in_depth(diagnosis: &Diagnosis, id: &str, style: Style) -> String {
    let mut page = Page { out: String::new(), style };
    for service in &diagnosis.services {
        for incident in &service.incidents {
            for cause in incident.causes.iter().filter(|cause| cause.id == id) {
                if !page.out.is_empty() {
                    page.line("");
                }
                cause_in(&mut page, service, incident, cause);
            }
        }
    }
    page.out
}

fn cause_in(page: &mut Page, service: &Service, incident: &Incident, cause: &Cause) {
    page.line(&format!("{}  [{}]", page.paint(RED, &printable(&cause.title)), cause.id));
    let time = |time: &Option<String>| time.as_deref().map_or_else(|| "?".into(), short_time);
    let ongoing = if incident.ongoing { ", ongoing" } else { "" };
    page.line(&format!(
        "  in     {}: {}, {} to {}{ongoing}",
        printable(&service.service),
        incident.verdict.word(),
        time(&incident.first),
        time(&incident.last)
    ));
    let role = match cause.role.as_str() {
        "root" => "root: nothing that these logs show explains it",
        "symptom" => "symptom: another cause explains it",
        "amplifier" => "amplifier: makes it worse, did not start it",
        other => other,
    };
    page.line(&format!("  role   {role}"));
    let phase = match cause.phase.as_str() {
        "init" => "init: from the start until the service is ready",
        "runtime" => "runtime: after the service was ready",
        other => other,
    };
    page.line(&format!("  phase  {phase}"));
    if cause.runs > 0 {
        let died = if cause.role == "root" { "died of it" } else { "have it" };
        let share = cause.share * 100.0;
        page.line(&format!("  runs   {} {died}, {share:.0} % of the incident's failed runs", many(cause.runs, "run")));
    } else {
        page.line("  runs   none: it kept the service from running");
    }
    page.line(&format!("  first  {}", cause.first.as_deref().unwrap_or("its lines have no times")));
    page.line(&format!("  last   {}", cause.last.as_deref().unwrap_or("its lines have no times")));
    if cause.masked {
        page.line("  masked other causes hid it for a time: it can be older than its first line");
    }
    if !cause.meaning.is_empty() {
        page.heading("What it means");
        page.line(&format!("  {}", printable(&cause.meaning)));
    }
    if let Some(template) = &cause.template {
        page.line(&format!("  its lines read: {}", printable(template)));
    }
    page.heading(&format!("How sure this is: {:.0} %, {}", cause.confidence * 100.0, in_words(cause.confidence)));
    for reason in &cause.why {
        page.line(&format!("  {} {}", page.paint(DIM, "because"), printable(reason)));
    }
    let causes = &incident.causes;
    related(page, "What it explains", &mut causes.iter().filter(|other| cause.explains.contains(&other.id)));
    related(page, "What explains it", &mut causes.iter().filter(|other| other.explains.contains(&cause.id)));
    page.heading("Evidence");
    for line in &cause.evidence {
        let place = page.paint(CYAN, &format!("{}:{}", printable(&line.path), line.line));
        let time = line.time.as_deref().map(|time| format!("  {time}")).unwrap_or_default();
        page.line(&format!("  {place}{time}"));
        page.line(&format!("    {}", printable(&line.text)));
    }
    if cause.evidence.is_empty() {
        page.line("  no line of it was kept");
    }
    let clusters: Vec<&Cluster> =
        incident.clusters.iter().filter(|cluster| cluster.causes.contains(&cause.id)).collect();
    if !clusters.is_empty() {
        page.heading("Runs that died of it");
    }
    for cluster in clusters {
        let others: Vec<&str> = cluster.causes.iter().filter(|id| **id != cause.id).map(String::as_str).collect();
        let beside =
            if others.is_empty() { "of it alone".into() } else { format!("together with {}", others.join(", ")) };
        let example = format!("from {} to {}", time(&cluster.example.start), time(&cluster.example.end));
        page.line(&format!("  {} {beside}, such as the one {example}", many(cluster.runs, "run")));
    }
    page.heading("What to do");
    page.line(&format!("  {} {}", page.paint(GREEN, "do:"), printable(&cause.fix)));
    page.line(&format!("  {} {}", page.paint(GREEN, "mended when"), how_to_check(cause, incident)));
}

fn related(page: &mut Page, heading: &str, causes: &mut dyn Iterator<Item = &Cause>) {
    let mut is_first = true;
    for cause in causes {
        if std::mem::take(&mut is_first) {
            page.heading(heading);
        }
        let title = printable(&cause.title);
        page.line(&format!("  {}: {title}  [{}] {}", cause.role, cause.id, many(cause.runs, "run")));
    }
}

fn in_words(confidence: f64) -> &'static str {
    match confidence {
        sure if sure >= 0.9 => "as good as certain",
        sure if sure >= 0.75 => "fairly sure",
        sure if sure >= 0.5 => "likely",
        _ => "a guess",
    }
}
