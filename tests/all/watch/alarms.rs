//! Alarms: called at once, called once, and over when it is over.

use crate::support::Place;
use crate::watch::running::{DEADLINE, Ended, Running};
use crate::watch::writing::Journal;
use serde_json::Value;
use std::time::{Duration, Instant};

/// The alarms of the verdict lines, each once where it stays.
fn alarms(said: &[Value]) -> Vec<&str> {
    let verdicts = said.iter().filter(|line| line["kind"] == "verdict");
    let mut alarms: Vec<&str> = verdicts.filter_map(|line| line["alarm"].as_str()).collect();
    alarms.dedup();
    alarms
}

fn escalations(ended: &Ended) -> Vec<&str> {
    let mut told: Vec<&str> = ended.of_kind("verdict").iter().filter_map(|line| line["escalation"].as_str()).collect();
    told.dedup();
    told
}

/// A loop is called within a second of the line that makes it one, the second restart; a busy machine gets further chances.
#[test]
fn a_loop_is_called_at_once() {
    let mut took = Duration::MAX;
    for _ in 0..5 {
        let place = Place::new();
        let mut watch = Running::start(place.path(), &[]);
        let mut journal = Journal::since(60);
        watch.write(journal.start() + &journal.restarts(1));
        watch.wait_for("one restart", |line| line["kind"] == "verdict");
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(alarms(&watch.said), ["calm"]);
        let began = Instant::now();
        watch.write(journal.restarts(1));
        let verdict = watch.wait_for_alarm("firing");
        took = began.elapsed();
        assert_eq!((&verdict["verdict"], &verdict["restarts"]), (&"crash-loop".into(), &2.into()));
        assert_eq!(verdict["causes"], serde_json::json!(["port-in-use"]));
        let alert = watch.wait_for("the alert", |line| line["kind"] == "alert");
        assert_eq!((&alert["alert"]["status"], &alert["alert"]["restarts"]), (&"firing".into(), &2.into()));
        if took < Duration::from_secs(1) {
            return;
        }
    }
    panic!("the loop was called after {took:?}");
}

#[test]
fn it_is_called_once_and_over_once() {
    let place = Place::new();
    let mut watch = Running::start(place.path(), &["--quiet-time", "1s"]);
    let mut journal = Journal::since(120);
    watch.write(journal.start() + &journal.restarts(3));
    watch.wait_for_alarm("firing");
    for _ in 0..3 {
        watch.write(journal.restarts(2));
        std::thread::sleep(Duration::from_millis(150));
    }
    watch.write(journal.ready());
    watch.wait_for_alarm("settling");
    watch.wait_for_alarm("calm");
    let alert = watch.wait_for("the end of it", |line| line["kind"] == "alert");
    assert_eq!(alert["alert"]["status"], "resolved");
    assert_eq!(alert["alert"]["summary"], "relay is well again");
    // Nothing more is told while it goes on well.
    watch.write(journal.say("served 200 in 3 ms"));
    std::thread::sleep(Duration::from_millis(500));
    watch.close();
    let ended = watch.end();
    assert_eq!(ended.alerts(), ["firing", "resolved"]);
    let ids: Vec<&Value> = ended.of_kind("alert").iter().map(|line| &line["alert"]["id"]).collect();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(alarms(&ended.said), ["firing", "settling", "calm"]);
}

/// Each run becomes ready and dies before the quiet time: one incident.
#[test]
fn runs_that_are_ready_in_between_do_not_end_it() {
    let place = Place::new();
    let mut watch = Running::start(place.path(), &["--quiet-time", "30s"]);
    let mut journal = Journal::since(120);
    watch.write(journal.start() + &journal.restarts(3));
    watch.wait_for_alarm("firing");
    for _ in 0..3 {
        watch.write(journal.ready());
        watch.wait_for_alarm("settling");
        watch.write(journal.restarts(1));
        watch.wait_for_alarm("firing");
    }
    watch.close();
    let ended = watch.end();
    assert_eq!(ended.alerts(), ["firing"]);
}

