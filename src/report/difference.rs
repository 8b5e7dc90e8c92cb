//! Two diagnoses side by side, as text, as Markdown and as JSON. Whatever may be log text is escaped, ids as well: a
//! saved diagnosis may hold anything.

use super::json::line;
use super::markdown::prose;
use super::shown::{group, printable, seconds};
use super::text::{BOLD, GREEN, Page, RED, Style, YELLOW};
use crate::comparison::{CauseChange, Change, Comparison, Fate, ServiceChange};
use crate::diagnosis::Verdict;
use std::io::{self, Write};

pub fn json(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", line(comparison)?)
}

pub fn text(comparison: &Comparison, style: Style) -> String {
    let mut page = Page { out: String::new(), style };
    let (same, changed): (Vec<&ServiceChange>, Vec<&ServiceChange>) =
        comparison.services.iter().partition(|service| service.is_same());
    if changed.is_empty() {
        page.line("No difference.");
    }
    for (at, service) in changed.into_iter().enumerate() {
        if at > 0 {
            page.line("");
        }
        let word = outcome(service);
        let colour = match word {
            "worse" => RED,
            "better" => GREEN,
            _ => YELLOW,
        };
        let name = page.paint(BOLD, &printable(&service.service));
        page.line(&format!("{}  {name}", page.paint(colour, &word.to_uppercase())));
        for (label, value) in facts(service) {
            page.line(&format!("  {label:<10} {value}"));
        }
        for cause in &service.causes {
            let colour = colour_of(cause.fate);
            let fate = page.paint(colour, &format!("{:<10}", cause.fate.word()));
            page.line(&format!(
                "  {fate} {}: {}  [{}] {}",
                printable(&cause.role),
                printable(&cause.title),
                printable(&cause.id),
                shares(cause)
            ));
            if !cause.may_have_been_hidden_by.is_empty() {
                let hidden = printable(&cause.may_have_been_hidden_by.join(", "));
                page.line(&format!("             may have been hidden by {hidden}"));
            }
            if cause.role == "root" && cause.fate != Fate::Vanished {
                page.line(&format!("             {} {}", page.paint(GREEN, "do:"), printable(&cause.fix)));
            }
        }
        for finding in &service.findings {
            let fate = page.paint(colour_of(finding.fate), &format!("{:<10}", finding.fate.word()));
            page.line(&format!("  {fate} ! {}", printable(&finding.text)));
        }
    }
    if !same.is_empty() {
        let names: Vec<String> =
            same.iter().map(|service| format!("{} ({})", printable(&service.service), verdicts(service))).collect();
        page.line(&format!("\nunchanged: {}", names.join(", ")));
    }
    if !comparison.complete {
        let text = page.paint(YELLOW, "Not everything could be read; what was read is compared.");
        page.line(&text);
    }
    page.out
}

pub fn markdown(comparison: &Comparison) -> String {
    let mut lines: Vec<String> = Vec::new();
    let Change { before, after } = comparison.verdict;
    lines.push(format!("# Before and after: {} → {}", before.word(), after.word()));
    for service in &comparison.services {
        lines.push(format!("\n## {}: {}\n", prose(&service.service), outcome(service)));
        let facts = facts(service);
        if !facts.is_empty() {
            lines.push("| | before → after |\n| --- | --- |".into());
            lines.extend(facts.iter().map(|(label, value)| format!("| {label} | {value} |")));
        }
        for (fate, heading) in [
            (Fate::New, "New causes"),
            (Fate::Unmasked, "Causes that nothing hides any more"),
            (Fate::Remaining, "Remaining causes"),
            (Fate::Vanished, "Causes that vanished"),
        ] {
            let causes: Vec<&CauseChange> = service.causes.iter().filter(|cause| cause.fate == fate).collect();
            if causes.is_empty() {
                continue;
            }
            lines.push(format!("\n### {heading}\n"));
            for cause in causes {
                let todo = if cause.role == "root" && fate != Fate::Vanished {
                    format!(" *Do:* {}", prose(&cause.fix))
                } else {
                    String::new()
                };
                let hidden = match cause.may_have_been_hidden_by.as_slice() {
                    [] => String::new(),
                    some => format!(" It may have been hidden by {}.", prose(&some.join(", "))),
                };
                let (title, id) = (prose(&cause.title), prose(&cause.id));
                lines.push(format!("- {}: {title} ({id}), {}.{hidden}{todo}", prose(&cause.role), shares(cause)));
            }
        }
        if !service.findings.is_empty() {
            lines.push("\n### Findings\n".into());
            let line = |(fate, text): (Fate, &str)| format!("- {}: {}", fate.word(), prose(text));
            lines.extend(service.findings.iter().map(|finding| line((finding.fate, &finding.text))));
        }
    }
    if !comparison.complete {
        lines.push("\nNot everything could be read; what was read is compared.".into());
    }
    lines.join("\n") + "\n"
}

/// How a service fared, in a word.
fn outcome(service: &ServiceChange) -> &'static str {
    match (service.verdict.before, service.verdict.after) {
        _ if service.is_worse() => "worse",
        _ if service.is_better() => "better",
        (_, None) => "not seen any more",
        (None, _) => "not seen before",
        _ if service.is_same() => "unchanged",
        _ => "changed",
    }
}

fn verdicts(service: &ServiceChange) -> &'static str {
    service.verdict.after.map_or("not seen", Verdict::word)
}

/// What has a value on some side: label and both values, or the one that stayed.
fn facts(service: &ServiceChange) -> Vec<(&'static str, String)> {
    let mut facts = vec![("verdict", change(service.verdict, |verdict| verdict.word().into()))];
    facts.push(("state", change(service.state, |state| state.word().into())));
    facts.push(("restarts", change(service.restarts, group)));
    if service.interval_s.before.or(service.interval_s.after).is_some() {
        facts.push(("one every", change(service.interval_s, seconds)));
    }
    facts
}

fn change<T: Copy + PartialEq>(change: Change<Option<T>>, word: impl Fn(T) -> String) -> String {
    let told = |side: Option<T>| side.map_or_else(|| "none".to_string(), &word);
    if change.is_change() { format!("{} → {}", told(change.before), told(change.after)) } else { told(change.after) }
}

/// The shares of the failed runs, or that it has none because it kept the service from running.
fn shares(cause: &CauseChange) -> String {
    match (cause.runs.before, cause.runs.after) {
        (_, Some(0)) => return "keeps the service from running".into(),
        (Some(0), None) => return "kept the service from running".into(),
        _ => {}
    }
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    match (cause.share.before, cause.share.after) {
        (Some(before), Some(after)) if before != after => {
            format!("{} → {} of the failed runs", percent(before), percent(after))
        }
        (_, Some(share)) => format!("{} of the failed runs", percent(share)),
        (Some(share), None) => format!("was in {} of the failed runs", percent(share)),
        (None, None) => String::new(),
    }
}

fn colour_of(fate: Fate) -> &'static str {
    match fate {
        Fate::New => RED,
        Fate::Unmasked | Fate::Remaining => YELLOW,
        Fate::Vanished => GREEN,
    }
}
