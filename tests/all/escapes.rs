//! What terminals obey never leaves relapse: not from log lines, not from names, neither as text nor as JSON. In Markdown, a log
//! line is never markup.

use crate::schema::contract;
use crate::support::{Place, corpus_file};
use serde_json::Value;

/// What a terminal would obey: escapes in seven and eight bits, a title, a bell, backspaces, a change of direction.
const ESCAPES: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{1b}P1;2q\u{9b}31m\u{9d}0;x\u{9c}\u{7f}\u{8}\u{8}\u{202e}";

/// No control character but line ends, whatever the log holds.
#[track_caller]
fn check_harmless(place: &Place, path: &str) -> Value {
    for format in ["text", "json", "markdown", "ndjson"] {
        let ran = place.relapse(&["analyze", "--tz", "UTC", "--format", format, path]);
        assert_eq!(ran.status, 0, "{ran:?}");
        for (name, text) in [("output", &ran.stdout), ("error", &ran.stderr)] {
            let bad: Vec<char> = text.chars().filter(|&c| c.is_control() && c != '\n').collect();
            assert!(bad.is_empty(), "{bad:?} on standard {name} as {format}");
        }
        assert!(format.ends_with("json") || !ran.stdout.contains('\u{202e}'), "text turned around");
    }
    let object = contract(&place.relapse(&["analyze", "--format", "json", path]));
    let causes = object["services"][0]["incidents"][0]["causes"].as_array().into_iter().flatten();
    for id in causes.filter_map(|cause| cause["id"].as_str()) {
        let ran = place.relapse(&["analyze", "--tz", "UTC", "--explain", id, path]);
        assert_eq!(ran.status, 0, "{ran:?}");
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!ran.stdout.contains(bad), "{id} in depth: {:?}", ran.stdout);
    }
    object
}

#[test]
fn escapes_in_a_message() {
    let place = Place::new();
    let text = String::from_utf8(corpus_file("unknown-error/journal.log")).expect("the corpora are UTF-8");
    let evil = format!("ledger {ESCAPES}epoch");
    place.file("evil.log", text.replace("ledger epoch", &evil));
    assert!(check_harmless(&place, "evil.log").to_string().contains("QuotaLedgerError"), "its lines are evidence");
}

#[test]
fn escapes_in_the_name_of_a_service() {
    let place = Place::new();
    let text = String::from_utf8(corpus_file("fixed-halfway/journal.json")).expect("the corpora are UTF-8");
    place.file("evil.json", text.replace("archiver", "arch\\u001b[2J\\u009b2J\\u0007iver"));
    assert_eq!(check_harmless(&place, "evil.json")["verdict"], "crash-loop");
}

const EVIL_NAME: &str = "evil\u{1b}[2J\u{9b}2J\n.log";

#[test]
fn escapes_in_a_file_name() {
    let place = Place::new();
    place.file(EVIL_NAME, corpus_file("heap-oom/journal.log"));
    assert_eq!(check_harmless(&place, EVIL_NAME)["inputs"][0]["path"], EVIL_NAME);
}

#[test]
fn escapes_in_the_name_of_what_is_missing() {
    for arguments in [
        &["analyze", EVIL_NAME][..],
        &["merge", EVIL_NAME],
        &["scan", "-o", "x.evidence", EVIL_NAME],
        &["formats", "check", EVIL_NAME],
        &["signatures", "check", EVIL_NAME],
        &["analyze", "--grammars", EVIL_NAME, "good.log"],
        &["formats", EVIL_NAME],
        &["signatures", EVIL_NAME],
    ] {
        let ran = Place::new().relapse(arguments);
        assert_eq!((ran.status, ran.stderr.lines().count()), (2, 1), "{arguments:?}: {ran:?}");
        let bad: Vec<char> = ran.stderr.chars().filter(|&c| c.is_control() && c != '\n').collect();
        assert!(bad.is_empty(), "{arguments:?}: {bad:?} on standard error");
    }
}

/// What Markdown would obey: code, cells, HTML, links, images, mentions, headings, lists.
const MARKUP: &str = "``` ````` | x | <img src=x onerror=y> [a](http://evil.example) ![b](c) @admin #1 **d** # e - f";

#[test]
fn markup_in_a_message_is_no_markup() {
    let place = Place::new();
    let text = String::from_utf8(corpus_file("unknown-error/journal.log")).expect("the corpora are UTF-8");
    place.file("evil.log", text.replace("ledger epoch", &format!("ledger {MARKUP} epoch")));
    check_harmless(&place, "evil.log");
    let page = place.relapse(&["analyze", "--tz", "UTC", "--format", "markdown", "evil.log"]).stdout;
    assert!(page.contains("<img src=x onerror=y>"), "its lines are evidence: {page}");
    // Outside of fenced blocks nothing of it works.
    let mut fence: Option<&str> = None;
    for line in page.lines() {
        let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
        match fence {
            Some(open) if line == open => fence = None,
            None if ticks.len() > 2 => fence = Some(ticks),
            Some(open) => assert!(!line.starts_with(open), "{line}"),
            None => {
                for bad in ["<img", "](http", "![b", "@admin", "| x |", "**d**"] {
                    assert!(!line.contains(bad), "{bad} works in {line}");
                }
            }
        }
    }
    assert_eq!(fence, None, "every fence is closed");
}

#[test]
fn markup_in_the_name_of_a_service_is_no_markup() {
    let place = Place::new();
    let text = String::from_utf8(corpus_file("fixed-halfway/journal.json")).expect("the corpora are UTF-8");
    place.file("evil.json", text.replace("archiver", "arch|`<b>iver"));
    let page = place.relapse(&["analyze", "--format", "markdown", "evil.json"]).stdout;
    assert!(page.starts_with("# Postmortem: crash-loop of arch&#124;\\`&lt;b&gt;iver\n"), "{page}");
}
