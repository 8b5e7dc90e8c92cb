//! The text reports of four stories and the postmortems of two, whole, so that every change of a word is seen by somebody.

use crate::support::relapse;

/// The report on a corpus, without the age of its last line, which grows.
fn report(corpus: &str) -> String {
    let ran = relapse(&["analyze", "--tz", "UTC", &format!("corpora/{corpus}")]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    ran.stdout.lines().map(|line| format!("{}\n", without_age(line))).collect()
}

fn without_age(line: &str) -> String {
    match line.strip_suffix(" ago)").and_then(|rest| rest.rsplit_once(", ")) {
        Some((before, _)) if line.starts_with("  now ") => format!("{before}, AGE ago)"),
        _ => line.into(),
    }
}

#[test]
fn quickstart() {
    insta::assert_snapshot!(report("quickstart"));
}

#[test]
fn two_supervisors() {
    insta::assert_snapshot!(report("two-supervisors"));
}

#[test]
fn never_started() {
    insta::assert_snapshot!(report("never-started"));
}

#[test]
fn planned_restart() {
    insta::assert_snapshot!(report("planned-restart"));
}

#[test]
fn every_report_tells_the_age_of_its_last_line() {
    assert!(report("never-started").contains(", AGE ago)"));
}

/// The postmortem of a corpus.
fn postmortem(corpus: &str) -> String {
    let ran = relapse(&["analyze", "--tz", "UTC", "--format", "markdown", &format!("corpora/{corpus}")]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    ran.stdout
}

#[test]
fn postmortem_of_a_loop() {
    insta::assert_snapshot!(postmortem("quickstart"));
}

#[test]
fn postmortem_of_an_unknown_error() {
    insta::assert_snapshot!(postmortem("unknown-error"));
}

#[test]
fn events_of_a_loop() {
    let ran = relapse(&["analyze", "--tz", "UTC", "--format", "ndjson", "corpora/quickstart"]);
    let events: Vec<&str> = ran.stdout.lines().filter(|line| !line.starts_with(r#"{"kind":"diagnosis""#)).collect();
    insta::assert_snapshot!(events.join("\n"));
}

/// A cause of a corpus in depth.
fn in_depth(cause: &str, corpus: &str) -> String {
    let ran = relapse(&["analyze", "--tz", "UTC", "--explain", cause, &format!("corpora/{corpus}")]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    ran.stdout
}

#[test]
fn a_root_cause_in_depth() {
    let whole = in_depth("plugin-init-401", "quickstart");
    assert_eq!(in_depth("plugin-i", "quickstart"), whole, "how it begins is enough");
    insta::assert_snapshot!(whole);
}

#[test]
fn a_symptom_in_depth() {
    insta::assert_snapshot!(in_depth("api-key-invalid", "quickstart"));
}
