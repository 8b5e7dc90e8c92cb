//! Instructions that each stage takes, counted by callgrind and held against `benches/instructions.toml`:
//! `cargo bench --bench instructions [-- --write]`.
//!
//! Unlike times they repeat themselves, so that a growth of a few parts in a hundred shows. Valgrind knows AVX2 and no
//! AVX-512: what is counted is that path, and the portable one. A stage that grew by more than `TOLERANCE` fails, unless
//! the file was written anew with the change that makes it grow.

#[path = "stages/mod.rs"]
mod stages;

use serde::{Deserialize, Serialize};
use stages::{Data, STAGES, Stage};
use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

/// More than this share of a stage's instructions may not be added unsaid.
const TOLERANCE: f64 = 0.03;
/// Another compiler makes other code.
const OTHER_COMPILER: f64 = 0.25;
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.toml");

#[derive(Debug, Serialize, Deserialize)]
struct Counts {
    /// Who compiled what was counted.
    compiler: String,
    /// In thousands, by stage.
    thousands: BTreeMap<String, u64>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--stage") {
        return run_one(arguments.get(at + 1).map_or("", String::as_str));
    }
    let counted = match count_all() {
        Ok(counted) => counted,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if arguments.iter().any(|argument| argument == "--write") {
        let text = toml::to_string(&counted).expect("counts are plain");
        let head = "# Written by `cargo bench --bench instructions -- --write`, with the change that it is due to.\n";
        std::fs::write(FILE, format!("{head}{text}")).expect("the file can be written");
        return ExitCode::SUCCESS;
    }
    match std::fs::read_to_string(FILE)
        .map_err(|error| error.to_string())
        .and_then(|text| toml::from_str::<Counts>(&text).map_err(|error| error.to_string()))
    {
        Ok(known) => compare(&known, &counted),
        Err(error) => {
            eprintln!("{FILE}: {error}; write it by `cargo bench --bench instructions -- --write`");
            ExitCode::FAILURE
        }
    }
}

fn run_one(name: &str) -> ExitCode {
    // All work on this thread, where it is counted.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    let Some(stage) = STAGES.iter().find(|stage| stage.name == name).filter(|_| pool.is_ok()) else {
        return ExitCode::FAILURE;
    };
    let data = Data::of(stage.corpus);
    measured(stage, &data);
    ExitCode::SUCCESS
}

/// What callgrind counts, by this name.
#[inline(never)]
fn measured(stage: &Stage, data: &Data) {
    (stage.run)(data);
}

fn count_all() -> Result<Counts, String> {
    let version = Command::new("rustc").arg("--version").output().map_err(|error| format!("rustc: {error}"))?;
    let mut thousands = BTreeMap::new();
    for stage in &STAGES {
        thousands.insert(stage.name.to_string(), count(stage.name)?);
    }
    Ok(Counts { compiler: String::from_utf8_lossy(&version.stdout).trim().to_string(), thousands })
}

fn count(stage: &str) -> Result<u64, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*instructions::measured*"])
        .arg(own)
        .args(["--stage", stage])
        .output()
        .map_err(|error| format!("valgrind: {error}; install it"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    let count = collected.and_then(|(_, count)| count.trim().parse::<u64>().ok());
    match count.filter(|count| output.status.success() && *count > 0) {
        Some(count) => Ok(count / 1000),
        None => Err(format!("{stage}: nothing was counted\n{told}")),
    }
}

fn compare(known: &Counts, counted: &Counts) -> ExitCode {
    let same = known.compiler == counted.compiler;
    let tolerance = if same { TOLERANCE } else { OTHER_COMPILER };
    if !same {
        println!("counted by {}, known by {}: only a growth of {tolerance} fails", counted.compiler, known.compiler);
    }
    println!("| stage | instructions, millions | known | change |");
    println!("| --- | --- | --- | --- |");
    let mut grown = Vec::new();
    for stage in &STAGES {
        let count = counted.thousands[stage.name];
        let Some(&before) = known.thousands.get(stage.name) else {
            grown.push(format!("{} is not in {FILE}", stage.name));
            continue;
        };
        let change = count as f64 / before.max(1) as f64 - 1.0;
        println!(
            "| {} | {:.1} | {:.1} | {:+.1} % |",
            stage.name,
            count as f64 / 1e3,
            before as f64 / 1e3,
            100.0 * change
        );
        if change > tolerance {
            grown.push(format!("{} takes {:.1} % more instructions", stage.name, 100.0 * change));
        }
    }
    if grown.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("{}", grown.join("\n"));
    eprintln!("mend it, or say so: `cargo bench --bench instructions -- --write`, in the same commit");
    ExitCode::FAILURE
}
