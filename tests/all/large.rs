//! The large corpora that speed is measured on, in small sizes: the work measured must be the right work.

use crate::corpora::generate::large;
use crate::support::Place;
use std::collections::BTreeSet;

const BYTES: u64 = 1_000_000;
const ROOTS: [&str; 3] = ["hook-file-missing", "plugin-init-401", "port-in-use"];

fn made(kind: &str, seed: u64) -> Vec<u8> {
    let mut content = Vec::new();
    large(kind, BYTES, seed, &mut content).expect("a known kind");
    content
}

fn lines_with(content: &[u8], needle: &str) -> u64 {
    String::from_utf8_lossy(content).lines().filter(|line| line.contains(needle)).count() as u64
}

#[track_caller]
fn check(kind: &str) {
    let content = made(kind, 1);
    assert!(content.len() as u64 <= BYTES && content.ends_with(b"\n"));
    let place = Place::new();
    place.file("gateway.log", &content);
    let diagnosis = place.relapse(&["analyze", "--tz", "UTC", "--format", "json", "gateway.log"]).json();
    assert_eq!(diagnosis["verdict"], "crash-loop");
    let [service] = diagnosis["services"].as_array().expect("services").as_slice() else { panic!("one service") };
    let told = ["loading configuration", "Successfully spawned", "Started openclaw-gateway"];
    let starts = told.iter().map(|start| lines_with(&content, start)).max().unwrap_or_default();
    assert_eq!(service["restarts"], starts - 1);
    assert_eq!(service["ready_runs"], 0);
    let causes = service["incidents"].as_array().expect("incidents").iter().flat_map(|incident| {
        incident["causes"].as_array().expect("causes").iter().filter(|cause| cause["role"] == "root")
    });
    let roots: BTreeSet<&str> = causes.filter_map(|cause| cause["id"].as_str()).collect();
    assert_eq!(roots, BTreeSet::from(ROOTS));
}

#[test]
fn text_is_diagnosed() {
    check("text");
}

#[test]
fn ndjson_is_diagnosed() {
    check("ndjson");
}

#[test]
fn log_stream_is_diagnosed() {
    check("log-stream");
}

#[test]
fn journald_is_diagnosed() {
    check("journald");
}

#[test]
fn an_error_storm_is_diagnosed() {
    check("storm");
}

#[test]
fn one_seed_makes_one_content() {
    assert!(made("text", 7) == made("text", 7));
    assert!(made("text", 7) != made("text", 8));
}

/// The bound that keeps memory constant: what is kept grows with what happened, and not with every line that tells it.
#[test]
fn the_evidence_of_a_storm_stays_small() {
    let place = Place::new();
    place.file("gateway.log", made("storm", 1));
    let ran = place.relapse(&["scan", "-o", "storm.evidence", "gateway.log"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let evidence = std::fs::metadata(place.path().join("storm.evidence")).expect("it is written").len();
    assert!(evidence <= BYTES / 10 + 65_536, "evidence of {evidence} bytes for {BYTES} bytes of log");
}
