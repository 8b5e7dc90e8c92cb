//! What was read of each input, and what was odd about it.

use super::clocks::Clocks;
use super::model::Input;
use super::rotation::{Twins, span};
use super::story::Story;
use crate::evidence::{Evidence, Problem, Segment, Stream, Tally};
use crate::grammar::Time;
use std::collections::BTreeMap;

pub fn inputs(evidence: &Evidence, twins: &Twins, stories: &[Story]) -> Vec<Input> {
    let clocks: BTreeMap<&str, &Clocks> = stories.iter().flat_map(Story::clocks).collect();
    let input = |(path, stream): (&String, &Stream)| {
        let twin = twins.get(path.as_str()).map(|other| format!("the same bytes as {other}; counted once"));
        let clocks = clocks.get(path.as_str()).copied().cloned().unwrap_or_default();
        input(path, stream, twin, &clocks)
    };
    evidence.streams.iter().map(input).collect()
}

fn input(path: &str, stream: &Stream, twin: Option<String>, clocks: &Clocks) -> Input {
    let segments = || stream.segments.values();
    let mut formats: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, count) in segments().flat_map(|segment| &segment.formats) {
        *formats.entry(name).or_default() += count;
    }
    let main = formats.into_iter().max_by_key(|(name, count)| (*count, std::cmp::Reverse(*name))).map(|(name, _)| name);
    let heads: u64 = segments().map(|segment| segment.heads).sum();
    let flush: u64 = segments().map(|segment| segment.flush_lines).sum();
    let sum = |of: fn(&Segment) -> u64| segments().map(of).sum::<u64>();
    let (looked_at, read) = (sum(|segment| segment.flush_looked_at), sum(|segment| segment.flush_read));
    // Lines without a time at their start are records where a format says so of nearly all of them.
    let flush_records = if heads == 0 || (read > 0 && read * 10 >= looked_at * 9) { flush } else { 0 };
    let mut tally = Tally::default();
    let mut lines = 0;
    for segment in segments() {
        tally.nul_bytes += segment.tally.nul_bytes;
        tally.invalid_utf8_lines += segment.tally.invalid_utf8_lines;
        tally.overlong_lines += segment.tally.overlong_lines;
        tally.dropped += segment.tally.dropped;
        tally.outside_window += segment.tally.outside_window;
        tally.dateless_lines += segment.tally.dateless_lines;
        tally.first_overlong_line =
            tally.first_overlong_line.or(segment.tally.first_overlong_line.map(|line| lines + line));
        lines += segment.lines;
    }
    // Written newest first, the first record is the last one in time.
    let (first, last) =
        (segments().find_map(|segment| segment.first), segments().filter_map(|segment| segment.last).next_back());
    let (first, last) = if story_is_reversed(first, last) { (last, first) } else { (first, last) };
    Input {
        path: path.into(),
        format: main.map(|main| main.rsplit('>').next().unwrap_or(main).into()),
        envelope: main.and_then(|main| main.rsplit_once('>')).map(|(outer, _)| outer.into()),
        bytes: segments().map(|segment| segment.end - segment.start).sum(),
        lines,
        records: heads + flush_records,
        first: first.or_else(|| Some(span(stream)?.0)).map(|time| clocks.settled(0, time).rfc3339()),
        last: last.or_else(|| Some(span(stream)?.1)).map(|time| clocks.settled(u64::MAX, time).rfc3339()),
        problems: twin.into_iter().chain(clocks.notes()).chain(problems(stream, &tally)).collect(),
        own_words: stream.own_words.iter().cloned().collect(),
    }
}

fn story_is_reversed(first: Option<Time>, last: Option<Time>) -> bool {
    first.zip(last).is_some_and(|(first, last)| last.ns < first.ns)
}

fn problems(stream: &Stream, tally: &Tally) -> Vec<String> {
    let mut problems: Vec<String> = stream.problems.iter().map(describe).collect();
    let mut add = |count: u64, text: String| {
        if count > 0 {
            problems.push(text);
        }
    };
    add(tally.nul_bytes, format!("{} NUL bytes in the part that was read whole", tally.nul_bytes));
    add(
        tally.invalid_utf8_lines,
        format!(
            "{} lines that are not UTF-8 in the part that was read whole; shown with U+FFFD",
            tally.invalid_utf8_lines
        ),
    );
    add(
        tally.dateless_lines,
        "its lines tell the time of day alone; their dates were counted back from the file's own time".into(),
    );
    let at = tally.first_overlong_line.map_or(0, |line| line + 1);
    add(
        tally.overlong_lines,
        format!("{} lines over 64 KiB, first in line {at}; only their first 64 KiB were matched", tally.overlong_lines),
    );
    add(tally.dropped, format!("{} occurrences of rare unknown errors were counted and not kept", tally.dropped));
    for (start, end) in stream.holes() {
        problems.push(format!("bytes {start}..{end} were not scanned"));
    }
    problems
}

fn describe(problem: &Problem) -> String {
    let mut text = problem.what.clone();
    if !problem.help.is_empty() {
        text = format!("{text}; {}", problem.help);
    }
    text
}
