//! `relapse templates`: messages in, one object a message out.

use crate::support::{Place, command, repository, run_with_input};
use serde_json::Value;

fn mine(arguments: &[&str], input: &[u8]) -> Vec<Value> {
    let arguments: Vec<&str> = [&["templates"], arguments].concat();
    let ran = run_with_input(&mut command(&repository(), &arguments), input);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect()
}

#[test]
fn every_message_has_its_template() {
    let rows = mine(&[], b"worker 7 lost 10.0.0.3:5432\nready\nworker 12 lost 10.0.0.9:5433\r\n\nready");
    let lines: Vec<u64> = rows.iter().map(|row| row["line"].as_u64().expect("a number")).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5]);
    assert_eq!(rows[0]["template"], "worker <*> lost <*>");
    assert_eq!(rows[0]["cluster"], rows[2]["cluster"]);
    assert_eq!(rows[1]["cluster"], rows[4]["cluster"]);
    assert_ne!(rows[0]["cluster"], rows[1]["cluster"]);
    assert_eq!(rows[3]["template"], "");
}

#[test]
fn ids_do_not_depend_on_what_else_there_is() {
    let alone = mine(&[], b"worker 7 lost 10.0.0.3:5432\n");
    let among = mine(&[], b"ready\nnot ready: code 5\nworker 8 lost 10.0.0.4:1\n");
    assert_eq!(alone[0]["cluster"], among[2]["cluster"]);
}

#[test]
fn a_summary_counts() {
    let place = Place::new();
    place.file("a.txt", "user ann failed\nuser bob failed\n");
    place.file("b.txt", "done\nuser cid failed");
    let ran = place.relapse(&["templates", "--summary", "a.txt", "b.txt"]);
    let rows: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["template"], &rows[0]["count"], &rows[0]["line"]),
        (&"user <*> failed".into(), &3.into(), &1.into())
    );
    assert_eq!((&rows[1]["template"], &rows[1]["line"]), (&"done".into(), &3.into()));
}

#[test]
fn hostile_messages_stay_text() {
    let rows = mine(&[], b"\x1b[31m\"quoted\\ <script>\xff\x00\n\xe2\x80\xae\n");
    assert_eq!(rows.len(), 2);
    assert!(rows[0]["template"].as_str().is_some_and(|text| text.contains("script")));
    let long = mine(&[], &b"word ".repeat(2_000_000));
    assert_eq!(long.len(), 1);
    assert_eq!(mine(&[], b""), Vec::<Value>::new());
}

/// A line of many blocks is one line, however it is cut, and what follows it is not lost.
#[test]
fn a_line_longer_than_memory_allows_is_one_line() {
    let long = b"word ".repeat(300_000);
    let input = [&b"ready\n"[..], &long, b"\nready\n", &long].concat();
    let rows = mine(&[], &input);
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["cluster"], rows[2]["cluster"]);
    assert_eq!(rows[1]["cluster"], rows[3]["cluster"]);
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_read() {
    let place = Place::new();
    place.file("there.txt", "ready\n");
    let ran = place.relapse(&["templates", "no-such-file", "there.txt", "."]);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.stdout.lines().count(), 1);
    assert!(ran.stderr.contains("no-such-file") && ran.stderr.contains("."), "{}", ran.stderr);
    let alone = place.relapse(&["templates", "no-such-file"]);
    assert_eq!((alone.status, alone.stdout.as_str()), (2, ""));
    assert!(alone.stderr.contains("no-such-file"), "{}", alone.stderr);
}
