//! `relapse formats [NAME]`, `relapse formats check FILE`, `relapse formats explain PATH`

use super::grammars;
use super::output::print;
use super::{Failure, Outcome};
use clap::Subcommand;
use relapse::grammar::{Catalog, embedded};
use relapse::report::shown::printable;
use std::fmt::Write;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// Explain this one
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// A folder with further formats/*.toml
    #[arg(long, value_name = "DIR", global = true)]
    grammars: Option<PathBuf>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run a format file's own examples
    Check {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show which formats read which share of a log, and what none reads
    Explain {
        /// Files, folders, `-` for standard input
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Zone of times that tell none [default: this machine's]
        #[arg(long, value_name = "ZONE")]
        tz: Option<String>,
    },
}

pub fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let folder = arguments.grammars.as_ref();
    if let Some(Action::Check { file }) = arguments.action {
        return grammars::check(&file, |source| {
            Ok(grammars::load_with(folder, source.path, source.text)?.check(source))
        });
    }
    let (catalog, _) = grammars::load(folder)?;
    if let Some(Action::Explain { paths, tz }) = arguments.action {
        return super::explain::run(&paths, &catalog, &grammars::zone(tz.as_deref())?);
    }
    match arguments.name {
        Some(name) => explain(&name, &catalog, folder),
        None => {
            let mut page = String::new();
            for format in catalog.formats() {
                let kind = format!("{:?}", format.kind).to_lowercase();
                let _ = writeln!(page, "{:<22} {kind:<13} {}", format.name, format.title);
            }
            print(&page)
        }
    }
}

/// The format's own file is its best explanation: patterns, marks, examples and near misses.
fn explain(name: &str, catalog: &Catalog, folder: Option<&PathBuf>) -> Result<Outcome, Failure> {
    let mut files = embedded::formats();
    if let Some(folder) = folder {
        files.extend(embedded::folder(&folder.join("formats")).map_err(|error| error.to_string())?);
    }
    let wanted = format!("{name}.toml");
    let file = files.iter().rev().find(|(path, _)| path == &wanted || path.ends_with(&format!("/{wanted}")));
    match (file, catalog.formats().iter().position(|format| format.name == name)) {
        (Some((_, text)), Some(at)) => {
            print(&format!("# tried as number {} of {}\n{text}", at + 1, catalog.formats().len()))
        }
        _ => Err(format!("no format {}; `relapse formats` lists them", printable(name))),
    }
}
