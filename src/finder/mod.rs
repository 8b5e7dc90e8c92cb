//! Where any of many texts stand: the one pass over every byte.
//!
//! An automaton steps byte by byte. This looks at 64 bytes a step instead. Of each text it knows one *window* of four
//! bytes, chosen to be rare in logs; windows are spread over twenty-four *buckets*, and for each place of a window a table
//! says which buckets a byte may belong to. Places where all four tables agree are few; a hash of the four bytes thins
//! them, and what is left is compared with the texts.
//!
//! In: texts and a sample of logs (`choice`), then bytes. Out: which texts stand where. The passes over the bytes
//! (`vector`, `scalar`) only differ in speed; tests hold them to a plain reference.

mod choice;
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
mod class;
mod grams;
mod lookout;
mod scalar;
#[cfg(test)]
mod tests;
mod text;
#[cfg(target_arch = "x86_64")]
mod vector;

pub use grams::Grams;
pub use lookout::Lookout;
pub use text::Text;

use serde::{Deserialize, Serialize};

/// Bytes of a window.
const WINDOW: usize = 4;
/// Eight buckets are a part: a bit each of one byte.
const PARTS: usize = 3;
const BUCKETS: u8 = 8 * PARTS as u8;
/// Bytes that are looked at before the places found in them are taken up.
const STRIP: usize = 512;
/// Bits of a window's hash: as many as the nearest cache has room for, for a window of three bytes sets 256 of them.
const HASH_BITS: u32 = 18;
/// Bits of it that lead to a list of texts.
const LIST_BITS: u32 = 13;

/// Number of a text, in the order in which they were given.
pub type NeedleId = u32;

/// For each place of a window, by the low seven bits of a byte: the buckets that it may belong to, eight in a part.
type Masks = [[[u8; 128]; PARTS]; WINDOW];

/// The same by the class of a byte, for processors that look up no more than 16 entries at once.
type ClassMasks = [[[[u8; 16]; class::STEPS]; PARTS]; WINDOW];

/// One bit for each hash of a window.
type Hashes = [u64; 1 << (HASH_BITS - 6)];

#[derive(Clone, Debug)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
struct Tables {
    masks: Masks,
    class_masks: ClassMasks,
}

/// Bytes that are looked at in a step.
const BLOCK: usize = 64;

/// Places in a strip, ascending. A pass may write some more than it tells of.
type Places = [u32; STRIP + BLOCK];

/// What looks for texts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Plan", into = "Plan")]
pub struct Finder {
    /// All texts, one after the other.
    text: Vec<u8>,
    needles: Vec<Needle>,
    tables: Box<Tables>,
    hashes: Box<Hashes>,
    /// By the high bits of a hash, where its windows begin.
    lists: Vec<u32>,
    windows: Vec<Window>,
    pass: Pass,
}

#[derive(Clone, Copy, Debug)]
struct Needle {
    start: u32,
    len: u32,
    /// Where its window stands in it.
    window: u16,
    bucket: u8,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    bytes: u32,
    needle: NeedleId,
}

impl Tables {
    fn add(&mut self, at: usize, part: usize, byte: u8, bit: u8) {
        self.masks[at][part][usize::from(byte)] |= bit;
        let (step, place) = class::of(byte);
        self.class_masks[at][part][step][usize::from(place)] |= bit;
    }
}

/// How bytes are gone through: the fastest way that the processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Scalar,
}

impl Pass {
    /// Those that this processor can do, the fastest first.
    fn all() -> Vec<Pass> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if vector::has_avx512() {
                all.push(Pass::Avx512);
            }
            if vector::has_avx2() {
                all.push(Pass::Avx2);
            }
        }
        all.push(Pass::Scalar);
        all
    }
}

/// Adds the places of all line ends from a place on.
pub fn line_ends(text: &[u8], from: usize, ends: &mut Vec<u32>) {
    let mut at = from;
    #[cfg(target_arch = "x86_64")]
    if vector::has_avx2() {
        let mut places = [0; STRIP + BLOCK];
        while at + BLOCK <= text.len() {
            let to = at + (text.len() - at).min(STRIP) / BLOCK * BLOCK;
            let count = vector::bytes_avx2(b'\n', text, at, to, &mut places);
            ends.extend_from_slice(&places[..count]);
            at = to;
        }
    }
    ends.extend(memchr::memchr_iter(b'\n', &text[at.min(text.len())..]).map(|place| (at + place) as u32));
}

