//! How soon `relapse watch` tells what a line means, and how many lines a second it takes:
//! `cargo bench --bench watch [-- [latency] [--scene NAME] [--seconds N] [--rate N] [--restarts N]
//! [throughput] [--lines N] [--rounds N] [--program FILE]]`.
//!
//! The program itself is measured, from a pipe (or a file) to the pipe it prints to. A throughput is only told when the
//! final diagnosis counts as many lines as were written.

#[path = "../live/mod.rs"]
#[allow(dead_code)]
mod live;

mod latency;
mod throughput;

fn main() {
    let wanted = |name: &str| std::env::args().any(|argument| argument == name);
    let all = !wanted("latency") && !wanted("throughput");
    if all || wanted("latency") {
        latency::measure();
    }
    if all || wanted("throughput") {
        throughput::measure();
    }
}
