//! Which way the times of a log go: some views show the newest line first.

/// Falls and rises of times in the order of the lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct Course {
    before: Option<i64>,
    falls: usize,
    rises: usize,
}

impl Course {
    /// Adds the next line's time, in any unit.
    pub fn see(&mut self, time: i64) {
        let before = self.before.replace(time).unwrap_or(time);
        self.falls += usize::from(time < before);
        self.rises += usize::from(time > before);
    }

    /// Whether the newest line stands first.
    pub fn is_backwards(&self) -> bool {
        self.falls > 2 && self.falls > 10 * self.rises
    }
}
