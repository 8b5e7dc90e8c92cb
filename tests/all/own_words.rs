//! Programs that tell of their lives in words that no grammar knows, and logs that repeat themselves without any restart.

use crate::merge_law::{diagnosis, evidence_cut_at, whole_wherever_cut};
use crate::support::Place;
use proptest::prelude::*;
use serde_json::Value;
use std::fmt::Write;

#[track_caller]
fn analyze(log: &str) -> Value {
    let place = Place::new();
    place.file("kilnd.log", log);
    let ran = place.relapse(&["analyze", "--format", "json", "--tz", "UTC", "kilnd.log"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
    ran.json()
}

fn clock(second: usize) -> String {
    format!("2026-02-03T04:{:02}:{:02}.120Z", second / 60 % 60, second % 60)
}

/// A kiln that dies of a block in its memory, in each run: no level, no word that a grammar knows.
fn dies_at_init(runs: usize) -> String {
    let mut log = String::new();
    for run in 0..runs {
        let at = |after: usize| clock(run * 5 + after);
        let _ = write!(
            log,
            "{} kilnd firing up, firmware 7.0\n{} block 1 sealed ok\n\
             block 2 does not match its seal (computed {run}133), kiln stays cold\n",
            at(0),
            at(1)
        );
    }
    log
}

/// A desk that comes to work, and leaves its work after a while by a reason in plain words.
fn dies_at_work(runs: usize) -> String {
    let mut log = String::new();
    for run in 0..runs {
        let at = |after: usize| clock(run * 12 + after);
        let pid = 300 + run;
        let _ = writeln!(log, "{} desk[{pid}]: desk assembling", at(0));
        let _ = writeln!(log, "{} desk[{pid}]: desk staffed, orders welcome", at(1));
        for order in 0..5 {
            let _ = writeln!(log, "{} desk[{pid}]: order {} planned", at(2 + order), run * 5 + order);
        }
        let _ = writeln!(log, "{} desk[{pid}]: nobody left to drive, nothing planned", at(9));
    }
    log
}

#[test]
fn a_loop_is_counted_by_how_its_log_repeats_itself() {
    let told = analyze(&dies_at_init(6));
    let service = &told["services"][0];
    assert_eq!((told["verdict"].as_str(), service["restarts"].as_u64()), (Some("crash-loop"), Some(5)), "{told}");
    assert_eq!(service["ready_runs"], 0, "{service}");
    let causes = service["incidents"][0]["causes"].to_string();
    assert!(causes.contains("does not match its seal"), "{causes}");
    let notes = told["inputs"][0]["own_words"].to_string();
    assert!(notes.contains("`kilnd firing up, firmware <*>` begins a run"), "{notes}");
}

#[test]
fn what_was_learned_shows_no_secret() {
    let mut log = String::new();
    for run in 0..4 {
        let (start, work) = (clock(run * 9), clock(run * 9 + 1));
        let _ = write!(log, "{start} INFO gate boot pid={run}7 password=correct-horse-battery\n{work} INFO swings\n");
    }
    let told = analyze(&log).to_string();
    assert!(told.contains("begins a run") && !told.contains("horse"), "{told}");
}

#[test]
fn readiness_is_what_stands_once_before_the_work() {
    let told = analyze(&dies_at_work(5));
    let service = &told["services"][0];
    assert_eq!((service["restarts"].as_u64(), service["ready_runs"].as_u64()), (Some(4), Some(5)), "{told}");
    let causes = service["incidents"][0]["causes"].to_string();
    assert!(causes.contains("nobody left to drive"), "{causes}");
}

#[test]
fn what_stands_first_and_after_each_goodbye_begins_a_run() {
    let mut log = String::new();
    for run in 0..4 {
        let (start, work, end) = (clock(run * 60), clock(run * 60 + 9), clock(run * 60 + 50));
        let _ = write!(log, "{start} INFO warming cache\n{work} INFO basket sold\n{end} INFO kilnd stopped cleanly\n");
    }
    let told = analyze(&log);
    let service = &told["services"][0];
    assert_eq!((service["restarts"].as_u64(), told["verdict"].as_str()), (Some(3), Some("healthy")), "{told}");
}

/// The same words each time are no sign of a restart by themselves.
#[test]
fn work_that_repeats_itself_is_no_loop() {
    let mut jobs = String::new();
    let mut polls = String::new();
    let mut rounds = String::new();
    let mut tries = String::new();
    for round in 0..300 {
        let at = clock(round * 3);
        let _ = writeln!(
            jobs,
            "{at} INFO begin job {round}\n{at} INFO job {round} has 3 parts\n{at} INFO job {round} done"
        );
        let _ = writeln!(polls, "{at} INFO asking the hub\n{at} INFO nothing new\n{at} INFO sleeping");
        let _ = writeln!(rounds, "{at} INFO reading the meters\n{at} INFO all meters read\n{at} INFO round done");
        let _ = writeln!(
            tries,
            "{at} INFO asking the hub\n{at} ERROR the hub did not answer\nTraceback (most recent call last):\n  \
             File \"/srv/ask.py\", line 3, in ask\nHubSilent: no answer in 2 s"
        );
    }
    let mut clients = String::new();
    for client in 0..200 {
        let pid = 900 + client;
        let at = clock(client * 4);
        let _ = write!(
            clients,
            "{at} gate[{pid}]: connection from 10.0.{}.{} port {}\n{at} gate[{pid}]: key accepted\n{at} gate[{pid}]: closed\n",
            client % 7,
            client % 200,
            30_000 + client * 3
        );
    }
    // What fails each time, and by the clock, lacks something; it falls over as little as the others.
    let healthy = [jobs, polls, rounds, clients].map(|log| (log, "healthy"));
    for (log, verdict) in healthy.into_iter().chain([(tries, "degraded")]) {
        let told = analyze(&log);
        let restarts = told["services"].as_array().expect("services").iter().filter_map(|one| one["restarts"].as_u64());
        assert_eq!((told["verdict"].as_str(), restarts.sum::<u64>()), (Some(verdict), 0), "{told}");
    }
}

#[test]
fn hints_count_where_nothing_surer_speaks() {
    let log = |words: &str| {
        let mut log = String::new();
        for run in 0..3 {
            let (start, live) = (clock(run * 600), clock(run * 600 + 2));
            let _ = write!(log, "{start} INFO Starting relay 2.1\n{live} INFO {words}\n");
            let _ = writeln!(log, "{} INFO 120 frames so far", clock(run * 600 + 500));
        }
        log
    };
    let ready = |words: &str| analyze(&log(words))["services"][0]["ready_runs"].as_u64();
    assert_eq!(ready("relay is live"), Some(3));
    assert_eq!(ready("relay not live yet"), Some(0));
    assert_eq!(ready("worker pool is live"), Some(0));
    assert_eq!(ready("waiting for postgres to be ready"), Some(0));
}

/// What was learned of a log goes with each piece of it.
#[test]
fn own_words_mean_the_same_wherever_a_log_is_cut() {
    for log in [dies_at_init(3), dies_at_work(3)] {
        whole_wherever_cut(&log);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn own_words_mean_the_same_in_many_pieces(runs in 3usize..6, cuts in proptest::collection::vec(0u64..4000, 0..5)) {
        for log in [dies_at_init(runs), dies_at_work(runs)] {
            let mut cuts: Vec<u64> = cuts.iter().map(|cut| cut % log.len() as u64).collect();
            cuts.sort_unstable();
            prop_assert_eq!(diagnosis(&evidence_cut_at(&log, &cuts)), diagnosis(&evidence_cut_at(&log, &[])));
        }
    }
}

#[test]
fn one_known_start_at_the_end_does_not_hide_the_runs_that_never_came_so_far() {
    let mut log = String::new();
    for second in 0..8 {
        let _ = write!(
            log,
            "{{\"service\": \"rates\", \"event\": \"boot\", \"level\": \"info\", \"timestamp\": \"2026-02-03T04:00:{:02}.1Z\"}}\n\
             {{\"service\": \"rates\", \"event\": \"connect_failed\", \"level\": \"error\", \"timestamp\": \"2026-02-03T04:00:{:02}.2Z\"}}\n\
             Traceback (most recent call last):\n  File \"/srv/rates/rates.py\", line 23, in load\n    connect()\n\
             rates.NoLedger: the ledger is shut\n",
            2 * second,
            2 * second
        );
    }
    log.push_str(
        "{\"service\": \"rates\", \"event\": \"boot\", \"level\": \"info\", \"timestamp\": \"2026-02-03T04:00:20.1Z\"}\n\
         {\"service\": \"rates\", \"event\": \"rates_loaded\", \"level\": \"info\", \"timestamp\": \"2026-02-03T04:00:20.2Z\"}\n\
         [2026-02-03 04:00:20 +0000] [158] [INFO] Starting gunicorn 27.0.1\n\
         [2026-02-03 04:00:20 +0000] [158] [INFO] Listening at: http://127.0.0.1:8070 (158)\n\
         [2026-02-03 04:00:20 +0000] [164] [INFO] Booting worker with pid: 164\n",
    );
    let told = analyze(&log);
    let service = &told["services"][0];
    assert_eq!((service["restarts"].as_u64(), service["ready_runs"].as_u64()), (Some(8), Some(1)), "{told}");
}

#[test]
fn the_one_line_that_a_program_says_before_its_work_begins_it() {
    let mut log = String::new();
    for run in 0..5 {
        let at = |after: usize| format!("04:{:02}:{:02}", run * 10 / 60, run * 10 % 60 + after);
        let _ = write!(
            log,
            "{} system   | mill.1 started (pid={})\n{} mill.1   | mill for rye, every 2 s\n",
            at(0),
            20 + run,
            at(0)
        );
        for after in [2, 4, 6] {
            let _ = writeln!(log, "{} mill.1   | ground {} sacks", at(after), 400 + after);
        }
        let _ =
            write!(log, "{} mill.1   | sack torn: no rye left\n{} system   | mill.1 stopped (rc=1)\n", at(7), at(7));
    }
    let told = analyze(&log);
    let service = &told["services"][0];
    assert_eq!((service["restarts"].as_u64(), service["ready_runs"].as_u64()), (Some(4), Some(0)), "{told}");
}

#[test]
fn a_complaint_may_begin_a_run_where_it_stands_after_each_death() {
    let run = |sacks: usize| {
        let shards: String = (1..=sacks).map(|shard| format!("INFO:mill:loading shard {shard} of 9\n")).collect();
        format!("ERROR:mill:cache unavailable, continuing without it: connection refused\n{shards}")
    };
    let death =
        "Traceback (most recent call last):\n  File \"/srv/mill.py\", line 33, in <module>\n    load()\nMemoryError\n";
    let told = analyze(&format!("{}{death}", run(4)).repeat(6));
    let service = &told["services"][0];
    assert_eq!((told["verdict"].as_str(), service["restarts"].as_u64()), (Some("crash-loop"), Some(5)), "{told}");
    // What a program logs with a traceback, again and again, is its work.
    let warns = "WARNING:mill:no wind, continuing: turned 3 times\nTraceback (most recent call last):\n  File \"/srv/mill.py\", line 9, in turn\n    turn()\nWindError: calm\nINFO:mill:waiting\n";
    let told = analyze(&warns.repeat(6));
    assert_eq!(told["services"][0]["restarts"].as_u64().unwrap_or(0), 0, "{told}");
}

#[test]
fn what_comes_with_the_line_before_it_begins_nothing() {
    let mut log = String::new();
    for second in 10..16 {
        let _ = write!(
            log,
            "2026-02-03T04:00:{second}.204Z Gateway failed to start: gateway already running (pid 6421)\n\
             If the gateway is supervised, stop it with: openclaw gateway stop\n\
             2026-02-03T04:00:{second}.255Z Port 18789 is already in use.\n\
             2026-02-03T04:00:{second}.255Z Gateway service appears loaded. Stop it first.\n"
        );
    }
    let told = analyze(&log);
    assert_eq!(told["services"][0]["restarts"].as_u64(), Some(5), "{told}");
}
