//! Small stories of services with known answers, one for each thing that logs do to a reader of runs.

use crate::support::Place;
use serde_json::Value;

/// What a story must come to.
#[derive(Debug, PartialEq)]
struct Answer {
    verdict: &'static str,
    restarts: u64,
    ready: u64,
    /// Ids of root causes, or their templates where no signature knows them.
    roots: Vec<&'static str>,
}

fn diagnose(files: &[(&str, &str)]) -> Value {
    let place = Place::new();
    let mut arguments = vec!["analyze", "--format", "json", "--tz", "UTC"];
    for (name, text) in files {
        place.file(name, text);
        arguments.push(name);
    }
    place.relapse(&arguments).json()
}

#[track_caller]
fn check(files: &[(&str, &str)], answer: Answer) {
    let diagnosis = diagnose(files);
    let services = diagnosis["services"].as_array().expect("a list");
    let sum = |key: &str| services.iter().filter_map(|service| service[key].as_u64()).sum::<u64>();
    let mut roots: Vec<&str> = services
        .iter()
        .flat_map(|service| service["incidents"].as_array().expect("a list"))
        .flat_map(|incident| incident["causes"].as_array().expect("a list"))
        .filter(|cause| cause["role"] == "root")
        .filter_map(|cause| cause.get("template").and_then(Value::as_str).or(cause["id"].as_str()))
        .collect();
    roots.sort_unstable();
    assert_eq!(diagnosis["verdict"], answer.verdict, "{diagnosis:#}");
    assert_eq!((sum("restarts"), sum("ready_runs")), (answer.restarts, answer.ready), "{diagnosis:#}");
    assert_eq!(roots, answer.roots, "{diagnosis:#}");
}

/// A supervisord log of `runs` runs a few seconds apart that all exit with status 1.
fn supervisord(runs: usize) -> String {
    let run = |at: usize| {
        let second = 10 + at * 4;
        format!(
            "2026-02-03 04:12:{second},100 INFO spawned: 'api' with pid {}\n2026-02-03 04:12:{},900 WARN exited: api (exit status 1; not expected)\n",
            800 + at,
            second + 1
        )
    };
    (0..runs).map(run).collect()
}

#[test]
fn an_error_log_without_times_is_spread_over_the_runs_that_its_manager_tells_of() {
    let block = "Traceback (most recent call last):\n  File \"/srv/api/app.py\", line 6, in <module>\n    raise SeatsExhausted(\"120 of 100\")\nSeatsExhausted: 120 of 100 seats in use\n";
    check(
        &[("supervisord.log", &supervisord(4)), ("api.err.log", &block.repeat(4))],
        Answer { verdict: "crash-loop", restarts: 3, ready: 0, roots: vec!["SeatsExhausted: <*> of <*> seats in use"] },
    );
}

#[test]
fn a_class_of_any_name_is_the_error_that_node_died_of() {
    let run = |second: usize| {
        format!(
            "2026-02-03T04:12:{second}.100Z INFO starting api\n/srv/api/server.js:7\n  throw new TenantFull('tenant 7');\n  ^\n\nTenantFull: tenant 7 holds 120 seats\n    at Timeout._onTimeout (/srv/api/server.js:7:9)\n    at listOnTimeout (node:internal/timers:685:17)\n\nNode.js v22.4.1\n"
        )
    };
    let log: String = [10, 13, 16].map(run).concat();
    check(
        &[("api.log", &log)],
        Answer { verdict: "crash-loop", restarts: 2, ready: 0, roots: vec!["TenantFull: tenant <*> holds <*> seats"] },
    );
}

#[test]
fn a_program_that_prints_tracebacks_and_goes_on_is_healthy() {
    let mut log = String::from(
        "2026-02-03 04:12:00,100 INFO api: starting api 4.2.0\n2026-02-03 04:12:00,500 INFO api: server listening on 127.0.0.1:9999\n",
    );
    for second in 10..16 {
        log += &format!(
            "Traceback (most recent call last):\n  File \"app.py\", line 9, in poll\n    row['tenant']\nKeyError: 'tenant'\n2026-02-03 04:12:{second},700 INFO api: poll done\n"
        );
    }
    check(&[("api.log", &log)], Answer { verdict: "healthy", restarts: 0, ready: 1, roots: vec![] });
}

