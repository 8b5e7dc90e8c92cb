//! Evidence files carry all that a diagnosis needs from one machine to another: `scan` writes them, `merge` joins them
//! when their sources are gone.

use crate::schema::contract;
use crate::support::{Place, Ran, corpus_file};
use std::fs;

const LOG: &str = "config-invalid/journal.log";

fn place() -> Place {
    let place = Place::new();
    place.file("journal.log", corpus_file(LOG));
    place
}

#[track_caller]
fn scan(place: &Place, range: &str, output: &str) -> Ran {
    place.relapse(&["scan", "--tz", "UTC", "--range", range, "-o", output, "journal.log"])
}

/// A command fails with one line that says this.
#[track_caller]
fn check_refused(place: &Place, arguments: &[&str], told: &str) {
    let ran = place.relapse(arguments);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    assert!(ran.stderr.starts_with("relapse: ") && ran.stderr.contains(told), "{ran:?}");
}

#[test]
fn pieces_tell_the_whole_without_their_source() {
    let place = place();
    let whole = place.relapse(&["analyze", "--tz", "UTC", "--format", "json", "journal.log"]);
    let length = corpus_file(LOG).len();
    for (range, output) in [("0..7001", "a"), ("7001..9000", "b"), (&format!("9000..{length}"), "c")] {
        let ran = scan(&place, range, output);
        assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    }
    fs::remove_file(place.path().join("journal.log")).expect("it is there");
    // In two steps, out of order, and one of the pieces twice.
    assert_eq!(place.relapse(&["merge", "-o", "ca", "c", "a", "c"]).status, 0);
    let merged = place.relapse(&["merge", "--format", "json", "b", "ca"]);
    assert_eq!((merged.status, merged.stdout), (whole.status, whole.stdout));
}

#[test]
fn a_missing_piece_is_told() {
    let place = place();
    scan(&place, "0..7000", "a");
    scan(&place, "9000..10000", "c");
    let merged = place.relapse(&["merge", "--format", "json", "a", "c"]);
    assert_eq!(merged.status, 1);
    let object = contract(&merged);
    assert_eq!(object["complete"], false);
    let length = corpus_file(LOG).len();
    let holes =
        serde_json::json!(["bytes 7000..9000 were not scanned", format!("bytes 10000..{length} were not scanned"),]);
    assert_eq!(object["inputs"][0]["problems"], holes);
}

/// Its lines are not its records: the piece with its first byte has it all, and the others join without a word.
#[test]
fn pieces_of_a_file_with_records_over_several_lines() {
    let place = Place::new();
    let record = |pid: u32| {
        format!(
            "{{\n  \"eventMessage\" : \"exited due to exit(1), ran for 6512ms\",\n  \"subsystem\" : \"gui/501/ai.example.gw [{pid}]\",\n  \
             \"processImagePath\" : \"/sbin/launchd\",\n  \"timestamp\" : \"2026-01-14 03:12:{pid}.000000+0100\"\n}}"
        )
    };
    let text = format!("[{},{},{}]\n", record(10), record(20), record(30));
    place.file("log.json", &text);
    let whole = place.relapse(&["analyze", "--format", "json", "log.json"]).json();
    assert_eq!(
        (&whole["services"][0]["service"], &whole["services"][0]["restarts"]),
        (&"ai.example.gw".into(), &2.into())
    );
    for (name, range) in [("a", "0..100".to_string()), ("b", format!("100..{}", text.len()))] {
        let ran = place.relapse(&["scan", "--range", &range, "-o", name, "log.json"]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
    }
    assert_eq!(place.relapse(&["merge", "--format", "json", "b", "a"]).json(), whole);
}

#[test]
fn pieces_that_overlap_are_refused() {
    let place = place();
    scan(&place, "0..8000", "a");
    scan(&place, "7000..9000", "b");
    check_refused(&place, &["merge", "a", "b"], "journal.log: the pieces 0..8000 and 7000..9000 overlap");
}

#[test]
fn what_is_no_evidence_is_refused() {
    let place = place();
    check_refused(&place, &["merge", "journal.log"], "journal.log: ");
    scan(&place, "0..8000", "a");
    let whole = fs::read(place.path().join("a")).expect("it is written");
    place.file("cut", &whole[..whole.len() / 2]);
    check_refused(&place, &["merge", "a", "cut"], "cut: ");
}

#[test]
fn ranges_that_make_no_sense_are_refused() {
    let place = place();
    for range in ["7", "a..b", "9..7", "-1..7"] {
        let range = format!("--range={range}");
        check_refused(&place, &["scan", &range, "-o", "x", "journal.log"], "not a range of bytes");
    }
    place.file("journal.log.gz", b"\x1f\x8b\x08");
    check_refused(&place, &["scan", "--range", "0..7", "-o", "x", "journal.log.gz"], "can only be scanned whole");
    check_refused(&place, &["scan", "--range", "0..7", "-o", "x", "journal.log", "journal.log.gz"], "one file");
    assert!(!place.path().join("x").exists(), "nothing is written");
}

#[test]
fn evidence_that_cannot_be_written_is_told() {
    check_refused(&place(), &["scan", "-o", "no/such/folder", "journal.log"], "no/such/folder: ");
}
