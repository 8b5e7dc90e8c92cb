//! Restarts: how many, and how they lie in time.

use super::model::RestartsOverTime;
use super::runs::{Chronicle, Run};
use crate::grammar::{SECOND, Time};
use std::collections::BTreeSet;

/// Widths of a bucket in seconds: those that people think in.
const WIDTHS: [i64; 14] = [1, 5, 10, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400];
const MAX_BUCKETS: i64 = 60;

/// Process starts after the first one seen. Where a manager only shows tables its count says more, unless the program's
/// own log shows its starts.
pub fn count(chronicle: &Chronicle) -> u64 {
    let seen = restarted(chronicle).count() as u64;
    let shows = |run: &&Run| run.start.is_some_and(|start| start.mark.is_some_and(|mark| !mark.manager));
    let by_table = chronicle.is_told_to_loop() && chronicle.runs.iter().filter(shows).count() < 2;
    if by_table { seen.max(u64::from(chronicle.restarts_told)) } else { seen }
}

/// How the restarts that have a time lie in it; None where there is none.
pub fn over_time(chronicle: &Chronicle) -> Option<RestartsOverTime> {
    let starts: Vec<i64> = restarted(chronicle).filter_map(Run::began).map(|time| time.ns.div_euclid(SECOND)).collect();
    let (first, last) = (*starts.iter().min()?, *starts.iter().max()?);
    let width = width(first, last);
    let begin = first.div_euclid(width);
    let mut counts = vec![0; (last.div_euclid(width) - begin + 1) as usize];
    for start in starts {
        counts[(start.div_euclid(width) - begin) as usize] += 1;
    }
    Some(RestartsOverTime {
        bucket_s: width.unsigned_abs(),
        first: Time::new(begin * width * SECOND, 0).rfc3339(),
        counts,
    })
}

/// The least width that needs no more than `MAX_BUCKETS`, in seconds.
fn width(first: i64, last: i64) -> i64 {
    let fits = |width: &i64| last.div_euclid(*width) - first.div_euclid(*width) < MAX_BUCKETS;
    // Weeks are doubled for logs of years.
    let weeks = std::iter::successors(WIDTHS.last().copied(), |width| width.checked_mul(2));
    WIDTHS.into_iter().chain(weeks).find(fits).unwrap_or(i64::MAX / SECOND)
}

/// The runs that began with a restart of the process. Where starts are told, a first run without one began before the
/// logs.
fn restarted<'c, 'e>(chronicle: &'c Chronicle<'e>) -> impl Iterator<Item = &'c Run<'e>> {
    let processes = || chronicle.runs.iter().filter(|run| !run.in_process);
    let (begun, rest) =
        processes().skip(1).fold((0, 0), |(begun, rest), run| (begun + u32::from(run.start.is_some()), rest + 1));
    let told = 2 * begun >= rest && processes().any(|run| run.start.is_some());
    // One that died before it could say that it starts was seen, though.
    let unseen = |run: &Run| run.start.is_none() && run.fatal.is_none();
    let next_tells = processes().nth(1).is_some_and(|run| run.start.is_some());
    let unseen_first = told && next_tells && processes().next().is_some_and(unseen);
    let mut instances = BTreeSet::new();
    // The first run of each instance is no restart, but of one that takes the place of others that have ended.
    let mut is_restart = move |(nth, run): &(usize, &Run)| {
        let is_new = instances.insert(run.instance);
        let goes_on = |other: &Run| {
            let outlives = run.began().zip(other.ended()).is_some_and(|(began, ended)| began < ended);
            other.instance.is_none() || !other.is_over() || outlives
        };
        !is_new || run.instance.is_some() && *nth > 0 && !processes().take(*nth).any(goes_on)
    };
    let processes = processes().enumerate();
    processes.filter(move |run| is_restart(run)).skip(usize::from(unseen_first)).map(|(_, run)| run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: &[i64]) -> Option<RestartsOverTime> {
        let run = |&second: &i64| Run { first_seen: Some(Time::new(second * SECOND + 7, 9)), ..Run::default() };
        over_time(&Chronicle { runs: seconds.iter().map(run).collect(), ..Chronicle::default() })
    }

    #[test]
    fn the_first_start_is_none() {
        assert_eq!(at(&[]), None);
        assert_eq!(at(&[5]), None);
    }

    #[test]
    fn one_restart_is_one_bucket() {
        let told = at(&[5, 70]).expect("one");
        assert_eq!((told.bucket_s, told.first.as_str(), told.counts), (1, "1970-01-01T00:01:10Z", vec![1]));
    }

    #[test]
    fn buckets_begin_at_whole_widths() {
        let told = at(&[0, 61, 119, 62, 239]).expect("four");
        assert_eq!((told.bucket_s, told.first.as_str()), (5, "1970-01-01T00:01:00Z"));
        assert_eq!((told.counts.len(), told.counts[0], told.counts[11], told.counts[35]), (36, 2, 1, 1));
    }

    #[test]
    fn there_are_never_more_than_sixty() {
        for span in [59, 60, 61, 3599, 3600, 86_400, 1_000_000, 40_000_000, 2_000_000_000] {
            for begin in [0, 7, 3599] {
                let told = at(&[0, begin, begin + span]).expect("two");
                assert!(told.counts.len() as i64 <= MAX_BUCKETS, "{span} from {begin}: {}", told.counts.len());
                assert_eq!(told.counts.iter().sum::<u64>(), 2);
            }
        }
    }
}
