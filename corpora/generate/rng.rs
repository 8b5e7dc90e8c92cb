//! The only source of chance: a seeded generator, so that a corpus is the same bytes everywhere and for ever.

use super::time::Time;

/// SplitMix64: eight bytes of state, no bad seeds, and fast enough to feed the large corpora.
pub struct Rng(u64);

impl Rng {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`, by multiplication: no division on the hot path, and the bias is far below notice here.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(bound)) >> 64) as u64
    }

    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low)
    }

    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }

    /// A moment `low` to `high` milliseconds after `time`, with odd microseconds as real clocks have them.
    pub fn later(&mut self, time: Time, low: u64, high: u64) -> Time {
        time.after_micros(self.between(low * 1000, high * 1000))
    }

    /// A process id a little above `pid`: other processes start in between.
    pub fn next_pid(&mut self, pid: u32) -> u32 {
        pid + self.between(4, 40) as u32
    }

    pub fn hex(&mut self, digits: usize) -> String {
        let wide = format!("{:016x}{:016x}", self.draw(), self.draw());
        wide[..digits].to_owned()
    }

    pub fn uuid(&mut self) -> String {
        let h = self.hex(32);
        format!("{}-{}-4{}-a{}-{}", &h[..8], &h[8..12], &h[13..16], &h[17..20], &h[20..])
    }
}
