//! A stream that grows is at its end what it is as a whole, however its bytes came.

use crate::support::repository;
use proptest::prelude::*;
use relapse::diagnosis::{Diagnosis, Question};
use relapse::evidence::Evidence;
use relapse::input::follow::{Follower, Watched};
use relapse::live::streams::{Reading, Streams};
use relapse::scan::{Options, Scanner};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

static SCANNER: LazyLock<Arc<Scanner>> = LazyLock::new(|| Arc::new(Scanner::built_in(Options::default())));

/// The logs of the corpora, which are many kinds.
static LOGS: LazyLock<Vec<PathBuf>> = LazyLock::new(|| {
    let mut found = Vec::new();
    let mut open = vec![repository().join("corpora")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "log") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
});

fn pipe() -> Streams {
    let reading = Reading {
        zone: jiff::tz::TimeZone::UTC,
        selection: Default::default(),
        line_timeout: Duration::from_secs(2),
        history: true,
        window: usize::MAX,
    };
    let watched = Watched::new(&[], Default::default()).expect("no names");
    let mut streams = Streams::new(Arc::clone(&SCANNER), reading, Follower::new(watched), None);
    streams.open_pipe(0, "-");
    streams
}

fn log_lines(bytes: &[u8]) -> u64 {
    bytes.split(|&byte| byte == b'\n').count() as u64
}

fn diagnosis(evidence: &Evidence) -> Diagnosis {
    Diagnosis::of(evidence, &SCANNER.pack, &Question::default())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_come_to_the_whole(log in 0..LOGS.len(), sizes in proptest::collection::vec(1usize..60_000, 1..12)) {
        let bytes = fs::read(&LOGS[log]).expect("a log");
        let mut whole = pipe();
        whole.push(0, &bytes);
        let mut grown = pipe();
        let mut rest = bytes.as_slice();
        for size in sizes.iter().cycle() {
            let (piece, later) = rest.split_at(rest.len().min(*size));
            let lines = log_lines(&bytes);
            prop_assert!(grown.push(0, piece).iter().all(|event| (1..=lines).contains(&event.line)));
            rest = later;
            if size % 3 == 0 {
                // A look in between changes nothing.
                let so_far = grown.evidence();
                prop_assert_eq!(so_far.streams.len(), 1);
            }
            if rest.is_empty() {
                break;
            }
        }
        let last = grown.last_evidence().expect("no overlap").expect("all is there");
        prop_assert_eq!(&last, &whole.last_evidence().expect("no overlap").expect("all is there"));
        prop_assert_eq!(diagnosis(&last), diagnosis(&whole.evidence()));
    }
}
