//! Marks in a line: which of them speak, and what they tell of a service's life.

use super::context::Speaker;
use super::idiom::Step;
use super::telling::Spoken;
use super::{Pass, Place, Scanner, fault_id};
use crate::evidence::{self, FaultKind, Id, Told};
use crate::finder::Text;
use crate::grammar::{Field, Level, Mark, MarkId, MarkKind, MarkReading, Reading};
use crate::signature::Matches;
use crate::template::skeleton;

impl Scanner {
    /// The marks of a text that speak, at most one of each kind.
    pub(super) fn marks<'t>(
        &'t self,
        reading: &Reading,
        text: &'t [u8],
        matches: &Matches,
    ) -> Vec<(MarkId, MarkReading<'t>)> {
        let catalog = &self.catalog;
        let mut marks: Vec<(MarkId, MarkReading)> = matches
            .marks
            .iter()
            .filter(|&&id| catalog.admits(id, reading))
            .filter_map(|&id| Some((id, read_mark(catalog.mark(id), text)?)))
            .collect();
        // A question or an error does not tell that a program is ready.
        let doubtful =
            text.trim_ascii_end().ends_with(b"?") || reading.level.is_some_and(|level| level >= Level::Error);
        marks.retain(|(_, mark)| {
            let suggests = mark.mark.weak && matches!(mark.mark.kind, MarkKind::Ready | MarkKind::Hint);
            !(doubtful && suggests)
        });
        // A warning is nobody's last word.
        let mild = reading.level.is_some_and(|level| level < Level::Error);
        marks.retain(|(_, mark)| !(mild && mark.mark.weak && mark.mark.kind == MarkKind::Fatal));
        // Where a sure mark speaks the weak ones are silent, and any other mark silences a hint.
        if marks.iter().any(|(_, mark)| !mark.mark.weak) {
            marks.retain(|(_, mark)| !mark.mark.weak);
        }
        if marks.iter().any(|(_, mark)| !suggests_ready(mark)) {
            marks.retain(|(_, mark)| mark.mark.kind != MarkKind::Hint);
        }
        marks.sort_by_key(|(_, mark)| (mark.mark.kind, mark.mark.weak));
        marks.dedup_by_key(|(_, mark)| mark.mark.kind);
        marks
    }
}

/// Whether a mark only suggests that its program is ready: a hint, or the readiness of somebody by a name that may not be
/// the program's own.
pub(super) fn suggests_ready(mark: &MarkReading) -> bool {
    match mark.mark.kind {
        MarkKind::Hint => true,
        MarkKind::Ready => mark.mark.weak && mark.text(Field::Service).is_some(),
        _ => false,
    }
}

impl Pass<'_> {
    /// What a program tells of itself, where no pattern captured more.
    pub(super) fn told_by_program(&mut self, kind: MarkKind, place: Place, words: Id, program: Option<&str>) -> Told {
        let program = program.unwrap_or_default();
        Told {
            program: self.string(program),
            words,
            untimed: place.is_untimed,
            tells_ready: self.scanner.catalog.tells_ready(program),
            ..Told::new(kind, place.actor)
        }
    }

    /// A step that the program tells of in its own words.
    pub(super) fn own_step(&mut self, place: Place, step: Step, reading: &Reading, text: &[u8], program: Option<&str>) {
        let name = skeleton(reading.message.trim_ascii());
        let words = fault_id(&format!("mark\0{name}"));
        self.sample(words, || FaultKind::Mark(name), place, text);
        let pod = self.pod_of(reading);
        let own = Speaker { service: reading.service.as_deref(), ident: reading.ident.as_deref(), pod };
        let last_words = if step.kind == MarkKind::Start { self.last_words(place.at, &own) } else { 0 };
        let told = Told {
            service: self.string(&String::from_utf8_lossy(own.service.unwrap_or_default())),
            weak: step.weak,
            step: step.number,
            learned: true,
            ..self.told_by_program(step.kind, place, words, program)
        };
        let (offset, line, pid) = (self.offset(place.at), place.line, reading.pid);
        let time = if step.kind == MarkKind::Start { reading.time } else { place.time };
        self.segment.add_mark(evidence::Mark { told: &told, offset, line, time, pid, count: None, last_words });
    }

    /// Whether the line above one holds any of these texts.
    pub(super) fn is_below(&self, at: usize, texts: &[Text]) -> bool {
        let above = || self.line_before(at, at).map(|above| self.visible(above, self.line_end(above)));
        !texts.is_empty() && above().is_some_and(|line| texts.iter().any(|text| text.is_in(line)))
    }

    pub(super) fn mark(
        &mut self,
        place: Place,
        spoken: &Spoken,
        mark: &MarkReading,
        own: Speaker,
        text: &[u8],
        program: Option<&str>,
    ) {
        let definition = mark.mark;
        let words = spoken.words;
        self.sample(words, || FaultKind::Mark(spoken.name.clone()), place, text);
        let string = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).trim().to_string();
        let service = string(mark.text(Field::Service));
        let signal = string(mark.text(Field::Signal));
        let program = definition.program.as_deref().or(program).unwrap_or_default();
        let ends_or_begins =
            matches!(definition.kind, MarkKind::Start | MarkKind::Exit | MarkKind::GaveUp | MarkKind::Stop)
                || definition.kind == MarkKind::Fatal && definition.manager;
        let last_words = if ends_or_begins { self.last_words(place.at, &own) } else { 0 };
        let told = Told {
            kind: definition.kind,
            actor: place.actor,
            program: self.string(program),
            service: self.string(&service),
            signal: self.string(&signal),
            words,
            code: mark.number(Field::Code).and_then(|code| i32::try_from(code).ok()),
            step: definition.step,
            weak: definition.weak,
            learned: false,
            never_ready: definition.never_ready,
            of_start: definition.of_start,
            reason_follows: definition.reason_follows,
            replaced: definition.replaced,
            first_only: definition.first_only,
            untimed: place.is_untimed,
            instance: mark.number(Field::Instance).and_then(|instance| u32::try_from(instance).ok()),
            manager: definition.manager,
            asked: definition.asked,
            tells_ready: spoken.tells_ready,
        };
        self.segment.add_mark(evidence::Mark {
            told: &told,
            offset: self.offset(place.at),
            line: place.line,
            time: place.time,
            pid: mark.number(Field::Pid).and_then(|pid| u32::try_from(pid).ok()),
            count: mark.number(Field::Count).and_then(|count| u32::try_from(count).ok()),
            last_words,
        });
    }
}

/// Reads a mark; one that only suggests is also looked for after a logger's name (`gateway: server started`).
fn read_mark<'t>(mark: &'t Mark, text: &'t [u8]) -> Option<MarkReading<'t>> {
    MarkReading::new(mark, text).or_else(|| {
        let name = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-/".contains(byte)).count();
        let rest = text[name..].strip_prefix(b": ").filter(|_| mark.weak && name > 0)?;
        MarkReading::new(mark, rest)
    })
}
