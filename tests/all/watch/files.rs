//! Files that grow and files that come later: the end is what `analyze` says of the folder.

use crate::support::{Place, corpus_file};
use crate::watch::running::{Running, lines, same};
use crate::watch::writing::{analyzed, append, numbered};
use std::time::Duration;

/// Asks until so many lines were counted, ends the watch, and compares the end with what `analyze` says.
#[track_caller]
fn check(place: &Place, mut watch: Running, paths: &[&str], wanted: u64) {
    watch.wait_for_lines(wanted);
    let seen = watch.stop().diagnosis();
    assert_eq!(lines(&seen), wanted);
    same(&seen, &analyzed(place, paths), "the end");
}

#[test]
fn several_writers_in_a_folder() {
    let place = Place::new();
    place.file("logs/empty.log", "");
    let watch = Running::start(place.path(), &["logs"]);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = place.path().join(format!("logs/{}writer-{writer}.log", if writer == 3 { "deep/" } else { "" }));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
            scope.spawn(move || {
                for step in 0..40 {
                    let text = numbered(step * 5..(step + 1) * 5);
                    let (half, rest) = text.split_at(100);
                    append(&path, half);
                    std::thread::sleep(Duration::from_millis(4 * writer));
                    append(&path, rest);
                }
            });
        }
    });
    check(&place, watch, &["logs"], 4 * 200);
}

#[test]
fn a_corpus_that_is_being_written() {
    let place = Place::new();
    let names = ["gateway.log", "supervisord.log", "openclaw-2026-02-05.log"];
    let logs: Vec<Vec<u8>> = names.iter().map(|name| corpus_file(&format!("expired-key/{name}"))).collect();
    let watch = Running::start(place.path(), &["."]);
    let mut wanted = 0;
    for part in 0..20 {
        for (name, log) in names.iter().zip(&logs) {
            append(&place.path().join(name), &log[log.len() * part / 20..log.len() * (part + 1) / 20]);
        }
        std::thread::sleep(Duration::from_millis(30));
    }
    for log in &logs {
        wanted += log.iter().filter(|&&byte| byte == b'\n').count() as u64;
    }
    check(&place, watch, &["."], wanted);
}

#[test]
fn a_named_file_that_is_not_there_yet() {
    let place = Place::new();
    let mut watch = Running::start(place.path(), &["logs/later.log"]);
    watch.ask();
    place.file("logs/later.log", numbered(0..3));
    watch.wait_for_line(3);
    append(&place.path().join("logs/later.log"), numbered(3..10));
    watch.wait_for_line(10);
    check(&place, watch, &["logs/later.log"], 10);
}

#[test]
fn a_file_that_appears_in_a_folder() {
    let place = Place::new();
    let first = place.file("logs/first.log", numbered(0..10));
    let mut watch = Running::start(place.path(), &["logs"]);
    watch.wait_for_lines(10);
    // What was there is not told of.
    append(&first, numbered(10..11));
    let event = watch.wait_for("the first event", |line| line["kind"] == "event");
    assert_eq!(event["line"], 11);
    let second = place.file("logs/second.log", numbered(100..101));
    watch.wait_for_event("job 100 failed");
    append(&second, numbered(101..105));
    watch.wait_for_line(5);
    check(&place, watch, &["logs"], 16);
}

#[test]
fn a_pattern() {
    let place = Place::new();
    place.file("logs/a.log", numbered(0..5));
    place.file("logs/a.txt", numbered(0..5));
    let mut watch = Running::start(place.path(), &["logs/*.log"]);
    watch.wait_for_lines(5);
    let b = place.file("logs/b.log", numbered(5..6));
    watch.wait_for_event("job 5 failed");
    place.file("logs/deeper/c.log", numbered(20..25));
    append(&b, numbered(6..8));
    check(&place, watch, &["logs/a.log", "logs/b.log"], 8);
}

#[test]
fn history_is_told_when_asked_for() {
    let place = Place::new();
    place.file("worker.log", numbered(0..3));
    let mut watch = Running::start(place.path(), &["--history", "."]);
    let event = watch.wait_for("the first event", |line| line["kind"] == "event");
    assert_eq!((&event["line"], &event["count"]), (&1.into(), &3.into()));
    check(&place, watch, &["."], 3);
}

#[test]
fn a_large_file_goes_on() {
    let place = Place::new();
    let log = place.file("worker.log", numbered(0..20_000));
    let mut watch = Running::start(place.path(), &["."]);
    watch.wait_for_lines(20_000);
    append(&log, numbered(20_000..20_002));
    let event = watch.wait_for_event("job 2000");
    assert_eq!(event["line"], 20_001);
    check(&place, watch, &["."], 20_002);
}

#[test]
fn a_file_and_a_pipe_together() {
    let place = Place::new();
    let log = place.file("worker.log", numbered(0..3));
    let mut watch = Running::start(place.path(), &["worker.log", "-"]);
    watch.write(numbered(100..102));
    watch.wait_for_event("job 10");
    watch.wait_for_lines(5);
    append(&log, numbered(3..4));
    watch.wait_for_event("job 3 failed");
    // The pipe ends, and the file goes on.
    watch.close();
    append(&log, numbered(4..5));
    watch.wait_for_event("job 4 failed");
    let seen = watch.stop().diagnosis();
    assert_eq!(lines(&seen), 7);
}
