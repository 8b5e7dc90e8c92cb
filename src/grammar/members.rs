//! How a JSON format reads an object: which members must be there, and which hold which field.
//!
//! Objects of one program have the same keys in the same order again and again. What a format makes of such a row of keys
//! is planned once; a plan names places, so that no key is looked for when it is used.

use super::ansi;
use super::clock::Clock;
use super::complaint::{Complaint, Source};
use super::definition::FormatFile;
use super::field::Field;
use super::json::{Object, Path};
use super::level::Level;
use super::reading::Reading;
use super::timestamp::{Form, read_member_time};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The members that a format asks for.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Members {
    fields: Vec<(Field, Vec<Member>)>,
    require: Vec<Requirement>,
    syslog_levels: bool,
    /// Numbers of levels are HTTP statuses.
    status_levels: bool,
    /// Messages end in a line end; one without is cut.
    pub line_ends: bool,
    /// What a time in a member may look like, beside an epoch.
    times: Vec<Form>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Member {
    Path(Path),
    /// The members "0", "1", …, joined by blanks.
    Digits,
}

/// Members one of which must be there, with a fixed text or any.
#[derive(Debug, Serialize, Deserialize)]
struct Requirement(Vec<(Path, Option<Vec<u8>>)>);

/// Where a format finds its members in objects with certain keys.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// For each requirement, where one of its alternatives may be.
    require: Vec<Vec<Found>>,
    /// By the number of the field, where it may be.
    fields: Vec<(usize, Vec<Found>)>,
}

/// An alternative, and the place of its member. Digits have a place each.
#[derive(Clone, Copy, Debug)]
struct Found {
    alternative: usize,
    place: usize,
}

impl Members {
    /// How many requirements there are.
    pub fn required(&self) -> usize {
        self.require.len()
    }

    /// Where the members are in objects with the keys of this one; None where one that must be there is not.
    pub fn plan(&self, object: &Object) -> Option<Plan> {
        let place_of = |(alternative, path): (usize, &Path)| {
            object.place(path.first_key()).map(|place| Found { alternative, place })
        };
        let mut plan = Plan::default();
        for Requirement(alternatives) in &self.require {
            let paths = alternatives.iter().map(|(path, _)| path).enumerate();
            let found: Vec<Found> = paths.filter_map(place_of).collect();
            if found.is_empty() {
                return None;
            }
            plan.require.push(found);
        }
        for (number, (_, members)) in self.fields.iter().enumerate() {
            let mut found = Vec::new();
            for (alternative, member) in members.iter().enumerate() {
                match member {
                    Member::Path(path) => found.extend(place_of((alternative, path))),
                    Member::Digits => {
                        let keys = object.keys().enumerate();
                        // The first one may be the logger's own bindings.
                        let digits = keys.filter_map(|(place, key)| Some((number_of(key)?, place)));
                        let mut places: Vec<(u32, usize)> = digits.collect();
                        places.sort_unstable();
                        found.extend(places.into_iter().map(|(_, place)| Found { alternative, place }));
                    }
                }
            }
            if !found.is_empty() {
                plan.fields.push((number, found));
            }
        }
        Some(plan)
    }

    /// Reads an object by the plan for its keys; says whether it is of this format.
    pub fn read<'a>(&self, plan: &Plan, object: &Object<'a, '_>, clock: &Clock, reading: &mut Reading<'a>) -> bool {
        let mut requirements = self.require.iter().zip(&plan.require);
        if !requirements.all(|(requirement, found)| requirement.holds(found, object)) {
            return false;
        }
        let mut message = None;
        let mut code = None;
        for (number, found) in &plan.fields {
            let Some((field, members)) = self.fields.get(*number) else { continue };
            let mut texts = (0..found.len()).filter_map(|at| text_of(members, found, at, object));
            if *field == Field::Time {
                // A member of that name may hold something else.
                if let Some(raw) = texts.find_map(|text| read_member_time(&text, &self.times)) {
                    reading.tell_time(clock.settle(&raw), &raw);
                }
                continue;
            }
            let Some(text) = texts.next() else { continue };
            match field {
                Field::Level => {
                    let level = self.level_of(&text);
                    reading.is_answer |= self.status_levels && level.is_some();
                    reading.tell_level(level);
                }
                Field::Pid => reading.tell_pid(number_of(&text)),
                Field::Message => message = Some(text),
                // The error in a member of its own: after the message, as loggers write it in text.
                Field::Reason => message = Some(with_reason(message, text)),
                Field::Code => code = Some(text),
                Field::Ident => reading.tell(*field, base_name(text)),
                field => reading.tell(*field, text),
            }
        }
        if let Some(message) = message.map(|message| with_code(message, code)) {
            reading.is_cut |= self.line_ends && !message.ends_with(b"\n");
            reading.tell_message(message);
        }
        true
    }

    fn level_of(&self, text: &[u8]) -> Option<Level> {
        if self.status_levels {
            return Level::from_status(text);
        }
        if text.first().is_some_and(u8::is_ascii_alphabetic) {
            return Level::from_word(text.trim_ascii());
        }
        // winston colours the word itself.
        let plain = ansi::plain(text);
        let text = plain.trim_ascii();
        match std::str::from_utf8(text).ok()?.parse::<i64>() {
            Ok(number) => Level::from_number(number, self.syslog_levels),
            Err(_) => Level::from_word(text),
        }
    }
}

