//! `relapse analyze PATH…`

use super::gathering::{gatherer, read_anything, tell_faults};
use super::grammars::Reading;
use super::output::Output;
use super::selecting::Selecting;
use super::{Failure, Outcome, progress};
use relapse::diagnosis::{Diagnosis, Question};
use relapse::input::discover;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files, folders, `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    selecting: Selecting,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    pub output: Output,
}

pub fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let scanner = arguments.reading.scanner()?;
    let selection = arguments.selecting.selection()?;
    let found = discover(&arguments.paths, &selection);
    let total = found.inputs.iter().map(|input| input.bytes).sum();
    let done = AtomicU64::new(0);
    let gatherer = gatherer(&arguments.reading, &scanner, &selection, &done)?;
    let evidence =
        progress::with_bar(total, &done, || gatherer.gather(found)).map_err(|overlap| overlap.to_string())?;
    tell_faults(&evidence);
    let question = Question { services: arguments.output.service.clone(), ..Question::default() };
    let diagnosis = Diagnosis::of(&evidence, &scanner.pack, &question);
    arguments.output.print(&diagnosis, read_anything(&evidence))
}
