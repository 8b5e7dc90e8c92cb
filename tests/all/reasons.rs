//! Why a run died: what the reason became, what it is about, and what says it without an error's words.

use crate::merge_law::whole_wherever_cut;
use crate::support::analyze;
use serde_json::Value;
use std::fmt::Write;

/// Root causes, each by its id and its runs.
fn roots(told: &Value) -> Vec<(String, u64)> {
    let causes = told["services"][0]["incidents"][0]["causes"].as_array().into_iter().flatten();
    let roots = causes.filter(|cause| cause["role"] == "root");
    roots.map(|cause| (cause["id"].as_str().unwrap_or_default().into(), cause["runs"].as_u64().unwrap_or(0))).collect()
}

/// The evidence of the first root cause.
fn evidence(told: &Value) -> Vec<String> {
    let lines = told["services"][0]["incidents"][0]["causes"][0]["evidence"].as_array().into_iter().flatten();
    lines.filter_map(|line| line["text"].as_str()).map(Into::into).collect()
}

/// A container that compose starts again and again, with what it says each time.
fn compose(runs: &[&[&str]], code: u8) -> String {
    let mut log = String::new();
    for run in runs {
        for line in *run {
            let _ = writeln!(log, "mill-1  | {line}");
        }
        let _ = writeln!(log, "mill-1 exited with code {code}");
    }
    log
}

#[test]
fn an_exception_is_shown_with_what_it_became() {
    let block = "Traceback (most recent call last):\n  File \"/srv/mill/read.py\", line 9, in parse\n    return TABLE[name]\n\
                 KeyError: 'spelt'\n\nDuring handling of the above exception, another exception occurred:\n\n\
                 Traceback (most recent call last):\n  File \"/srv/mill/main.py\", line 3, in <module>\n    raise GrainUnknown(name)\n\
                 mill.errors.GrainUnknown: no such grain in the table\n";
    let log = block.repeat(4);
    let told = analyze(&[("mill.err.log", &log)]);
    let shown = evidence(&told);
    assert_eq!(shown.first().map(String::as_str), Some("KeyError: 'spelt'"), "{told}");
    assert_eq!(
        shown.last().map(String::as_str),
        Some("mill.errors.GrainUnknown: no such grain in the table"),
        "{told}"
    );
    whole_wherever_cut(&block.repeat(2));
}

#[test]
fn a_head_that_ends_in_a_colon_is_shown_with_the_line_after_it() {
    let run = "2026-02-03T10:00:01.120+00:00 [gateway] loading configuration…\n\
               2026-02-03T10:00:02.120+00:00 Gateway failed to start: Invalid config at /srv/claw/.openclaw/openclaw.json:\n\
               openclaw.json:5 — gateway.port: the port is taken by the office\n";
    let told = analyze(&[("gateway.log", &run.repeat(3))]);
    let shown = evidence(&told);
    assert!(shown.iter().any(|text| text.contains("the port is taken by the office")), "{told}");
    assert!(shown.iter().any(|text| text.ends_with("openclaw.json:")), "{told}");
    let told = analyze(&[("gateway.log", &run.repeat(3).replace('\n', "\r\n"))]);
    assert_eq!(evidence(&told), shown, "{told}");
    whole_wherever_cut(&run.repeat(2));
}

#[test]
fn one_signature_about_one_thing_and_then_another_is_two_causes() {
    let missing = |name: &str| format!("ModuleNotFoundError: No module named '{name}'");
    let (wheels, stones) = (missing("wheels"), missing("stones"));
    let (first, then): (&[&str], &[&str]) = (&[&wheels], &[&stones]);
    let told = analyze(&[("compose.log", &compose(&[first, first, first, then, then], 1))]);
    let expected = vec![("py-module-missing".to_string(), 3), ("py-module-missing".to_string(), 2)];
    assert_eq!(roots(&told), expected, "{told}");
    let causes = &told["services"][0]["incidents"][0]["causes"];
    assert!(causes[1]["title"].as_str().is_some_and(|title| title.ends_with("No module named 'stones'")), "{told}");
    assert_eq!(causes[1]["masked"], true, "{told}");
    // In turn, run by run, it is one.
    let told = analyze(&[("compose.log", &compose(&[first, then, first, then], 1))]);
    assert_eq!(roots(&told), vec![("py-module-missing".to_string(), 4)], "{told}");
    whole_wherever_cut(&compose(&[first, then], 1));
}