#[test]
fn runs_that_die_before_their_start_mark_are_runs() {
    let run = |second: usize| {
        format!(
            "2026-02-03_04:12:{second}.10000 Traceback (most recent call last):\n2026-02-03_04:12:{second}.10000   File \"/srv/app.py\", line 2, in <module>\n2026-02-03_04:12:{second}.10000     import audit\n2026-02-03_04:12:{second}.10001 ModuleNotFoundError: No module named 'audit'\n"
        )
    };
    let healthy = "2026-02-03_04:12:40.10000 INFO:     Started server process [9]\n2026-02-03_04:12:40.20000 INFO:     Application startup complete.\n";
    let log = [10, 13, 16].map(run).concat() + healthy;
    check(
        &[("current", &log)],
        Answer { verdict: "crash-loop", restarts: 3, ready: 1, roots: vec!["py-module-missing"] },
    );
}

#[test]
fn a_servers_workers_are_no_runs_and_a_lost_port_is_not_ready() {
    let healthy = "INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)\nINFO:     Started parent process [10]\nINFO:     Started server process [11]\nINFO:     Started server process [12]\nINFO:     Application startup complete.\nINFO:     Application startup complete.\n";
    check(&[("api.log", healthy)], Answer { verdict: "healthy", restarts: 0, ready: 1, roots: vec![] });
    let run = |second: usize| {
        format!(
            "2026-02-03_04:12:{second}.10000 INFO:     Started server process [9]\n2026-02-03_04:12:{second}.20000 INFO:     Application startup complete.\n2026-02-03_04:12:{second}.30000 ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use\n"
        )
    };
    check(
        &[("current", &[10, 13, 16].map(run).concat())],
        Answer { verdict: "crash-loop", restarts: 2, ready: 0, roots: vec!["py-port-in-use"] },
    );
}

#[test]
fn pids_tell_the_runs_that_circus_does_not_log() {
    let circus = "2026-02-03 04:12:09 circus[4] [INFO] api started\n2026-02-03 04:12:30 circus[4] [INFO] Got signal SIG_TERM\n2026-02-03 04:12:30 circus[4] [INFO] api stopped\n";
    let log: String = [(10, 21), (15, 22), (20, 23)]
        .map(|(second, pid)| {
            format!("2026-02-03 04:12:{second} [{pid}] | 2026-02-03T04:12:{second}.5Z INFO starting api\n")
        })
        .concat();
    check(
        &[("circus.log", circus), ("api.log", &log)],
        Answer { verdict: "crash-loop", restarts: 2, ready: 0, roots: vec![] },
    );
}

#[test]
fn a_stop_that_somebody_asked_for_is_planned_however_often() {
    let log: String = [10, 20, 30, 40]
        .map(|second| {
            format!(
                "2026-02-03 04:12:{second},100 INFO spawned: 'api' with pid 8{second}\n2026-02-03 04:12:{},100 INFO waiting for api to stop\n2026-02-03 04:12:{},200 INFO stopped: api (exit status 0)\n",
                second + 8,
                second + 8
            )
        })
        .concat();
    check(&[("supervisord.log", &log)], Answer { verdict: "healthy", restarts: 3, ready: 0, roots: vec![] });
}

#[test]
fn the_reason_that_the_last_words_quote_outweighs_a_handled_error_before_them() {
    let run = |second: usize| {
        format!(
            "2026-02-03T04:12:{second}.100Z [gateway] loading configuration…\n2026-02-03T04:12:{second}.200Z [openclaw] Non-fatal unhandled rejection (continuing): Error: connect ECONNREFUSED 127.0.0.1:18399\n2026-02-03T04:12:{second}.300Z [openclaw] Unhandled promise rejection: Error: quota ledger diverged at entry 41\n"
        )
    };
    check(
        &[("gateway.log", &[10, 20, 30].map(run).concat())],
        Answer {
            verdict: "crash-loop",
            restarts: 2,
            ready: 0,
            roots: vec!["Error: quota ledger diverged at entry <*>"],
        },
    );
}

