//! How a watch ends, what runs beside it, and what it says of mistakes in its use.

use crate::support::{Place, command, run};
use crate::watch::running::{DEADLINE, Running, lines, until};
use crate::watch::writing::{Journal, append, numbered};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Instant;

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    for format in ["text", "ndjson"] {
        let place = Place::new();
        let mut child = command(place.path(), &["watch", "--format", format])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(numbered(0..1).as_bytes()).expect("it reads");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("it prints");
        assert!(line.contains("job 0 failed"));
        drop(out);
        // It notices when it has something to say.
        let end = Instant::now() + DEADLINE;
        for number in 1.. {
            if stdin.write_all(numbered(number..number + 1).as_bytes()).is_err() {
                break;
            }
            assert!(Instant::now() < end, "it goes on without a reader");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{format}");
    }
}

#[test]
fn a_command_is_run_again() {
    let place = Place::new();
    let line = numbered(7..8);
    let shell = format!("printf '{}'; echo a word >&2; exit 3", line.replace('\n', "\\n"));
    let mut watch = Running::start(place.path(), &["--exec", &shell]);
    watch.wait_for_event("job 7 failed");
    watch.wait_for_note("the command ended (exit status: 3); it is started again in 1 s");
    watch.wait_for_event("job 7 failed");
    watch.wait_for_note("it is started again in 2 s");
    let ended = watch.stop();
    assert!(ended.of_kind("note").iter().any(|note| note["text"] == "a word"));
    assert_eq!(lines(&ended.diagnosis()), 2);
}

/// A command and all that it started end with the watch.
#[test]
fn a_command_ends_with_it() {
    let place = Place::new();
    let shell = "echo $$ > pid; (sleep 1000; echo never) | cat; sleep 1000";
    let watch = Running::start(place.path(), &["--exec", shell]);
    let pid = place.path().join("pid");
    until("the command", || std::fs::read_to_string(&pid).is_ok_and(|text| text.ends_with('\n')));
    let group = std::fs::read_to_string(&pid).expect("it is there").trim().to_string();
    assert_eq!(watch.stop().status, Some(0));
    let lives = || run(std::process::Command::new("sh").args(["-c", &format!("kill -0 -{group}")])).status == 0;
    until("the end of the command", || !lives());
}

#[test]
fn it_exits_on_an_incident() {
    let place = Place::new();
    let mut watch = Running::start(place.path(), &["--exit-on", "incident"]);
    let mut journal = Journal::since(60);
    watch.write(journal.start() + &journal.restarts(1));
    watch.wait_for("the verdict", |line| line["kind"] == "verdict");
    watch.write(journal.restarts(1));
    let ended = watch.end();
    assert_eq!(ended.status, Some(3), "{ended:#?}");
    assert_eq!(ended.alerts(), ["firing"]);
    assert_eq!(ended.diagnosis()["verdict"], "crash-loop");
}

#[test]
fn it_exits_once_all_is_well_again() {
    let place = Place::new();
    let log = place.path().join("journal.log");
    let mut watch = Running::start(place.path(), &["--exit-on", "recovered", "--quiet-time", "1s", "journal.log"]);
    let mut journal = Journal::since(60);
    append(&log, journal.start() + &journal.restarts(4));
    watch.wait_for_alarm("firing");
    append(&log, journal.ready());
    let ended = watch.end();
    assert_eq!(ended.status, Some(0), "{ended:#?}");
    assert_eq!(ended.alerts(), ["firing", "resolved"]);
}

#[test]
fn a_verdict_that_fails() {
    let place = Place::new();
    for (limit, status) in [("crash-loop", 3), ("degraded", 3)] {
        let mut watch = Running::start(place.path(), &["--fail-on", limit]);
        let mut journal = Journal::since(60);
        watch.write(journal.start() + &journal.restarts(4));
        watch.close();
        assert_eq!(watch.end().status, Some(status), "{limit}");
    }
    let mut watch = Running::start(place.path(), &["--fail-on", "degraded"]);
    let mut journal = Journal::since(60);
    watch.write(journal.start() + &journal.ready());
    watch.close();
    assert_eq!(watch.end().status, Some(0));
}

#[test]
fn mistakes_in_its_use() {
    let place = Place::new();
    for arguments in [
        &["--format", "json"][..],
        &["--quiet-time", "soon"],
        &["--quiet-time", "-5s"],
        &["--line-timeout", "2"],
        &["--checkpoint-every", "1s"],
        &["--exit-on", "monday"],
        &["--fail-on", "healthy"],
        &["--listen", "nowhere"],
        &["--listen", "0.0.0.0:0"],
        &["--token", "x"],
        &["--webhook", "not an address"],
        &["--since", "soon"],
        &["--tz", "Nowhere/Land"],
        &["--grammars", "missing"],
        &["["],
        &["--no-such-option"],
    ] {
        let ran = run(&mut command(place.path(), &[&["watch"], arguments].concat()));
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.starts_with("error: ") || ran.stderr.starts_with("relapse: "), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn words_for_people() {
    let place = Place::new();
    let mut child = command(place.path(), &["watch", "--tz", "UTC", "--format", "text"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut journal = Journal::since(60);
    let log = journal.start() + &journal.restarts(3);
    stdin.write_all(log.as_bytes()).expect("it reads");
    let mut text = String::new();
    while !text.contains("!! firing: relay") {
        assert!(out.read_line(&mut text).expect("it prints") > 0, "{text}");
    }
    assert!(text.contains("relay  port-in-use: "), "{text}");
    assert!(text.contains("== relay: crash-loop; firing; 3 restarts"), "{text}");
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
