//! Arrays of any length for serde, which knows those of up to 32.

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

pub fn serialize<S: Serializer, T: Serialize, const N: usize>(array: &[T; N], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(array)
}

pub fn deserialize<'de, D, T, const N: usize>(from: D) -> Result<Box<[T; N]>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let all: Box<[T]> = Vec::deserialize(from)?.into_boxed_slice();
    let len = all.len();
    all.try_into().map_err(|_| D::Error::invalid_length(len, &"an array of another length"))
}
