//! A line as it was read.

use super::clock::Time;
use super::format::FormatId;
use super::level::Level;
use std::borrow::Cow;

/// A line as its formats read it.
#[derive(Clone, Debug, Default)]
pub struct Reading<'a> {
    /// Outermost first; empty when no format reads the line.
    pub formats: Vec<FormatId>,
    pub time: Option<Time>,
    pub level: Option<Level>,
    pub ident: Option<Cow<'a, [u8]>>,
    pub service: Option<Cow<'a, [u8]>>,
    pub component: Option<Cow<'a, [u8]>>,
    pub host: Option<Cow<'a, [u8]>>,
    pub pid: Option<u32>,
    /// The pid of the service's own process, where the format says that its pid is that.
    pub run_pid: Option<u32>,
    /// The line as the program wrote it: envelopes and escapes off, JSON unescaped.
    pub text: Cow<'a, [u8]>,
    /// The message alone.
    pub message: Cow<'a, [u8]>,
}
