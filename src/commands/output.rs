//! Where reports go, and what the exit status says.

use super::{Failure, Outcome};
use clap::{Args, ValueEnum};
use relapse::diagnosis::{Diagnosis, Verdict};
use relapse::report::{self, Style};
use std::io::{self, IsTerminal, Write};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A report for people
    Text,
    /// One object for programs; grammars/diagnosis.schema.json describes it
    Json,
    /// A postmortem to paste, in GitHub flavoured Markdown
    Markdown,
    /// The events in order of time, an object a line; the last line holds the diagnosis
    Ndjson,
}

impl Format {
    /// Programs read it: they get an object even where a command could not begin.
    pub fn is_for_programs(self) -> bool {
        matches!(self, Format::Json | Format::Ndjson)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Degraded,
    Flapping,
    CrashLoop,
}

impl From<FailOn> for Verdict {
    fn from(limit: FailOn) -> Verdict {
        match limit {
            FailOn::Degraded => Verdict::Degraded,
            FailOn::Flapping => Verdict::Flapping,
            FailOn::CrashLoop => Verdict::CrashLoop,
        }
    }
}

/// Options of every command that prints a diagnosis.
#[derive(Clone, Debug, Args)]
pub struct Output {
    /// How to print the diagnosis
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Only services whose name holds this; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub service: Vec<String>,
    /// Exit with status 3 when the verdict is this one or worse
    #[arg(long, value_enum, value_name = "VERDICT")]
    pub fail_on: Option<FailOn>,
    /// Instead of the report, one cause in depth: its id as reports show it, or how the id begins
    #[arg(long, value_name = "CAUSE", conflicts_with = "format")]
    explain: Option<String>,
}

impl Output {
    /// Prints a diagnosis and says how the command ends. A reader that went away is no failure.
    pub fn print(&self, diagnosis: &Diagnosis, read_anything: bool) -> Result<Outcome, Failure> {
        if !self.service.is_empty() && diagnosis.services.is_empty() && read_anything {
            return Err(format!(
                "--service {}: no service in these logs has that in its name; leave it out to see which there are",
                relapse::report::shown::printable(&self.service.join(", "))
            ));
        }
        let style = style();
        if let Some(wanted) = self.explain.as_deref().filter(|_| read_anything) {
            let id = diagnosis
                .cause_named(wanted)
                .map_err(|why| format!("--explain {}: {why}", relapse::report::shown::printable(wanted)))?;
            write(report::in_depth(diagnosis, id, style).as_bytes())?;
            return Ok(self.outcome(diagnosis, read_anything));
        }
        let mut page = Vec::new();
        match self.format {
            Format::Json => report::json::json(diagnosis, &mut page).map_err(|error| error.to_string())?,
            Format::Ndjson => report::ndjson::ndjson(diagnosis, &mut page).map_err(|error| error.to_string())?,
            Format::Markdown => page.extend(report::markdown(diagnosis).into_bytes()),
            Format::Text => page.extend(report::text(diagnosis, style).into_bytes()),
        }
        write(&page)?;
        Ok(self.outcome(diagnosis, read_anything))
    }

    fn outcome(&self, diagnosis: &Diagnosis, read_anything: bool) -> Outcome {
        if !read_anything {
            return Outcome::Failed;
        }
        let met = |limit: FailOn| diagnosis.verdict >= Verdict::from(limit);
        match self.fail_on {
            Some(limit) if met(limit) => Outcome::Verdict,
            _ if !diagnosis.complete => Outcome::Partial,
            _ => Outcome::Done,
        }
    }
}

/// Prints a page.
pub fn print(page: &str) -> Result<Outcome, Failure> {
    write(page.as_bytes()).map(|()| Outcome::Done)
}

/// Writes to standard output; a reader that went away is no failure.
pub fn write(page: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(page).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}

/// How text is dressed where standard output goes.
pub fn style() -> Style {
    Style { colour: colour(), now_ns: Some(now_ns()) }
}

fn colour() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The time now, in nanoseconds since 1970.
pub fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// The object of a command that could not even begin.
pub fn print_failure(failure: Failure, format: Format) {
    let diagnosis = Diagnosis {
        schema: relapse::diagnosis::model::SCHEMA.into(),
        verdict: Verdict::Healthy,
        complete: false,
        services: Vec::new(),
        inputs: Vec::new(),
        problems: vec![failure],
    };
    let mut out = io::stdout().lock();
    // Whoever does not listen here has the exit status.
    let _ = match format {
        Format::Ndjson => report::ndjson::ndjson(&diagnosis, &mut out),
        _ => report::json::json(&diagnosis, &mut out),
    };
}
