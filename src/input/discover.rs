//! From the paths that the user named to inputs: folders are walked, non-logs are told and passed over.

use super::decode;
use super::mixed;
use super::modified_ns;
use super::sniff::{self, Content};
use globset::{GlobBuilder, GlobSet};
use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// As the user gave it, or as it was found below a folder.
    pub path: String,
    /// What to open: its name may be no UTF-8.
    pub file: PathBuf,
    pub kind: InputKind,
    /// By the user, not met in a folder: that it is no log is then a fault.
    pub named: bool,
    /// Size on disk in bytes; 0 where there is none.
    pub bytes: u64,
    /// Modification time in nanoseconds since 1970; None for pipes.
    pub modified_ns: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Can be read at any place.
    Plain,
    /// Compressed, in another encoding, or a tar archive: read once, from its start.
    Encoded,
    /// Plain text with records over several lines, or with stretches of UTF-16: read once, from its start.
    Folded,
    Zip,
    /// Standard input, a fifo, a descriptor: read once; what it is shows in its first bytes.
    Pipe,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub inputs: Vec<Input>,
    pub notes: Vec<Note>,
}

/// Something that is not read, or only with a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub path: String,
    pub what: String,
    pub help: String,
    /// It was named, and cannot be read.
    pub fault: bool,
}

/// Which files of folders and archives are read: those that `include` has, if it has any, and `exclude` has not.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Selection {
    /// Patterns such as `*.log` (of a name, in any folder) or `web/*.gz` (of the end of a path).
    pub fn new(include: &[String], exclude: &[String]) -> Result<Selection, globset::Error> {
        let set = |patterns: &[String]| {
            let mut set = GlobSet::builder();
            for pattern in patterns {
                set.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
                set.add(GlobBuilder::new(&format!("**/{pattern}")).literal_separator(true).build()?);
            }
            set.build()
        };
        let include = if include.is_empty() { None } else { Some(set(include)?) };
        Ok(Selection { include, exclude: set(exclude)? })
    }

    pub fn has(&self, path: impl AsRef<Path>) -> bool {
        self.includes(path.as_ref()) && !self.excludes(path)
    }

    /// Whether `include` has it, or there is none.
    pub fn includes(&self, path: impl AsRef<Path>) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(path))
    }

    pub fn excludes(&self, path: impl AsRef<Path>) -> bool {
        self.exclude.is_match(path)
    }
}

/// Finds the inputs of the named paths, in the order of the names; folders by their entries' names.
pub fn discover(paths: &[PathBuf], selection: &Selection) -> Found {
    let mut walk = Walk { selection, found: Found::default(), open: Vec::new() };
    for path in paths {
        walk.named(path);
    }
    let mut seen = BTreeSet::new();
    walk.found.inputs.retain(|input| seen.insert(input.path.clone()));
    walk.found
}

struct Walk<'s> {
    selection: &'s Selection,
    found: Found,
    /// Folders on the way down, to notice loops of links.
    open: Vec<(u64, u64)>,
}

