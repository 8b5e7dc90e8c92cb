//! A watch for ever: what is laid down keeps its counts, and comes back at the end.

use relapse::diagnosis::{Diagnosis, Question, State};
use relapse::evidence::Segment;
use relapse::input::follow::{Follower, Watched};
use relapse::live::streams::{Reading, Streams};
use relapse::scan::{Options, Scanner};
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn streams(scanner: &Arc<Scanner>, window: usize, folder: Option<PathBuf>) -> Streams {
    let mut streams = watching(&[], scanner, window, folder);
    streams.open_pipe(0, "-");
    streams
}

/// What must not depend on how much was laid down.
fn totals(diagnosis: &Diagnosis) -> Vec<(String, u64, u64, u64, u64, String)> {
    let total = |service: &relapse::diagnosis::model::Service| {
        (
            service.service.clone(),
            service.runs,
            service.restarts,
            service.ready_runs,
            service.planned_restarts,
            service.verdict.word().to_string(),
        )
    };
    diagnosis.services.iter().map(total).collect()
}

fn cause_runs(diagnosis: &Diagnosis) -> Vec<(String, u64)> {
    let causes = diagnosis.services.iter().flat_map(|service| &service.incidents).flat_map(|incident| &incident.causes);
    let mut runs: Vec<(String, u64)> =
        causes.filter(|cause| cause.role == "root").map(|cause| (cause.id.clone(), cause.runs)).collect();
    runs.sort();
    runs
}

/// A loop of a thousand runs: they die by one thing, then by another; each fifth one was ready.
fn log() -> Vec<u8> {
    let mut log = String::new();
    let mut say = |ms: u64, what: &str| {
        let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        log += &format!("2026-02-03T{h:02}:{m:02}:{s:02}.{:03}Z {what}\n", ms % 1000);
    };
    for run in 0..1000 {
        let at = run * 9000;
        say(at, "[gateway] loading configuration…");
        say(at + 130, "[gateway] starting...");
        if run % 5 == 0 {
            say(at + 2000, "[gateway] ready");
        }
        for step in 0..20 {
            say(at + 2100 + step * 10, &format!("[agent] turn {step} of run {run} took {} ms", 40 + step));
        }
        match run < 600 {
            true => {
                say(at + 4000, "[openclaw] Uncaught exception: Error: SQLITE_CANTOPEN: unable to open database file")
            }
            false => say(at + 4000, "[openclaw] Uncaught exception: Error: Cannot find module './policy-engine.js'"),
        }
    }
    log.into_bytes()
}

fn check(folder: Option<PathBuf>) {
    let scanner = Arc::new(Scanner::built_in(Options::default()));
    let question = Question::default();
    let mut all = streams(&scanner, usize::MAX, None);
    let mut few = streams(&scanner, 6 << 10, folder);
    let mut laid_down = 0;
    for piece in log().chunks(50_000) {
        all.push(0, piece);
        few.push(0, piece);
        laid_down += u32::from(few.keep_bounds(&question).expect("there is room"));
        let whole = Diagnosis::of(&all.evidence(), &scanner.pack, &question);
        let folded = {
            let rest = Diagnosis::of(&few.evidence(), &scanner.pack, &question);
            few.with_past(rest)
        };
        assert_eq!(totals(&folded), totals(&whole));
    }
    assert!(laid_down > 3, "only {laid_down} times");
    let whole =
        Diagnosis::of(&all.last_evidence().expect("no overlap").expect("all is there"), &scanner.pack, &question);
    let folded = {
        let rest = Diagnosis::of(&few.evidence(), &scanner.pack, &question);
        few.with_past(rest)
    };
    assert_eq!(
        cause_runs(&folded).iter().map(|(_, runs)| runs).sum::<u64>(),
        cause_runs(&whole).iter().map(|(_, runs)| runs).sum::<u64>()
    );
    let last =
        Diagnosis::of(&few.last_evidence().expect("no overlap").expect("all is there"), &scanner.pack, &question);
    assert_eq!(last, whole);
}

#[test]
fn what_is_laid_down_in_memory_keeps_its_counts() {
    check(None);
}

#[test]
fn what_is_laid_down_in_a_folder_keeps_its_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    check(Some(folder.path().into()));
}