/// The text of a field's member, of those that were found the one at `at`.
#[inline]
fn text_of<'a>(members: &[Member], found: &[Found], at: usize, object: &Object<'a, '_>) -> Option<Cow<'a, [u8]>> {
    let Found { alternative, place } = found[at];
    match members.get(alternative)? {
        Member::Path(path) => path.text(object.value(place)?),
        // The first of the digits speaks for all.
        Member::Digits if at > 0 && found[at - 1].alternative == alternative => None,
        Member::Digits => {
            let own = found[at..].iter().take_while(|found| found.alternative == alternative);
            let keys_and_texts = own.filter_map(|found| {
                let key = object.keys().nth(found.place)?;
                Some((number_of(key)?, object.value(found.place)?.text()?))
            });
            let parts: Vec<Cow<[u8]>> = keys_and_texts
                .filter(|(index, text)| *index > 0 || !text.starts_with(b"{"))
                .map(|(_, text)| text)
                .collect();
            (!parts.is_empty()).then(|| Cow::Owned(parts.join(&b' ')))
        }
    }
}

impl Requirement {
    fn holds(&self, found: &[Found], object: &Object) -> bool {
        found.iter().any(|found| {
            let Some((path, fixed)) = self.0.get(found.alternative) else { return false };
            let text = object.value(found.place).and_then(|value| path.text(value));
            text.is_some_and(|text| fixed.as_ref().is_none_or(|fixed| text.as_ref() == fixed.as_slice()))
        })
    }
}

fn with_reason<'a>(message: Option<Cow<'a, [u8]>>, reason: Cow<'a, [u8]>) -> Cow<'a, [u8]> {
    let Some(message) = message else { return reason };
    // A list is none; WiredTiger's texts begin with a clock in brackets.
    let is_list = reason.starts_with(b"{")
        || reason.starts_with(b"[") && !reason.get(1).is_some_and(|byte| byte.is_ascii_digit());
    let is_text = !is_list && reason.iter().any(u8::is_ascii_alphabetic);
    if !is_text || memchr::memmem::find(&message, &reason).is_some() {
        return message;
    }
    Cow::Owned([message.as_ref(), reason.as_ref()].join(&b": "[..]))
}

/// A message with the symbol of its error (`ECONNREFUSED`), unless it names that itself.
fn with_code<'a>(message: Cow<'a, [u8]>, code: Option<Cow<'a, [u8]>>) -> Cow<'a, [u8]> {
    let is_symbol = |code: &Cow<[u8]>| {
        let is_part = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        code.len() >= 4 && code[0].is_ascii_uppercase() && code.iter().all(is_part)
    };
    match code.filter(is_symbol).filter(|code| memchr::memmem::find(&message, code).is_none()) {
        Some(code) => {
            // What was thrown stands on the first line, its trace after that.
            let end = memchr::memchr(b'\n', &message).unwrap_or(message.len());
            Cow::Owned([&message[..end], b" [", code.as_ref(), b"]", &message[end..]].concat())
        }
        None => message,
    }
}

pub fn number_of(text: &[u8]) -> Option<u32> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 { None } else { number.checked_mul(10)?.checked_add(u32::from(digit)) }
    })
}

/// A program given by its path goes by its file name.
fn base_name(text: Cow<[u8]>) -> Cow<[u8]> {
    match text.iter().rposition(|&byte| byte == b'/') {
        Some(at) if text.starts_with(b"/") => Cow::Owned(text[at + 1..].to_vec()),
        _ => text,
    }
}

// ---
// From the file.

impl Members {
    /// Compiles what a format file says of members. All mistakes are told at once.
    pub fn compile(source: Source, file: &FormatFile, complaints: &mut Vec<Complaint>) -> Members {
        let times = ["iso", "ngx"].iter().filter_map(|name| Form::compile(name).ok()).collect();
        let fields = compile_fields(source, file, complaints);
        let require = file.require.iter().filter_map(|text| compile_requirement(source, text, complaints)).collect();
        let FormatFile { syslog_levels, status_levels, line_ends, .. } = *file;
        Members { fields, require, syslog_levels, status_levels, line_ends, times }
    }
}

fn compile_fields(source: Source, file: &FormatFile, complaints: &mut Vec<Complaint>) -> Vec<(Field, Vec<Member>)> {
    let mut fields = Vec::new();
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
        fields.push((field, compiled));
    }
    fields
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
