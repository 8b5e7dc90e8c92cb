//! One run, step by step: what was seen in it from its start to its end, with times from the start.

use super::faults::Faults;
use super::model::Step;
use super::runs::{Point, Run};
use crate::evidence::Id;
use crate::grammar::{SECOND, Time};
use std::collections::BTreeSet;

/// More steps than this do not help anybody; the first and the last are kept.
const MAX_STEPS: usize = 12;

/// The steps of a run, in order. A fault that comes again and again is one step, at its first time.
pub fn steps(run: &Run, faults: &Faults) -> Vec<Step> {
    let began = run.began();
    let after = |time: Option<Time>| {
        Some((time?.ns - began?.ns) as f64 / SECOND as f64).map(|seconds| (seconds * 1000.0).round() / 1000.0)
    };
    let mut known: BTreeSet<Id> = BTreeSet::new();
    let mut steps: Vec<(Option<i64>, u8, Step)> = Vec::new();
    let mut add = |time: Option<Time>, order: u8, kind: &str, id: Option<String>, text: String| {
        let step = Step { after_s: after(time), kind: kind.into(), id, text };
        steps.push((time.map(|time| time.ns), order, step));
    };
    add(began, 0, "start", None, if run.start.is_some() { "start".into() } else { "first sign of it".into() });
    for seen in run.faults.iter().filter(|seen| known.insert(seen.fault)) {
        if let Some(fault) = faults.get(seen.fault).filter(|fault| !fault.said) {
            let times = run.faults.iter().filter(|other| other.fault == seen.fault).map(|other| u64::from(other.count));
            let times: u64 = times.sum();
            let again = if times > 1 { format!(" ({times} times)") } else { String::new() };
            add(seen.time, 1, "fault", Some(fault.id.clone()), format!("{}{again}", fault.title()));
        }
    }
    let mut mark = |point: Option<Point>, order: u8, kind: &str, text: &str| {
        if let Some(point) = point {
            add(point.time, order, kind, None, text.into());
        }
    };
    mark(run.ready, 1, "ready", "ready");
    mark(run.stop, 1, "stop", "asked to stop");
    mark(run.fatal, 2, "last-words", "the program's last words");
    let code = run.exit.and_then(|point| point.mark).and_then(|mark| mark.code);
    let exit = code.map_or_else(|| "exit".into(), |code| format!("exit with status {code}"));
    mark(run.exit, 3, "exit", &exit);
    // A step without a time stays beside the one before it.
    let mut last = None;
    for (time, _, _) in &mut steps {
        *time = time.or(last);
        last = *time;
    }
    steps.sort_by_key(|(time, order, _)| (*time, *order));
    if steps.len() > MAX_STEPS {
        let half = MAX_STEPS / 2;
        steps.drain(half..steps.len() - half);
    }
    steps.into_iter().map(|(_, _, step)| step).collect()
}
