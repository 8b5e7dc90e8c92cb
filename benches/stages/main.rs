//! Each stage of an analysis by itself, beside its limits (copying the bytes, counting their lines):
//! `cargo bench --bench stages`.
//!
//! `cargo bench --bench instructions` counts the same stages in instructions, which repeat themselves exactly.

#[path = "mod.rs"]
mod stages;

use divan::counter::BytesCount;
use stages::{Data, STAGES, Stage};

fn main() {
    divan::main();
}

fn names() -> impl Iterator<Item = &'static str> {
    STAGES.iter().map(|stage| stage.name)
}

#[divan::bench(args = names())]
fn stage(bencher: divan::Bencher, name: &str) {
    let Some(Stage { corpus, run, .. }) = STAGES.iter().find(|stage| stage.name == name) else { return };
    let data = Data::of(corpus);
    bencher.counter(BytesCount::of_slice(&data.text)).bench(|| run(&data));
}
