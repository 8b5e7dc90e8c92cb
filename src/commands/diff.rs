//! `relapse diff BEFORE AFTER`

use super::gathering::{gatherer, read_anything, tell_faults};
use super::grammars::Reading;
use super::output::{style, write};
use super::selecting::Selecting;
use super::{Failure, Outcome, progress};
use clap::ValueEnum;
use relapse::comparison::Comparison;
use relapse::diagnosis::{Diagnosis, Question, model};
use relapse::evidence::{Evidence, codec};
use relapse::input::discover;
use relapse::report::difference;
use relapse::scan::Scanner;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

/// So much of a file tells whether it is a saved diagnosis.
const HEAD: u64 = 4096;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How it was: a folder or file of logs, an evidence file, or a diagnosis saved with --format json
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// How it is now: the same kinds
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// How to print what changed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Only services whose name holds this; may be given more than once
    #[arg(long, value_name = "NAME")]
    service: Vec<String>,
    /// Exit with status 3 when something became worse
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    #[command(flatten)]
    selecting: Selecting,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A report for people
    Text,
    /// One object for programs; grammars/comparison.schema.json describes it
    Json,
    /// To paste, in GitHub flavoured Markdown
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A service's verdict is worse than it was
    Worse,
    /// A root cause is there that was not, or a verdict is worse
    New,
}

/// One side: its diagnosis, and whether anything of it was read.
struct Side {
    diagnosis: Diagnosis,
    read_anything: bool,
}

pub fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    if arguments.before == arguments.after && arguments.after == Path::new("-") {
        return Err("- is both BEFORE and AFTER; standard input can only be one of them".into());
    }
    let scanner = arguments.reading.scanner()?;
    let before = side(&arguments.before, &arguments, &scanner)?;
    let after = side(&arguments.after, &arguments, &scanner)?;
    if !before.read_anything || !after.read_anything {
        return Ok(Outcome::Failed);
    }
    if !arguments.service.is_empty() && before.diagnosis.services.is_empty() && after.diagnosis.services.is_empty() {
        return Err(format!(
            "--service {}: no service of either side has that in its name; leave it out to see which there are",
            relapse::report::shown::printable(&arguments.service.join(", "))
        ));
    }
    let comparison = Comparison::of(&before.diagnosis, &after.diagnosis);
    let mut page = Vec::new();
    match arguments.format {
        Format::Text => page.extend(difference::text(&comparison, style()).into_bytes()),
        Format::Json => difference::json(&comparison, &mut page).map_err(|error| error.to_string())?,
        Format::Markdown => page.extend(difference::markdown(&comparison).into_bytes()),
    }
    write(&page)?;
    Ok(match arguments.fail_on {
        Some(_) if comparison.worse => Outcome::Verdict,
        Some(FailOn::New) if comparison.new_cause => Outcome::Verdict,
        _ if !comparison.complete => Outcome::Partial,
        _ => Outcome::Done,
    })
}

fn side(path: &PathBuf, arguments: &Arguments, scanner: &Scanner) -> Result<Side, Failure> {
    let shown = super::shown(path);
    let head = head(path);
    if codec::is_evidence(&head) {
        let bytes = std::fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
        let evidence = codec::decode(&bytes).map_err(|error| format!("{shown}: {error}"))?;
        return Ok(diagnosed(&evidence, arguments, scanner));
    }
    if may_be_saved(&head)
        && let Some(mut diagnosis) = saved(path).map_err(|why| format!("{shown}: {why}"))?
    {
        let question = Question { services: arguments.service.clone(), ..Question::default() };
        diagnosis.services.retain(|service| question.asks_for(&service.service));
        diagnosis.verdict = diagnosis.services.iter().map(|service| service.verdict).max().unwrap_or_default();
        return Ok(Side { diagnosis, read_anything: true });
    }
    let selection = arguments.selecting.selection()?;
    let found = discover(std::slice::from_ref(path), &selection);
    let total = found.inputs.iter().map(|input| input.bytes).sum();
    let done = AtomicU64::new(0);
    let gatherer = gatherer(&arguments.reading, scanner, &selection, &done)?;
    let evidence =
        progress::with_bar(total, &done, || gatherer.gather(found)).map_err(|overlap| overlap.to_string())?;
    tell_faults(&evidence);
    Ok(diagnosed(&evidence, arguments, scanner))
}

fn diagnosed(evidence: &Evidence, arguments: &Arguments, scanner: &Scanner) -> Side {
    let question = Question { services: arguments.service.clone(), ..Question::default() };
    let diagnosis = Diagnosis::of(evidence, &scanner.pack, &question);
    Side { diagnosis, read_anything: read_anything(evidence) }
}

/// The first bytes of a regular file; none of anything else, whose bytes can be read but once.
fn head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    if path.is_file()
        && let Ok(file) = File::open(path)
    {
        // What cannot be read is told by whoever reads it whole.
        let _ = file.take(HEAD).read_to_end(&mut head);
    }
    head
}

/// Logs of objects may speak of diagnoses, too; only reading it whole tells.
fn may_be_saved(head: &[u8]) -> bool {
    let is_object = head.trim_ascii_start().first() == Some(&b'{');
    let schema = b"\"schema\"";
    is_object && head.windows(schema.len()).any(|window| window == schema)
}

/// A saved diagnosis; None for a file that is none.
fn saved(path: &Path) -> Result<Option<Diagnosis>, Failure> {
    // A log of objects is as good as never read further than its second line.
    let file = File::open(path).map_err(|error| error.to_string())?;
    let Ok(value) = serde_json::from_reader::<_, serde_json::Value>(BufReader::new(file)) else { return Ok(None) };
    match value["schema"].as_str() {
        Some(schema) if schema == model::SCHEMA => {
            let diagnosis = serde_json::from_value(value);
            diagnosis.map(Some).map_err(|error| {
                let why = relapse::report::shown::printable(&error.to_string());
                format!("the saved diagnosis is damaged ({why}); make it again")
            })
        }
        Some(schema) if schema.starts_with("relapse.diagnosis/") => {
            Err("a diagnosis of another version; make it again with `relapse analyze --format json`".into())
        }
        _ => Ok(None),
    }
}
