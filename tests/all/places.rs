//! Runs and reasons that are told by where lines stand: what nobody says in words that are known.

use crate::merge_law::whole_wherever_cut;
use crate::support::analyze;
use serde_json::Value;

/// Restarts, runs that became ready.
fn counts(told: &Value) -> (u64, u64) {
    let service = &told["services"][0];
    let of = |key: &str| service[key].as_u64().unwrap_or_default();
    (of("restarts"), of("ready_runs"))
}

/// Of the first cause, its lines.
fn evidence(told: &Value) -> String {
    told["services"][0]["incidents"][0]["causes"][0]["evidence"].to_string()
}

/// Four restarts, no run ready, and the same wherever the log is cut.
fn is_loop_of_five(name: &str, log: &str) {
    let told = analyze(&[(name, log)]);
    assert_eq!((told["verdict"].as_str(), counts(&told)), (Some("crash-loop"), (4, 0)), "{told}");
    whole_wherever_cut(log);
}

#[test]
fn a_task_of_a_swarm_is_a_run() {
    let task = |nth: usize| {
        let head = format!("mill_bot.1.k3v9q0o1m2ya{nth}zt@swarm-b    | ");
        format!(
            "{head}2026-02-03 04:1{nth}:02,114 INFO : mill - looking for the ledger\n\
             {head}2026-02-03 04:1{nth}:03,114 ERROR: mill - the ledger's key has 6 of 16 letters\n"
        )
    };
    let log: String = (0..5).map(task).collect();
    is_loop_of_five("bot.log", &log);
}

#[test]
fn a_log_of_the_kubelet_is_a_run() {
    let run = |nth: usize| {
        let time = format!("2026-02-03T04:1{nth}");
        format!(
            "==> /var/log/pods/shop_mill-0_c1b4f6a2/mill/{nth}.log <==\n\
             {time}:02.114000001Z stdout F looking for the ledger\n\
             {time}:03.114000001Z stderr F Error: the ledger's key has 6 of 16 letters\n"
        )
    };
    let log: String = (3..8).map(run).collect();
    is_loop_of_five("mill.log", &log);
}

