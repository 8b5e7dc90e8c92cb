//! Services that stay up, or were only ever stopped on purpose, and are ill all the same.

use crate::merge_law::whole_wherever_cut;
use crate::support::analyze;
use serde_json::Value;
use std::fmt::Write;

fn verdict(told: &Value) -> (&str, &str) {
    let cause = told["services"][0]["incidents"][0]["causes"][0]["id"].as_str().unwrap_or_default();
    (told["verdict"].as_str().unwrap_or_default(), cause)
}

/// A ready service whose notifications fail at these seconds.
fn notifier(seconds: &[u32], more: &str) -> String {
    let mut log = String::from(
        "2026-02-03T09:00:00.100Z INFO  [mailer] starting mailer 2.1\n\
         2026-02-03T09:00:01.100Z INFO  [mailer] listening on 127.0.0.1:8200\n",
    );
    for second in seconds {
        let _ = writeln!(
            log,
            "2026-02-03T09:{:02}:{:02}.300Z ERROR [mailer] notify: unexpected status code 500 from http://hook.example/in",
            second / 60,
            second % 60
        );
    }
    log + more
}

#[test]
fn what_fails_by_the_clock_until_the_end_is_told() {
    let every_minute: Vec<u32> = (1..9).map(|minute| minute * 60).collect();
    let told = analyze(&[("mailer.log", &notifier(&every_minute, ""))]);
    let (is, cause) = verdict(&told);
    assert!(is == "degraded" && cause.starts_with("unknown/"), "{told}");
    let incident = &told["services"][0]["incidents"][0];
    assert_eq!((&incident["ongoing"], &incident["ready_runs"]), (&true.into(), &1.into()), "{told}");
    whole_wherever_cut(&notifier(&every_minute, ""));
}

#[test]
fn errors_at_odd_times_or_long_ago_are_none() {
    let at_odd_times = [61, 75, 190, 200, 204, 330, 480, 481];
    assert_eq!(verdict(&analyze(&[("mailer.log", &notifier(&at_odd_times, ""))])).0, "healthy");
    let every_minute: Vec<u32> = (1..9).map(|minute| minute * 60).collect();
    let over = "2026-02-03T09:30:00.300Z INFO  [mailer] listening on 127.0.0.1:8201\n";
    assert_eq!(verdict(&analyze(&[("mailer.log", &notifier(&every_minute, over))])).0, "healthy");
}

