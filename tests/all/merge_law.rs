//! The merge law: logs cut anywhere, scanned in pieces, merged in any order and grouping, give the very diagnosis of the
//! whole. Threads, workers on many machines, checkpoints and live watching all stand on it.

use crate::support::{Place, repository};
use proptest::prelude::*;
use proptest::sample::Index;
use relapse::diagnosis::{Diagnosis, Question};
use relapse::evidence::{Event, Evidence, FaultKind};
use relapse::gather::Gatherer;
use relapse::input::{Input, Selection, discover};
use relapse::scan::{Options, Scanner};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

pub static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::built_in(Options::default()));

static EVERYTHING: LazyLock<Selection> = LazyLock::new(Selection::default);

/// Files of many formats: multi-line records, envelopes, JSON, no times of their own, a listing.
const FILES: [&str; 9] = [
    "quickstart/gateway-restart.log",
    "quickstart/memory-plugin.log",
    "quickstart/sessions.txt",
    "two-supervisors/gateway.log",
    "two-supervisors/launchd.log",
    "two-at-once/courier-error.log",
    "module-missing/invoices/current",
    "sqlite-dir/ledger-api.err.log",
    "fixed-halfway/journal.json",
];

pub fn gatherer() -> Gatherer<'static> {
    static DONE: AtomicU64 = AtomicU64::new(0);
    Gatherer { scanner: &SCANNER, zone: jiff::tz::TimeZone::UTC, now_ns: 0, selection: &EVERYTHING, progress: &DONE }
}

pub fn piece(input: &Input, range: Range<u64>) -> Evidence {
    gatherer().plain(input, Some(range)).expect("one piece overlaps nothing")
}

pub fn diagnosis(evidence: &Evidence) -> String {
    serde_json::to_string(&Diagnosis::of(evidence, &SCANNER.pack, &Question::default())).expect("it is JSON")
}

/// The pieces of a file between cuts, which may come twice and in any order.
pub fn pieces(input: &Input, cuts: &[Index]) -> Vec<Evidence> {
    let mut bounds: Vec<u64> = cuts.iter().map(|cut| cut.index(input.bytes as usize) as u64).collect();
    bounds.extend([0, input.bytes]);
    bounds.sort_unstable();
    bounds.windows(2).map(|pair| piece(input, pair[0]..pair[1])).collect()
}

/// Merges any two of the pieces until one is left.
pub fn merged(mut pieces: Vec<Evidence>, order: &[Index]) -> Evidence {
    let mut order = order.iter().cycle();
    let mut take = |pieces: &mut Vec<Evidence>| pieces.swap_remove(order.next().map_or(0, |at| at.index(pieces.len())));
    while pieces.len() > 1 {
        let (left, right) = (take(&mut pieces), take(&mut pieces));
        pieces.push(left.merge(right).expect("pieces of one whole overlap nowhere"));
    }
    pieces.pop().unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_cuts_and_any_order_give_the_whole(
        files in proptest::sample::subsequence(FILES.to_vec(), 1..4),
        cuts in proptest::collection::vec(proptest::collection::vec(any::<Index>(), 0..6), 3),
        order in proptest::collection::vec(any::<Index>(), 1..24),
    ) {
        let paths: Vec<_> = files.iter().map(|file| repository().join("corpora").join(file)).collect();
        let found = discover(&paths, &EVERYTHING);
        let parts = found.inputs.iter().zip(&cuts).flat_map(|(input, cuts)| pieces(input, cuts)).collect();
        let whole = gatherer().gather(found.clone()).expect("files do not overlap");
        prop_assert_eq!(diagnosis(&merged(parts, &order)), diagnosis(&whole));
    }
}

/// Small enough to be cut at every byte, and with all that makes cutting hard.
const TINY: &str = "\
2026-02-03T04:10:00.100Z [gateway] loading configuration\u{2026}\r\n\
2026-02-03T04:10:00.200Z [openclaw] Uncaught exception: Error: listen EADDRINUSE: 127.0.0.1:18789\r\n\
    at Server.setupListenHandle (node:net:1817:16)\r\n\
    at node:internal/process/task_queues:90:21 {\r\n\
  code: 'EADDRINUSE'\r\n\
}\r\n\
Error: a line without a time\r\n\
\r\n\
2026-02-03T04:10:08.100Z [gateway] loading configuration\u{2026}\n\
2026-02-03T04:10:08.200Z [openclaw] Uncaught exception: Error: listen EADDRINUSE: 127.0.0.1:18789\n\
    at Server.setupListenHandle (node:net:1817:16)";

fn tiny(place: &Place) -> Input {
    assert!(TINY.len() <= 600);
    let path = place.file("gateway.log", TINY);
    discover(&[path], &EVERYTHING).inputs.remove(0)
}

/// The diagnosis of the tiny log in one piece. It must tell of something, or the law says nothing.
fn tiny_whole(input: &Input) -> String {
    let whole = diagnosis(&piece(input, 0..input.bytes));
    assert!(whole.contains("port-in-use") && whole.contains("\"restarts\":1"), "{whole}");
    whole
}