impl Walk<'_> {
    fn note(&mut self, path: &Path, what: impl Into<String>, help: &str, fault: bool) {
        let path = path.display().to_string();
        self.found.notes.push(Note { path, what: what.into(), help: help.into(), fault });
    }

    fn push(&mut self, path: &Path, kind: InputKind, metadata: Option<&Metadata>, named: bool) {
        self.found.inputs.push(Input {
            path: path.display().to_string(),
            file: path.into(),
            kind,
            named,
            bytes: metadata.map_or(0, Metadata::len),
            modified_ns: metadata.map(modified_ns),
        });
    }

    fn named(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            return self.push(path, InputKind::Pipe, None, true);
        }
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => {
                let (what, help) = explain(&error);
                return self.note(path, what, help, true);
            }
        };
        let file_type = metadata.file_type();
        if file_type.is_dir() {
            let (inputs, notes) = (self.found.inputs.len(), self.found.notes.len());
            self.folder(path, &metadata);
            let failed = self.found.notes[notes..].iter().any(|note| note.fault);
            if self.found.inputs.len() == inputs && !failed {
                self.note(path, "no log in this folder", "name a folder that holds logs", true);
            }
        } else if file_type.is_file() {
            self.file(path, &metadata, true);
        } else if file_type.is_fifo() || is_descriptor(path) {
            self.push(path, InputKind::Pipe, None, true);
        } else {
            self.note(path, format!("{}, not a log", kind_of(&metadata)), "name a file, a folder or `-`", true);
        }
    }

    fn folder(&mut self, path: &Path, metadata: &Metadata) {
        let identity = (metadata.dev(), metadata.ino());
        if self.open.contains(&identity) {
            return self.note(path, "a symbolic link back to a folder that holds it", "", false);
        }
        let mut entries = match fs::read_dir(path).and_then(|entries| entries.collect::<io::Result<Vec<_>>>()) {
            Ok(entries) => entries,
            Err(error) => {
                let (what, help) = explain(&error);
                let named = self.open.is_empty();
                let what = if named { what } else { format!("skipped: {what}") };
                return self.note(path, what, help, named);
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        self.open.push(identity);
        for entry in entries {
            let path = entry.path();
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_dir() => self.folder(&path, &metadata),
                _ if !self.selection.has(&path) => {}
                Ok(metadata) if metadata.is_file() => self.file(&path, &metadata, false),
                Ok(metadata) => self.note(&path, format!("skipped: {}", kind_of(&metadata)), "", false),
                Err(error) => {
                    let (what, _) = explain(&error);
                    self.note(&path, format!("skipped: {what}"), "", false);
                }
            }
        }
        self.open.pop();
    }

    fn file(&mut self, path: &Path, metadata: &Metadata, named: bool) {
        let mut first = Vec::with_capacity(sniff::SNIFF_BYTES);
        let read = File::open(path).and_then(|file| {
            (&file).take(sniff::SNIFF_BYTES as u64).read_to_end(&mut first)?;
            Ok(file)
        });
        let file = match read {
            Ok(file) => file,
            Err(error) => {
                let (what, help) = explain(&error);
                let what = if named { what } else { format!("skipped: {what}") };
                return self.note(path, what, help, named);
            }
        };
        let skipped = if named { "" } else { "skipped: " };
        match sniff::content(&first) {
            Content::Mixed => self.push(path, InputKind::Folded, Some(metadata), named),
            Content::Text if goes_over_later(&file, metadata.len()) => {
                self.push(path, InputKind::Folded, Some(metadata), named);
            }
            Content::Text => self.push(path, InputKind::Plain, Some(metadata), named),
            Content::Empty => {
                self.push(path, InputKind::Plain, Some(metadata), named);
                self.note(path, "an empty file", "", false);
            }
            Content::Encoded(_) | Content::Tar => self.push(path, InputKind::Encoded, Some(metadata), named),
            Content::Folded(_) => self.push(path, InputKind::Folded, Some(metadata), named),
            Content::Zip => self.push(path, InputKind::Zip, Some(metadata), named),
            refused => {
                let (what, help) = decode::describe(refused);
                let help = help.replace("FILE", &path.display().to_string());
                self.note(path, format!("{skipped}{what}"), &help, named);
            }
        }
    }
}

/// Whether text has stretches of UTF-16 beyond its first bytes, by a look at its end and at a few places before.
fn goes_over_later(file: &File, length: u64) -> bool {
    const PLACES: u64 = 8;
    if length <= sniff::SNIFF_BYTES as u64 {
        return false;
    }
    let last = length.saturating_sub(sniff::SNIFF_BYTES as u64);
    let mut piece = vec![0; sniff::SNIFF_BYTES];
    (1..=PLACES).rev().any(|place| {
        // What cannot be read is told of when it is read.
        let count = file.read_at(&mut piece, last / PLACES * place + last % PLACES).unwrap_or(0);
        mixed::has_stretch(&piece[..count])
    })
}

/// `/dev/stdin` and `/dev/fd/N` name what is open, whatever it is.
fn is_descriptor(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd") || path == Path::new("/dev/stdin")
}

fn kind_of(metadata: &Metadata) -> &'static str {
    let file_type = metadata.file_type();
    if file_type.is_socket() {
        "a socket"
    } else if file_type.is_fifo() {
        "a fifo"
    } else if file_type.is_block_device() || file_type.is_char_device() {
        "a device"
    } else {
        "something else than a file"
    }
}

/// An error of the system in the words of a user, and what to do about it.
pub fn explain(error: &io::Error) -> (String, &'static str) {
    match error.kind() {
        io::ErrorKind::NotFound => ("no such file or folder".into(), "check the path"),
        io::ErrorKind::PermissionDenied => {
            ("not readable by this user".into(), "run as a user who may read it, or copy it")
        }
        // ELOOP has no stable kind.
        _ if error.raw_os_error() == Some(40) || error.raw_os_error() == Some(62) => {
            ("a loop of symbolic links".into(), "name the file that the link should lead to")
        }
        _ => (error.to_string(), ""),
    }
}
