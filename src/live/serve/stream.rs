//! Server-sent events: a picture and the latest events at once, then whatever is new.

use super::desk::Desk;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use futures_util::stream;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

/// A silent stream says something this often, so that a dead client is noticed and no proxy hangs up.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Events that a new client gets.
const LATEST: usize = 200;

/// How far a client has come.
struct Client {
    desk: watch::Receiver<Desk>,
    greeted: bool,
    generation: Option<u64>,
    /// The number of the last event it has; None before the first look.
    event: Option<u64>,
    told_end: bool,
    /// Given back when the stream is dropped.
    _seat: OwnedSemaphorePermit,
}

/// A stream that ends with the server.
pub fn body(desk: watch::Receiver<Desk>, headers: &HeaderMap, seat: OwnedSemaphorePermit) -> Body {
    let event = resumed(headers, desk.borrow().session);
    let client = Client { desk, greeted: false, generation: None, event, told_end: false, _seat: seat };
    Body::from_stream(stream::unfold(client, |mut client| async {
        let bytes = client.next().await?;
        Some((Ok::<_, Infallible>(bytes), client))
    }))
}

/// Where a client that lost its connection was, if it was this server's.
fn resumed(headers: &HeaderMap, session: u64) -> Option<u64> {
    let (of, event) = headers.get("last-event-id")?.to_str().ok()?.split_once('-')?;
    (of.parse() == Ok(session)).then(|| event.parse().ok())?
}

impl Client {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let bytes = self.news();
            if !bytes.is_empty() {
                return Some(bytes.into());
            }
            match timeout(KEEP_ALIVE, self.desk.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(Bytes::from_static(b": still here\n\n")),
            }
        }
    }

    /// All that this client has not got yet.
    fn news(&mut self) -> Vec<u8> {
        let desk = self.desk.borrow_and_update();
        let shot = (self.generation != Some(desk.shot.generation)).then(|| desk.shot.clone());
        let last = desk.events.back().map_or(0, |&(number, _)| number);
        // A number from beyond is nobody's; whoever asks from there is new.
        let after = self.event.filter(|&event| event <= last).unwrap_or(last.saturating_sub(LATEST as u64));
        let fresh = usize::try_from(last - after).unwrap_or(usize::MAX);
        let skip = desk.events.len().saturating_sub(fresh);
        let events: Vec<Bytes> = desk.events.iter().skip(skip).map(|(_, message)| message.clone()).collect();
        let end = desk.closed && !self.told_end;
        // What is written from here on is written without holding up the thread that lays out more.
        drop(desk);

        let mut out = Vec::new();
        if !self.greeted {
            out.extend_from_slice(b"retry: 2000\n\n");
        }
        if let Some(shot) = &shot {
            out.extend_from_slice(&shot.message());
            self.generation = Some(shot.generation);
        }
        for event in &events {
            out.extend_from_slice(event);
        }
        if end {
            out.extend_from_slice(b"event: end\ndata: {}\n\n");
            self.told_end = true;
        }
        self.greeted = true;
        self.event = Some(last);
        out
    }
}
