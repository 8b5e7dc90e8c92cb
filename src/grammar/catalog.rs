//! All formats together: which one reads a line, through envelopes, in a fixed order of specificity.
//!
//! The reading of a line is a function of the line alone (and the clock): it does not depend on the lines before, on
//! the file, or on where the input was cut. Mixed streams need nothing more, and the merge law holds by construction.

use super::ansi;
use super::clock::{Clock, Time};
use super::complaint::{Complaint, Source};
use super::definition::{FormatFile, Role};
use super::dispatch::Dispatch;
use super::examples;
use super::format::{self, Fields, Format, FormatId};
use super::level::Level;
use super::mark::{Mark, MarkKind};
use super::pattern::LeadNumbers;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Index of a mark in the catalog.
pub type MarkId = u32;

/// Envelopes are peeled this deep at most.
const MAX_DEPTH: usize = 4;

#[derive(Debug, Default)]
pub struct Catalog {
    formats: Vec<Format>,
    marks: Vec<Mark>,
    /// For each format, whether each mark is its own (or one that it shares).
    allowed: Vec<Vec<bool>>,
    /// Programs with a sure mark of readiness.
    tell_ready: BTreeSet<String>,
    dispatch: Dispatch,
}

/// A line as its formats read it.
#[derive(Clone, Debug, Default)]
pub struct Reading<'a> {
    /// Outermost first; empty when no format reads the line.
    pub formats: Vec<FormatId>,
    pub time: Option<Time>,
    pub level: Option<Level>,
    pub ident: Option<Cow<'a, [u8]>>,
    pub service: Option<Cow<'a, [u8]>>,
    pub component: Option<Cow<'a, [u8]>>,
    pub host: Option<Cow<'a, [u8]>>,
    pub pid: Option<u32>,
    /// The pid of the service's own process, where the format says that its pid is that.
    pub run_pid: Option<u32>,
    /// The line as the program wrote it: envelopes and escapes off, JSON unescaped.
    pub text: Cow<'a, [u8]>,
    /// The message alone.
    pub message: Cow<'a, [u8]>,
}

impl Catalog {
    /// Compiles format files. Those with mistakes are left out, and all mistakes are told.
    pub fn load(sources: &[Source]) -> (Catalog, Vec<Complaint>) {
        let mut complaints = Vec::new();
        let mut compiled: Vec<(Format, FormatFile)> = Vec::new();
        for source in sources {
            match format::compile(*source) {
                Ok((format, file)) => match compiled.iter().position(|(known, _)| known.name == format.name) {
                    // A user's file of the same name takes the place of ours.
                    Some(at) => compiled[at] = (format, file),
                    None => compiled.push((format, file)),
                },
                Err(mistakes) => complaints.extend(mistakes),
            }
        }
        let order = order_by_specificity(&compiled);
        let mut slots: Vec<Option<Format>> = compiled.into_iter().map(|(format, _)| Some(format)).collect();
        let formats = order.into_iter().filter_map(|at| slots[at].take()).collect();
        (Catalog::assemble(formats), complaints)
    }

    fn assemble(mut formats: Vec<Format>) -> Catalog {
        let mut marks: Vec<Mark> = Vec::new();
        let mut owned: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut leads = LeadNumbers::default();
        for format in &mut formats {
            format.lines.iter_mut().for_each(|line| leads.number(line));
            for mark in std::mem::take(&mut format.own_marks) {
                owned.entry(format.name.clone()).or_default().push(marks.len());
                marks.push(mark);
            }
        }
        let allowed = formats
            .iter()
            .map(|format| {
                let mut row = vec![false; marks.len()];
                let names = std::iter::once(&format.name).chain(&format.marks_of);
                names.filter_map(|name| owned.get(name)).flatten().for_each(|&mark| row[mark] = true);
                row
            })
            .collect();
        let sure_ready = marks.iter().filter(|mark| mark.kind == MarkKind::Ready && !mark.weak && !mark.manager);
        let tell_ready = sure_ready.filter_map(|mark| mark.program.clone()).collect();
        let dispatch = Dispatch::of(&formats);
        Catalog { formats, marks, allowed, tell_ready, dispatch }
    }

