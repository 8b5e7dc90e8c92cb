//! Options, exit statuses and manners: what the command line promises beside the diagnosis itself.

use crate::schema::contract;
use crate::support::{Place, Ran, command, relapse, repository, run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

fn analyze(arguments: &[&str]) -> Ran {
    relapse(&[&["analyze", "--tz", "UTC"], arguments].concat())
}

#[track_caller]
fn object(arguments: &[&str]) -> Value {
    let ran = analyze(&[&["--format", "json"], arguments].concat());
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    contract(&ran)
}

fn roots(object: &Value) -> BTreeSet<&str> {
    let services = object["services"].as_array().into_iter().flatten();
    let incidents = services.flat_map(|service| service["incidents"].as_array().into_iter().flatten());
    let causes = incidents.flat_map(|incident| incident["causes"].as_array().into_iter().flatten());
    causes.filter(|cause| cause["role"] == "root").filter_map(|cause| cause["id"].as_str()).collect()
}

#[test]
fn mistakes_in_usage_are_status_2() {
    for arguments in [
        &[][..],
        &["analyze"],
        &["analyse", "x"],
        &["analyze", "--no-such-option", "x"],
        &["analyze", "--format", "yaml", "x"],
        &["analyze", "--fail-on", "healthy", "x"],
        &["analyze", "--threads", "many", "x"],
        &["merge"],
        &["diff"],
        &["diff", "x"],
        &["diff", "--fail-on", "better", "x", "y"],
        &["scan", "x"],
    ] {
        let ran = relapse(arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        let told = ran.stderr.starts_with("error: ") || ran.stderr.contains("Usage: relapse");
        assert!(told, "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn values_that_cannot_be_met_are_told_in_a_line() {
    for (option, value, told) in [
        ("--tz", "Nowhere/Land", "--tz Nowhere/Land: no such time zone"),
        ("--since", "soon", "--since soon: not a time"),
        ("--until", "2026-13-01", "--until 2026-13-01: not a time"),
        ("--threads", "0", "--threads 0: give at least 1"),
        ("--grammars", "missing", "--grammars missing: no such folder"),
    ] {
        let ran = relapse(&["analyze", option, value, "corpora/never-started"]);
        assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.lines().count()), (2, "", 1), "{ran:?}");
        assert!(ran.stderr.starts_with(&format!("relapse: {told}")), "{ran:?}");
    }
}

#[test]
fn help_and_version_are_no_failure() {
    for arguments in [["--help"], ["--version"]] {
        let ran = relapse(&arguments);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        assert!(ran.stdout.contains("relapse"));
    }
}

#[test]
fn a_verdict_at_the_limit_is_status_3() {
    let statuses = |corpus: &str| {
        ["degraded", "flapping", "crash-loop"]
            .map(|limit| analyze(&["--fail-on", limit, &format!("corpora/{corpus}")]).status)
    };
    assert_eq!(statuses("planned-restart"), [0, 0, 0]);
    assert_eq!(statuses("alive-never-ready"), [3, 0, 0]);
    assert_eq!(statuses("heap-oom"), [3, 3, 0]);
    assert_eq!(statuses("never-started"), [3, 3, 3]);
    // A verdict outweighs what is missing; nothing to read at all outweighs both.
    assert_eq!(analyze(&["--fail-on", "crash-loop", "corpora/never-started", "missing.log"]).status, 3);
    assert_eq!(analyze(&["--fail-on", "degraded", "missing.log"]).status, 2);
}

/// In quickstart one cause hides the other until 04:42; before 04:26 all is well.
#[test]
fn since_and_until_bound_what_is_seen() {
    let all = ["hook-file-missing", "plugin-init-401", "launchd-bootstrap-125"];
    assert_eq!(roots(&object(&["corpora/quickstart"])), BTreeSet::from(all));
    let before = object(&["--until", "2026-02-03T04:26:00Z", "corpora/quickstart"]);
    assert_eq!(before["verdict"], "healthy");
    let first = object(&["--until", "2026-02-03T04:41:00Z", "corpora/quickstart"]);
    assert_eq!(roots(&first), BTreeSet::from(["hook-file-missing"]));
    let between = ["--since", "2026-02-03T04:43:00Z", "--until", "2026-02-03T04:54:00Z"];
    let later = object(&[&between[..], &["corpora/quickstart"]].concat());
    assert_eq!(roots(&later), BTreeSet::from(["plugin-init-401"]));
}

#[test]
fn the_zone_is_that_of_times_without_one_and_of_options() {
    let place = Place::new();
    place.file("supervisord.log", "2026-02-03 04:12:07,114 INFO spawned: 'gateway' with pid 812\n");
    let first = |zone: &str| {
        let ran = place.relapse(&["analyze", "--tz", zone, "--format", "json", "supervisord.log"]);
        contract(&ran)["services"][0]["first"].clone()
    };
    assert_eq!(first("UTC"), "2026-02-03T04:12:07.114Z");
    assert_eq!(first("Europe/Berlin"), "2026-02-03T03:12:07.114Z");
    assert_eq!(first("America/New_York"), "2026-02-03T09:12:07.114Z");

    // This corpus tells its zone; only the option's time is read in the zone given.
    let services = |zone: &str, until: &str| {
        let options = ["analyze", "--format", "json", "--tz", zone, "--until", until, "corpora/heap-oom"];
        relapse(&options).json()["services"].clone()
    };
    assert_eq!(services("UTC", "2026-02-10T13:20:00")[0]["restarts"], 2);
    assert_eq!(services("Europe/Berlin", "2026-02-10T14:20:00"), services("UTC", "2026-02-10T13:20:00"));
}

#[test]
fn services_are_chosen_by_a_part_of_their_names() {
    let names = |wanted: &[&str]| {
        let object =
            object(&[wanted, &["corpora/heap-oom", "corpora/unknown-error", "corpora/fixed-halfway"]].concat());
        let services = object["services"].as_array().cloned().unwrap_or_default();
        let verdict = object["verdict"].clone();
        (services.iter().map(|service| service["service"].clone()).collect::<Vec<_>>(), verdict)
    };
    assert_eq!(names(&[]).0, ["archiver", "quotad", "thumbs"]);
    assert_eq!(names(&["--service", "Thumb"]), (vec!["thumbs".into()], "flapping".into()));
    assert_eq!(names(&["--service", "quota", "--service", "arch"]).0, ["archiver", "quotad"]);
}

/// A misspelt name must not pass for a healthy service.
#[test]
fn a_service_that_is_not_there_is_told_in_a_line_and_by_the_status() {
    for format in ["text", "json"] {
        let ran = analyze(&["--format", format, "--service", "nobody", "corpora/heap-oom"]);
        assert_eq!((ran.status, ran.stderr.lines().count()), (2, 1), "{ran:?}");
        assert!(ran.stderr.starts_with("relapse: --service nobody: no service in these logs"), "{ran:?}");
        assert!(!ran.stdout.contains("thumbs") && !ran.stdout.contains("No service seen"), "{ran:?}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let with = |threads: &str| analyze(&["--format", "json", "--threads", threads, "corpora"]).stdout;
    let one = with("1");
    assert!(one.contains("hook-file-missing"));
    assert_eq!(with("2"), one);
    assert_eq!(with("7"), one);
}

const FORMAT: &str = r#"
name    = "acme"
title   = "Acme's own log"
kind    = "text"
program = "acme"
line    = "@{time:iso}@ {level} {message}"

[[mark]]
kind    = "start"
message = "engine on"

[[mark]]
kind    = "ready"
message = "open for trade"

[[mark]]
kind    = "fatal"
message = "engine off: {reason}"

[[example]]
text  = "@2026-01-14T02:12:41Z@ info engine on"
time  = "2026-01-14T02:12:41Z"
level = "info"
mark  = "start"

[[example]]
text = "@2026-01-14T02:12:41Z@ info open for trade"
mark = "ready"

[[example]]
text = "@2026-01-14T02:12:41Z@ fatal engine off: out of flux"
mark = "fatal"

[[example]]
text  = "2026-01-14T02:12:41Z info engine on"
match = false
"#;

const SIGNATURES: &str = r#"
family = "acme"

[[signature]]
id          = "acme-flux"
title       = "The flux is lost"
literals    = [["flux capacitor is gone"]]
role        = "root"
phase       = "init"
severity    = 5
meaning     = "Somebody took the capacitor."
fix         = "Put it back."
source      = "Acme 3.1"
examples    = ["engine off: the flux capacitor is gone"]
near_misses = ["the flux capacitor is warm"]
"#;

#[test]
fn own_formats_and_signatures_make_a_diagnosis() {
    let place = Place::new();
    place.file("own/formats/acme.toml", FORMAT);
    place.file("own/signatures/acme.toml", SIGNATURES);
    let log: String = (10..14)
        .flat_map(|minute| {
            [
                format!("@2026-03-01T09:{minute}:00Z@ info engine on\n"),
                format!("@2026-03-01T09:{minute}:01Z@ fatal engine off: the flux capacitor is gone\n"),
            ]
        })
        .collect();
    place.file("acme.log", log);
    for check in [["formats", "check", "own/formats/acme.toml"], ["signatures", "check", "own/signatures/acme.toml"]] {
        assert_eq!(place.relapse(&check).status, 0, "{check:?}: {:?}", place.relapse(&check));
    }
    let object = contract(&place.relapse(&["analyze", "--format", "json", "--grammars", "own", "acme.log"]));
    assert_eq!(object["inputs"][0]["format"], "acme");
    assert_eq!(object["verdict"], "crash-loop");
    let service = &object["services"][0];
    assert_eq!((&service["restarts"], &service["ready_runs"]), (&3.into(), &0.into()));
    assert_eq!(roots(&object), BTreeSet::from(["acme-flux"]));
    assert_eq!(service["incidents"][0]["causes"][0]["fix"], "Put it back.");
    let explained = place.relapse(&["signatures", "--grammars", "own", "acme-flux"]);
    assert!(explained.stdout.contains("Somebody took the capacitor."), "{explained:?}");
    let explained = place.relapse(&["formats", "--grammars", "own", "acme"]);
    assert!(explained.stdout.contains("engine off: {reason}"), "{explained:?}");
}

#[test]
fn secrets_are_shown_on_demand_alone() {
    let secret = "c0rpus-Fake-Pw";
    for format in ["text", "json"] {
        let shows = |option: &[&str]| {
            analyze(&[&["--format", format], option, &["corpora/quickstart"]].concat()).stdout.contains(secret)
        };
        assert!(!shows(&[]) && shows(&["--show-secrets"]), "{format}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for arguments in [
        &["analyze", "corpora/quickstart"][..],
        &["analyze", "--format", "json", "corpora/quickstart"],
        &["signatures"],
        &["formats", "pino"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ran = run(command(&repository(), arguments).stdout(writer));
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn nothing_is_coloured_in_a_pipe() {
    for arguments in [&["analyze", "corpora/quickstart"][..], &["analyze", "missing.log"], &["analyze"], &["--help"]] {
        let ran = relapse(arguments);
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{arguments:?}");
    }
}

/// `script` gives a command a terminal and writes down what it sees there.
#[test]
#[cfg(target_os = "linux")]
fn a_terminal_has_colours_unless_no_color_is_set() {
    let seen = |no_color: &str| {
        let typed = format!("'{}' analyze corpora/never-started", env!("CARGO_BIN_EXE_relapse"));
        let mut script = Command::new("script");
        script.args(["-qec", &typed, "/dev/null"]).current_dir(repository()).env("TERM", "xterm");
        let ran = run(script.env("NO_COLOR", no_color).stdin(std::process::Stdio::null()));
        assert!(ran.status == 0 && ran.stdout.contains("CRASH-LOOP"), "{ran:?}");
        ran.stdout.contains('\u{1b}')
    };
    assert!(seen(""), "a terminal shows colours; NO_COLOR counts only when it is not empty");
    assert!(!seen("1"), "NO_COLOR is respected");
}

#[test]
fn a_cause_that_is_not_there_is_told_with_those_that_are() {
    let told = |wanted: &str, corpus: &str| {
        let ran = analyze(&["--explain", wanted, &format!("corpora/{corpus}")]);
        assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.lines().count()), (2, "", 1), "{ran:?}");
        ran.stderr
    };
    let unknown = told("moon\u{1b}[2J-phase", "quickstart");
    assert!(
        unknown.starts_with("relapse: --explain moon\\u{1b}[2J-phase: no cause has this id; there are"),
        "{unknown}"
    );
    assert!(unknown.contains("hook-file-missing, ") && unknown.contains("plugin-init-401"), "{unknown}");
    let several = told("openclaw-un", "quickstart");
    assert!(
        several.ends_with("several causes begin so: openclaw-uncaught, openclaw-unhandled-rejection\n"),
        "{several}"
    );
    assert!(told("x", "planned-restart").ends_with("these logs show no cause at all\n"));
}

#[test]
fn a_cause_in_depth_keeps_the_exit_statuses() {
    assert_eq!(analyze(&["--explain", "hook", "--fail-on", "crash-loop", "corpora/quickstart"]).status, 3);
    assert_eq!(analyze(&["--explain", "hook", "corpora/quickstart", "missing.log"]).status, 1);
    assert_eq!(analyze(&["--explain", "hook", "--format", "json", "corpora/quickstart"]).status, 2);
}
