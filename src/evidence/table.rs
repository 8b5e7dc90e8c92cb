//! What many events name, each once.

use std::collections::BTreeMap;

/// Entries in the order in which they came up, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table<T> {
    entries: Vec<T>,
    index: BTreeMap<T, u64>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { entries: Vec::new(), index: BTreeMap::new() }
    }
}

impl<T> Table<T> {
    pub(super) fn entries(&self) -> &[T] {
        &self.entries
    }

    pub(super) fn get(&self, at: u64) -> Option<&T> {
        self.entries.get(usize::try_from(at).ok()?)
    }
}

impl<T: Clone + Ord> Table<T> {
    pub(super) fn of(entries: &[T]) -> Table<T> {
        Table { entries: entries.to_vec(), index: entries.iter().cloned().zip(0..).collect() }
    }

    /// Where an entry stands, which is added if it is new.
    pub(super) fn place(&mut self, entry: &T) -> u64 {
        if let Some(&at) = self.index.get(entry) {
            return at;
        }
        let at = self.entries.len() as u64;
        self.entries.push(entry.clone());
        self.index.insert(entry.clone(), at);
        at
    }

    /// Where an entry stands, if it is there.
    pub(super) fn find(&self, entry: &T) -> Option<u64> {
        self.index.get(entry).copied()
    }

    /// Where the entries of another table stand in this one.
    pub(super) fn places(&mut self, others: &Table<T>) -> Vec<u64> {
        others.entries.iter().map(|entry| self.place(entry)).collect()
    }
}
