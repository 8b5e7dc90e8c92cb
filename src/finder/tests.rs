//! Every pass that this machine has, held against an automaton.

use super::*;
use aho_corasick::{AhoCorasick, MatchKind};
use proptest::prelude::*;

/// One for each pass that this machine has.
fn finders<T: AsRef<[u8]>>(texts: &[T], sample: &[u8]) -> Vec<Finder> {
    let mut grams = Grams::default();
    grams.add(sample);
    let with = |pass| Finder { pass, ..Finder::new(texts, &grams) };
    Pass::all().into_iter().map(with).collect()
}

fn lines_by(finder: &Finder, text: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    finder.lines(text, 0, &mut places);
    places.iter().map(|&place| text[..place as usize].iter().filter(|&&byte| byte == b'\n').count()).collect()
}

fn each_by(finder: &Finder, text: &[u8]) -> Vec<NeedleId> {
    let mut found = Vec::new();
    finder.each(text, |needle| found.push(needle));
    found.sort_unstable();
    found
}

/// An automaton, step by step.
fn reference<T: AsRef<[u8]>>(texts: &[T], text: &[u8]) -> (Vec<usize>, Vec<NeedleId>) {
    let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(texts).expect("few texts");
    let lines = text.split(|&byte| byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| automaton.is_match(line)).map(|(number, _)| number).collect();
    let mut each: Vec<NeedleId> =
        automaton.find_overlapping_iter(text).map(|found| found.pattern().as_usize() as NeedleId).collect();
    each.sort_unstable();
    (lines, each)
}

fn hold<T: AsRef<[u8]>>(texts: &[T], sample: &[u8], text: &[u8]) {
    hold_all(&finders(texts, sample), texts, text);
}

fn hold_all<T: AsRef<[u8]>>(finders: &[Finder], texts: &[T], text: &[u8]) {
    let (lines, each) = reference(texts, text);
    for finder in finders {
        assert_eq!(lines_by(finder, text), lines, "{:?}, lines", finder.pass);
        assert_eq!(each_by(finder, text), each, "{:?}, each", finder.pass);
    }
}

#[test]
fn every_pass_this_machine_has_is_tried() {
    assert_eq!(Pass::all().last(), Some(&Pass::Scalar));
}

proptest! {
    #[test]
    fn all_line_ends_are_found(text in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), any::<u8>()], 0..1500), from in 0usize..1500) {
        let from = from.min(text.len());
        let mut ends = Vec::new();
        line_ends(&text, from, &mut ends);
        let all: Vec<u32> = (from..text.len()).filter(|&at| text[at] == b'\n').map(|at| at as u32).collect();
        prop_assert_eq!(ends, all);
    }
}

#[test]
fn texts_are_found_at_every_place_of_a_block() {
    let texts = ["[E]", "EADDRINUSE", "exited", "ready", "\u{fc}ber uns", "E! "];
    let finders = finders(&texts, b"a sample of something");
    for before in 0..200 {
        for text in texts {
            let line = format!("{}{text}", "-".repeat(before));
            hold_all(&finders, &texts, line.as_bytes());
            hold_all(&finders, &texts, format!("{line}\n{line} after").as_bytes());
        }
    }
}

#[test]
fn nothing_is_found_in_nothing() {
    hold(&["abc", "abcd"], b"", b"");
    hold(&["abc", "abcd"], b"", b"ab");
    hold(&["abc", "abcd"], b"", b"abc");
    hold::<&str>(&[], b"", b"some text");
}

#[test]
fn what_is_kept_and_read_back_finds_the_same() {
    let texts = ["[E]", "EADDRINUSE", "ready", "no", "\u{fc}ber uns"];
    let finder = Finder::new(&texts, &Grams::default());
    let bytes = postcard::to_stdvec(&finder).expect("a plan is plain data");
    let again: Finder = postcard::from_bytes(&bytes).expect("what was just written");
    let text = b"no [E] EADDRINUSE: not ready";
    assert_eq!(each_by(&again, text), each_by(&finder, text));
    assert_eq!(each_by(&again, text), [0, 1, 2], "shorter texts are never found");
}

#[test]
fn a_damaged_plan_makes_a_finder_that_finds_less() {
    let finder = Finder::from(Plan { text: b"ready".to_vec(), needles: vec![(900, 3, 200), (4, 9, 1), (0, 0, 0)] });
    assert_eq!(each_by(&finder, b"ready steady"), [] as [NeedleId; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// Few letters, so that texts begin, overlap and nearly match everywhere.
    #[test]
    fn all_passes_find_what_an_automaton_finds(
        texts in prop::collection::vec("[abE: \u{fc}]{3,9}", 1..40),
        text in "[abE: \u{fc}\n]{0,700}",
        sample in "[abE: ]{0,60}",
    ) {
        hold(&texts, sample.as_bytes(), text.as_bytes());
    }

    /// Any bytes, with the texts strewn in.
    #[test]
    fn texts_strewn_over_any_bytes_are_found(
        texts in prop::collection::vec("[ -~]{3,20}", 1..300),
        noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 1..60),
        seed in any::<u64>(),
    ) {
        let mut text = Vec::new();
        for (at, noise) in noise.iter().enumerate() {
            text.extend(noise);
            text.extend(texts[(seed as usize).wrapping_add(at * 7919) % texts.len()].as_bytes());
        }
        hold(&texts, b"an error: failed to start", &text);
    }
}
