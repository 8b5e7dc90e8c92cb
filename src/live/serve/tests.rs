//! The server as its clients see it, over plain sockets.

use super::{Server, routes};
use crate::live::event::Event;
use crate::live::picture::{Board, Picture, Traffic};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

fn start(token: Option<&str>) -> (Server, Arc<Board>) {
    let board = Arc::new(Board::default());
    let server = Server::start("127.0.0.1:0".parse().unwrap(), token.map(String::from), Arc::clone(&board)).unwrap();
    (server, board)
}

fn send(server: &Server, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn ask(server: &Server, method: &str, path: &str, headers: &str) -> Answer {
    let mut stream = send(server, &format!("{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"));
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Answer { status: head[9..12].parse().unwrap(), head: head.into(), body: body.into() }
}

fn get(server: &Server, path: &str) -> Answer {
    ask(server, "GET", path, "Host: localhost\r\n")
}

/// Reads a stream until it has said this.
fn read_until(stream: &mut TcpStream, read: &mut String, wanted: &str) {
    let mut buffer = [0; 4096];
    while !read.contains(wanted) {
        let n = stream.read(&mut buffer).unwrap_or_else(|error| panic!("{wanted}: {error} after {read}"));
        assert!(n > 0, "{wanted}: the stream ended after {read}");
        read.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
    }
}

fn stream_of(server: &Server, headers: &str) -> TcpStream {
    send(server, &format!("GET /events HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"))
}

fn event(text: &str) -> Arc<Event> {
    Arc::new(Event {
        kind: "event",
        what: "fault",
        time: None,
        service: None,
        path: "app.log".into(),
        line: 1,
        id: None,
        title: None,
        count: 1,
        text: text.into(),
    })
}

fn picture(lines: u64) -> Picture {
    Picture { traffic: Traffic { lines, ..Traffic::default() }, ..(*Board::default().picture()).clone() }
}

#[test]
fn each_route_answers() {
    let (server, board) = start(None);
    board.hang(picture(77));
    for (path, kind, part) in [
        ("/", "text/html; charset=utf-8", "page.js"),
        ("/page.css", "text/css; charset=utf-8", "prefers-color-scheme"),
        ("/page.js", "text/javascript; charset=utf-8", "textContent"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "relapse_lines_total 77\n"),
        ("/diagnosis", "application/json", "{\"schema\":\"relapse.diagnosis/1\""),
        ("/healthz", "text/plain; charset=utf-8", "ok\n"),
    ] {
        let answer = get(&server, path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{path}");
        assert!(answer.body.contains(part), "{path}: {}", answer.body);
        let head = ask(&server, "HEAD", path, "Host: localhost\r\n");
        assert_eq!((head.status, &*head.body), (200, ""), "{path}");
    }
    assert_eq!(get(&server, "/nothing").status, 404);
    server.stop();
}

#[test]
fn every_answer_tells_browsers_to_be_careful() {
    let (server, _board) = start(Some("secret"));
    let forbidden = ask(&server, "GET", "/", "Host: evil.example\r\n");
    for answer in [get(&server, "/healthz"), get(&server, "/"), get(&server, "/x?token=secret"), forbidden] {
        let csp = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                   base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        assert_eq!(answer.header("content-security-policy"), Some(csp));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    server.stop();
}

#[test]
fn the_page_puts_no_text_in_as_markup() {
    for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "setHTML", "eval(", "Function("] {
        assert!(!include_str!("page.js").contains(way), "{way}");
    }
    let html = include_str!("page.html").replace("http://www.w3.org/2000/svg", "");
    assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("http:"));
    assert_eq!(html.matches("<script").count(), 1);
}

#[test]
fn strangers_stay_outside() {
    let (server, _board) = start(None);
    for headers in ["Host: evil.example\r\n", "Host: 127.0.0.1.evil.example\r\n", "", "Host: a\r\nHost: localhost\r\n"]
    {
        let answer = ask(&server, "GET", "/diagnosis", headers);
        assert!([400, 403].contains(&answer.status), "{headers}: {}", answer.status);
        assert!(!answer.body.contains("schema"));
    }
    let post = ask(&server, "POST", "/", "Host: localhost\r\nContent-Length: 0\r\n");
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(ask(&server, "OPTIONS", "/events", "Host: localhost\r\n").status, 405);
    server.stop();
}

#[test]
fn a_token_is_asked_for() {
    let (server, _board) = start(Some("s3/cret"));
    for path in ["/", "/metrics", "/diagnosis", "/events", "/?token=wrong", "/nothing"] {
        let answer = get(&server, path);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{path}");
    }
    for path in ["/healthz", "/page.css", "/page.js", "/?token=s3%2Fcret", "/metrics?token=s3/cret"] {
        assert_eq!(get(&server, path).status, 200, "{path}");
    }
    let bearer =
        |token| ask(&server, "GET", "/metrics", &format!("Host: localhost\r\nAuthorization: {token}\r\n")).status;
    assert_eq!([bearer("Bearer s3/cret"), bearer("Bearer s3/cre"), bearer("Basic s3/cret")], [200, 401, 401]);
    server.stop();
}

#[test]
fn an_address_that_others_reach_needs_a_token() {
    let any = "0.0.0.0:0".parse().unwrap();
    let error = Server::start(any, None, Arc::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let server = Server::start(any, Some("t".into()), Arc::default()).unwrap();
    let address = server.address();
    // It is there at once, and an address that is taken is an error at once.
    assert!(TcpStream::connect(("127.0.0.1", address.port())).is_ok());
    assert_eq!(Server::start(address, Some("t".into()), Arc::default()).unwrap_err().kind(), ErrorKind::AddrInUse);
    server.stop();
}

#[test]
fn a_stream_tells_a_picture_and_then_what_is_new() {
    let (server, board) = start(None);
    board.tell(event("before"));
    let (mut stream, mut read) = (stream_of(&server, ""), String::new());
    read_until(&mut stream, &mut read, "before");
    assert!(read.contains("text/event-stream") && read.contains("content-security-policy"));
    let shot = read.find("event: picture\ndata: {\"at_ns\":0,").unwrap();
    assert!(shot < read.find("event: event\ndata: {").unwrap());
    board.tell(event("<b>\r\n\ndata: x\u{9b}"));
    read_until(&mut stream, &mut read, r#""text":"<b>\r\n\ndata: x\u009b"}"#);
    board.hang(picture(5));
    read_until(&mut stream, &mut read, "\"lines\":5,");
    board.close();
    read_until(&mut stream, &mut read, "event: end\n");
    assert_eq!(get(&server, "/healthz").status, 503);
    assert_eq!(get(&server, "/diagnosis").status, 200);
    server.stop();
}

#[test]
fn a_client_that_comes_back_gets_what_it_missed() {
    let (server, board) = start(None);
    for n in 0..300 {
        board.tell(event(&format!("number {n}.")));
    }
    // Once one client has the last, it lies ready for all.
    read_until(&mut stream_of(&server, ""), &mut String::new(), "number 299.");
    let (mut stream, mut read) = (stream_of(&server, ""), String::new());
    read_until(&mut stream, &mut read, "number 299.");
    assert!(read.contains("number 100.") && !read.contains("number 99."), "200 are enough");
    let ids: Vec<&str> = read.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids.len(), 200);
    let (mut stream, mut read) = (stream_of(&server, &format!("Last-Event-ID: {}\r\n", ids[197])), String::new());
    read_until(&mut stream, &mut read, "number 299.");
    assert!(read.contains("number 298.") && !read.contains("number 297."));
    let (mut stream, mut read) = (stream_of(&server, "Last-Event-ID: 1-299\r\n"), String::new());
    read_until(&mut stream, &mut read, "number 100.");
    server.stop();
}

#[test]
fn pictures_come_no_faster_than_they_can_be_seen() {
    let (server, board) = start(None);
    let mut stream = stream_of(&server, "");
    let begun = Instant::now();
    let mut n = 0;
    while begun.elapsed() < Duration::from_secs(1) {
        n += 1;
        board.hang(picture(n));
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut read = String::new();
    read_until(&mut stream, &mut read, &format!("\"lines\":{n},"));
    let pictures = read.matches("event: picture").count();
    assert!((2..=7).contains(&pictures), "{pictures}");
    server.stop();
}

#[test]
fn nobody_waits_for_a_client_that_never_reads() {
    let (server, board) = start(None);
    let deaf = stream_of(&server, "");
    let (mut stream, mut read) = (stream_of(&server, ""), String::new());
    let text = "x".repeat(500);
    for n in 0..30_000 {
        board.tell(event(&text));
        if n % 1000 == 0 {
            board.hang(picture(n));
        }
    }
    board.tell(event("the last"));
    read_until(&mut stream, &mut read, "the last");
    assert_eq!(get(&server, "/healthz").status, 200);
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    drop(deaf);
}

#[test]
fn there_is_an_end_to_streams() {
    let (server, _board) = start(None);
    let mut streams: Vec<TcpStream> = (0..routes::MAX_STREAMS).map(|_| stream_of(&server, "")).collect();
    for stream in &mut streams {
        read_until(stream, &mut String::new(), "event: picture");
    }
    let refused = get(&server, "/events");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    drop(streams.pop());
    // Its place is free as soon as the server has seen that it is gone.
    let begun = Instant::now();
    loop {
        let (mut stream, mut read) = (stream_of(&server, ""), String::new());
        read_until(&mut stream, &mut read, "\r\n\r\n");
        if read.starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(20));
    }
    server.stop();
}

#[test]
fn streams_end_with_the_server() {
    let (server, _board) = start(None);
    let (mut stream, mut read) = (stream_of(&server, ""), String::new());
    read_until(&mut stream, &mut read, "event: picture");
    let silent = TcpStream::connect(server.address()).unwrap();
    let address = server.address();
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
    stream.read_to_string(&mut read).unwrap();
    assert!(read.ends_with("\r\n0\r\n\r\n"), "an end that is told");
    assert!(TcpStream::connect(address).is_err());
    drop(silent);
}
