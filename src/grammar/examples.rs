//! The examples of a format file: what it must read, how, and what it must not.

use super::clock::{Clock, SECOND, Time};
use super::complaint::{Complaint, Source};
use super::definition::{ExampleEntry, FormatFile, Kind};
use super::field::Field;
use super::format::Format;
use super::level::Level;
use super::mark::{Mark, MarkReading};
use super::pattern::Captures;
use super::reading::Reading;
use super::timestamp::parse_user_time;
use jiff::tz::TimeZone;
use std::ops::Range;

/// The examples of a file that it must read: where each stands, its head line, and its clock.
pub fn matching(file: &FormatFile) -> impl Iterator<Item = (Range<usize>, &[u8], Clock)> {
    let has_lines = file.kind != Kind::Marks;
    file.example
        .iter()
        .filter(move |example| has_lines && example.get_ref().matches)
        .map(|example| (example.span(), head_line(example.get_ref()), clock_of(example.get_ref())))
}

fn head_line(example: &ExampleEntry) -> &[u8] {
    example.text.lines().next().unwrap_or_default().as_bytes()
}

fn clock_of(example: &ExampleEntry) -> Clock {
    let anchor = example.anchor.as_deref().unwrap_or("2026-12-31");
    let anchor = parse_user_time(anchor, &TimeZone::UTC).unwrap_or(Time::new(1_798_675_200 * SECOND, 0));
    Clock::utc(anchor)
}

/// Holds a format against its own examples. `marks` are those that apply to it, its own first.
pub fn check(source: Source, format: &Format, file: &FormatFile, marks: &[&Mark]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut patterns_hit = vec![false; format.lines.len()];
    let mut marks_hit = vec![false; format.own_marks.len()];
    let mut statuses_hit = vec![false; format.statuses.len()];
    for example in &file.example {
        let wrongs = match file.kind {
            Kind::Marks => check_marks_only(example.get_ref(), marks, &mut marks_hit),
            _ => check_line(example.get_ref(), format, marks, &mut patterns_hit, &mut marks_hit),
        };
        if example.get_ref().matches {
            meet_status(example.get_ref(), format, &mut statuses_hit);
        }
        complaints.extend(wrongs.into_iter().map(|wrong| source.complain(example.span(), wrong, None)));
    }
    let name = file.name.span();
    for (at, _) in patterns_hit.iter().enumerate().filter(|(_, hit)| !**hit) {
        let hint = "add one: an untested pattern is a guess".to_string();
        complaints.push(source.complain(
            name.clone(),
            format!("line pattern {} is hit by no example", at + 1),
            Some(hint),
        ));
    }
    for (at, _) in statuses_hit.iter().enumerate().filter(|(_, hit)| !**hit) {
        let what = format!("status pattern {} is hit by no example", at + 1);
        complaints.push(source.complain(name.clone(), what, None));
    }
    for (at, _) in marks_hit.iter().enumerate().filter(|(_, hit)| !**hit) {
        let text = &format.own_marks[at].text;
        complaints.push(source.complain(name.clone(), format!("the mark `{text}` is hit by no example"), None));
    }
    if file.example.iter().all(|example| example.get_ref().matches) {
        let hint = "add an example with `match = false`: a line that resembles this format and is another".to_string();
        complaints.push(source.complain(name, "there is no near miss", Some(hint)));
    }
    complaints
}

/// Notes which of a format's status patterns reads an example.
fn meet_status(example: &ExampleEntry, format: &Format, hit: &mut [bool]) {
    let line = head_line(example);
    let Some(reading) = format.read(line, &clock_of(example)).filter(|reading| reading.is_answer) else { return };
    let message = message_of(&reading, line);
    let first = format.statuses.iter().position(|status| status.read(message, &mut Captures::default()));
    if let Some(hit) = first.and_then(|at| hit.get_mut(at)) {
        *hit = true;
    }
}

fn check_marks_only(example: &ExampleEntry, marks: &[&Mark], hit: &mut [bool]) -> Vec<String> {
    let ident = example.ident.as_deref().map(str::as_bytes);
    let fits = |mark: &Mark| {
        mark.idents.is_empty() || ident.is_some_and(|ident| mark.idents.iter().any(|known| known == ident))
    };
    let found: Vec<(usize, MarkReading)> = marks
        .iter()
        .enumerate()
        .filter(|(_, mark)| fits(mark))
        .filter_map(|(at, mark)| Some((at, MarkReading::new(mark, example.text.as_bytes())?)))
        .collect();
    if !example.matches {
        return found.iter().map(|(_, reading)| format!("a near miss hits the mark `{}`", reading.mark.text)).collect();
    }
    for (at, _) in &found {
        if let Some(hit) = hit.get_mut(*at) {
            *hit = true;
        }
    }
    check_mark(example, &found)
}