#[test]
fn a_shell_that_shows_its_commands_becomes_the_program() {
    let once = "+ exec milld -D\nmilld 0.7 starting up.\nReady to grind.\n";
    let again = "+ exec milld -D\nDaemon already running on PID 34\n";
    let log = format!("*** Booting runit daemon...\n{once}{}", again.repeat(6));
    let told = analyze(&[("mill.log", &log)]);
    assert_eq!((told["verdict"].as_str(), counts(&told).0), (Some("crash-loop"), 6), "{told}");
    assert!(evidence(&told).contains("already running"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn a_boot_of_several_lines_that_follows_trouble_is_a_start() {
    let run = |minute: usize| {
        let time = format!("2026-02-03T04:1{minute}");
        format!(
            "{time}:01.466766891Z Effective user: act\n\
             {time}:01.534924249Z Time zone is UTC\n\
             {time}:01.586579400Z Host is kiln\n\
             {time}:01.907139237Z Docker is 24.0\n\
             {time}:03.488702806Z time=\"{time}:03Z\" level=error msg=\"no new mill can be signed in\"\n\
             {time}:03.509696787Z Error: sign in: the token is out of date\n"
        )
    };
    let log: String = (0..5).map(run).collect();
    is_loop_of_five("mill.log", &log);
}

#[test]
fn the_last_line_of_a_message_and_the_warning_above_are_shown() {
    let frames =
        "\tat mill.Loader.load(Loader.java:63) ~[mill.jar:?]\n\tat mill.Main.main(Main.java:9) ~[mill.jar:?]\n";
    let run = |minute: usize| {
        let time = format!("2026-02-03 04:1{minute}");
        format!(
            "{time}:01,114 INFO spawned: 'mill' with pid 8{minute}\n\
             mill.FormattedException: Some parts do not go together!\n\
             More of it:\n\t - part 'stone' needs any 'axle', which is missing!\n{frames}\
             {time}:03,114 INFO exited: mill (exit status 1; not expected)\n"
        )
    };
    let log: String = (0..4).map(run).collect();
    let told = analyze(&[("supervisord.log", &log)]);
    assert!(evidence(&told).contains("which is missing!"), "{told}");
    whole_wherever_cut(&log);

    let run = "mill-1  | Oct 07 18:47:50.610 [warn] Permissions on /var/lib/mill are too permissive.\n\
               mill-1  | Oct 07 18:47:50.612 [err] Reading config failed--see warnings above.\n\
               mill-1 exited with code 1\n";
    let told = analyze(&[("mill.log", &run.repeat(4))]);
    assert!(evidence(&told).contains("too permissive"), "{told}");
    whole_wherever_cut(&run.repeat(4));
}

#[test]
fn what_a_program_without_times_says_last_is_said_at_its_end() {
    let run = |day: usize| {
        format!(
            "PM2     | 2026-02-0{day}T06:00:02: PM2 log: App [mill:3] starting in -fork mode-\n\
             PM2     | 2026-02-0{day}T06:00:02: PM2 log: App [mill:3] online\n\
             3|mill  | mill server listening on port 3000\n\
             3|mill  | GET /flour 200 41.6 ms\n\
             3|mill  | Error: Connection lost: The server closed the connection.\n\
             3|mill  |     at Protocol.end (/srv/mill/Protocol.js:113:13)\n\
             PM2     | 2026-02-0{day}T14:15:03: PM2 log: App [mill:3] exited with code [1] via signal [SIGINT]\n"
        )
    };
    let log: String = (1..6).map(run).collect();
    let told = analyze(&[("mill.log", &log)]);
    assert!(evidence(&told).contains("Connection lost"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn dates_without_a_year_fall_in_a_log_that_is_newest_first() {
    let day = |day: usize| {
        format!(
            "Nov {day:02} 04:29:31 crdb-1 systemd[1]: Started Mill.\n\
             Nov {day:02} 04:29:30 crdb-1 systemd[1]: Starting Mill...\n\
             Nov {day:02} 04:29:16 crdb-1 systemd[1]: mill.service: Main process exited, code=exited, status=7/NOTRUNNING\n"
        )
    };
    let log: String = (4..9).rev().map(day).collect();
    let told = analyze(&[("journal.log", &log)]);
    let service = &told["services"][0];
    let [first, last] = ["first", "last"].map(|key| service[key].as_str().unwrap_or_default().to_string());
    assert!(first[..4] == last[..4] && first.contains("-11-04T") && last.contains("-11-08T"), "{told}");
}

#[test]
fn what_a_program_gave_up_on_is_lost() {
    let mut log =
        String::from("2026-02-20T18:40:11.419Z [gateway] starting...\n2026-02-20T18:40:11.905Z [gateway] ready\n");
    for nth in 1..6 {
        log += &format!(
            "2026-02-20T18:4{nth}:18.401Z [msteams] server error {{\"error\":\"Error: listen EADDRINUSE: address already in use :::3978\"}}\n\
             2026-02-20T18:4{nth}:18.421Z [msteams] auto-restart attempt {nth}/5 in 60s\n"
        );
    }
    log += "2026-02-20T18:45:19.401Z [msteams] giving up after 5 restart attempts\n\
            2026-02-20T18:56:18.401Z [telegram] sendMessage ok chat=88121\n";
    let told = analyze(&[("gateway.log", &log)]);
    assert_eq!(told["verdict"], "degraded", "{told}");
    assert!(evidence(&told).contains("EADDRINUSE"), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn an_instance_takes_the_place_of_one_that_has_ended() {
    let life = |id: usize, hour: usize| {
        format!(
            "2026-02-03T0{hour}:30:00: PM2 log: App [web:{id}] starting in -fork mode-\n\
             2026-02-03T0{hour}:30:00: PM2 log: App [web:{id}] online\n\
             2026-02-03T0{hour}:40:00: PM2 log: App [web:{id}] exited with code [1] via signal [SIGINT]\n"
        )
    };
    let log = [life(0, 4), life(0, 5), life(1, 6)].concat();
    assert_eq!(counts(&analyze(&[("pm2.log", &log)])).0, 2);
}

#[test]
fn a_watcher_that_tells_of_each_process_has_started_it_once() {
    let mut log = String::from("2026-02-03 04:10:00 circus[11] [INFO] mill started\n");
    for second in 1..4 {
        log += &format!(
            "2026-02-03 04:10:0{second} circus[11] [DEBUG] running mill process [pid 4{second}]\n\
             2026-02-03 04:10:0{second} circus[11] [DEBUG] reaping process 4{second} [mill]\n"
        );
    }
    log += "2026-02-03 04:10:04 circus[11] [INFO] mill stopped\n2026-02-03 04:10:11 circus[11] [INFO] mill started\n\
            2026-02-03 04:10:12 circus[11] [DEBUG] running mill process [pid 49]\n";
    assert_eq!(counts(&analyze(&[("circus.log", &log)])).0, 3);
}

#[test]
fn a_program_that_says_with_which_code_it_ends_is_down() {
    for end in ["Service stopped with exit code 5", "Exiting with code 5"] {
        let run = |hour: usize| {
            let time = format!("2026-02-03 1{hour}:00");
            format!(
                "{time}:01 INFO  Mill starting\n\
                 {time}:02 ERROR Cannot open the ledger's key: Permission denied\n\
                 {time}:02 INFO  {end}\n"
            )
        };
        let log: String = (0..5).map(run).collect();
        let told = analyze(&[("mill.log", &log)]);
        let service = &told["services"][0];
        assert_eq!((service["state"].as_str(), counts(&told)), (Some("down"), (4, 0)), "{told}");
        assert_eq!(service["incidents"][0]["causes"][0]["runs"], 5, "{told}");
        whole_wherever_cut(&log);
    }
}
