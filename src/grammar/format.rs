//! One format, compiled from its file: how it reads a line, and its marks.

use super::clock::{Clock, RawTime};
use super::complaint::{Complaint, Source};
use super::definition::{FormatFile, FrameKind, Kind, Role};
use super::field::Field;
use super::json::Object;
use super::level::Level;
use super::mark::{Mark, MarkKind, needles_of, weight};
use super::members::{Members, number_of};
use super::pattern::{Captures, Pattern};
use super::reading::Reading;
use crate::finder::Text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A compiled format.
#[derive(Debug, Serialize, Deserialize)]
pub struct Format {
    pub name: String,
    pub title: String,
    pub kind: Kind,
    pub role: Role,
    pub program: Option<String>,
    pub pid_is_run: bool,
    /// Its logger ends the process after a fatal record.
    pub fatal_ends: bool,
    /// A record of this level tells a client what was wrong with its request.
    pub(super) answer_level: Option<Level>,
    pub marks_of: Vec<String>,
    pub(super) lines: Vec<Pattern>,
    /// Over the message of a line without a level: they tell it by an HTTP status.
    pub(super) statuses: Vec<Pattern>,
    frames: Vec<Pattern>,
    /// Whether its records may go on in the next one of their stream.
    pub cuts: bool,
    /// An envelope that tells the service and beside it the host, which is a pod then.
    pub names_pods: bool,
    pub(super) members: Members,
    pub(super) own_marks: Vec<Mark>,
    /// Texts of which every line holds one that says no more than that the record before came again.
    pub(super) repeat_needles: Vec<Vec<u8>>,
}

impl Format {
    pub fn is_envelope(&self) -> bool {
        matches!(self.kind, Kind::Envelope | Kind::JsonEnvelope)
    }

    pub fn is_json(&self) -> bool {
        matches!(self.kind, Kind::Json | Kind::JsonEnvelope)
    }

    /// Reads one line, or says that it is not of this format. Frame lines are read with no fields.
    pub fn read<'a>(&self, line: &'a [u8], clock: &Clock) -> Option<Reading<'a>> {
        let mut reading = Reading::default();
        let reads = if self.is_json() {
            let mut found = Vec::new();
            let object = Object::find(line, &mut found);
            self.members.plan(&object).is_some_and(|plan| self.members.read(&plan, &object, clock, &mut reading))
        } else {
            let mut captures = Captures::default();
            (0..self.lines.len()).any(|pattern| self.read_pattern(pattern, line, clock, &mut captures, &mut reading))
        };
        reads.then_some(reading)
    }

    pub(super) fn lines(&self) -> &[Pattern] {
        &self.lines
    }

    /// Whether a line is of this format, without reading it out.
    pub fn recognises(&self, line: &[u8], clock: &Clock) -> bool {
        self.read(line, clock).is_some() || self.is_frame(line)
    }

    pub fn is_frame(&self, line: &[u8]) -> bool {
        self.frames.iter().any(|frame| frame.read(line, &mut Captures::default()))
    }

    /// Literal bytes and closed vocabularies of its patterns; settles ties between formats.
    pub fn specificity(&self) -> u32 {
        let lines = self.lines.iter().map(Pattern::specificity).min().unwrap_or(0);
        lines + 16 * self.members.required() as u32 + if self.is_json() { 40 } else { 0 }
    }

    /// Reads a line by one of the patterns; says whether it matches.
    pub(super) fn read_pattern<'a>(
        &self,
        pattern: usize,
        line: &'a [u8],
        clock: &Clock,
        captures: &mut Captures,
        reading: &mut Reading<'a>,
    ) -> bool {
        if !self.lines[pattern].read(line, captures) {
            return false;
        }
        if let Some(raw) = &captures.time
            && self.tell_time(raw, clock, reading).is_none()
        {
            return false;
        }
        reading.tell_level(captures.level);
        reading.is_answer |= captures.is_status || self.answers(captures.level);
        let without_level = captures.level.is_none();
        for field in captures.fields() {
            if let Some(text) = captures.get(field, line) {
                self.tell_field(field, text, reading);
            }
        }
        if without_level && !self.statuses.is_empty() {
            let message = captures.get(Field::Message, line).unwrap_or(line);
            if self.statuses.iter().any(|status| status.read(message, captures)) {
                reading.tell_level(captures.level);
                reading.is_answer = true;
            }
        }
        true
    }

    /// Whether a record of this level is an answer to a client.
    pub(super) fn answers(&self, level: Option<Level>) -> bool {
        level.is_some() && level == self.answer_level
    }

    /// Tells of a time as the clock settles it; None where a whole time is no moment.
    #[inline]
    pub(super) fn tell_time(&self, raw: &RawTime, clock: &Clock, reading: &mut Reading) -> Option<()> {
        let time = clock.settle(raw);
        if time.is_none() && raw.is_complete() {
            return None;
        }
        reading.tell_time(time, raw);
        Some(())
    }

    #[inline]
    pub(super) fn tell_field<'a>(&self, field: Field, text: &'a [u8], reading: &mut Reading<'a>) {
        match field {
            Field::Message => reading.tell_message(Cow::Borrowed(text)),
            Field::Pid => reading.tell_pid(number_of(text.trim_ascii())),
            Field::Cut => reading.is_cut = true,
            Field::Count => reading.tell_count(number_of(text)),
            field => reading.tell(field, Cow::Borrowed(text.trim_ascii())),
        }
    }

    /// Whether it looks for an HTTP status in messages.
    pub(super) fn has_statuses(&self) -> bool {
        !self.statuses.is_empty()
    }
}