#[test]
fn a_log_of_errors_alone_claims_nothing_and_says_what_is_missing() {
    let log = "2026-02-03T04:12:10.1Z ERROR quota check failed for tenant 7\n".repeat(5);
    let place = Place::new();
    place.file("api.log", log);
    let ran = place.relapse(&["analyze", "--format", "json", "--tz", "UTC", "api.log"]);
    let service = &ran.json()["services"][0];
    assert_eq!((service["verdict"].as_str(), service["runs"].as_u64()), (Some("healthy"), Some(0)));
    assert_eq!(service["findings"][0]["id"], "no-lifecycle");
}

#[test]
fn a_unit_that_its_timer_starts_is_no_loop() {
    let job = |minute: usize| {
        format!(
            "Mar 03 05:{minute:02}:00 hub systemd[1]: Starting rotate.service - Rotate the snapshots...\n\
             Mar 03 05:{minute:02}:03 hub rotate[{}]: 3 snapshots kept\n\
             Mar 03 05:{minute:02}:03 hub systemd[1]: rotate.service: Deactivated successfully.\n\
             Mar 03 05:{minute:02}:03 hub systemd[1]: Finished rotate.service - Rotate the snapshots.\n",
            700 + minute
        )
    };
    let log: String = (0..8).map(job).collect();
    check(&[("journal.log", &log)], Answer { verdict: "healthy", restarts: 7, ready: 0, roots: vec![] });
}

#[test]
fn a_timer_does_not_excuse_a_run_that_failed() {
    let log = "Mar 03 05:00:00 hub systemd[1]: Starting rotate.service - Rotate the snapshots...\n\
               Mar 03 05:00:03 hub systemd[1]: rotate.service: Deactivated successfully.\n\
               Mar 03 05:00:03 hub systemd[1]: Finished rotate.service - Rotate the snapshots.\n\
               Mar 03 06:00:00 hub systemd[1]: Starting rotate.service - Rotate the snapshots...\n\
               Mar 03 06:00:02 hub rotate[812]: Fatal: the pool tank is suspended\n\
               Mar 03 06:00:02 hub systemd[1]: rotate.service: Main process exited, code=exited, status=1/FAILURE\n\
               Mar 03 06:00:02 hub systemd[1]: Failed to start rotate.service - Rotate the snapshots.\n\
               Mar 03 07:00:00 hub systemd[1]: Starting rotate.service - Rotate the snapshots...\n\
               Mar 03 07:00:03 hub systemd[1]: rotate.service: Deactivated successfully.\n\
               Mar 03 07:00:03 hub systemd[1]: Finished rotate.service - Rotate the snapshots.\n";
    check(
        &[("journal.log", log)],
        Answer { verdict: "degraded", restarts: 2, ready: 0, roots: vec!["Fatal: the pool tank is suspended"] },
    );
}

#[test]
fn a_watchdog_that_ends_every_run_is_a_loop() {
    let run = |at: usize| {
        format!(
            "Mar 03 05:{at:02}:00 hub systemd[1]: Started relay.service - The relay.\n\
             Mar 03 05:{at:02}:30 hub systemd[1]: relay.service: Watchdog timeout (limit 30s)!\n\
             Mar 03 05:{at:02}:31 hub systemd[1]: relay.service: Main process exited, code=killed, status=6/ABRT\n\
             Mar 03 05:{at:02}:31 hub systemd[1]: relay.service: Failed with result 'watchdog'.\n\
             Mar 03 05:{at:02}:32 hub systemd[1]: relay.service: Scheduled restart job, restart counter is at {}.\n",
            at + 1
        )
    };
    let log: String = (0..5).map(run).collect();
    let other = "Mar 03 05:02:10 hub sshd[91]: Accepted publickey for ops from 10.0.4.9 port 51122 ssh2\n";
    check(
        &[("journal.log", &format!("{log}{other}"))],
        Answer { verdict: "crash-loop", restarts: 4, ready: 0, roots: vec!["systemd-watchdog"] },
    );
}

