//! From skeletons to templates: what further is a value shows where messages differ in one word alone.
//!
//! The result depends on the set of rows, not on their order: each round looks at all rows as they stand, decides, and
//! only then changes them.

use super::words::{Kind, Word, join_values};
use super::{MASK, stable_hash};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So many different plain words in one place are values.
const MANY_WORDS: usize = 6;
/// So many different numbered codes in one place are.
const MANY_NUMBERED: usize = 3;
/// Rounds until nothing changes, at most.
const MAX_ROUNDS: usize = 8;
/// For the hash of a row: odd, and of no pattern.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// The template of each row, in the order of the rows.
pub fn generalise(rows: &[Vec<Word>]) -> Vec<String> {
    let mut rows: Vec<Vec<Word>> = rows.to_vec();
    let mut values: BTreeSet<String> = BTreeSet::new();
    for _ in 0..MAX_ROUNDS {
        let changes = changes(&rows, &values);
        if changes.is_empty() {
            break;
        }
        for (row, at) in changes {
            let word = &mut rows[row][at];
            if word.kind != Kind::Numbered {
                values.insert(word.text.to_string());
            }
            *word = Word { text: MASK, kind: Kind::Value };
        }
    }
    rows.into_iter()
        .map(|mut row| {
            join_values(&mut row);
            super::words::text(&row)
        })
        .collect()
}

/// The words that turn out to be values: row and place of each.
fn changes(rows: &[Vec<Word>], values: &BTreeSet<String>) -> BTreeSet<(usize, usize)> {
    // Rows that agree but in one place, by the hash of the rest.
    let mut alike: HashMap<(u64, u32), Vec<u32>> = HashMap::new();
    for (number, row) in rows.iter().enumerate() {
        let mut power = 1u64;
        let parts: Vec<u64> = row
            .iter()
            .map(|word| {
                power = power.wrapping_mul(BASE);
                mixed(stable_hash(word.text.as_bytes())).wrapping_mul(power)
            })
            .collect();
        let whole = parts.iter().fold(row.len() as u64, |sum, part| sum.wrapping_add(*part));
        for (at, part) in parts.iter().enumerate() {
            if !matches!(row[at].kind, Kind::Mark | Kind::Key) {
                alike.entry((whole.wrapping_sub(*part), at as u32)).or_default().push(number as u32);
            }
        }
    }
    let mut changes = BTreeSet::new();
    for ((_, at), numbers) in alike {
        let at = at as usize;
        if numbers.len() < 2 {
            continue;
        }
        // One word may be of two kinds, by what stands before it: the first kind of all counts, in whatever order they come.
        let mut different: BTreeMap<&str, Kind> = BTreeMap::new();
        for word in numbers.iter().map(|&number| rows[number as usize][at]) {
            different.entry(word.text).and_modify(|kind| *kind = word.kind.min(*kind)).or_insert(word.kind);
        }
        if different.len() > 1 && are_values(&different, at, values) {
            let open = numbers.iter().filter(|&&number| rows[number as usize][at].kind != Kind::Value);
            changes.extend(open.map(|&number| (number as usize, at)));
        }
    }
    changes
}

/// Whether the different words of one place are values.
fn are_values(different: &BTreeMap<&str, Kind>, at: usize, values: &BTreeSet<String>) -> bool {
    let count = |kind: Kind| different.values().filter(|known| **known == kind).count();
    let (masked, codes) = (count(Kind::Value), count(Kind::Code) + count(Kind::NamedCode));
    if count(Kind::Name) > 0 || masked > 0 && count(Kind::NamedCode) > 0 {
        return true;
    }
    if count(Kind::Numbered) >= MANY_NUMBERED && codes == 0 && count(Kind::Word) == 0 {
        return true;
    }
    // The first word names what happens.
    at > 0
        && (codes == 0 && (masked > 0 || different.len() >= MANY_WORDS)
            || different.keys().all(|word| values.contains(*word)))
}

/// Spreads a hash's bits (the finish of splitmix64).
fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
