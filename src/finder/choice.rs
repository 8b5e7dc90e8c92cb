//! Which window each text is looked for by, and in which bucket.
//!
//! A place costs little when it passes the tables by chance, and some ten times as much when it has the very bytes of a
//! window and is compared with texts. Texts are placed one after the other where that adds least, and then placed anew a
//! few times, as the first ones could not know of the last.

use super::{BUCKETS, Grams, WINDOW};

/// Rounds of placing.
const ROUNDS: usize = 3;
/// What a place with a window's bytes costs, where one that passed by chance costs 1.
const COMPARING: f64 = 8.0;

/// The bytes that the windows of a bucket have at each place.
#[derive(Clone)]
struct Bucket {
    used: [[u16; 256]; WINDOW],
    /// The share of bytes that pass.
    share: [f64; WINDOW],
}

impl Bucket {
    fn passing(share: &[f64; WINDOW]) -> f64 {
        share.iter().map(|share| share.min(1.0)).product()
    }

    /// How many more places pass with a window more.
    fn added(&self, window: &[u8], grams: &Grams) -> f64 {
        let mut share = self.share;
        for (at, share) in share.iter_mut().enumerate() {
            match window.get(at) {
                Some(&byte) if self.used[at][usize::from(byte)] == 0 => *share += grams.byte(byte),
                Some(_) => {}
                None => *share = 1.0,
            }
        }
        Bucket::passing(&share) - Bucket::passing(&self.share)
    }

    fn put(&mut self, window: &[u8], grams: &Grams) {
        for (at, (used, share)) in self.used.iter_mut().zip(&mut self.share).enumerate() {
            match window.get(at) {
                Some(&byte) => {
                    let used = &mut used[usize::from(byte)];
                    *share += if *used == 0 { grams.byte(byte) } else { 0.0 };
                    *used += 1;
                }
                // The place may have any byte, from now on.
                None => *share = 1.0,
            }
        }
    }

    fn take(&mut self, window: &[u8], grams: &Grams) {
        for ((used, share), &byte) in self.used.iter_mut().zip(&mut self.share).zip(window) {
            let used = &mut used[usize::from(byte)];
            *used -= 1;
            *share -= if *used == 0 { grams.byte(byte) } else { 0.0 };
        }
    }
}

/// For each text where its window begins, and its bucket, by how often bytes stand in a sample of logs.
pub fn choose<T: AsRef<[u8]>>(texts: &[T], grams: &Grams) -> Vec<(u16, u8)> {
    let mut buckets = vec![Bucket { used: [[0; 256]; WINDOW], share: [0.0; WINDOW] }; usize::from(BUCKETS)];
    let mut places = vec![(0, 0); texts.len()];
    // Short texts have no choice.
    let mut order: Vec<usize> = (0..texts.len()).filter(|&at| texts[at].as_ref().len() >= 3).collect();
    order.sort_by_key(|&at| texts[at].as_ref().len());
    for round in 0..ROUNDS {
        for &at in &order {
            let text = texts[at].as_ref();
            let len = WINDOW.min(text.len());
            if len == 3 && round > 0 {
                continue;
            }
            let window = |from: u16| &text[usize::from(from)..usize::from(from) + len];
            if round > 0 {
                let (from, bucket) = places[at];
                buckets[usize::from(bucket)].take(window(from), grams);
            }
            let mut best = (f64::INFINITY, 0, 0);
            for from in 0..=(text.len() - len).min(usize::from(u16::MAX)) as u16 {
                let comparing = COMPARING * grams.window(window(from));
                if comparing >= best.0 {
                    continue;
                }
                for (number, bucket) in (0..).zip(&buckets) {
                    let cost = comparing + bucket.added(window(from), grams);
                    if cost < best.0 {
                        best = (cost, from, number);
                    }
                }
            }
            let (_, from, bucket) = best;
            places[at] = (from, bucket);
            buckets[usize::from(bucket)].put(window(from), grams);
        }
    }
    places
}
