//! Delivery to real receivers: commands, and servers on the loopback that behave as badly as servers do.

use super::*;
use crate::diagnosis::Verdict;
use crate::diagnosis::model::{Escalation, State};
use crate::live::AlertCause;
use crate::live::alert::Turn;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// Longer than anything takes on a machine that has other things to do.
const LONG: Duration = Duration::from_secs(30);

pub(super) fn alert(id: &str, status: Turn) -> Arc<Alert> {
    Arc::new(Alert {
        id: id.into(),
        status,
        service: format!("service-{id}"),
        verdict: Verdict::CrashLoop,
        state: State::Down,
        escalation: Escalation::Incident,
        signals: vec!["crash-loop".into()],
        summary: "It ends 3 s after each start.".into(),
        starts_at: "2026-03-01T11:00:00Z".into(),
        ends_at: (status == Turn::Resolved).then(|| "2026-03-01T11:30:00Z".into()),
        restarts: 7,
        causes: Vec::new(),
        last_lines: Vec::new(),
    })
}

/// One whose every text tries something.
pub(super) fn hostile() -> Alert {
    let mut alert = (*alert("7", Turn::Firing)).clone();
    alert.service = "pay<!channel>`ments\u{202e}".into();
    alert.summary = "<!here> & <https://evil.example|click>\nsecond \u{1b}[31mline".into();
    alert.causes = vec![AlertCause {
        id: "oom".into(),
        title: "Out of `memory` <@U123>".into(),
        runs: 5,
        fix: "Raise the limit & restart".into(),
        evidence: "app.log:7: `killed` </b>".into(),
    }];
    alert.last_lines = vec!["first ``` *bold*".into(), "{\"a\": \"<b>\\n\"}".into(), "last\0".into()];
    alert
}

/// Times as short as they may be on a slow machine.
fn quick() -> Options {
    Options {
        connect: LONG,
        request: LONG,
        exec: LONG,
        backoff: Duration::from_millis(2),
        most_backoff: Duration::from_millis(20),
        age: LONG,
        resend: LONG,
        rate: 10_000,
        ..Options::default()
    }
}

#[derive(Debug)]
struct Request {
    head: String,
    body: String,
}

/// A server that answers its n-th request with what `answer` says, and hands all of them out.
struct Server {
    at: SocketAddr,
    requests: crossbeam_channel::Receiver<Request>,
}

impl Server {
    /// No answer means that it hangs.
    fn start(answer: impl Fn(usize) -> Option<&'static str> + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let (seen, requests) = crossbeam_channel::unbounded();
        thread::spawn(move || {
            let mut hanging = Vec::new();
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&stream) else { continue };
                let answer = answer(number);
                let _ = seen.send(request);
                match answer {
                    Some(head) => {
                        let _ = write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
                    }
                    None => hanging.push(stream),
                }
            }
        });
        Server { at, requests }
    }

    fn url(&self) -> String {
        format!("http://{}/hook", self.at)
    }

    fn receiver(&self, shape: Shape) -> Vec<Receiver> {
        vec![webhook(&self.url(), shape).unwrap()]
    }

    fn next(&self) -> Request {
        self.requests.recv_timeout(LONG).expect("no request came")
    }

    /// The alerts of the requests so far, in their order.
    fn alerts(&self) -> Vec<String> {
        let told = |request: Request| serde_json::from_str::<Alert>(&request.body).unwrap();
        self.requests.try_iter().map(told).map(|alert| format!("{} {}", alert.id, alert.status.word())).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length?];
    reader.read_exact(&mut body).ok()?;
    Some(Request { head, body: String::from_utf8(body).ok()? })
}

