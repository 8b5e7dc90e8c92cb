//! Which formats may read a line, by its first bytes and, where it is an object, by its keys.
//!
//! One walk over a line's first bytes refuses nearly all patterns at once; those that are left are tried in order. What
//! `first_match` gives is what trying every format in turn would give; a test holds the two together.

use super::beginning::Beginning;
use super::clock::Clock;
use super::dfa::{Dfa, Ways};
use super::format::Format;
use super::json::{KeyRow, Object, Span};
use super::layout::{Decided, Layouts};
use super::members::Plan;
use super::pattern::Captures;
use super::reading::{FormatId, Reading};
use serde::{Deserialize, Serialize};
use std::ops::ControlFlow;

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Dispatch {
    /// All patterns and JSON formats in the catalog's order.
    entries: Vec<Entry>,
    /// The walk to them.
    ways: Ways,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
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

/// A format that reads a line, and by which of its patterns.
struct Met {
    format: FormatId,
    pattern: Option<u16>,
}

/// What a reader has met before; it makes the next lines cheaper and changes nothing else.
#[derive(Debug, Default)]
pub struct Memory {
    dfa: Dfa,
    captures: Captures,
    spans: Vec<Span>,
    shapes: Shapes,
    layouts: Layouts,
    is_rough: bool,
}

impl Memory {
    /// For lines that are like no others: the walk over their bytes is short, as keeping what it meets would not pay.
    pub fn rough() -> Memory {
        Memory { is_rough: true, ..Memory::default() }
    }
}

/// The rows of keys that were met.
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
        let mut tell = |met: Met| {
            found = Some(met);
            ControlFlow::Break(())
        };
        if text.starts_with(b"{") {
            self.try_each(formats, text, clock, memory, reading, &mut tell);
            return found.map(|met| met.format);
        }
        let beginning = Beginning::of(text);
        if let Some(format) = memory.layouts.read(formats, &beginning, text, clock, reading) {
            return format;
        }
        self.try_each(formats, text, clock, memory, reading, &mut tell);
        if !memory.is_rough && memory.layouts.wants(&beginning) {
            self.learn(formats, text, &beginning, memory, found.as_ref());
        }
        found.map(|met| met.format)
    }

    /// Keeps how a line was read, if all lines that begin alike are read so.
    fn learn(&self, formats: &[Format], text: &[u8], beginning: &Beginning, memory: &mut Memory, met: Option<&Met>) {
        let Memory { dfa, captures, layouts, .. } = memory;
        let candidates = dfa.candidates(&self.ways, text).to_vec();
        let mut decided = Decided::by(dfa.reach());
        for at in candidates {
            let Entry::Pattern { format, pattern } = self.entries[at as usize] else { return };
            let reader = &formats[usize::from(format)].lines()[usize::from(pattern)];
            let Some(trace) = reader.trace(text, beginning) else { return };
            decided.add(&trace);
            if met.is_some_and(|met| met.format == format && met.pattern == Some(pattern)) {
                if trace.reads {
                    layouts.keep(formats, beginning, &decided, (format, pattern), &trace, (text, captures));
                }
                return;
            }
            if trace.reads {
                // Its time is none; another may be one.
                return;
            }
        }
        if met.is_none() {
            layouts.keep_none(beginning, &decided);
        }
    }

    /// All formats that read a line, in order; some more than once.
    pub fn all_matches(&self, formats: &[Format], text: &[u8], clock: &Clock, memory: &mut Memory) -> Vec<FormatId> {
        let mut found = Vec::new();
        self.try_each(formats, text, clock, memory, &mut Reading::default(), &mut |met: Met| {
            found.push(met.format);
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
        tell: &mut impl FnMut(Met) -> ControlFlow<()>,
    ) {
        let Memory { dfa, captures, spans, shapes, is_rough, .. } = memory;
        let objects = text.starts_with(b"{").then(|| shapes.find(formats, text, spans));
        let candidates =
            if *is_rough { dfa.rough_candidates(&self.ways, text) } else { dfa.candidates(&self.ways, text) };
        for &at in candidates {
            match self.entries[at as usize] {
                Entry::Pattern { format, pattern } => {
                    let reader = &formats[usize::from(format)];
                    if reader.read_pattern(usize::from(pattern), text, clock, captures, reading)
                        && tell(Met { format, pattern: Some(pattern) }).is_break()
                    {
                        return;
                    }
                }
                Entry::Objects { first, last } => {
                    let Some((object, plans)) = &objects else { continue };
                    for (id, plan) in plans.iter().filter(|(id, _)| (first..=last).contains(id)) {
                        if formats[usize::from(*id)].members.read(plan, object, clock, reading)
                            && tell(Met { format: *id, pattern: None }).is_break()
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
