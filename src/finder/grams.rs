//! How often bytes stand in logs, alone and four in a row.

use std::collections::HashMap;

/// Counts over a sample of logs.
#[derive(Clone, Debug, Default)]
pub struct Grams {
    bytes: Vec<u32>,
    fours: HashMap<[u8; 4], u32>,
    total: u32,
}

impl Grams {
    /// Adds a text to the sample.
    pub fn add(&mut self, text: &[u8]) {
        self.bytes.resize(256, 0);
        text.iter().for_each(|&byte| self.bytes[usize::from(byte)] += 1);
        text.windows(4).for_each(|four| *self.fours.entry([four[0], four[1], four[2], four[3]]).or_default() += 1);
        self.total += text.len() as u32;
    }

    /// The share of a byte; of one that was never met, as if once.
    pub fn byte(&self, byte: u8) -> f64 {
        f64::from(self.bytes.get(usize::from(byte)).copied().unwrap_or(0).max(1)) / f64::from(self.total.max(1))
    }

    /// The share of the places where these bytes begin; of three bytes a guess.
    pub fn window(&self, bytes: &[u8]) -> f64 {
        match *bytes {
            [a, b, c, d] => {
                f64::from(self.fours.get(&[a, b, c, d]).copied().unwrap_or(0)) / f64::from(self.total.max(1))
            }
            _ => bytes.iter().map(|&byte| self.byte(byte)).product(),
        }
    }
}
