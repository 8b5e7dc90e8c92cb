//! How fast lines come: from the traffic of the latest pictures.

use crate::live::Picture;
use std::collections::VecDeque;

/// The stretch of time that a rate is taken over, in nanoseconds.
const SPAN_NS: i64 = 5_000_000_000;

/// What was read by when.
#[derive(Debug, Default)]
pub struct Rate {
    marks: VecDeque<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    at_ns: i64,
    lines: u64,
    bytes: u64,
}

impl Rate {
    /// Takes a picture's traffic into account.
    pub fn note(&mut self, picture: &Picture) {
        let mark = Mark { at_ns: picture.at_ns, lines: picture.traffic.lines, bytes: picture.traffic.bytes };
        // A clock that was set back begins anew.
        if self.marks.back().is_some_and(|last| last.at_ns > mark.at_ns) {
            self.marks.clear();
        }
        if self.marks.back().is_none_or(|last| last.at_ns < mark.at_ns) {
            self.marks.push_back(mark);
        }
        while self.marks.len() > 2
            && self.marks.get(1).is_some_and(|next| mark.at_ns.saturating_sub(next.at_ns) >= SPAN_NS)
        {
            self.marks.pop_front();
        }
    }

    /// Lines and bytes a second; None before there are two pictures.
    pub fn per_second(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.marks.front()?, self.marks.back()?);
        let seconds = last.at_ns.saturating_sub(first.at_ns) as f64 / 1e9;
        let of = |first: u64, last: u64| last.saturating_sub(first) as f64 / seconds;
        (seconds > 0.0).then(|| (of(first.lines, last.lines), of(first.bytes, last.bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Board, Traffic};

    fn picture(second: i64, lines: u64) -> Picture {
        let traffic = Traffic { lines, bytes: lines * 10, ..Traffic::default() };
        Picture { at_ns: second * 1_000_000_000, traffic, ..Picture::clone(&Board::default().picture()) }
    }

    #[test]
    fn a_rate_is_that_of_the_latest_seconds() {
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(), None);
        for second in 1..=10 {
            rate.note(&picture(second, 100 * second as u64));
        }
        assert_eq!(rate.per_second(), Some((100.0, 1000.0)));
        for second in 11..=20 {
            rate.note(&picture(second, 1000));
        }
        assert_eq!(rate.per_second(), Some((0.0, 0.0)));
    }

    #[test]
    fn a_clock_that_is_set_back_starts_anew() {
        let mut rate = Rate::default();
        rate.note(&picture(10, 5));
        rate.note(&picture(2, 7));
        assert_eq!(rate.per_second(), None);
        rate.note(&picture(2, 9));
        assert_eq!(rate.per_second(), None);
    }
}
