//! The postmortem, ready to paste where GitHub flavoured Markdown is read.
//!
//! Whatever may hold log text is either in a fenced block, whose fence is longer than any in the text, or escaped by
//! `prose`; so a hostile line stays text: no markup, no link, no mention of a person, no cell or line of its own.

use super::checking::how_to_check;
use super::shown::{group, many, ns_of, printable, seconds, short_time, span};
use super::text::{is_told, neighbours, roots};
use crate::diagnosis::model::{Cause, Diagnosis, Incident, Service, State, Verdict};
use std::fmt::Write;

/// The whole postmortem. Services that are well only have a line, unless nothing else is there to tell.
pub fn markdown(diagnosis: &Diagnosis) -> String {
    let mut page = Page { out: String::new(), depth: 2 };
    let ill: Vec<&Service> = diagnosis.services.iter().filter(|service| service.verdict != Verdict::Healthy).collect();
    let well: Vec<&Service> = diagnosis.services.iter().filter(|service| service.verdict == Verdict::Healthy).collect();
    match (ill.as_slice(), well.as_slice()) {
        ([], []) => page.line("# Postmortem: no service seen"),
        ([one], _) | ([], [one]) => {
            page.line(&format!("# Postmortem: {} of {}", one.verdict.word(), prose(&one.service)));
        }
        ([], many_well) => page.line(&format!("# Postmortem: {} healthy", many(many_well.len() as u64, "service"))),
        (many_ill, _) => {
            let names: Vec<String> = many_ill.iter().map(|service| prose(&service.service)).collect();
            page.line(&format!("# Postmortem: {} of {}", diagnosis.verdict.word(), names.join(", ")));
        }
    }
    let told = if ill.is_empty() && well.len() == 1 { &well } else { &ill };
    for service in told {
        if told.len() > 1 {
            page.depth = 2;
            page.heading(&format!("{}: {}", prose(&service.service), service.verdict.word()));
            page.depth = 3;
        }
        page.service(service);
    }
    page.depth = 2;
    if !well.is_empty() && !ill.is_empty() {
        page.heading("Healthy services");
        for service in &well {
            page.line(&format!("- {} ({})", prose(&service.service), many(service.runs, "run")));
        }
    }
    page.unseen(diagnosis);
    page.inputs(diagnosis);
    page.out
}

struct Page {
    out: String,
    /// The level of the headings that come next.
    depth: usize,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn heading(&mut self, text: &str) {
        self.line("");
        let _ = writeln!(self.out, "{} {text}", "#".repeat(self.depth));
        self.line("");
    }

    fn service(&mut self, service: &Service) {
        self.summary(service);
        if service.verdict != Verdict::Healthy {
            self.impact(service);
            self.causes(service);
            self.followers(service);
        }
        self.timeline(service);
        self.remedies(service);
        if !service.findings.is_empty() {
            self.heading("Findings");
            for finding in &service.findings {
                self.line(&format!("- {} *Do:* {}", prose(&finding.text), prose(&finding.fix)));
            }
        }
    }

    fn summary(&mut self, service: &Service) {
        self.heading("Summary");
        let under = match &service.manager {
            Some(manager) => format!(", run by {}", prose(manager)),
            None => String::new(),
        };
        self.line(&format!("- **What:** {}: {}{under}", prose(&service.service), service.verdict.word()));
        if let (Some(first), Some(last)) = (service.incidents.first(), service.incidents.last()) {
            let since = first.first.as_deref().unwrap_or("a time that the logs do not tell");
            let until = match (last.ongoing, last.last.as_deref()) {
                (true, _) => "it goes on where the logs end".to_string(),
                (false, Some(until)) => until.to_string(),
                (false, None) => "a time that the logs do not tell".to_string(),
            };
            self.line(&format!("- **Since:** {since}"));
            self.line(&format!("- **Until:** {until}"));
        }
        let mut restarts = many(service.restarts, "restart");
        if service.planned_restarts > 0 {
            let _ = write!(restarts, ", {} of them planned", group(service.planned_restarts));
        }
        if service.in_process_restarts > 0 {
            let _ = write!(restarts, ", {} more inside the process", group(service.in_process_restarts));
        }
        self.line(&format!("- **Restarts:** {restarts}"));
        let roots = roots(service);
        let why: Vec<String> = roots.iter().map(|(cause, _)| prose(&cause.title)).collect();
        let behind: Vec<String> = neighbours(service).into_iter().map(prose).collect();
        match why.as_slice() {
            _ if !behind.is_empty() => {
                let others: String = why.iter().map(|title| format!("; {title}")).collect();
                self.line(&format!(
                    "- **Why:** it cannot do without {}, which fails itself{others}",
                    behind.join(" and ")
                ));
            }
            [] if service.verdict == Verdict::Healthy => {}
            [] => self.line("- **Why:** cannot be told: no error stands before its ends in these logs"),
            [first] => self.line(&format!("- **Why:** {first}")),
            [first, others @ ..] => self.line(&format!("- **Why:** {first}. Also: {}", others.join("; "))),
        }
        let last = service.last.as_deref().map(|last| format!(" (last line {last})")).unwrap_or_default();
        self.line(&format!("- **Now:** {}{last}", state(service)));
    }

