//! Reads lines through all formats of a catalog, envelope by envelope.

use super::ansi;
use super::catalog::Catalog;
use super::clock::{Clock, Time};
use super::dispatch::Memory;
use super::format::Fields;
use super::reading::Reading;
use std::borrow::Cow;
use std::cell::RefCell;

/// Envelopes are peeled this deep at most.
const MAX_DEPTH: usize = 4;

/// What reads lines. What it has met before makes the next lines cheaper and changes nothing else: the reading of a line
/// is a function of the line alone (and the clock), whatever stands around it and wherever the input was cut.
#[derive(Debug)]
pub struct Reader<'c> {
    catalog: &'c Catalog,
    memory: RefCell<Memory>,
}

impl<'c> Reader<'c> {
    /// Takes over what earlier readers of the catalog met.
    pub fn of(catalog: &'c Catalog) -> Reader<'c> {
        Reader { catalog, memory: RefCell::new(catalog.take_memory()) }
    }

    /// Reads a line through its envelopes.
    pub fn read<'a>(&self, line: &'a [u8], clock: &Clock) -> Reading<'a> {
        let memory = &mut self.memory.borrow_mut();
        let mut reading = Reading { text: ansi::plain(line), ..Reading::default() };
        let mut outer_time = None;
        while reading.formats.len() < MAX_DEPTH {
            let text = std::mem::take(&mut reading.text);
            let Some((id, fields)) = self.catalog.first_match(&text, clock, memory) else {
                reading.message = text.clone();
                reading.text = text;
                break;
            };
            let format = self.catalog.format(id);
            reading.formats.push(id);
            if format.pid_is_run {
                reading.run_pid = fields.pid;
            }
            let message = reading.take(fields, &text, format.is_envelope(), &mut outer_time);
            if format.is_envelope() {
                // docker keeps the line end in the message.
                let message = match message {
                    Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix(b"\n").unwrap_or(text)),
                    Cow::Owned(mut text) => {
                        text.truncate(text.len() - usize::from(text.ends_with(b"\n")));
                        Cow::Owned(text)
                    }
                };
                // The program's own escapes may only now be plain.
                reading.text = match ansi::plain(&message) {
                    Cow::Borrowed(plain) if plain.len() == message.len() => message,
                    other => Cow::Owned(other.into_owned()),
                };
                reading.message = Cow::Borrowed(b"");
                if reading.text.is_empty() {
                    break;
                }
                continue;
            }
            reading.text = if format.is_json() { message.clone() } else { text };
            reading.message = message;
            break;
        }
        if reading.message.is_empty() {
            reading.message = reading.text.clone();
        }
        reading.time = reading.time.or(outer_time);
        reading
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.catalog.keep_memory(std::mem::take(self.memory.get_mut()));
    }
}

impl<'a> Reading<'a> {
    /// Takes over what one format read, inner over outer where both say it; returns the message.
    fn take(
        &mut self,
        fields: Fields,
        text: &Cow<'a, [u8]>,
        is_envelope: bool,
        outer_time: &mut Option<Time>,
    ) -> Cow<'a, [u8]> {
        // The outer time stands in for an inner one without date or zone.
        if fields.time_is_complete || (self.time.is_none() && outer_time.is_none()) {
            self.time = fields.time.or(self.time);
        }
        *outer_time = outer_time.or(fields.time);
        self.level = fields.level.or(self.level);
        self.pid = fields.pid.or(self.pid);
        let own = |value: Option<Cow<[u8]>>| value.map(|value| rebind(text, value));
        self.component = own(fields.component).or(self.component.take());
        self.ident = self.ident.take().or(own(fields.ident));
        self.service = self.service.take().or(own(fields.service));
        self.host = self.host.take().or(own(fields.host));
        match fields.message {
            Some(message) => rebind(text, message),
            // An envelope around nothing.
            None if is_envelope => Cow::Borrowed(b""),
            None => text.clone(),
        }
    }
}

/// A part of `text` with `text`'s own lifetime: borrowed as long as `text` is borrowed.
fn rebind<'a>(text: &Cow<'a, [u8]>, part: Cow<[u8]>) -> Cow<'a, [u8]> {
    match (text, part) {
        (Cow::Borrowed(line), Cow::Borrowed(part)) => {
            let start = (part.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
            match line.get(start..start.wrapping_add(part.len())) {
                Some(part) => Cow::Borrowed(part),
                None => Cow::Owned(part.to_vec()),
            }
        }
        (_, part) => Cow::Owned(part.into_owned()),
    }
}
