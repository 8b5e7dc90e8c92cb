//! Deaths that few words tell of: without a time, without a start, or by somebody who only watches.

use crate::merge_law::whole_wherever_cut;
use crate::support::analyze;
use serde_json::Value;
use std::fmt::Write;

/// Restarts, and runs that became ready.
fn counts(told: &Value) -> (u64, u64) {
    let of = |key: &str| told["services"][0][key].as_u64().unwrap_or_default();
    (of("restarts"), of("ready_runs"))
}

/// The roots of the first service's incidents, each with the runs that it ended.
fn roots(told: &Value) -> Vec<(String, u64)> {
    let incidents = told["services"][0]["incidents"].as_array().into_iter().flatten();
    let causes = incidents.flat_map(|incident| incident["causes"].as_array().into_iter().flatten());
    let roots = causes.filter(|cause| cause["role"] == "root");
    let mut roots: Vec<_> =
        roots.map(|cause| (cause["id"].to_string().replace('"', ""), cause["runs"].as_u64().unwrap_or(0))).collect();
    roots.sort();
    roots
}

/// Runs of `gateway` under supervisord, five seconds apart, each of which lives for two seconds.
fn supervisord(runs: usize) -> String {
    let mut log = String::new();
    for run in 0..runs {
        let second = 5 * run;
        let at = |second: usize| format!("2026-02-03 04:{:02}:{:02},100", second / 60, second % 60);
        let _ = writeln!(log, "{} INFO spawned: 'gateway' with pid {}", at(second), 800 + run);
        let _ = writeln!(log, "{} WARN exited: gateway (exit status 1; not expected)", at(second + 2));
    }
    log
}

const TRACEBACK: &str =
    "Traceback (most recent call last):\n  File \"/opt/gw/worker.py\", line 6, in <module>\n    ping()\n";

#[test]
fn traces_without_a_time_after_lines_that_have_one_are_later_runs() {
    let mut log = String::from(
        "[2026-02-03 04:00:00,500] INFO:gw:MainThread:connected\n\
         [2026-02-03 04:00:01,900] INFO:gw:MainThread:shop closed\n",
    );
    for _ in 1..6 {
        log.push_str(TRACEBACK);
        log.push_str("ledger.LedgerError: page 7 is gone\n");
    }
    log.push_str("[2026-02-03 04:00:30,500] INFO:gw:MainThread:connected\n");
    let told = analyze(&[("supervisord.log", &supervisord(7)), ("gateway.log", &log)]);
    assert_eq!(counts(&told).0, 6, "{told}");
    let roots = roots(&told);
    // The first of them stands where the run before could have written it.
    assert!(roots.len() == 1 && roots[0].1 >= 4, "{roots:?} {told}");
}

#[test]
fn what_redis_says_of_its_configuration_is_one_death_and_each_line_another_cause() {
    let block = |line: &str, reason: &str| {
        format!(
            "\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line 4\n\
             >>> '{line}'\n{reason}\n"
        )
    };
    let mut log = block("maxmemory-polciy allkeys-lru", "Bad directive or wrong number of arguments").repeat(4);
    log.push_str(&block("dir /srv/cache", "No such file or directory").repeat(3));
    let told = analyze(&[("supervisord.log", &supervisord(7).replace("gateway", "redis")), ("redis.log", &log)]);
    assert_eq!(roots(&told), [("redis-config".to_string(), 3), ("redis-config".to_string(), 4)], "{told}");
    // The same by themselves.
    let told = analyze(&[("redis.log", &log)]);
    assert_eq!(counts(&told).0, 6, "{told}");
}

