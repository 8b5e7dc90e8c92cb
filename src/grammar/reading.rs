//! A line as it was read.

use super::clock::Time;
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

/// A line as its formats read it.
#[derive(Clone, Debug, Default)]
pub struct Reading<'a> {
    /// Outermost first; empty when no format reads the line.
    pub formats: Layers,
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

/// What one format read of one line.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    pub time: Option<Time>,
    /// The time's own text settles date and zone.
    pub time_is_complete: bool,
    pub level: Option<Level>,
    pub host: Option<Cow<'a, [u8]>>,
    pub ident: Option<Cow<'a, [u8]>>,
    pub service: Option<Cow<'a, [u8]>>,
    pub component: Option<Cow<'a, [u8]>>,
    pub stream: Option<Cow<'a, [u8]>>,
    pub tid: Option<Cow<'a, [u8]>>,
    pub pid: Option<u32>,
    pub message: Option<Cow<'a, [u8]>>,
}

impl Fields<'_> {
    /// The same, with texts of their own.
    pub fn into_owned<'b>(self) -> Fields<'b> {
        let own = |text: Option<Cow<[u8]>>| text.map(|text| Cow::Owned(text.into_owned()));
        Fields {
            time: self.time,
            time_is_complete: self.time_is_complete,
            level: self.level,
            host: own(self.host),
            ident: own(self.ident),
            service: own(self.service),
            component: own(self.component),
            stream: own(self.stream),
            tid: own(self.tid),
            pid: self.pid,
            message: own(self.message),
        }
    }
}

impl<'a> Reading<'a> {
    /// Takes over what the next format read, inner over outer where both say it; returns its message.
    pub(super) fn take(&mut self, fields: &mut Fields<'a>, outer_time: &mut Option<Time>) -> Option<Cow<'a, [u8]>> {
        // The outer time stands in for an inner one without date or zone.
        if fields.time_is_complete || (self.time.is_none() && outer_time.is_none()) {
            self.time = fields.time.or(self.time);
        }
        *outer_time = outer_time.or(fields.time);
        self.level = fields.level.or(self.level);
        self.pid = fields.pid.or(self.pid);
        replace(&mut self.component, &mut fields.component);
        keep(&mut self.ident, &mut fields.ident);
        keep(&mut self.service, &mut fields.service);
        keep(&mut self.host, &mut fields.host);
        fields.message.take()
    }
}

fn replace<T>(known: &mut Option<T>, new: &mut Option<T>) {
    if new.is_some() {
        *known = new.take();
    }
}

fn keep<T>(known: &mut Option<T>, new: &mut Option<T>) {
    if known.is_none() {
        *known = new.take();
    }
}
