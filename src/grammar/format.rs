//! One format, compiled from its file: how it reads a line, and its marks.

use super::ansi;
use super::clock::Clock;
use super::complaint::{Complaint, Source};
use super::definition::{FormatFile, FrameKind, Kind, Role};
use super::field::Field;
use super::json::{Object, Path};
use super::level::Level;
use super::mark::{Mark, MarkKind, needles_of, weight};
use super::pattern::{Captures, Pattern};
use super::reading::Fields;
use super::timestamp::{Form, read_member_time};
use std::borrow::Cow;

/// A compiled format.
#[derive(Debug)]
pub struct Format {
    pub name: String,
    pub title: String,
    pub kind: Kind,
    pub role: Role,
    pub program: Option<String>,
    pub pid_is_run: bool,
    pub marks_of: Vec<String>,
    pub(super) lines: Vec<Pattern>,
    frames: Vec<Pattern>,
    first_bytes: [bool; 256],
    members: Vec<(Field, Vec<Member>)>,
    require: Vec<Requirement>,
    syslog_levels: bool,
    /// What a time in a member may look like, beside an epoch.
    member_times: [Form; 2],
    pub(super) own_marks: Vec<Mark>,
}

#[derive(Debug)]
enum Member {
    Path(Path),
    /// The members "0", "1", …, joined by blanks.
    Digits,
}

/// Members one of which must be there, with a fixed text or any.
#[derive(Debug)]
struct Requirement(Vec<(Path, Option<Vec<u8>>)>);

impl Format {
    pub fn is_envelope(&self) -> bool {
        matches!(self.kind, Kind::Envelope | Kind::JsonEnvelope)
    }

    pub fn is_json(&self) -> bool {
        matches!(self.kind, Kind::Json | Kind::JsonEnvelope)
    }

    /// Reads one line, or says that it is not of this format. Frame lines are read with no fields.
    pub fn read<'a>(&self, line: &'a [u8], clock: &Clock) -> Option<Fields<'a>> {
        if !self.first_bytes[usize::from(*line.first()?)] {
            return None;
        }
        let mut fields = Fields::default();
        let reads = if self.is_json() {
            self.read_json(&Object::of(line), clock, &mut fields)
        } else {
            let mut captures = Captures::default();
            (0..self.lines.len()).any(|pattern| self.read_pattern(pattern, line, clock, &mut captures, &mut fields))
        };
        reads.then_some(fields)
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
        lines + 16 * self.require.len() as u32 + if self.is_json() { 40 } else { 0 }
    }

    /// Reads a line by one of the patterns into fields that hold nothing yet; says whether the pattern matches.
    pub(super) fn read_pattern<'a>(
        &self,
        pattern: usize,
        line: &'a [u8],
        clock: &Clock,
        captures: &mut Captures,
        fields: &mut Fields<'a>,
    ) -> bool {
        if !self.lines[pattern].read(line, captures) {
            return false;
        }
        if let Some(raw) = &captures.time {
            let time = clock.settle(raw);
            if time.is_none() && raw.is_complete() {
                return false;
            }
            fields.time = time;
            fields.time_is_complete = raw.is_complete();
        }
        fields.level = captures.level;
        for field in captures.fields() {
            let Some(text) = captures.get(field, line) else { continue };
            if field == Field::Message {
                fields.message = Some(Cow::Borrowed(text));
                continue;
            }
            let text = Some(Cow::Borrowed(text.trim_ascii()));
            match field {
                Field::Host => fields.host = text,
                Field::Ident => fields.ident = text,
                Field::Service => fields.service = text,
                Field::Component => fields.component = text,
                Field::Stream => fields.stream = text,
                Field::Tid => fields.tid = text,
                Field::Pid => fields.pid = text.as_deref().and_then(number),
                _ => {}
            }
        }
        true
    }

    /// Reads the members of a line that is a JSON object.
    pub(super) fn read_json<'a>(&self, object: &Object<'a>, clock: &Clock, fields: &mut Fields<'a>) -> bool {
        if !self.require.iter().all(|requirement| requirement.holds(object)) {
            return false;
        }
        for (field, paths) in &self.members {
            let mut texts = paths.iter().filter_map(|member| member.text(object));
            if *field == Field::Time {
                // A member of that name may hold something else.
                if let Some(raw) = texts.find_map(|text| read_member_time(&text, &self.member_times)) {
                    fields.time = clock.settle(&raw);
                    fields.time_is_complete = raw.is_complete();
                }
                continue;
            }
            let Some(text) = texts.next() else { continue };
            match field {
                Field::Level => fields.level = self.level_of(&text),
                Field::Host => fields.host = Some(text),
                Field::Ident => fields.ident = Some(base_name(text)),
                Field::Service => fields.service = Some(text),
                Field::Component => fields.component = Some(text),
                Field::Stream => fields.stream = Some(text),
                Field::Tid => fields.tid = Some(text),
                Field::Pid => fields.pid = number(&text),
                Field::Message => fields.message = Some(text),
                // The error in a member of its own: after the message, as loggers write it in text.
                Field::Reason => fields.message = Some(with_reason(fields.message.take(), text)),
                _ => {}
            }
        }
        true
    }

    fn level_of(&self, text: &[u8]) -> Option<Level> {
        // winston colours the word itself.
        let plain = ansi::plain(text);
        let text = plain.trim_ascii();
        match std::str::from_utf8(text).ok()?.parse::<i64>() {
            Ok(number) => Level::from_number(number, self.syslog_levels),
            Err(_) => Level::from_word(text),
        }
    }
}