/// The four bytes at a place, with zeros for those beyond the end, and their hash.
fn window_at(text: &[u8], at: usize) -> (u32, u32) {
    let mut bytes = [0; WINDOW];
    match text.get(at..at + WINDOW) {
        Some(all) => bytes.copy_from_slice(all),
        None => bytes.iter_mut().zip(text.get(at..).unwrap_or_default()).for_each(|(byte, own)| *byte = *own),
    }
    let bytes = u32::from_le_bytes(bytes);
    (bytes, hash_of(bytes))
}

fn hash_of(window: u32) -> u32 {
    window.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS)
}

/// What a finder is made of, to be kept and read back.
#[derive(Debug, Serialize, Deserialize)]
struct Plan {
    /// All texts, one after the other.
    text: Vec<u8>,
    /// For each its length, where its window begins, and its bucket.
    needles: Vec<(u32, u16, u8)>,
}

impl From<Plan> for Finder {
    fn from(plan: Plan) -> Finder {
        let mut finder = Finder {
            needles: Vec::with_capacity(plan.needles.len()),
            tables: Box::new(Tables {
                masks: [[[0; 128]; PARTS]; WINDOW],
                class_masks: [[[[0; 16]; class::STEPS]; PARTS]; WINDOW],
            }),
            hashes: Box::new([0; 1 << (HASH_BITS - 6)]),
            lists: vec![0; (1 << LIST_BITS) + 1],
            windows: Vec::with_capacity(plan.needles.len()),
            pass: Pass::all().into_iter().next().unwrap_or(Pass::Scalar),
            text: plan.text,
        };
        let mut start = 0;
        for (needle, &(len, window, bucket)) in (0..).zip(&plan.needles) {
            let end = (start + len as usize).min(finder.text.len());
            let from = (start + usize::from(window)).min(end);
            let bytes = finder.text[from..end.min(from + WINDOW)].to_vec();
            finder.add_window(needle, &bytes, bucket % BUCKETS);
            finder.needles.push(Needle { start: start as u32, len: (end - start) as u32, window, bucket });
            start = end;
        }
        finder.make_lists();
        finder
    }
}

impl From<Finder> for Plan {
    fn from(finder: Finder) -> Plan {
        let needles = finder.needles.iter().map(|needle| (needle.len, needle.window, needle.bucket)).collect();
        Plan { text: finder.text, needles }
    }
}

impl Finder {
    /// Looks for texts of at least three bytes each, best in logs like the sample; shorter ones are never found.
    pub fn new<T: AsRef<[u8]>>(texts: &[T], sample: &Grams) -> Finder {
        let places = choice::choose(texts, sample);
        let needles =
            texts.iter().zip(places).map(|(text, (window, bucket))| (text.as_ref().len() as u32, window, bucket));
        Plan { needles: needles.collect(), text: texts.iter().flat_map(|text| text.as_ref()).copied().collect() }.into()
    }

    /// The same finder, best in logs like another sample.
    fn anew(&self, sample: &Grams) -> Finder {
        let texts: Vec<&[u8]> =
            self.needles.iter().map(|needle| &self.text[needle.start as usize..][..needle.len as usize]).collect();
        Finder { pass: self.pass, ..Finder::new(&texts, sample) }
    }

    /// The same finder by the pass that any processor can do.
    pub fn portable(self) -> Finder {
        Finder { pass: Pass::Scalar, ..self }
    }

    /// A window of three bytes may have any fourth one.
    fn add_window(&mut self, needle: NeedleId, bytes: &[u8], bucket: u8) {
        let (part, bit) = (usize::from(bucket / 8), 1 << (bucket % 8));
        for (at, &byte) in bytes.iter().enumerate() {
            self.tables.add(at, part, byte & 0x7f, bit);
        }
        match *bytes {
            [a, b, c, d] => self.windows.push(Window { bytes: u32::from_le_bytes([a, b, c, d]), needle }),
            [a, b, c] => {
                (0..128).for_each(|byte| self.tables.add(WINDOW - 1, part, byte, bit));
                let any = (0..=255).map(|d| Window { bytes: u32::from_le_bytes([a, b, c, d]), needle });
                self.windows.extend(any);
            }
            _ => {}
        }
    }