fn check_line(
    example: &ExampleEntry,
    format: &Format,
    marks: &[&Mark],
    patterns_hit: &mut [bool],
    marks_hit: &mut [bool],
) -> Vec<String> {
    let clock = clock_of(example);
    let line = head_line(example);
    let read = format.read(line, &clock);
    if !example.matches {
        let recognised = read.is_some() || format.is_frame(line);
        return if recognised { vec!["a near miss is read by this format".into()] } else { Vec::new() };
    }
    let Some(reading) = read else {
        return if format.is_frame(line) {
            Vec::new()
        } else {
            vec!["this format does not read its own example".into()]
        };
    };
    if let Some(at) = format.lines.iter().position(|pattern| pattern.read(line, &mut Captures::default())) {
        patterns_hit[at] = true;
    }
    let mut wrongs = Vec::new();
    let mut compare = |name: &str, want: Option<String>, got: Option<String>| {
        if want.is_some() && want != got {
            wrongs.push(format!("{name} is {}, not {}", shown(&got), shown(&want)));
        }
    };
    let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let utc = |time: &str| parse_user_time(time, &TimeZone::UTC).map(Time::rfc3339);
    compare(
        "time",
        example.time.as_deref().map(|time| utc(time).unwrap_or(time.into())),
        reading.time.map(Time::rfc3339),
    );
    compare("level", example.level.clone(), reading.level.map(Level::word).map(Into::into));
    compare("host", example.host.clone(), text(reading.host.as_deref()));
    compare("ident", example.ident.clone(), text(reading.ident.as_deref()));
    compare("service", example.service.clone(), text(reading.service.as_deref()));
    compare("component", example.component.clone(), text(reading.component.as_deref()));
    compare("stream", example.stream.clone(), text(reading.stream.as_deref()));
    compare("tid", example.tid.clone(), text(reading.tid.as_deref()));
    let pid = example.pid.as_ref().map(|pid| pid.as_str().map_or_else(|| pid.to_string(), Into::into));
    compare("pid", pid, reading.pid.map(|pid| pid.to_string()));
    compare("cut", example.cut.map(|cut| cut.to_string()), Some(reading.is_cut.to_string()));
    let repeated = reading.repeat.map(|repeat| repeat.times().to_string());
    compare("count", example.count.map(|count| count.to_string()), repeated);
    compare("message", example.message.clone(), text(Some(message_of(&reading, line))));
    for (at, line) in example.text.lines().enumerate().skip(1) {
        if !format.is_json() && format.read(line.as_bytes(), &clock).is_some() {
            wrongs.push(format!("line {} of the example is read as a record of its own", at + 1));
        }
    }
    let message = message_of(&reading, line);
    let component_fits =
        |mark: &Mark| mark.component.is_none() || mark.component.as_deref() == reading.component.as_deref();
    let mut found = Vec::new();
    for (at, mark) in marks.iter().enumerate().filter(|(_, mark)| component_fits(mark)) {
        if let Some(reading) = MarkReading::new(mark, message) {
            if let Some(hit) = marks_hit.get_mut(at) {
                *hit = true;
            }
            found.push((at, reading));
        }
    }
    wrongs.extend(check_mark(example, &found));
    wrongs
}

fn check_mark(example: &ExampleEntry, found: &[(usize, MarkReading)]) -> Vec<String> {
    let Some(kind) = example.mark else { return Vec::new() };
    let of_kind: Vec<&MarkReading> =
        found.iter().map(|(_, reading)| reading).filter(|reading| reading.mark.kind == kind).collect();
    if of_kind.is_empty() {
        let kinds: Vec<String> = found.iter().map(|(_, reading)| format!("{:?}", reading.mark.kind)).collect();
        return vec![format!(
            "the mark is {}, not {kind:?}",
            if kinds.is_empty() { "absent".into() } else { kinds.join(", ") }
        )];
    }
    let has = |reading: &MarkReading, name: &str, value: &str| {
        Field::from_name(name).and_then(|field| reading.text(field)).is_some_and(|got| got == value.as_bytes())
    };
    let missing =
        example.captures.iter().find(|(name, value)| !of_kind.iter().any(|reading| has(reading, name, value)));
    missing.map(|(name, value)| format!("no mark captures {name} = {value:?}")).into_iter().collect()
}

fn shown(value: &Option<String>) -> String {
    value.as_ref().map_or("absent".into(), |value| format!("{value:?}"))
}

/// What a format takes for the message: the whole line where it names none.
fn message_of<'r>(reading: &'r Reading, line: &'r [u8]) -> &'r [u8] {
    if reading.has_message { &reading.message } else { line }
}
