//! What one line of a message tells, by itself: a function of the message and of what its formats say of it.
//!
//! Where and when it was said has no part in this. So it can be kept for the next message that says the same (`memo`).

use super::idiom::{Idiom, Meaning, Step};
use super::keys::{aspect_of, dealt_with_id, fault_id, signature_id, unknown_id};
use super::marks::suggests_ready;
use super::words::{self, class_of};
use super::{Scanner, block, detail};
use crate::evidence::{Class, FaultKind, Id, hint_id};
use crate::grammar::{Field, Kept, Level, MarkId, MarkKind, MarkReading, Reading};
use crate::signature::wording::is_dealt_with;
use crate::signature::{Matches, Role};
use crate::template::{skeleton, stable_hash};

/// A mark that speaks.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    pub(super) id: MarkId,
    pub(super) kept: Kept,
    /// Its program has a sure mark of readiness.
    pub(super) tells_ready: bool,
    /// What its line is kept by, and the name of that.
    pub(super) words: Id,
    pub(super) name: String,
}

/// What a text tells.
#[derive(Clone, Debug, Default)]
pub(super) struct Telling {
    pub(super) marks: Vec<Spoken>,
    /// Signatures, what their lines are about, and an error that no signature knows, in this order.
    pub(super) faults: Vec<(Id, FaultKind)>,
    /// It suggests that its program is ready, and tells nothing surer.
    pub(super) hint: Option<(Id, FaultKind)>,
    /// A step that the program tells of in its own words.
    pub(super) step: Option<Step>,
    /// Some mark, or that step, is one that the evidence keeps.
    pub(super) is_step: bool,
    /// Last words, and no reason of an end in them.
    pub(super) asks_for_reason: bool,
    /// It has last words.
    pub(super) is_fatal: bool,
    /// A manager said it.
    pub(super) by_manager: bool,
    /// An error that leaves it to the warnings before it what it is about.
    pub(super) points_above: bool,
    /// The line above names what its faults are about.
    pub(super) headed: bool,
    /// A number of the message is part of a name in it.
    pub(super) has_number: bool,
}

impl Telling {
    /// Whether there is nothing in it.
    pub(super) fn is_nothing(&self) -> bool {
        self.faults.is_empty() && self.hint.is_none() && !self.is_step
    }
}

/// What else bears on what a text tells.
#[derive(Clone, Copy)]
pub(super) struct Setting<'s> {
    pub(super) idiom: &'s Idiom,
    pub(super) thrown: Option<block::Thrown>,
    /// It is the first line of its message.
    pub(super) is_first: bool,
}

