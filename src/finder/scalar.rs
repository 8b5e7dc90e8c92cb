//! The pass that any processor can do, and what is left of places that others propose.

use super::{Hashes, Places, WINDOW, hash_of, window_at};

fn holds(hashes: &Hashes, hash: u32) -> usize {
    (hashes[(hash / 64) as usize] >> (hash % 64) & 1) as usize
}

/// Places from `from` up to `to` whose four bytes have the hash of a window.
pub fn places(hashes: &Hashes, text: &[u8], from: usize, to: usize, places: &mut Places) -> usize {
    let mut count = 0;
    // Not beyond the last whole window: its bytes are then there without asking.
    let whole = to.min(text.len().saturating_sub(WINDOW - 1)).max(from);
    let windows = text.get(from..whole + WINDOW - 1).unwrap_or_default().windows(WINDOW);
    for (place, window) in (from as u32..).zip(windows) {
        places[count] = place;
        count += holds(hashes, hash_of(u32::from_le_bytes([window[0], window[1], window[2], window[3]])));
    }
    for place in whole..to {
        places[count] = place as u32;
        count += holds(hashes, window_at(text, place).1);
    }
    count
}

/// Leaves of the first `count` places those whose four bytes have the hash of a window.
pub fn thin(hashes: &Hashes, text: &[u8], places: &mut Places, count: usize) -> usize {
    let mut left = 0;
    for at in 0..count.min(places.len()) {
        let place = places[at];
        let hash = match text.get(place as usize..).and_then(|text| text.first_chunk()) {
            Some(&window) => hash_of(u32::from_le_bytes(window)),
            None => window_at(text, place as usize).1,
        };
        places[left] = place;
        left += holds(hashes, hash);
    }
    left
}
