//! Several processes of one service at a time, which its manager tells apart by numbers.
//!
//! Each has runs of its own: the start of one ends no other.

use super::Teller;
use crate::diagnosis::runs::Point;
use crate::diagnosis::story::Event;
use crate::evidence::Told;
use crate::grammar::MarkKind;

impl<'e> Teller<'_, 'e> {
    /// A mark of the manager about one instance: it is told of that one's latest run, or of the one which that replaced.
    pub(super) fn of_instance(&mut self, event: &Event<'e>, mark: &'e Told, instance: u32) {
        let mut own =
            (0..self.chronicle.runs.len()).rev().filter(|&at| self.chronicle.runs[at].instance == Some(instance));
        let found = if mark.replaced { own.nth(1) } else { own.next() };
        match found {
            Some(at) => {
                self.at = at;
                self.mark(event, mark);
            }
            None if mark.kind == MarkKind::Start => {
                let point = self.point(event);
                let is_unclaimed = self.run().is_some_and(|run| run.start.is_none() && !run.is_over());
                if !is_unclaimed {
                    self.begin(point);
                }
                if let Some(run) = self.run() {
                    run.instance = Some(instance);
                }
                self.mark(event, mark);
            }
            // Of a run before the log began; nothing is replaced that was not seen.
            None if !mark.replaced => self.mark(event, mark),
            None => {}
        }
        self.at = self.chronicle.runs.len().saturating_sub(1);
    }

    /// Of several instances one is ready already: the word is another's, which has begun as well.
    pub(super) fn pass_ready_instances(&mut self, point: Point<'e>) {
        let is_told = self
            .run()
            .is_some_and(|run| run.instance.is_some() && run.ready.is_some_and(|ready| ready.part == point.part));
        let waits = |at: usize| self.chronicle.runs[at].ready.is_none();
        let other = point.time.filter(|_| is_told).and_then(|time| self.chronicle.beside(self.at, time, waits));
        self.at = other.unwrap_or(self.at);
    }
}
