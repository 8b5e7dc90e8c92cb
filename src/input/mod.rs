//! Bytes: which inputs there are, what they are, and their content in pieces.
//!
//! In: the paths that the user named. Out: plain files that can be read at any place, and decoded streams that can be read
//! once, with what could not be read told in words. Knows nothing of formats or lines' meaning.

pub mod archive;
pub mod chunk;
pub mod decode;
pub mod discover;
pub mod sniff;
pub mod unfold;

pub use chunk::{PlainFile, StreamReader};
pub use discover::{Found, Input, InputKind, Selection, discover};
