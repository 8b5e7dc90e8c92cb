//! Whose run it was: several processes of one service, deaths before the first word, and who ended it.

use crate::merge_law::whole_wherever_cut;
use crate::support::analyze;
use serde_json::Value;
use std::fmt::Write;

/// Restarts, planned restarts, runs that became ready.
fn counts(told: &Value) -> (u64, u64, u64) {
    let service = &told["services"][0];
    let of = |key: &str| service[key].as_u64().unwrap_or_default();
    (of("restarts"), of("planned_restarts"), of("ready_runs"))
}

fn roots(told: &Value) -> String {
    told["services"][0]["incidents"][0]["causes"].to_string()
}

/// Two instances, each replaced once by a reload: the new process listens before the old one is told to go.
fn reload_of_a_cluster() -> String {
    let mut log = String::new();
    for (id, pid) in [(0, 71), (1, 72)] {
        let _ = write!(
            log,
            "PM2   | 2026-02-03T15:30:0{id}: PM2 log: App [web:{id}] starting in -cluster mode-\n\
             PM2   | 2026-02-03T15:30:0{id}: PM2 log: App [web:{id}] online\n\
             {id}|web | listening on port 3000 (pid {pid})\n"
        );
    }
    for (id, pid) in [(0, 81), (1, 82)] {
        let _ = write!(
            log,
            "PM2   | 2026-02-03T19:0{id}:31: PM2 log: App [web:{id}] starting in -cluster mode-\n\
             PM2   | 2026-02-03T19:0{id}:32: PM2 log: App [web:{id}] online\n\
             {id}|web | listening on port 3000 (pid {pid})\n\
             PM2   | 2026-02-03T19:0{id}:33: PM2 log: Stopping app:web id:_old_{id}\n\
             PM2   | 2026-02-03T19:0{id}:34: PM2 log: App name:web id:_old_{id} disconnected\n\
             PM2   | 2026-02-03T19:0{id}:34: PM2 log: App [web:_old_{id}] exited with code [0] via signal [SIGINT]\n"
        );
    }
    log
}

#[test]
fn instances_have_runs_of_their_own_and_a_reload_replaces_them() {
    let told = analyze(&[("pm2.log", &reload_of_a_cluster())]);
    assert_eq!((told["verdict"].as_str(), counts(&told)), (Some("healthy"), (2, 2, 4)), "{told}");
    whole_wherever_cut(&reload_of_a_cluster());
}

#[test]
fn one_instance_in_a_loop_leaves_the_other_alone() {
    let mut log = String::from(
        "2026-02-03T15:30:00: PM2 log: App [web:0] starting in -cluster mode-\n\
         2026-02-03T15:30:00: PM2 log: App [web:0] online\n",
    );
    for second in (10..50).step_by(10) {
        let _ = write!(
            log,
            "2026-02-03T15:30:{second}: PM2 log: App [web:1] starting in -cluster mode-\n\
             2026-02-03T15:30:{second}: PM2 log: App [web:1] online\n\
             2026-02-03T15:30:{}: PM2 log: App [web:1] exited with code [1] via signal [SIGINT]\n",
            second + 1
        );
    }
    let told = analyze(&[("pm2.log", &log)]);
    // Five starts of two instances.
    assert_eq!(counts(&told).0, 3, "{told}");
    let stopped = &told["services"][0]["incidents"][0]["stopped_by"];
    assert_eq!(stopped["itself"], 4, "the other one goes on: {told}");
}

#[test]
fn kubelets_own_log_tells_of_runs_and_of_its_probe() {
    let mut log = String::new();
    for run in 0..4 {
        let at = |second: usize| format!("I0902 10:{:02}:{:02}.123456    1345", 14 + run, second);
        let event = |kind: &str| {
            format!(
                r#"kubelet.go:2457] "SyncLoop (PLEG): event for pod" pod="shop/api-0" event={{"ID":"0c1f","Type":"{kind}","Data":"13{run}"}}"#
            )
        };
        // The pod's sandbox starts, too.
        for _ in 0..if run == 0 { 2 } else { 1 } {
            let _ = writeln!(log, "{} {}", at(1), event("ContainerStarted"));
        }
        let _ = write!(
            log,
            "{} kuberuntime_manager.go:1027] \"Message for Container of pod\" containerName=\"api\" \
             containerStatusID=\"containerd://13{run}\" pod=\"shop/api-0\" \
             containerMessage=\"Container api failed liveness probe, will be restarted\"\n\
             {} kuberuntime_container.go:808] \"Killing container with a grace period\" pod=\"shop/api-0\" \
             podUID=\"0c1f\" containerName=\"api\" containerID=\"containerd://13{run}\" gracePeriod=30\n\
             {} {}\n",
            at(30),
            at(30),
            at(50),
            event("ContainerDied")
        );
    }
    let told = analyze(&[("kubelet.log", &log)]);
    assert_eq!((told["verdict"].as_str(), counts(&told).0), (Some("crash-loop"), 3), "{told}");
    assert_eq!(told["services"][0]["incidents"][0]["stopped_by"]["probe"], 4, "{told}");
    assert!(roots(&told).contains("k8s-liveness"), "{told}");
}