#[test]
fn a_table_of_pods_tells_of_a_loop_that_no_run_shows() {
    let log = "NAME                    READY   STATUS             RESTARTS       AGE\n\
               relay-6f7c9d5b8-x2k4p   0/1     CrashLoopBackOff   12 (31s ago)   40m\n\
               front-7d9c6b5f4-m8q2z   1/1     Running            0              3d\n";
    check(&[("pods.txt", log)], Answer { verdict: "crash-loop", restarts: 12, ready: 0, roots: vec![] });
    let fine = "NAME                    READY   STATUS    RESTARTS       AGE\n\
                relay-6f7c9d5b8-x2k4p   1/1     Running   12 (20d ago)   90d\n";
    check(&[("pods.txt", fine)], Answer { verdict: "healthy", restarts: 0, ready: 0, roots: vec![] });
}

#[test]
fn an_error_in_a_member_of_its_own_is_the_reason() {
    let run = |minute: usize| {
        format!(
            "{{\"time\":\"2026-02-03T04:{minute:02}:00Z\",\"level\":\"INFO\",\"msg\":\"starting\"}}\n\
             {{\"time\":\"2026-02-03T04:{minute:02}:01Z\",\"level\":\"ERROR\",\"msg\":\"no start\",\"err\":\"open /var/lib/relay/index: permission denied\"}}\n"
        )
    };
    let log: String = (0..4).map(run).collect();
    check(&[("relay.log", &log)], Answer { verdict: "crash-loop", restarts: 3, ready: 0, roots: vec!["eacces"] });
}

#[test]
fn of_errors_in_one_burst_the_first_is_the_reason() {
    let run = |second: usize| {
        format!(
            "2026-02-03T04:12:{second:02}.000Z INFO starting relay\n\
             2026-02-03T04:12:{second:02}.200Z ERROR the seal of vault seven is broken\n\
             2026-02-03T04:12:{second:02}.210Z ERROR giving up\n"
        )
    };
    let log: String = (0..5).map(|at| run(at * 8)).collect();
    check(
        &[("relay.log", &log)],
        Answer { verdict: "crash-loop", restarts: 4, ready: 0, roots: vec!["the seal of vault seven is broken"] },
    );
}

#[test]
fn requests_that_failed_are_no_failure_of_the_server_that_answered() {
    let request = |second: usize, status: usize| {
        format!(
            "10.0.4.7 - - [03/Feb/2026:04:12:{second:02} +0000] \"GET /v1/models?q=error: HTTP/1.1\" {status} 157 \"-\" \"gw/1.0 Failed to fetch\"\n"
        )
    };
    let log: String = (0..40).map(|at| request(at, [200, 401, 500, 503][at % 4])).collect();
    let place = Place::new();
    place.file("access.log", &log);
    let diagnosis = place.relapse(&["analyze", "--format", "json", "--tz", "UTC", "access.log"]).json();
    assert_eq!((&diagnosis["verdict"], &diagnosis["services"]), (&"healthy".into(), &serde_json::json!([])));
    // Nor are they the reason of a run that died soon after.
    let run = |second: usize| {
        format!(
            "2026-02-03T04:12:{second:02}.100Z INFO starting relay\n{}2026-02-03T04:12:{second:02}.300Z ERROR the seal of vault seven is broken\n{}",
            request(second, 500),
            request(second, 503)
        )
    };
    check(
        &[("relay.log", &(0..5).map(|at| run(at * 8)).collect::<String>())],
        Answer { verdict: "crash-loop", restarts: 4, ready: 0, roots: vec!["the seal of vault seven is broken"] },
    );
}

/// The findings and stoppers of a single service.
fn told(files: &[(&str, &str)]) -> (Vec<String>, Value) {
    let diagnosis = diagnose(files);
    let service = &diagnosis["services"][0];
    let findings = service["findings"].as_array().expect("a list");
    let ids = findings.iter().filter_map(|finding| finding["id"].as_str()).map(Into::into).collect();
    (ids, service["incidents"][0]["stopped_by"].clone())
}

