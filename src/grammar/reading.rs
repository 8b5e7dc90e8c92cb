//! A line as it was read.

use super::clock::{Open, RawTime, Time};
use super::field::Field;
use super::level::Level;
use std::borrow::Cow;
use std::ops::Deref;

/// Index of a format in the catalog, most specific first.
pub type FormatId = u16;

/// Envelopes are peeled this deep at most.
pub const MAX_DEPTH: usize = 4;

/// The formats of a line, the outermost first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    ids: [FormatId; MAX_DEPTH],
    len: u8,
}

impl Layers {
    /// Adds the next one in; beyond `MAX_DEPTH` it is left out.
    pub fn push(&mut self, id: FormatId) {
        if let Some(slot) = self.ids.get_mut(usize::from(self.len)) {
            *slot = id;
            self.len += 1;
        }
    }
}

impl Deref for Layers {
    type Target = [FormatId];

    fn deref(&self) -> &[FormatId] {
        &self.ids[..usize::from(self.len)]
    }
}

/// A record that stands for others, because their writer left out what came again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The record before it came again so many times.
    Before(u32),
    /// Its own message came again so many times.
    Own(u32),
}

impl Repeat {
    pub fn times(self) -> u32 {
        match self {
            Repeat::Before(times) | Repeat::Own(times) => times,
        }
    }
}

/// A line as its formats read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading<'a> {
    /// Outermost first; empty when no format reads the line.
    pub formats: Layers,
    pub time: Option<Time>,
    /// The time that the outermost format with one told.
    outer_time: Option<Time>,
    /// Whether the text of the time told last settles date and zone.
    is_complete: bool,
    /// What of the date of `time` was not written.
    pub open: Open,
    pub level: Option<Level>,
    /// The level is the HTTP status of a request that a server answered: it says nothing of the server's own life.
    pub is_answer: bool,
    pub ident: Option<Cow<'a, [u8]>>,
    pub service: Option<Cow<'a, [u8]>>,
    pub component: Option<Cow<'a, [u8]>>,
    pub host: Option<Cow<'a, [u8]>>,
    pub stream: Option<Cow<'a, [u8]>>,
    pub tid: Option<Cow<'a, [u8]>>,
    pub pid: Option<u32>,
    /// The pid of the service's own process, where the format says that its pid is that.
    pub run_pid: Option<u32>,
    pub repeat: Option<Repeat>,
    /// The message goes on in the next record of the same stream.
    pub is_cut: bool,
    /// The line as the program wrote it: envelopes and escapes off, JSON unescaped.
    pub text: Cow<'a, [u8]>,
    /// The message alone.
    pub message: Cow<'a, [u8]>,
    /// Whether the innermost format named a message, even an empty one.
    pub(super) has_message: bool,
}

impl<'a> Reading<'a> {
    /// Of a text that no format has read yet.
    #[inline]
    pub(super) fn of(text: Cow<'a, [u8]>) -> Reading<'a> {
        Reading {
            formats: Layers::default(),
            time: None,
            outer_time: None,
            is_complete: false,
            open: Open::Nothing,
            level: None,
            is_answer: false,
            ident: None,
            service: None,
            component: None,
            host: None,
            stream: None,
            tid: None,
            pid: None,
            run_pid: None,
            repeat: None,
            is_cut: false,
            text,
            message: Cow::Borrowed(&[]),
            has_message: false,
        }
    }
}

/// What each format in turn tells, from the outermost in.
impl<'a> Reading<'a> {
    /// Takes a time as a clock settled it. The outer time stands in for an inner one without date or zone.
    pub(super) fn tell_time(&mut self, time: Option<Time>, raw: &RawTime) {
        self.take_time(time, raw.is_complete(), raw.open());
    }

    fn take_time(&mut self, time: Option<Time>, is_complete: bool, open: Open) {
        if is_complete || (self.time.is_none() && self.outer_time.is_none()) {
            self.time = time.or(self.time);
            self.open = open;
        }
        self.outer_time = self.outer_time.or(time);
        self.is_complete = is_complete;
    }

    pub(super) fn tell_level(&mut self, level: Option<Level>) {
        self.level = level.or(self.level);
    }

    pub(super) fn tell_pid(&mut self, pid: Option<u32>) {
        self.pid = pid.or(self.pid);
    }

    /// Takes how often something came again; to be told after the message, if there is one.
    pub(super) fn tell_count(&mut self, times: Option<u32>) {
        let repeat = if self.has_message { Repeat::Own } else { Repeat::Before };
        self.repeat = times.map(repeat).or(self.repeat);
    }

    pub(super) fn tell_message(&mut self, message: Cow<'a, [u8]>) {
        self.message = message;
        self.has_message = true;
    }

    /// Takes a text: who runs the program is told best from outside, what part of it speaks from inside.
    pub(super) fn tell(&mut self, field: Field, text: Cow<'a, [u8]>) {
        let (known, from_outside) = match field {
            Field::Host => (&mut self.host, true),
            Field::Ident => (&mut self.ident, true),
            Field::Service => (&mut self.service, true),
            Field::Component => (&mut self.component, false),
            Field::Stream => (&mut self.stream, false),
            Field::Tid => (&mut self.tid, false),
            _ => return,
        };
        if known.is_none() || !from_outside {
            *known = Some(text);
        }
    }

    /// Takes over what a reading of the text inside told, with texts of its own.
    pub(super) fn tell_all(&mut self, inner: Reading) {
        self.take_time(inner.time, inner.is_complete, inner.open);
        self.tell_level(inner.level);
        self.is_answer |= inner.is_answer;
        self.tell_pid(inner.pid);
        self.repeat = inner.repeat.or(self.repeat);
        self.is_cut |= inner.is_cut;
        let texts = [
            (Field::Host, inner.host),
            (Field::Ident, inner.ident),
            (Field::Service, inner.service),
            (Field::Component, inner.component),
            (Field::Stream, inner.stream),
            (Field::Tid, inner.tid),
        ];
        for (field, text) in texts {
            if let Some(text) = text {
                self.tell(field, Cow::Owned(text.into_owned()));
            }
        }
        if inner.has_message {
            self.tell_message(Cow::Owned(inner.message.into_owned()));
        }
    }

    /// Where no time is complete the first one told counts.
    pub(super) fn settle_time(&mut self) {
        self.time = self.time.or(self.outer_time);
    }
}