#[test]
fn advice_after_the_reason_does_not_hide_it() {
    let mut log = String::new();
    for run in 0..5 {
        let _ = write!(
            log,
            "gate-1  | 2026-02-03T19:46:4{run}.029+00:00 [gate] resolving keys\n\
             gate-1  | 2026-02-03T19:46:4{run}.036+00:00 refusing to open the gate without a keeper\n\
             gate-1  | A container was seen around this program.\n\
             gate-1  | Set GATE_KEEPER, or pass --keeper to open with one.\n\
             gate-1 exited with code 78\n"
        );
    }
    let told = analyze(&[("compose.log", &log)]);
    let causes = roots(&told);
    assert!(causes.contains("refusing to open the gate without a keeper"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn who_calls_it_fatal_and_then_says_goodbye_was_stopped_by_nobody() {
    let mut log = String::new();
    for run in 0..4 {
        let _ = write!(
            log,
            "shelf  | [18:34:4{run}] [INF] [1] Main: reading the shelf\n\
             shelf  | [18:34:4{run}] [FTL] [1] Main: the shelf has no second board\n\
             shelf  | [18:34:4{run}] [INF] [2] Main: Received a SIGTERM signal, shutting down\n\
             shelf exited with code 0\n"
        );
    }
    let told = analyze(&[("compose.log", &log)]);
    assert_eq!((told["verdict"].as_str(), counts(&told).1), (Some("crash-loop"), 0), "{told}");
    assert!(roots(&told).contains("the shelf has no second board"), "{told}");
}

#[test]
fn a_traceback_that_one_line_introduces_is_a_death_like_any_other() {
    let mut log = String::new();
    for run in 0..6 {
        let _ = write!(
            log,
            "2026-02-03 23:02:0{run}.775210879  Failed to read config file: /srv/mill/conf.py\n\
             2026-02-03 23:02:0{run}.775210879  Traceback (most recent call last):\n\
             2026-02-03 23:02:0{run}.775210879    File \"/srv/mill/conf.py\", line 2, in <module>\n\
             2026-02-03 23:02:0{run}.775210879  NameError: name 'wheels' is not defined\n"
        );
    }
    let told = analyze(&[("mill.log", &log)]);
    assert_eq!((told["verdict"].as_str(), counts(&told).0), (Some("crash-loop"), 5), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn whole_seconds_that_disagree_again_and_again_are_clocks_apart() {
    let (mut manager, mut program) = (String::new(), String::new());
    for run in 0..12 {
        let at = |second: usize| format!("2026-02-03T05:{:02}:{:02}", 10 + run, second);
        let _ = write!(
            manager,
            "{}: PM2 log: App [mill:0] starting in -fork mode-\n{}: PM2 log: App [mill:0] online\n\
             {}: PM2 log: App [mill:0] exited with code [3] via signal [SIGINT]\n",
            at(20),
            at(20),
            at(20)
        );
        // Half a second ahead: half of the runs seem to speak after their end.
        let own = at(20 + run % 2).replace('T', " ");
        let _ = write!(
            program,
            "[{own} +0000] [{pid}] [INFO] Starting gunicorn 23.0.0\n\
             [{own} +0000] [{pid}] [ERROR] Shutting down: Master\n\
             [{own} +0000] [{pid}] [ERROR] Reason: Worker failed to boot.\n",
            pid = 100 + run
        );
    }
    let told = analyze(&[("mill.log", &program), ("pm2.log", &manager)]);
    assert_eq!(counts(&told).0, 11, "{told}");
}

#[test]
fn in_a_stream_of_several_units_a_program_without_a_label_is_whoever_dies_when_it_says_so() {
    let mut log = String::from("2026-02-03 12:28:31,207 INFO spawned: 'front' with pid 213\n");
    for run in 0..4 {
        let at = |millis: usize| format!("2026-02-03 12:28:{},{millis}", 32 + 5 * run);
        let _ = write!(
            log,
            "{} INFO spawned: 'ping' with pid {}\n\
             panic: runtime error: invalid memory address or nil pointer dereference\n\
             [signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x626935]\n\n\
             goroutine 1 [running]:\nmain.main()\n\texample.org/ping/main.go:209 +0xbf3\n\
             {} WARN exited: ping (exit status 2; not expected)\n",
            at(207),
            214 + run,
            at(457)
        );
    }
    let told = analyze(&[("foreground.log", &log)]);
    let services: Vec<&str> =
        told["services"].as_array().into_iter().flatten().filter_map(|of| of["service"].as_str()).collect();
    assert_eq!((services, counts(&told).0), (vec!["ping", "front"], 3), "{told}");
    assert!(roots(&told).contains("go-nil-deref"), "{told}");
}

#[test]
fn a_manager_that_tells_of_first_starts_alone_hides_no_death() {
    let manager = "2026-02-03 22:59:01 circus[59] [INFO] mill started\n\
                   2026-02-03 22:59:30 circus[59] [INFO] Got signal SIG_TERM\n\
                   2026-02-03 22:59:31 circus[59] [INFO] mill stopped\n";
    let death = "/srv/mill/main.js:4\n    throw new StoneError('cracked')\n    ^\n\nStoneError: cracked\n    \
                 at Object.<anonymous> (/srv/mill/main.js:4:11)\n\nNode.js v22.1.0\n";
    let program = format!("{}2026-02-03T22:59:28.316Z mill listening on http://127.0.0.1:3519\n", death.repeat(4));
    let told = analyze(&[("circus.log", manager), ("mill.log", &program)]);
    assert_eq!(counts(&told), (4, 0, 1), "{told}");
    assert!(roots(&told).contains("StoneError"), "{told}");
}

#[test]
fn runs_that_died_before_their_first_word_of_a_start_have_their_error() {
    let mut manager = String::new();
    for run in 0..8 {
        let _ = write!(
            manager,
            "2026-02-03T05:10:{:02}: PM2 log: App [mill:0] starting in -fork mode-\n\
             2026-02-03T05:10:{:02}: PM2 log: App [mill:0] exited with code [1] via signal [SIGINT]\n",
            10 + 5 * run,
            12 + 5 * run
        );
    }
    let early = "Error: the sack of 2026 is not there\n".repeat(5);
    let late = "INFO:     Started server process [96]\n\
                ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8107): address already in use\n\
                INFO:     Application shutdown complete.\n"
        .repeat(3);
    let told = analyze(&[("pm2.log", &manager), ("mill-error.log", &format!("{early}{late}"))]);
    let causes = told["services"][0]["incidents"][0]["causes"].as_array().expect("a list");
    let runs: Vec<u64> = causes.iter().filter(|of| of["role"] == "root").filter_map(|of| of["runs"].as_u64()).collect();
    assert_eq!(runs, [5, 3], "{told}");
}

#[test]
fn an_image_that_starts_itself_anew_as_another_user_starts_once() {
    let mut log = String::new();
    for run in 0..3 {
        let at = |second: usize| format!("2026-02-03 03:1{run}:{second:02}+00:00 [Note] [Entrypoint]:");
        let _ = write!(
            log,
            "{} Entrypoint script for MySQL Server 8.0.35-1.el8 started.\n{} Switching to dedicated user 'mysql'\n\
             {} Entrypoint script for MySQL Server 8.0.35-1.el8 started.\n\
             2026-02-03T03:1{run}:04.501000Z 0 [System] [MY-010116] [Server] /usr/sbin/mysqld (mysqld 8.0.35) starting as process 1\n\
             2026-02-03T03:1{run}:05.181000Z 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. Version: '8.0.35'  socket: '/run/mysqld.sock'  port: 3306  MySQL.\n\
             2026-02-03T03:1{run}:45.181000Z 0 [System] [MY-013172] [Server] Received SHUTDOWN from user <via user signal>. Shutting down mysqld (Version: 8.0.35).\n",
            at(1),
            at(1),
            at(2)
        );
    }
    let told = analyze(&[("mysql.log", &log)]);
    assert_eq!((told["verdict"].as_str(), counts(&told)), (Some("healthy"), (2, 2, 3)), "{told}");
}

#[test]
fn a_goodbye_after_the_manager_told_of_the_next_start_is_the_old_runs_in_every_stream() {
    let console = "[nodemon] starting `openclaw gateway`\n\
                   2026-02-03T03:29:37.526+00:00 [gateway] loading configuration…\n\
                   2026-02-03T03:29:51.086+00:00 [gateway] ready\n\
                   [nodemon] restarting due to changes...\n\
                   [nodemon] starting `openclaw gateway`\n\
                   2026-02-03T03:30:07.406+00:00 [shutdown] completed cleanly in 348ms\n\
                   2026-02-03T03:30:19.440+00:00 [gateway] starting...\n\
                   2026-02-03T03:30:55.740+00:00 [gateway] ready\n";
    let said = |at: &str, subsystem: &str, text: &str| {
        format!(
            r#"{{"0":"{{\"subsystem\":\"{subsystem}\"}}","1":"{text}","_meta":{{"hostname":"mill","date":"2026-02-03T{at}Z","logLevelId":3,"logLevelName":"INFO","name":"{{\"subsystem\":\"{subsystem}\"}}","parentNames":["openclaw"]}},"time":"2026-02-03T{at}+00:00","hostname":"mill","message":"{text}"}}
"#
        )
    };
    let file = [
        said("03:29:37.469", "gateway", "loading configuration…"),
        said("03:30:07.407", "gateway/shutdown", "shutdown completed cleanly in 348ms"),
        said("03:30:19.424", "gateway", "starting..."),
        said("03:30:55.734", "gateway", "gateway ready"),
    ];
    let told = analyze(&[("gateway.log", console), ("openclaw-2026-02-03.log", &file.concat())]);
    assert_eq!((told["verdict"].as_str(), counts(&told)), (Some("healthy"), (1, 1, 2)), "{told}");
}

#[test]
fn who_calls_itself_by_its_name_is_ready_in_a_file_of_another_name() {
    let mut log = String::new();
    for run in 0..5 {
        let _ = write!(
            log,
            "[2026-02-03T15:30:{:02}.100Z] mailer listening on 127.0.0.1:8200\n\
             [2026-02-03T15:30:{:02}.900Z] receipt for 71{run} sent\n\
             TypeError: Cannot read properties of undefined (reading 'email')\n    at sendReceipt (/srv/app/server.js:17:29)\n\n\
             Node.js v20.20.2\n\
             {{\"level\":\"error\",\"message\":\"Forever detected script exited with code: 1\"}}\n\
             {{\"level\":\"error\",\"message\":\"Script restart attempt #{}\"}}\n",
            run * 10,
            run * 10 + 5,
            run + 1
        );
    }
    let told = analyze(&[("forever.log", &log)]);
    assert_eq!(counts(&told).2, 5, "{told}");
    // What is ready by another name is a part, where the runs die at once after it.
    let parts = analyze(&[("forever.log", &log.replace("mailer listening on 127.0.0.1:8200", "directories ready"))]);
    assert_eq!(counts(&parts).2, 0, "{parts}");
}

/// A worker that waits for its broker for ever: nothing restarts it.
fn waits_for_ever(tries: usize) -> String {
    let mut log = String::from(" -------------- celery@gw v5.4.0 (opalescent)\n");
    for at in 0..tries {
        let _ = write!(
            log,
            "[2026-02-03 09:{:02}:{:02},172: ERROR/MainProcess] consumer: Cannot connect to amqp://shop:**@mq:5672/shop: \
             (0, 0): (403) ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN.\n\
             Trying again in 16.00 seconds... ({}/100)\n\n",
            at * 16 / 60,
            at * 16 % 60,
            at + 1
        );
    }
    log
}

#[test]
fn a_start_that_never_ends_is_told_with_its_reason() {
    let told = analyze(&[("worker.log", &waits_for_ever(20))]);
    let service = &told["services"][0];
    assert_eq!((&service["verdict"], &service["restarts"]), (&"degraded".into(), &0.into()), "{told}");
    assert_eq!(service["incidents"][0]["causes"][0]["id"], "amqp-login-refused", "{told}");
    // A boot may take its time, and whoever becomes ready after all was only slow.
    assert_eq!(analyze(&[("worker.log", &waits_for_ever(5))])["verdict"], "healthy");
    let mended = waits_for_ever(20) + "[2026-02-03 09:05:31,172: INFO/MainProcess] celery@gw ready.\n";
    assert_eq!(analyze(&[("worker.log", &mended)])["verdict"], "healthy");
    whole_wherever_cut(&waits_for_ever(20));
}

#[test]
fn a_reload_that_repeats_the_boot_is_no_restart() {
    let line = |second: usize, level: &str, rest: &str| {
        format!(
            "2026-02-03_03:12:{second:02}.54159 {{\"level\":\"{level}\",\"ts\":17700883{:02}.5,{rest}}}\n",
            20 + second
        )
    };
    let mut log = line(0, "info", r#""msg":"using provided configuration","config_file":"/srv/app/Caddyfile""#);
    for reload in 0..5 {
        log +=
            &line(reload * 10, "info", r#""logger":"admin","msg":"admin endpoint started","address":"127.0.0.1:2019""#);
        log += &line(reload * 10, "info", r#""logger":"http.log","msg":"server running","name":"srv0""#);
        if reload == 0 {
            log += &line(0, "info", r#""msg":"serving initial configuration""#);
        }
        log += &line(
            reload * 10 + 3,
            "error",
            r#""logger":"http.log.error","msg":"dial tcp 127.0.0.1:9402: connect: connection refused","status":502"#,
        );
    }
    let told = analyze(&[("current", &log)]);
    assert_eq!((counts(&told).0, &told["verdict"]), (0, &"healthy".into()), "{told}");
}

/// Two pods of one deployment, the second of which replaces the first.
fn rollout() -> String {
    let pod = |name: &str, time: &str, level: &str, rest: &str| {
        format!("grafana-{name} grafana logger=context t=2025-06-30T{time}.100Z level={level} {rest}\n")
    };
    let (old, new) = ("7c9f6d5b8-hx2kq", "6b84f7c9d9-p7vzn");
    [
        pod(old, "11:02:44", "info", "msg=\"Starting Grafana\" version=11.5.4"),
        pod(old, "11:02:49", "info", "msg=\"HTTP Server Listen\" address=[::]:3000 protocol=http"),
        pod(old, "11:29:40", "error", "msg=\"Range query error\" error=\"context canceled\""),
        pod(new, "12:02:48", "info", "msg=\"Starting Grafana\" version=11.6.1"),
        pod(new, "12:02:55", "info", "msg=\"HTTP Server Listen\" address=[::]:3000 protocol=http"),
        pod(old, "12:03:03", "info", "msg=\"Shutdown started\" reason=\"System signal: terminated\""),
        pod(new, "12:12:49", "info", "msg=\"Completed cleanup jobs\" duration=18.9ms"),
    ]
    .concat()
}

#[test]
fn a_pod_that_is_replaced_ends_its_own_run() {
    let told = analyze(&[("pods.log", &rollout())]);
    assert_eq!((told["verdict"].as_str(), counts(&told)), (Some("healthy"), (1, 1, 2)), "{told}");
    whole_wherever_cut(&rollout());
}

#[test]
fn pods_that_crash_in_turn_have_their_own_errors() {
    let mut log = String::new();
    for minute in 0..8 {
        let (pod, error) = [("a1b2c", "the ledger is torn"), ("d3e4f", "the desk is locked")][minute % 2];
        let line = |second: u32, level: &str, rest: &str| {
            format!(
                "shop-7c9f6d5b8-{pod} shop logger=main t=2025-06-30T11:0{minute}:{second:02}.100Z level={level} {rest}\n"
            )
        };
        log += &line(1, "info", "msg=\"Starting Grafana\" version=11.5.4");
        log += &line(9, "error", &format!("msg=\"{error}\""));
        log += &line(9, "info", "msg=\"Shutdown started\" reason=\"failed\"");
    }
    let told = analyze(&[("pods.log", &log)]);
    assert_eq!(counts(&told).0, 7, "{told}");
    let roots = roots(&told);
    assert!(roots.contains("ledger") && roots.contains("desk"), "{told}");
}

#[test]
fn a_child_that_dies_ends_no_service_whose_manager_tells_all_starts() {
    let mut log = String::from("2026-01-14T03:00:00+0000 gw systemd[1]: Started ollama.service - Ollama Service.\n");
    for minute in (10..50).step_by(7) {
        let _ = write!(
            log,
            "2026-01-14T03:{minute}:00+0000 gw ollama[812]: starting llama server\n\
             2026-01-14T03:{minute}:02+0000 gw ollama[812]: panic: unable to load model: /models/sha256-6e9f\n\
             2026-01-14T03:{minute}:02+0000 gw ollama[812]: goroutine 7 [running]:\n\
             2026-01-14T03:{minute}:09+0000 gw ollama[812]: level=ERROR msg=\"llama runner terminated\"\n"
        );
    }
    let told = analyze(&[("journal.log", &log)]);
    assert_eq!(told["services"][0]["restarts"], 0, "{told}");
}

#[test]
fn stops_that_the_same_error_leads_to_are_no_plan() {
    let run = |hour: u32| {
        format!(
            "2026-01-14T{hour}:00:00Z INFO starting gateway\n\
             2026-01-14T{hour}:00:02Z INFO gateway ready\n\
             2026-01-14T{hour}:12:40Z ERROR the query engine is gone, reconnect failed 3 times\n\
             2026-01-14T{hour}:12:58Z INFO received SIGTERM, shutting down\n\
             2026-01-14T{hour}:12:59Z INFO shutdown complete\n"
        )
    };
    let failing: String = (10..14).map(run).collect();
    let told = analyze(&[("gateway.log", &failing)]);
    assert_ne!(told["verdict"], "healthy", "{told}");
    assert!(roots(&told).contains("query engine"), "{told}");
    // The same stops, and the error at any time.
    let quiet = failing.replace(":12:40Z", ":05:10Z");
    assert_eq!(analyze(&[("gateway.log", &quiet)])["verdict"], "healthy");
}

#[test]
fn a_guard_that_sends_term_by_pid_is_the_killer() {
    let mut gateway = String::new();
    let mut guard = String::new();
    for minute in 10..15 {
        let pid = 700 + minute;
        let _ = write!(
            gateway,
            "2026-01-14T03:{minute}:00Z INFO starting gateway\n\
             2026-01-14T03:{minute}:02Z INFO gateway ready\n\
             2026-01-14T03:{minute}:30Z INFO received SIGTERM, shutting down\n\
             2026-01-14T03:{minute}:31Z INFO shutdown complete\n"
        );
        let _ = writeln!(
            guard,
            "2026-01-14T03:{minute}:30+00:00 guard[25]: stray gateway: pid {pid} listens, gateway of record is pid 41; sending TERM"
        );
    }
    let told = analyze(&[("gateway.log", &gateway), ("guard.log", &guard)]);
    assert!(roots(&told).contains("gateway of record is pid 41"), "{told}");
    assert!(!roots(&told).contains("unknown-stopper"), "{told}");
}

#[test]
fn tasks_of_a_swarm_speak_in_turn() {
    let (old, new) = ("bot.1.k3v9q0o1m2ya@swarm-b", "bot.1.x81pl4s0wqtz@swarm-b");
    let log = format!(
        "{old}    | 2026-08-22T16:03:11.128Z INFO  [bot] starting bot 4.12.3\n\
         {old}    | 2026-08-22T16:03:14.704Z INFO  [bot] listening on 127.0.0.1:8200\n\
         {old}    | 2026-08-22T16:25:27.952Z ERROR [bot] sendMessage failed: 403: blocked by the user\n\
         {new}    | 2026-08-22T17:48:48.263Z INFO  [bot] starting bot 4.12.4\n\
         {old}    | 2026-08-22T17:48:54.138Z INFO  [bot] SIGTERM received, shutting down\n\
         {old}    | 2026-08-22T17:49:04.815Z INFO  [bot] Shutdown complete\n\
         {new}    | 2026-08-22T17:49:06.025Z INFO  [bot] listening on 127.0.0.1:8200\n\
         {new}    | 2026-08-22T18:09:06.025Z INFO  [bot] 12 updates handled\n"
    );
    let told = analyze(&[("bot.log", &log)]);
    assert_eq!((counts(&told), &told["verdict"]), ((1, 1, 2), &"healthy".into()), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn parts_that_start_are_no_starts() {
    let mut log = String::new();
    for hour in 5..9 {
        let _ = write!(
            log,
            "2026-02-03T0{hour}:02:12Z INFO [vpn] starting\n\
             2026-02-03T0{hour}:02:14Z INFO [dns] ready\n\
             2026-02-03T0{hour}:02:15Z INFO [port forwarding] starting\n\
             2026-02-03T0{hour}:39:05Z ERROR port forwarding loop crashed: no such rule\n\
             2026-02-03T0{hour}:39:06Z INFO Shutdown successful\n"
        );
    }
    assert_eq!(counts(&analyze(&[("gluetun.log", &log)])).0, 3);
}

#[test]
fn a_reload_that_failed_ended_nothing() {
    let log = "Apr 14 06:01:10 mx systemd[1]: Starting mill.service - Mill...\n\
               Apr 14 06:01:11 mx systemd[1]: Started mill.service - Mill.\n\
               Apr 14 07:32:37 mx systemd[1]: Reloading mill.service - Mill...\n\
               Apr 14 07:32:37 mx systemd[1]: mill.service: Control process exited, code=exited, status=89/n/a\n\
               Apr 14 07:32:37 mx systemd[1]: Reload failed for mill.service - Mill.\n\
               Apr 14 20:57:14 mx systemd[1]: Stopping mill.service - Mill...\n\
               Apr 14 20:57:15 mx systemd[1]: mill.service: Deactivated successfully.\n\
               Apr 14 20:57:15 mx systemd[1]: Stopped mill.service - Mill.\n";
    let told = analyze(&[("journal.log", log)]);
    assert_eq!((&told["verdict"], &told["services"][0]["runs"]), (&"healthy".into(), &1.into()), "{told}");
}

#[test]
fn who_writes_first_in_the_second_of_a_start_is_chance() {
    let log = "Jun 10 09:00:01 edge telegraf[911]: 2026-06-10T09:00:01Z I! Starting Telegraf 1.31.2 brought to you by InfluxData the makers of InfluxDB\n\
               Jun 10 09:00:01 edge systemd[1]: Started telegraf.service - Telegraf.\n\
               Jun 10 09:00:11 edge telegraf[911]: 2026-06-10T09:00:11Z E! [outputs.influxdb_v2] no route to the mill\n";
    let told = analyze(&[("journal.log", log)]);
    assert_eq!(told["services"][0]["runs"], 1, "{told}");
}

#[test]
fn last_words_in_the_second_of_the_next_start_are_the_earlier_runs() {
    let (mut manager, mut one, mut other) = (String::new(), String::new(), String::new());
    for nth in 0..6 {
        let (start, end) = (10 * nth, 10 * (nth + 1));
        let _ = writeln!(manager, "[2026-02-03T04:00:{start:02}+0000] info     : 'gateway' start: '/srv/claw start'");
        let last = if end < 60 { format!("2026-02-03T04:00:{end:02}") } else { "2026-02-03T04:01:00".into() };
        for (log, thousandth) in [(&mut one, 372), (&mut other, 375)] {
            let _ = write!(
                log,
                "2026-02-03T04:00:{:02}.563+00:00 [gateway] loading configuration…\n\
                 {last}.{thousandth}+00:00 Gateway failed to start: Invalid config at /srv/claw/openclaw.json:\n\
                 <root>: Failed to read include file: ./agents.json5\n",
                start + 6
            );
        }
    }
    let told = analyze(&[("monit.log", &manager), ("gateway.log", &one), ("openclaw-2026-02-03.log", &other)]);
    assert_eq!(counts(&told).0, 5, "{told}");
}

#[test]
fn a_run_that_began_before_the_log_and_ended_well_is_no_failure() {
    let told = analyze(&[(
        "journal.log",
        "Aug 14 06:01:50 web1 sshd[81119]: error: kex_exchange_identification: Connection closed by remote host\n\
         Aug 14 06:21:40 web1 systemd[1]: Stopping ssh.service - OpenBSD Secure Shell server...\n\
         Aug 14 06:21:40 web1 sshd[812]: Received signal 15; terminating.\n\
         Aug 14 06:21:40 web1 systemd[1]: ssh.service: Deactivated successfully.\n\
         Aug 14 06:21:40 web1 systemd[1]: Stopped ssh.service - OpenBSD Secure Shell server.\n\
         Aug 14 06:21:40 web1 systemd[1]: Starting ssh.service - OpenBSD Secure Shell server...\n\
         Aug 14 06:21:40 web1 sshd[83310]: Server listening on 0.0.0.0 port 22.\n\
         Aug 14 06:21:40 web1 systemd[1]: Started ssh.service - OpenBSD Secure Shell server.\n",
    )]);
    assert_eq!(told["verdict"], "healthy", "{told}");
}