#[test]
fn causes_that_take_turns_are_told_as_such() {
    let run = |at: usize| {
        let error = if at.is_multiple_of(2) {
            "ERROR seat ledger tore at page 4"
        } else {
            "ERROR lock /run/api.lock is held by pid 88"
        };
        let minute = 10 + at;
        format!(
            "2026-02-03T04:{minute}:10Z INFO starting api 2.1\n2026-02-03T04:{minute}:12Z {error}\n2026-02-03T04:{minute}:12Z INFO exiting\n"
        )
    };
    let turns: String = (0..8).map(run).collect();
    assert!(told(&[("api.log", &turns)]).0.contains(&"taking-turns".to_string()));
    let one_after_the_other: String = [0, 2, 4, 6, 7, 9, 11, 13].into_iter().map(run).collect();
    assert!(!told(&[("api.log", &one_after_the_other)]).0.contains(&"taking-turns".to_string()));
}

#[test]
fn the_hand_that_ended_a_run_is_named() {
    let run = |at: usize, name: &str| {
        let minute = 10 + at;
        format!(
            "2026-02-03T04:{minute}:10+00:00 box systemd[1]: Started {name}.service - Api.\n\
             2026-02-03T04:{minute}:11+00:00 box node[81{at}]: Server ready, listening on 127.0.0.1:8080\n\
             2026-02-03T04:{minute}:20+00:00 box kernel: Out of memory: Killed process 81{at} (node) total-vm:8122412kB, anon-rss:3712220kB\n\
             2026-02-03T04:{minute}:20+00:00 box systemd[1]: {name}.service: Main process exited, code=killed, status=9/KILL\n"
        )
    };
    let journal: String = (0..4).map(|at| run(at, "api")).collect();
    assert_eq!(told(&[("journal.log", &journal)]).1, serde_json::json!({"oom-killer": 4}));
}

#[test]
fn a_kill_that_the_kernel_tells_of_is_that_of_the_run_that_ended_then() {
    let line = |time: &str, text: &str| format!("2026-02-03T04:{time}+00:00 box {text}\n");
    let journal = [
        line("10:00", "systemd[1]: Started api.service - Api."),
        line("10:00", "systemd[1]: Started mailer.service - Mailer."),
        line("11:00", "kernel: Out of memory: Killed process 812 (node) total-vm:8122412kB, anon-rss:3712220kB"),
        line("11:00", "systemd[1]: mailer.service: Main process exited, code=killed, status=9/KILL"),
        line("11:02", "systemd[1]: Started mailer.service - Mailer."),
        line("12:00", "kernel: Out of memory: Killed process 840 (node) total-vm:8122412kB, anon-rss:3712220kB"),
        line("12:00", "systemd[1]: mailer.service: Main process exited, code=killed, status=9/KILL"),
        line("12:02", "systemd[1]: Started mailer.service - Mailer."),
    ]
    .concat();
    check(
        &[("journal.log", &journal)],
        Answer { verdict: "crash-loop", restarts: 2, ready: 0, roots: vec!["kernel-oom"] },
    );
}

#[test]
fn a_journals_interpreter_is_the_unit_whose_starts_it_follows() {
    let run = |at: usize| {
        let minute = 10 + at * 3;
        format!(
            "2026-02-03T04:{minute}:10+00:00 box systemd[1]: Started ledger.service - Ledger.\n\
             2026-02-03T04:{minute}:11+00:00 box java[81{at}]: 2026-02-03T04:{minute}:11.446Z  INFO 81{at} --- [ledger] [main] com.acme.App : Starting App v4.13.0 using Java 21.0.4 with PID 81{at} (/opt/app.jar started by app in /opt)\n\
             2026-02-03T04:{minute}:13+00:00 box java[81{at}]: 2026-02-03T04:{minute}:13.446Z  INFO 81{at} --- [ledger] [main] com.acme.App : Started App in 2.1 seconds (process running for 2.4)\n\
             2026-02-03T04:{}:30+00:00 box systemd[1]: Started mailer.service - Mailer.\n",
            minute + 1
        )
    };
    let journal: String = (0..3).map(run).collect();
    let place = Place::new();
    place.file("journal.log", &journal);
    let diagnosis = place.relapse(&["analyze", "--format", "json", "--tz", "UTC", "journal.log"]).json();
    let names: Vec<&str> =
        diagnosis["services"].as_array().expect("a list").iter().filter_map(|it| it["service"].as_str()).collect();
    assert_eq!(names, ["ledger", "mailer"], "{diagnosis:#}");
}

