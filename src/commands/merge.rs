//! `relapse merge EVIDENCE…`

use super::grammars;
use super::output::Output;
use super::{Failure, Outcome};
use relapse::diagnosis::{Diagnosis, Question};
use relapse::evidence::{Evidence, codec};
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Evidence files, as `relapse scan -o` writes them
    #[arg(required = true, value_name = "EVIDENCE")]
    paths: Vec<PathBuf>,
    /// Write the joined evidence here instead of diagnosing it
    #[arg(short = 'o', long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// A folder with further signatures/*.toml, as at the scan
    #[arg(long, value_name = "DIR")]
    grammars: Option<PathBuf>,
    #[command(flatten)]
    pub output: Output,
}

pub fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let mut evidence = Evidence::default();
    let mut seen = BTreeSet::new();
    for path in &arguments.paths {
        let shown = super::shown(path);
        let bytes = std::fs::read(path).map_err(|error| format!("{shown}: {error}"))?;
        let piece = codec::decode(&bytes).map_err(|error| format!("{shown}: {error}"))?;
        // The same piece given twice is one piece.
        if seen.insert(bytes) {
            evidence = evidence.merge(piece).map_err(|overlap| format!("{shown}: {overlap}"))?;
        }
    }
    if let Some(path) = &arguments.evidence {
        let bytes = codec::encode(&evidence).map_err(|error| error.to_string())?;
        std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", super::shown(path)))?;
        return Ok(Outcome::Done);
    }
    let (_, pack) = grammars::load(arguments.grammars.as_ref())?;
    let diagnosis = Diagnosis::of(
        &evidence,
        &pack,
        &Question { services: arguments.output.service.clone(), ..Question::default() },
    );
    arguments.output.print(&diagnosis, super::gathering::read_anything(&evidence))
}
