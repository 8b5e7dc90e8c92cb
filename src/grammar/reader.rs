//! Reads lines through all formats of a catalog, envelope by envelope.

use super::ansi;
use super::catalog::Catalog;
use super::clock::Clock;
use super::dispatch::Memory;
use super::reading::{MAX_DEPTH, Reading, Repeat};
use std::borrow::Cow;
use std::cell::RefCell;

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
        let mut reading = Reading::default();
        self.read_into(line, clock, &mut reading);
        reading
    }

    /// As `read`, into a reading whose content is let go; spares moving it, where lines are read by the million.
    #[inline]
    pub fn read_into<'a>(&self, line: &'a [u8], clock: &Clock, reading: &mut Reading<'a>) {
        *reading = Reading::of(ansi::plain(line));
        self.peel(reading, clock);
    }

    /// Reads a reading's text, and the text in it, as deep as it goes.
    fn peel(&self, reading: &mut Reading, clock: &Clock) {
        let memory = &mut *self.memory.borrow_mut();
        while reading.formats.len() < MAX_DEPTH {
            reading.has_message = false;
            let pid = reading.pid.take();
            let read = match reading.text {
                Cow::Borrowed(text) => self.catalog.first_match(text, clock, memory, reading),
                Cow::Owned(ref mut text) => {
                    let text = std::mem::take(text);
                    let mut inner = Reading::default();
                    let read = self.catalog.first_match(&text, clock, memory, &mut inner);
                    reading.tell_all(inner);
                    reading.text = Cow::Owned(text);
                    read
                }
            };
            let Some(id) = read else {
                reading.pid = pid;
                break;
            };
            let format = self.catalog.format(id);
            reading.formats.push(id);
            if format.pid_is_run {
                reading.run_pid = reading.pid;
            }
            reading.pid = reading.pid.or(pid);
            let message = if reading.has_message { Some(std::mem::take(&mut reading.message)) } else { None };
            if format.is_envelope() {
                if message.is_none() && matches!(reading.repeat, Some(Repeat::Before(_))) {
                    // What it says is about the record before; there is nothing in it.
                    break;
                }
                // An envelope may be around nothing.
                reading.text = message.map_or(Cow::Borrowed(b"".as_slice()), content);
                if reading.text.is_empty() {
                    break;
                }
                continue;
            }
            if let Some(message) = message {
                if format.is_json() {
                    reading.text = message.clone();
                }
                reading.message = message;
            }
            break;
        }
        if reading.message.is_empty() {
            reading.message = reading.text.clone();
        }
        reading.settle_time();
    }
}

/// What an envelope holds: docker keeps the line end in it, and the program's own escapes may only now be plain.
fn content(message: Cow<[u8]>) -> Cow<[u8]> {
    match message {
        Cow::Borrowed(text) => ansi::plain(text.strip_suffix(b"\n").unwrap_or(text)),
        Cow::Owned(mut text) => {
            text.truncate(text.len() - usize::from(text.ends_with(b"\n")));
            match ansi::plain(&text) {
                Cow::Borrowed(plain) if plain.len() == text.len() => Cow::Owned(text),
                plain => Cow::Owned(plain.into_owned()),
            }
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.catalog.keep_memory(std::mem::take(self.memory.get_mut()));
    }
}
