//! `--include` and `--exclude`

use super::Failure;
use clap::Args;
use relapse::input::Selection;

/// Options that choose among the files of folders and archives.
#[derive(Clone, Debug, Args)]
pub struct Selecting {
    /// In folders and archives, read only files like this, such as '*.log' or 'web/*.gz'; may be given more than once
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// In folders and archives, leave out files like this; may be given more than once
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
}

impl Selecting {
    pub fn selection(&self) -> Result<Selection, Failure> {
        Selection::new(&self.include, &self.exclude).map_err(|error| format!("--include or --exclude: {error}"))
    }
}
