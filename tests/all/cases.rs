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

#[track_caller]
fn check(files: &[(&str, &str)], answer: Answer) {
    let place = Place::new();
    let mut arguments = vec!["analyze", "--format", "json", "--tz", "UTC"];
    for (name, text) in files {
        place.file(name, text);
        arguments.push(name);
    }
    let diagnosis = place.relapse(&arguments).json();
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
