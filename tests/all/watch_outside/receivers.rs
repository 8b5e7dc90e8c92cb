//! Receivers of alerts: a real HTTP server, and a command.

use super::endpoints::diagnosis;
use super::{Watch, crash_loop, failed_run, ready_run, until};
use crate::support::Place;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Takes,
    /// 500, always.
    Fails,
    /// Never answers, and does not hang up.
    Hangs,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: String,
}

/// A server of HTTP on a port of its own. Its threads end with the tests.
pub struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    #[track_caller]
    pub fn start(manner: Manner) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook?key=s3cret", listener.local_addr().expect("its address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let to = Arc::clone(&to);
                std::thread::spawn(move || serve(stream, manner, &to));
            }
        });
        Server { url, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("nobody panicked").clone()
    }

    /// The bodies that came, as JSON.
    #[track_caller]
    pub fn bodies(&self) -> Vec<Value> {
        self.requests().iter().map(|request| serde_json::from_str(&request.body).expect("JSON")).collect()
    }
}

/// Answers the requests of one connection, until it is closed.
fn serve(stream: TcpStream, manner: Manner, to: &Mutex<Vec<Request>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let length = head
            .to_ascii_lowercase()
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        to.lock().ok()?.push(Request { head, body: String::from_utf8(body).ok()? });
        let answer = match manner {
            Manner::Takes => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            Manner::Fails => "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops",
            // Until the other side has had enough.
            Manner::Hangs => {
                let _ = reader.read_line(&mut String::new());
                return None;
            }
        };
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

#[test]
fn an_incident_is_told_once_when_it_begins_and_once_when_it_is_over() {
    let place = Place::new();
    let server = Server::start(Manner::Takes);
    let command = "cat >> told.json";
    let mut watch = Watch::start(
        &place,
        &["--webhook", &server.url, "--alert-exec", command, "--quiet-time", "1s", "--format", "ndjson"],
    );
    watch.write(&crash_loop(4));
    until("the alert", || (server.requests().len() == 1).then_some(()));
    // It goes on: this is no news for anybody.
    for pid in 900..903 {
        watch.write(&failed_run(0.5, pid));
        let restarts = u64::from(pid - 900 + 4);
        until("the failure in the verdict", || {
            let word = format!("\"line\":{}", restarts * 3 + 1);
            watch.output.text().contains(&word).then_some(())
        });
    }
    watch.write(&ready_run());
    until("the end of the alert", || (server.requests().len() == 2).then_some(()));
    let told = || std::fs::read_to_string(place.path().join("told.json")).unwrap_or_default();
    until("both by the command", || (told().lines().count() == 2).then_some(()));
    assert_eq!(watch.finish().code(), Some(0));

    let bodies = server.bodies();
    let [firing, resolved] = bodies.as_slice() else { panic!("{bodies:#?}") };
    assert_eq!((&firing["status"], &resolved["status"]), (&"firing".into(), &"resolved".into()));
    assert_eq!(firing["id"], resolved["id"]);
    assert_eq!(firing["service"], "payments");
    assert_eq!(firing["verdict"], "crash-loop");
    assert_eq!((&firing["restarts"], &resolved["restarts"]), (&3.into(), &6.into()));
    assert_eq!(firing["causes"][0]["id"], "node-module-not-found");
    let evidence = firing["causes"][0]["evidence"].as_str().expect("text");
    assert!(evidence.contains("Cannot find module './policy.js'"), "{evidence}");
    assert!(firing["last_lines"].as_array().expect("lines").len() > 3, "{firing}");
    assert!(firing["ends_at"].is_null() && resolved["ends_at"].is_string(), "{resolved}");

    let request = &server.requests()[0].head;
    let heads = request.to_ascii_lowercase();
    assert!(request.starts_with("POST /hook?key=s3cret HTTP/1.1\r\n"), "{request}");
    assert!(heads.contains("\r\ncontent-type: application/json"), "{request}");

    // The command got the same, and so did the output.
    let by_command: Vec<Value> =
        told().lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    assert_eq!(by_command, bodies);
    let alerts: Vec<Value> = watch.objects("alert").into_iter().map(|line| line["alert"].clone()).collect();
    assert_eq!(alerts, bodies);
}

/// One line that tells of a service that a manager waits long for.
fn at(seconds: i64, text: &str) -> String {
    let time: jiff::Timestamp = "2026-02-03T04:00:00Z".parse().expect("a time");
    format!("{} {text}\n", super::stamp(time + jiff::SignedDuration::from_secs(seconds)))
}

/// A service that stands longer still than the quiet time between its runs is not well when it starts again.
#[test]
fn a_long_wait_between_runs_is_no_quiet() {
    let place = Place::new();
    let mut watch = Watch::start(&place, &["--quiet-time", "5m", "--format", "ndjson", "--listen", "0"]);
    let address = watch.address();
    let stands = |state: &str, runs: i64| {
        until("the state in the diagnosis", || {
            let service = diagnosis(&address)["services"][0].clone();
            (service["state"] == state && service["runs"] == runs).then_some(())
        });
    };
    for run in 0..6 {
        let begin = run * 400;
        watch.write(&at(begin, "INFO spawned: 'payments' with pid 800"));
        watch.write(&at(begin + 5, "INFO [payments] server listening on 127.0.0.1:8080"));
        stands("ready", run + 1);
        watch.write(&at(begin + 25, "ERROR [payments] Error: Cannot find module './policy.js'"));
        watch.write(&at(begin + 26, "WARN exited: payments (exit status 1; not expected)"));
        stands("down", run + 1);
    }
    watch.end();
    let alerts = watch.objects("alert");
    let turns: Vec<&str> = alerts.iter().filter_map(|line| line["alert"]["status"].as_str()).collect();
    assert_eq!(turns, ["firing"]);
}

/// An old log that ends well long after its failures does not raise anybody.
#[test]
fn an_incident_that_was_over_long_ago_is_not_told() {
    let place = Place::new();
    let server = Server::start(Manner::Takes);
    let mut log = String::new();
    for run in 0..6 {
        log += &at(run * 10, "INFO spawned: 'payments' with pid 800");
        log += &at(run * 10 + 1, "ERROR [payments] Error: Cannot find module './policy.js'");
        log += &at(run * 10 + 2, "WARN exited: payments (exit status 1; not expected)");
    }
    log += &at(100, "INFO spawned: 'payments' with pid 801");
    log += &at(101, "INFO [payments] server listening on 127.0.0.1:8080");
    log += &at(4000, "INFO [payments] request served in 3 ms");
    place.file("payments.log", log);
    let mut watch = Watch::start(&place, &["payments.log", "--webhook", &server.url]);
    watch.wait_for("== payments: crash-loop; 6 restarts");
    assert_eq!(watch.finish().code(), Some(0));
    assert!(server.requests().is_empty(), "{:?}", server.requests());
    assert!(!watch.output.text().contains("!!"), "{}", watch.output.text());
}