    fn impact(&mut self, service: &Service) {
        self.heading("Impact");
        for incident in &service.incidents {
            let first = incident.first.as_deref();
            let length = match (first.and_then(ns_of), incident.last.as_deref().and_then(ns_of)) {
                (Some(from), Some(to)) if to > from => format!(" for {}", span((to - from) as f64 / 1e9)),
                _ => String::new(),
            };
            let from = first.map(|first| format!(" from {}", short_time(first))).unwrap_or_default();
            let mut facts = format!("{}{length}{from}", incident.verdict.word());
            if incident.runs > 0 {
                let _ = write!(
                    facts,
                    ": {}, {} of them became ready",
                    many(incident.runs, "run"),
                    if incident.ready_runs == 0 { "none".into() } else { group(incident.ready_runs) }
                );
            } else {
                facts += ": it was not started at all";
            }
            if let Some(interval) = incident.interval_s {
                let _ = write!(facts, "; a start every {}", seconds(interval.median));
            }
            if let Some(rhythm) = &incident.rhythm {
                let _ = write!(facts, " ({rhythm})");
            }
            let by: Vec<String> =
                incident.stopped_by.iter().map(|(who, runs)| format!("{who} {}", group(*runs))).collect();
            if !by.is_empty() {
                let _ = write!(facts, "; ended by: {}", by.join(", "));
            }
            self.line(&format!("- {facts}"));
        }
        if !service.signals.is_empty() {
            let escalation = format!("{:?}", service.escalation).to_lowercase();
            self.line(&format!("- warning signals: {} (escalation: {escalation})", service.signals.join(", ")));
        }
    }

    fn causes(&mut self, service: &Service) {
        self.heading("Root causes");
        let roots = roots(service);
        if roots.is_empty() {
            self.line("None is known: no error stands before the ends of its runs in these logs.");
        }
        for (at, (cause, gone)) in roots.iter().enumerate() {
            if at > 0 {
                self.line("");
            }
            let _ = writeln!(self.out, "{} {}. {}\n", "#".repeat(self.depth + 1), at + 1, prose(&cause.title));
            self.cause(cause, *gone);
        }
    }

    fn cause(&mut self, cause: &Cause, gone: bool) {
        let mut facts = format!("`{}`, {}", cause.id, cause.phase);
        if cause.runs > 0 {
            let _ = write!(facts, ", {} ({:.0} % of the failed ones)", many(cause.runs, "run"), cause.share * 100.0);
        }
        let _ = write!(facts, ", confidence {:.0} %", cause.confidence * 100.0);
        if let (Some(first), Some(last)) = (&cause.first, &cause.last) {
            let _ = write!(facts, ", first seen {first}, last {last}");
        }
        if gone {
            facts += ": mended since, or hidden by another cause";
        }
        if cause.masked {
            facts += "; was hidden by other causes for a time";
        }
        self.line(&facts);
        if !cause.meaning.is_empty() {
            self.line("");
            self.line(&prose(&cause.meaning));
        }
        if !cause.why.is_empty() {
            self.line("\nWhy:\n");
            for reason in &cause.why {
                self.line(&format!("- {}", prose(reason)));
            }
        }
        if !cause.evidence.is_empty() {
            self.line("\nEvidence:\n");
            let mut lines = String::new();
            for line in &cause.evidence {
                let time = line.time.as_deref().unwrap_or("no time");
                let _ = writeln!(lines, "{}:{}  {time}", printable(&line.path), line.line);
                let _ = writeln!(lines, "    {}", printable(&line.text));
            }
            self.fenced(&lines);
        }
    }

    /// Lines as they are. The fence is longer than any run of backticks in them.
    fn fenced(&mut self, lines: &str) {
        let fence = "`".repeat(longest_run(lines, '`').max(2) + 1);
        let _ = writeln!(self.out, "{fence}text\n{lines}{fence}");
    }

    fn followers(&mut self, service: &Service) {
        let followers: Vec<(&Incident, &Cause)> = service
            .incidents
            .iter()
            .flat_map(|incident| incident.causes.iter().map(move |cause| (incident, cause)))
            .filter(|(_, cause)| cause.role != "root")
            .collect();
        if followers.is_empty() {
            return;
        }
        self.heading("Symptoms and amplifiers");
        for (incident, cause) in followers {
            let from: Vec<String> = incident
                .causes
                .iter()
                .filter(|root| root.role == "root" && root.explains.contains(&cause.id))
                .map(|root| format!("`{}`", root.id))
                .collect();
            let from = if from.is_empty() { String::new() } else { format!(", follows from {}", from.join(", ")) };
            let runs = many(cause.runs, "run");
            self.line(&format!("- {}: {} (`{}`, {runs}{from})", cause.role, prose(&cause.title), cause.id));
        }
    }

    fn timeline(&mut self, service: &Service) {
        if service.timeline.is_empty() {
            return;
        }
        self.heading("Timeline");
        self.line("| time | what |");
        self.line("| --- | --- |");
        for moment in &service.timeline {
            let time = moment.time.as_deref().map_or_else(|| "unknown".into(), short_time);
            self.line(&format!("| {time} | {} |", prose(&moment.text)));
        }
    }