#[test]
fn what_only_a_start_says_is_no_end_of_a_run_that_was_ready() {
    let log = "2026-02-03 04:00:00.100 UTC [37] LOG:  starting PostgreSQL 15.18 on x86_64-pc-linux-gnu\n\
               2026-02-03 04:00:00.200 UTC [37] LOG:  database system is ready to accept connections\n\
               2026-02-03 04:00:09.100 UTC [41] LOG:  unrecognized configuration parameter \"max_conections\" in file \"/pg/postgresql.conf\" line 8\n\
               2026-02-03 04:00:09.100 UTC [41] FATAL:  configuration file \"/pg/postgresql.conf\" contains errors\n\
               2026-02-03 04:00:10.100 UTC [43] LOG:  unrecognized configuration parameter \"max_conections\" in file \"/pg/postgresql.conf\" line 8\n\
               2026-02-03 04:00:10.100 UTC [43] FATAL:  configuration file \"/pg/postgresql.conf\" contains errors\n";
    let told = analyze(&[("pg.log", log)]);
    assert_eq!(counts(&told), (2, 1), "{told}");
    assert_eq!(roots(&told), [("pg-config".to_string(), 2)], "{told}");
    whole_wherever_cut(log);
}

#[test]
fn newest_first_is_seen_where_writers_tell_times_of_unlike_precision() {
    let mut log = String::new();
    for run in 0..5 {
        let _ = write!(
            log,
            "Feb 03 04:00:{0:02} gw systemd[1]: Started gw.service - Gateway.\n\
             Feb 03 04:00:{1:02} gw node[9{run}]: 2026-02-03T04:00:{1:02}.529Z INFO booted\n\
             Feb 03 04:00:{1:02} gw node[9{run}]: 2026-02-03T04:00:{1:02}.530Z ERROR the ledger is torn\n\
             Feb 03 04:00:{1:02} gw systemd[1]: gw.service: Main process exited, code=exited, status=1/FAILURE\n\
             Feb 03 04:00:{1:02} gw systemd[1]: gw.service: Failed with result 'exit-code'.\n\
             Feb 03 04:00:{1:02} gw systemd[1]: gw.service: Scheduled restart job, restart counter is at {2}.\n",
            10 * run,
            10 * run + 9,
            run + 1
        );
    }
    let newest_first: String = log.lines().rev().map(|line| format!("{line}\n")).collect();
    let (forwards, backwards) = (analyze(&[("a.log", &log)]), analyze(&[("a.log", &newest_first)]));
    assert_eq!(counts(&forwards).0, 4, "{forwards}");
    assert_eq!(counts(&backwards).0, 4, "{backwards}");
}

#[test]
fn a_watchdog_script_that_restarts_a_slow_boot_is_the_cause() {
    let mut log = String::from("2026/02/03 04:00:00 watchdog: watching http://127.0.0.1:8000/healthz\n");
    for run in 0..5 {
        let second = 10 * run + 5;
        let _ = write!(
            log,
            "2026/02/03 04:00:{second:02} watchdog: miss 3: curl: (7) Failed to connect to 127.0.0.1 port 8000 after 0 ms: Couldn't connect to server\n\
             2026/02/03 04:00:{second:02} watchdog: gateway does not answer, restarting it\n\
             ok: run: /etc/service/gateway: (pid {}) 0s\n",
            43 + run
        );
    }
    let told = analyze(&[("watchdog.log", &log)]);
    assert_eq!(told["services"][0]["service"], "gateway", "{told}");
    assert_eq!(roots(&told), [("script-watchdog".to_string(), 4)], "{told}");
    assert_eq!(told["services"][0]["incidents"][0]["stopped_by"]["watchdog"], 4, "{told}");
}

#[test]
fn what_monit_restarts_because_it_fails_a_test_is_no_planned_restart() {
    let mut log = String::from("[2026-02-03T04:00:00+0000] info     : 'api' start: '/srv/bin/api-start'\n");
    for minute in 1..6 {
        let _ = write!(
            log,
            "[2026-02-03T04:0{minute}:00+0000] error    : 'api' failed protocol test [HTTP] at [127.0.0.1]:8060/health [TCP/IP] -- HTTP error: Server returned status 503\n\
             [2026-02-03T04:0{minute}:00+0000] info     : 'api' trying to restart\n\
             [2026-02-03T04:0{minute}:00+0000] info     : 'api' stop: '/srv/bin/api-stop'\n\
             [2026-02-03T04:0{minute}:01+0000] info     : 'api' start: '/srv/bin/api-start'\n"
        );
    }
    let told = analyze(&[("monit.log", &log)]);
    assert_ne!(told["verdict"], "healthy", "{told}");
    assert_eq!((counts(&told).0, &told["services"][0]["planned_restarts"]), (5, &Value::from(0)), "{told}");
    // With what the watchdog calls wrong.
    let shown = &told["services"][0]["incidents"][0]["causes"][0]["evidence"][0]["text"];
    assert!(shown.as_str().is_some_and(|text| text.contains("Server returned status 503")), "{told}");
    assert_eq!(roots(&told), [("watchdog-stop".to_string(), 5)], "{told}");
}

