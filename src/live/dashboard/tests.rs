//! Whole screens of a made-up picture.

use super::keys::Action;
use super::{paint, palette::Palette, places, sample, state::State};
use crate::live::{Board, Event};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;
use std::sync::Arc;
use std::time::Duration;

fn state(events: &[Event]) -> State {
    let board = Board::default();
    board.hang(sample::picture());
    for event in events {
        board.tell(Arc::new(event.clone()));
    }
    let mut state = State::default();
    state.take(board.wait(state.seen(), Duration::ZERO));
    state
}

fn drawn(state: &mut State, width: u16, height: u16, colour: bool) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| paint(frame.buffer_mut(), state, "12:00:00Z", Palette { colour })).unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let rows = buffer.content().chunks(usize::from(buffer.area.width).max(1));
    let row = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect::<String>();
    rows.map(|cells| format!("{}\n", row(cells).trim_end())).collect()
}

fn ask(state: &mut State, actions: &[Action], width: u16, height: u16) {
    for action in actions {
        let places = places(state, ratatui::layout::Rect::new(0, 0, width, height));
        state.apply(*action, &places);
        drawn(state, width, height, true);
    }
}

fn events() -> Vec<Event> {
    let fault = sample::event("fault", 3, "listen EADDRINUSE: address already in use :::3000");
    vec![
        sample::event("start", 1, "starting web"),
        Event { count: 12, ..sample::event("ready", 2, "listening") },
        Event { id: Some("net/address-in-use".into()), ..fault },
        sample::event("exit", 4, "exited with code 1"),
    ]
}

