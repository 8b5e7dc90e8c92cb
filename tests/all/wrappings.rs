//! One log in many wrappings: compressed, piped, in UTF-16, it tells the same story as the plain file.

use crate::support::{Place, Ran, command, corpus_file, run, run_with_input};
use serde_json::Value;
use std::io::Write;
use std::process::Command;

const LOG: &str = "heap-oom/journal.log";

/// The services, with the one path of all evidence taken out.
#[track_caller]
fn services(ran: &Ran, path: &str) -> Value {
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let services = ran.json()["services"].to_string();
    assert!(services.contains(&format!("\"path\":\"{path}\"")), "no evidence of {path}: {services}");
    serde_json::from_str(&services.replace(&format!("\"path\":\"{path}\""), "\"path\":\"LOG\"")).expect("JSON")
}

fn analyze(place: &Place, path: &str) -> Command {
    command(place.path(), &["analyze", "--tz", "UTC", "--format", "json", path])
}

#[track_caller]
fn plain() -> Value {
    let place = Place::new();
    place.file("thumbs.log", corpus_file(LOG));
    let services = services(&run(&mut analyze(&place, "thumbs.log")), "thumbs.log");
    assert_eq!(services[0]["restarts"], 4);
    services
}

/// A file of this name and content tells what the plain log tells.
#[track_caller]
fn check(name: &str, content: &[u8]) {
    let place = Place::new();
    place.file(name, content);
    assert_eq!(services(&run(&mut analyze(&place, name)), name), plain());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).expect("into memory");
    gzip.finish().expect("into memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 0).expect("into memory")
}

/// As tools leave them that append to a compressed log: one member after the other, cut in the middle of a line.
fn in_members(bytes: &[u8], compress: fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    bytes.chunks(bytes.len() / 3 + 7).flat_map(compress).collect()
}

fn utf16(text: &[u8], order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let text = std::str::from_utf8(text).expect("the corpora are UTF-8");
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(order).collect()
}

#[test]
fn gzip_of_many_members() {
    check("thumbs.log.gz", &in_members(&corpus_file(LOG), gzip));
}

#[test]
fn zstd_of_many_frames() {
    check("thumbs.log.zst", &in_members(&corpus_file(LOG), zstd));
}

#[test]
fn compression_under_a_plain_name() {
    check("thumbs.log", &gzip(&corpus_file(LOG)));
}

#[test]
fn utf16_of_windows() {
    check("thumbs.log", &utf16(&corpus_file(LOG), u16::to_le_bytes));
}

#[test]
fn utf16_in_network_order() {
    check("thumbs.log", &utf16(&corpus_file(LOG), u16::to_be_bytes));
}

#[test]
fn utf8_with_a_mark() {
    check("thumbs.log", &[b"\xef\xbb\xbf".as_slice(), &corpus_file(LOG)].concat());
}

#[test]
fn line_ends_of_windows() {
    let text = String::from_utf8(corpus_file(LOG)).expect("the corpora are UTF-8");
    check("thumbs.log", text.replace('\n', "\r\n").as_bytes());
}

#[test]
fn standard_input() {
    for content in [corpus_file(LOG), gzip(&corpus_file(LOG)), utf16(&corpus_file(LOG), u16::to_le_bytes)] {
        assert_eq!(services(&run_with_input(&mut analyze(&Place::new(), "-"), &content), "-"), plain());
    }
}

#[test]
fn descriptors() {
    for path in ["/dev/stdin", "/dev/fd/0"] {
        let ran = run_with_input(&mut analyze(&Place::new(), path), &corpus_file(LOG));
        assert_eq!(services(&ran, path), plain());
    }
}
