//! `relapse scan --range A..B -o FILE PATH`

use super::gathering::{gatherer, read_anything, tell_faults};
use super::grammars::Reading;
use super::selecting::Selecting;
use super::{Failure, Outcome, progress};
use relapse::evidence::{Evidence, codec};
use relapse::input::{InputKind, discover};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The files to scan; with --range one plain file
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only the lines that begin in these bytes, such as 0..1048576
    #[arg(long, value_name = "A..B")]
    range: Option<String>,
    /// Where to write the evidence
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    selecting: Selecting,
    #[command(flatten)]
    reading: Reading,
}

pub fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let range = arguments.range.as_deref().map(parse_range).transpose()?;
    let scanner = arguments.reading.scanner()?;
    let selection = arguments.selecting.selection()?;
    let found = discover(&arguments.paths, &selection);
    let total = found.inputs.iter().map(|input| input.bytes).sum();
    let done = AtomicU64::new(0);
    let gatherer = gatherer(&arguments.reading, &scanner, &selection, &done)?;
    let evidence = match (range, found.inputs.as_slice()) {
        (None, _) => progress::with_bar(total, &done, || gatherer.gather(found)),
        (Some(range), [input]) if input.kind == InputKind::Plain => gatherer.plain(input, Some(range)),
        // Its lines are not its records, so it is one piece: the range with its first byte has it all.
        (Some(range), [input]) if input.kind == InputKind::Folded && range.start == 0 && range.end > 0 => {
            gatherer.gather(found)
        }
        (Some(_), [input]) if input.kind == InputKind::Folded => Ok(Evidence::default()),
        (Some(_), [input]) => {
            return Err(format!(
                "--range: {} is encoded or a pipe, and can only be scanned whole; leave out --range",
                input.path
            ));
        }
        (Some(_), []) => gatherer.gather(found),
        (Some(_), _) => return Err("--range goes with one file".into()),
    };
    let evidence = evidence.map_err(|overlap| overlap.to_string())?;
    let faults = tell_faults(&evidence);
    let bytes = codec::encode(&evidence).map_err(|error| error.to_string())?;
    std::fs::write(&arguments.output, bytes)
        .map_err(|error| format!("{}: {error}", super::shown(&arguments.output)))?;
    let has_nothing = evidence == Evidence::default();
    Ok(match (faults, has_nothing || read_anything(&evidence)) {
        (_, false) => Outcome::Failed,
        (0, true) => Outcome::Done,
        _ => Outcome::Partial,
    })
}

fn parse_range(text: &str) -> Result<Range<u64>, Failure> {
    let parsed = text.split_once("..").and_then(|(start, end)| Some(start.parse().ok()?..end.parse().ok()?));
    match parsed {
        Some(range) if range.start <= range.end => Ok(range),
        _ => Err(format!("--range {text}: not a range of bytes; give one such as 0..1048576")),
    }
}