#[test]
fn a_common_screen() {
    let mut state = state(&events());
    insta::assert_snapshot!(text(&drawn(&mut state, 80, 24, true)), @r"
    relapse   CRASH-LOOP   1 of 2 services not healthy                     12:00:00Z
    1,234 lines  55.5 KiB  lag 0.25 s  unread 10 B  2 streams
    ┏ Services (1 of 2 firing) ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
    ┃VERDICT    SERVICE         ALARM    STATE     RESTARTS READY/RUNS ESCALATION  ┃
    ┃crash-loop web             firing   down            12       1/13 incident    ┃
    ┃healthy    db              calm     ready           12       1/13 none        ┃
    ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
    ┌ Causes of web ─────────────────────────────┐┌ Restarts all, by 1 min ────────┐
    │ # SHARE RUNS ROLE    CAUSE                 ││12 in all, peak 6, web          │
    │ 1   83%   10 root    Its address is taken …││        ██                      │
    │ 2   83%   10 symptom An error that nobody …││▃▃▅▅██  ██                      │
    │                                            ││12:00:00      12:11:00          │
    └────────────────────────────────────────────┘└────────────────────────────────┘
    ┌ Events (4), following ───────────────────────────────────────────────────────┐
    │12:00:01 start      web          starting web                                 │
    │12:00:02 ready      web          ×12 listening                                │
    │12:00:03 fault      web          [net/address-in-use] listen EADDRINUSE: addr…│
    │12:00:04 exit       web          exited with code 1                           │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    └──────────────────────────────────────────────────────────────────────────────┘
    q quit  ? help  Tab panel  Enter details  / filter  p pause  w window  t lines
    ");
}

#[test]
fn a_cause_in_detail() {
    let mut state = state(&events());
    ask(&mut state, &[Action::Focus(1), Action::Enter], 80, 24);
    insta::assert_snapshot!(text(&drawn(&mut state, 80, 24, true)), @r"
    relapse   CRASH-LOOP   1 of 2 services not healthy                     12:00:00Z
    1,234 lines  55.5 KiB  lag 0.25 s  unread 10 B  2 streams
    ┌ Services (1 of 2 firing) ────────────────────────────────────────────────────┐
    │V┏ Cause 1 of 2  (Esc closes) ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓ │
    │c┃cause       Its address is taken                                          ┃ │
    │h┃id          net/address-in-use                                            ┃ │
    └─┃role        root, init                                                    ┃─┘
    ┏ ┃runs        10 runs, 83 % of the incident's failed runs                   ┃─┐
    ┃ ┃confidence  90 %                                                          ┃ │
    ┃ ┃seen        2026-03-04T12:00:00Z to 2026-03-04T12:09:00Z                  ┃ │
    ┃ ┃meaning     Another process listens there already.                        ┃ │
    ┃ ┃because     10 of 12 failed runs have it                                  ┃ │
    ┗━┃do          Stop the other process.                                       ┃─┘
    ┌ ┃                                                                          ┃─┐
    │1┃Evidence                                                                  ┃ │
    │1┃/var/log/web.log:42                                                       ┃ │
    │1┃  bind: address already in use                                            ┃…│
    │1┃                                                                          ┃ │
    │ ┃                                                                          ┃ │
    │ ┃                                                                          ┃ │
    │ ┃                                                                          ┃ │
    │ ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛ │
    └──────────────────────────────────────────────────────────────────────────────┘
    q quit  ? help  Tab panel  Enter details  / filter  p pause  w window  t lines
    ");
}

#[test]
fn a_record_in_detail_is_told_in_full() {
    let mut state = state(&[Event { title: Some("Taken".into()), ..sample::event("fault", 3, &"word ".repeat(40)) }]);
    ask(&mut state, &[Action::Focus(-1), Action::Enter], 80, 24);
    let text = text(&drawn(&mut state, 80, 24, true));
    assert_eq!(text.matches("word").count(), 40, "{text}");
    for member in ["fault", "2026-03-04T12:00:03Z", "web", "/var/log/web.log:3", "Taken", "1 line"] {
        assert!(text.contains(member), "{member} in {text}");
    }
}

#[test]
fn log_text_cannot_command_the_terminal() {
    let hostile = "\x1b]0;title\x07\x1b[2J\u{9b}31m\u{202e}gnol\u{2066}\u{61c}\u{2028}\r\n\0";
    let mut event = sample::event("fault", 1, hostile);
    event.service = Some(hostile.into());
    event.path = hostile.into();
    event.id = Some(hostile.into());
    event.title = Some(hostile.into());
    event.time = Some(format!("2026-03-04T{hostile}"));
    let board = Board::default();
    let mut picture = sample::picture();
    let mut diagnosis = crate::diagnosis::Diagnosis::clone(&picture.diagnosis);
    for service in &mut diagnosis.services {
        service.service = hostile.into();
        service.manager = Some(hostile.into());
        for cause in service.incidents.iter_mut().flat_map(|incident| &mut incident.causes) {
            cause.title = hostile.into();
            cause.id.push_str(hostile);
            cause.role = hostile.into();
            cause.template = Some(hostile.into());
            cause.evidence[0].path = hostile.into();
            cause.evidence[0].text = hostile.into();
        }
    }
    for status in &mut picture.statuses {
        status.service = hostile.into();
        status.signals = vec![hostile.into()];
    }
    picture.diagnosis = Arc::new(diagnosis);
    board.hang(picture);
    board.tell(Arc::new(event));
    for panel in 0..4 {
        for sideways in [Action::Focus(0), Action::Lines, Action::Type('\u{202e}')] {
            let mut state = State::default();
            state.take(board.wait(state.seen(), Duration::ZERO));
            ask(&mut state, &[sideways, Action::Focus(panel), Action::Enter], 200, 40);
            let buffer = drawn(&mut state, 200, 40, true);
            let bad = |c: char| {
                c.is_control()
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}' | '\u{2028}')
            };
            assert!(buffer.content().iter().all(|cell| !cell.symbol().contains(bad)));
            assert!(text(&buffer).contains("\\u{1b}"));
        }
    }
}

#[test]
fn every_size_can_be_drawn() {
    let wide = [sample::event("fault", 1, &"日本語 ".repeat(60))];
    for (width, height) in [(0, 0), (1, 1), (2, 2), (20, 5), (5, 20), (30, 12), (79, 19), (300, 100), (500, 1)] {
        for turns in 0..4 {
            let mut state = state(&wide);
            let asked = [Action::Focus(turns), Action::Enter, Action::Help, Action::Last, Action::Back, Action::Alone];
            ask(&mut state, &asked, width, height);
            ask(&mut state, &[Action::Filter, Action::Type('x'), Action::Enter, Action::Pause], width, height);
            drawn(&mut State::default(), width, height, true);
        }
    }
}

#[test]
fn a_tiny_screen_shows_the_panel_with_the_focus() {
    let mut state = state(&events());
    ask(&mut state, &[Action::Focus(-1)], 20, 5);
    let text = text(&drawn(&mut state, 20, 5, true));
    assert!(text.contains("exit"), "{text}");
}

#[test]
fn without_colours_there_are_none() {
    let mut state = state(&events());
    for sheet in [Action::Back, Action::Enter, Action::Help] {
        ask(&mut state, &[sheet], 80, 24);
        let buffer = drawn(&mut state, 80, 24, false);
        assert!(buffer.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    }
    let buffer = drawn(&mut state, 80, 24, true);
    assert!(buffer.content().iter().any(|cell| cell.fg == Color::Red));
}

#[test]
fn a_pause_and_a_filter_are_told() {
    let mut state = state(&events());
    ask(&mut state, &[Action::Filter, Action::Type('e'), Action::Type('x')], 80, 24);
    let typing = text(&drawn(&mut state, 80, 24, true));
    assert!(typing.contains("filter: ex") && typing.contains("1 of 4 with \"ex\""), "{typing}");
    ask(&mut state, &[Action::Enter, Action::Pause, Action::Window(1)], 80, 24);
    let paused = text(&drawn(&mut state, 80, 24, true));
    assert!(paused.contains("PAUSED, 0 events since") && paused.contains("Restarts last 24 h, by 1 min"), "{paused}");
}
