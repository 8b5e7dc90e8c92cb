//! Where the fields stand in lines that begin alike.
//!
//! Most lines of a log begin like one before, but for their values. Where no value and nothing beyond those bytes decided
//! which pattern read that one (`trace`), the same pattern reads this one, with the same fields in the same places: only
//! the time is read anew. So it is where no pattern read it.

use super::beginning::{Beginning, STEP, STEPS};
use super::clock::{Clock, RawTime};
use super::field::Field;
use super::format::Format;
use super::level::Level;
use super::pattern::Captures;
use super::reading::{FormatId, Reading};
use super::timestamp::Form;
use super::trace::Trace;
use crate::finder::Text;

/// Layouts kept; a new one takes the place of another.
const SLOTS: usize = 256;
/// Fields of a layout, beside time, level and the last one.
const MAX_FIELDS: usize = 8;
/// Texts that a line must lack.
const MAX_LACKS: usize = 10;
/// Lines that begin alike, as far as these bytes, are looked at in depth so often before it is rare.
const TRIES: u8 = 16;
const TRIED_STEPS: usize = 3;

/// How lines are read that begin alike.
#[derive(Clone, Debug)]
struct Layout {
    beginning: Beginning,
    /// So many steps of it are needed.
    steps: usize,
    /// Texts that do not stand in the line from some place on.
    lacks: Vec<(usize, Text)>,
    /// None where no pattern reads it.
    read: Option<Read>,
}

#[derive(Clone, Copy, Debug)]
struct Read {
    format: FormatId,
    pattern: u16,
    level: Option<Level>,
    /// Where the time stands, and its length; none where that is 0.
    time: (u8, u8),
    fields: [(Field, u8, u8); MAX_FIELDS],
    count: u8,
    /// The field that goes on to the line's end, and from where.
    last: (Field, u8),
}

/// The layouts met.
#[derive(Debug, Default)]
pub struct Layouts {
    slots: Vec<Option<Layout>>,
    /// What each slot is of, roughly: so little that it stays near, however many layouts there are.
    tags: Vec<u32>,
    /// Which lengths of beginnings there are: one bit for each number of steps.
    lengths: u32,
    tried: Vec<u8>,
}

/// What decided over a line, of all patterns that were tried.
#[derive(Debug, Default)]
pub struct Decided<'p> {
    looked: usize,
    lacks: Vec<(usize, &'p Text)>,
    times: Vec<(usize, &'p Form)>,
}

impl<'p> Decided<'p> {
    /// Which patterns are tried depends on so many bytes.
    pub fn by(reach: usize) -> Decided<'p> {
        Decided { looked: reach, ..Decided::default() }
    }

    /// One more pattern went through the line.
    pub fn add(&mut self, trace: &Trace<'p>) {
        self.looked = self.looked.max(trace.looked);
        for lack in &trace.lacks {
            if !self.lacks.iter().any(|(from, text)| *from == lack.0 && text.bytes() == lack.1.bytes()) {
                self.lacks.push(*lack);
            }
        }
        self.times.extend(trace.time);
    }

    /// The layout of this, if it can be one. A time that was read on the way must be the one that is read anew.
    fn layout(&self, beginning: &Beginning, time: Option<(usize, &Form)>, read: Option<Read>) -> Option<Layout> {
        let steps = self.looked.div_ceil(STEP).max(1);
        let are_same = self.times.iter().all(|own| time.is_some_and(|time| time == *own));
        (steps <= STEPS && self.lacks.len() <= MAX_LACKS && are_same).then(|| Layout {
            beginning: beginning.cut(steps),
            steps,
            lacks: self.lacks.iter().map(|(from, text)| (*from, (*text).clone())).collect(),
            read,
        })
    }
}

/// Mixes one more word in; they are mixed apart from each other, so that none waits for another.
#[inline]
fn mix(mixed: u64, word: u64, at: usize) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let product = (word ^ ODD.rotate_left(at as u32)).wrapping_mul(ODD.rotate_right(7 * at as u32) | 1);
    mixed ^ product ^ product >> 32
}

#[inline]
fn slot(mixed: u64) -> usize {
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % SLOTS
}

/// Never that of an empty slot.
#[inline]
fn tag(mixed: u64, steps: usize) -> u32 {
    ((mixed as u32) << 6) | (1 + steps as u32)
}

impl Layouts {
    /// The layout of lines that begin as this one.
    #[inline]
    fn find(&self, beginning: &Beginning) -> Option<&Layout> {
        let mut mixed = 0;
        let mut lengths = self.lengths >> 1;
        for at in 0..STEPS {
            if lengths == 0 {
                break;
            }
            mixed = mix(mixed, beginning.word(at), at);
            let steps = at + 1;
            if lengths & 1 != 0
                && self.tags[slot(mixed)] == tag(mixed, steps)
                && let Some(layout) = self.slots[slot(mixed)].as_ref()
                && layout.steps == steps
                && layout.beginning.begins(beginning, steps)
            {
                return Some(layout);
            }
            lengths >>= 1;
        }
        None
    }