    pub fn formats(&self) -> &[Format] {
        &self.formats
    }

    pub fn format(&self, id: FormatId) -> &Format {
        &self.formats[usize::from(id)]
    }

    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub fn mark(&self, id: MarkId) -> &Mark {
        &self.marks[id as usize]
    }

    /// Whether a mark may speak in this reading: it belongs to the innermost format, or to any and the identifier fits.
    pub fn admits(&self, id: MarkId, reading: &Reading) -> bool {
        let mark = self.mark(id);
        if let Some(component) = &mark.component
            && reading.component.as_deref() != Some(component.as_slice())
        {
            return false;
        }
        let by_manager = reading.formats.last().is_some_and(|&id| self.format(id).role == Role::Manager);
        if mark.anywhere && !mark.manager && by_manager {
            // What suggests a program's start or readiness does not do so in its manager's own lines.
            return false;
        }
        if mark.anywhere {
            return mark.idents.is_empty()
                || reading.ident.as_deref().is_some_and(|ident| mark.idents.iter().any(|known| known == ident));
        }
        reading.formats.last().is_some_and(|&format| self.allowed[usize::from(format)][id as usize])
    }

    /// The program that the innermost format tells of.
    pub fn program(&self, reading: &Reading) -> Option<&str> {
        reading.formats.iter().rev().find_map(|&format| self.format(format).program.as_deref())
    }

    /// Whether a program has a sure mark of readiness.
    pub fn tells_ready(&self, program: &str) -> bool {
        self.tell_ready.contains(program)
    }

    /// Reads a line through its envelopes.
    pub fn read<'a>(&self, line: &'a [u8], clock: &Clock) -> Reading<'a> {
        let mut reading = Reading { text: ansi::plain(line), ..Reading::default() };
        let mut outer_time = None;
        while reading.formats.len() < MAX_DEPTH {
            let text = std::mem::take(&mut reading.text);
            let Some((id, fields)) = self.dispatch.first_match(&self.formats, &text, clock) else {
                reading.message = text.clone();
                reading.text = text;
                break;
            };
            let format = self.format(id);
            reading.formats.push(id);
            if format.pid_is_run {
                reading.run_pid = fields.pid;
            }
            let message = reading.take(fields, &text, format.is_envelope(), &mut outer_time);
            if format.is_envelope() {
                // docker keeps the line end in the message.
                let message = match message {
                    Cow::Borrowed(text) => Cow::Borrowed(text.strip_suffix(b"\n").unwrap_or(text)),
                    Cow::Owned(mut text) => {
                        text.truncate(text.len() - usize::from(text.ends_with(b"\n")));
                        Cow::Owned(text)
                    }
                };
                // The program's own escapes may only now be plain.
                reading.text = match ansi::plain(&message) {
                    Cow::Borrowed(plain) if plain.len() == message.len() => message,
                    other => Cow::Owned(other.into_owned()),
                };
                reading.message = Cow::Borrowed(b"");
                if reading.text.is_empty() {
                    break;
                }
                continue;
            }
            reading.text = if format.is_json() { message.clone() } else { text };
            reading.message = message;
            break;
        }
        if reading.message.is_empty() {
            reading.message = reading.text.clone();
        }
        reading.time = reading.time.or(outer_time);
        reading
    }

    /// Holds a format file against its own examples, with the marks of this catalog that it shares.
    pub fn check(&self, source: Source) -> Vec<Complaint> {
        let (format, file) = match format::compile(source) {
            Ok(compiled) => compiled,
            Err(complaints) => return complaints,
        };
        let shared = format.marks_of.iter().filter_map(|name| {
            let at = self.formats.iter().position(|format| &format.name == name)?;
            let names_itself = self.formats[at].name != format.name;
            names_itself
                .then(|| self.marks.iter().zip(&self.allowed[at]).filter(|(_, own)| **own).map(|(mark, _)| mark))
        });
        let marks: Vec<&Mark> = format.own_marks.iter().chain(shared.flatten()).collect();
        let mut complaints = examples::check(source, &format, &file, &marks);
        complaints.extend(self.lost_examples(source, &format, &file));
        complaints
    }

    /// The examples of a file that this catalog gives to another format, which comes before it.
    fn lost_examples(&self, source: Source, format: &Format, file: &FormatFile) -> Vec<Complaint> {
        let lost = |line: &[u8], clock: &Clock| {
            let (winner, _) = self.dispatch.first_match(&self.formats, line, clock)?;
            let winner = &self.format(winner).name;
            (*winner != format.name && format.read(line, clock).is_some()).then_some(winner)
        };
        examples::matching(file)
            .filter_map(|(span, line, clock)| {
                let winner = lost(line, &clock)?;
                let hint = "give this format more that is its own, or the other one less".to_string();
                Some(source.complain(span, format!("the format `{winner}` comes first and reads this"), Some(hint)))
            })
            .collect()
    }

    /// The format of a line that is no record: a header, a gap.
    pub fn frame_of(&self, line: &[u8]) -> Option<FormatId> {
        self.formats.iter().position(|format| format.is_frame(line)).map(|id| id as FormatId)
    }
}

