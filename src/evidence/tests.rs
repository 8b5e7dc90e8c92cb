//! The laws of merging.

use super::event::Fold;
use super::*;
use crate::grammar::{MarkKind, SECOND, Time};
use proptest::prelude::*;
use std::sync::OnceLock;

fn piece(start: u64, end: u64, seed: u64) -> Segment {
    let mut segment = Segment::new(start, end);
    segment.lines = end - start;
    for offset in start..end {
        let fault = (offset * 7 + seed) % 5;
        let time = (offset % 13 != 0).then(|| Time::new((offset as i64 / 3) * SECOND, 0));
        if offset % 11 == 4 {
            segment.add_mark(mark(offset, offset - start, time));
        }
        segment.add_occurrences(fault, 1, Fold::of_line(offset, time, offset % 3 == 0, 1));
        let sample = Sample { offset, line: offset - start, time, actor: 1, text: format!("line {offset}") };
        let kind = FaultKind::Signature(format!("f{fault}"));
        segment.add_fault(fault, Fault { kind, count: 1, first: vec![sample.clone()], last: vec![sample] });
    }
    segment.keep_bounds();
    segment
}

fn mark(offset: u64, line: u64, time: Option<Time>) -> Mark<&'static Told> {
    static TOLD: OnceLock<[Told; 2]> = OnceLock::new();
    let told = TOLD.get_or_init(|| {
        [(MarkKind::Start, None), (MarkKind::Exit, Some(-9))].map(|(kind, code)| Told {
            program: 2,
            words: 3,
            code,
            manager: true,
            ..Told::new(kind, 1)
        })
    });
    Mark {
        told: &told[(offset % 2) as usize],
        offset,
        line,
        time,
        pid: (offset.is_multiple_of(3)).then_some(700 + offset as u32),
        count: (offset.is_multiple_of(5)).then_some(u32::MAX),
        last_words: offset % 4,
    }
}

/// A storm in which every line is another error: more than there is room for.
fn storm(start: u64, end: u64) -> Segment {
    let mut segment = Segment::new(start, end);
    segment.lines = end - start;
    for offset in start..end {
        // The hash of a text would be as good.
        let fault = plain_id(offset.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if offset.is_multiple_of(100) {
            segment.add_mark(mark(offset, offset - start, None));
        }
        segment.add_occurrences(fault, 1, Fold::of_line(offset, None, true, 1));
        let kind = FaultKind::Unknown { class: Class::Error, template: offset.to_string() };
        segment.add_fault(fault, Fault { kind, count: 1, first: Vec::new(), last: Vec::new() });
    }
    segment.keep_bounds();
    segment
}

fn evidence(segment: Segment) -> Evidence {
    let mut evidence = Evidence::default();
    evidence.add("a.log", segment).unwrap();
    evidence
}

proptest! {
    #[test]
    fn any_cuts_in_any_order_give_the_whole(cuts in proptest::collection::btree_set(1u64..200, 0..8), order in any::<u64>()) {
        let whole = evidence(piece(0, 200, 3));
        let mut bounds: Vec<u64> = std::iter::once(0).chain(cuts).chain([200]).collect();
        bounds.dedup();
        let mut pieces: Vec<Evidence> = bounds.windows(2).map(|pair| evidence(piece(pair[0], pair[1], 3))).collect();
        let mut order = order;
        while pieces.len() > 1 {
            let left = pieces.swap_remove(order as usize % pieces.len());
            order = order.rotate_right(7) ^ 0x9e37;
            let right = pieces.swap_remove(order as usize % pieces.len());
            pieces.push(left.merge(right).unwrap());
        }
        prop_assert_eq!(&pieces[0], &whole);
        prop_assert_eq!(codec::decode(&codec::encode(&whole).unwrap()), Ok(whole));
    }

    #[test]
    fn damaged_evidence_is_refused_or_read_as_something_whole(at in any::<usize>(), to in any::<u8>()) {
        let mut bytes = codec::encode(&evidence(piece(0, 200, 3))).unwrap();
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(read) = codec::decode(&bytes) {
            prop_assert_eq!(codec::decode(&codec::encode(&read).unwrap()), Ok(read));
        }
    }

    #[test]
    fn any_bytes_decode_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut file = b"relapse evidence 4\n".to_vec();
        file.extend(bytes);
        let _ = codec::decode(&file);
    }
}

proptest! {
    // Each case is a storm of many thousand lines.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_storm_of_different_errors_is_bounded_alike_however_it_was_cut(cuts in proptest::collection::btree_set(1u64..12_000, 0..12)) {
        let whole = evidence(storm(0, 12_000));
        let bounds: Vec<u64> = std::iter::once(0).chain(cuts).chain([12_000]).collect();
        let merged = bounds
            .windows(2)
            .map(|pair| evidence(storm(pair[0], pair[1])))
            .reduce(|left, right| left.merge(right).unwrap())
            .unwrap();
        let bytes = codec::encode(&merged).unwrap();
        prop_assert_eq!(&bytes, &codec::encode(&whole).unwrap());
        prop_assert_eq!(codec::decode(&bytes), Ok(merged));
    }
}

#[test]
fn the_identity_changes_nothing() {
    let whole = evidence(piece(0, 50, 1));
    assert_eq!(Evidence::default().merge(whole.clone()).unwrap(), whole);
    assert_eq!(whole.clone().merge(Evidence::default()).unwrap(), whole);
}

#[test]
fn overlapping_pieces_are_refused_unless_equal() {
    let left = evidence(piece(0, 50, 1));
    assert!(left.clone().merge(evidence(piece(40, 80, 1))).is_err());
    assert_eq!(left.clone().merge(left.clone()).unwrap(), left);
}

#[test]
fn a_hole_is_known() {
    let mut both = evidence(piece(0, 50, 1)).merge(evidence(piece(60, 80, 1))).unwrap();
    let stream = both.streams.get_mut("a.log").unwrap();
    stream.length = Some(100);
    assert_eq!(stream.holes(), [(50, 60), (80, 100)]);
}

#[test]
fn too_many_folds_are_folded_wider_and_nothing_is_lost() {
    let mut left = Segment::new(0, 1);
    let mut right = Segment::new(1, 2);
    for second in 0..200_000i64 {
        let half = if second < 100_000 { &mut left } else { &mut right };
        half.add_occurrences(1, 1, Fold::of_line(0, Some(Time::new(second * 2 * SECOND, 0)), false, 1));
    }
    left.keep_bounds();
    right.keep_bounds();
    left.append(right);
    let counts: Vec<u64> = left
        .ledger
        .events()
        .map(|event| match event {
            Event::Fold(_, fold) => u64::from(fold.count),
            Event::Mark(_) => unreachable!("no mark was added"),
        })
        .collect();
    assert_eq!(counts.iter().sum::<u64>(), 200_000);
    assert!(counts.len() <= 1 << 5);
}
