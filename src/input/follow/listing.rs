//! Which files there are now below the names that the user gave, without opening any.

use super::tail::FileId;
use crate::input::{Found, Selection, dated_name, discover, modified_ns};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// A file that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub path: PathBuf,
    pub id: FileId,
    pub length: u64,
    /// Nanoseconds since 1970.
    pub modified_ns: i64,
    /// By the user, not met in a folder or beside a named file.
    pub named: bool,
    /// Only here to know a rotated file again: it stands beside a named one.
    pub beside: bool,
}

/// What is looked for, from now on.
#[derive(Debug)]
pub struct Watched {
    names: Vec<Name>,
    selection: Selection,
}

#[derive(Debug)]
enum Name {
    /// A file or a folder, which need not be there yet.
    Path(PathBuf),
    /// All files below a folder whose paths match.
    Glob { folder: PathBuf, pattern: GlobMatcher },
}

impl Watched {
    pub fn new(paths: &[PathBuf], selection: Selection) -> Result<Watched, globset::Error> {
        let name = |path: &PathBuf| {
            let is_pattern = |part: &Path| part.to_str().is_some_and(|text| text.contains(['*', '?', '[', '{']));
            if path.exists() || !is_pattern(path) {
                return Ok(Name::Path(path.clone()));
            }
            let folder: PathBuf = path.iter().take_while(|part| !is_pattern(Path::new(part))).collect();
            let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
            let text = path.to_str().unwrap_or_default();
            let pattern = GlobBuilder::new(text).literal_separator(true).build()?.compile_matcher();
            Ok(Name::Glob { folder, pattern })
        };
        Ok(Watched { names: paths.iter().map(name).collect::<Result<_, globset::Error>>()?, selection })
    }

    /// What `analyze` would find by these names now.
    pub fn found(&self) -> Found {
        let listed = self.list();
        let paths = self.names.iter().flat_map(|name| match name {
            Name::Path(path) => {
                let goes_on = listed.iter().filter(|other| !other.beside && other.path.parent() == path.parent());
                let later = goes_on.filter(|other| !self.selection.excludes(&other.path) && !path.is_dir());
                [path.clone()].into_iter().chain(later.map(|other| other.path.clone())).collect::<Vec<_>>()
            }
            Name::Glob { pattern, .. } => {
                let matching = listed.iter().filter(|other| pattern.is_match(&other.path));
                matching.map(|other| other.path.clone()).collect()
            }
        });
        let mut seen = BTreeSet::new();
        let paths: Vec<PathBuf> = paths.filter(|path| seen.insert(path.clone())).collect();
        discover(&paths, &self.selection)
    }

    /// All files, each once, in the order of their paths' depth and names.
    pub fn list(&self) -> Vec<Listed> {
        let mut found = Vec::new();
        for name in &self.names {
            match name {
                Name::Path(path) => self.named(path, &mut found),
                Name::Glob { folder, pattern } => {
                    let keep = |path: &Path| pattern.is_match(path) || pattern.is_match(plain(path));
                    let mut below = Vec::new();
                    walk(folder, &keep, &mut Vec::new(), &mut below);
                    found.extend(below.into_iter().map(|listed| Listed { path: plain(&listed.path).into(), ..listed }));
                }
            }
        }
        // One file under two names is one, by the name that a report would give it.
        found.sort_by_cached_key(|listed| (listed.beside, listed.path.iter().count(), listed.path.clone()));
        let mut seen = BTreeSet::new();
        found.retain(|listed| seen.insert(listed.id));
        found
    }

    fn named(&self, path: &Path, found: &mut Vec<Listed>) {
        let metadata = fs::metadata(path);
        if let Ok(metadata) = &metadata {
            if metadata.is_dir() {
                return walk(path, &|path| self.selection.has(path), &mut Vec::new(), found);
            }
            if metadata.is_file() {
                found.push(Listed { named: true, ..listed(path, metadata) });
            }
        }
        // What rotation made of it, and what a date-named log goes on in.
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
        let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else { return };
        let stem = dated_name::without_date(name);
        for entry in entries.flatten() {
            let other = entry.file_name();
            let Some(other) = other.to_str().filter(|other| *other != name) else { continue };
            let sibling = folder.map_or_else(|| PathBuf::from(other), |folder| folder.join(other));
            let goes_on = stem.is_some() && dated_name::without_date(other) == stem && other > name;
            let is_piece = other.starts_with(name) || dated_name::without_date(other).as_deref() == Some(name);
            if (goes_on || is_piece)
                && let Ok(metadata) = fs::metadata(&sibling)
                && metadata.is_file()
            {
                found.push(Listed { beside: !goes_on, ..listed(&sibling, &metadata) });
            }
        }
    }
}

fn listed(path: &Path, metadata: &Metadata) -> Listed {
    Listed {
        path: path.into(),
        id: FileId::of(metadata),
        length: metadata.len(),
        modified_ns: modified_ns(metadata),
        named: false,
        beside: false,
    }
}

/// `./x` as `x`.
fn plain(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}

fn walk(folder: &Path, keep: &dyn Fn(&Path) -> bool, open: &mut Vec<FileId>, found: &mut Vec<Listed>) {
    let (Ok(metadata), Ok(entries)) = (fs::metadata(folder), fs::read_dir(folder)) else { return };
    let id = FileId::of(&metadata);
    if open.contains(&id) {
        return;
    }
    open.push(id);
    for entry in entries.flatten() {
        let path = entry.path();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => walk(&path, keep, open, found),
            Ok(metadata) if metadata.is_file() && keep(&path) => found.push(listed(&path, &metadata)),
            _ => {}
        }
    }
    open.pop();
}
