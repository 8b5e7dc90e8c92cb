//! The literals that the benchmark gives to ripgrep: a hundred of those that the signatures search for, so that both
//! programs look for the same things.

use crate::support::repository;
use relapse::grammar::{Source, embedded};
use relapse::signature::Pack;
use std::collections::BTreeSet;
use std::fs;

#[test]
fn a_hundred_literals_of_signatures() {
    let file = fs::read_to_string(repository().join("benches/literals.txt")).expect("it is committed");
    let literals: BTreeSet<&str> = file.lines().collect();
    assert_eq!((literals.len(), file.lines().count()), (100, 100));

    let signatures = embedded::signatures();
    let sources: Vec<Source> = signatures.iter().map(|(path, text)| Source { path, text }).collect();
    let (pack, _) = Pack::load(&sources);
    let searched: Vec<&Vec<u8>> =
        pack.signatures().iter().flat_map(|signature| signature.literals.iter().flatten()).collect();
    for literal in literals {
        assert!(searched.iter().any(|known| *known == literal.as_bytes()), "no signature searches for {literal:?}");
    }
}
