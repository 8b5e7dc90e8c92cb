//! A log in the pieces that rotation leaves, and copies of it: the same diagnosis as the whole log.

use crate::support::{Place, Ran, command, corpus_file, run};
use proptest::prelude::*;
use serde_json::Value;
use std::io::Write;

const LOG: &str = "heap-oom/journal.log";

/// The services without the places of their evidence.
#[track_caller]
fn services(ran: &Ran) -> Value {
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let mut services = ran.json()["services"].clone();
    forget_places(&mut services);
    services
}

fn forget_places(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("path");
            members.remove("line");
            members.values_mut().for_each(forget_places);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_places),
        _ => {}
    }
}

#[track_caller]
fn analyze(place: &Place) -> Ran {
    run(&mut command(place.path(), &["analyze", "--tz", "UTC", "--format", "json", "."]))
}

fn plain() -> Value {
    let place = Place::new();
    place.file("thumbs.log", corpus_file(LOG));
    services(&analyze(&place))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).expect("into memory");
    gzip.finish().expect("into memory")
}

/// The log in as many pieces, oldest first.
fn pieces(count: usize) -> Vec<Vec<u8>> {
    pieces_of(&corpus_file(LOG), count)
}

/// A text in as many pieces, cut at line ends.
fn pieces_of(log: &[u8], count: usize) -> Vec<Vec<u8>> {
    let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').collect();
    lines.chunks(lines.len().div_ceil(count)).map(<[&[u8]]>::concat).collect()
}

#[track_caller]
fn check(names: &[&str]) {
    let place = Place::new();
    for (name, piece) in names.iter().zip(pieces(names.len())) {
        place.file(name, if name.ends_with(".gz") { gzip(&piece) } else { piece });
    }
    assert_eq!(services(&analyze(&place)), plain(), "{names:?}");
}

/// Between copying a file and cutting it lines are written that end up in both pieces.
#[test]
fn what_stands_in_two_pieces_counts_once() {
    let log = corpus_file(LOG);
    let lines: Vec<&[u8]> = log.split_inclusive(|&byte| byte == b'\n').collect();
    let half = lines.len() / 2;
    for overlap in [12, 30] {
        let place = Place::new();
        place.file("thumbs.log.1", lines[..half + overlap].concat());
        place.file("thumbs.log", lines[half..].concat());
        let (seen, whole) = (services(&analyze(&place)), plain());
        for member in ["runs", "restarts", "ready_runs", "first", "last", "verdict"] {
            assert_eq!(seen[0][member], whole[0][member], "{member}, {overlap} lines twice");
        }
    }
}

#[test]
fn numbers_that_count_back() {
    check(&["thumbs.log.3.gz", "thumbs.log.2.gz", "thumbs.log.1", "thumbs.log"]);
    check(&["thumbs.11", "thumbs.10", "thumbs.9", "thumbs"]);
}

#[test]
fn dates() {
    check(&["thumbs.log-20260208.gz", "thumbs.log-20260209", "thumbs.log"]);
    check(&["thumbs.2026-02-08.log", "thumbs.2026-02-09.log", "thumbs.2026-02-10.log"]);
    check(&["thumbs-out__2026-02-08_00-00-00.log", "thumbs-out__2026-02-09_00-00-00.log", "thumbs-out.log"]);
}

#[test]
fn pieces_of_a_supervisors_logger() {
    check(&["thumbs/@400000006789abcd12345678.s", "thumbs/@400000006789abce12345678.u", "thumbs/current"]);
}

#[test]
fn logs_of_a_container_that_restarts() {
    check(&["ns_gw_uid/gw/0.log.20260209-031241", "ns_gw_uid/gw/0.log", "ns_gw_uid/gw/1.log"]);
}