#[test]
fn an_error_that_was_dealt_with_is_no_reason() {
    let run = |at: usize| {
        let minute = 10 + at;
        format!(
            "2026-02-03T04:{minute}:10Z INFO starting api 2.1\n2026-02-03T04:{minute}:11Z INFO listening on :8080\n2026-02-03T04:{minute}:40Z WARN connect ECONNREFUSED 10.0.0.12:6379, retrying in 500ms\n"
        )
    };
    let log: String = (0..5).map(run).collect();
    check(&[("api.log", &log)], Answer { verdict: "flapping", restarts: 4, ready: 5, roots: vec![] });
}

#[test]
fn plain_last_words_that_complain_are_the_reason() {
    let run = |at: usize| {
        format!(
            "2026/02/03 04:12:{:02} starting api v2.1\n2026/02/03 04:12:{:02} config loaded\n2026/02/03 04:12:{:02} load rates: yaml: line 12: did not find expected key\n",
            10 + at * 2,
            10 + at * 2,
            11 + at * 2
        )
    };
    let log: String = (0..5).map(run).collect();
    check(
        &[("api.log", &log)],
        Answer {
            verdict: "crash-loop",
            restarts: 4,
            ready: 0,
            roots: vec!["load rates: yaml: line <*>: did not find expected key"],
        },
    );
}

#[test]
fn a_clock_that_runs_ahead_of_its_managers_makes_no_runs_of_its_own() {
    let manager = |at: usize| {
        let second = 10 + at * 4;
        format!(
            "2026-02-03 04:12:{second},100 INFO spawned: 'api' with pid {}\n2026-02-03 04:12:{},900 WARN exited: api (exit status 1; not expected)\n",
            800 + at,
            second + 1
        )
    };
    let program = |at: usize| {
        let second = 12 + at * 4;
        format!(
            "2026-02-03T04:12:{second}.300Z INFO starting api 2.1\n2026-02-03T04:12:{}.700Z FATAL seat ledger tore\n",
            second + 1
        )
    };
    let (manager, program): (String, String) = ((0..6).map(manager).collect(), (0..6).map(program).collect());
    check(
        &[("supervisord.log", &manager), ("api.log", &program)],
        Answer { verdict: "crash-loop", restarts: 5, ready: 0, roots: vec!["seat ledger tore"] },
    );
}

#[test]
fn a_chain_of_exceptions_is_one_death_of_the_first() {
    let block = "Traceback (most recent call last):\n  File \"/srv/api/app.py\", line 9, in build\n    load()\nSeatTableEnded: seat table ends at row 40\n\n\
        The above exception was the direct cause of the following exception:\n\n\
        Traceback (most recent call last):\n  File \"/srv/api/app.py\", line 16, in <module>\n    build()\nNoSeats: no usable seats\n\n\
        During handling of the above exception, another exception occurred:\n\n\
        Traceback (most recent call last):\n  File \"/srv/api/app.py\", line 18, in <module>\n    seats.close()\nAttributeError: 'NoneType' object has no attribute 'close'\n";
    check(
        &[("supervisord.log", &supervisord(4)), ("api.err.log", &block.repeat(4))],
        Answer {
            verdict: "crash-loop",
            restarts: 3,
            ready: 0,
            roots: vec!["SeatTableEnded: seat table ends at row <*>"],
        },
    );
}