#[test]
fn a_line_that_only_sums_up_leads_to_the_error_before_it() {
    let run = "2026-02-03T03:47:57.381000Z 0 [System] [MY-010116] [Server] /usr/sbin/mysqld (mysqld 8.0.35) starting as process 1\n\
               2026-02-03T03:47:58.181000Z 1 [ERROR] [MY-014061] [InnoDB] the mill stone is older than the mill\n\
               2026-02-03T03:47:58.502000Z 0 [ERROR] [MY-010020] [Server] Data Dictionary initialization failed.\n\
               2026-02-03T03:47:58.502000Z 0 [ERROR] [MY-010119] [Server] Aborting\n";
    let log: String = (1..5).map(|minute| run.replace("T03:47", &format!("T03:4{minute}"))).collect();
    let told = analyze(&[("mysql.log", &log)]);
    assert!(evidence(&told)[0].contains("the mill stone is older"), "{told}");
    assert_eq!(roots(&told).len(), 1, "{told}");
}

#[test]
fn last_words_before_a_failed_exit_tell_why_unless_they_tell_of_work() {
    let quiet: &[&str] = &["the miller wants a sack of rye first"];
    let told = analyze(&[("compose.log", &compose(&[quiet, quiet, quiet], 3))]);
    assert_eq!(evidence(&told)[0], "the miller wants a sack of rye first", "{told}");
    for work in ["loading the table of grains", "mill listens on port 80", "see the manual for more information"] {
        let run: &[&str] = &[work];
        let told = analyze(&[("compose.log", &compose(&[run, run, run], 3))]);
        assert_eq!((roots(&told), told["verdict"].as_str()), (vec![], Some("crash-loop")), "{told}");
    }
    // What was stopped was not stopped by what it said last.
    let told = analyze(&[("compose.log", &compose(&[quiet, quiet, quiet], 143))]);
    assert_eq!(roots(&told), vec![], "{told}");
}

