//! `relapse formats explain`: what reads a log, and what does not.

use crate::support::Place;

const MIXED: &str = "\
-- Boot 0123456789abcdef0123456789abcdef --
Feb 10 13:05:40 mini gw[812]: {\"level\":50,\"time\":1770728740123,\"pid\":812,\"hostname\":\"mini\",\"msg\":\"no \\u001b[31mkey\"}
Feb 10 13:05:41 mini gw[812]: listening on 8080
    at Server.listen (node:net:1)

words of nobody \u{1b}]0;title\u{7}
";

#[test]
fn a_mixed_log() {
    let place = Place::new();
    place.file("mixed.log", MIXED);
    let ran = place.relapse(&["formats", "explain", "--tz", "UTC", "mixed.log"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
    // How the formats do alone changes with every format that is added.
    let (told, scores) = ran.stdout.split_once("Each format alone").expect("the scores");
    insta::assert_snapshot!(told);
    assert!(scores.contains("  journald-short; refuses line 4:     at Server.listen (node:net:1)"), "{scores}");
    assert!(scores.contains("Read by none:\n  line 6: words of nobody \\u{1b}]0;title\\u{7}"), "{scores}");
}

#[test]
fn what_cannot_be_read_is_told() {
    let place = Place::new();
    place.file("core", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\n");
    place.file("good.log", "2026-02-10T13:05:40Z INFO ready\n");
    let ran = place.relapse(&["formats", "explain", "core", "missing.log"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{ran:?}");
    assert!(ran.stderr.contains("core: a binary file, not a log") && ran.stderr.contains("missing.log: no such file"));
    let ran = place.relapse(&["formats", "explain", "core", "good.log"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.stdout.starts_with("good.log: 1 line, 0 empty; 1 of 1 are records (100.0 %)"), "{ran:?}");
}
