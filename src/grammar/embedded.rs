//! The grammar files that the binary carries, and those that a user adds.

use include_dir::{Dir, include_dir};
use std::io;
use std::path::Path;

static FORMATS: Dir = include_dir!("$CARGO_MANIFEST_DIR/grammars/formats");
static SIGNATURES: Dir = include_dir!("$CARGO_MANIFEST_DIR/grammars/signatures");

/// A grammar file: its name for messages, and its text.
pub type File = (String, String);

/// Every format file of the binary.
pub fn formats() -> Vec<File> {
    texts(&FORMATS)
}

/// Every signature file of the binary.
pub fn signatures() -> Vec<File> {
    texts(&SIGNATURES)
}

fn texts(dir: &Dir) -> Vec<File> {
    let mut files: Vec<File> = dir
        .files()
        .filter(|file| file.path().extension().is_some_and(|ext| ext == "toml"))
        .filter_map(|file| Some((file.path().display().to_string(), file.contents_utf8()?.to_string())))
        .collect();
    files.sort();
    files
}

/// The `.toml` files of a folder, in the order of their names. A folder that is not there holds none.
pub fn folder(path: &Path) -> io::Result<Vec<File>> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ext| ext == "toml") {
            files.push((path.display().to_string(), std::fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}
