//! All formats together, in a fixed order of specificity, and their marks.

use super::clock::Clock;
use super::complaint::{Complaint, Source};
use super::definition::{FormatFile, Role};
use super::dispatch::{Dispatch, Memory};
use super::examples;
use super::format::{self, Format};
use super::mark::{Mark, MarkKind};
use super::reading::{FormatId, Reading};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Index of a mark in the catalog.
pub type MarkId = u32;

#[derive(Debug, Default)]
pub struct Catalog {
    formats: Vec<Format>,
    marks: Vec<Mark>,
    /// For each format, whether each mark is its own (or one that it shares).
    allowed: Vec<Vec<bool>>,
    /// Programs with a sure mark of readiness.
    tell_ready: BTreeSet<String>,
    dispatch: Dispatch,
    /// Of readers that are done.
    memories: Mutex<Vec<Memory>>,
}

/// What a catalog is made of: formats in their order, and the way to them. It can be kept and read back.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Compiled {
    formats: Vec<Format>,
    dispatch: Dispatch,
}

impl Compiled {
    /// Compiles format files. Those with mistakes are left out, and all mistakes are told.
    pub fn of(sources: &[Source]) -> (Compiled, Vec<Complaint>) {
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
        let (formats, files): (Vec<Format>, Vec<FormatFile>) = compiled.into_iter().unzip();
        let order = order_by_specificity(&formats, &files);
        let mut slots: Vec<Option<Format>> = formats.into_iter().map(Some).collect();
        let formats: Vec<Format> = order.into_iter().filter_map(|at| slots[at].take()).collect();
        let dispatch = Dispatch::of(&formats);
        (Compiled { formats, dispatch }, complaints)
    }
}

impl From<Compiled> for Catalog {
    fn from(Compiled { mut formats, dispatch }: Compiled) -> Catalog {
        let mut marks: Vec<Mark> = Vec::new();
        let mut owned: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for format in &mut formats {
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
        Catalog { formats, marks, allowed, tell_ready, dispatch, memories: Mutex::default() }
    }
}

impl Catalog {
    /// Compiles format files, as `Compiled::of`.
    pub fn load(sources: &[Source]) -> (Catalog, Vec<Complaint>) {
        let (compiled, complaints) = Compiled::of(sources);
        (compiled.into(), complaints)
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

    /// Texts of which every line holds one that only says that the record before came again.
    pub fn repeat_needles(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.formats.iter().flat_map(|format| &format.repeat_needles)
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
            let ident = reading.ident.as_deref().or_else(|| self.program(reading).map(str::as_bytes));
            return mark.idents.is_empty() || ident.is_some_and(|ident| mark.idents.iter().any(|known| known == ident));
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

    /// The first format that reads a text, which tells the reading what it holds.
    pub(super) fn first_match<'t>(
        &self,
        text: &'t [u8],
        clock: &Clock,
        memory: &mut Memory,
        reading: &mut Reading<'t>,
    ) -> Option<FormatId> {
        self.dispatch.first_match(&self.formats, text, clock, memory, reading)
    }

    pub(super) fn take_memory(&self) -> Memory {
        self.memories.lock().ok().and_then(|mut memories| memories.pop()).unwrap_or_default()
    }

    pub(super) fn keep_memory(&self, memory: Memory) {
        if let Ok(mut memories) = self.memories.lock() {
            memories.push(memory);
        }
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
        let mut memory = self.take_memory();
        let mut lost = |line: &[u8], clock: &Clock| {
            let winner = self.first_match(line, clock, &mut memory, &mut Reading::default())?;
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

/// A format that reads another's examples is the more general one and goes later; ties by closed text, then by name.
fn order_by_specificity(formats: &[Format], files: &[FormatFile]) -> Vec<usize> {
    let count = formats.len();
    let dispatch = Dispatch::of(formats);
    let mut memory = Memory::rough();
    let mut reads = vec![vec![false; count]; count];
    for (owner, file) in files.iter().enumerate() {
        for (_, line, clock) in examples::matching(file) {
            for reader in dispatch.all_matches(formats, line, &clock, &mut memory) {
                reads[usize::from(reader)][owner] |= usize::from(reader) != owner;
            }
        }
    }
    let mut waiting: Vec<usize> = (0..count).collect();
    waiting.sort_by_key(|&at| (std::cmp::Reverse(formats[at].specificity()), formats[at].name.clone()));
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