fn until(so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < LONG, "waited in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_webhook_gets_the_alert() {
    let server = Server::start(|_| Some("200 OK"));
    let url = format!("http://me:p%40ss@{}/hook?key=1", server.at);
    let deliverer = Deliverer::start(vec![webhook(&url, Shape::Json).unwrap()], quick());
    deliverer.tell(alert("a", Turn::Firing));
    let request = server.next();
    assert_eq!(serde_json::from_str::<Alert>(&request.body).unwrap(), *alert("a", Turn::Firing));
    let head = request.head.to_lowercase();
    assert!(head.starts_with("post /hook?key=1 http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    assert!(request.head.contains("Basic bWU6cEBzcw=="), "{head}");
    assert_eq!(deliverer.finish(LONG), Ending { told: 1, failed: 0, notes: vec![] });
}

#[test]
fn what_fails_is_tried_again_in_order() {
    let answers = ["500 Oh", "503 No\r\nRetry-After: 0", "200 OK", "429 Slow"];
    let server = Server::start(move |n| Some(answers.get(n).copied().unwrap_or("200 OK")));
    let deliverer = Deliverer::start(server.receiver(Shape::Json), quick());
    for turn in [Turn::Firing, Turn::Resolved] {
        deliverer.tell(alert("a", turn));
    }
    until(|| deliverer.told() == 2);
    assert_eq!(server.alerts(), ["a firing", "a firing", "a firing", "a resolved", "a resolved"]);
    let notes = deliverer.take_notes();
    let name = format!("Alerts: webhook http://{}/…", server.at);
    assert_eq!(notes[0], format!("{name} answered 500 Internal Server Error and will be tried again."));
    assert_eq!(notes[1], format!("{name} can be told again."));
    assert_eq!(deliverer.failed(), 0);
}

#[test]
fn what_it_refuses_is_not_tried_again() {
    let server = Server::start(|n| Some(if n == 0 { "400 Bad" } else { "307 Go\r\nLocation: http://127.0.0.1:9/" }));
    let deliverer = Deliverer::start(server.receiver(Shape::Json), quick());
    deliverer.tell(alert("a", Turn::Firing));
    deliverer.tell(alert("b", Turn::Firing));
    let ending = deliverer.finish(LONG);
    assert_eq!((ending.told, ending.failed, server.alerts().len()), (0, 2, 2));
    let name = format!("Alerts: webhook http://{}/… is not told that", server.at);
    assert_eq!(
        ending.notes,
        [
            format!("{name} service-a is failing (crash-loop): it answered 400 Bad Request (ok)."),
            format!(
                "{name} service-b is failing (crash-loop): \
                 it answered 307 Temporary Redirect, a redirect, which is not followed."
            ),
        ]
    );
}

#[test]
fn one_that_cannot_be_reached_is_given_up() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let receivers = vec![webhook(&format!("http://{nobody}/secret"), Shape::Slack).unwrap()];
    let deliverer = Deliverer::start(receivers, Options { attempts: 3, ..quick() });
    deliverer.tell(alert("a", Turn::Firing));
    until(|| deliverer.failed() == 1);
    let notes = deliverer.take_notes();
    assert_eq!(notes.len(), 2);
    assert!(notes[0].contains("could not be reached: "), "{notes:?}");
    assert!(notes[1].ends_with("and was given up after 3 attempts."), "{notes:?}");
    assert!(!notes.concat().contains("secret"));
}

#[test]
fn one_that_speaks_no_tls_is_not_told() {
    let server = Server::start(|_| Some("200 OK"));
    let receivers = vec![webhook(&format!("https://{}/secret", server.at), Shape::Json).unwrap()];
    let deliverer = Deliverer::start(receivers, Options { attempts: 1, ..quick() });
    deliverer.tell(alert("a", Turn::Firing));
    until(|| deliverer.failed() == 1);
    let notes = deliverer.take_notes();
    assert!(notes[0].contains("could not be reached") && notes[0].ends_with("given up after 1 attempt."), "{notes:?}");
}

#[test]
fn one_without_a_thread_is_told_nothing() {
    let ledger = Arc::new(Ledger::default());
    let lane = Lane::new(Receiver::Exec("true".into()), quick(), Arc::clone(&ledger));
    lane.await_end(Instant::now());
    lane.push(alert("a", Turn::Firing));
    lane.await_end(Instant::now() + LONG);
    assert_eq!(ledger.failed.load(Ordering::Relaxed), 1);
}

#[test]
fn one_that_hangs_holds_up_nobody() {
    let hangs = Server::start(|_| None);
    let works = Server::start(|_| Some("204 No Content"));
    let receivers = [hangs.receiver(Shape::Json), works.receiver(Shape::Json)].concat();
    let deliverer = Deliverer::start(receivers, quick());
    let began = Instant::now();
    for n in 0..40 {
        deliverer.tell(alert(&n.to_string(), Turn::Firing));
    }
    assert!(began.elapsed() < LONG / 2, "to tell does not wait");
    until(|| deliverer.told() == 40);
    hangs.next();
    let began = Instant::now();
    let ending = deliverer.finish(Duration::from_millis(50));
    assert!(began.elapsed() < LONG / 2, "to finish does not wait for it");
    assert_eq!((ending.told, ending.failed), (40, 40));
    assert_eq!(ending.notes, [format!("Alerts: webhook http://{}/… was not told 40 alerts before the end.", hangs.at)]);
}

#[test]
fn one_that_hangs_is_broken_off_and_tried_again() {
    let server = Server::start(|n| if n == 0 { None } else { Some("200 OK") });
    let deliverer =
        Deliverer::start(server.receiver(Shape::Json), Options { request: Duration::from_millis(500), ..quick() });
    deliverer.tell(alert("a", Turn::Firing));
    until(|| deliverer.told() == 1);
    assert!(deliverer.take_notes()[0].ends_with("did not answer in time and will be tried again."));
}

#[test]
fn a_full_queue_loses_the_oldest_and_says_so() {
    let server = Server::start(|_| None);
    let deliverer = Deliverer::start(server.receiver(Shape::Json), Options { queue: 2, ..quick() });
    deliverer.tell(alert("a", Turn::Firing));
    server.next();
    for id in ["b", "c", "d"] {
        deliverer.tell(alert(id, Turn::Firing));
    }
    deliverer.tell(alert("d", Turn::Resolved));
    assert_eq!(deliverer.failed(), 3);
    let notes = deliverer.take_notes();
    assert!(notes[0].contains("is not told that service-b is failing (crash-loop): too many"), "{notes:?}");
    assert!(notes[1].contains("is not told that service-d is failing (crash-loop) and that it is over"), "{notes:?}");
}

#[test]
fn what_is_told_too_fast_waits() {
    let server = Server::start(|_| Some("200 OK"));
    let window = Duration::from_millis(300);
    let deliverer = Deliverer::start(server.receiver(Shape::Json), Options { rate: 2, rate_window: window, ..quick() });
    let began = Instant::now();
    for id in ["a", "b", "c", "d", "e"] {
        deliverer.tell(alert(id, Turn::Firing));
    }
    until(|| deliverer.told() == 5);
    assert!(began.elapsed() >= window * 2);
    assert_eq!(server.alerts(), ["a firing", "b firing", "c firing", "d firing", "e firing"]);
}

#[test]
fn what_is_held_back_is_told_at_the_end() {
    let server = Server::start(|n| Some(if n < 2 { "500 Oh" } else { "200 OK" }));
    let slow = Options { rate: 1, rate_window: LONG * 10, backoff: LONG, most_backoff: LONG, age: LONG * 9, ..quick() };
    let deliverer = Deliverer::start(server.receiver(Shape::Json), Options { rate: 2, ..slow });
    for id in ["a", "b", "c"] {
        deliverer.tell(alert(id, Turn::Firing));
    }
    server.next();
    server.next();
    let ending = deliverer.finish(LONG);
    assert_eq!((ending.told, ending.failed), (3, 0));
}

#[test]
fn an_end_does_not_wait_for_what_asked_to_be_left_alone() {
    let server = Server::start(|_| Some("429 Slow\r\nRetry-After: 100"));
    let deliverer = Deliverer::start(server.receiver(Shape::Json), Options { age: LONG * 9, ..quick() });
    deliverer.tell(alert("a", Turn::Firing));
    until(|| !deliverer.ledger.notes().0.is_empty());
    let began = Instant::now();
    assert_eq!(deliverer.finish(LONG).failed, 1);
    assert!(began.elapsed() < LONG / 2);
    assert_eq!(server.alerts().len(), 1);
}

#[test]
fn alertmanager_is_told_again_what_fires() {
    let server = Server::start(|_| Some("200 OK"));
    let receivers = vec![webhook(&format!("http://{}", server.at), Shape::Alertmanager).unwrap()];
    let deliverer = Deliverer::start(receivers, Options { resend: Duration::from_millis(30), ..quick() });
    deliverer.tell(alert("a", Turn::Firing));
    deliverer.tell(alert("b", Turn::Firing));
    let mut again = 0;
    while again < 2 {
        let request = server.next();
        assert!(request.head.starts_with("POST /api/v2/alerts HTTP/1.1"), "{}", request.head);
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let both = body.as_array().unwrap().len() == 2;
        assert!(body[0].get("endsAt").is_none() && body[0]["labels"]["incident"] == "a" || !both);
        again += usize::from(both);
    }
    deliverer.tell(alert("a", Turn::Resolved));
    deliverer.tell(alert("b", Turn::Resolved));
    until(|| deliverer.told() == 4);
    let last = server.requests.try_iter().last().unwrap();
    assert!(last.body.contains("endsAt"));
    assert!(server.requests.recv_timeout(Duration::from_millis(150)).is_err(), "it is over, and told no more");
}

#[cfg(unix)]
#[test]
fn commands_are_told_and_their_failures_noted() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let receivers =
        vec![Receiver::Exec(format!("cat >> {}", out.display())), Receiver::Exec("TOKEN=secret false".into())];
    let deliverer = Deliverer::start(receivers, quick());
    deliverer.tell(alert("a", Turn::Firing));
    deliverer.tell(alert("a", Turn::Resolved));
    let ending = deliverer.finish(LONG);
    assert_eq!((ending.told, ending.failed), (2, 2));
    assert_eq!(
        ending.notes[0],
        "Alerts: command is not told that service-a is failing (crash-loop): it ended with status 1."
    );
    let text = std::fs::read_to_string(out).unwrap();
    let told: Vec<Alert> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told, [(*alert("a", Turn::Firing)).clone(), (*alert("a", Turn::Resolved)).clone()]);
}

#[cfg(unix)]
#[test]
fn a_command_that_hangs_is_killed_at_the_end() {
    let deliverer = Deliverer::start(vec![Receiver::Exec("exec sleep 300".into())], quick());
    deliverer.tell(alert("a", Turn::Firing));
    let began = Instant::now();
    let ending = deliverer.finish(Duration::from_millis(50));
    assert!(began.elapsed() < LONG / 2);
    assert_eq!((ending.told, ending.failed), (0, 1));
}