    /// What ends runs now first; what hides behind it, or is gone, after.
    fn remedies(&mut self, service: &Service) {
        let roots = roots(service);
        if roots.is_empty() {
            return;
        }
        self.heading("What to do");
        for (at, (cause, _)) in roots.iter().enumerate() {
            self.line(&format!("{}. {} (`{}`)", at + 1, prose(&cause.fix), cause.id));
            let has = |incident: &&Incident| incident.causes.iter().any(|known| std::ptr::eq(known, *cause));
            if let Some(incident) = service.incidents.iter().find(has) {
                self.line(&format!("   - *Check:* {}", how_to_check(cause, incident)));
            }
        }
    }

    fn unseen(&mut self, diagnosis: &Diagnosis) {
        self.heading("What could not be seen");
        let mut none = true;
        for problem in &diagnosis.problems {
            self.line(&format!("- {}", prose(problem)));
            none = false;
        }
        for input in &diagnosis.inputs {
            for problem in &input.problems {
                let whole = format!("{}: {problem}", input.path);
                if !diagnosis.problems.iter().any(|known| *known == whole || is_told(input, known)) {
                    self.line(&format!("- {}", prose(&whole)));
                    none = false;
                }
            }
        }
        if diagnosis.services.is_empty() {
            self.line("- No start, stop or exit of a service is in these logs.");
        } else if !diagnosis.complete {
            self.line("- Not everything that was asked for could be read; what was read is above.");
        } else if none {
            self.line("Everything that was asked for was read. What these logs do not tell is not in here.");
        }
    }

    fn inputs(&mut self, diagnosis: &Diagnosis) {
        if diagnosis.inputs.is_empty() {
            return;
        }
        self.heading("Inputs");
        self.line("| input | format | lines | first | last |");
        self.line("| --- | --- | ---: | --- | --- |");
        for input in &diagnosis.inputs {
            let format = match (&input.envelope, &input.format) {
                (Some(envelope), Some(format)) => format!("{envelope} > {format}"),
                (None, Some(format)) => format.clone(),
                _ => "none known".into(),
            };
            let time = |time: &Option<String>| time.as_deref().map_or_else(|| "unknown".into(), short_time);
            self.line(&format!(
                "| {} | {} | {} | {} | {} |",
                prose(&input.path),
                prose(&format),
                group(input.lines),
                time(&input.first),
                time(&input.last)
            ));
        }
    }
}

/// What it is where the logs end.
fn state(service: &Service) -> &'static str {
    match service.state {
        State::Down if !service.incidents.iter().any(|incident| incident.ongoing) => "stopped, as was asked",
        state => state.word(),
    }
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|c| c != wanted).map(str::len).max().unwrap_or_default()
}

/// Text as Markdown that reads as this text and as nothing else, in a paragraph, a heading or the cell of a table.
pub fn prose(text: &str) -> String {
    let text = printable(text);
    let text = text.trim();
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    // What begins a list, a heading or a quotation only does so at the start.
    let number = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '|' => out += "&#124;",
            // An escape stops markup, but not the search for people and issues that comes after it.
            '@' => out += "&#64;&#8203;",
            '#' if rest.starts_with(|c: char| c.is_ascii_digit()) => out += "\\#&#8203;",
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '!' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '-' | '+' | '=' if at == 0 => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if at == number && at > 0 => {
                out.push('\\');
                out.push(c);
            }
            ':' if rest.starts_with("//") => out += "\\:",
            '.' if text[..at].to_ascii_lowercase().ends_with("www") => out += "\\.",
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_words_stay_plain() {
        assert_eq!(prose("A plugin's key (93 runs), 56 % - at 04:26."), "A plugin's key (93 runs), 56 % - at 04:26.");
    }

    #[test]
    fn markup_is_text() {
        for (text, wanted) in [
            ("`id`", r"\`id\`"),
            ("a|b", "a&#124;b"),
            (r"a\|b", r"a\\&#124;b"),
            ("<img src=x>&lt;", "&lt;img src=x&gt;&amp;lt;"),
            ("[x](http://evil)", r"\[x\](http\://evil)"),
            ("![x](y)", r"\!\[x\](y)"),
            ("see WWW.evil.example", r"see WWW\.evil.example"),
            ("@admin fixes #12", r"&#64;&#8203;admin fixes \#&#8203;12"),
            ("a\r\n# b\u{1b}[2J", r"a\\u\{d\}\\u\{a\}\# b\\u\{1b\}\[2J"),
            ("- item", r"\- item"),
            ("12. item", r"12\. item"),
            ("  **bold** ~~no~~ $x$", r"\*\*bold\*\* \~\~no\~\~ \$x\$"),
        ] {
            assert_eq!(prose(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let mut page = Page { out: String::new(), depth: 2 };
        page.fenced("a ````` b\n");
        assert_eq!(page.out, "``````text\na ````` b\n``````\n");
        page.out.clear();
        page.fenced("plain\n");
        assert_eq!(page.out, "```text\nplain\n```\n");
    }
}
