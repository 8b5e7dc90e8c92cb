//! By a line's first byte: which formats and patterns may read it, in the catalog's order.
//!
//! Most patterns begin with a time, and most times are of a few forms: each form is tried once a line, and a pattern is
//! only entered when the bytes after the time are those that it goes on with. What `Catalog::read` gives is what trying
//! every format in turn would give; a test holds the two together.

use super::clock::Clock;
use super::format::{Fields, Format, FormatId};
use super::pattern::{Leads, Pattern};

/// Bytes after the leading time that are compared before a pattern is entered.
const NEXT_BYTES: usize = 8;

#[derive(Debug, Default)]
pub struct Dispatch {
    /// One list for each first byte.
    by_byte: Vec<Vec<Entry>>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    format: FormatId,
    way: Way,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Json,
    Pattern(u16),
    /// A pattern that begins with the time of this number.
    Timed {
        pattern: u16,
        lead: u16,
        next: Next,
    },
}

/// The bytes that a pattern goes on with after its time, as one word to compare.
#[derive(Clone, Copy, Debug)]
struct Next {
    bytes: u64,
    mask: u64,
}

impl Next {
    fn of(literal: &[u8]) -> Next {
        let literal = &literal[..literal.len().min(NEXT_BYTES)];
        Next { bytes: word(literal), mask: word(&[0xff; NEXT_BYTES][..literal.len()]) }
    }

    fn is_at(self, rest: &[u8]) -> bool {
        word(rest) & self.mask == self.bytes
    }
}

/// The first eight bytes; where a line is shorter, zeros, which no pattern's literal holds.
fn word(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

impl Dispatch {
    pub fn of(formats: &[Format]) -> Dispatch {
        let by_byte = (0..=255u8).map(|byte| entries(formats, byte)).collect();
        Dispatch { by_byte }
    }

    /// The first format that reads a line, with what it read.
    pub fn first_match<'t>(&self, formats: &[Format], text: &'t [u8], clock: &Clock) -> Option<(FormatId, Fields<'t>)> {
        let entries = self.by_byte.get(usize::from(*text.first()?))?;
        let mut leads = Leads::default();
        entries.iter().find_map(|entry| {
            let format = &formats[usize::from(entry.format)];
            let fields = match entry.way {
                Way::Json => format.read_json(text, clock),
                Way::Pattern(pattern) => format.read_pattern(usize::from(pattern), text, clock, &mut leads),
                Way::Timed { pattern, lead, next } => {
                    let pattern = usize::from(pattern);
                    let end = format.line(pattern).lead_end(lead, text, &mut leads)?;
                    if !next.is_at(&text[end..]) {
                        return None;
                    }
                    format.read_pattern(pattern, text, clock, &mut leads)
                }
            };
            Some((entry.format, fields?))
        })
    }
}

fn entries(formats: &[Format], byte: u8) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (at, format) in formats.iter().enumerate() {
        let id = at as FormatId;
        if format.is_json() {
            if byte == b'{' {
                entries.push(Entry { format: id, way: Way::Json });
            }
            continue;
        }
        let lines = format.lines().iter().enumerate().filter(|(_, line)| line.can_begin_with(byte));
        entries.extend(lines.map(|(pattern, line)| Entry { format: id, way: way(pattern as u16, line) }));
    }
    entries
}

fn way(pattern: u16, line: &Pattern) -> Way {
    let Some(lead) = line.lead() else { return Way::Pattern(pattern) };
    Way::Timed { pattern, lead, next: Next::of(line.after_lead()) }
}
