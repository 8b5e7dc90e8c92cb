//! How often bytes stand in logs, alone and four in a row.

/// Bits of the hash that rows of four are counted by: few of the hundreds of thousands that logs have share a count.
const ROW_BITS: u32 = 20;

/// Counts over a sample of logs.
#[derive(Clone, Debug, Default)]
pub struct Grams {
    bytes: Vec<u32>,
    /// By hash; rows that share one seem to stand as often as all of them.
    fours: Vec<u32>,
    total: u32,
}

impl Grams {
    /// Adds a text to the sample.
    pub fn add(&mut self, text: &[u8]) {
        self.bytes.resize(256, 0);
        self.fours.resize(1 << ROW_BITS, 0);
        text.iter().for_each(|&byte| self.bytes[usize::from(byte)] += 1);
        text.windows(4).for_each(|four| self.fours[row([four[0], four[1], four[2], four[3]])] += 1);
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
                f64::from(self.fours.get(row([a, b, c, d])).copied().unwrap_or(0)) / f64::from(self.total.max(1))
            }
            _ => bytes.iter().map(|&byte| self.byte(byte)).product(),
        }
    }
}

fn row(bytes: [u8; 4]) -> usize {
    (u32::from_le_bytes(bytes).wrapping_mul(0x9e37_79b1) >> (32 - ROW_BITS)) as usize
}