/// What is an old story when the watch begins is not called.
#[test]
fn a_loop_that_was_over_long_ago_is_not_called() {
    let place = Place::new();
    let mut journal = Journal::since(7200);
    let mut text = journal.start() + &journal.restarts(5) + &journal.ready();
    journal.pass(3600);
    text += &journal.say("served 200 in 3 ms");
    place.file("journal.log", text);
    let mut watch = Running::start(place.path(), &["journal.log"]);
    let verdict = watch.wait_for("the verdict", |line| line["kind"] == "verdict");
    assert_eq!(verdict["restarts"], 5);
    let ended = watch.stop();
    assert!(ended.alerts().len() != 1, "{:#?}", ended.of_kind("alert"));
    assert_eq!(alarms(&ended.said).last(), Some(&"calm"), "{:#?}", ended.said);
}

#[test]
fn two_warning_signals_are_to_be_looked_into() {
    let place = Place::new();
    let mut watch = Running::start(place.path(), &[]);
    let mut journal = Journal::since(120);
    watch.write(journal.start() + &journal.ready());
    watch.write(journal.say("SqliteError: SQLITE_CANTOPEN: unable to open database file"));
    watch.wait_for("one signal", |line| line["signals"] == serde_json::json!(["sqlite-cantopen"]));
    watch.write(journal.say("[plugins] found 12 unfinished session files in /home/ops/.openclaw/agents/main/sessions"));
    let verdict = watch.wait_for("two signals", |line| line["signals"].as_array().is_some_and(|all| all.len() == 2));
    assert_eq!((&verdict["escalation"], &verdict["alarm"]), (&"investigate".into(), &"firing".into()));
    watch.close();
    let ended = watch.end();
    assert_eq!(escalations(&ended), ["none", "investigate"]);
    assert_eq!(ended.alerts(), ["firing"]);
}

#[test]
fn session_files_are_counted() {
    let place = Place::new();
    let mut watch = Running::start(place.path(), &[]);
    let mut journal = Journal::since(120);
    let found = |journal: &mut Journal, count: u32| {
        journal.say(&format!("[plugins] found {count} unfinished session files in /srv/sessions"))
    };
    watch.write(journal.start() + &journal.ready() + &found(&mut journal, 10));
    let verdict = watch.wait_for("the first verdict", |line| line["kind"] == "verdict");
    assert_eq!(verdict["signals"], serde_json::json!([]));
    watch.write(found(&mut journal, 11));
    let verdict = watch.wait_for("a signal", |line| line["signals"] == serde_json::json!(["session-files"]));
    assert_eq!((&verdict["escalation"], &verdict["alarm"]), (&"none".into(), &"calm".into()));
    watch.write(found(&mut journal, 50));
    watch.write(found(&mut journal, 51));
    let verdict = watch.wait_for_alarm("firing");
    assert_eq!(verdict["escalation"], "investigate");
    watch.close();
    assert_eq!(watch.end().alerts(), ["firing"]);
}

#[test]
fn alerts_reach_a_command() {
    let place = Place::new();
    let told = place.path().join("told");
    let mut watch = Running::start(place.path(), &["--alert-exec", "cat >> told; echo >> told"]);
    let mut journal = Journal::since(60);
    watch.write(journal.start() + &journal.restarts(3));
    let alert = watch.wait_for("the alert", |line| line["kind"] == "alert");
    let end = Instant::now() + DEADLINE;
    while !std::fs::read_to_string(&told).is_ok_and(|text| text.ends_with('\n')) {
        assert!(Instant::now() < end, "nobody was told");
        std::thread::sleep(Duration::from_millis(20));
    }
    let told: Value = serde_json::from_str(&std::fs::read_to_string(&told).expect("it is there")).expect("JSON");
    assert_eq!(told, alert["alert"]);
    assert!(told["last_lines"].as_array().is_some_and(|lines| !lines.is_empty()), "{told:#}");
    watch.close();
    watch.end();
}

/// Alarms are remembered: a watch that goes on does not call again.
#[test]
fn a_restarted_watch_does_not_call_again() {
    let place = Place::new();
    let log = place.path().join("journal.log");
    let arguments = ["--state", "state", "--checkpoint-every", "50ms", "journal.log"];
    let mut journal = Journal::since(60);
    crate::watch::writing::append(&log, journal.start() + &journal.restarts(4));
    let mut watch = Running::start(place.path(), &arguments);
    // Whether it is called before the end or at it.
    watch.wait_for_lines(17);
    assert_eq!(watch.stop().alerts(), ["firing"]);
    crate::watch::writing::append(&log, journal.restarts(2));
    let mut watch = Running::start(place.path(), &arguments);
    watch.wait_for_alarm("firing");
    watch.ask();
    assert_eq!(watch.stop().alerts(), [""; 0]);
}