// ---
// From the file to the format.

/// Parses and compiles one format file. All mistakes are told at once.
pub fn compile(source: Source) -> Result<(Format, FormatFile), Vec<Complaint>> {
    let file: FormatFile = toml::from_str(source.text).map_err(|error| vec![toml_complaint(source, &error)])?;
    let mut complaints = Vec::new();
    let lines = compile_lines(source, &file, &mut complaints);
    let frames =
        file.frame.iter().filter_map(|frame| compile_pattern(source, &frame.line, &mut complaints)).collect::<Vec<_>>();
    let statuses = compile_statuses(source, &file, &mut complaints);
    let members = Members::compile(source, &file, &mut complaints);
    let own_marks = compile_marks(source, &file, &lines, &mut complaints);
    let repeat_needles = repeat_needles(source, &file, &lines, &mut complaints);
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let has = |field: Field| lines.iter().any(|line| line.captures(field));
    let format = Format {
        names_pods: has(Field::Host)
            && has(Field::Service)
            && (file.kind == Kind::Envelope || lines.iter().any(Pattern::knows_pods)),
        name: file.name.get_ref().clone(),
        title: file.title.clone(),
        kind: file.kind,
        role: file.role,
        program: file.program.clone(),
        pid_is_run: file.pid_is_run,
        fatal_ends: file.fatal_ends,
        answer_level: file.answer_level,
        marks_of: file.marks_of.iter().map(|name| name.get_ref().clone()).collect(),
        cuts: members.line_ends || has(Field::Cut),
        lines,
        statuses,
        frames,
        members,
        own_marks,
        repeat_needles,
    };
    Ok((format, file))
}

pub fn toml_complaint(source: Source, error: &toml::de::Error) -> Complaint {
    source.complain(error.span().unwrap_or(0..1), error.message(), None)
}

fn compile_pattern(source: Source, text: &toml::Spanned<String>, complaints: &mut Vec<Complaint>) -> Option<Pattern> {
    match Pattern::parse(text.get_ref()) {
        Ok(pattern) => Some(pattern),
        Err(mistake) => {
            complaints.push(source.complain_pattern(text.span(), mistake));
            None
        }
    }
}

fn compile_lines(source: Source, file: &FormatFile, complaints: &mut Vec<Complaint>) -> Vec<Pattern> {
    let name = file.name.span();
    match (file.kind, &file.line) {
        (Kind::Text | Kind::Envelope, None) => {
            complaints.push(source.complain(
                name,
                "this kind of format needs `line`, a pattern or a list of them",
                None,
            ));
        }
        (Kind::Json | Kind::JsonEnvelope | Kind::Marks, Some(_)) => {
            complaints.push(source.complain(name, "this kind of format has no `line`", None));
        }
        _ => {}
    }
    let lines: Vec<Pattern> =
        file.lines().iter().filter_map(|line| compile_pattern(source, line, complaints)).collect();
    if file.kind == Kind::Envelope && !lines.iter().any(|line| line.captures(Field::Message)) {
        complaints.push(source.complain(file.name.span(), "an envelope needs a line pattern with {message}", None));
    }
    lines
}

