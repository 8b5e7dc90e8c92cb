//! Where the pace of the restarts changed.
//!
//! A rank test (Pettitt, 1979) finds the place in a row of intervals whose two sides differ most: it needs no rule of how
//! they are spread, and one long pause moves it little. Each side is then looked at in turn.

use super::model::Pace;
use super::rhythm::{middle, round};
use super::runs::Run;
use crate::grammar::{SECOND, Time};
use std::ops::Range;

/// A stretch of an own pace has at least so many intervals.
const LEAST: usize = 5;
/// Chance alone gives such a change in fewer than one of so many rows.
const SURE: f64 = 1e-4;
/// Paces nearer than this, as a factor, are one for whoever looks.
const FACTOR: f64 = 1.5;
/// Deepest cut in halves: at most two to this power of stretches.
const DEPTH: u32 = 3;

/// The stretches of different pace, in order; none where the pace never changed.
pub fn paces(runs: &[&Run]) -> Vec<Pace> {
    let starts: Vec<Time> = runs.iter().filter_map(|run| run.began()).collect();
    let intervals: Vec<f64> =
        starts.windows(2).map(|pair| (pair[1].ns - pair[0].ns).max(0) as f64 / SECOND as f64).collect();
    let mut cuts = Vec::new();
    cut(&intervals, 0..intervals.len(), DEPTH, &mut cuts);
    if cuts.is_empty() {
        return Vec::new();
    }
    let bounds: Vec<usize> = std::iter::once(0).chain(cuts).chain([intervals.len()]).collect();
    bounds
        .windows(2)
        .map(|bound| Pace {
            first: starts[bound[0]].rfc3339(),
            last: starts[bound[1]].rfc3339(),
            restarts: (bound[1] - bound[0]) as u64,
            median_s: round(middle(&intervals[bound[0]..bound[1]])),
        })
        .collect()
}

/// Adds the places where the pace changes, in order.
fn cut(intervals: &[f64], range: Range<usize>, depth: u32, cuts: &mut Vec<usize>) {
    let row = &intervals[range.clone()];
    if depth == 0 || row.len() < 2 * LEAST {
        return;
    }
    let Some(at) = change(row) else { return };
    cut(intervals, range.start..range.start + at, depth - 1, cuts);
    cuts.push(range.start + at);
    cut(intervals, range.start + at..range.end, depth - 1, cuts);
}

/// The length of the part before the change, if there is one for sure.
fn change(row: &[f64]) -> Option<usize> {
    let n = row.len() as f64;
    let ranks = ranks(row);
    let (mut sum, mut best) = (0.0, (0.0, 0));
    for (at, rank) in ranks.iter().enumerate().take(row.len() - LEAST) {
        sum += rank;
        let before = at + 1;
        let apart = (2.0 * sum - before as f64 * (n + 1.0)).abs();
        if before >= LEAST && apart > best.0 {
            best = (apart, before);
        }
    }
    let (apart, mut at) = best;
    let chance = 2.0 * (-6.0 * apart * apart / (n * n * n + n * n)).exp();
    let (before, after) = (middle(&row[..at]), middle(&row[at..]));
    let differs = before.max(after) >= FACTOR * before.min(after).max(0.1);
    // Ranks alone may miss the place by a few: what lies at it goes to the side that it is nearer to.
    let nearer_to_before = |value: f64| (value - before).abs() < (value - after).abs();
    while at < row.len() - LEAST && nearer_to_before(row[at]) {
        at += 1;
    }
    while at > LEAST && !nearer_to_before(row[at - 1]) {
        at -= 1;
    }
    (at > 0 && chance < SURE && differs).then_some(at)
}

/// Each value's rank from 1; equal values share the mean of theirs.
fn ranks(row: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&a, &b| row[a].total_cmp(&row[b]));
    let mut ranks = vec![0.0; row.len()];
    for group in order.chunk_by(|&a, &b| row[a] == row[b]) {
        let below = order.partition_point(|&at| row[at] < row[group[0]]);
        let rank = below as f64 + (group.len() as f64 + 1.0) / 2.0;
        group.iter().for_each(|&at| ranks[at] = rank);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(intervals: &[i64]) -> Vec<(u64, f64)> {
        let mut at = 1_770_000_000;
        let mut starts = vec![at];
        starts.extend(intervals.iter().map(|interval| {
            at += interval;
            at
        }));
        let runs: Vec<Run> = starts
            .iter()
            .map(|&start| Run { first_seen: Some(Time::new(start * SECOND, 0)), ..Run::default() })
            .collect();
        paces(&runs.iter().collect::<Vec<_>>()).iter().map(|pace| (pace.restarts, pace.median_s)).collect()
    }

    #[test]
    fn a_change_is_found_and_noise_is_none() {
        let steady: Vec<i64> = (0..60).map(|at| 8 + at * 7 % 3).collect();
        assert_eq!(of(&steady), []);
        let slower: Vec<i64> = steady.iter().copied().chain((0..30).map(|at| 29 + at % 3)).collect();
        assert_eq!(of(&slower), [(60, 9.0), (30, 30.0)]);
        let thrice: Vec<i64> = slower.iter().copied().chain((0..40).map(|at| 3 + at % 2)).collect();
        assert_eq!(of(&thrice).len(), 3);
        // One long pause changes no pace.
        let paused: Vec<i64> = (0..40).map(|at| if at == 20 { 90_000 } else { 10 + at % 2 }).collect();
        assert_eq!(of(&paused), []);
        assert_eq!(of(&[5, 5, 5]), []);
    }
}
