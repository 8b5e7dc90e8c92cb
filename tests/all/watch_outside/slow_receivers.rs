//! Receivers that fail, hang or are not there: the watch is not slower for them, and ends in bounded time.

use super::receivers::{Manner, Server};
use super::{Watch, crash_loop, failed_run};
use crate::support::Place;
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Runs whose events are told: three lines and four events each.
const RUNS: u32 = 1500;
/// The watch gives receivers this long at its end.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a busy machine may take beside it.
const NOISE: Duration = Duration::from_secs(15);

struct Took {
    /// Until the last event was on standard output.
    events: Duration,
    /// From then on until the process had ended.
    end: Duration,
    errors: String,
}

/// Tells a watch a crash loop, then some thousand lines more, while it tells a receiver.
#[track_caller]
fn watch(url: Option<&str>) -> Took {
    let place = Place::new();
    let mut arguments = vec!["--format", "ndjson"];
    arguments.extend(url.iter().flat_map(|url| ["--webhook", url]));
    let mut watch = Watch::start(&place, &arguments);
    watch.write(&crash_loop(5));
    watch.wait_for("\"status\":\"firing\"");
    let lines: String = (0..RUNS).map(|run| failed_run(1.0, 1000 + run)).collect();
    let last = format!("\"line\":{},", 15 + RUNS * 3);
    let began = Instant::now();
    watch.write(&lines);
    watch.wait_for(&last);
    let events = began.elapsed();
    let began = Instant::now();
    assert_eq!(watch.end().code(), Some(0));
    let told = watch.objects("event").iter().filter(|event| event["what"] == "exit").count();
    assert_eq!(told, 5 + RUNS as usize);
    Took { events, end: began.elapsed(), errors: watch.errors.text() }
}

#[test]
fn events_do_not_wait_for_receivers() {
    let alone = watch(None);
    let failing = Server::start(Manner::Fails);
    let hanging = Server::start(Manner::Hangs);
    let absent = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let absent = format!("http://{absent}/");
    for (manner, url) in [("failing", &failing.url), ("hanging", &hanging.url), ("absent", &absent)] {
        let took = watch(Some(url));
        let most = alone.events * 3 + Duration::from_secs(2);
        assert!(took.events < most, "{manner}: {:?}, and {:?} without", took.events, alone.events);
        assert!(took.end < PATIENCE + alone.end + NOISE, "{manner}: {:?}, and {:?} without", took.end, alone.end);
        // Somebody must learn that nobody was told, and what is secret in the address is not told.
        assert!(took.errors.contains("webhook"), "{manner}: {:?}", took.errors);
        assert!(!took.errors.contains("s3cret"), "{manner}: {:?}", took.errors);
    }
    assert!(!failing.requests().is_empty() && !hanging.requests().is_empty());
}
