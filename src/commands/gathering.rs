//! What `analyze` and `scan` share: from options to a gatherer, and what could not be read told on standard error.

use super::Failure;
use super::grammars::Reading;
use super::output::now_ns;
use relapse::evidence::Evidence;
use relapse::gather::Gatherer;
use relapse::input::Selection;
use relapse::report::shown::printable;
use relapse::scan::Scanner;
use std::sync::atomic::AtomicU64;

pub fn gatherer<'a>(
    reading: &Reading,
    scanner: &'a Scanner,
    selection: &'a Selection,
    progress: &'a AtomicU64,
) -> Result<Gatherer<'a>, Failure> {
    Ok(Gatherer { scanner, zone: reading.zone()?, now_ns: now_ns(), selection, progress })
}

/// Tells what was asked for and could not be read; gives how much that was.
pub fn tell_faults(evidence: &Evidence) -> usize {
    let mut faults = 0;
    for problem in evidence.all_problems().filter(|problem| problem.fault) {
        eprintln!("relapse: {}", printable(&problem.to_string()));
        faults += 1;
    }
    faults
}

/// Whether any stream was read, if only an empty one.
pub fn read_anything(evidence: &Evidence) -> bool {
    evidence
        .streams
        .values()
        .any(|stream| !stream.segments.is_empty() || stream.problems.iter().all(|problem| !problem.fault))
}
