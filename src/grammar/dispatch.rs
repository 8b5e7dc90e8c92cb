//! Which formats may read a line, by its first bytes and, where it is an object, by its keys.
//!
//! One walk over a line's first bytes refuses nearly all patterns at once; those that are left are tried in order. What
//! `first_match` gives is what trying every format in turn would give; a test holds the two together.

use super::clock::Clock;
use super::dfa::{Dfa, Ways};
use super::format::Format;
use super::json::{KeyRow, Object, Span};
use super::members::Plan;
use super::pattern::Captures;
use super::reading::{FormatId, Reading};
use std::ops::ControlFlow;

#[derive(Debug, Default)]
pub struct Dispatch {
    /// All patterns and JSON formats in the catalog's order.
    entries: Vec<Entry>,
    /// The walk to them.
    ways: Ways,
}

#[derive(Clone, Copy, Debug)]
enum Entry {
    Pattern {
        format: FormatId,
        pattern: u16,
    },
    /// JSON formats that follow one another, from the first to the last.
    Objects {
        first: FormatId,
        last: FormatId,
    },
}

/// What a reader has met before; it makes the next lines cheaper and changes nothing else.
#[derive(Debug, Default)]
pub struct Memory {
    dfa: Dfa,
    captures: Captures,
    spans: Vec<Span>,
    shapes: Shapes,
}

/// Rows of keys, the latest first met last.
#[derive(Debug, Default)]
struct Shapes {
    known: Vec<Shape>,
    /// The one met last.
    last: usize,
}

/// The keys of an object, and the formats that may read such objects.
#[derive(Debug)]
struct Shape {
    keys: KeyRow,
    plans: Vec<(FormatId, Plan)>,
}

/// Shapes kept; beyond them all are forgotten.
const MAX_SHAPES: usize = 64;

impl Dispatch {
    pub fn of(formats: &[Format]) -> Dispatch {
        let mut entries: Vec<Entry> = Vec::new();
        let mut ways = Ways::default();
        for (format, id) in formats.iter().zip(0..) {
            if format.is_json() {
                if let Some(Entry::Objects { last, .. }) = entries.last_mut() {
                    *last = id;
                } else {
                    ways.add_object(entries.len());
                    entries.push(Entry::Objects { first: id, last: id });
                }
            }
            for (line, pattern) in format.lines().iter().zip(0..) {
                ways.add(entries.len(), line);
                entries.push(Entry::Pattern { format: id, pattern });
            }
        }
        ways.settle();
        Dispatch { entries, ways }
    }

    /// The first format that reads a line, which tells the reading what it holds.
    pub fn first_match<'t>(
        &self,
        formats: &[Format],
        text: &'t [u8],
        clock: &Clock,
        memory: &mut Memory,
        reading: &mut Reading<'t>,
    ) -> Option<FormatId> {
        let mut found = None;
        self.try_each(formats, text, clock, memory, reading, |format| {
            found = Some(format);
            ControlFlow::Break(())
        });
        found
    }

    /// All formats that read a line, in order; some more than once.
    pub fn all_matches(&self, formats: &[Format], text: &[u8], clock: &Clock, memory: &mut Memory) -> Vec<FormatId> {
        let mut found = Vec::new();
        self.try_each(formats, text, clock, memory, &mut Reading::default(), |format| {
            found.push(format);
            ControlFlow::Continue(())
        });
        found
    }

    /// Tries the formats that may read a line, in order, and tells of each that does until it is enough.
    #[inline(always)]
    fn try_each<'t>(
        &self,
        formats: &[Format],
        text: &'t [u8],
        clock: &Clock,
        memory: &mut Memory,
        reading: &mut Reading<'t>,
        mut tell: impl FnMut(FormatId) -> ControlFlow<()>,
    ) {
        let Memory { dfa, captures, spans, shapes } = memory;
        let objects = text.starts_with(b"{").then(|| shapes.find(formats, text, spans));
        for &at in dfa.candidates(&self.ways, text) {
            match self.entries[at as usize] {
                Entry::Pattern { format, pattern } => {
                    let reader = &formats[usize::from(format)];
                    if reader.read_pattern(usize::from(pattern), text, clock, captures, reading)
                        && tell(format).is_break()
                    {
                        return;
                    }
                }
                Entry::Objects { first, last } => {
                    let Some((object, plans)) = &objects else { continue };
                    for (id, plan) in plans.iter().filter(|(id, _)| (first..=last).contains(id)) {
                        if formats[usize::from(*id)].members.read(plan, object, clock, reading) && tell(*id).is_break()
                        {
                            return;
                        }
                    }
                }
            }
        }
    }
}

impl Shapes {
    /// The members of an object, and the formats that may read objects with their keys, in order.
    fn find<'a, 's>(
        &mut self,
        formats: &[Format],
        text: &'a [u8],
        spans: &'s mut Vec<Span>,
    ) -> (Object<'a, 's>, &[(FormatId, Plan)]) {
        let none = KeyRow::default();
        let likely = self.known.get(self.last).map_or(&none, |shape| &shape.keys);
        let (object, is_alike) = Object::find_like(text, spans, likely);
        if !is_alike || self.known.is_empty() {
            let known = self.known.iter().position(|shape| shape.keys.is_of(&object));
            self.last = known.unwrap_or_else(|| {
                if self.known.len() == MAX_SHAPES {
                    self.known.clear();
                }
                self.known.push(Shape::of(formats, &object));
                self.known.len() - 1
            });
        }
        (object, &self.known[self.last].plans)
    }
}

impl Shape {
    fn of(formats: &[Format], object: &Object) -> Shape {
        let json = formats.iter().zip(0..).filter(|(format, _)| format.is_json());
        let plans = json.filter_map(|(format, id)| Some((id, format.members.plan(object)?))).collect();
        Shape { keys: KeyRow::of(object), plans }
    }
}
