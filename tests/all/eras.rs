//! A watch for ever: what is laid down keeps its counts, and comes back at the end.

use relapse::diagnosis::{Diagnosis, Question};
use relapse::input::follow::{Follower, Watched};
use relapse::live::streams::{Reading, Streams};
use relapse::scan::{Options, Scanner};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

fn streams(scanner: &Arc<Scanner>, window: usize, folder: Option<PathBuf>) -> Streams {
    let reading = Reading {
        zone: jiff::tz::TimeZone::UTC,
        selection: Default::default(),
        line_timeout: Duration::from_secs(2),
        history: true,
        window,
    };
    let watched = Watched::new(&[], Default::default()).expect("no names");
    let mut streams = Streams::new(Arc::clone(scanner), reading, Follower::new(watched), folder);
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
