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

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
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

fn xz(bytes: &[u8]) -> Vec<u8> {
    liblzma::encode_all(bytes, 3).expect("into memory")
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    bzip2.write_all(bytes).expect("into memory");
    bzip2.finish().expect("into memory")
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(bytes).expect("into memory");
    lz4.finish().expect("into memory")
}

/// A tar archive of these files.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mtime(1_770_000_000);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, *content).expect("into memory");
    }
    archive.into_inner().expect("into memory")
}

/// A zip archive of these files.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in files {
        archive.start_file(*path, zip::write::SimpleFileOptions::default()).expect("into memory");
        archive.write_all(content).expect("into memory");
    }
    archive.finish().expect("into memory").into_inner()
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
fn xz_of_many_streams() {
    check("thumbs.log.xz", &in_members(&corpus_file(LOG), xz));
}

#[test]
fn bzip2_of_many_streams() {
    check("thumbs.log.bz2", &in_members(&corpus_file(LOG), bzip2));
}

#[test]
fn lz4_of_many_frames() {
    check("thumbs.log.lz4", &in_members(&corpus_file(LOG), lz4));
}

#[test]
fn compression_of_something_compressed() {
    check("thumbs.log.gz.xz", &xz(&gzip(&utf16(&corpus_file(LOG), u16::to_le_bytes))));
}

/// An archive with the plain log tells what that tells, and passes over what is no log.
#[track_caller]
fn check_archive(name: &str, content: &[u8]) {
    let place = Place::new();
    place.file(name, content);
    let ran = run(&mut analyze(&place, name));
    assert_eq!(services(&ran, &format!("{name}/logs/thumbs.log")), plain());
    let problems = ran.json()["problems"].to_string();
    assert!(problems.contains(&format!("{name}/logs/core: skipped: a binary file, not a log")), "{problems}");
}

