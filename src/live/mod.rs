//! While it happens: streams that grow, a diagnosis that is made anew as they do, and whoever is to know of it.
//!
//! In: bytes as they arrive, from pipes, commands and files that are written to. Out: events at once, a [`Picture`] of all
//! that is known within a second, alerts when a service begins to fail and when it is well again. What is known is one
//! `Evidence` at any moment, so it ends in the very diagnosis that `analyze` makes of the same bytes.

pub mod alert;
pub mod archive;
pub mod checkpoint;
pub mod dashboard;
pub mod delivery;
mod diagnoser;
mod eras;
pub mod event;
pub mod growing;
pub mod metrics;
pub mod past;
pub mod picture;
pub mod serve;
pub mod source;
pub mod status;
pub mod streams;
mod telling;
pub mod watch;

pub use alert::{Alert, AlertCause};
pub use event::Event;
pub use picture::{Alarm, Board, Picture, Status, Traffic};

/// The time now, in nanoseconds since 1970.
fn now_ns() -> i64 {
    i64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}
