//! What is told of what was seen: events at once, and what each diagnosis changed.

use super::{News, Turns, Watch, is_due};
use crate::diagnosis::Diagnosis;
use crate::evidence::Problem;
use crate::live::alert::{Turn, rfc3339};
use crate::live::diagnoser::Diagnoser;
use crate::live::picture::{Picture, Status, Traffic};
use crate::live::{Alarm, Alert, Event, now_ns};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An event is diagnosed after so long, for others to come with it; lines that tell nothing after the second.
const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_secs(1);
/// A diagnosis may take this part of the time.
const SHARE: u32 = 3;
/// So many bytes that are there and not read are told.
const BEHIND: u64 = 16 << 20;

impl Watch<'_> {
    pub(super) fn note(&mut self, note: Problem) -> io::Result<()> {
        self.board.tell(Arc::new(event_of(&note)));
        self.listener.note(&note)
    }

    pub(super) fn tell(&mut self, events: Vec<Event>, turns: &mut Turns) -> io::Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        if turns.news.is_none_or(|(news, _)| news < News::Events) {
            turns.news = Some((News::Events, Instant::now()));
        }
        let events: Vec<Arc<Event>> = events.into_iter().map(Arc::new).collect();
        self.listener.events(&events)?;
        for event in events {
            self.board.tell(event);
        }
        Ok(())
    }

    /// Has it diagnosed what is known, if it is time.
    pub(super) fn ask(&mut self, turns: &mut Turns) -> io::Result<()> {
        let Some((news, since)) = turns.news else { return Ok(()) };
        let patience = match news {
            _ if turns.first => Duration::ZERO,
            News::Events => SOON,
            News::Lines => LATER,
        };
        let took = turns.diagnoser.took() * SHARE;
        if turns.diagnoser.is_busy()
            || since.elapsed() < patience
            || turns.asked_at.is_some_and(|at| at.elapsed() < took.max(SOON))
        {
            return Ok(());
        }
        turns.news = None;
        turns.first = false;
        turns.asked_at = Some(Instant::now());
        let evidence = self.streams.evidence();
        turns.diagnoser.ask(evidence, &self.streams.scanner);
        Ok(())
    }

    /// Hangs a diagnosis on the board, and tells what changed.
    pub(super) fn hang(&mut self, turns: &mut Turns, diagnosis: Diagnosis) -> io::Result<()> {
        let now = now_ns();
        let (mut statuses, changes) = self.alarms.look(&diagnosis, now);
        let diagnosis = Arc::new(diagnosis);
        for status in &statuses {
            let before = turns.statuses.get(&status.service);
            let service = diagnosis.services.iter().find(|service| service.service == status.service);
            if let Some(service) = service.filter(|_| before.is_none_or(|before| differs(status, before))) {
                self.listener.verdict(status, before, service)?;
            }
        }
        for change in changes {
            turns.has_fired |= change.turn == Turn::Firing;
            if let Some(service) = diagnosis.services.iter().find(|service| service.service == change.service) {
                let alert = Alert::of(&change, service, now, |paths| self.streams.last_lines(paths));
                let alert = Arc::new(alert);
                self.board.keep(Arc::clone(&alert));
                self.listener.alert(&alert)?;
            }
        }
        turns.statuses = statuses.iter().map(|status| (status.service.clone(), status.clone())).collect();
        statuses.sort_by_key(|status| (status.alarm == Alarm::Calm, std::cmp::Reverse(status.verdict)));
        turns.alerts_told = self.listener.alerts_told();
        let (alerts, alerts_failed) = turns.alerts_told;
        let (bytes, lines) = self.streams.volume();
        let unread = self.streams.follower.unread();
        if unread > BEHIND && is_due(&mut turns.behind_at) {
            let what = format!("behind: {} MiB of followed files are not read yet", unread >> 20);
            let help = "what is told is late by that much".into();
            self.note(Problem { path: "watch".into(), line: None, what, help, fault: false })?;
        }
        let traffic = Traffic {
            lines,
            bytes,
            unread,
            lag_s: turns.lag.as_secs_f64(),
            streams: self.streams.count() as u64,
            alerts,
            alerts_failed,
        };
        self.board.hang(Picture { at_ns: now, diagnosis, statuses, traffic });
        Ok(())
    }

    pub(super) fn last_diagnosis(&mut self, diagnoser: &Diagnoser) -> io::Result<Diagnosis> {
        if let Some(evidence) = self.streams.last_evidence().map_err(io::Error::other)? {
            return diagnoser.last(evidence, &self.streams.scanner);
        }
        let what = "evidence of long ago is not there any more; of it the final diagnosis has counts alone".into();
        let help = "name a folder with --state, and leave what is in it, to keep all".into();
        self.note(Problem { path: "--state".into(), line: None, what, help, fault: false })?;
        let diagnosis = self.streams.diagnosis(&self.question);
        Ok(self.streams.with_past(diagnosis))
    }
}

fn differs(a: &Status, b: &Status) -> bool {
    (a.verdict, a.escalation, a.alarm, &a.signals) != (b.verdict, b.escalation, b.alarm, &b.signals)
}

/// A note among the events.
fn event_of(note: &Problem) -> Event {
    let help = if note.help.is_empty() { String::new() } else { format!("; {}", note.help) };
    Event {
        kind: "event",
        what: "note",
        time: Some(rfc3339(now_ns())),
        service: None,
        path: note.path.clone(),
        line: note.line.unwrap_or(0),
        id: None,
        title: None,
        count: 1,
        text: format!("{}{help}", note.what),
    }
}