impl Scanner {
    /// What a text tells, given what is in it.
    pub(super) fn tell(&self, reading: &Reading, text: &[u8], matches: &Matches, setting: Setting) -> Telling {
        let Setting { idiom, thrown, is_first } = setting;
        let marks = self.marks(reading, text, matches);
        let template = (!idiom.is_empty()).then(|| skeleton(text.trim_ascii()));
        let meaning = template.as_deref().and_then(|template| idiom.meaning(template));
        let program = self.catalog.program(reading);
        let headed = matches.signatures.iter().any(|&at| self.pack.signatures()[at].headed);
        let is_own = |at: &usize| {
            let not = &self.pack.signatures()[*at].not_programs;
            !program.is_some_and(|program| not.iter().any(|not| not == program))
        };
        let signatures: Vec<usize> = matches.signatures.iter().copied().filter(is_own).collect();
        let sure_mark = marks.iter().any(|(_, mark)| !mark.mark.weak);
        // Last words that name a reason are an error even where no level says so, unless a signature knows the reason.
        let fatal = marks.iter().map(|(_, mark)| mark).find(|mark| mark.mark.kind == MarkKind::Fatal);
        let reason = fatal.and_then(|mark| mark.text(Field::Reason));
        let reason =
            reason.filter(|reason| !block::is_place(reason) && !words::says_nothing(reason) && !self.is_known(reason));
        let unknown = match reason {
            Some(_) => Some(Class::Exception),
            None if !signatures.is_empty() => None,
            // Better than nothing, where nothing before it says why.
            None if fatal.is_some() => {
                reading.level.filter(|level| is_first && *level >= Level::Error).map(|_| Class::Worded)
            }
            None if thrown.is_some_and(|thrown| thrown.chained || words::sums_up(text)) => Some(Class::Outcome),
            None if thrown.is_some() => Some(Class::Exception),
            None if sure_mark || block::is_traceback(text) => None,
            // Of a message of several lines the first one has the level; a trace within it ends in the exception.
            None => class_of(reading, text)
                .filter(|class| is_first || *class == Class::Exception)
                .or((meaning == Some(Meaning::LastWords)).then_some(Class::Fatal)),
        };
        let says_more = !marks.is_empty() || thrown.is_some();
        let ends = reading.formats.last().is_some_and(|&id| self.catalog.format(id).fatal_ends);
        let is_end = ends && is_first && !says_more && reading.level == Some(Level::Fatal);
        let step = meaning.filter(|_| is_first && marks.is_empty()).and_then(Step::of);
        let step = step.or(is_end.then_some(Step { kind: MarkKind::Fatal, weak: true, number: 1 }));
        let is_step = step.is_some() || marks.iter().any(|(_, mark)| mark.mark.kind.is_told());
        let tells_fault = !signatures.is_empty() || unknown.is_some();
        let is_hint = marks.iter().any(|(_, mark)| mark.mark.kind == MarkKind::Hint) || meaning == Some(Meaning::Ready);
        let suggests = step.is_none() && marks.iter().all(|(_, mark)| suggests_ready(mark));
        let hint = (is_hint && suggests && !tells_fault).then(|| {
            let template = skeleton(text.trim_ascii());
            (hint_id(stable_hash(format!("hint\0{template}").as_bytes())), FaultKind::Hint(template))
        });
        let by_manager =
            thrown.is_some_and(|thrown| thrown.by_manager) || marks.first().is_some_and(|(_, mark)| mark.mark.manager);
        let ends_it = by_manager || fatal.is_some() || thrown.is_some() || reading.level == Some(Level::Fatal);
        let dealt_with = !ends_it && tells_fault && is_dealt_with(text);
        let mut faults = Vec::new();
        for at in signatures {
            let known = &self.pack.signatures()[at];
            let id = &known.id;
            if dealt_with && matches!(known.role, Role::Root | Role::Symptom) {
                faults.push((dealt_with_id(id), FaultKind::DealtWith(id.clone())));
            } else {
                faults.push((signature_id(id), FaultKind::Signature(id.clone())));
                if known.varies && !detail::says_later(text) {
                    faults.push(aspect_of(id, text));
                }
            }
        }
        if let Some(class) = unknown.map(|class| if dealt_with { Class::DealtWith } else { class }) {
            let template = skeleton(reason.unwrap_or(text).trim_ascii());
            faults.push((unknown_id(class, &template), FaultKind::Unknown { class, template }));
        }
        let is_fatal = fatal.is_some();
        let asks_for_reason = fatal.is_some_and(|mark| mark.text(Field::Reason).is_none());
        let marks: Vec<Spoken> = marks.into_iter().map(|(id, mark)| self.spoken(id, &mark, reading, text)).collect();
        let is_numbered = |name: &str| name.bytes().any(|byte| byte.is_ascii_digit());
        let has_number = faults.iter().chain(&hint).filter_map(|(_, kind)| template_of(kind)).any(is_numbered)
            || marks.iter().any(|mark| self.catalog.mark(mark.id).weak && is_numbered(&mark.name));
        let points_above = !faults.is_empty() && words::points_above(text);
        Telling {
            faults,
            hint,
            step,
            is_step,
            asks_for_reason,
            is_fatal,
            by_manager,
            points_above,
            headed,
            marks,
            has_number,
        }
    }

    fn spoken(&self, id: MarkId, mark: &MarkReading, reading: &Reading, text: &[u8]) -> Spoken {
        // A weak mark is known by its line's skeleton, and by which part said it: only the one at the head of the log will
        // count.
        let name = match reading.component.as_deref().filter(|_| mark.mark.weak) {
            Some(component) => format!("{}: {}", skeleton(component), skeleton(mark.message())),
            None if mark.mark.weak => skeleton(mark.message()),
            None => mark.mark.text.clone(),
        };
        let words = fault_id(&format!("mark\0{name}"));
        let program = mark.mark.program.as_deref().or_else(|| self.catalog.program(reading)).unwrap_or_default();
        Spoken { id, kept: mark.keep(text), tells_ready: self.catalog.tells_ready(program), words, name }
    }

    /// Whether a signature knows a text.
    pub(super) fn is_known(&self, text: &[u8]) -> bool {
        let mut matches = Matches::default();
        self.matcher.collect(&self.pack, text, &mut matches);
        !matches.signatures.is_empty()
    }
}

/// The skeleton of the message in what names a fault.
fn template_of(kind: &FaultKind) -> Option<&str> {
    match kind {
        FaultKind::Aspect { template, .. } | FaultKind::Unknown { template, .. } | FaultKind::Hint(template) => {
            Some(template)
        }
        FaultKind::Signature(_) | FaultKind::DealtWith(_) | FaultKind::Mark(_) | FaultKind::Words { .. } => None,
    }
}
