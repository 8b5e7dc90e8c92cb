//! A made-up picture for tests.

use crate::diagnosis::model::{Cause, Escalation, EvidenceLine, Finding, Incident, Service, State, Verdict};
use crate::diagnosis::model::{Moment, RestartsOverTime};
use crate::live::{Alarm, Board, Event, Picture, Status, Traffic};
use std::sync::Arc;

/// An event of the service `web`.
pub fn event(what: &'static str, line: u64, text: &str) -> Event {
    Event {
        kind: "event",
        what,
        time: Some(format!("2026-03-04T12:00:{:02}Z", line % 60)),
        service: Some("web".into()),
        path: "/var/log/web.log".into(),
        line,
        id: None,
        title: None,
        count: 1,
        text: text.into(),
    }
}

/// A cause of ten runs.
pub fn cause(id: &str, role: &str, title: &str) -> Cause {
    Cause {
        id: id.into(),
        title: title.into(),
        role: role.into(),
        phase: "init".into(),
        runs: 10,
        share: 0.83,
        first: Some("2026-03-04T12:00:00Z".into()),
        last: Some("2026-03-04T12:09:00Z".into()),
        masked: false,
        explains: Vec::new(),
        comes_of: None,
        confidence: 0.9,
        why: vec!["10 of 12 failed runs have it".into()],
        meaning: "Another process listens there already.".into(),
        fix: "Stop the other process.".into(),
        template: None,
        evidence: vec![EvidenceLine {
            path: "/var/log/web.log".into(),
            line: 42,
            time: Some("2026-03-04T12:00:00Z".into()),
            text: "bind: address already in use".into(),
        }],
    }
}

fn service(name: &str) -> Service {
    Service {
        service: name.into(),
        verdict: Verdict::CrashLoop,
        state: State::Down,
        escalation: Escalation::Incident,
        last: Some("2026-03-04T12:10:00Z".into()),
        runs: 13,
        restarts: 12,
        restarts_over_time: Some(RestartsOverTime {
            bucket_s: 60,
            first: "2026-03-04T12:00:00Z".into(),
            counts: vec![1, 2, 3, 0, 6],
        }),
        incidents: vec![Incident {
            verdict: Verdict::CrashLoop,
            ongoing: true,
            causes: vec![
                cause("net/address-in-use", "root", "Its address is taken"),
                cause("node/unhandled", "symptom", "An error that nobody caught"),
            ],
            ..Incident::default()
        }],
        findings: vec![Finding { id: "x".into(), text: "It has no backoff.".into(), fix: "Give it one.".into() }],
        timeline: vec![Moment { time: None, kind: "incident".into(), text: "It began.".into() }],
        ..Service::default()
    }
}

fn status(name: &str, verdict: Verdict, alarm: Alarm) -> Status {
    Status {
        service: name.into(),
        verdict,
        state: if alarm == Alarm::Calm { State::Ready } else { State::Down },
        escalation: if alarm == Alarm::Calm { Escalation::None } else { Escalation::Incident },
        signals: vec!["restarting".into()],
        alarm,
        since_ns: 1_772_625_600_000_000_000,
        runs: 13,
        restarts: 12,
        ready_runs: 1,
    }
}

/// Two services, of which one fails.
pub fn picture() -> Picture {
    let board = Board::default();
    let mut diagnosis = crate::diagnosis::Diagnosis::clone(&board.picture().diagnosis);
    diagnosis.verdict = Verdict::CrashLoop;
    diagnosis.services = vec![service("web"), Service { service: "db".into(), ..Service::default() }];
    Picture {
        at_ns: 1_772_626_200_000_000_000,
        diagnosis: Arc::new(diagnosis),
        statuses: vec![status("web", Verdict::CrashLoop, Alarm::Firing), status("db", Verdict::Healthy, Alarm::Calm)],
        traffic: Traffic { lines: 1234, bytes: 56_789, unread: 10, lag_s: 0.25, streams: 2, ..Traffic::default() },
    }
}
