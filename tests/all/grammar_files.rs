//! `formats check` and `signatures check`: what is right passes, and what is wrong is shown as a compiler shows it.

use crate::support::{Place, relapse, repository};
use std::fs;

/// What a check says of a file, which it must refuse.
#[track_caller]
fn refused(kind: &str, content: &str) -> String {
    let place = Place::new();
    place.file("own.toml", content.trim_start());
    let ran = place.relapse(&[kind, "check", "own.toml"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{ran:?}");
    ran.stderr
}

#[track_caller]
fn check_committed(kind: &str) {
    let files = fs::read_dir(repository().join("grammars").join(kind)).expect("the grammars are committed");
    let mut count = 0;
    for file in files {
        let path = format!("grammars/{kind}/{}", file.expect("an entry").file_name().display());
        let ran = relapse(&[kind, "check", &path]);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{path}");
        assert_eq!(ran.stdout, format!("{path}: all examples and near misses hold\n"));
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn every_committed_format_holds() {
    check_committed("formats");
}

#[test]
fn every_committed_signature_holds() {
    check_committed("signatures");
}

#[test]
fn a_misspelled_field() {
    let content = r#"
name  = "own"
title = "Our own log"
kind  = "text"
line  = "{time:iso} {levl} {message}"
"#;
    insta::assert_snapshot!(refused("formats", content), @r#"
    relapse: a mistake in the grammars

    error: no field named `levl`
     --> own.toml:4:21
      |
    4 | line  = "{time:iso} {levl} {message}"
      |                     ^^^^^^
      = help: did you mean `level`?
    "#);
}

#[test]
fn an_unknown_time() {
    let content = r#"
name  = "own"
title = "Our own log"
kind  = "text"
line  = "[{time:isoo}] {message}"
"#;
    insta::assert_snapshot!(refused("formats", content), @r#"
    relapse: a mistake in the grammars

    error: no time form `isoo`; there are iso, epoch, tai64n, sfull, apache, bsd, clf, klog, ngx, tod and % forms
     --> own.toml:4:11
      |
    4 | line  = "[{time:isoo}] {message}"
      |           ^^^^^^^^^^^
    "#);
}

#[test]
fn an_unknown_key() {
    let content = r#"
name  = "own"
title = "Our own log"
kind  = "text"
regex = ".*"
"#;
    insta::assert_snapshot!(refused("formats", content), @r#"
    relapse: a mistake in the grammars

    error: unknown field `regex`, expected one of `name`, `title`, `kind`, `program`, `role`, `line`, `members`, `require`, `status`, `syslog_levels`, `status_levels`, `line_ends`, `pid_is_run`, `fatal_ends`, `answer_level`, `marks_of`, `ident`, `mark`, `frame`, `example`
     --> own.toml:4:1
      |
    4 | regex = ".*"
      | ^^^^^
    "#);
}

#[test]
fn broken_toml() {
    let content = r#"
name = "own
"#;
    insta::assert_snapshot!(refused("formats", content), @r#"
    relapse: a mistake in the grammars

    error: invalid basic string, expected `"`
     --> own.toml:1:12
      |
    1 | name = "own
      |            ^
    "#);
}

#[test]
fn examples_that_do_not_hold() {
    let content = r#"
name  = "own"
title = "Our own log"
kind  = "text"
line  = "{time:iso} {level} {message}"

[[example]]
text  = "2026-01-14T02:12:41Z info engine off"
time  = "2026-01-14T02:12:42Z"
level = "error"

[[example]]
text = "Jan 14 engine on"

[[example]]
text  = "2026-01-14T02:12:41Z info engine on"
match = false
"#;
    insta::assert_snapshot!(refused("formats", content), @r#"
    relapse: 4 mistakes in the grammars

    error: time is "2026-01-14T02:12:41Z", not "2026-01-14T02:12:42Z"
     --> own.toml:6:1
      |
    6 | [[example]]
      | ^^^^^^^^^^^

    error: level is "info", not "error"
     --> own.toml:6:1
      |
    6 | [[example]]
      | ^^^^^^^^^^^

    error: this format does not read its own example
      --> own.toml:11:1
       |
    11 | [[example]]
       | ^^^^^^^^^^^

    error: a near miss is read by this format
      --> own.toml:14:1
       |
    14 | [[example]]
       | ^^^^^^^^^^^
    "#);
}

#[test]
fn what_no_example_shows() {
    let content = r#"
name  = "own"
title = "Our own log"
kind  = "text"
line  = ["{time:iso} {level} {message}", "{time:bsd} {message}"]

[[mark]]
kind    = "start"
message = "engine on"

[[example]]
text = "2026-01-14T02:12:41Z info engine off"
"#;
    insta::assert_snapshot!(refused("formats", content), @r#"
    relapse: 3 mistakes in the grammars

    error: line pattern 2 is hit by no example
     --> own.toml:1:9
      |
    1 | name  = "own"
      |         ^^^^^
      = help: add one: an untested pattern is a guess

    error: the mark `engine on` is hit by no example
     --> own.toml:1:9
      |
    1 | name  = "own"
      |         ^^^^^

    error: there is no near miss
     --> own.toml:1:9
      |
    1 | name  = "own"
      |         ^^^^^
      = help: add an example with `match = false`: a line that resembles this format and is another
    "#);
}

#[test]
fn an_unknown_role() {
    let content = r#"
family = "own"

[[signature]]
id          = "own-flux"
title       = "The flux is lost"
literals    = [["flux capacitor"]]
role        = "cause"
phase       = "init"
severity    = 5
meaning     = "Somebody took it."
fix         = "Put it back."
source      = "Own 3.1"
examples    = ["the flux capacitor is gone"]
near_misses = ["the flow is gone"]
"#;
    insta::assert_snapshot!(refused("signatures", content), @r#"
    relapse: a mistake in the grammars

    error: unknown variant `cause`, expected one of `root`, `symptom`, `amplifier`, `lifecycle`
     --> own.toml:7:15
      |
    7 | role        = "cause"
      |               ^^^^^^^
    "#);
}

#[test]
fn what_cannot_be_searched_for() {
    let content = r#"
family = "own"

[[signature]]
id          = "own-flux"
title       = "The flux is lost"
literals    = [["flux"], ["é/"]]
regex       = 'flux (lost'
role        = "root"
phase       = "init"
severity    = 9
meaning     = "Somebody took it."
fix         = "Put it back."
source      = "Own 3.1"
examples    = ["the flux capacitor is gone"]
near_misses = ["the flow is gone"]
"#;
    insta::assert_snapshot!(refused("signatures", content), @r#"
    relapse: 3 mistakes in the grammars

    error: each list of literals needs one with four plain bytes in a row
     --> own.toml:6:15
      |
    6 | literals    = [["flux"], ["é/"]]
      |               ^^^^^^^^^^^^^^^^^^
      = help: quotes, slashes, backslashes and non-ASCII text do not count; a short word needs its context

    error: severity is from 1 to 5
     --> own.toml:4:15
      |
    4 | id          = "own-flux"
      |               ^^^^^^^^^^

    error: this regex cannot be compiled: unclosed group
     --> own.toml:7:15
      |
    7 | regex       = 'flux (lost'
      |               ^^^^^^^^^^^^
    "#);
}

#[test]
fn texts_that_do_not_hold() {
    let content = r#"
family = "own"

[[signature]]
id          = "own-flux"
title       = "The flux is lost"
literals    = [["flux capacitor"]]
role        = "root"
phase       = "init"
severity    = 5
meaning     = "Somebody took it."
fix         = "Put it back."
source      = "Own 3.1"
examples    = ["the flow capacitor is gone"]
near_misses = ["the flux capacitor is warm"]
explains    = ["own-flow"]
"#;
    insta::assert_snapshot!(refused("signatures", content), @r#"
    relapse: 3 mistakes in the grammars

    error: this example is not matched
      --> own.toml:13:16
       |
    13 | examples    = ["the flow capacitor is gone"]
       |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: this near miss is matched
      --> own.toml:14:16
       |
    14 | near_misses = ["the flux capacitor is warm"]
       |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = help: tighten the literals, or add `not`

    error: it explains `own-flow`, which is no signature
     --> own.toml:4:15
      |
    4 | id          = "own-flux"
      |               ^^^^^^^^^^
    "#);
}

#[test]
fn a_signature_without_examples() {
    let content = r#"
family = "own"

[[signature]]
id          = "own-flux"
title       = "The flux is lost"
literals    = [["flux capacitor"]]
role        = "root"
phase       = "init"
severity    = 5
meaning     = "Somebody took it."
fix         = "Put it back."
source      = "Own 3.1"
examples    = []
near_misses = []
"#;
    insta::assert_snapshot!(refused("signatures", content), @r#"
    relapse: a mistake in the grammars

    error: a signature needs an example and a near miss
     --> own.toml:4:15
      |
    4 | id          = "own-flux"
      |               ^^^^^^^^^^
    "#);
}

/// Mistakes in a user's folder stop every command before it prints a wrong diagnosis, and are shown in the same way.
#[test]
fn mistakes_in_a_folder_of_grammars_stop_the_analysis() {
    let place = Place::new();
    place.file("own/formats/own.toml", "name = \"own\"\n");
    place.file("own/signatures/own.toml", "family = 7\n");
    place.file("a.log", "text\n");
    let ran = place.relapse(&["analyze", "--grammars", "own", "a.log"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(ran.stderr, @r#"
    relapse: 2 mistakes in the grammars

    error: missing field `title`
     --> own/formats/own.toml:1:1
      |
    1 | name = "own"
      | ^

    error: invalid type: integer `7`, expected a string
     --> own/signatures/own.toml:1:10
      |
    1 | family = 7
      |          ^
    "#);
}

#[test]
fn a_misspelled_signature_is_answered_with_the_right_one() {
    let ran = relapse(&["signatures", "port-in-us"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("did you mean port-in-use?"), "{ran:?}");
}
