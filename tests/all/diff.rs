//! `relapse diff`: what changed between two analyses, from logs, evidence and saved diagnoses alike.

use crate::support::{Place, Ran, corpus_file, relapse, repository};
use serde_json::{Value, json};

const BEFORE: &[&str] = &["--until", "2026-02-03T04:41:00Z"];

/// A part of quickstart, saved as a diagnosis.
#[track_caller]
fn save(place: &Place, name: &str, window: &[&str]) -> String {
    let corpus = repository().join("corpora/quickstart").display().to_string();
    let arguments = [&["analyze", "--tz", "UTC", "--format", "json"], window, &[&corpus]].concat();
    let ran = place.relapse(&arguments);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    // No folder of this machine in the snapshots.
    place.file(name, ran.stdout.replace(&corpus, "quickstart"));
    name.into()
}

#[track_caller]
fn diff(place: &Place, arguments: &[&str]) -> Ran {
    place.relapse(&[&["diff", "--tz", "UTC"], arguments].concat())
}

#[track_caller]
fn object(ran: &Ran) -> Value {
    let schema = std::fs::read(repository().join("grammars/comparison.schema.json")).expect("the schema ships");
    let schema: Value = serde_json::from_slice(&schema).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("the schema is one of draft 2020-12");
    let object = ran.json();
    let wrongs: Vec<String> = validator.iter_errors(&object).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
    object
}

fn fates(object: &Value) -> Vec<(&str, &str)> {
    let causes = object["services"][0]["causes"].as_array().into_iter().flatten();
    let roots = causes.filter(|cause| cause["role"] == "root");
    roots.filter_map(|cause| Some((cause["fate"].as_str()?, cause["id"].as_str()?))).collect()
}

