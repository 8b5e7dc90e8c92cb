//! State on disk: a watch that is killed at any moment goes on as if nothing had been.

use crate::support::{Place, corpus_file};
use crate::watch::running::{Running, lines, same, until};
use crate::watch::writing::{Chance, analyzed, analyzed_bytes, append, numbered};
use std::fs;
use std::time::Duration;

const STATE: [&str; 4] = ["--state", "state", "--checkpoint-every", "100ms"];

#[track_caller]
fn start(place: &Place, paths: &[&str]) -> Running {
    Running::start(place.path(), &[&STATE, paths].concat())
}

#[test]
fn killed_at_any_moment_while_files_are_written() {
    let mut chance = Chance(1);
    let place = Place::new();
    let log = corpus_file("config-invalid/journal.log");
    for part in 0..50 {
        let watch = start(&place, &["logs"]);
        fs::create_dir_all(place.path().join("logs")).expect("it is made");
        let piece = &log[log.len() * part / 50..log.len() * (part + 1) / 50];
        let (early, late) = piece.split_at(piece.len() / 2);
        append(&place.path().join("logs/journal.log"), early);
        append(&place.path().join("logs/worker.log"), numbered(part as u64 * 10..part as u64 * 10 + 10));
        std::thread::sleep(Duration::from_millis(chance.below(250)));
        append(&place.path().join("logs/journal.log"), late);
        watch.kill();
    }
    let mut watch = start(&place, &["logs"]);
    let wanted = analyzed(&place, &["logs"]);
    watch.wait_for_lines(lines(&wanted));
    same(&watch.stop().diagnosis(), &wanted, "the end");
}

#[test]
fn killed_while_large_files_are_written() {
    let mut chance = Chance(2);
    let place = Place::new();
    let log = place.file("logs/worker.log", numbered(0..15_000));
    let mut written = 15_000;
    for _ in 0..6 {
        let watch = start(&place, &["logs"]);
        append(&log, numbered(written..written + 1500));
        written += 1500;
        std::thread::sleep(Duration::from_millis(chance.below(3000)));
        watch.kill();
    }
    let mut watch = start(&place, &["logs"]);
    watch.wait_for_lines(written);
    same(&watch.stop().diagnosis(), &analyzed(&place, &["logs"]), "the end");
}

#[test]
fn killed_while_a_pipe_is_fed() {
    let mut chance = Chance(3);
    let place = Place::new();
    let mut all = String::new();
    for part in 0..50u64 {
        let mut watch = start(&place, &[]);
        let (first, end) = (part * 10, part * 10 + 10);
        for number in first..end {
            watch.write(numbered(number..number + 1));
        }
        all += &numbered(first..end);
        watch.wait_for_line(end);
        let events = watch.said.iter().filter(|line| line["kind"] == "event");
        let told: u64 = events.filter_map(|line| line["count"].as_u64()).sum();
        assert_eq!(told, 10, "part {part}: {:#?}", watch.said);
        std::thread::sleep(Duration::from_millis(chance.below(200)));
        watch.kill();
    }
    let mut watch = start(&place, &[]);
    watch.close();
    same(&watch.end().diagnosis(), &analyzed_bytes(all.as_bytes()), "the end");
}

#[test]
fn a_pipe_with_much_in_it() {
    let place = Place::new();
    let mut all = String::new();
    for part in 0..6 {
        let mut watch = start(&place, &[]);
        let text = numbered(part * 4000..(part + 1) * 4000);
        watch.write(&text);
        all += &text;
        watch.wait_for_lines((part + 1) * 4000);
        if part % 2 == 0 { watch.kill() } else { assert_eq!(watch.stop().status, Some(0)) }
    }
    let mut watch = start(&place, &[]);
    watch.close();
    same(&watch.end().diagnosis(), &analyzed_bytes(all.as_bytes()), "the end");
}

/// Its end went with the process that wrote it: what comes next is another line.
#[test]
fn half_a_line_in_a_pipe() {
    let place = Place::new();
    let mut watch = start(&place, &["--line-timeout", "50ms"]);
    watch.write(numbered(0..1) + "2026-02-03T04:00:05Z ERROR worker: cannot bind: EADDRINUSE");
    watch.wait_for_event("EADDRINUSE");
    watch.kill();
    let mut watch = start(&place, &[]);
    watch.write(numbered(1..2));
    watch.wait_for_event("job 1 failed");
    watch.close();
    let seen = watch.end().diagnosis();
    let whole = numbered(0..1) + "2026-02-03T04:00:05Z ERROR worker: cannot bind: EADDRINUSE\n" + &numbered(1..2);
    same(&seen, &analyzed_bytes(whole.as_bytes()), "the end");
}

