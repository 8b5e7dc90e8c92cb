//! Makes the corpora: logs of services whose story is known, because it was made up here.
//!
//! ```text
//! cargo run --release --example corpora -- small DIR
//! cargo run --release --example corpora -- large KIND BYTES FILE [--seed N]
//! ```
//!
//! `small` writes one folder a corpus, and `truth/NAME.json` beside them: what a right diagnosis says. `large` writes
//! one file for measuring speed; KIND is text, ndjson, log-stream, journald or storm.
//!
//! The same arguments give the same bytes on every machine: one seeded generator, no clock, no map order. All names,
//! hosts, paths and keys are invented. Tests include this file as a module and call [`small`] and [`large`].

#[path = "generate/healthy.rs"]
mod healthy;
#[path = "generate/journal.rs"]
mod journal;
#[path = "generate/large.rs"]
mod large;
#[path = "generate/large_pen.rs"]
pub mod large_pen;
#[path = "generate/large_text.rs"]
pub mod large_text;
#[path = "generate/log.rs"]
mod log;
#[path = "generate/managers.rs"]
mod managers;
#[path = "generate/mixed.rs"]
mod mixed;
#[path = "generate/openclaw.rs"]
mod openclaw;
#[path = "generate/programs.rs"]
mod programs;
#[path = "generate/quickstart.rs"]
mod quickstart;
#[path = "generate/rng.rs"]
mod rng;
#[path = "generate/single.rs"]
mod single;
#[path = "generate/time.rs"]
mod time;
#[path = "generate/truth.rs"]
mod truth;

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::ExitCode;

pub use large::large;

const USAGE: &str = "usage: corpora small DIR | corpora large KIND BYTES FILE [--seed N]";

/// Each makes one small corpus.
const STORIES: [fn() -> truth::Corpus; 19] = [
    quickstart::corpus,
    single::expired_key,
    single::port_in_use,
    single::module_missing,
    single::sqlite_dir,
    journal::config_invalid,
    journal::heap_oom,
    journal::unknown_error,
    journal::fixed_halfway,
    mixed::two_at_once,
    mixed::flapping,
    mixed::two_supervisors,
    mixed::never_started,
    mixed::alive_never_ready,
    healthy::planned_restart,
    healthy::upgrade,
    healthy::handled_401,
    healthy::noisy_errors,
    healthy::rotation,
];

/// All small corpora and their truths in a fixed order, as (path with `/`, content).
pub fn small() -> Vec<(String, Vec<u8>)> {
    STORIES.iter().flat_map(|story| story().into_files()).collect()
}

// A test that includes this file has no use for the command line.
#[cfg_attr(test, allow(dead_code))]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("corpora: {fault}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[&str]) -> io::Result<()> {
    match arguments {
        ["small", folder] => write_small(Path::new(folder)),
        ["large", kind, bytes, file] => large(kind, number(bytes)?, 1, &mut File::create(file)?),
        ["large", kind, bytes, file, "--seed", seed] => {
            large(kind, number(bytes)?, number(seed)?, &mut File::create(file)?)
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, USAGE)),
    }
}

fn number(text: &str) -> io::Result<u64> {
    text.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, format!("'{text}' is no number; {USAGE}")))
}

fn write_small(folder: &Path) -> io::Result<()> {
    for (path, content) in small() {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, content)?;
    }
    Ok(())
}
