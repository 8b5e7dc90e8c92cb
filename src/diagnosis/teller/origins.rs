//! Several processes of one service whose lines stand in turn, each under its own label: the pods of a rollout.
//!
//! The start of one ends no other, so what a label tells is of the run that it began last.

use super::Teller;
use crate::diagnosis::runs::Run;
use crate::diagnosis::services::actor_of;
use crate::diagnosis::story::Event;
use crate::evidence::ActorKind;
use crate::grammar::MarkKind;
use std::collections::BTreeMap;

/// By label, the run that it began last.
#[derive(Debug, Default)]
pub struct Origins<'e>(BTreeMap<&'e str, usize>);

impl<'e> Teller<'_, 'e> {
    /// The label of the application that wrote an event, or of the pod that a manager names, in the stream that leads.
    fn origin(&self, event: &Event<'e>) -> Option<&'e str> {
        let part = &self.cast.parts[self.part];
        let actor = actor_of(self.stories, part, event.actor).filter(|_| self.leads)?;
        let label = if actor.pod.is_empty() { &actor.service } else { &actor.pod };
        let names_one = actor.kind == ActorKind::Application || !actor.pod.is_empty();
        (names_one && !label.is_empty()).then_some(label.as_str())
    }

    /// Goes to the run that an event's label began, if others have begun since.
    pub(super) fn go_to_origin(&mut self, event: &Event<'e>) {
        // With one label nothing is to be looked up.
        if self.origins.0.len() < 2 {
            return;
        }
        let own = self.origin(event).and_then(|label| self.origins.0.get(label).copied());
        if let Some(at) = own.filter(|at| *at != self.at) {
            self.at = at;
            if let Some(run) = self.run() {
                run.beside = true;
            }
        }
    }

    /// Notes whose label a run began under, and goes back to the latest run.
    pub(super) fn leave_origin(&mut self, event: &Event<'e>) {
        let part = self.part;
        let begins = |run: &Run| run.start.is_some_and(|start| start.part == part && start.offset == event.offset);
        let starts = event.mark().is_some_and(|mark| mark.kind == MarkKind::Start)
            && self.chronicle.runs.get(self.at).is_some_and(begins);
        if starts && let Some(label) = self.origin(event) {
            let before = self.origins.0.insert(label, self.at);
            // Who tells of a pod's start tells of its end: until then it goes on, also in silence.
            if event.mark().is_some_and(|mark| mark.manager) {
                if let Some(run) = before.and_then(|at| self.chronicle.runs.get_mut(at)) {
                    run.beside = false;
                }
                if let Some(run) = self.run() {
                    run.beside = true;
                }
            }
        }
        if self.leads && self.origins.0.len() > 1 {
            self.at = self.chronicle.runs.len().saturating_sub(1);
        }
    }
}
