//! Loads the formats and signatures of the binary and of the user, and builds the scanner.

use super::output::print;
use super::{Failure, Outcome};
use clap::Args;
use jiff::tz::TimeZone;
use relapse::built_in;
use relapse::grammar::timestamp::parse_user_time;
use relapse::grammar::{Catalog, Complaint, Source, Time, embedded};
use relapse::scan::{Options, Scanner};
use relapse::signature::Pack;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

/// Options that shape how lines are read.
#[derive(Clone, Debug, Args)]
pub struct Reading {
    /// Zone of times that tell none, such as Europe/Berlin or UTC [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Leave out records before this time (RFC 3339, or a date)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Leave out records after this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// A folder with further formats/*.toml and signatures/*.toml
    #[arg(long, value_name = "DIR")]
    pub grammars: Option<PathBuf>,
    /// Show keys, tokens and passwords in evidence as they are
    #[arg(long)]
    pub show_secrets: bool,
    /// Threads to use [default: one a core]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

impl Reading {
    pub fn zone(&self) -> Result<TimeZone, Failure> {
        zone(self.tz.as_deref())
    }

    fn time(&self, flag: &str, text: Option<&String>, zone: &TimeZone) -> Result<Option<Time>, Failure> {
        text.map(|text| {
            parse_user_time(text, zone).ok_or_else(|| {
                format!("{flag} {text}: not a time; give one such as 2026-02-03, or 2026-02-03T04:10:00Z")
            })
        })
        .transpose()
    }

    /// The scanner that these options ask for; sets up the threads as well. Letting it go would take as long as a small
    /// log does, and the process ends anyway.
    pub fn scanner(&self) -> Result<ManuallyDrop<Scanner>, Failure> {
        if let Some(threads) = self.threads {
            if threads == 0 {
                return Err("--threads 0: give at least 1".into());
            }
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
            pool.map_err(|error| format!("--threads {threads}: {error}"))?;
        }
        self.scanner_again()
    }

    /// The scanner anew: the folder of grammars may have changed.
    pub fn scanner_again(&self) -> Result<ManuallyDrop<Scanner>, Failure> {
        let zone = self.zone()?;
        let options = Options {
            since: self.time("--since", self.since.as_ref(), &zone)?,
            until: self.time("--until", self.until.as_ref(), &zone)?,
            show_secrets: self.show_secrets,
        };
        let scanner = match &self.grammars {
            None => Scanner::built_in(options),
            folder => {
                let (catalog, pack) = load(folder.as_ref())?;
                Scanner::new(catalog, pack, options)
            }
        };
        Ok(ManuallyDrop::new(scanner))
    }
}

/// The zone that `--tz` names.
pub fn zone(name: Option<&str>) -> Result<TimeZone, Failure> {
    match name {
        None => Ok(TimeZone::system()),
        Some(name) if name.eq_ignore_ascii_case("utc") || name == "Z" => Ok(TimeZone::UTC),
        Some(name) => TimeZone::get(name)
            .map_err(|_| format!("--tz {name}: no such time zone; give an IANA name such as Europe/Berlin, or UTC")),
    }
}

/// The formats of the binary and of a folder, and one more, which may take the place of one of them. What is wrong with
/// it is told when it is checked.
pub fn load_with(folder: Option<&PathBuf>, path: &str, text: &str) -> Result<Catalog, Failure> {
    let mut formats = embedded::formats();
    if let Some(folder) = folder {
        formats.extend(read_folder(&folder.join("formats"))?);
    }
    let mut sources = sources(&formats);
    sources.push(Source { path, text });
    Ok(Catalog::load(&sources).0)
}

fn read_folder(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    embedded::folder(path).map_err(|error| format!("{}: {error}", super::shown(path)))
}

/// The formats and signatures of the binary, and those of a folder. A mistake in one stops everything, shown whole.
pub fn load(folder: Option<&PathBuf>) -> Result<(Catalog, Pack), Failure> {
    let Some(folder) = folder else {
        return Ok((built_in::catalog(), built_in::signatures().0));
    };
    let mut formats = embedded::formats();
    let mut signatures = embedded::signatures();
    if !folder.is_dir() {
        return Err(format!("--grammars {}: no such folder", super::shown(folder)));
    }
    formats.extend(read_folder(&folder.join("formats"))?);
    signatures.extend(read_folder(&folder.join("signatures"))?);
    let (catalog, wrong_formats) = Catalog::load(&sources(&formats));
    let (pack, wrong_signatures) = Pack::load(&sources(&signatures));
    let complaints: Vec<Complaint> = wrong_formats.into_iter().chain(wrong_signatures).collect();
    if complaints.is_empty() { Ok((catalog, pack)) } else { Err(shown(&complaints)) }
}

fn sources(files: &[(String, String)]) -> Vec<Source<'_>> {
    files.iter().map(|(path, text)| Source { path, text }).collect()
}

/// Checks one file against its own examples.
pub fn check(file: &Path, complaints: impl Fn(Source) -> Result<Vec<Complaint>, Failure>) -> Result<Outcome, Failure> {
    let path = super::shown(file);
    let text = std::fs::read_to_string(file).map_err(|error| format!("{path}: {error}"))?;
    let complaints = complaints(Source { path: &path, text: &text })?;
    if !complaints.is_empty() {
        return Err(shown(&complaints));
    }
    print(&format!("{path}: all examples and near misses hold\n"))
}

/// All complaints, as a compiler shows them.
fn shown(complaints: &[Complaint]) -> String {
    let all: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    format!(
        "{} in the grammars\n\n{}",
        if all.len() == 1 { "a mistake".into() } else { format!("{} mistakes", all.len()) },
        all.join("\n\n")
    )
}