fn compile_statuses(source: Source, file: &FormatFile, complaints: &mut Vec<Complaint>) -> Vec<Pattern> {
    let texts = file.statuses();
    let mut statuses = Vec::new();
    for text in &texts {
        let Some(pattern) = compile_pattern(source, text, complaints) else { continue };
        if file.kind != Kind::Text {
            let hint = "a JSON format names its member and says `status_levels = true`".to_string();
            complaints.push(source.complain(text.span(), "only the kind `text` has a `status`", Some(hint)));
        } else if !pattern.captures(Field::Level) {
            complaints.push(source.complain(text.span(), "a `status` needs {level:status}", None));
        }
        statuses.push(pattern);
    }
    statuses
}

/// Where to look for lines that only count.
fn repeat_needles(
    source: Source,
    file: &FormatFile,
    lines: &[Pattern],
    complaints: &mut Vec<Complaint>,
) -> Vec<Vec<u8>> {
    let mut needles = Vec::new();
    for line in lines.iter().filter(|line| line.captures(Field::Count) && !line.captures(Field::Message)) {
        match needles_of(line.literals().iter().map(Vec::as_slice)) {
            Some(texts) => needles.extend(texts),
            None => complaints.push(source.complain(
                file.name.span(),
                "a line that only counts has no literal of three plain bytes, so no scan can find it",
                None,
            )),
        }
    }
    needles
}

fn texts_in(texts: Option<&Vec<String>>) -> Vec<Text> {
    texts.into_iter().flatten().map(|text| Text::of(text.as_str())).collect()
}

fn compile_marks(source: Source, file: &FormatFile, lines: &[Pattern], complaints: &mut Vec<Complaint>) -> Vec<Mark> {
    let texts_of = |line: &Pattern| needles_of(line.literals().iter().map(Vec::as_slice));
    let of_lines: Option<Vec<Vec<Vec<u8>>>> =
        (file.role == Role::Manager && !lines.is_empty()).then(|| lines.iter().map(texts_of).collect()).flatten();
    let line_texts = of_lines.map(|texts| texts.concat());
    // A manager goes by the name of its format.
    let manager = (file.role == Role::Manager).then(|| file.name.get_ref().clone());
    let mut marks = Vec::new();
    let gaps = file.frame.iter().filter(|frame| frame.kind == FrameKind::Gap);
    let entries = file.mark.iter().map(|entry| (&entry.message, Some(entry)));
    for (text, entry) in entries.chain(gaps.map(|frame| (&frame.line, None))) {
        let Some(pattern) = compile_pattern(source, text, complaints) else { continue };
        let Some(texts) = needles_of(pattern.literals().iter().map(Vec::as_slice)) else {
            complaints.push(source.complain(
                text.span(),
                "no literal of this mark has three plain bytes, so no scan can find it",
                Some("quotes, slashes, backslashes and non-ASCII text do not count".into()),
            ));
            continue;
        };
        // What stands outside the message may say better where to look: the component, or what all of a manager's lines
        // hold.
        let component =
            entry.and_then(|entry| entry.component.as_ref()).map(|component| vec![component.clone().into_bytes()]);
        let around = needles_of(component.as_deref().into_iter().chain(line_texts.as_deref()));
        let says_more = |around: &Vec<Vec<u8>>| weight(around) >= 6 && weight(around) > weight(&texts);
        let needles = around.filter(says_more).unwrap_or_else(|| texts.clone());
        marks.push(Mark {
            texts,
            kind: entry.map_or(MarkKind::Gap, |entry| entry.kind),
            pattern,
            text: text.get_ref().clone(),
            component: entry.and_then(|entry| entry.component.clone()).map(String::into_bytes),
            program: entry.and_then(|entry| entry.program.clone()).or_else(|| file.program.clone()).or(manager.clone()),
            step: entry.map_or(1, |entry| entry.step),
            weak: entry.is_some_and(|entry| entry.weak || entry.kind == MarkKind::Hint),
            unless: texts_in(entry.map(|entry| &entry.unless)),
            unless_below: texts_in(entry.map(|entry| &entry.unless_below)),
            never_ready: entry.is_some_and(|entry| entry.never_ready),
            of_start: entry.is_some_and(|entry| entry.of_start),
            reason_follows: entry.is_some_and(|entry| entry.reason_follows),
            replaced: entry.is_some_and(|entry| entry.replaced),
            first_only: entry.is_some_and(|entry| entry.first_only),
            asked: entry.and_then(|entry| entry.asked),
            manager: file.role == Role::Manager,
            anywhere: file.kind == Kind::Marks,
            idents: file.ident.iter().map(|ident| ident.clone().into_bytes()).collect(),
            needles,
        });
    }
    marks
}