#[test]
fn the_files_that_pm2_shows_one_after_the_other_are_logs_of_their_own() {
    let mut log = String::from(
        "[TAILING] Tailing last 60 lines for [all] processes (change the value with --lines option)\n\
         /home/deploy/.pm2/pm2.log last 60 lines:\n",
    );
    for second in 0..6 {
        let _ = write!(
            log,
            "PM2        | 2026-07-05T09:01:3{second}: PM2 log: App [bot:1] starting in -fork mode-\n\
             PM2        | 2026-07-05T09:01:3{second}: PM2 log: App [bot:1] online\n\
             PM2        | 2026-07-05T09:01:3{second}: PM2 log: App [bot:1] exited with code [1] via signal [SIGINT]\n"
        );
    }
    log.push_str("\n/home/deploy/.pm2/logs/bot-error.log last 60 lines:\n");
    for _ in 0..6 {
        log.push_str(
            "1|bot      | Error [ERR_REQUIRE_ESM]: require() of ES Module /srv/bot.mjs not supported.\n\
             1|bot      |     at Object.<anonymous> (/usr/lib/node_modules/pm2/lib/ProcessContainerFork.js:27:21)\n",
        );
    }
    let told = analyze(&[("pasted.log", &log)]);
    assert_eq!(roots(&told), [("node-require-esm".to_string(), 6)], "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn a_pid_that_two_streams_tell_is_one_run() {
    let (mut out, mut err) = (String::new(), String::new());
    for run in 0..6 {
        let _ = writeln!(out, "2026-02-03 04:00:0{run} [{}] | relay v5.7.0 is starting.", 27 + 2 * run);
        // Written late, into the second of the next run.
        let _ = writeln!(err, "2026-02-03 04:00:0{} [{}] | ERROR: no desk is free", run + 1, 27 + 2 * run);
    }
    let told = analyze(&[("relay.out.log", &out), ("relay.err.log", &err)]);
    assert_eq!(counts(&told).0, 5, "{told}");
}

#[test]
fn what_is_said_long_after_last_words_is_the_next_run_before_its_start() {
    let mut log = String::new();
    for run in 0..4 {
        let _ = write!(
            log,
            "2026-02-03T04:0{run}:18.100Z stdout F 2026-02-03 04:0{run}:18,100 - migrate - INFO - prisma db error: Error: P1001: Can't reach database server at `db`:`5432`\n\
             2026-02-03T04:0{run}:20.100Z stderr F INFO:     Started server process [1]\n\
             2026-02-03T04:0{run}:20.200Z stderr F INFO:     Waiting for application startup.\n\
             2026-02-03T04:0{run}:25.100Z stderr F ERROR:    Application startup failed. Exiting.\n"
        );
    }
    let told = analyze(&[("0.log", &log)]);
    assert_eq!(counts(&told).0, 3, "{told}");
    assert_eq!(roots(&told), [("prisma-db-unreachable".to_string(), 4)], "{told}");
}

#[test]
fn a_worker_and_its_master_tell_of_one_failed_start_in_two_seconds() {
    let run = |minute: usize| {
        format!(
            "[2026-02-03 10:{minute:02}:01 +0000] [40] [INFO] Starting gunicorn 23.0.0\n\
             [2026-02-03 10:{minute:02}:01 +0000] [40] [INFO] Listening at: http://0.0.0.0:8119 (40)\n\
             [2026-02-03 10:{minute:02}:01 +0000] [42] [INFO] Booting worker with pid: 42\n\
             [2026-02-03 10:{minute:02}:02 +0000] [40] [ERROR] Worker (pid:42) exited with code 3.\n\
             [2026-02-03 10:{minute:02}:02 +0000] [40] [ERROR] Shutting down: Master\n\
             [2026-02-03 10:{minute:02}:03 +0000] [40] [ERROR] Reason: Worker failed to boot.\n"
        )
    };
    let log: String = (0..4).map(run).collect();
    let told = analyze(&[("gunicorn.log", &log)]);
    assert_eq!(counts(&told), (3, 0), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn who_says_its_last_words_again_died_again() {
    let mut log = String::new();
    for second in [5, 6, 9, 14] {
        let _ = write!(
            log,
            "time=\"2026-02-03T04:52:{second:02}Z\" level=error msg=\"cannot read the table of rates\"\n\
             time=\"2026-02-03T04:52:{second:02}Z\" level=fatal msg=\"no start without rates\"\n"
        );
    }
    let untold = log.clone();
    for second in [16, 18] {
        let _ = write!(
            log,
            "time=\"2026-02-03T05:03:{second}Z\" level=info msg=\"kilnd v4.37.5 is starting\"\n\
             time=\"2026-02-03T05:03:{second}Z\" level=error msg=\"the seal does not fit\"\n\
             time=\"2026-02-03T05:03:{second}Z\" level=fatal msg=\"no start without a seal\"\n"
        );
    }
    assert_eq!(counts(&analyze(&[("kilnd.log", &untold)])), (3, 0));
    let told = analyze(&[("kilnd.log", &log)]);
    assert_eq!(counts(&told), (5, 0), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn two_last_words_in_one_breath_are_one_death() {
    let mut log = String::new();
    for second in [10, 17, 25] {
        let _ = write!(
            log,
            "2026-02-03T04:12:{second}.618351874Z {{\"Kernel pid terminated\",application_controller,\"{{application_start_failure,mill,{{no_stones,{{mill,start,[normal,[]]}}}}}}\"}}\n\
             2026-02-03T04:12:{second}.618396106Z Kernel pid terminated (application_controller) ({{application_start_failure,mill,{{no_stones,{{mill,start,[normal,[]]}}}}}})\n"
        );
    }
    assert_eq!(counts(&analyze(&[("mill.log", &log)])), (2, 0));
    whole_wherever_cut(&log);
}

#[test]
fn stops_that_an_error_of_a_vain_start_led_to_are_its_ends() {
    let run = |minute: usize, said: &str| {
        format!(
            "2026-02-03 04:{minute}:01+00:00 INFO  start-mill.sh: Welcome to mill 15.0.2\n\
             2026-02-03 04:{minute}:22+00:00 {said}\n\
             2026-02-03 04:{minute}:22,405 WARN received SIGTERM indicating exit request\n"
        )
    };
    let log: String =
        (10..14).map(|minute| run(minute, "ERROR start-mill.sh: There is no grain in the silo")).collect();
    let told = analyze(&[("mill.log", &log)]);
    assert_eq!((&told["verdict"], counts(&told)), (&"crash-loop".into(), (3, 0)), "{told}");
    assert_eq!(roots(&told).len(), 1, "{told}");
    // Without an error they are an operator's stops.
    let log: String = (10..14).map(|minute| run(minute, "INFO  start-mill.sh: Grinding four sacks")).collect();
    assert_eq!(analyze(&[("mill.log", &log)])["verdict"], "healthy");
}

#[test]
fn who_is_stopped_after_a_traceback_did_not_die_by_it() {
    let request = "2026-02-03 04:00:12,800 WARNING [66] mill: import refused: rows is not a number\n\
                   Traceback (most recent call last):\n  File \"/srv/mill.py\", line 26, in do_import\n    int(rows)\n\
                   ValueError: invalid literal for int() with base 10: 'ten'\n";
    let log = format!(
        "[2026-02-03 04:00:01 +0000] [51] [INFO] Starting gunicorn 23.0.0\n\
         [2026-02-03 04:00:01 +0000] [51] [INFO] Listening at: http://127.0.0.1:8000 (51)\n{request}\
         [2026-02-03 04:00:13 +0000] [51] [INFO] Handling signal: term\n\
         [2026-02-03 04:00:13 +0000] [51] [INFO] Shutting down: Master\n\
         [2026-02-03 04:00:14 +0000] [76] [INFO] Starting gunicorn 23.0.0\n\
         [2026-02-03 04:00:14 +0000] [76] [INFO] Listening at: http://127.0.0.1:8000 (76)\n"
    );
    let manager = "2026-02-03 04:00:00,785 INFO spawned: 'mill' with pid 51\n\
                   2026-02-03 04:00:13,550 INFO waiting for mill to stop\n\
                   2026-02-03 04:00:13,995 INFO stopped: mill (exit status 0)\n\
                   2026-02-03 04:00:14,001 INFO spawned: 'mill' with pid 76\n";
    let told = analyze(&[("mill.log", &log), ("supervisord.log", manager)]);
    assert_eq!(told["verdict"], "healthy", "{told}");
    assert_eq!(counts(&told).0, 1, "{told}");
}

#[test]
fn what_a_loop_logs_with_a_traceback_is_no_death() {
    let mut log = String::from("2026-02-03 04:00:00,100 INFO:mill:listening on http://127.0.0.1:8080\n");
    for second in 1..9 {
        let _ = write!(
            log,
            "2026-02-03 04:00:0{second},481 ERROR:asyncio:socket.accept() out of system resource\n\
             socket: <asyncio.TransportSocket fd=6, family=2, type=1, proto=6, laddr=('127.0.0.1', 7007)>\n\
             Traceback (most recent call last):\n  File \"/usr/lib/python3.11/socket.py\", line 294, in accept\n    fd, addr = self._accept()\n\
             OSError: [Errno 24] Too many open files\n"
        );
    }
    let told = analyze(&[("mill.log", &log)]);
    assert_eq!(counts(&told).0, 0, "{told}");
}

#[test]
fn what_the_last_run_of_a_log_without_times_said_last_may_be_its_end() {
    let run = "mill server v1.2 starting\nledger loaded 3 books\nmill listening on port 8080\n\
               PHP Fatal error:  Uncaught MillException: the sack is torn in /srv/mill.php:3\nStack trace:\n#0 {main}\n  thrown in /srv/mill.php on line 3\n";
    let told = analyze(&[("mill.log", &run.repeat(5))]);
    let causes = told["services"][0]["incidents"][0]["causes"].to_string();
    assert!(causes.contains("the sack is torn"), "{told}");
}

#[test]
fn a_manager_that_tells_started_before_starting_tells_of_one_start() {
    let mut log = String::new();
    for second in [24, 29, 34, 39] {
        let _ = write!(
            log,
            "Jun 24 13:16:{second} node1 systemd[1]: Started The Mill.\n\
             Jun 24 13:16:{second} node1 systemd[1]: Starting The Mill...\n\
             Jun 24 13:16:{second} node1 systemd[1]: mill.service: main process exited, code=exited, status=255/n/a\n\
             Jun 24 13:16:{second} node1 systemd[1]: Unit mill.service entered failed state.\n\
             Jun 24 13:16:{second} node1 systemd[1]: mill.service failed.\n"
        );
    }
    let told = analyze(&[("journal.log", &log)]);
    assert_eq!(counts(&told).0, 3, "{told}");
}

#[test]
fn a_script_that_asks_for_restarts_does_not_lead_where_the_program_tells_more() {
    let stamp = |second: u32| format!("2026-02-03_04:{:02}:{:02}.10000", second / 60, second % 60);
    let mut log = String::new();
    for nth in 0..6 {
        let at = stamp(2 * nth);
        let _ = write!(
            log,
            "{at} Traceback (most recent call last):\n{at}   File \"/srv/mill.py\", line 3, in <module>\n{at}     main()\n\
             {at} mill.ConfigError: the sack is torn\n"
        );
    }
    let mut script = String::new();
    for nth in 0..4 {
        let (start, stop) = (stamp(20 + 10 * nth), stamp(28 + 10 * nth));
        let _ = write!(
            log,
            "{start} INFO:     Started server process [{0}]\n{start} INFO:     Application startup complete.\n\
             {stop} INFO:     Shutting down\n{stop} INFO:     Finished server process [{0}]\n",
            40 + nth
        );
        let _ = write!(
            script,
            "2026-02-03T04:00:{:02}Z refresh[47]: the flour has changed, restarting mill\nok: run: /srv/sv/mill: (pid {}) 0s\n",
            28 + 10 * nth,
            41 + nth
        );
    }
    let told = analyze(&[("mill.log", &log), ("refresh.log", &script)]);
    let causes = told["services"][0]["incidents"].to_string();
    assert!(causes.contains("the sack is torn"), "{told}");
    assert!((9..=11).contains(&counts(&told).0), "{told}");
}

#[test]
fn a_thread_of_ruby_that_dies_is_not_the_programs_end() {
    let mut log = String::from("2026-02-03T04:00:00Z mill is listening on port 8080\n");
    for second in 1..6 {
        let _ = write!(
            log,
            "#<Thread:0x00007f00f58d964{second} /srv/mill/config.ru:24 run> terminated with exception (report_on_exception is true):\n\
             /srv/mill/config.ru:30:in `block in watch': ledger 7 is locked (Mill::Stuck)\n\tfrom /srv/mill/config.ru:25:in `loop'\n\
             2026-02-03T04:00:0{second}Z sack {second} is ground\n"
        );
    }
    assert_eq!(counts(&analyze(&[("mill.log", &log)])).0, 0);
    whole_wherever_cut(&log);
    // Where that is asked for it tells the same once more, and ends.
    let death = "/srv/mill/config.ru:30:in `block in watch': ledger 7 is locked (Mill::Stuck)\n\tfrom /srv/mill/config.ru:25:in `loop'\n";
    let head = "#<Thread:0x00007f00f58d9648 /srv/mill/config.ru:24 run> terminated with exception (report_on_exception is true):\n";
    let told =
        analyze(&[("mill.log", &format!("{head}{death}{death}").repeat(5)), ("supervisord.log", &supervisord(5))]);
    assert_eq!(counts(&told).0, 4, "{told}");
    let roots = roots(&told);
    assert!(roots.len() == 1 && roots[0].1 == 5, "{roots:?} {told}");
}

#[test]
fn a_chain_of_exceptions_stays_whole_where_only_later_runs_tell_times() {
    let chain = "Traceback (most recent call last):\n  File \"/srv/mill/read.py\", line 9, in read\n    return json.loads(text)\n\
                 json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)\n\n\
                 During handling of the above exception, another exception occurred:\n\n\
                 Traceback (most recent call last):\n  File \"/srv/mill/read.py\", line 12, in read\n    return yaml.safe_load(text)\n\
                 yaml.parser.ParserError: while parsing a flow sequence\n\n\
                 During handling of the above exception, another exception occurred:\n\n\
                 Traceback (most recent call last):\n  File \"/srv/mill/main.py\", line 3, in <module>\n    raise BadSack(\"neither\")\n\
                 mill.BadSack: neither\n";
    let mut log = chain.repeat(3);
    for second in [15, 20, 25] {
        let _ = writeln!(log, "2026-02-03 04:00:{second},300 [mill] INFO - looking at the sacks");
        log.push_str(TRACEBACK);
        log.push_str("mill.SackGap: 2 sacks lack a seal\n");
    }
    let told = analyze(&[("gateway.log", &log), ("supervisord.log", &supervisord(6))]);
    assert_eq!(counts(&told).0, 5, "{told}");
    let runs: Vec<u64> = roots(&told).iter().map(|(_, runs)| *runs).collect();
    assert_eq!(runs, [3, 3], "{:?} {told}", roots(&told));
}

#[test]
fn sure_last_words_without_a_time_after_lines_that_have_one_are_a_death_each() {
    let mut log = String::from(
        "2026-02-03T04:00:00.227+00:00 [gateway] loading configuration…\n\
         2026-02-03T04:00:00.300+00:00 [gateway] resolving authentication…\n",
    );
    for _ in 0..6 {
        log.push_str(
            "[gateway] requires state migration. Stop the service with openclaw gateway stop, then run openclaw doctor --fix\n\
             Gateway failed to start: Doctor cannot repair this state: the shared state database is unreadable\n",
        );
    }
    let told = analyze(&[("gateway.log", &log)]);
    assert_eq!(counts(&told).0, 5, "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn what_leaves_the_module_that_is_run_ended_the_program() {
    let mut log = String::new();
    for second in [10, 13, 16, 19] {
        let _ = write!(
            log,
            "2026-02-03_04:00:{second}.10000 <6>sacks: {second} of them\n2026-02-03_04:00:{second}.90000 ledger is locked\n"
        );
        for line in TRACEBACK.lines().chain(["mill.LedgerError: it is locked"]) {
            let _ = writeln!(log, "2026-02-03_04:00:{second}.90000 {line}");
        }
    }
    for second in [23, 27] {
        let _ = write!(
            log,
            "2026-02-03_04:00:{second}.10000 <6>sacks: {second} of them\n2026-02-03_04:00:{second}.90000 INFO:     Started server process [{second}]\n\
             2026-02-03_04:00:{second}.90001 INFO:     Application startup complete.\n\
             2026-02-03_04:00:{second}.90002 INFO:     Uvicorn running on http://127.0.0.1:8001 (Press CTRL+C to quit)\n"
        );
    }
    let told = analyze(&[("mill.log", &log)]);
    assert_eq!(counts(&told), (5, 2), "{told}");
}

#[test]
fn an_exception_after_another_death_is_one_of_its_own_without_times_too() {
    let mut log = String::new();
    for _ in 0..4 {
        log.push_str("Usage: mill serve [OPTIONS]\nTry 'mill serve --help' for help.\n\nError: Invalid value for '--rye': x is none\n");
    }
    for _ in 0..5 {
        log.push_str(TRACEBACK);
        log.push_str("mill.LedgerError: the ledger is no ledger\n");
    }
    log.push_str("INFO:     Started server process [113]\nINFO:     Application startup complete.\nINFO:     Uvicorn running on http://127.0.0.1:8001 (Press CTRL+C to quit)\n");
    let told = analyze(&[("mill.log", &log)]);
    assert_eq!(counts(&told), (9, 1), "{told}");
}

#[test]
fn a_childs_exceptions_between_requests_are_no_ends_of_a_server_without_times() {
    let mut log = String::from(
        "INFO:     Started server process [23]\nINFO:     Application startup complete.\nINFO:     Uvicorn running on http://127.0.0.1:8001 (Press CTRL+C to quit)\n",
    );
    for _ in 0..8 {
        log.push_str("INFO:     127.0.0.1:40001 - \"GET /rates HTTP/1.1\" 200 OK\n");
        log.push_str(TRACEBACK);
        log.push_str("mill.RateGap: no rates\n");
    }
    log.push_str("INFO:     127.0.0.1:40001 - \"GET /rates HTTP/1.1\" 200 OK\n");
    assert_eq!(counts(&analyze(&[("rates.log", &log)])), (0, 1));
}

#[test]
fn an_interrupt_is_a_stop() {
    let mut log = String::new();
    for minute in 0..5 {
        let _ = write!(
            log,
            "2026-02-03 04:0{minute}:00,100 INFO mill: starting mill 4.2\n2026-02-03 04:0{minute}:01,100 INFO mill: listening on 127.0.0.1:8080\n\
             Traceback (most recent call last):\n  File \"/srv/mill.py\", line 30, in <module>\n    loop()\nKeyboardInterrupt\n"
        );
    }
    let told = analyze(&[("mill.log", &log)]);
    assert_eq!((told["verdict"].as_str(), counts(&told).0), (Some("healthy"), 4), "{told}");
}
