//! Which formats may read a line, by its first bytes.
//!
//! One walk over a line's first bytes refuses nearly all patterns at once; those that are left are tried in order. What
//! `first_match` gives is what trying every format in turn would give; a test holds the two together.

use super::clock::Clock;
use super::dfa::{Dfa, Ways};
use super::format::Format;
use super::json::Object;
use super::pattern::Captures;
use super::reading::{Fields, FormatId};

#[derive(Debug, Default)]
pub struct Dispatch {
    /// All patterns and JSON formats in the catalog's order.
    entries: Vec<Entry>,
    /// The walk to them.
    ways: Ways,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    format: FormatId,
    /// None for the members of a JSON object.
    pattern: Option<u16>,
}

/// What a reader has met before; it makes the next lines cheaper and changes nothing else.
#[derive(Debug, Default)]
pub struct Memory {
    dfa: Dfa,
    captures: Captures,
}

impl Dispatch {
    pub fn of(formats: &[Format]) -> Dispatch {
        let mut entries = Vec::new();
        let mut ways = Ways::default();
        for (format, id) in formats.iter().zip(0..) {
            if format.is_json() {
                ways.add_object(entries.len());
                entries.push(Entry { format: id, pattern: None });
            }
            for (pattern, number) in format.lines().iter().zip(0..) {
                ways.add(entries.len(), pattern);
                entries.push(Entry { format: id, pattern: Some(number) });
            }
        }
        ways.settle();
        Dispatch { entries, ways }
    }

    /// The first format that reads a line; what it read goes into fields that hold nothing yet.
    pub fn first_match<'t>(
        &self,
        formats: &[Format],
        text: &'t [u8],
        clock: &Clock,
        memory: &mut Memory,
        fields: &mut Fields<'t>,
    ) -> Option<FormatId> {
        let mut object = None;
        for &at in memory.dfa.candidates(&self.ways, text) {
            let entry = self.entries[at as usize];
            let format = &formats[usize::from(entry.format)];
            let reads = match entry.pattern {
                Some(pattern) => format.read_pattern(usize::from(pattern), text, clock, &mut memory.captures, fields),
                None => format.read_json(object.get_or_insert_with(|| Object::of(text)), clock, fields),
            };
            if reads {
                return Some(entry.format);
            }
        }
        None
    }
}
