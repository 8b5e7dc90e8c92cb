//! Lines that a container's runtime cut in parts.

use crate::merge_law::{counts, evidence_cut_at, lines, whole_wherever_cut};

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
    let whole = evidence_cut_at(&log.concat(), &[]);
    assert_eq!(counts(&whole), [("port-in-use".to_string(), 1)]);
    let shown = lines(&whole, "port-in-use");
    assert_eq!(shown, [1], "the line of the first part");
    for cut in [60, 100, 9_000, 16_500, 16_560, 16_600, 25_000, 33_000, 33_100, 33_150] {
        assert!(evidence_cut_at(&log.concat(), &[cut]) == whole, "cut at {cut}");
    }
}

#[test]
fn parts_in_any_order_give_the_same_wherever_they_are_cut() {
    // A fixed seed: the same lines each time.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let texts =
        ["up", "ERROR listen EADDR", "INUSE", "EADDRINUSE", "Error: no seal", "Failed to ", "a", "SIGTERM, bye"];
    for _ in 0..4 {
        let mut log = String::new();
        for _ in 0..24 {
            let (stream, text) = (["stdout", "stderr"][random(2)], texts[random(texts.len())]);
            let text = if random(24) == 0 { &"z".repeat(9_000) } else { text };
            match random(4) {
                0 => log += &cri(stream, 'P', text),
                1 => log += &cri(stream, 'F', text),
                2 => log += &docker(stream, text),
                _ => log += &docker(stream, &format!("{text}\\n")),
            }
        }
        let whole = evidence_cut_at(&log, &[]);
        let cuts: Vec<u64> =
            (0..log.len() as u64).filter(|at| at % 7 == 0 || log.as_bytes()[*at as usize] == b'\n').collect();
        for cut in cuts.into_iter().filter(|_| random(4) == 0) {
            assert!(evidence_cut_at(&log, &[cut]) == whole, "cut at {cut}:\n{log}");
        }
        let line_starts: Vec<u64> =
            log.match_indices('\n').map(|(at, _)| at as u64 + 1).filter(|&at| at < log.len() as u64).collect();
        assert!(evidence_cut_at(&log, &line_starts) == whole, "cut before every line:\n{log}");
    }
}
