//! A pipe: however its bytes come, the end is the diagnosis of `analyze -`, and nothing waits for it.

use crate::corpora::generate::small;
use crate::support::{Place, corpus_file};
use crate::watch::running::{Ended, Running, lines, same};
use crate::watch::writing::{Journal, analyzed_bytes, gzip, numbered};
use std::collections::BTreeMap;
use std::time::Duration;

/// Watches pieces of a stream, with a pause after each.
#[track_caller]
fn watch(pieces: &[&[u8]], pause: Duration, arguments: &[&str]) -> Ended {
    let place = Place::new();
    let mut watch = Running::start(place.path(), arguments);
    for piece in pieces {
        // What it cannot read it does not wait for.
        watch.offer(piece);
        std::thread::sleep(pause);
    }
    watch.close();
    watch.end()
}

/// The end is what `analyze` says of the bytes, however they came.
#[track_caller]
fn check(bytes: &[u8], pieces: &[&[u8]], pause: Duration, about: &str) {
    let ended = watch(pieces, pause, &[]);
    same(&ended.diagnosis(), &analyzed_bytes(bytes), about);
}

/// Cuts bytes into pieces of uneven lengths, most of them in the middle of a line.
fn cut(bytes: &[u8], longest: usize) -> Vec<&[u8]> {
    let lengths = [longest, 1, longest / 3, 7, longest / 2 + 1];
    let (mut rest, mut pieces) = (bytes, Vec::new());
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[test]
fn bursts_and_pauses_change_nothing() {
    let log = corpus_file("config-invalid/journal.log");
    for (longest, pause) in [(4000, 5), (30_000, 300), (700, 0)] {
        check(&log, &cut(&log, longest), Duration::from_millis(pause), &format!("pieces of {longest} bytes"));
    }
}

#[test]
fn lines_that_come_slowly_are_judged_whole() {
    let log = corpus_file("unknown-error/journal.log");
    let start = &log[..2000];
    let ended = watch(&cut(start, 150), Duration::from_millis(20), &["--line-timeout", "10ms"]);
    same(&ended.diagnosis(), &analyzed_bytes(start), "slow lines");
}

/// The files of each corpus.
fn corpora() -> BTreeMap<String, Vec<(String, Vec<u8>)>> {
    let mut corpora: BTreeMap<String, Vec<(String, Vec<u8>)>> = BTreeMap::new();
    for (path, content) in small() {
        let (corpus, _) = path.split_once('/').expect("a folder for each corpus");
        if corpus != "truth" {
            corpora.entry(corpus.into()).or_default().push((path, content));
        }
    }
    assert!(corpora.len() > 10);
    corpora
}

#[test]
fn every_corpus_in_one_stream() {
    for (corpus, files) in corpora() {
        let bytes: Vec<u8> = files.into_iter().flat_map(|(_, content)| content).collect();
        check(&bytes, &cut(&bytes, bytes.len() / 8 + 1), Duration::from_millis(10), &corpus);
    }
}

/// Large ones are in the streams above.
#[test]
fn every_file_of_every_corpus() {
    for (path, content) in corpora().into_values().flatten().filter(|(_, content)| content.len() < 40_000) {
        check(&content, &cut(&content, content.len() / 3 + 1), Duration::ZERO, &path);
    }
}

#[test]
fn an_event_is_told_while_the_pipe_is_open() {
    let place = Place::new();
    let mut watch = Running::start(place.path(), &[]);
    let mut journal = Journal::since(10);
    watch.write(journal.start());
    let event = watch.wait_for_event("Started relay.service");
    assert_eq!((&event["what"], &event["line"]), (&"start".into(), &1.into()));
    watch.write(journal.fail());
    let event = watch.wait_for_event("EADDRINUSE");
    assert_eq!((&event["what"], &event["id"], &event["line"]), (&"fault".into(), &"port-in-use".into(), &2.into()));
    watch.close();
    assert_eq!(watch.end().status, Some(0));
}

#[test]
fn a_line_waits_for_its_end_or_the_timeout() {
    let place = Place::new();
    let mut watch = Running::start(place.path(), &["--line-timeout", "200ms"]);
    watch.write("2026-02-03T04:00:00Z INFO worker: all is well\n");
    // Half of it tells nothing, the whole is a fault, and no end comes.
    watch.write("2026-02-03T04:00:01Z ERROR worker: cannot bind: EADDR");
    watch.write("INUSE: address already in use");
    let event = watch.wait_for_event("cannot bind: EADDRINUSE: address already in use");
    assert_eq!(event["line"], 2);
    // It is not told of again when its end comes.
    watch.write("\n2026-02-03T04:00:02Z ERROR worker: Cannot find module 'x'\n");
    watch.wait_for_event("Cannot find module");
    watch.close();
    let ended = watch.end();
    let bound = ended.of_kind("event").into_iter().filter(|event| event["line"] == 2).count();
    assert_eq!(bound, 1, "{:#?}", ended.said);
    assert_eq!(lines(&ended.diagnosis()), 3);
}

#[test]
fn a_line_without_its_end_is_not_judged_before() {
    let place = Place::new();
    let mut watch = Running::start(place.path(), &["--line-timeout", "1h"]);
    watch.write(numbered(0..1));
    watch.wait_for_event("job 0 failed");
    watch.write("2026-02-03T04:00:01Z ERROR worker: cannot bind: EADDRINUSE");
    assert_eq!(lines(&watch.ask_until("a diagnosis", |_| true)), 1);
    assert_eq!(watch.said.iter().filter(|line| line["kind"] == "event").count(), 1);
    watch.write(": address already in use\n");
    let event = watch.wait_for_event("already in use");
    assert_eq!((&event["line"], &event["count"]), (&2.into(), &1.into()));
}

#[test]
fn nothing_at_all() {
    check(b"", &[], Duration::ZERO, "no bytes");
}

#[test]
fn garbage() {
    let mut seed = 7u32;
    let mut byte = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    let noise: Vec<u8> = (0..100_000).map(|_| byte()).collect();
    let log = corpus_file("unknown-error/journal.log");
    for (about, bytes) in [
        ("noise", noise.clone()),
        ("a log, then noise", [&log[..], &noise[..20_000]].concat()),
        ("a log after noise", [&noise[..200], b"\n", &log[..]].concat()),
        ("a log with a zero byte in it", [&log[..5000], b"\0\0\0", &log[5000..]].concat()),
        ("line ends alone", vec![b'\n'; 1000]),
        ("returns", log.iter().flat_map(|&byte| if byte == b'\n' { vec![b'\r', b'\n'] } else { vec![byte] }).collect()),
    ] {
        check(&bytes, &cut(&bytes, 20_000), Duration::from_millis(5), about);
    }
}

#[test]
fn a_very_long_line() {
    let long = [&numbered(0..1).into_bytes()[..], &vec![b'x'; 1 << 20], b" ERROR at its end"].concat();
    check(&long, &cut(&long, 100_000), Duration::ZERO, "without its end");
    let more = [&long[..], b"\n", numbered(1..40).as_bytes()].concat();
    check(&more, &cut(&more, 100_000), Duration::ZERO, "with lines after it");
}

#[test]
fn a_compressed_stream() {
    let bytes = gzip(&corpus_file("config-invalid/journal.log"));
    check(&bytes, &cut(&bytes, 1000), Duration::from_millis(5), "whole");
    let short = &bytes[..bytes.len() / 2];
    check(short, &[short], Duration::ZERO, "cut short");
    assert_eq!(watch(&[short], Duration::ZERO, &[]).status, Some(1));
}

#[test]
fn an_archive_is_refused() {
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_dir_all("logs", crate::support::repository().join("corpora/upgrade")).expect("into memory");
    let ended = watch(&[&archive.into_inner().expect("into memory")], Duration::ZERO, &[]);
    assert_eq!(ended.status, Some(2));
    assert_eq!(ended.of_kind("note")[0]["text"], "an archive cannot be followed");
    assert_eq!(ended.diagnosis()["complete"], false);
}
