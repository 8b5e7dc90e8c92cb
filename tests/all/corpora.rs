//! The committed corpora: made by the generator and by nothing else, and diagnosed as their truths say.

#[path = "../../corpora/generate.rs"]
pub mod generate;

use crate::score;
use crate::support::{Ran, relapse, repository};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// The truth of every corpus by its name.
fn truths() -> BTreeMap<String, Value> {
    let files = fs::read_dir(repository().join("corpora/truth")).expect("the truths are committed");
    let truths: BTreeMap<String, Value> = files
        .map(|file| {
            let path = file.expect("an entry").path();
            let name = path.file_stem().expect("a name").display().to_string();
            (name, serde_json::from_slice(&fs::read(&path).expect("a truth")).expect("JSON"))
        })
        .collect();
    assert!(!truths.is_empty());
    truths
}

/// What relapse says of every corpus as JSON, each run once for all tests.
pub static DIAGNOSES: LazyLock<BTreeMap<String, Ran>> = LazyLock::new(|| {
    let run = |name: &str| relapse(&["analyze", "--tz", "UTC", "--format", "json", &format!("corpora/{name}")]);
    truths().into_keys().map(|name| (name.clone(), run(&name))).collect()
});

fn files_below(folder: &Path, root: &Path, files: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_below(&path, root, files);
        } else {
            files.insert(path.strip_prefix(root).expect("below the root").display().to_string());
        }
    }
}

#[test]
fn the_generator_makes_every_file_again() {
    for (path, content) in generate::small() {
        let committed = fs::read(repository().join("corpora").join(&path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert!(committed == content, "{path} is not what the generator makes");
    }
}

#[test]
fn there_is_no_file_that_the_generator_does_not_make() {
    let root = repository().join("corpora");
    let mut there = BTreeSet::new();
    files_below(&root, &root, &mut there);
    there.retain(|path| path != "generate.rs" && !path.starts_with("generate/"));
    let made: BTreeSet<String> = generate::small().into_iter().map(|(path, _)| path).collect();
    assert_eq!(there, made);
}

#[test]
fn every_truth_holds() {
    let mut wrongs = Vec::new();
    for (name, truth) in truths() {
        let ran = &DIAGNOSES[&name];
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{name}");
        wrongs.extend(score::wrongs(&ran.json(), &truth).into_iter().map(|wrong| format!("{name}: {wrong}")));
    }
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// Secrets are planted in the evidence of some corpora.
#[test]
fn no_report_shows_a_planted_secret() {
    let mut planted = 0;
    for (name, truth) in truths() {
        for secret in truth["secrets"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let text = relapse(&["analyze", &format!("corpora/{name}")]).stdout;
            for report in [&text, &DIAGNOSES[&name].stdout] {
                assert!(!report.contains(secret), "{name}: {secret} is in its report");
            }
            planted += 1;
        }
    }
    assert!(planted > 0);
}