    fn make_lists(&mut self) {
        self.windows.sort_by_key(|window| (hash_of(window.bytes), window.bytes, window.needle));
        for window in &self.windows {
            let hash = hash_of(window.bytes);
            self.hashes[(hash / 64) as usize] |= 1 << (hash % 64);
            self.lists[(hash >> (HASH_BITS - LIST_BITS)) as usize + 1] += 1;
        }
        for at in 1..self.lists.len() {
            self.lists[at] += self.lists[at - 1];
        }
    }

    /// The needles that stand with their windows at a place.
    #[inline]
    fn at<'f>(&'f self, text: &'f [u8], at: usize) -> impl Iterator<Item = NeedleId> + 'f {
        let (bytes, hash) = window_at(text, at);
        let list = (hash >> (HASH_BITS - LIST_BITS)) as usize;
        let windows = &self.windows[self.lists[list] as usize..self.lists[list + 1] as usize];
        windows.iter().filter(move |window| window.bytes == bytes).map(|window| window.needle).filter(move |&needle| {
            let Needle { start, len, window, .. } = self.needles[needle as usize];
            let own = &self.text[start as usize..(start + len) as usize];
            at.checked_sub(usize::from(window)).is_some_and(|start| text[start..].starts_with(own))
        })
    }

    /// Tells of the first place in each line, from a line's start on, where a text stands; gives the number of places
    /// that were compared with texts in vain.
    pub fn lines(&self, text: &[u8], from: usize, places: &mut Vec<u32>) -> u64 {
        let mut passed = from;
        let mut in_vain = 0;
        self.walk(text, from, |place| {
            if place < passed {
                return;
            }
            if self.at(text, place).next().is_some() {
                places.push(place as u32);
                passed = memchr::memchr(b'\n', &text[place..]).map_or(text.len(), |len| place + len + 1);
            } else {
                in_vain += 1;
            }
        });
        in_vain
    }

    /// Tells of every text that stands in a text, as often as it does.
    pub fn each(&self, text: &[u8], mut found: impl FnMut(NeedleId)) {
        self.walk(text, 0, |place| self.at(text, place).for_each(&mut found));
    }

    /// Whether any text stands in a text.
    pub fn stands_in(&self, text: &[u8]) -> bool {
        let mut found = false;
        self.walk(text, 0, |place| found = found || self.at(text, place).next().is_some());
        found
    }

    /// Tells of the places, ascending, where some window may be.
    #[inline]
    fn walk(&self, text: &[u8], from: usize, mut tell: impl FnMut(usize)) {
        let mut places = [0; STRIP + BLOCK];
        let mut tell_strip = |pass: Pass, from: usize, to: usize, next: usize| {
            let count = self.strip(pass, text, from, to, &mut places);
            places[..count].iter().map(|&place| place as usize).filter(|&place| place >= next).for_each(&mut tell);
        };
        // Windows of four bytes begin before here.
        let end = text.len().saturating_sub(WINDOW - 1);
        let mut at = from;
        if end >= BLOCK {
            while at + BLOCK <= end {
                let to = at + (end - at).min(STRIP) / BLOCK * BLOCK;
                tell_strip(self.pass, at, to, at);
                at = to;
            }
            if at < end {
                // The last bytes are looked at together with some before them.
                tell_strip(self.pass, end - BLOCK, end, at);
                at = end;
            }
        }
        // What is shorter than a block; and a window of three bytes may be the last.
        tell_strip(Pass::Scalar, at, text.len().saturating_sub(2).max(at), at);
    }

    /// Places from `from` up to `to` whose four bytes have the hash of a window, and how many they are. They are whole
    /// blocks, and the text goes on for the rest of a window; only the scalar pass takes any places.
    #[inline]
    fn strip(&self, pass: Pass, text: &[u8], from: usize, to: usize, places: &mut Places) -> usize {
        let count = match pass {
            #[cfg(target_arch = "x86_64")]
            Pass::Avx512 => vector::places_avx512(&self.tables.masks, text, from, to, places),
            #[cfg(target_arch = "x86_64")]
            Pass::Avx2 => vector::places_avx2(&self.tables.class_masks, text, from, to, places),
            Pass::Scalar => return scalar::places(&self.hashes, text, from, to, places),
        };
        scalar::thin(&self.hashes, text, places, count)
    }
}
