//! Clocks of a manager and of its service that lie a little apart.
//!
//! A program speaks after its manager has started it, and is silent when its manager says that it ended. Where a log
//! breaks this again and again, its clock is off; it is moved by the least that mends it, so that its lines find their
//! runs. Times that are shown stay as they were written.

use super::part::Part;
use super::services::Cast;
use super::story::Event;
use crate::evidence::Told;
use crate::grammar::{MarkKind, SECOND, Time};

/// Clocks further apart than this are no skew (nanoseconds).
const MAX_SKEW: i64 = 5 * SECOND;
/// Writers of one machine disagree by so much (nanoseconds).
const JITTER: i64 = SECOND / 20;
/// So many lines must say that a clock is off, or all that there are.
const MIN_VOTES: usize = 2;

/// Moves the times of those parts whose clock is not the manager's.
pub fn settle(cast: &mut Cast) {
    let is_start = |mark: &Told| mark.manager && mark.kind == MarkKind::Start;
    let count =
        |part: &Part| part.kinds.marks.iter().filter(|kind| is_start(kind.told)).map(|kind| kind.count).sum::<usize>();
    let Some(leader) = (0..cast.parts.len()).max_by_key(|&at| (count(&cast.parts[at]), std::cmp::Reverse(at))) else {
        return;
    };
    let Some(step) = cast.parts[leader].marks().filter(|mark| is_start(mark)).map(|mark| mark.step).min() else {
        return;
    };
    let starts = times(&cast.parts[leader], |mark| is_start(mark) && mark.step == step);
    let ends = times(&cast.parts[leader], |mark| mark.manager && mark.kind == MarkKind::Exit);
    if starts.is_empty() {
        return;
    }
    let with_manager = cast.parts[leader].story;
    for part in &mut cast.parts {
        if part.story == with_manager || part.marks().any(|mark| mark.manager) {
            continue;
        }
        let skew = skew(part, &starts, &ends);
        if skew != 0 {
            part.skew = skew;
            part.events.iter_mut().for_each(|event| event.time = event.time.map(|time| time.later(skew)));
        }
    }
}

fn marks<'p, 'e>(part: &'p Part<'e>) -> impl Iterator<Item = (&'p Event<'e>, &'e Told)> {
    part.events.iter().filter_map(|event| Some((event, event.mark()?)))
}

fn times(part: &Part, is_meant: impl Fn(&Told) -> bool) -> Vec<Time> {
    marks(part).filter(|(_, mark)| is_meant(mark)).filter_map(|(event, _)| event.time).collect()
}

/// How far a program's times are to be moved (nanoseconds).
fn skew(part: &Part, starts: &[Time], ends: &[Time]) -> i64 {
    let (begun, mut silent) = lives(part);
    // The last run may go on.
    if silent.len() == ends.len() + 1 && begun.len() == starts.len() && begun.len() > 1 {
        silent.pop();
    }
    // It may be moved to `after` at least and to `before` at most.
    let after: Vec<i64> = pairs(&begun, starts).map(|(own, told)| told.ns - (own.ns + own.resolution()) + 1).collect();
    let before: Vec<i64> = pairs(&silent, ends).map(|(own, told)| told.ns + told.resolution() - 1 - own.ns).collect();
    // Of clocks that tell whole seconds it is hidden how far apart they are: the share tells more than chance.
    let coarse = |times: &[Time]| times.iter().all(|time| time.resolution() >= SECOND);
    let enough = |bound: &[i64], is_coarse: bool| {
        let votes = |least: i64| bound.iter().filter(|by| **by > least).count();
        let sure = votes(JITTER);
        sure >= MIN_VOTES || sure > 0 && sure == bound.len() || is_coarse && votes(0) >= MIN_VOTES.max(bound.len() / 8)
    };
    let late = enough(&after, coarse(&begun) && coarse(starts));
    let early = enough(&before.iter().map(|most| -most).collect::<Vec<_>>(), coarse(&silent) && coarse(ends));
    let least = after.into_iter().max().unwrap_or(i64::MIN);
    let most = before.into_iter().min().unwrap_or(i64::MAX);
    match () {
        () if late && least > 0 => least.min(most.max(0)),
        () if early && most < 0 => most.max(least.min(0)),
        () => 0,
    }
}

/// When the runs of a program began and when they were heard of last, by its own log.
fn lives(part: &Part) -> (Vec<Time>, Vec<Time>) {
    // What is only learned to be a start may be a part's.
    let is_start = |mark: &Told| mark.kind == MarkKind::Start && !mark.learned;
    let starts = || part.marks().filter(|mark| is_start(mark));
    let sure = starts().any(|mark| !mark.weak);
    let step = starts().filter(|mark| !mark.weak).map(|mark| mark.step).min();
    let words = starts().next().map(|mark| mark.words);
    let begins = |mark: &Told| {
        is_start(mark) && if sure { !mark.weak && Some(mark.step) == step } else { Some(mark.words) == words }
    };
    let (mut begun, mut silent) = (Vec::new(), Vec::new());
    let mut before: Option<Time> = None;
    for event in &part.events {
        let Some(time) = event.time else { continue };
        if event.mark().is_some_and(&begins) {
            silent.extend(before.filter(|_| !begun.is_empty()));
            begun.push(time);
        }
        before = Some(time);
    }
    silent.extend(before.filter(|_| !begun.is_empty()));
    (begun, silent)
}

/// What belongs together: one by one where there are as many of both, else what is much nearer than
/// anything else.
fn pairs<'t>(own: &'t [Time], told: &'t [Time]) -> Box<dyn Iterator<Item = (Time, Time)> + 't> {
    let near = |a: &Time, b: &Time| (a.ns - b.ns).abs() <= MAX_SKEW;
    if own.len() == told.len() {
        return Box::new(own.iter().copied().zip(told.iter().copied()).filter(move |(own, told)| near(own, told)));
    }
    // Loops of weeks have very many starts: only what lies near is looked at.
    let mut sorted = told.to_vec();
    sorted.sort_by_key(|time| time.ns);
    Box::new(own.iter().filter_map(move |own| {
        let from = sorted.partition_point(|told| told.ns < own.ns - MAX_SKEW);
        let mut close: Vec<&Time> = sorted[from..].iter().take_while(|told| near(own, told)).collect();
        close.sort_by_key(|told| (told.ns - own.ns).abs());
        let apart = |told: &&Time| (told.ns - own.ns).abs();
        match close.as_slice() {
            [only] => Some((*own, **only)),
            [nearest, next, ..] if 2 * apart(nearest) < apart(next) => Some((*own, **nearest)),
            _ => None,
        }
    }))
}
