//! Lines that only say how often a message came again.

use crate::merge_law::{counts, whole_wherever_cut};

#[track_caller]
fn check(lines: &[&str], expected: &[(&str, u64)]) {
    let (evidence, _) = whole_wherever_cut(&lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    assert_eq!(counts(&evidence), expected.iter().map(|&(name, count)| (name.to_string(), count)).collect::<Vec<_>>());
}

const FULL: &str = "Mar 03 05:00:01 hub relay[812]: Failed to seal vault seven";

#[test]
fn a_repeat_counts_as_often_as_it_says() {
    check(&[FULL, "Mar 03 05:00:31 hub last message repeated 4 times"], &[("Failed to seal vault seven", 5)]);
    check(&[FULL, "Mar 03 05:00:31 hub --- last message repeated 1 time ---"], &[("Failed to seal vault seven", 2)]);
    check(&[FULL, "Mar 03 05:00:31 --- last message repeated 2 times ---"], &[("Failed to seal vault seven", 3)]);
    check(
        &[FULL, "Mar 03 05:00:31 hub relay[812]: message repeated 3 times: [ Failed to seal vault seven]"],
        &[("Failed to seal vault seven", 4)],
    );
    check(
        &[
            "2026-03-03T05:00:01.5+00:00 hub relay[812]: Failed to seal vault seven",
            "2026-03-03T05:00:31.5+00:00 hub last message repeated 4 times",
        ],
        &[("Failed to seal vault seven", 5)],
    );
}

#[test]
fn a_known_failure_is_counted_too() {
    check(
        &[
            "Mar 03 05:00:01 hub relay[812]: Error: listen EADDRINUSE: address already in use 127.0.0.1:8080",
            "Mar 03 05:00:31 hub last message repeated 4 times",
        ],
        &[("port-in-use", 5)],
    );
}

#[test]
fn a_repeat_is_of_the_last_record_of_its_host_that_is_none() {
    check(
        &[
            FULL,
            "Mar 03 05:00:31 hub last message repeated 4 times",
            "Mar 03 05:00:32 attic cron[9]: up",
            "Mar 03 05:01:01 hub last message repeated 2 times",
        ],
        &[("Failed to seal vault seven", 7)],
    );
    // What came again is the harmless line.
    check(
        &[FULL, "Mar 03 05:00:32 hub cron[9]: up", "Mar 03 05:01:01 hub last message repeated 2 times"],
        &[("Failed to seal vault seven", 1)],
    );
}

#[test]
fn a_repeat_without_a_record_before_it_tells_nothing() {
    check(&["Mar 03 05:00:31 hub last message repeated 4 times", FULL], &[("Failed to seal vault seven", 1)]);
    check(&[FULL, "Mar 03 05:00:31 hub last message repeated 99999999999 times"], &[("Failed to seal vault seven", 1)]);
}

#[test]
fn a_step_that_is_repeated_is_one_step() {
    let run = |minute: usize| {
        format!(
            "Mar 03 05:{minute:02}:00 hub systemd[1]: Started relay.service - The relay.\n\
             Mar 03 05:{minute:02}:01 hub last message repeated 3 times\n\
             Mar 03 05:{minute:02}:02 hub relay[81{minute}]: Failed to seal vault seven\n\
             Mar 03 05:{minute:02}:03 hub last message repeated 2 times\n\
             Mar 03 05:{minute:02}:04 hub systemd[1]: relay.service: Main process exited, code=exited, status=1/FAILURE\n"
        )
    };
    let (_, whole) = whole_wherever_cut(&(0..3).map(run).collect::<String>());
    assert!(whole.contains("\"runs\":3,\"restarts\":2"), "{whole}");
    assert!(whole.contains("Failed to seal vault seven"), "{whole}");
}

/// What Node prints of an error that nobody catches.
fn printed(message: &str, code: &str) -> String {
    format!(
        "node:events:502\n      throw er; // Unhandled 'error' event\n      ^\n\nError: {message}\n    \
         at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)\n  errno: -111,\n  code: '{code}',\n  \
         syscall: 'connect'\n}}\n\nNode.js v22.11.0\n"
    )
}

#[test]
fn the_code_among_an_errors_members_is_no_second_one() {
    let count = |log: &str| {
        let (evidence, _) = whole_wherever_cut(log);
        counts(&evidence).into_iter().find(|(name, _)| name == "econnrefused").map(|(_, count)| count)
    };
    assert_eq!(count(&printed("connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED").repeat(3)), Some(3));
    // Nothing else tells it.
    assert_eq!(count(&printed("the other side is away", "ECONNREFUSED").repeat(3)), Some(3));
}