fn watching(names: &[PathBuf], scanner: &Arc<Scanner>, window: usize, state: Option<PathBuf>) -> Streams {
    let reading = Reading {
        zone: jiff::tz::TimeZone::UTC,
        selection: Default::default(),
        line_timeout: Duration::from_secs(2),
        history: true,
        window,
    };
    let watched = Watched::new(names, Default::default()).expect("names");
    Streams::new(Arc::clone(scanner), reading, Follower::new(watched), state)
}

/// What stays of a service's state.
fn states(diagnosis: &Diagnosis) -> Vec<(String, State)> {
    diagnosis.services.iter().map(|service| (service.service.clone(), service.state)).collect()
}

/// A journal of three services: one is in a crash loop, the others start before it, and one of those is ended after it.
fn journal() -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    let line = |s: u64, what: &str| format!("Feb 03 {:02}:{:02}:{:02} host {what}\n", s / 3600, s / 60 % 60, s % 60);
    let started = line(1, "systemd[1]: Starting steady.service - Steady...")
        + &line(1, "steady[70]: Server listening on http://127.0.0.1:9000")
        + &line(1, "systemd[1]: Started steady.service - Steady.")
        + &line(2, "systemd[1]: Starting redis-server.service - Store...")
        + &line(2, "redis-server[71]: 71:M 03 Feb 2026 00:00:02.100 * Ready to accept connections tcp")
        + &line(2, "systemd[1]: Started redis-server.service - Store.");
    pieces.push(started.into_bytes());
    let filler = "and so it goes ".repeat(100);
    for run in 0..1200 {
        let (at, pid) = (10 + run * 10, 100 + run);
        let run = line(at, "systemd[1]: Started loopy.service - Loopy.")
            + &line(at + 1, &format!("steady[70]: turn {run} took {} ms: {filler}", 40 + run % 7))
            + &line(at + 2, &format!("loopy[{pid}]: Error: SQLITE_CANTOPEN: unable to open database file"))
            + &line(at + 3, "systemd[1]: loopy.service: Main process exited, code=exited, status=1/FAILURE")
            + &line(at + 3, "systemd[1]: loopy.service: Failed with result 'exit-code'.")
            + &line(
                at + 8,
                &format!("systemd[1]: loopy.service: Scheduled restart job, restart counter is at {}.", pid),
            );
        pieces.push(run.into_bytes());
    }
    let ended = line(13_000, "systemd[1]: steady.service: Main process exited, code=killed, status=9/KILL")
        + &line(13_000, "systemd[1]: steady.service: Failed with result 'signal'.");
    pieces.push(ended.into_bytes());
    pieces
}

#[test]
fn a_life_that_goes_on_is_known_when_its_start_was_laid_down() {
    let scanner = Arc::new(Scanner::built_in(Options::default()));
    let (mut all, mut few) = (streams(&scanner, usize::MAX, None), streams(&scanner, 6 << 10, None));
    let mut laid_down = 0;
    for (number, piece) in journal().iter().enumerate() {
        all.push(0, piece);
        few.push(0, piece);
        laid_down += u32::from(few.keep_bounds(&Question::default()).expect("there is room"));
        if number % 50 == 0 || number > 1190 {
            let (whole, folded) = (folded(&mut all), folded(&mut few));
            assert_eq!((totals(&folded), states(&folded)), (totals(&whole), states(&whole)), "after piece {number}");
        }
    }
    assert!(laid_down > 3, "only {laid_down} times");
    let all_ready = folded(&mut few).services.iter().filter(|service| service.ready_runs == 1).count();
    assert_eq!(all_ready, 2);
    let restarts: Vec<u64> = folded(&mut few).services.iter().map(|service| service.restarts).collect();
    assert_eq!(restarts.iter().sum::<u64>(), 1199, "{restarts:?}");
}

/// Looks until there is nothing new, and memory is as small as it should be. Gives how often it was made so.
fn look(streams: &mut Streams) -> u32 {
    let mut laid_down = 0;
    loop {
        let more = streams.look(&mut Vec::new()).1;
        laid_down += u32::from(streams.keep_bounds(&Question::default()).expect("there is room"));
        if !more {
            return laid_down;
        }
    }
}