impl<'a> Reading<'a> {
    /// Takes over what one format read, inner over outer where both say it; returns the message.
    fn take(
        &mut self,
        fields: Fields,
        text: &Cow<'a, [u8]>,
        is_envelope: bool,
        outer_time: &mut Option<Time>,
    ) -> Cow<'a, [u8]> {
        // The outer time stands in for an inner one without date or zone.
        if fields.time_is_complete || (self.time.is_none() && outer_time.is_none()) {
            self.time = fields.time.or(self.time);
        }
        *outer_time = outer_time.or(fields.time);
        self.level = fields.level.or(self.level);
        self.pid = fields.pid.or(self.pid);
        let own = |value: Option<Cow<[u8]>>| value.map(|value| rebind(text, value));
        self.component = own(fields.component).or(self.component.take());
        self.ident = self.ident.take().or(own(fields.ident));
        self.service = self.service.take().or(own(fields.service));
        self.host = self.host.take().or(own(fields.host));
        match fields.message {
            Some(message) => rebind(text, message),
            // An envelope around nothing.
            None if is_envelope => Cow::Borrowed(b""),
            None => text.clone(),
        }
    }
}

/// A part of `text` with `text`'s own lifetime: borrowed as long as `text` is borrowed.
fn rebind<'a>(text: &Cow<'a, [u8]>, part: Cow<[u8]>) -> Cow<'a, [u8]> {
    match (text, part) {
        (Cow::Borrowed(line), Cow::Borrowed(part)) => {
            let start = (part.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
            match line.get(start..start.wrapping_add(part.len())) {
                Some(part) => Cow::Borrowed(part),
                None => Cow::Owned(part.to_vec()),
            }
        }
        (_, part) => Cow::Owned(part.into_owned()),
    }
}

/// A format that reads another's examples is the more general one and goes later; ties by closed text, then by name.
fn order_by_specificity(compiled: &[(Format, FormatFile)]) -> Vec<usize> {
    let count = compiled.len();
    let texts: Vec<Vec<(Vec<u8>, Clock)>> = compiled
        .iter()
        .map(|(_, file)| examples::matching(file).map(|(_, line, clock)| (line.into(), clock)).collect())
        .collect();
    let mut reads = vec![vec![false; count]; count];
    for reader in 0..count {
        for owner in 0..count {
            reads[reader][owner] = reader != owner
                && texts[owner].iter().any(|(line, clock)| compiled[reader].0.read(line, clock).is_some());
        }
    }
    let mut waiting: Vec<usize> = (0..count).collect();
    waiting.sort_by_key(|&at| (std::cmp::Reverse(compiled[at].0.specificity()), compiled[at].0.name.clone()));
    let mut order = Vec::with_capacity(count);
    while !waiting.is_empty() {
        // The next one must read nothing of those still waiting, unless they read each other.
        let next = waiting
            .iter()
            .position(|&at| waiting.iter().all(|&other| !reads[at][other] || reads[other][at]))
            .unwrap_or(0);
        order.push(waiting.remove(next));
    }
    order
}
