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

/// Two writers without a zone in one file, one in UTC and one in local time: the lines of the one are moved.
#[test]
fn two_clocks_without_a_zone_take_turns() {
    let log = |hours_beside: u32| {
        let mut log = String::new();
        for run in 0..6 {
            let minute = run * 2;
            let local = 10 + hours_beside;
            let _ = writeln!(log, "2026-02-03 10:{minute:02}:00,100 INFO spawned: 'gw' with pid {}", 800 + run);
            let _ = writeln!(log, "2026-02-03 {local:02}:{minute:02}:03,000 ERROR cannot open the ledger {run}");
            let _ = writeln!(log, "2026-02-03 10:{minute:02}:04,200 INFO exited: gw (exit status 1; not expected)");
        }
        log
    };
    let place = Place::new();
    place.file("gw.log", log(0));
    let right = analyze(&place, &["--tz", "UTC", "gw.log"]);
    assert_eq!(problems(&right), "[]");
    for hours in [1, 8] {
        place.file("gw.log", log(hours));
        let object = analyze(&place, &["--tz", "UTC", "gw.log"]);
        for member in ["restarts", "first", "last", "timeline", "stopped_by"] {
            assert_eq!(object["services"][0][member], right["services"][0][member], "{member}, {hours} hours beside");
        }
        assert!(problems(&object).contains(&format!("{hours} h apart")), "{}", problems(&object));
    }
}

fn touch(place: &Place, name: &str, text: &str, modified: u64) {
    let path = place.file(name, text);
    let file = std::fs::File::options().append(true).open(path).expect("the file");
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(modified)).expect("its time");
}

/// Logback's default layout tells no date: days are counted back from the file's own time.
#[test]
fn times_of_day_are_dated_from_the_end() {
    let place = Place::new();
    let times = ["22:00:00", "23:59:59", "00:00:01", "09:00:00", "21:00:00", "20:59:59", "03:00:00", "02:00:00"];
    let lines: Vec<String> =
        times.iter().map(|time| format!("{time}.250 [main] ERROR c.e.Gw - cannot open ledger\n")).collect();
    // The last line is of the 14th of January: seven hours of silence before the file was touched.
    touch(&place, "gw.log", &lines.concat(), 1_768_356_000 + 7 * 3600);
    let object = analyze(&place, &["--tz", "UTC", "gw.log"]);
    assert_eq!(object["inputs"][0]["first"], "2026-01-11T22:00:00.250Z");
    assert_eq!(object["inputs"][0]["last"], "2026-01-14T02:00:00.250Z");
    assert!(problems(&object).contains("time of day alone"), "{}", problems(&object));
    // A name with a date says it better than the time at which somebody copied the file.
    touch(&place, "gw-2026-01-05.log", &lines[2..4].concat(), 1_768_356_000);
    let object = analyze(&place, &["--tz", "UTC", "gw-2026-01-05.log"]);
    assert_eq!(object["inputs"][0]["last"], "2026-01-05T09:00:00.250Z");
}

/// A syslog that is hardly ever written to goes back for years.
#[test]
fn a_log_without_years_over_years() {
    let place = Place::new();
    let days = ["Mar  1", "Nov 30", "Feb 28", "Feb 20", "Dec 24"];
    let lines: Vec<String> =
        days.iter().map(|day| format!("{day} 08:00:00 mini gw[8]: error: cannot open\n")).collect();
    touch(&place, "messages", &lines.concat(), 1_767_225_700);
    let object = analyze(&place, &["--tz", "UTC", "messages"]);
    assert_eq!(object["inputs"][0]["first"], "2023-03-01T08:00:00Z");
    assert_eq!(object["inputs"][0]["last"], "2025-12-24T08:00:00Z");
}

/// When summer ends an hour comes twice: the order of the lines tells which is which.
#[test]
fn the_hour_that_comes_twice() {
    let place = Place::new();
    let mut log = String::new();
    for (hour, pass) in [(1, 0), (2, 0), (2, 1), (3, 1)] {
        for minute in (0..60).step_by(5) {
            let _ = writeln!(log, "2026-10-25 {hour:02}:{minute:02}:00,000 ERROR cannot open the ledger {pass}");
        }
    }
    place.file("gw.log", log);
    let object = analyze(&place, &["--tz", "Europe/Berlin", "gw.log"]);
    assert_eq!(problems(&object), "[]");
    assert_eq!(object["inputs"][0]["first"], "2026-10-24T23:00:00.000Z");
    assert_eq!(object["inputs"][0]["last"], "2026-10-25T02:55:00.000Z");
}

/// A manager of whole seconds, and a program whose words nobody has a grammar for.
#[test]
fn who_is_ready_within_the_second_of_an_end_is_the_next_run() {
    let manager = "2026-11-26T13:42:30: PM2 log: App [policyd:0] starting in -fork mode-\n\
                   2026-11-26T13:42:31: PM2 log: App [policyd:0] exited with code [1] via signal [SIGINT]\n\
                   2026-11-26T13:42:31: PM2 log: App [policyd:0] starting in -fork mode-\n\
                   2026-11-26T13:42:32: PM2 log: App [policyd:0] exited with code [1] via signal [SIGINT]\n\
                   2026-11-26T13:42:32: PM2 log: App [policyd:0] starting in -fork mode-\n";
    let own = "2026-11-26T13:42:30.836Z [policyd] starting policyd 1.4.2\n\
               2026-11-26T13:42:31.530Z [policyd] starting policyd 1.4.2\n\
               2026-11-26T13:42:32.883Z [policyd] starting policyd 1.4.2\n\
               2026-11-26T13:42:32.888Z [policyd] policyd listening on http://127.0.0.1:39905\n";
    let told = crate::support::analyze(&[("pm2.log", manager), ("policyd-out.log", own)]);
    let service = &told["services"][0];
    assert_eq!((service["state"].as_str(), service["ready_runs"].as_u64()), (Some("ready"), Some(1)), "{told}");
    assert_eq!(service["incidents"][0]["ongoing"], false, "{told}");
}

