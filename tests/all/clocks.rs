//! Times as logs of many machines have them: zones told and not told, New Year, clocks that jump.

use crate::support::Place;
use serde_json::Value;
use std::fmt::Write;

#[track_caller]
fn analyze(place: &Place, arguments: &[&str]) -> Value {
    let ran = place.relapse(&[&["analyze", "--format", "json"], arguments].concat());
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
    ran.json()
}

fn problems(object: &Value) -> String {
    object["inputs"][0]["problems"].to_string()
}

/// A supervisor that writes local time without a zone, and a program that tells its zone.
fn mixed_clocks(hours_beside: i32) -> String {
    let mut log = String::new();
    for run in 0..5 {
        let minute = run * 2;
        let local = 10 + hours_beside;
        let _ = writeln!(log, "2026-02-03 {local:02}:{minute:02}:00,100 INFO spawned: 'gw' with pid {}", 800 + run);
        let _ = writeln!(log, "2026-02-03T10:{minute:02}:03.000Z ERROR cannot open the ledger {run}");
        let _ = writeln!(log, "2026-02-03 {local:02}:{minute:02}:04,200 INFO exited: gw (exit status 1; not expected)");
    }
    log
}

#[test]
fn lines_without_a_zone_are_moved_to_their_neighbours() {
    let place = Place::new();
    place.file("gw.log", mixed_clocks(0));
    let right = analyze(&place, &["--tz", "UTC", "gw.log"]);
    assert_eq!(problems(&right), "[]");
    assert_eq!(right["services"][0]["restarts"], 4, "{right}");
    for hours in [-5, 1, 9] {
        place.file("gw.log", mixed_clocks(hours));
        let object = analyze(&place, &["--tz", "UTC", "gw.log"]);
        assert_eq!(object["services"], right["services"], "{hours} hours beside");
        assert_eq!(object["inputs"][0]["first"], right["inputs"][0]["first"]);
        let told = format!("lie {} h from those with one, and were moved by {:+}", hours.abs(), -hours);
        assert!(problems(&object).contains(&told), "{}", problems(&object));
    }
}

#[test]
fn the_zone_that_is_named_needs_no_move() {
    let place = Place::new();
    place.file("gw.log", mixed_clocks(1));
    assert_eq!(problems(&analyze(&place, &["--tz", "Europe/Berlin", "gw.log"])), "[]");
}

#[test]
fn a_clock_that_jumps_back_is_told() {
    let place = Place::new();
    let lines: Vec<String> = [10, 20, 30, 5, 15, 25]
        .iter()
        .map(|minute| format!("2026-02-03T04:{minute:02}:00Z ERROR cannot open ledger {minute}\n"))
        .collect();
    place.file("gw.log", lines.concat());
    let told = "times jump back by over a minute 1 times, first from 2026-02-03T04:30:00Z to 2026-02-03T04:05:00Z";
    assert!(problems(&analyze(&place, &["gw.log"])).contains(told));
}

/// Syslog's times have no year: the file's own time settles it, also across New Year.
#[test]
fn a_log_without_years_across_new_year() {
    let place = Place::new();
    let path = place.file("messages", "Dec 31 23:59:58 mini gw[8]: error: a\nJan  1 00:00:02 mini gw[8]: error: b\n");
    let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_767_225_700);
    let file = std::fs::File::options().append(true).open(path).expect("the file");
    file.set_modified(modified).expect("its time");
    let object = analyze(&place, &["--tz", "UTC", "messages"]);
    assert_eq!(object["inputs"][0]["first"], "2025-12-31T23:59:58Z");
    assert_eq!(object["inputs"][0]["last"], "2026-01-01T00:00:02Z");
    assert_eq!(problems(&object), "[]");
}
