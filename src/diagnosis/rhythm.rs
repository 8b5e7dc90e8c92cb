//! How often a service restarts, and by what rule.

use super::model::Interval;
use super::runs::Run;
use crate::grammar::SECOND;

/// Fewer boots show no trend.
const MANY_BOOTS: usize = 9;

/// Seconds between the starts of neighbouring runs.
pub fn intervals(runs: &[&Run]) -> Vec<f64> {
    let starts: Vec<i64> = runs.iter().filter_map(|run| run.began()).map(|time| time.ns).collect();
    starts.windows(2).map(|pair| seconds(pair[1] - pair[0])).filter(|interval| *interval >= 0.0).collect()
}

/// Median, 5th and 95th percentile, to a tenth of a second; None under two intervals.
pub fn interval(intervals: &[f64]) -> Option<Interval> {
    if intervals.len() < 2 {
        return None;
    }
    let mut sorted = intervals.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    Some(Interval { median: round(middle(&sorted)), p5: round(at(0.05)), p95: round(at(0.95)) })
}

/// To a tenth.
pub(super) fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The middle value, or the mean of the two in the middle; 0 without any.
pub(super) fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        count if count % 2 == 1 => sorted[half],
        _ => (sorted[half - 1] + sorted[half]) / 2.0,
    }
}

/// The rule behind the restarts, if one shows.
pub fn rule(runs: &[&Run]) -> Option<&'static str> {
    let intervals = intervals(runs);
    if intervals.len() < 3 {
        return None;
    }
    if is_clock_aligned(runs) {
        return Some("clock-aligned");
    }
    if is_back_off(runs) {
        return Some("back-off");
    }
    let pauses = pauses(runs);
    let lives: Vec<f64> = runs.iter().filter_map(|run| run.lived()).map(seconds).collect();
    if spread(&lives) < 0.1 && median(&lives) >= 5.0 && spread(&intervals) >= 0.1 {
        return Some("fixed-after-start");
    }
    let steady_pause = pauses.len() >= 3 && spread(&pauses) < 0.25 && median(&pauses) >= 0.1;
    if spread(&intervals) < 0.15 || steady_pause {
        return Some("fixed-throttle");
    }
    Some("irregular")
}

/// How long boots took at first and at last, in seconds, where they grow steadily.
///
/// A boot lasts until the run is ready, or until its end where it never is.
pub fn slower_boots(runs: &[&Run]) -> Option<(f64, f64)> {
    let boots: Vec<f64> = runs
        .iter()
        .filter_map(|run| {
            let ready = run.ready.and_then(|point| point.time);
            Some(seconds(ready.or_else(|| run.ended())?.ns - run.began()?.ns))
        })
        .collect();
    if boots.len() < MANY_BOOTS {
        return None;
    }
    // Some hundred of them, so that the pairs stay few.
    let some: Vec<f64> = boots.iter().step_by(boots.len().div_ceil(100)).copied().collect();
    let grown: usize = (0..some.len()).map(|at| some[at..].iter().filter(|later| **later > some[at]).count()).sum();
    let third = boots.len() / 3;
    let (first, last) = (middle(&boots[..third]), middle(&boots[boots.len() - third..]));
    let steady = grown as f64 >= 0.7 * (some.len() * (some.len() - 1) / 2) as f64;
    (steady && last >= 1.2 * first && last - first >= 0.2).then_some((first, last))
}

/// From each run's end to the next one's start.
fn pauses(runs: &[&Run]) -> Vec<f64> {
    let pause = |pair: &[&Run]| {
        let end = pair[0].exit.or(pair[0].fatal)?.time?;
        Some(seconds(pair[1].began()?.ns - end.ns)).filter(|pause| *pause >= 0.0)
    };
    runs.windows(2).filter_map(pause).collect()
}

/// Each pause is longer than the one before, by a factor, up to a ceiling.
fn is_back_off(runs: &[&Run]) -> bool {
    let pauses = pauses(runs);
    let grows = pauses.windows(2).filter(|pair| pair[1] > pair[0] * 1.2 && pair[1] > 0.2).count();
    let falls = pauses.windows(2).filter(|pair| pair[1] < pair[0] * 0.8).count();
    pauses.len() >= 3 && grows >= 3 && grows >= 3 * falls && pauses.last() > pauses.first()
}

/// Starts at the same minute of the hour, or the same time of day.
fn is_clock_aligned(runs: &[&Run]) -> bool {
    let starts: Vec<i64> = runs.iter().filter_map(|run| run.began()).map(|time| time.ns / SECOND).collect();
    if starts.len() < 4 {
        return false;
    }
    [3600i64, 86_400].iter().any(|period| {
        let phases: Vec<i64> = starts.iter().map(|start| start.rem_euclid(*period)).collect();
        let close = phases.iter().all(|phase| {
            let apart = (phase - phases[0]).abs();
            apart.min(period - apart) <= 45
        });
        let far = starts.windows(2).all(|pair| pair[1] - pair[0] > period / 2);
        close && far
    })
}

fn seconds(ns: i64) -> f64 {
    ns as f64 / SECOND as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// The middle four fifths' width as a share of the median.
fn spread(values: &[f64]) -> f64 {
    if values.len() < 3 {
        return f64::INFINITY;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share).round() as usize];
    let median = median(values);
    if median <= 0.0 { f64::INFINITY } else { (at(0.9) - at(0.1)) / median }
}