impl Member {
    fn text<'a>(&self, object: &Object<'a>) -> Option<Cow<'a, [u8]>> {
        match self {
            Member::Path(path) => path.text(object),
            Member::Digits => {
                let mut parts: Vec<(u32, Cow<[u8]>)> = object
                    .members()
                    .filter_map(|(key, value)| Some((number(key)?, value.text()?)))
                    // The first one may be the logger's own bindings.
                    .filter(|(index, text)| *index > 0 || !text.starts_with(b"{"))
                    .collect();
                parts.sort_by_key(|(index, _)| *index);
                let parts: Vec<Cow<[u8]>> = parts.into_iter().map(|(_, text)| text).collect();
                (!parts.is_empty()).then(|| Cow::Owned(parts.join(&b' ')))
            }
        }
    }
}

impl Requirement {
    fn holds(&self, object: &Object) -> bool {
        self.0.iter().any(|(path, fixed)| match (path.text(object), fixed) {
            (Some(text), Some(fixed)) => text.as_ref() == fixed.as_slice(),
            (Some(_), None) => true,
            (None, _) => false,
        })
    }
}

fn with_reason<'a>(message: Option<Cow<'a, [u8]>>, reason: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
    let Some(message) = message else { return reason };
    let is_text = !reason.is_empty() && !matches!(reason[0], b'{' | b'[') && reason.iter().any(u8::is_ascii_alphabetic);
    if !is_text || memchr::memmem::find(&message, &reason).is_some() {
        return message;
    }
    Cow::Owned([message.as_ref(), reason.as_ref()].join(&b": "[..]))
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A program given by its path goes by its file name.
fn base_name(text: Cow<[u8]>) -> Cow<[u8]> {
    match text.iter().rposition(|&byte| byte == b'/') {
        Some(at) if text.starts_with(b"/") => Cow::Owned(text[at + 1..].to_vec()),
        _ => text,
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
    let members = compile_members(source, &file, &mut complaints);
    let require = file.require.iter().filter_map(|text| compile_requirement(source, text, &mut complaints)).collect();
    let own_marks = compile_marks(source, &file, &lines, &mut complaints);
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let json = matches!(file.kind, Kind::Json | Kind::JsonEnvelope);
    let first_bytes = std::array::from_fn(|byte| match byte as u8 {
        b'{' if json => true,
        byte => !json && lines.iter().any(|line: &Pattern| line.can_begin_with(byte)),
    });
    let form = |name| Form::compile(name).map_err(|message| vec![source.complain(0..1, message, None)]);
    let format = Format {
        name: file.name.get_ref().clone(),
        title: file.title.clone(),
        kind: file.kind,
        role: file.role,
        program: file.program.clone(),
        pid_is_run: file.pid_is_run,
        marks_of: file.marks_of.iter().map(|name| name.get_ref().clone()).collect(),
        lines,
        frames,
        first_bytes,
        members,
        require,
        syslog_levels: file.syslog_levels,
        member_times: [form("iso")?, form("ngx")?],
        own_marks,
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
    if file.kind == Kind::Envelope && !lines.iter().any(Pattern::captures_message) {
        complaints.push(source.complain(file.name.span(), "an envelope needs a line pattern with {message}", None));
    }
    lines
}

fn compile_members(source: Source, file: &FormatFile, complaints: &mut Vec<Complaint>) -> Vec<(Field, Vec<Member>)> {
    let mut members = Vec::new();
    for (name, paths) in &file.members {
        let Some(field) = Field::from_name(name.get_ref()) else {
            complaints.push(source.complain(name.span(), format!("no field named `{}`", name.get_ref()), None));
            continue;
        };
        let mut compiled = Vec::new();
        for path in paths.get_ref().split(" | ") {
            match (path, Path::parse(path)) {
                ("digits", _) => compiled.push(Member::Digits),
                (_, Some(path)) => compiled.push(Member::Path(path)),
                _ => complaints.push(source.complain(
                    paths.span(),
                    format!("`{path}` is no path"),
                    Some("a path is /a/b; alternatives are parted by ` | `".into()),
                )),
            }
        }
        members.push((field, compiled));
    }
    members
}

fn compile_requirement(
    source: Source,
    text: &toml::Spanned<String>,
    complaints: &mut Vec<Complaint>,
) -> Option<Requirement> {
    let mut alternatives = Vec::new();
    for alternative in text.get_ref().split(" | ") {
        let (path, fixed) = match alternative.split_once('=') {
            Some((path, fixed)) => (path, Some(fixed.as_bytes().to_vec())),
            None => (alternative, None),
        };
        let Some(compiled) = Path::parse(path) else {
            complaints.push(source.complain(
                text.span(),
                format!("`{path}` is no path"),
                Some("a path is /a/b".into()),
            ));
            return None;
        };
        alternatives.push((compiled, fixed));
    }
    Some(Requirement(alternatives))
}

fn compile_marks(source: Source, file: &FormatFile, lines: &[Pattern], complaints: &mut Vec<Complaint>) -> Vec<Mark> {
    let longest =
        |line: &Pattern| line.literals().filter(|set| set.len() == 1).map(|set| set[0].clone()).max_by_key(Vec::len);
    let line_texts: Option<Vec<Vec<u8>>> =
        (file.role == Role::Manager && !lines.is_empty()).then(|| lines.iter().map(longest).collect()).flatten();
    // A manager goes by the name of its format.
    let manager = (file.role == Role::Manager).then(|| file.name.get_ref().clone());
    let mut marks = Vec::new();
    let gaps = file.frame.iter().filter(|frame| frame.kind == FrameKind::Gap);
    let entries = file.mark.iter().map(|entry| (&entry.message, Some(entry)));
    for (text, entry) in entries.chain(gaps.map(|frame| (&frame.line, None))) {
        let Some(pattern) = compile_pattern(source, text, complaints) else { continue };
        let Some(texts) = needles_of(pattern.literals()) else {
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
            weak: entry.is_some_and(|entry| entry.weak),
            never_ready: entry.is_some_and(|entry| entry.never_ready),
            asked: entry.and_then(|entry| entry.asked),
            manager: file.role == Role::Manager,
            anywhere: file.kind == Kind::Marks,
            idents: file.ident.iter().map(|ident| ident.clone().into_bytes()).collect(),
            needles,
        });
    }
    marks
}