#[test]
fn what_was_told_is_not_told_again() {
    let place = Place::new();
    let log = place.file("worker.log", numbered(0..1));
    let mut watch = start(&place, &["worker.log"]);
    watch.wait_for_lines(1);
    append(&log, numbered(1..3));
    watch.wait_for_event("job 1 failed");
    watch.wait_for_lines(3);
    assert_eq!(watch.stop().status, Some(0));
    // Written while nobody watched.
    append(&log, numbered(3..5));
    let mut watch = start(&place, &["worker.log"]);
    watch.wait_for_lines(5);
    let ended = watch.stop();
    let told: Vec<_> =
        ended.of_kind("event").iter().map(|event| (event["line"].clone(), event["count"].clone())).collect();
    assert_eq!(told, [(4.into(), 2.into())]);
}

#[test]
fn a_damaged_checkpoint_is_put_aside() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 4] = [
        ("a flipped bit", |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            bytes
        }),
        ("cut short", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("empty", |_| Vec::new()),
        ("another file", |_| b"something else".to_vec()),
    ];
    let place = Place::new();
    place.file("logs/journal.log", corpus_file("unknown-error/journal.log"));
    place.file("logs/worker.log", numbered(0..20));
    let wanted = analyzed(&place, &["logs"]);
    for (at, (about, damage)) in damages.into_iter().enumerate() {
        same(&start(&place, &["logs"]).stop().diagnosis(), &wanted, "before");
        let checkpoint = place.path().join("state/checkpoint");
        fs::write(&checkpoint, damage(fs::read(&checkpoint).expect("it is there"))).expect("it is written");
        let mut watch = start(&place, &["logs"]);
        watch.wait_for_note("the checkpoint is damaged");
        assert!(place.path().join(format!("state/checkpoint.damaged-{}", at + 1)).exists());
        same(&watch.stop().diagnosis(), &wanted, about);
    }
}

#[test]
fn one_state_has_one_watch() {
    let place = Place::new();
    place.file("logs/worker.log", numbered(0..3));
    let mut first = start(&place, &["logs"]);
    first.wait_for_lines(3);
    let second = start(&place, &["logs"]).end();
    assert_eq!(second.status, Some(2));
    let told = "relapse: --state state: another relapse watches with this state; give each a folder of its own\n";
    assert_eq!(second.stderr, told);
    // The first goes on, and when it has ended another one may follow.
    append(&place.path().join("logs/worker.log"), numbered(3..4));
    first.wait_for_event("job 3 failed");
    first.stop();
    assert_eq!(lines(&start(&place, &["logs"]).stop().diagnosis()), 4);
}

#[test]
fn a_file_that_went_while_nobody_watched() {
    let place = Place::new();
    let log = place.file("logs/worker.log", numbered(0..3));
    place.file("logs/other.log", numbered(100..101));
    start(&place, &["logs"]).stop();
    fs::remove_file(&log).expect("it is removed");
    let mut watch = start(&place, &["logs"]);
    watch.wait_for_note("it is gone since the last checkpoint");
    assert_eq!(lines(&watch.stop().diagnosis()), 1);
}

#[test]
fn a_folder_that_cannot_be_written() {
    let place = Place::new();
    place.file("state", "a file");
    let ended = start(&place, &["."]).end();
    assert_eq!(ended.status, Some(2));
    assert!(ended.stderr.starts_with("relapse: --state state: "), "{}", ended.stderr);
}

#[test]
fn checkpoints_are_written_in_time() {
    let place = Place::new();
    let log = place.file("worker.log", numbered(0..3));
    let checkpoint = place.path().join("state/checkpoint");
    let _watch = start(&place, &["worker.log"]);
    until("a checkpoint", || checkpoint.exists());
    let first = fs::read(&checkpoint).expect("it is there");
    append(&log, numbered(3..6));
    until("another one", || fs::read(&checkpoint).is_ok_and(|bytes| bytes != first));
}
