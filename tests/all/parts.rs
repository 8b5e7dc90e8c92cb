//! Lines that a container's runtime cut in parts.

use crate::merge_law::{counts, whole_wherever_cut};

fn docker(stream: &str, text: &str) -> String {
    format!("{{\"log\":\"{text}\",\"stream\":\"{stream}\",\"time\":\"2026-02-03T04:12:10.1Z\"}}\n")
}

fn cri(stream: &str, flag: char, text: &str) -> String {
    format!("2026-02-03T04:12:10.100000000Z {stream} {flag} {text}\n")
}

#[track_caller]
fn check(log: &str, expected: &[(&str, u64)]) {
    let (evidence, _) = whole_wherever_cut(log);
    assert_eq!(counts(&evidence), expected.iter().map(|&(name, count)| (name.to_string(), count)).collect::<Vec<_>>());
}

#[test]
fn a_failure_that_lies_across_a_cut_is_found() {
    let known = [("port-in-use", 1)];
    check(
        &[docker("stderr", "Error: listen EADDR"), docker("stderr", "INUSE: 127.0.0.1:8080\\n")].concat(),
        &[("Error: listen EADDR", 1), ("port-in-use", 1)],
    );
    check(
        &[cri("stderr", 'P', "ERROR listen EADDR"), cri("stderr", 'F', "INUSE: 127.0.0.1:8080")].concat(),
        &[("ERROR listen EADDR", 1), ("port-in-use", 1)],
    );
    // Three parts, and another stream's line between.
    let parts = [
        cri("stderr", 'P', "{\"level\":\"info\",\"msg\":\"failed: listen EAD"),
        cri("stdout", 'F', "up"),
        cri("stderr", 'P', "DRINU"),
        cri("stderr", 'F', "SE\"}"),
    ];
    check(&parts.concat(), &known);
}

#[test]
fn the_rest_of_a_line_is_no_error_of_its_own() {
    check(
        &[cri("stdout", 'P', "sent <a>Failed to "), cri("stdout", 'F', "Error: Failed to go</a>")].concat(),
        &[("sent <a>Failed to", 1)],
    );
    let quiet = [
        docker("stdout", "{\\\"level\\\":\\\"info\\\",\\\"msg\\\":\\\"rendered "),
        docker("stdout", "Error: Failed to be seen\\\"}\\n"),
    ];
    check(&quiet.concat(), &[]);
    // What is of another stream, or comes later, goes on from nothing.
    check(&[cri("stdout", 'P', "sent "), cri("stderr", 'F', "Error: no seal")].concat(), &[("Error: no seal", 1)]);
    let later = cri("stdout", 'F', "Error: no seal").replace("04:12:10", "04:12:14");
    check(&[cri("stdout", 'P', "sent "), later].concat(), &[("Error: no seal", 1)]);
    // Collectors that take the line ends off cut nothing.
    let whole = [docker("stdout", "up"), docker("stdout", "Error: no seal"), docker("stdout", "Error: no seal")];
    check(&whole.concat(), &[("Error: no seal", 2)]);
}

#[test]
fn a_line_as_long_as_docker_cuts_it_is_one() {
    let filler = "x".repeat((16 << 10) - 18);
    let log = [
        docker("stdout", "up\\n"),
        docker("stderr", &format!("{filler} listen EADDR")),
        docker("stderr", &format!("INUSE {filler} Error: Failed to ")),
        docker("stderr", "Error: Failed to bind\\n"),
        docker("stdout", "up\\n"),
    ];
    let whole = crate::merge_law::evidence_cut_at(&log.concat(), &[]);
    assert_eq!(counts(&whole), [("port-in-use".to_string(), 1)]);
    let lines: Vec<u64> = crate::merge_law::lines(&whole, "port-in-use");
    assert_eq!(lines, [1], "the line of the first part");
    for cut in [60, 100, 9_000, 16_500, 16_560, 16_600, 25_000, 33_000, 33_100, 33_150] {
        assert!(crate::merge_law::evidence_cut_at(&log.concat(), &[cut]) == whole, "cut at {cut}");
    }
}
