//! Subcommands: arguments to calls, results to output. Wiring, no logic.

mod analyze;
mod diff;
mod explain;
mod formats;
mod gathering;
mod grammars;
mod merge;
mod output;
mod progress;
mod scan;
mod selecting;
mod signatures;
mod templates;
mod watch;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Why does this service keep falling over? relapse finds it from the logs, with the evidence line by line.
#[derive(Debug, Parser)]
#[command(name = "relapse", version, about, max_term_width = 120)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Diagnose logs: files, folders, `-` for standard input
    Analyze(analyze::Arguments),
    /// Compare how it was with how it is: logs, evidence files or saved diagnoses
    Diff(diff::Arguments),
    /// Scan one file, or a range of it, to an evidence file
    Scan(scan::Arguments),
    /// Join evidence files and diagnose them; their sources are not needed
    Merge(merge::Arguments),
    /// Say what happens while it does: from a pipe, a command or files that are written to
    Watch(Box<watch::Arguments>),
    /// List the known failures, explain one, or check a file of them
    Signatures(signatures::Arguments),
    /// List the known log formats, explain one, or check a file of one
    Formats(formats::Arguments),
    /// Group messages by what they have in common: one message a line in, one JSON object a line out
    Templates(templates::Arguments),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Analyzed in part.
    Partial,
    /// Usage, or nothing readable.
    Failed,
    /// `--fail-on` was met.
    Verdict,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(match outcome {
            Outcome::Done => 0,
            Outcome::Partial => 1,
            Outcome::Failed => 2,
            Outcome::Verdict => 3,
        })
    }
}

/// What stops a command: a sentence for the user.
pub type Failure = String;

/// A path in a message: no byte of it can reach the terminal as a command.
fn shown(path: &std::path::Path) -> String {
    relapse::report::shown::printable(&path.display().to_string())
}

/// Runs the program.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let format = match &arguments.command {
        Command::Analyze(arguments) => Some(arguments.output.format),
        Command::Merge(arguments) => Some(arguments.output.format),
        _ => None,
    };
    let result = match arguments.command {
        Command::Analyze(arguments) => analyze::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Scan(arguments) => scan::run(arguments),
        Command::Merge(arguments) => merge::run(arguments),
        Command::Watch(arguments) => watch::run(*arguments),
        Command::Signatures(arguments) => signatures::run(arguments),
        Command::Formats(arguments) => formats::run(arguments),
        Command::Templates(arguments) => templates::run(arguments),
    };
    match result {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            eprintln!("relapse: {failure}");
            if let Some(format) = format.filter(|format| format.is_for_programs()) {
                output::print_failure(failure, format);
            }
            Outcome::Failed.into()
        }
    }
}