#[test]
fn one_cause_mended_and_the_next_one_found() {
    let place = Place::new();
    save(&place, "before.json", BEFORE);
    save(&place, "after.json", &["--since", "2026-02-03T04:43:00Z", "--until", "2026-02-03T04:54:00Z"]);
    let ran = diff(&place, &["before.json", "after.json"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("text", ran.stdout);
    let ran = diff(&place, &["--format", "markdown", "before.json", "after.json"]);
    insta::assert_snapshot!("markdown", ran.stdout);
    let object = object(&diff(&place, &["--format", "json", "before.json", "after.json"]));
    assert_eq!(fates(&object), [("new", "plugin-init-401"), ("vanished", "hook-file-missing")]);
    assert_eq!(object["services"][0]["causes"][0]["may_have_been_hidden_by"], json!(["hook-file-missing"]));
    assert_eq!((&object["worse"], &object["new_cause"]), (&json!(false), &json!(true)));
}

/// The status says what became worse, each way round.
#[test]
fn a_new_cause_and_a_worse_verdict_are_status_3() {
    let place = Place::new();
    save(&place, "well.json", &["--until", "2026-02-03T04:26:00Z"]);
    save(&place, "ill.json", BEFORE);
    save(&place, "other.json", &["--since", "2026-02-03T04:43:00Z", "--until", "2026-02-03T04:54:00Z"]);
    let statuses = |before: &str, after: &str| {
        ["new", "worse"].map(|limit| diff(&place, &["--fail-on", limit, before, after]).status)
    };
    assert_eq!(statuses("well.json", "ill.json"), [3, 3]);
    assert_eq!(statuses("ill.json", "other.json"), [3, 0]);
    assert_eq!(statuses("ill.json", "well.json"), [0, 0]);
    assert_eq!(statuses("ill.json", "ill.json"), [0, 0]);
}

#[test]
fn logs_evidence_and_saved_diagnoses_are_alike() {
    let place = Place::new();
    place.file("logs/journal.log", corpus_file("unknown-error/journal.log"));
    assert_eq!(place.relapse(&["scan", "--tz", "UTC", "-o", "x.evidence", "logs"]).status, 0);
    let saved = place.relapse(&["analyze", "--tz", "UTC", "--format", "json", "logs"]);
    place.file("compact.json", &saved.stdout);
    place.file("pretty.json", serde_json::to_string_pretty(&saved.json()).expect("JSON"));
    for before in ["logs", "logs/journal.log", "x.evidence", "compact.json", "pretty.json"] {
        for after in ["logs", "x.evidence", "pretty.json"] {
            let ran = diff(&place, &["--fail-on", "new", before, after]);
            assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{before} {after}");
            assert!(ran.stdout.starts_with("No difference.\n"), "{before} {after}: {}", ran.stdout);
        }
    }
}

#[test]
fn services_that_come_go_and_are_chosen() {
    let both = ["corpora/heap-oom", "corpora/fixed-halfway"];
    let ran = relapse(&["diff", "--tz", "UTC", "--format", "json", both[0], both[1]]);
    let told = object(&ran);
    let services: Vec<&Value> = told["services"].as_array().into_iter().flatten().collect();
    assert_eq!(services.len(), 2);
    assert_eq!((&services[0]["service"], &services[0]["verdict"]["before"]), (&json!("archiver"), &Value::Null));
    assert_eq!((&services[1]["service"], &services[1]["verdict"]["after"]), (&json!("thumbs"), &Value::Null));
    let one = relapse(&["diff", "--format", "json", "--service", "thumb", both[0], both[1]]);
    assert_eq!(object(&one)["services"].as_array().map(Vec::len), Some(1));
    let none = relapse(&["diff", "--service", "nobody", both[0], both[1]]);
    assert_eq!((none.status, none.stdout.as_str(), none.stderr.lines().count()), (2, "", 1), "{none:?}");
}

#[test]
fn what_cannot_be_compared_is_told() {
    let place = Place::new();
    place.file("good.log", corpus_file("heap-oom/journal.log"));
    place.file("old.json", r#"{"schema":"relapse.diagnosis/0"}"#);
    place.file("broken.json", r#"{"schema":"relapse.diagnosis/1","verdict":"ill"}"#);
    place.file("old.evidence", "relapse evidence 1\n...");
    for (wrong, told) in [
        ("missing.log", "missing.log: no such file"),
        ("old.json", "a diagnosis of another version"),
        ("broken.json", "the saved diagnosis is damaged"),
        ("old.evidence", "no evidence file of this version"),
    ] {
        for sides in [[wrong, "good.log"], ["good.log", wrong]] {
            let ran = diff(&place, &sides);
            assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.lines().count()), (2, "", 1), "{ran:?}");
            assert!(ran.stderr.contains(told), "{ran:?}");
        }
    }
    assert_eq!(diff(&place, &["-", "-"]).status, 2);
}

/// A log of objects that have a member called schema is a log.
#[test]
fn a_log_that_looks_like_a_diagnosis_is_a_log() {
    let place = Place::new();
    let line = r#"{"schema":"relapse.diagnosis/1","level":50,"time":1770728740123,"pid":812,"msg":"no key"}"#;
    place.file("app.log", format!("{line}\n{line}\n"));
    let ran = diff(&place, &["app.log", "app.log"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
}

/// A saved diagnosis may hold anything, wherever a text is.
#[test]
fn nothing_of_a_hostile_diagnosis_works() {
    let place = Place::new();
    let evil = "\u{1b}[2J\u{9b}31m\u{202e} ``` | x | <img src=x> [a](http://evil) @admin\n# b";
    save(&place, "before.json", BEFORE);
    let mut after = serde_json::from_slice::<Value>(&std::fs::read(place.path().join("before.json")).expect("saved"))
        .expect("JSON");
    after["services"][0]["service"] = json!(evil);
    for member in ["id", "title", "role", "fix"] {
        after["services"][0]["incidents"][0]["causes"][0][member] = json!(evil);
    }
    after["services"][0]["findings"] = json!([{"id": evil, "text": evil, "fix": evil}]);
    place.file("after.json", after.to_string());
    for format in ["text", "markdown", "json"] {
        let ran = diff(&place, &["--format", format, "before.json", "after.json"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        let bad = |c: char| (c.is_control() && c != '\n') || (c == '\u{202e}' && format != "json");
        assert!(!ran.stdout.contains(bad), "{format}: {:?}", ran.stdout);
        assert!(!ran.stdout.lines().any(|line| line.starts_with("# b")), "{format}: {}", ran.stdout);
        for markup in ["<img", "[a](", "| x |", "@admin", "```"] {
            assert!(format != "markdown" || !ran.stdout.contains(markup), "{markup} works in {}", ran.stdout);
        }
    }
}
