//! Log formats as data: what a record is, in which format, with which fields.
//!
//! In: lines of bytes. Out: readings. Knows nothing of files, of signatures, or of what a record means.

pub mod almanac;
pub mod ansi;
mod array;
mod beginning;
pub mod calendar;
pub mod catalog;
pub mod clock;
pub mod complaint;
mod course;
pub mod definition;
pub mod dfa;
pub mod dispatch;
pub mod embedded;
pub mod examples;
pub mod field;
pub mod format;
pub mod head;
pub mod json;
pub mod language;
pub mod layout;
pub mod level;
pub mod mark;
pub mod matcher;
pub mod members;
pub mod months;
pub mod nfa;
pub mod pattern;
pub mod reader;
pub mod reading;
pub mod shape;
pub mod survey;
pub mod time_parts;
pub mod timestamp;
mod trace;

pub use catalog::{Catalog, Compiled, MarkId};
pub use clock::{Clock, Open, SECOND, Time};
pub use complaint::{Complaint, Source};
pub use course::Course;
pub use field::Field;
pub use level::Level;
pub use mark::{Asker, Kept, Mark, MarkKind, MarkReading};
pub use matcher::is_pod;
pub use reader::Reader;
pub use reading::{FormatId, Layers, Reading, Repeat};

#[cfg(test)]
mod tests;
