//! Signals: an end with a diagnosis, a diagnosis in between, and signatures that are read anew.

use crate::support::{Place, corpus_file};
use crate::watch::running::{Running, Signal, lines, same};
use crate::watch::writing::{analyzed, append, numbered};

#[test]
fn the_end_is_asked_for() {
    for (corpus, signal) in [("config-invalid/journal.log", Signal::TERM), ("upgrade/journal.log", Signal::INT)] {
        let place = Place::new();
        place.file("journal.log", corpus_file(corpus));
        let mut watch = Running::start(place.path(), &["journal.log"]);
        watch.wait_for("the verdict", |line| line["kind"] == "verdict");
        watch.signal(signal);
        let ended = watch.end();
        assert_eq!(ended.status, Some(0));
        same(&ended.diagnosis(), &analyzed(&place, &["journal.log"]), corpus);
    }
}

/// Whatever was written before the signal is read.
#[test]
fn the_end_leaves_nothing_unread() {
    let place = Place::new();
    let log = place.file("worker.log", numbered(0..10));
    let mut watch = Running::start(place.path(), &["worker.log", "-"]);
    watch.ask();
    append(&log, numbered(10..5000));
    let ended = watch.stop();
    assert_eq!(lines(&ended.diagnosis()), 5000);
}

#[test]
fn the_end_exits_as_analyze_does() {
    let place = Place::new();
    place.file("journal.log", corpus_file("config-invalid/journal.log"));
    place.file("half.log.gz", &crate::watch::writing::gzip(&corpus_file("upgrade/journal.log"))[..200]);
    place.file("nothing/empty.log", "");
    for arguments in [
        &["journal.log"][..],
        &["--fail-on", "crash-loop", "journal.log"],
        &["--fail-on", "degraded", "journal.log"],
        &["."],
        &["nothing"],
        &["missing.log"],
    ] {
        let mut watch = Running::start(place.path(), arguments);
        watch.ask();
        let analyze = place.relapse(&[&["analyze", "--tz", "UTC", "--format", "json"], arguments].concat());
        let ended = watch.stop();
        assert_eq!(ended.status, Some(analyze.status), "{arguments:?}: {ended:#?}");
    }
}

#[test]
fn a_diagnosis_in_between() {
    let place = Place::new();
    let log = corpus_file("config-invalid/journal.log");
    let end = 1 + log[..10_000].iter().rposition(|&byte| byte == b'\n').expect("a line");
    let mut watch = Running::start(place.path(), &[]);
    watch.write(&log[..end]);
    let wanted = crate::watch::writing::analyzed_bytes(&log[..end]);
    let seen = watch.wait_for_lines(lines(&wanted));
    same(&seen, &wanted, "in between");
    watch.write(&log[end..]);
    watch.close();
    same(&watch.end().diagnosis(), &crate::watch::writing::analyzed_bytes(&log), "the end");
}

const OWN: &str = r#"
family = "own"

[[signature]]
id       = "own-flux"
title    = "The flux ran out"
literals = [["flux capacitor is empty"]]
role     = "root"
phase    = "runtime"
severity = 5
meaning  = "There is no flux left."
fix      = "Fill it up."
source   = "our own"
examples = ["Error: flux capacitor is empty"]
near_misses = ["the flux capacitor is full"]
"#;

#[test]
fn signatures_are_read_anew() {
    let place = Place::new();
    std::fs::create_dir_all(place.path().join("own/formats")).expect("it is made");
    let first = "2026-02-03T04:00:00Z ERROR worker: flux capacitor is empty\n";
    let log = place.file("worker.log", first);
    let mut watch = Running::start(place.path(), &["--grammars", "own", "worker.log", "-"]);
    watch.wait_for_lines(1);
    append(&log, numbered(0..1));
    watch.wait_for_event("job 0 failed");
    let signatures = place.file("own/signatures/own.toml", OWN);
    watch.signal(Signal::HUP);
    watch.ask();
    append(&log, "2026-02-03T04:00:05Z ERROR worker: flux capacitor is empty again\n");
    let event = watch.wait_for_event("empty again");
    assert_eq!(
        (&event["id"], &event["title"], &event["line"]),
        (&"own-flux".into(), &"The flux ran out".into(), &3.into())
    );
    watch.write("2026-02-03T04:00:06Z ERROR feeder: flux capacitor is empty here\n");
    assert_eq!(watch.wait_for_event("empty here")["id"], "own-flux");
    // A mistake leaves what was in use.
    std::fs::write(&signatures, OWN.replace("severity", "severty")).expect("it is written");
    watch.signal(Signal::HUP);
    let note = watch.wait_for_note("a mistake in the grammars");
    assert_eq!((&note["path"], &note["help"]), (&"--grammars".into(), &"the ones before stay in use".into()));
    append(&log, "2026-02-03T04:00:07Z ERROR worker: flux capacitor is empty still\n");
    assert_eq!(watch.wait_for_event("empty still")["id"], "own-flux");
    std::fs::write(&signatures, OWN).expect("it is written");
    let seen = watch.stop().diagnosis();
    assert_eq!(lines(&seen), 5);
}

/// What a file told before is told by the new signatures in the diagnosis.
#[test]
fn files_are_read_from_their_beginning_by_new_signatures() {
    let place = Place::new();
    place.file(
        "logs/worker.log",
        "2026-02-03T04:00:00Z ERROR worker: flux capacitor is empty\n".repeat(3) + &numbered(0..9000),
    );
    std::fs::create_dir_all(place.path().join("own/signatures")).expect("it is made");
    std::fs::create_dir_all(place.path().join("own/formats")).expect("it is made");
    let mut watch = Running::start(place.path(), &["--grammars", "own", "logs"]);
    watch.wait_for_lines(9003);
    place.file("own/signatures/own.toml", OWN);
    watch.signal(Signal::HUP);
    let wanted = place.relapse(&["analyze", "--tz", "UTC", "--format", "json", "--grammars", "own", "logs"]).json();
    assert!(wanted.to_string().contains("own-flux"));
    watch.wait_for_lines(9003);
    same(&watch.stop().diagnosis(), &wanted, "the end");
}
