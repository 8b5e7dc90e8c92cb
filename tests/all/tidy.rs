//! The order of the house: who may know whom, how long a file may grow, what code may not do.

use crate::support::repository;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module of the library, and the modules that it may know: the arrows of the design, which never point back.
const LAYERS: [(&str, &[&str]); 13] = [
    ("finder", &[]),
    ("template", &[]),
    ("input", &[]),
    ("grammar", &["finder"]),
    ("signature", &["finder", "grammar"]),
    ("built_in", &["grammar", "signature"]),
    ("evidence", &["finder", "grammar"]),
    ("scan", &["finder", "built_in", "grammar", "signature", "template", "evidence"]),
    ("gather", &["input", "grammar", "evidence", "scan", "template"]),
    ("diagnosis", &["grammar", "signature", "template", "evidence"]),
    ("comparison", &["diagnosis"]),
    ("report", &["diagnosis", "comparison"]),
    ("live", &["input", "grammar", "signature", "template", "evidence", "scan", "gather", "diagnosis", "report"]),
];

/// A file that is longer holds more than one idea.
const MAX_LINES: usize = 600;

struct File {
    path: String,
    text: String,
}

impl File {
    /// Its lines of code, with their numbers, up to its tests, which stand last.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.path.ends_with("/tests.rs");
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        let code = lines.take_while(move |(_, line)| !tests && line.trim() != "#[cfg(test)]");
        code.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn rust_files(folders: &[&str]) -> Vec<File> {
    let mut paths = Vec::new();
    folders.iter().for_each(|folder| collect(&repository().join(folder), &mut paths));
    assert!(!paths.is_empty());
    let file = |path: PathBuf| File {
        path: path.strip_prefix(repository()).expect("below the repository").display().to_string(),
        text: fs::read_to_string(&path).expect("a readable file"),
    };
    paths.into_iter().map(file).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            // What the fuzzer builds is not ours.
            if !path.ends_with("target") {
                collect(&path, paths);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// No line of code of src holds any of these.
#[track_caller]
fn check_absent(words: &[&str]) {
    let files = rust_files(&["src"]);
    let lines = files.iter().flat_map(|file| file.code().map(move |(number, line)| (file, number, line)));
    let found: Vec<String> = lines
        .filter(|(_, _, line)| words.iter().any(|word| line.contains(word)))
        .map(|(file, number, line)| format!("{}:{number}: {}", file.path, line.trim()))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Names that follow `prefix` in a line.
fn names_after<'l>(line: &'l str, prefix: &'l str) -> impl Iterator<Item = &'l str> {
    line.match_indices(prefix).map(move |(at, _)| {
        let rest = &line[at + prefix.len()..];
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
    })
}

#[test]
fn modules_know_only_those_before_them() {
    let mut wrongs = Vec::new();
    for (module, allowed) in LAYERS {
        for file in rust_files(&["src"]) {
            if file.path != format!("src/{module}.rs") && !file.path.starts_with(&format!("src/{module}/")) {
                continue;
            }
            for (number, line) in file.code() {
                let known = names_after(line, "crate::").filter(|name| *name != module && !allowed.contains(name));
                wrongs.extend(known.map(|name| format!("{}:{number}: {module} knows `{name}`", file.path)));
            }
        }
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

#[test]
fn the_order_is_one_without_circles() {
    for (at, (module, allowed)) in LAYERS.iter().enumerate() {
        let before: Vec<&str> = LAYERS[..at].iter().map(|(name, _)| *name).collect();
        assert!(allowed.iter().all(|name| before.contains(name)), "{module} knows one that comes later");
    }
}

#[test]
fn every_module_has_its_place() {
    let library = fs::read_to_string(repository().join("src/lib.rs")).expect("the library");
    let modules: BTreeSet<&str> = library.lines().flat_map(|line| names_after(line, "mod ")).collect();
    assert_eq!(modules, LAYERS.iter().map(|(name, _)| *name).collect());
}

/// The test above sees paths that begin with `crate::`; there must be no other way around.
#[test]
fn modules_are_named_by_their_whole_paths() {
    check_absent(&["crate::{", "super::super::", "use relapse::{self", "extern crate"]);
    let at_the_root = |file: &&File| file.path.matches('/').count() == 1 || file.path.ends_with("/mod.rs");
    for file in rust_files(&["src"]).iter().filter(at_the_root) {
        assert!(file.code().all(|(_, line)| !line.contains("super::")), "{} goes around", file.path);
    }
}

#[test]
fn nothing_panics_by_choice() {
    check_absent(&[".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!(", "dbg!("]);
}

#[test]
fn only_the_vectors_are_unsafe() {
    for file in rust_files(&["src"]).iter().filter(|file| file.path != "src/finder/vector.rs") {
        for (at, line) in file.code() {
            assert!(
                !["unsafe ", "unsafe{", "unsafe_code)]"].iter().any(|word| line.contains(word))
                    || line == "#![deny(unsafe_code)]",
                "{}:{at}: {line}",
                file.path
            );
        }
    }
}

#[test]
fn nothing_is_left_to_do() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME")];
    for file in rust_files(&["src", "tests", "corpora"]) {
        for (at, line) in file.text.lines().enumerate() {
            assert!(!marks.iter().any(|mark| line.contains(mark)), "{}:{}: {line}", file.path, at + 1);
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let files = rust_files(&["src", "tests", "corpora"]);
    let silent: Vec<&str> =
        files.iter().filter(|file| !file.text.starts_with("//! ")).map(|file| file.path.as_str()).collect();
    assert_eq!(silent, [""; 0], "files without a first line of docs");
}

#[test]
fn no_file_grows_too_long() {
    let files = rust_files(&["src", "tests", "corpora"]);
    let long: Vec<String> = files
        .iter()
        .map(|file| (file.text.lines().count(), &file.path))
        .filter(|(lines, _)| *lines > MAX_LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    assert_eq!(long, [""; 0], "over {MAX_LINES} lines");
}