/// Pieces whose lines have no time are in the order of their names.
#[test]
fn a_log_without_times() {
    let lines: Vec<String> =
        (0..9).map(|at| format!("Error: cannot open ledger {at}\n    at open (db.js:{at}:1)\n")).collect();
    let place = Place::new();
    place.file("db.log.2", lines[..3].concat());
    place.file("db.log.1", lines[3..6].concat());
    place.file("db.log", lines[6..].concat());
    let object = analyze(&place).json();
    assert_eq!(object["services"].as_array().map(Vec::len), Some(1), "{object}");
}

#[test]
fn two_logs_of_like_names_stay_two() {
    let place = Place::new();
    // The workers wrote at the same time: no rotation.
    place.file("thumbs.log.1", corpus_file(LOG));
    place.file("thumbs.log", [corpus_file(LOG).as_slice(), b"\n"].concat());
    let object = analyze(&place).json();
    assert_eq!(object["inputs"].as_array().map(Vec::len), Some(2));
    assert!(!object["inputs"].to_string().contains("counted once"), "{object}");
}

#[test]
fn a_copy_counts_once() {
    let place = Place::new();
    place.file("thumbs.log", corpus_file(LOG));
    place.file("old/thumbs.log", corpus_file(LOG));
    place.file("thumbs.log.gz", gzip(&corpus_file(LOG)));
    let ran = analyze(&place);
    assert_eq!(services(&ran), plain());
    let told = ran.json()["inputs"].to_string().matches("the same bytes as ./").count();
    assert_eq!(told, 2, "{}", ran.stdout);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn however_often_it_was_rotated(count in 1usize..12) {
        let place = Place::new();
        let pieces = pieces(count);
        for (age, piece) in pieces.iter().rev().enumerate() {
            match age {
                0 => place.file("thumbs.log", piece),
                1 => place.file("thumbs.log.1", piece),
                age => place.file(&format!("thumbs.log.{age}.gz"), gzip(piece)),
            };
        }
        prop_assert_eq!(services(&analyze(&place)), plain());
    }

    #[test]
    fn however_it_is_wrapped(
        log in proptest::sample::select(LOGS.to_vec()), cuts in 1usize..5, encoding in 0..3, compression in 0..4, archived in any::<bool>(),
    ) {
        let whole = Place::new();
        whole.file("app.log", corpus_file(log));
        let wrapped = Place::new();
        let mut archive = tar::Builder::new(Vec::new());
        let pieces = pieces_of(&corpus_file(log), cuts);
        for (age, piece) in pieces.iter().rev().enumerate() {
            let name = if age == 0 { "app.log".to_string() } else { format!("app.log.{age}") };
            let piece = compressed(encoded(piece, encoding), compression);
            if archived {
                let mut header = tar::Header::new_gnu();
                header.set_size(piece.len() as u64);
                header.set_mtime(1_770_000_000);
                archive.append_data(&mut header, name, piece.as_slice()).expect("into memory");
            } else {
                wrapped.file(&name, piece);
            }
        }
        if archived {
            wrapped.file("logs.tar", archive.into_inner().expect("into memory"));
        }
        prop_assert_eq!(services(&analyze(&wrapped)), services(&analyze(&whole)), "{} {} {} {}", log, cuts, encoding, compression);
    }
}

/// Logs with times of their own, of several formats.
const LOGS: [&str; 4] =
    [LOG, "two-supervisors/gateway.log", "config-invalid/journal.log", "fixed-halfway/journal.json"];

fn encoded(text: &[u8], encoding: i32) -> Vec<u8> {
    let text = std::str::from_utf8(text).expect("the corpora are UTF-8");
    match encoding {
        0 => text.into(),
        1 => text.replace('\n', "\r\n").into_bytes(),
        _ => "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
    }
}

fn compressed(bytes: Vec<u8>, compression: i32) -> Vec<u8> {
    match compression {
        0 => bytes,
        1 => gzip(&bytes),
        2 => liblzma::encode_all(bytes.as_slice(), 3).expect("into memory"),
        _ => zstd::encode_all(bytes.as_slice(), 0).expect("into memory"),
    }
}