fn folded(streams: &mut Streams) -> Diagnosis {
    let rest = streams.diagnosis(&Question::default());
    streams.with_past(rest)
}

#[test]
fn what_was_laid_down_of_a_file_counts_once_when_it_is_packed_or_read_anew() {
    let scanner = Arc::new(Scanner::built_in(Options::default()));
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let log = log();
    fs::write(file("x.log"), &log).expect("it is written");
    let mut streams = watching(&[folder.path().into()], &scanner, 6 << 10, None);
    assert!(look(&mut streams) > 0, "nothing was laid down");
    let before = totals(&folded(&mut streams));

    fs::rename(file("x.log"), file("x.log.1")).expect("it is renamed");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&log).expect("memory takes it");
    fs::write(file("x.log.1.gz"), packed.finish().expect("memory takes it")).expect("it is written");
    fs::remove_file(file("x.log.1")).expect("it is removed");
    let end = Instant::now() + Duration::from_secs(30);
    // The packed one is read once it has been still, and the removed one let go.
    while streams.evidence().streams.keys().map(String::as_str).collect::<Vec<_>>()
        != [file("x.log.1.gz").to_str().expect("a name")]
    {
        assert!(Instant::now() < end, "{:?}", streams.evidence().streams.keys());
        look(&mut streams);
        std::thread::sleep(Duration::from_millis(20));
    }
    look(&mut streams);
    assert_eq!(totals(&folded(&mut streams)), before);

    // All of it comes back into memory, and is counted anew.
    streams.read_anew(Arc::new(Scanner::built_in(Options::default())));
    look(&mut streams);
    look(&mut streams);
    assert_eq!(totals(&folded(&mut streams)), before);
    let last = streams.last_evidence().expect("no overlap").expect("all is there");
    assert_eq!(totals(&Diagnosis::of(&last, &scanner.pack, &Question::default())), before);
}

#[test]
fn what_cannot_be_laid_down_stays() {
    let scanner = Arc::new(Scanner::built_in(Options::default()));
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("x.log"), log()).expect("it is written");
    // There is no such folder, as when a disk is full or gone.
    let mut streams = watching(&[folder.path().into()], &scanner, 6 << 10, Some(folder.path().join("away")));
    while streams.look(&mut Vec::new()).1 {}
    let before = totals(&folded(&mut streams));
    assert!(streams.keep_bounds(&Question::default()).is_err());
    assert_eq!(totals(&folded(&mut streams)), before);
    assert!(streams.last_evidence().expect("no overlap").is_some());
}

/// A journal in which each run is another process, that tells of its start and of its readiness itself.
fn processes(runs: u64) -> String {
    let line = |run: u64, pid: u64, unit: &str, what: &str| {
        let us = 1_770_076_800_000_000 + run * 10_000_000;
        format!(
            r#"{{"__REALTIME_TIMESTAMP":"{us}","_PID":"{pid}","SYSLOG_IDENTIFIER":"{unit}","_SYSTEMD_UNIT":"{unit}.service","PRIORITY":"6","MESSAGE":"{what}"}}"#
        ) + "\n"
    };
    let one = |run: u64| {
        let told =
            ["[gateway] loading configuration…", "[gateway] starting...", "[gateway] ready", "Server listening on :80"];
        let own = told.map(|what| line(run, 100 + run, "mill", what)).concat();
        own + &line(run, 100 + run, "other", "Server listening on http://127.0.0.1:1")
    };
    (0..runs).map(one).collect()
}

#[test]
fn what_stays_is_bounded() {
    let scanner = Arc::new(Scanner::built_in(Options::default()));
    let stays = |runs: u64| {
        let mut streams = streams(&scanner, usize::MAX, None);
        streams.push(0, processes(runs).as_bytes());
        let evidence = streams.last_evidence().expect("no overlap").expect("all is there");
        let segments = evidence.streams.values().flat_map(|stream| stream.segments.values());
        let residues: Vec<_> = segments.map(Segment::residue).collect();
        assert!(!residues.is_empty());
        residues.iter().map(|residue| (residue.ledger.events().count(), residue.actors.len())).collect::<Vec<_>>()
    };
    assert_eq!(stays(100), stays(1000));
    assert!(stays(100).iter().any(|(events, _)| *events > 0));
}
