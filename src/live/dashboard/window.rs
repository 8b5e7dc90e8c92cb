//! Restarts over time, cut to the stretch that somebody wants to see and put into as many bars as there is room for.

use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::RestartsOverTime;
use crate::report::shown::{ns_of, span};

/// How far back bars reach from the latest line that has a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    #[default]
    All,
    Day,
    Hour,
    TenMinutes,
}

impl Window {
    const ORDER: [Window; 4] = [Window::All, Window::Day, Window::Hour, Window::TenMinutes];

    fn seconds(self) -> Option<i64> {
        match self {
            Window::All => None,
            Window::Day => Some(86_400),
            Window::Hour => Some(3600),
            Window::TenMinutes => Some(600),
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Window::All => "all",
            Window::Day => "last 24 h",
            Window::Hour => "last 1 h",
            Window::TenMinutes => "last 10 min",
        }
    }

    /// The one so many further on, and round again.
    pub fn turned(self, by: isize) -> Window {
        let at = Window::ORDER.iter().position(|other| *other == self).unwrap_or_default();
        let at = (at as isize + by).rem_euclid(Window::ORDER.len() as isize);
        Window::ORDER.get(at.unsigned_abs()).copied().unwrap_or_default()
    }
}

/// Counts side by side, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bars {
    /// When the first begins, in seconds since 1970.
    pub first_s: i64,
    /// What one stands for, in seconds.
    pub width_s: i64,
    pub counts: Vec<u64>,
}

impl Bars {
    /// The restarts of a window that ends at `end_s`, in at most so many columns. No bar is narrower than a bucket, and a
    /// bucket that lies in the window in part counts as a whole: the buckets do not tell more.
    pub fn of(restarts: &RestartsOverTime, window: Window, end_s: i64, columns: usize) -> Bars {
        let bucket = i64::try_from(restarts.bucket_s).unwrap_or(i64::MAX).max(1);
        let Some(begin) = ns_of(&restarts.first).map(|ns| ns.div_euclid(1_000_000_000)) else {
            return Bars::default();
        };
        let told = i64::try_from(restarts.counts.len()).unwrap_or_default();
        // Buckets are counted from `begin`. What came after the last restart is seen to be quiet.
        let until = told.max(end_s.saturating_sub(begin).div_euclid(bucket).saturating_add(1));
        let from = window.seconds().map_or(0, |seconds| {
            // A window begins within its first bucket, unless it begins where one does.
            end_s.saturating_sub(seconds).saturating_sub(begin).div_euclid(bucket).max(0)
        });
        let columns = i64::try_from(columns.max(1)).unwrap_or(i64::MAX);
        let number = until.saturating_sub(from).max(1);
        let per_bar = (number - 1) / columns + 1;
        let bars = (number - 1) / per_bar + 1;
        let mut counts = vec![0_u64; usize::try_from(bars).unwrap_or_default()];
        for (at, count) in (0..).zip(&restarts.counts) {
            let bar = usize::try_from((at - from).div_euclid(per_bar)).ok();
            if let Some(bar) = bar.and_then(|bar| counts.get_mut(bar)) {
                *bar = bar.saturating_add(*count);
            }
        }
        Bars {
            first_s: begin.saturating_add(from.saturating_mul(bucket)),
            width_s: per_bar.saturating_mul(bucket),
            counts,
        }
    }

    pub fn peak(&self) -> u64 {
        self.counts.iter().copied().max().unwrap_or_default()
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// A bar's width as people say it.
    pub fn width(&self) -> String {
        let text = span(self.width_s as f64);
        ["0 s", "0 min", "0 h"]
            .iter()
            .find_map(|nothing| text.strip_suffix(nothing).filter(|rest| rest.ends_with(' ')))
            .map_or(text.clone(), |rest| rest.trim_end().to_string())
    }
}

/// The latest time that any line has, in seconds since 1970.
pub fn end_of(diagnosis: &Diagnosis) -> i64 {
    let last = diagnosis.services.iter().filter_map(|service| service.last.as_deref()).filter_map(ns_of).max();
    last.unwrap_or_default().div_euclid(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_772_625_600;

    fn restarts(bucket_s: u64, counts: &[u64]) -> RestartsOverTime {
        RestartsOverTime { bucket_s, first: "2026-03-04T12:00:00Z".into(), counts: counts.to_vec() }
    }

    #[test]
    fn buckets_are_bars_where_there_is_room() {
        let bars = Bars::of(&restarts(60, &[1, 0, 2]), Window::All, NOON + 150, 10);
        assert_eq!(bars, Bars { first_s: NOON, width_s: 60, counts: vec![1, 0, 2] });
        assert_eq!((bars.peak(), bars.total(), bars.width().as_str()), (2, 3, "1 min"));
    }

    #[test]
    fn bars_are_wider_where_there_is_not() {
        let bars = Bars::of(&restarts(60, &[1, 1, 1, 1, 1]), Window::All, NOON + 250, 2);
        assert_eq!((bars.width_s, bars.counts), (180, vec![3, 2]));
    }

    #[test]
    fn a_window_is_cut_from_the_end() {
        let hours = restarts(3600, &[1; 48]);
        let bars = Bars::of(&hours, Window::Day, NOON + 48 * 3600 - 1, 100);
        assert_eq!((bars.counts.len(), bars.first_s), (25, NOON + 23 * 3600));
        let bars = Bars::of(&hours, Window::TenMinutes, NOON + 48 * 3600 - 1, 100);
        assert_eq!((bars.counts, bars.width_s), (vec![1], 3600));
    }

    #[test]
    fn quiet_after_the_last_restart_is_shown() {
        let bars = Bars::of(&restarts(1, &[9]), Window::Hour, NOON + 864_000, 40);
        assert_eq!((bars.total(), bars.counts.len()), (0, 40));
        let bars = Bars::of(&restarts(1, &[9]), Window::All, NOON + 864_000, 40);
        assert_eq!((bars.total(), bars.counts.len()), (9, 40));
    }

    #[test]
    fn nonsense_makes_no_bars() {
        let nonsense = RestartsOverTime { bucket_s: u64::MAX, first: "?".into(), counts: vec![1] };
        assert_eq!(Bars::of(&nonsense, Window::All, 0, 10), Bars::default());
        let huge = RestartsOverTime { bucket_s: u64::MAX, ..restarts(1, &[1, u64::MAX]) };
        assert_eq!(Bars::of(&huge, Window::All, i64::MAX, 0).total(), u64::MAX);
        assert_eq!(Bars::of(&restarts(0, &[]), Window::Hour, i64::MIN, 3).total(), 0);
    }

    #[test]
    fn windows_go_round() {
        assert_eq!(Window::All.turned(1), Window::Day);
        assert_eq!(Window::TenMinutes.turned(1), Window::All);
        assert_eq!(Window::All.turned(-1), Window::TenMinutes);
    }
}
