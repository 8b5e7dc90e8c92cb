//! What lies ready for everybody who looks: one thread takes it from the board, pages and streams take it from here.
//!
//! Nothing is queued for anybody. Each client knows how far it has come and takes what is newer; one that is slow finds the
//! newest picture and the events that have not fallen off yet, so it costs no more than one that is quick.

use crate::live::event::Event;
use crate::live::picture::{Board, Picture, Seen};
use crate::report::json::line;
use axum::body::Bytes;
use serde::Serialize;
use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// Something new is laid out no more often than this.
const PACE: Duration = Duration::from_millis(250);

/// Events that lie ready.
const MAX_EVENTS: usize = 1000;

/// What lies ready.
#[derive(Debug)]
pub struct Desk {
    /// Tells this server's events from those of one before it.
    pub session: u64,
    pub shot: Arc<Shot>,
    /// With their numbers, which grow by one, oldest first; each is a whole message of the stream.
    pub events: VecDeque<(u64, Bytes)>,
    /// Nothing more will come.
    pub closed: bool,
}

/// A picture and its message, which is written when somebody first wants it.
#[derive(Debug)]
pub struct Shot {
    pub generation: u64,
    picture: Arc<Picture>,
    message: OnceLock<Bytes>,
}

impl Shot {
    fn new(generation: u64, picture: Arc<Picture>) -> Arc<Shot> {
        Arc::new(Shot { generation, picture, message: OnceLock::new() })
    }

    /// A whole message of the stream, shared by all who send it.
    pub fn message(&self) -> Bytes {
        self.message.get_or_init(|| message("picture", None, &*self.picture)).clone()
    }
}

/// Empty where the value cannot be written, so that nobody is sent half of it.
fn message(name: &str, id: Option<&str>, value: &impl Serialize) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    // JSON on one line is one data field whatever it holds: line ends within are escaped.
    line(value).map(|json| format!("{id}event: {name}\ndata: {json}\n\n").into()).unwrap_or_default()
}

/// The thread that lays out what is new. What it lays out ends when the other end of `stop` is dropped.
pub fn lay_out(board: Arc<Board>, stop: Receiver<()>) -> io::Result<(watch::Receiver<Desk>, JoinHandle<()>)> {
    let session = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    let desk = Desk { session, shot: Shot::new(0, board.picture()), events: VecDeque::new(), closed: false };
    let (sender, receiver) = watch::channel(desk);
    let thread = thread::Builder::new().name("relapse-desk".into()).spawn(move || run(&board, &sender, &stop))?;
    Ok((receiver, thread))
}

fn run(board: &Board, desk: &watch::Sender<Desk>, stop: &Receiver<()>) {
    let mut seen = Seen::default();
    let mut stopped = false;
    loop {
        let news = board.wait(seen, if stopped { Duration::ZERO } else { PACE });
        if news.seen != seen || news.closed {
            let first = news.seen.events.saturating_sub(news.events.len() as u64) + 1;
            let session = desk.borrow().session;
            let events: Vec<_> =
                (first..).zip(&news.events).map(|(number, event)| (number, told(session, number, event))).collect();
            desk.send_modify(|desk| {
                if desk.shot.generation != news.seen.generation {
                    desk.shot = Shot::new(news.seen.generation, Arc::clone(&news.picture));
                }
                desk.events.extend(events);
                let over = desk.events.len().saturating_sub(MAX_EVENTS);
                desk.events.drain(..over);
                desk.closed = news.closed;
            });
            seen = news.seen;
        }
        if news.closed {
            // What was known stays to be seen; only the end of the other side wakes this.
            let _ = stop.recv();
            return;
        }
        if stopped {
            return;
        }
        // What was hung in the meantime, the end above all, is still laid out.
        stopped = stop.recv_timeout(PACE) != Err(RecvTimeoutError::Timeout);
    }
}

fn told(session: u64, number: u64, event: &Event) -> Bytes {
    message("event", Some(&format!("{session}-{number}")), event)
}
