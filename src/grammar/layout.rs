//! Where the fields stand in lines that begin alike.
//!
//! Most lines of a log begin like one before, but for their digits. Where the pattern that read that one is such that
//! digits decide nothing, and all but its last item ends within the part that is alike, it reads this one with the same
//! fields in the same places: only the time is read anew. `Pattern::is_steady` says which patterns are such.

use super::clock::{Clock, RawTime};
use super::dfa::REACH;
use super::field::Field;
use super::format::Format;
use super::level::Level;
use super::pattern::Captures;
use super::reading::{FormatId, Reading};

/// Bytes that a head is longer by.
const STEP: usize = 8;

/// A line's first bytes with their digits alike, zeros after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    words: [u64; REACH / STEP],
    /// How many bytes they are: all of a shorter line.
    len: u8,
}

impl Head {
    #[inline]
    pub fn of(text: &[u8]) -> Head {
        let (mut bytes, len) = match text.first_chunk() {
            Some(whole) => (*whole, REACH),
            None => {
                let mut bytes = [0; REACH];
                bytes[..text.len()].copy_from_slice(text);
                (bytes, text.len())
            }
        };
        for byte in &mut bytes {
            *byte = if byte.is_ascii_digit() { b'0' } else { *byte };
        }
        let (words, _) = bytes.as_chunks::<STEP>();
        Head { words: std::array::from_fn(|at| u64::from_le_bytes(words[at])), len: len as u8 }
    }

    /// Its first steps alone. A line that ends in the last of them has another length than one that goes on.
    fn cut(&self, steps: usize) -> Head {
        let mut words = self.words;
        words[steps..].fill(0);
        Head { words, len: self.len.min((steps * STEP) as u8) }
    }

    /// Whether another head begins as this one, which was cut.
    #[inline]
    fn begins(&self, other: &Head, steps: usize) -> bool {
        self.words[..steps] == other.words[..steps] && self.len == other.len.min((steps * STEP) as u8)
    }
}

/// Mixes one more word in; they are mixed apart from each other, so that none waits for another.
#[inline]
fn mix(mixed: u64, word: u64, at: usize) -> u64 {
    const ODD: [u64; REACH / STEP] = [
        0x9e37_79b9_7f4a_7c15,
        0xc2b2_ae3d_27d4_eb4f,
        0x1656_67b1_9e37_79f9,
        0x27d4_eb2f_1656_67c5,
        0xd6e8_feb8_6659_fd93,
        0xa076_1d64_78bd_642f,
        0xe703_7ed1_a0b4_28db,
        0x8ebc_6af0_9c88_c6e3,
    ];
    let product = word.wrapping_mul(ODD[at]);
    mixed ^ product ^ product >> 32
}

#[inline]
fn slot(mixed: u64) -> usize {
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % SLOTS
}

/// Layouts kept; a new one takes the place of another.
const SLOTS: usize = 256;
/// Fields of a layout, beside time, level and the last one.
const MAX_FIELDS: usize = 5;

/// How one line was read, as far as lines that begin alike are read so too.
#[derive(Clone, Copy, Debug)]
struct Layout {
    head: Head,
    /// Of the head, so many steps are needed.
    steps: u8,
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
    /// Which lengths of heads there are: one bit for each number of steps.
    lengths: u16,
}

impl Layouts {
    /// The layout of lines that begin as this one.
    #[inline]
    fn find(&self, head: &Head) -> Option<&Layout> {
        let mut mixed = 0;
        for (at, &word) in head.words.iter().enumerate() {
            mixed = mix(mixed, word, at);
            let steps = at + 1;
            if self.lengths >> steps & 1 != 0
                && let Some(layout) = self.slots[slot(mixed)].as_ref()
                && usize::from(layout.steps) == steps
                && layout.head.begins(head, steps)
            {
                return Some(layout);
            }
        }
        None
    }

    /// Reads a line as one that began alike was read; None where there was none, or where the time differs.
    #[inline]
    pub fn read<'t>(
        &self,
        formats: &[Format],
        head: &Head,
        text: &'t [u8],
        clock: &Clock,
        reading: &mut Reading<'t>,
    ) -> Option<FormatId> {
        let layout = self.find(head)?;
        let format = &formats[usize::from(layout.format)];
        let (start, len) = (usize::from(layout.time.0), usize::from(layout.time.1));
        if len > 0 {
            let mut raw = RawTime::default();
            let form = format.lines()[usize::from(layout.pattern)].time_form()?;
            if form.read_into(text.get(start..)?, &mut raw)? != len {
                return None;
            }
            format.tell_time(&raw, clock, reading)?;
        }
        reading.tell_level(layout.level);
        for &(field, start, end) in &layout.fields[..usize::from(layout.count)] {
            format.tell_field(field, text.get(usize::from(start)..usize::from(end))?, reading);
        }
        let (field, from) = layout.last;
        format.tell_field(field, text.get(usize::from(from)..)?, reading);
        Some(layout.format)
    }

    /// Keeps how a line was read, if lines that begin alike are read so too. That the pattern is the first to be tried
    /// depends on `reach` bytes, the line's end among them; `captures` are those of the pattern.
    #[expect(clippy::too_many_arguments)]
    pub fn keep(
        &mut self,
        formats: &[Format],
        head: &Head,
        reach: usize,
        id: FormatId,
        pattern: u16,
        text: &[u8],
        captures: &Captures,
    ) {
        if let Some(layout) = layout_of(formats, head, reach, id, pattern, text, captures) {
            if self.slots.is_empty() {
                self.slots = vec![None; SLOTS];
            }
            let steps = usize::from(layout.steps);
            let mixed = layout.head.words[..steps].iter().enumerate().fold(0, |mixed, (at, word)| mix(mixed, *word, at));
            self.slots[slot(mixed)] = Some(layout);
            self.lengths |= 1 << steps;
        }
    }
}

fn layout_of(
    formats: &[Format],
    head: &Head,
    reach: usize,
    id: FormatId,
    pattern: u16,
    text: &[u8],
    captures: &Captures,
) -> Option<Layout> {
    let format = &formats[usize::from(id)];
    // A status is digits, anywhere in the message.
    let steady = format.lines()[usize::from(pattern)].steady().filter(|_| !format.has_statuses())?;
    let place = |field| {
        let (start, end) = captures.span(field)?;
        Some((start, u8::try_from(start).ok()?, u8::try_from(end).ok()?))
    };
    let (from, _) = captures.span(steady)?;
    // The byte that ended the item before, or the line's end, must be one of those that are alike.
    let steps = reach.max(from + 1).div_ceil(STEP);
    if steps > REACH / STEP {
        return None;
    }
    let mut layout = Layout {
        head: head.cut(steps),
        steps: steps as u8,
        format: id,
        pattern,
        level: captures.level,
        time: (0, 0),
        fields: [(Field::Time, 0, 0); MAX_FIELDS],
        count: 0,
        last: (steady, u8::try_from(from).ok()?),
    };
    for field in captures.fields().filter(|field| *field != steady) {
        let (at, start, end) = place(field)?;
        match field {
            Field::Time => layout.time = (start, end - start),
            // A digit in it may decide which level it is.
            Field::Level if text[at..usize::from(end)].iter().any(u8::is_ascii_digit) => return None,
            Field::Level => {}
            // What it counts depends on what was told before it.
            Field::Count => return None,
            field => {
                *layout.fields.get_mut(usize::from(layout.count))? = (field, start, end);
                layout.count += 1;
            }
        }
    }
    Some(layout)
}
