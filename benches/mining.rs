//! Mining templates, without reading or printing, beside counting the lines: `cargo bench --bench mining [-- FILE]`.
//!
//! FILE has one message a line; without one, messages are made. On one core.

#[path = "stages/timing.rs"]
mod timing;

use relapse::template::miner::Miner;
use std::hint::black_box;
use timing::{median, timed};

const LINES: usize = 600_000;
const ROUNDS: usize = 7;

fn main() {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let text = match named {
        Some(path) => std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}")),
        None => messages(),
    };
    let (mut count, mut mine) = (Vec::new(), Vec::new());
    let (mut lines, mut templates) = (0, 0);
    for _ in 0..ROUNDS {
        count.push(timed(|| lines = memchr::memchr_iter(b'\n', black_box(&text)).count()));
        mine.push(timed(|| {
            let mut miner = Miner::default();
            black_box(&text).split(|byte| *byte == b'\n').for_each(|line| miner.add(line));
            templates = black_box(miner.finish()).templates.len();
        }));
    }
    let (count, mine) = (median(count), median(mine));
    println!("| lines | templates | million lines a second | ns a line | times counting |");
    println!("| --- | --- | --- | --- | --- |");
    println!(
        "| {lines} | {templates} | {:.2} | {:.0} | {:.1} |",
        lines as f64 / mine.as_secs_f64() / 1e6,
        mine.as_nanos() as f64 / lines as f64,
        mine.as_secs_f64() / count.as_secs_f64()
    );
}

/// Messages of many kinds, no two of them with the same numbers.
fn messages() -> Vec<u8> {
    let kinds = [
        "Failed password for NAME from 10.N.N.N port N ssh2",
        "worker N lost its connection to shard-N.db.internal:N after N ms, giving up (attempt N of 5)",
        "[instance: XX-N-N-XX] Took N.N seconds to build instance.",
        "Notification time out: N",
        "POST /v2/XX/servers/N?page=N HTTP/1.1 status: N len: N time: 0.N",
        "task N.0 in stage N.0 (TID N, node-N, executor N, partition N, PROCESS_LOCAL, N bytes)",
        "closed session for user NAME",
        "java.io.IOException: cannot open channel to N at election address /10.N.N.N:N",
    ];
    let names = ["root", "admin", "deploy", "backup", "git", "ftp", "oracle", "www"];
    let mut state = 0x5eed_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut text = String::new();
    for _ in 0..LINES {
        let mut rest = kinds[random() % kinds.len()];
        while let Some(at) = rest.find(['N', 'X']) {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(after) = rest.strip_prefix("NAME") {
                text.push_str(names[random() % names.len()]);
                rest = after;
            } else if let Some(after) = rest.strip_prefix("XX") {
                text.push_str(&format!("{:08x}", random()));
                rest = after;
            } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
                text.push_str(&rest[..1]);
                rest = &rest[1..];
            } else {
                text.push_str(&(random() % 250).to_string());
                rest = &rest[1..];
            }
        }
        text.push_str(rest);
        text.push('\n');
    }
    text.into_bytes()
}