#[test]
fn what_stands_in_the_bracket_that_an_error_opens_is_shown_with_it() {
    let run: &[&str] =
        &["❌ Invalid environment variables: {", "  MILL_KEY: [", "    'MILL_KEY must be 64 grains long'", "  ]", "}"];
    let log = compose(&[run, run, run], 1);
    let told = analyze(&[("compose.log", &log)]);
    assert_eq!(roots(&told).len(), 1, "{told}");
    assert!(evidence(&told).iter().any(|text| text.contains("MILL_KEY must be 64 grains long")), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn an_error_that_points_above_itself_is_no_root() {
    let run: &[&str] = &[
        "ValueError: the sack holds less than the mill takes",
        "RuntimeError: Engine core initialization failed. See root cause above.",
    ];
    let told = analyze(&[("compose.log", &compose(&[run, run, run], 1))]);
    assert_eq!(evidence(&told)[0], run[0], "{told}");
    assert_eq!(roots(&told).len(), 1, "{told}");
}

#[test]
fn elixirs_exceptions_are_read() {
    let run: &[&str] = &[
        "ERROR! Config provider Config.Reader failed with:",
        "** (RuntimeError) MILL_SECRET is too short for a mill",
        "    /app/releases/0.0.1/runtime.exs:112: (file)",
        "Runtime terminating during boot (terminating)",
    ];
    let told = analyze(&[("compose.log", &compose(&[run, run, run], 1))]);
    assert_eq!(evidence(&told)[0], run[1], "{told}");
}

#[test]
fn a_death_by_signal_that_nobody_explains_is_shown_unless_others_die_so_for_a_reason() {
    let died = compose(&[&[], &[], &[]], 139);
    let told = analyze(&[("compose.log", &died)]);
    assert_eq!(roots(&told), [("silent-crash".into(), 3)], "{told}");
    let service = &told["services"][0];
    assert_eq!(service["incidents"][0]["clusters"][0]["causes"][0], "silent-crash", "{told}");
    assert_eq!(service["findings"][0]["text"], "The last run ended and no start follows in these logs.", "{told}");
    let knows: &[&str] = &["error: the mill stone is cracked"];
    let told = analyze(&[("compose.log", &format!("{died}{}", compose(&[knows, knows, knows], 139)))]);
    assert!(!roots(&told).iter().any(|(id, _)| id == "silent-crash"), "{told}");
    assert_eq!(roots(&told).len(), 1, "{told}");
}

#[test]
fn commands_of_a_paste_are_no_words_of_the_program() {
    let log = format!("miller@mill:~$ grep -e error -e fatal: mill.log\n{}", compose(&[&[], &[], &[]], 3));
    let told = analyze(&[("compose.log", &log)]);
    assert_eq!(roots(&told), vec![], "{told}");
}

#[test]
fn what_stands_after_an_end_and_before_a_start_is_the_new_runs() {
    let run: &[&str] = &[
        "ERROR: Pidfile (celerybeat.pid) already exists.",
        "Seems we're already running? (pid: 13)",
        "celery beat v5.4.0 (opalescent) is starting.",
    ];
    let told = analyze(&[("compose.log", &compose(&[run, run, run, run], 73))]);
    assert_eq!(roots(&told), vec![("celery-pidfile".to_string(), 4)], "{told}");
}

#[test]
fn a_value_that_is_missing_is_told_by_what_failed_before_it() {
    let refused = "[error] heat meter: connect ECONNREFUSED 10.0.0.9:1502";
    let thrown = "TypeError: Cannot read properties of undefined (reading 'readUInt32BE')";
    let (run, good): (&[&str], &[&str]) = (&["meter reader starting", refused, thrown], &["meter reader starting"]);
    let told = analyze(&[("compose.log", &compose(&[run, run, run, run, good], 1))]);
    assert_eq!(roots(&told), [("econnrefused".to_string(), 4)], "{told}");
    // Where nothing failed before it, it is all that there is to tell.
    let alone: &[&str] = &["meter reader starting", thrown];
    let told = analyze(&[("compose.log", &compose(&[alone, alone, alone], 1))]);
    assert_eq!(roots(&told).len(), 1, "{told}");
    assert_eq!(evidence(&told).first().map(String::as_str), Some(thrown), "{told}");
}

#[test]
fn a_request_that_is_answered_by_a_failure_ends_no_run() {
    let started = "INFO:     Started server process [66]\nINFO:     Waiting for application startup.\n\
                   INFO:     Application startup complete.\nINFO:     Uvicorn running on http://127.0.0.1:8140 (Press CTRL+C to quit)\n";
    let block = "Traceback (most recent call last):\n  File \"/srv/app/labels.py\", line 10, in label\n    raise ValueError(n)\n\
                 ValueError: label 5 has no inventory number\n";
    let answer = "INFO:     127.0.0.1:36902 - \"GET /label/5 HTTP/1.1\" 500 Internal Server Error\n";
    let log = format!("{started}{}", format!("{block}{answer}").repeat(3));
    let told = analyze(&[("museum.log", &log)]);
    assert_eq!((&told["verdict"], &told["services"][0]["restarts"]), (&"healthy".into(), &0.into()), "{told}");
    whole_wherever_cut(&format!("{started}{block}{answer}"));
    // Without the answer it may be what the program died by.
    let told = analyze(&[(
        "museum.log",
        &format!("{}{}", started.replace("66", "65"), format!("{block}{started}").repeat(3)),
    )]);
    assert_ne!(told["verdict"], "healthy", "{told}");
}

#[test]
fn unknown_errors_of_a_burst_are_shown_with_its_reason() {
    let run: &[&str] = &[
        "2026-02-03T10:00:01Z [info] mill opens",
        "2026-02-03T10:00:02Z [error] node 7 is in the table with another owner",
        "2026-02-03T10:00:02Z [error] fatal error while the mill opens, it closes again",
        "org.mill.NodeExistsException: code = NodeExists",
        "\tat org.mill.Table.put(Table.java:12)",
    ];
    let told = analyze(&[("compose.log", &compose(&[run, run, run, run, run, run], 1))]);
    let shown = evidence(&told);
    assert!(shown.iter().any(|text| text.contains("is in the table with another owner")), "{told}");
    assert!(shown.len() <= 5, "{told}");
}

#[test]
fn a_known_root_that_is_tried_again_until_the_end_is_degraded() {
    let line = |level: &str, clock: &str, text: &str| {
        format!(
            "level={level} ts=2026-03-02T{clock}Z msg=\"{text}\" error=\"x509: certificate has expired or is not yet valid\"\n"
        )
    };
    let mut log = String::from("level=info ts=2026-03-01T23:38:10Z msg=\"server listening on addresses\"\n");
    for minute in [0, 8, 16, 24, 32] {
        for second in ["03", "04", "06", "10", "19", "36"] {
            log += &line("warn", &format!("00:{minute:02}:{second}"), "error sending batch, will retry");
        }
        log += &line("error", &format!("00:{:02}:05", minute + 5), "final error sending batch");
    }
    let told = analyze(&[("agent.log", &log)]);
    assert_eq!((&told["verdict"], &roots(&told)[0].0), (&"degraded".into(), &"tls-expired-go".into()), "{told}");
    // An hour of silence after it: it got over it.
    log += "level=info ts=2026-03-02T02:30:00Z msg=\"sent 12 batches\"\n";
    log += &line("error", "02:31:00", "one more");
    log = log.replace(
        "02:31:00Z msg=\"one more\" error=\"x509: certificate has expired or is not yet valid\"",
        "02:31:00Z msg=\"tick\"",
    );
    assert_eq!(analyze(&[("agent.log", &log)])["verdict"], "healthy");
}

#[test]
fn an_error_of_glog_needs_no_word_of_failure() {
    let run = |hour: u32| {
        format!(
            "I0914 {hour}:06:10.304122       1 feature_gate.go:254] feature gates: {{}}\n\
             E0914 {hour}:26:33.040481       1 connection.go:208] \"Lost link\" address=\"unix:///csi/csi.sock\"\n\
             I0914 {hour}:26:33.040681       1 connection.go:126] \"Lost connection to CSI driver, exiting\"\n"
        )
    };
    let log: String = (10..13).map(run).collect();
    let told = analyze(&[("a.log", &log)]);
    assert!(told.to_string().contains("Lost link"), "{told}");
}

#[test]
fn what_was_not_given_leads_to_the_value_that_lacks() {
    let run = |minute: usize, is_given: bool| {
        let mut log = format!("2026-02-03T05:{minute:02}:00.100Z INFO  [desk] starting desk 2.1\n");
        if !is_given {
            let told = "charts not loaded: HTTP 403 plan_lapsed, charts are not delivered";
            let _ = writeln!(log, "2026-02-03T05:{minute:02}:01.200Z ERROR [desk] {told}");
        }
        let _ = writeln!(log, "2026-02-03T05:{minute:02}:02.100Z INFO  [desk] listening on 127.0.0.1:8200");
        if !is_given {
            log += "TypeError: Cannot read properties of undefined (reading 'sheets')\n    at look (/srv/desk/charts.js:9:31)\n\
                    Node.js v22.12.0\n";
        }
        log
    };
    let mut log: String = (0..4).map(|minute| run(minute, false)).collect();
    log += &run(5, true);
    let told = analyze(&[("desk.log", &log)]);
    let [(_, 4)] = roots(&told)[..] else { panic!("{told}") };
    let shown = evidence(&told);
    assert!(shown.first().is_some_and(|line| line.contains("HTTP 403 plan_lapsed")), "{told}");
    whole_wherever_cut(&log);
}

#[test]
fn an_error_that_broke_off_is_the_whole_one() {
    let trace = |last: &str| {
        format!(
            "Traceback (most recent call last):\n  File \"/srv/mill/main.py\", line 3, in <module>\n    go()\n{last}\n"
        )
    };
    let whole = trace("sqlite3.OperationalError: no such function: sea_miles");
    let log = whole.repeat(3) + &trace("sqlite3.OperationalErro") + &whole;
    let told = analyze(&[("mill.err.log", &log)]);
    assert_eq!(roots(&told).len(), 1, "{told}");
    // Another error that begins like one is another error.
    let other = whole.repeat(3) + &trace("sqlite3.OperationalError: no such").repeat(2);
    assert_eq!(roots(&analyze(&[("mill.err.log", &other)])).len(), 2);
}

#[test]
fn how_a_child_ended_is_no_reason() {
    let run = [
        "❌ Migration failed. The error detail is below:",
        "error: could not open the file \"vector.control\": No such file or directory",
        "Error: Process exited with code 1",
        "    at ChildProcess.<anonymous> (/srv/mill/start.js:109:39)",
    ];
    let told = analyze(&[("mill.log", &compose(&[&run, &run, &run], 1))]);
    let shown = evidence(&told);
    assert!(shown.first().is_some_and(|line| line.contains("vector.control") || line.contains("Migration")), "{told}");
}

#[test]
fn one_head_of_two_details_is_two_causes() {
    // What it is about stands below an empty line, and the first was mended before the second showed.
    let run = |detail: &str| {
        format!(
            "+ mill-7f9d4c6b58-kq7vn › mill\nmill-7f9d4c6b58-kq7vn mill Error: failed to read the plan:\n\
             mill-7f9d4c6b58-kq7vn mill \nmill-7f9d4c6b58-kq7vn mill {detail}\n- mill-7f9d4c6b58-kq7vn › mill\n"
        )
    };
    let (old, odd) = ("cannot decode 'stones': no such kind of stone", "invalid number of sieves: many");
    let log = run(old).repeat(3) + &run(odd).repeat(3);
    let told = analyze(&[("pods.log", &log)]);
    assert_eq!(told["services"][0]["restarts"], 5, "{told}");
    let counted: Vec<u64> = roots(&told).into_iter().map(|(_, runs)| runs).collect();
    assert_eq!(counted, [3, 3], "{told}");
    let causes = &told["services"][0]["incidents"][0]["causes"];
    assert!(causes[0]["evidence"].to_string().contains(old), "{told}");
    assert!(causes[1]["evidence"].to_string().contains(odd), "{told}");
    whole_wherever_cut(&(run(old) + &run(odd)));
}

#[test]
fn what_gave_up_on_a_part_leads_to_what_the_part_said() {
    let at = |second: usize, text: &str| format!("2026-02-03T04:{:02}:{:02}.000Z {text}\n", second / 60, second % 60);
    let mut log = at(0, "[gateway] loading configuration…") + &at(2, "[gateway] ready");
    for attempt in 1..=10 {
        log += &at(60 * attempt, "[fax] [default] channel exited: the exchange does not know us");
    }
    log += &at(600, "[fax] [default] giving up after 10 restart attempts");
    log += &at(3000, "[heartbeat] ok");
    let told = analyze(&[("gateway.log", &log)]);
    assert_eq!((&told["verdict"], roots(&told).len()), (&"degraded".into(), 1), "{told}");
    assert!(evidence(&told).iter().any(|text| text.contains("the exchange does not know us")), "{told}");
}

#[test]
fn what_is_healed_is_not_lost() {
    let down = "Aug 11 09:16:42 lb haproxy[77]: [WARNING]  (77) : Server mill/a is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms.\n\
                Aug 11 09:16:42 lb haproxy[77]: [ALERT]    (77) : backend 'mill' has no server available!\n";
    let up = "Aug 11 09:16:49 lb haproxy[77]: [WARNING]  (77) : Server mill/a is UP, reason: Layer4 check passed, check duration: 0ms.\n";
    let start = "Aug 11 09:02:14 lb systemd[1]: Starting haproxy.service - Balancer...\n\
                 Aug 11 09:02:15 lb systemd[1]: Started haproxy.service - Balancer.\n";
    let later = "Aug 11 09:58:42 lb haproxy[77]: 10.0.0.4:4005 [11/Aug/2026:09:58:42.584] web shop/b 0/0/1/41/42 200 734 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"\n";
    let lost = analyze(&[("lb.log", &[start, down, later].concat())]);
    assert_eq!(lost["verdict"], "degraded", "{lost}");
    assert!(evidence(&lost).iter().any(|text| text.contains("Connection refused")), "{lost}");
    let healed = analyze(&[("lb.log", &[start, down, up, later].concat())]);
    assert_eq!(healed["verdict"], "healthy", "{healed}");
}

#[test]
fn what_spring_describes_is_shown_with_its_banner() {
    let run = |minute: usize, described: &str| {
        let said = ["APPLICATION FAILED TO START", "***************************", "", "Description:", "", described];
        let said: String = said.iter().map(|line| format!("Oct 12 06:{minute}:14 app java[2411]: {line}\n")).collect();
        format!(
            "Oct 12 06:{minute}:07 app systemd[1]: Started mill.service - Mill.\n{said}\
             Oct 12 06:{minute}:15 app systemd[1]: mill.service: Main process exited, code=exited, status=1/FAILURE\n"
        )
    };
    let (cycle, bean) = ("The stones of the mill form a cycle:", "A component required a bean named 'sieve'.");
    let described = |minute: usize| if minute < 13 { cycle } else { bean };
    let log: String = (10..16).map(|minute| run(minute, described(minute))).collect();
    let told = analyze(&[("journal.log", &log)]);
    let causes = &told["services"][0]["incidents"][0]["causes"];
    assert_eq!(roots(&told).len(), 2, "{told}");
    assert!(causes[0]["evidence"].to_string().contains(cycle), "{told}");
    assert!(causes[1]["evidence"].to_string().contains(bean), "{told}");
    whole_wherever_cut(&run(10, cycle));
}

#[test]
fn what_goes_on_below_the_head_of_a_message_is_shown_with_it() {
    let run = "INFO:     Started server process [52]\nINFO:     Waiting for application startup.\n\
               ERROR:    Traceback (most recent call last):\n  File \"/srv/mill/main.py\", line 12, in lifespan\n    Settings()\n\
               pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\nflour_key\n\
               \x20 Field required [type=missing, input_value={}, input_type=dict]\n\n\
               ERROR:    Application startup failed. Exiting.\n";
    let told = analyze(&[("mill.log", &run.repeat(4))]);
    assert_eq!(roots(&told), [("py-settings-invalid".to_string(), 4)], "{told}");
    let shown = evidence(&told);
    for said in ["1 validation error for Settings", "flour_key", "Field required"] {
        assert!(shown.iter().any(|text| text.contains(said)), "{said}: {told}");
    }
    whole_wherever_cut(&run.repeat(2));
}

#[test]
fn what_follows_a_refused_connection_each_time_became_of_it() {
    let run = |second: u32| {
        let at = format!("2026-02-03 04:00:{second:02}");
        format!(
            "{at},100 INFO mill: starting up\n{at},200 ERROR mill.link: connect ECONNREFUSED 127.0.0.1:6638\n\
             {at},300 ERROR mill.link: MillError: the wheel does not turn\n\
             {at},400 INFO supervisor: exited\n"
        )
    };
    let supervisor = |second: u32| {
        let at = format!("2026-02-03 04:00:{second:02}");
        format!(
            "{at},050 INFO spawned: 'mill' with pid {}\n{at},500 WARN exited: mill (exit status 1; not expected)\n",
            100 + second
        )
    };
    let log: String = (0..5).map(|nth| run(10 * nth)).collect();
    let manager: String = (0..5).map(|nth| supervisor(10 * nth)).collect();
    let told = analyze(&[("mill.log", &log), ("supervisord.log", &manager)]);
    assert_eq!(roots(&told), [("econnrefused".to_string(), 5)], "{told}");
}