#[test]
fn archives() {
    let log = corpus_file(LOG);
    let files: [(&str, &[u8]); 2] =
        [("logs/core", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\n"), ("logs/thumbs.log", &log)];
    check_archive("logs.tar", &tar(&files));
    check_archive("logs.tar.gz", &gzip(&tar(&files)));
    check_archive("logs.tar.xz", &xz(&tar(&files)));
    check_archive("logs.zip", &zip(&files));
    check_archive("piled.tar", &[tar(&files[..1]), tar(&files[1..])].concat());
}

#[test]
fn compressed_members_of_an_archive() {
    let place = Place::new();
    place.file("logs.tgz", gzip(&tar(&[("thumbs.log.zst", &zstd(&corpus_file(LOG)))])));
    assert_eq!(services(&run(&mut analyze(&place, "logs.tgz")), "logs.tgz/thumbs.log.zst"), plain());
}

#[test]
fn members_that_are_chosen() {
    let place = Place::new();
    let log = corpus_file(LOG);
    place.file("all/logs.tar", tar(&[("a/thumbs.log", &log), ("b/other.log", b"2026-02-03T04:10:00Z ERROR no\n")]));
    place.file("all/other.log", "2026-02-03T04:10:00Z ERROR no\n");
    let ran = run(analyze(&place, "all").args(["--include", "logs.tar", "--exclude", "other.*"]));
    assert_eq!(services(&ran, "all/logs.tar/a/thumbs.log"), plain());
    let ran = run(analyze(&place, "all/logs.tar").args(["--include", "a/*.log"]));
    assert_eq!(services(&ran, "all/logs.tar/a/thumbs.log"), plain());
}

/// What a support bundle is: archives of hosts in an archive.
#[test]
fn archives_in_archives() {
    let log = corpus_file(LOG);
    let inner = tar(&[("./logs/thumbs.log", &log)]);
    let zipped = zip(&[("logs/thumbs.log", &log)]);
    let cases = [
        ("bundle.zip", zip(&[("web/a.tar.gz", &gzip(&inner))]), "bundle.zip/web/a.tar.gz/logs/thumbs.log"),
        ("bundle.tgz", gzip(&tar(&[("a.tar", &inner)])), "bundle.tgz/a.tar/logs/thumbs.log"),
        ("bundle.tar", tar(&[("a.zip", &zipped)]), "bundle.tar/a.zip/logs/thumbs.log"),
        ("bundle.zip", zip(&[("a.zip", &zipped)]), "bundle.zip/a.zip/logs/thumbs.log"),
        (
            "bundle.tar.xz",
            xz(&tar(&[("a.zip", &zip(&[("b.tar", &tar(&[("c.zip.zst", &zstd(&zipped))]))]))])),
            "bundle.tar.xz/a.zip/b.tar/c.zip.zst/logs/thumbs.log",
        ),
    ];
    for (name, content, path) in cases {
        let place = Place::new();
        place.file(name, content);
        assert_eq!(services(&run(&mut analyze(&place, name)), path), plain());
    }
}

#[test]
fn archives_from_a_pipe() {
    let inner = tar(&[("thumbs.log", &corpus_file(LOG))]);
    let ran = run_with_input(&mut analyze(&Place::new(), "-"), &zip(&[("a.tar.gz", &gzip(&inner))]));
    assert_eq!(services(&ran, "-/a.tar.gz/thumbs.log"), plain());
}

/// One path for two files: both are read, as they are on one level.
#[test]
fn paths_that_an_archive_has_twice() {
    let place = Place::new();
    let inner = tar(&[("a.log", b"2026-02-03T04:10:00Z ERROR no\n")]);
    let same = tar(&[("in.tar", &inner), ("in.tar/a.log", b"2026-02-03T04:10:00Z ERROR other\n"), ("in.tar", &inner)]);
    place.file("logs.tar", same);
    let ran = run(&mut analyze(&place, "logs.tar"));
    for path in ["logs.tar/in.tar/a.log", "logs.tar/in.tar/a.log (2)", "logs.tar/in.tar/a.log (3)"] {
        assert!(ran.json()["inputs"].to_string().contains(&format!("\"{path}\"")), "{path} is not in {ran:?}");
    }
}

#[test]
fn members_of_inner_archives_that_are_chosen() {
    let place = Place::new();
    let log = corpus_file(LOG);
    let other: &[u8] = b"2026-02-03T04:10:00Z ERROR no\n";
    let web = gzip(&tar(&[("logs/thumbs.log", &log), ("logs/other.txt", other)]));
    let db = tar(&[("logs/db.txt", other)]);
    place.file("all/bundle.zip", zip(&[("web.tar.gz", &web), ("db.tar", &db), ("note.txt", other)]));
    let choices: [&[&str]; 5] = [
        &["--include", "*.log"],
        &["--include", "web.tar.gz/logs/*.log"],
        &["--include", "web.tar.gz", "--exclude", "other.*"],
        &["--exclude", "*.txt"],
        &["--exclude", "db.tar", "--exclude", "other.*", "--exclude", "note.txt"],
    ];
    for choice in choices {
        let ran = run(analyze(&place, "all/bundle.zip").args(choice));
        assert_eq!(services(&ran, "all/bundle.zip/web.tar.gz/logs/thumbs.log"), plain());
        let inputs = ran.json()["inputs"].as_array().map(Vec::len);
        assert_eq!((inputs, ran.json()["problems"].to_string().as_str()), (Some(1), "[]"), "{choice:?}");
    }
}

#[test]
fn utf16_without_its_mark() {
    let marked = utf16(&corpus_file(LOG), u16::to_le_bytes);
    check("thumbs.log", &marked[2..]);
    let marked = utf16(&corpus_file(LOG), u16::to_be_bytes);
    check("thumbs.log", &marked[2..]);
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

/// What `>>` of PowerShell makes of a log: the file goes over to UTF-16, early or late, once or again and again.
#[test]
fn utf16_after_utf8() {
    let log = corpus_file(LOG);
    let wide = |text: &[u8]| utf16(text, u16::to_le_bytes)[2..].to_vec();
    let line_end = |at: usize| at + log[at..].iter().position(|&byte| byte == b'\n').expect("a line end") + 1;
    for at in [0, 1000, log.len() / 2, log.len() - 3000].map(line_end) {
        check("thumbs.log", &[&log[..at], &wide(&log[at..])].concat());
    }
    let (one, two) = (line_end(log.len() / 3), line_end(log.len() * 2 / 3));
    let mixed = [&log[..one], &wide(&log[one..two]), &log[two..]].concat();
    check("thumbs.log", &mixed);
    check("thumbs.log.gz", &gzip(&mixed));
    let place = Place::new();
    assert_eq!(services(&run_with_input(&mut analyze(&place, "-"), &mixed), "-"), plain());
    place.file("logs.zip", zip(&[("thumbs.log", &mixed)]));
    assert_eq!(services(&run(&mut analyze(&place, "logs.zip")), "logs.zip/thumbs.log"), plain());
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

/// The log as records of RFC 5424, one an entry; lines that go on from one before it belong to its record.
fn syslog() -> Vec<String> {
    let text = String::from_utf8(corpus_file(LOG)).expect("the corpora are UTF-8");
    let mut records: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(4, ' ');
        let (time, host, who, message) = (parts.next(), parts.next(), parts.next(), parts.next());
        match (time, host, who.and_then(|who| who.strip_suffix("]:")?.split_once('[')), message) {
            (Some(time), Some(host), Some((ident, pid)), Some(message)) if time.starts_with("2026-") => {
                records.push(format!("<30>1 {time} {host} {ident} {pid} - - {message}"));
            }
            _ => records.last_mut().into_iter().for_each(|last| *last += &format!("\n{line}")),
        }
    }
    records
}

/// From a socket: lengths and no line ends.
#[test]
fn syslog_with_lengths() {
    let records = syslog();
    let by_lines = records.join("\n");
    let counted =
        |records: &[String]| -> String { records.iter().map(|record| format!("{} {record}", record.len())).collect() };
    let whole = counted(&records);
    let cut = format!("{}{}", &whole[..whole.len() / 2], counted(&records[records.len() / 3..]));
    let place = Place::new();
    place.file("syslog", &by_lines);
    place.file("counted", &whole);
    place.file("counted.gz", gzip(whole.as_bytes()));
    place.file("cut", &cut);
    let expected = services(&run(&mut analyze(&place, "syslog")), "syslog");
    assert_eq!(expected[0]["restarts"], 4);
    for name in ["counted", "counted.gz"] {
        assert_eq!(services(&run(&mut analyze(&place, name)), name), expected);
    }
    assert_eq!(services(&run_with_input(&mut analyze(&place, "-"), whole.as_bytes()), "-"), expected);
    // Half of the log, and then two thirds: as many lines, but for the one that the cut is in.
    let lines = run(&mut analyze(&place, "cut")).json()["inputs"][0]["lines"].as_u64().expect("a number");
    let expected = whole[..whole.len() / 2].matches("<30>1 ").count() + records.len() - records.len() / 3;
    let more: usize = records.iter().map(|record| record.matches('\n').count()).sum();
    assert!((expected as u64..=(expected + 2 * more) as u64).contains(&lines), "{lines} lines, not {expected}");
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

/// The roots of an object log's incidents, as it stands and as Docker's json-file driver keeps it.
fn roots_in_docker(line: &str) -> [String; 2] {
    let roots = |log: String| {
        let place = Place::new();
        place.file("mill-json.log", log);
        let told = run(&mut analyze(&place, "mill-json.log")).json();
        let causes = told["services"][0]["incidents"][0]["causes"].as_array().into_iter().flatten();
        let named = causes.map(|cause| format!("{} {} {}\n", cause["role"], cause["id"], cause["runs"]));
        named.collect::<String>()
    };
    let mut plain = String::new();
    for second in 10..16 {
        let time = format!("2026-02-03T04:00:{second}.120Z");
        plain += &format!("{{\"level\":\"info\",\"ts\":\"{time}\",\"msg\":\"starting mill\",\"pid\":{second}}}\n");
        plain += &format!("{}\n", line.replace("TIME", &time));
    }
    let kept = plain.lines().map(|line| {
        let log = serde_json::Value::from(format!("{line}\n"));
        format!("{{\"log\":{log},\"stream\":\"stdout\",\"time\":\"2026-02-03T04:00:10.2Z\"}}\n")
    });
    [roots(kept.collect()), roots(plain)]
}

#[test]
fn errors_of_object_loggers_in_docker_logs() {
    for line in [
        r#"{"level":"fatal","ts":"TIME","msg":"sacks do not add up","sacks":"\"12\""}"#,
        r#"{"level":"error","ts":"TIME","msg":"sacks do not add up"}"#,
        r#"{"level":50,"time":"TIME","msg":"sacks do not add up"}"#,
    ] {
        let [kept, plain] = roots_in_docker(line);
        assert!(plain.contains("root"), "{line}: {plain}");
        assert_eq!(kept, plain, "{line}");
    }
}