#[test]
fn who_is_stopped_on_purpose_until_its_manager_gives_up_is_down() {
    let mut log = String::new();
    for second in 10..15 {
        let _ = write!(
            log,
            "Feb 03 15:30:{second} gw systemd[1]: Starting Ledger...\n\
             Feb 03 15:30:{second} gw systemd[1]: Started Ledger.\n\
             Feb 03 15:30:{second} gw systemd[1]: Stopping Ledger...\n\
             Feb 03 15:30:{second} gw systemd[1]: ledger.service: Succeeded.\n\
             Feb 03 15:30:{second} gw systemd[1]: Stopped Ledger.\n"
        );
    }
    let calm = analyze(&[("journal.log", &log)]);
    assert_eq!(calm["verdict"], "healthy", "{calm}");
    log.push_str(
        "Feb 03 15:30:15 gw systemd[1]: ledger.service: Start request repeated too quickly.\n\
         Feb 03 15:30:15 gw systemd[1]: Failed to start Ledger.\n",
    );
    let told = analyze(&[("journal.log", &log)]);
    assert_eq!(verdict(&told), ("crash-loop", "systemd-start-limit"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn a_watchdog_that_says_why_after_the_stop_was_no_operator() {
    let mut log = String::new();
    for second in [10, 20, 30, 40] {
        let _ = write!(
            log,
            "2026-02-03T15:30:{second}: PM2 log: App [web:0] starting in -fork mode-\n\
             2026-02-03T15:30:{second}: PM2 log: App [web:0] online\n\
             2026-02-03T15:30:{0}: PM2 log: Stopping app:web id:0\n\
             2026-02-03T15:30:{0}: PM2 log: App [web:0] exited with code [0] via signal [SIGINT]\n\
             2026-02-03T15:30:{0}: PM2 log: [PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value \
             (current_memory=363235360 max_memory_limit=314572800 [octets])\n",
            second + 9
        );
    }
    let told = analyze(&[("pm2.log", &log)]);
    assert_eq!(told["services"][0]["planned_restarts"], 0, "{told}");
    assert_eq!(verdict(&told).1, "pm2-memory", "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn a_logger_that_ends_the_process_tells_of_its_end() {
    let mut log = String::new();
    for second in 10..15 {
        let _ = write!(
            log,
            "2026-02-03_15:30:{second}.11824 2026-02-03T15:30:{second}Z FTL \n\
             2026-02-03_15:30:{second}.11830 FATAL: The \"ip_prefixes\" configuration key has been removed.\n"
        );
    }
    let told = analyze(&[("current", &log)]);
    let service = &told["services"][0];
    assert_eq!((told["verdict"].as_str(), service["restarts"].as_u64()), (Some("crash-loop"), Some(4)), "{told}");
    assert!(service["incidents"][0]["causes"].to_string().contains("ip_prefixes"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn a_manager_that_waits_for_readiness_tells_of_it() {
    let log = |wait: u32| {
        format!(
            "Feb 03 15:30:10 gw systemd[1]: Starting Search...\n\
             Feb 03 15:30:{} gw systemd[1]: Started Search.\n\
             Feb 03 15:38:10 gw systemd[1]: search.service: Main process exited, code=killed, status=9/KILL\n",
            10 + wait
        )
    };
    let ready = |log: &str| analyze(&[("journal.log", log)])["services"][0]["ready_runs"].clone();
    assert_eq!(ready(&log(9)), 1);
    whole_wherever_cut(&log(9));
}

#[test]
fn a_loop_of_clean_ends_is_named() {
    let mut log = String::new();
    for second in (10..58).step_by(8) {
        let _ = write!(
            log,
            "2026-02-03T15:30:{second}+01:00  Started          Task started by client\n\
             2026-02-03T15:30:{}+01:00  Terminated       Exit Code: 0\n",
            second + 2
        );
    }
    let told = analyze(&[("alloc.log", &log)]);
    assert_eq!(verdict(&told), ("crash-loop", "clean-exit"), "{told}");
    let evidence = &told["services"][0]["incidents"][0]["causes"][0]["evidence"][0];
    assert_eq!((&evidence["line"], evidence["path"].as_str()), (&2.into(), Some("alloc.log")), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn clean_ends_are_named_beside_an_odd_one() {
    let mut log = String::new();
    for second in (10..58).step_by(8) {
        let _ = write!(
            log,
            "2026-02-03T15:30:{second}+01:00  Started          Task started by client\n\
             2026-02-03T15:30:{}+01:00  {}\n",
            second + 2,
            if second == 26 {
                "Terminated       Exit Code: 1, Exit Message: \"the miller did not come\""
            } else {
                "Terminated       Exit Code: 0"
            }
        );
    }
    let told = analyze(&[("alloc.log", &log)]);
    let causes = &told["services"][0]["incidents"][0]["causes"];
    let named = causes.as_array().expect("causes").iter().any(|cause| cause["id"] == "clean-exit");
    assert!(named && told["verdict"] == "crash-loop", "{told}");
}

#[test]
fn a_worker_that_dies_under_a_living_master_is_an_illness() {
    let mut log = String::from(
        "Feb 03 15:30:07 mx postfix/master[1418]: daemon started -- version 3.7.6, configuration /etc/postfix\n",
    );
    for minute in 31..39 {
        let pid = 2000 + minute;
        let _ = write!(
            log,
            "Feb 03 15:{minute}:39 mx postfix/smtpd[{pid}]: fatal: no mill to send flour to\n\
             Feb 03 15:{minute}:40 mx postfix/master[1418]: warning: process /usr/lib/postfix/smtpd pid {pid} exit status 1\n"
        );
    }
    let told = analyze(&[("mail.log", &log)]);
    let restarts = told["services"].as_array().expect("services").iter().filter_map(|one| one["restarts"].as_u64());
    assert_eq!((told["verdict"].as_str(), restarts.sum::<u64>()), (Some("degraded"), 0), "{told}");
    assert!(told["services"][0]["incidents"][0]["causes"].to_string().contains("no mill to send flour to"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn a_watchdog_without_times_stops_each_run() {
    let mut manager = String::new();
    let mut watchdog = String::new();
    for second in [10, 20, 30, 40] {
        let _ = write!(
            manager,
            "2026-02-03 15:30:{second},101 INFO spawned: 'ledger' with pid {second}\n\
             2026-02-03 15:30:{0},101 INFO waiting for ledger to stop\n\
             2026-02-03 15:30:{0},201 WARN stopped: ledger (terminated by SIGTERM)\n",
            second + 9
        );
        watchdog.push_str(
            "Restarting selected processes ['ledger']\nledger is in RUNNING state, restarting\nledger restarted\n",
        );
    }
    // The last one works, and an operator stops it.
    manager.push_str(
        "2026-02-03 15:30:50,101 INFO spawned: 'ledger' with pid 50\n\
         2026-02-03 15:39:50,101 INFO waiting for ledger to stop\n\
         2026-02-03 15:39:50,201 WARN stopped: ledger (terminated by SIGTERM)\n",
    );
    let told = analyze(&[("supervisord.log", &manager), ("httpok.log", &watchdog)]);
    let service = &told["services"][0];
    assert_eq!((&service["restarts"], &service["planned_restarts"]), (&4.into(), &0.into()), "{told}");
    let incident = &service["incidents"][0];
    assert_eq!(
        (&incident["stopped_by"]["watchdog"], incident["causes"][0]["id"].as_str()),
        (&4.into(), Some("superlance-httpok")),
        "{told}"
    );
}

#[test]
fn a_watcher_that_restarts_what_only_boots_slowly_is_the_cause() {
    let mut log = String::new();
    for minute in [31, 34, 37, 40] {
        let _ = write!(
            log,
            "Feb 03 15:{minute}:10 db systemd[1]: Starting Mill Database...\n\
             Feb 03 15:{minute}:11 db milld[9{minute}]: replaying the log of grains\n\
             Feb 03 15:{}:20 db monit[812]: 'mill' failed protocol test [MYSQL] at [127.0.0.1]:3306 [TCP/IP] -- Connection refused\n\
             Feb 03 15:{0}:20 db monit[812]: 'mill' trying to restart\n\
             Feb 03 15:{0}:20 db systemd[1]: Stopping Mill Database...\n\
             Feb 03 15:{0}:50 db systemd[1]: mill.service: Main process exited, code=killed, status=9/KILL\n\
             Feb 03 15:{0}:50 db systemd[1]: Stopped Mill Database.\n",
            minute + 2
        );
    }
    let told = analyze(&[("syslog", &log)]);
    let service = &told["services"][0];
    assert_eq!((verdict(&told), service["restarts"].as_u64()), (("crash-loop", "watchdog-stop"), Some(3)), "{told}");
    assert!(service["incidents"][0]["causes"][0]["evidence"].to_string().contains("trying to restart"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn a_script_that_kills_is_told_beside_its_victim() {
    let mut log = String::new();
    for hour in 9..13 {
        let pid = 700 + hour;
        let _ = write!(
            log,
            "Feb 03 {hour:02}:17:12 pi systemd[1]: Started Mill.\n\
             Feb 03 {hour:02}:17:14 pi mill[{pid}]: listening on 127.0.0.1:4100\n\
             Feb 03 {:02}:17:02 pi CRON[2216]: trim: /srv/mill/grains is 617 MB, sending SIGKILL to mill ({pid})\n\
             Feb 03 {0:02}:17:02 pi systemd[1]: mill.service: Main process exited, code=killed, status=9/KILL\n",
            hour + 1
        );
    }
    let told = analyze(&[("syslog", &log)]);
    let services = told["services"].as_array().expect("services");
    let restarts: u64 = services.iter().filter_map(|one| one["restarts"].as_u64()).sum();
    assert_eq!((verdict(&told), restarts), (("flapping", "killed-by-guard"), 3), "{told}");
    assert!(services[0]["incidents"][0]["stopped_by"]["killed"].as_u64().is_some_and(|killed| killed >= 3), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn two_managers_of_one_container_tell_of_one_service() {
    let mut log = String::new();
    for minute in 10..14 {
        let id = "5f0c1de2a42e71484809be1ee3c909493c5f0c1de2a42e71484809be1ee3c909";
        let _ = write!(
            log,
            "2026-02-03T02:{minute}:14.827034392Z container start {id} (image=mill:1, name=shop-mill-1)\n\
             mill-1  | grinding\n\
             2026-02-03T02:{minute}:40.652266177Z container oom {id} (image=mill:1, name=shop-mill-1)\n\
             2026-02-03T02:{minute}:40.732266433Z container die {id} (execDuration=26, exitCode=137, image=mill:1, name=shop-mill-1)\n\
             mill-1 exited with code 137\n"
        );
    }
    let told = analyze(&[("compose.log", &log)]);
    let services = told["services"].as_array().expect("services");
    assert_eq!((services.len(), &services[0]["restarts"]), (1, &3.into()), "{told}");
    assert_eq!(verdict(&told), ("crash-loop", "container-oom"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn what_clients_get_wrong_is_no_illness_of_their_server() {
    let mut log = String::from(
        "2026-02-03 04:00:00.100 UTC [1] LOG:  starting PostgreSQL 16.6 on x86_64-pc-linux-gnu\n\
         2026-02-03 04:00:00.300 UTC [1] LOG:  database system is ready to accept connections\n",
    );
    for minute in 1..9 {
        let _ = writeln!(
            log,
            "2026-02-03 04:0{minute}:00.100 UTC [6{minute}] ERROR:  relation \"grains\" does not exist at character 15"
        );
    }
    assert_eq!(verdict(&analyze(&[("postgres.log", &log)])).0, "healthy");
    let lost = "FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 000000030000005A0000007D has already been removed";
    let told =
        analyze(&[("postgres.log", &log.replace("ERROR:  relation \"grains\" does not exist at character 15", lost))]);
    assert_eq!(verdict(&told), ("degraded", "pg-wal-removed"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn a_watcher_that_sees_what_the_program_writes_is_a_loop() {
    let log = |file: &str| {
        let mut log = String::new();
        for minute in 10..17 {
            let _ = write!(
                log,
                "2026-02-03T14:{minute}:15: PM2 log: App [mill:0] starting in -fork mode-\n\
                 2026-02-03T14:{minute}:15: PM2 log: App [mill:0] online\n\
                 2026-02-03T14:{minute}:59: PM2 log: Change detected on path {file} for app mill - restarting\n\
                 2026-02-03T14:{minute}:59: PM2 log: Stopping app:mill id:0\n\
                 2026-02-03T14:{minute}:59: PM2 log: App [mill:0] exited with code [0] via signal [SIGINT]\n"
            );
        }
        log
    };
    let told = analyze(&[("pm2.log", &log("data/grains.json"))]);
    assert_eq!(verdict(&told), ("flapping", "watch-own-file"), "{told}");
    assert_eq!(verdict(&analyze(&[("pm2.log", &log("lib/routes.js"))])).0, "healthy");
    whole_wherever_cut(&log("data/grains.json"));
}

/// A server that begins with `boot`, and then says `again` at these seconds of the hour.
fn uwsgi(boot: &str, again: &str, seconds: &[u32]) -> String {
    let mut log = format!(
        "Feb 03 09:00:00 gw systemd[1]: Started Kiln board (uwsgi).\n\
         Feb 03 09:00:00 gw uwsgi[2411]: *** Starting uWSGI 2.0.15 (64bit) on [Tue Feb  3 09:00:00 2026] ***\n{boot}\
         Feb 03 09:00:01 gw uwsgi[2411]: spawned uWSGI master process (pid: 2411)\n"
    );
    for second in seconds {
        let _ = writeln!(log, "Feb 03 09:{:02}:{:02} gw uwsgi[2411]: {again}", second / 60, second % 60);
    }
    log
}

#[test]
fn a_part_that_is_missing_is_told_by_what_took_it_away() {
    let boot = "Feb 03 09:00:00 gw uwsgi[2411]: Traceback (most recent call last):\n\
                Feb 03 09:00:00 gw uwsgi[2411]:   File \"./board.py\", line 3, in <module>\n\
                Feb 03 09:00:00 gw uwsgi[2411]: ImportError: No module named flask_rates\n\
                Feb 03 09:00:00 gw uwsgi[2411]: *** no app loaded. going in full dynamic mode ***\n";
    let again = "--- no python application found, check your startup logs for errors ---";
    let told = analyze(&[("journal.log", &uwsgi(boot, again, &[34, 80, 81, 200, 333]))]);
    let (is, cause) = verdict(&told);
    assert!(is == "degraded" && cause != "uwsgi-no-app", "{told}");
    assert!(told["services"][0]["incidents"][0]["causes"][0]["title"].to_string().contains("flask_rates"), "{told}");
}

#[test]
fn what_was_tried_again_at_the_start_and_never_later_was_got_over() {
    let conflict =
        "409: Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    let bot = |more: &str| {
        format!(
            "2026-02-03T09:00:00.100Z INFO  [bot] starting bot 2.1\n\
             2026-02-03T09:00:01.100Z INFO  [bot] bot is ready\n\
             2026-02-03T09:00:02.100Z WARN  [bot] {conflict}, retry in 5s\n\
             2026-02-03T09:00:07.100Z WARN  [bot] {conflict}, retry in 10s\n\
             2026-02-03T09:00:17.100Z WARN  [bot] {conflict}, retry in 20s\n\
             2026-02-03T09:00:37.100Z WARN  [bot] {conflict}, retry in 30s\n{more}"
        )
    };
    let work = "2026-02-03T09:30:00.100Z INFO  [bot] 12 updates handled\n";
    assert_eq!(verdict(&analyze(&[("bot.log", &bot(work))])).0, "healthy");
    assert_eq!(verdict(&analyze(&[("bot.log", &bot(""))])), ("degraded", "telegram-409"));
}

#[test]
fn a_change_that_comes_as_long_after_each_start_is_a_loop() {
    let log = |lives: &[u32]| {
        let at = |second: u32| format!("2026-02-03T04:{:02}:{:02}", second / 60, second % 60);
        let mut second = 0;
        let mut log = format!(
            "{}: PM2 log: App [mill:0] starting in -fork mode-\n{}: PM2 log: App [mill:0] online\n",
            at(0),
            at(0)
        );
        for life in lives {
            second += life;
            let now = at(second);
            let _ = write!(
                log,
                "{now}: PM2 log: Change detected on path plugins/sacks/list.ini for app mill - restarting\n\
                 {now}: PM2 log: Stopping app:mill id:0\n\
                 {now}: PM2 log: App [mill:0] exited with code [0] via signal [SIGINT]\n\
                 {now}: PM2 log: App [mill:0] starting in -fork mode-\n{now}: PM2 log: App [mill:0] online\n"
            );
        }
        analyze(&[("pm2.log", &log)])
    };
    let even = log(&[24, 24, 25, 23, 24, 26]);
    assert_eq!(even["verdict"], "flapping", "{even}");
    assert_eq!(even["services"][0]["incidents"][0]["causes"][0]["id"], "change-loop", "{even}");
    // Somebody works on it.
    let odd = log(&[9, 44, 8, 130, 31, 70]);
    assert_eq!(odd["verdict"], "healthy", "{odd}");
}

#[test]
fn what_a_user_asks_of_monit_is_planned() {
    let mut log = String::from(
        "[2026-02-03T04:00:00+0000] info     : 'mill' start: '/srv/mill start'\n\
         [2026-02-03T04:00:02+0000] info     : 'mill' process is running with pid 20\n",
    );
    for minute in 1..5 {
        let _ = write!(
            log,
            "[2026-02-03T04:0{minute}:00+0000] info     : 'mill' restart on user request\n\
             [2026-02-03T04:0{minute}:00+0000] info     : 'mill' trying to restart\n\
             [2026-02-03T04:0{minute}:00+0000] info     : 'mill' stop: '/srv/mill stop'\n\
             [2026-02-03T04:0{minute}:01+0000] info     : 'mill' start: '/srv/mill start'\n\
             [2026-02-03T04:0{minute}:02+0000] info     : 'mill' restart action done\n"
        );
    }
    let told = analyze(&[("monit.log", &log)]);
    assert_eq!(told["verdict"], "healthy", "{told}");
    assert_eq!(told["services"][0]["planned_restarts"], 4, "{told}");
}