#[test]
fn a_tiny_log_cut_at_any_byte_gives_the_whole() {
    let place = Place::new();
    let input = tiny(&place);
    let whole = tiny_whole(&input);
    for cut in 0..=input.bytes {
        let halves = || (piece(&input, 0..cut), piece(&input, cut..input.bytes));
        let (left, right) = halves();
        assert_eq!(diagnosis(&left.merge(right).expect("no overlap")), whole, "cut at {cut}");
        let (left, right) = halves();
        assert_eq!(diagnosis(&right.merge(left).expect("no overlap")), whole, "cut at {cut}, the right half first");
    }
}

/// Holds a log against itself cut at any byte, and gives its evidence and its diagnosis.
#[track_caller]
pub fn whole_wherever_cut(text: &str) -> (Evidence, String) {
    let place = Place::new();
    let path = place.file("a.log", text);
    let input = discover(&[path], &EVERYTHING).inputs.remove(0);
    let whole = piece(&input, 0..input.bytes);
    let told = diagnosis(&whole);
    for cut in 0..=input.bytes {
        let merged = piece(&input, 0..cut).merge(piece(&input, cut..input.bytes)).expect("no overlap");
        assert!(merged == whole, "cut at {cut}: other evidence");
        assert_eq!(diagnosis(&merged), told, "cut at {cut}");
    }
    (whole, told)
}

/// The evidence of a log that is scanned in pieces.
pub fn evidence_cut_at(text: &str, cuts: &[u64]) -> Evidence {
    let place = Place::new();
    let path = place.file("a.log", text);
    let input = discover(&[path], &EVERYTHING).inputs.remove(0);
    let input = Input { path: "a.log".into(), ..input };
    let bounds: Vec<u64> = [0].into_iter().chain(cuts.iter().copied()).chain([input.bytes]).collect();
    let pieces = bounds.windows(2).map(|pair| piece(&input, pair[0]..pair[1]));
    pieces.reduce(|left, right| left.merge(right).expect("no overlap")).unwrap_or_default()
}

/// How often each failure is counted: in the table of faults, and by what happened when.
#[track_caller]
pub fn counts(evidence: &Evidence) -> Vec<(String, u64)> {
    let segment = evidence.streams.values().flat_map(|stream| stream.segments.values()).next().expect("a segment");
    let mut folded: BTreeMap<u64, u64> = BTreeMap::new();
    for event in segment.ledger.events() {
        if let Event::Fold(key, fold) = event {
            *folded.entry(key.fault).or_default() += u64::from(fold.count);
        }
    }
    let mut counts = Vec::new();
    for (id, fault) in &segment.faults {
        let Some(name) = name_of(&fault.kind) else { continue };
        assert_eq!(folded.get(id), Some(&fault.count), "{name}");
        counts.push((name.to_string(), fault.count));
    }
    counts.sort_unstable();
    counts
}

/// The 0-based lines that show a failure.
pub fn lines(evidence: &Evidence, name: &str) -> Vec<u64> {
    let segments = evidence.streams.values().flat_map(|stream| stream.segments.values());
    let faults = segments.flat_map(|segment| segment.faults.values());
    let own = faults.filter(|fault| name_of(&fault.kind) == Some(name));
    own.flat_map(|fault| fault.samples().into_iter().map(|sample| sample.line)).collect()
}

fn name_of(kind: &FaultKind) -> Option<&str> {
    match kind {
        FaultKind::Signature(name) | FaultKind::DealtWith(name) | FaultKind::Unknown { template: name, .. } => {
            Some(name)
        }
        FaultKind::Aspect { .. } | FaultKind::Mark(_) | FaultKind::Words { .. } | FaultKind::Hint(_) => None,
    }
}

#[test]
fn a_tiny_log_cut_at_every_byte_gives_the_whole() {
    let place = Place::new();
    let input = tiny(&place);
    let whole = tiny_whole(&input);
    let bytes: Vec<Evidence> = (0..input.bytes).map(|at| piece(&input, at..at + 1)).collect();
    let join = |left: Evidence, right: &Evidence| left.merge(right.clone()).expect("no overlap");
    let forwards = bytes.iter().fold(Evidence::default(), join);
    let backwards = bytes.iter().rev().fold(Evidence::default(), join);
    let (odd, even): (Vec<_>, Vec<_>) = bytes.iter().enumerate().partition(|(at, _)| at % 2 == 1);
    let interleaved = odd.iter().chain(&even).map(|(_, piece)| *piece).fold(Evidence::default(), join);
    for (name, merged) in [("forwards", forwards), ("backwards", backwards), ("odd first", interleaved)] {
        assert_eq!(diagnosis(&merged), whole, "{name}");
    }
}

/// A piece that is missing is told, not passed over.
#[test]
fn a_hole_makes_it_incomplete() {
    let place = Place::new();
    let input = tiny(&place);
    let both = piece(&input, 0..100).merge(piece(&input, 150..input.bytes)).expect("no overlap");
    let diagnosis = Diagnosis::of(&both, &SCANNER.pack, &Question::default());
    assert!(!diagnosis.complete);
    assert_eq!(diagnosis.inputs[0].problems, ["bytes 100..150 were not scanned"]);
}
