//! The closed list of things that a pattern may capture.

use serde::{Deserialize, Serialize};

/// A field of a record, or a detail of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Field {
    Time,
    Level,
    Host,
    Ident,
    Service,
    Pid,
    Tid,
    Component,
    Stream,
    Message,
    Code,
    Signal,
    Count,
    Delay,
    Version,
    Reason,
    Cut,
    Instance,
}

impl Field {
    pub const COUNT: usize = 18;

    /// Every field with its name in grammar files.
    pub const NAMES: [(&'static str, Field); Field::COUNT] = [
        ("time", Field::Time),
        ("level", Field::Level),
        ("host", Field::Host),
        ("ident", Field::Ident),
        ("service", Field::Service),
        ("pid", Field::Pid),
        ("tid", Field::Tid),
        ("component", Field::Component),
        ("stream", Field::Stream),
        ("message", Field::Message),
        ("code", Field::Code),
        ("signal", Field::Signal),
        ("count", Field::Count),
        ("delay", Field::Delay),
        ("version", Field::Version),
        ("reason", Field::Reason),
        ("cut", Field::Cut),
        ("instance", Field::Instance),
    ];

    pub fn from_name(name: &str) -> Option<Field> {
        Field::NAMES.iter().find(|(known, _)| *known == name).map(|&(_, field)| field)
    }
}
