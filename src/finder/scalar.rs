//! The pass that any processor can do: one byte after the other.

use super::{Places, WINDOW, Words};

pub fn places(words: &Words, text: &[u8], from: usize, to: usize, places: &mut Places) -> usize {
    let buckets = |at: usize, place: usize| {
        let byte = usize::from(text.get(place + at).copied().unwrap_or(0) & 0x7f);
        words[at][byte]
    };
    let mut count = 0;
    for place in from..to {
        places[count] = place as u32;
        count += usize::from((0..WINDOW).fold(u32::MAX, |all, at| all & buckets(at, place)) != 0);
    }
    count
}
