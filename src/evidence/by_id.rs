//! Tables by id: an id is a hash already, and is not hashed once more.

use super::event::Id;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table by id, in no order.
pub type ById<T> = HashMap<Id, T, BuildHasherDefault<IdHasher>>;

#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        // Not what ids are; right, though not fast.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