    /// Reads a line as one that began alike was read, or was not; None where there was none, or where it may differ.
    #[inline]
    pub fn read<'t>(
        &self,
        formats: &[Format],
        beginning: &Beginning,
        text: &'t [u8],
        clock: &Clock,
        reading: &mut Reading<'t>,
    ) -> Option<Option<FormatId>> {
        let layout = self.find(beginning)?;
        if layout.lacks.iter().any(|(from, lacked)| lacked.is_in(&text[(*from).min(text.len())..])) {
            return None;
        }
        let Some(read) = &layout.read else { return Some(None) };
        let format = &formats[usize::from(read.format)];
        let (start, len) = (usize::from(read.time.0), usize::from(read.time.1));
        if len > 0 {
            let mut raw = RawTime::default();
            let form = format.lines()[usize::from(read.pattern)].time_form()?;
            if form.read_into(text.get(start..)?, &mut raw)? != len {
                return None;
            }
            format.tell_time(&raw, clock, reading)?;
        }
        reading.tell_level(read.level);
        reading.is_answer |= format.answers(read.level);
        for &(field, start, end) in &read.fields[..usize::from(read.count)] {
            format.tell_field(field, text.get(usize::from(start)..usize::from(end))?, reading);
        }
        let (field, from) = read.last;
        format.tell_field(field, text.get(usize::from(from)..)?, reading);
        Some(Some(read.format))
    }

    /// Whether a line that is like none before is worth to be looked at in depth: the more seldom the more there were.
    pub fn wants(&mut self, beginning: &Beginning) -> bool {
        if self.tried.is_empty() {
            self.tried = vec![0; SLOTS];
        }
        let mixed = (0..TRIED_STEPS).fold(0, |mixed, at| mix(mixed, beginning.word(at), at));
        let tried = &mut self.tried[slot(mixed)];
        *tried = tried.checked_add(1).unwrap_or(TRIES);
        *tried <= TRIES || tried.is_power_of_two()
    }

    /// Keeps how lines that begin as this one are read: by this pattern, whose captures these are.
    pub fn keep(
        &mut self,
        formats: &[Format],
        beginning: &Beginning,
        decided: &Decided,
        (id, pattern): (FormatId, u16),
        trace: &Trace,
        (text, captures): (&[u8], &Captures),
    ) {
        let read = read_of(&formats[usize::from(id)], (id, pattern), trace, text, captures);
        let layout = read.and_then(|read| decided.layout(beginning, trace.time, Some(read)));
        self.put(layout);
    }

    /// Keeps that no pattern reads lines that begin as this one.
    pub fn keep_none(&mut self, beginning: &Beginning, decided: &Decided) {
        self.put(decided.layout(beginning, None, None));
    }

    fn put(&mut self, layout: Option<Layout>) {
        let Some(layout) = layout else { return };
        if self.slots.is_empty() {
            self.slots = vec![None; SLOTS];
            self.tags = vec![0; SLOTS];
        }
        let mixed = (0..layout.steps).fold(0, |mixed, at| mix(mixed, layout.beginning.word(at), at));
        self.lengths |= 1 << layout.steps;
        self.tags[slot(mixed)] = tag(mixed, layout.steps);
        self.slots[slot(mixed)] = Some(layout);
    }
}

fn read_of(
    format: &Format,
    (id, pattern): (FormatId, u16),
    trace: &Trace,
    text: &[u8],
    captures: &Captures,
) -> Option<Read> {
    // A status is digits, anywhere in the message.
    let (last, from) = trace.last.filter(|_| !format.has_statuses())?;
    let place = |field| {
        let (start, end) = captures.span(field)?;
        Some((start, u8::try_from(start).ok()?, u8::try_from(end).ok()?))
    };
    let mut read = Read {
        format: id,
        pattern,
        level: captures.level,
        time: (0, 0),
        fields: [(Field::Time, 0, 0); MAX_FIELDS],
        count: 0,
        last: (last, u8::try_from(from).ok()?),
    };
    for field in captures.fields().filter(|field| *field != last) {
        let (at, start, end) = place(field)?;
        match field {
            Field::Time => read.time = (start, end - start),
            // A digit in it may decide which level it is.
            Field::Level if text[at..usize::from(end)].iter().any(u8::is_ascii_digit) => return None,
            Field::Level => {}
            // What it counts depends on what was told before it.
            Field::Count => return None,
            field => {
                *read.fields.get_mut(usize::from(read.count))? = (field, start, end);
                read.count += 1;
            }
        }
    }
    Some(read)
}