/// A unit that fails each minute, in a journal whose months are written so.
fn journal(month: &str) -> String {
    let mut log = String::new();
    for minute in 10..14 {
        let _ = write!(
            log,
            "{month} 08 18:{minute}:04 gw systemd[1]: Starting kilnd.service - Kiln...\n\
             {month} 08 18:{minute}:05 gw kilnd[{}]: ERROR: no rates in the table\n\
             {month} 08 18:{minute}:05 gw systemd[1]: kilnd.service: Main process exited, code=exited, status=1/FAILURE\n\
             {month} 08 18:{minute}:05 gw systemd[1]: kilnd.service: Failed with result 'exit-code'.\n",
            4000 + minute
        );
    }
    log
}

#[test]
fn months_are_read_in_the_words_of_many_lands() {
    for (month, number) in
        [("lis", "11"), ("Eki", "10"), ("10月", "10"), ("10월", "10"), ("июл", "07"), ("heinä", "07")]
    {
        let place = Place::new();
        place.file("journal.log", journal(month));
        let told = analyze(&place, &["--tz", "UTC", "journal.log"]);
        assert_eq!(told["services"][0]["restarts"], 3, "{month}: {told}");
        let first = told["services"][0]["first"].as_str().unwrap_or_default();
        assert!(first.contains(&format!("-{number}-08T18:10:04")), "{month}: {first}");
    }
}

#[test]
fn a_time_of_day_after_a_date_is_the_next_such_time() {
    let mut log = String::new();
    for second in (10..50).step_by(10) {
        let _ = write!(
            log,
            "[07:56:{second}] INFO: Starting Kiln Board...\n\
             2026-06-19 07:56:{:02}.897 ERROR (MainThread) [root] no rates in the table\n\
             [07:56:{:02}] INFO: Service Kiln Board exited with code 1 (by signal 0)\n",
            second + 4,
            second + 4
        );
    }
    let place = Place::new();
    place.file("board.log", &log);
    let told = analyze(&place, &["--tz", "UTC", "board.log"]);
    let last = told["services"].as_array().into_iter().flatten().filter_map(|service| service["last"].as_str());
    let last: Vec<&str> = last.collect();
    assert!(!last.is_empty() && last.iter().all(|last| last.starts_with("2026-06-19T07:56:4")), "{last:?}");
}

#[test]
fn newest_first_shows_in_few_seconds() {
    let forward = journal("Nov").replace("18:11:", "18:10:").replace("18:12:", "18:10:").replace("18:13:", "18:10:");
    let mut second = 0;
    let spread: Vec<String> = forward
        .lines()
        .enumerate()
        .map(|(at, line)| {
            second += u32::from(at > 0 && at % 4 == 0);
            format!("{}{second}{}", &line[..14], &line[15..])
        })
        .collect();
    let backward: Vec<&str> = spread.iter().rev().map(String::as_str).collect();
    let place = Place::new();
    place.file("journal.log", spread.join("\n") + "\n");
    let told = analyze(&place, &["--tz", "UTC", "journal.log"]);
    place.file("journal.log", backward.join("\n") + "\n");
    let same = analyze(&place, &["--tz", "UTC", "journal.log"]);
    for key in ["restarts", "ready_runs", "verdict"] {
        assert_eq!(told["services"][0][key], same["services"][0][key], "{same}");
    }
    assert_eq!(told["services"][0]["restarts"], 3, "{told}");
}

#[test]
fn newest_first_is_seen_through_two_clocks() {
    let mut log = String::new();
    for run in 0..5 {
        let hour = 1 + run;
        let _ = write!(
            log,
            "Mar 29 {hour:02}:20:10 box systemd[1]: Started gw.service - Gateway.\n\
             Mar 29 {hour:02}:20:14 box gw[{run}11]: 2026-03-29T{hour:02}:20:14.700-04:00 INFO server listening on :8080\n\
             Mar 29 {hour:02}:58:40 box gw[{run}11]: 2026-03-29T{hour:02}:58:40.500-04:00 ERROR the ledger is torn\n\
             Mar 29 {hour:02}:58:41 box systemd[1]: gw.service: Main process exited, code=exited, status=1/FAILURE\n\
             Mar 29 {hour:02}:58:47 box systemd[1]: gw.service: Scheduled restart job, restart counter is at {run}.\n"
        );
    }
    let place = Place::new();
    place.file("oldest.log", &log);
    let newest: String = log.lines().rev().flat_map(|line| [line, "\n"]).collect();
    place.file("newest.log", &newest);
    let counts = |name: &str| {
        let told = analyze(&place, &["--tz", "UTC", name]);
        let service = &told["services"][0];
        (service["restarts"].to_string(), service["ready_runs"].to_string(), service["first"].to_string())
    };
    assert_eq!(counts("newest.log"), counts("oldest.log"));
}
