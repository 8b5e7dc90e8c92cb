//! What is asked for and what is answered.

use super::desk::Desk;
use super::guard::{Guard, seal};
use super::stream;
use crate::live::metrics::{CONTENT_TYPE, metrics};
use crate::live::picture::Board;
use crate::report::json::json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE as TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// Streams at once.
pub const MAX_STREAMS: usize = 64;

const HTML: &str = include_str!("page.html");
const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");

/// What answers are made of.
pub struct Hall {
    guard: Guard,
    board: Arc<Board>,
    desk: watch::Receiver<Desk>,
    seats: Arc<Semaphore>,
}

impl Hall {
    /// With all streams' seats free.
    pub fn new(guard: Guard, board: Arc<Board>, desk: watch::Receiver<Desk>) -> Hall {
        Hall { guard, board, desk, seats: Arc::new(Semaphore::new(MAX_STREAMS)) }
    }
}

/// All routes, behind the guard.
pub fn router(hall: Hall) -> Router {
    let hall = Arc::new(hall);
    Router::new()
        .route("/", get(|| async { ([(TYPE, "text/html; charset=utf-8")], HTML) }))
        .route("/page.css", get(|| async { ([(TYPE, "text/css; charset=utf-8")], CSS) }))
        .route("/page.js", get(|| async { ([(TYPE, "text/javascript; charset=utf-8")], JS) }))
        .route("/metrics", get(numbers))
        .route("/diagnosis", get(diagnosis))
        .route("/healthz", get(health))
        .route("/events", get(events))
        .fallback(|| async { (StatusCode::NOT_FOUND, "Nothing is here.\n") })
        .layer(from_fn_with_state(Arc::clone(&hall), enter))
        .with_state(hall)
}

/// Everybody comes through here, whatever is asked for.
async fn enter(State(hall): State<Arc<Hall>>, request: Request, next: Next) -> Response {
    let mut response = match hall.guard.check(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            let mut response = (refusal.status(), refusal.text()).into_response();
            response.headers_mut().extend(refusal.header());
            response
        }
    };
    seal(response.headers_mut());
    response
}

async fn numbers(State(hall): State<Arc<Hall>>) -> impl IntoResponse {
    ([(TYPE, CONTENT_TYPE)], metrics(&hall.board.picture()))
}

async fn diagnosis(State(hall): State<Arc<Hall>>) -> Response {
    let mut out = Vec::new();
    match json(&hall.board.picture().diagnosis, &mut out) {
        Ok(()) => ([(TYPE, "application/json")], out).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

async fn health(State(hall): State<Arc<Hall>>) -> impl IntoResponse {
    if hall.desk.borrow().closed {
        (StatusCode::SERVICE_UNAVAILABLE, "The watcher has ended.\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

async fn events(State(hall): State<Arc<Hall>>, headers: HeaderMap) -> Response {
    let Ok(seat) = Arc::clone(&hall.seats).try_acquire_owned() else {
        let text = format!("{MAX_STREAMS} streams are open already.\n");
        return (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")], text).into_response();
    };
    let body: Body = stream::body(hall.desk.clone(), &headers, seat);
    // Proxies that gather answers before they pass them on would hold the stream up.
    ([(TYPE.as_str(), "text/event-stream"), ("x-accel-buffering", "no")], body).into_response()
}
