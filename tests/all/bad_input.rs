//! Whatever is wrong with an input, one clear line names it, the exit status tells how bad it is, the rest is analyzed,
//! and `--format json` still prints one object that keeps the contract.

use crate::schema::contract;
use crate::support::{Place, Ran, command, corpus_file, run, run_with_input};
use crate::wrappings::{gzip, tar, zip};
use relapse::input::PlainFile;
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// A folder with `good.log`, which tells of a flapping service.
fn place() -> Place {
    let place = Place::new();
    place.file("good.log", corpus_file("heap-oom/journal.log"));
    place
}

/// Analyzes paths, as text and as JSON, and looks for `told` (`PATH: WHAT…`) where it must stand: in the object, in the
/// report, and on standard error alone when it is a fault. Gives the object.
#[track_caller]
fn check(place: &Place, paths: &[&str], status: i32, told: &str) -> Value {
    check_with(|arguments| run(&mut command(place.path(), arguments)), paths, status, told)
}

#[track_caller]
fn check_with(relapse: impl Fn(&[&str]) -> Ran, paths: &[&str], status: i32, told: &str) -> Value {
    let text = relapse(&[&["analyze", "--tz", "UTC"], paths].concat());
    assert_eq!(text.status, status, "{text:?}");
    check_stderr(&text, told);
    let (path, what) = told.split_once(": ").expect("told names the path");
    assert!(text.stdout.contains(path) && text.stdout.contains(what), "the report is silent on {told}: {text:?}");

    let json = relapse(&[&["analyze", "--tz", "UTC", "--format", "json"], paths].concat());
    assert_eq!(json.status, status, "{json:?}");
    check_stderr(&json, told);
    let object = contract(&json);
    assert!(all_problems(&object).iter().any(|problem| problem.starts_with(told)), "{told} is not in {object}");
    assert_eq!(object["complete"], status == 0);
    if paths.contains(&"good.log") {
        let services = object["services"].as_array().into_iter().flatten();
        assert_eq!(services.filter(|service| service["service"] == "thumbs").count(), 1, "the rest is analyzed");
    }
    object
}

/// Faults, and nothing else, have one line on standard error.
#[track_caller]
fn check_stderr(ran: &Ran, told: &str) {
    match ran.status {
        0 => assert_eq!(ran.stderr, ""),
        _ => {
            assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
            assert!(ran.stderr.starts_with(&format!("relapse: {told}")), "{ran:?}");
        }
    }
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn all_problems(object: &Value) -> Vec<String> {
    let of_inputs = object["inputs"].as_array().into_iter().flatten().flat_map(|input| {
        strings(&input["problems"]).map(|what| format!("{}: {what}", input["path"].as_str().unwrap_or_default()))
    });
    strings(&object["problems"]).map(Into::into).chain(of_inputs).collect()
}

#[test]
fn a_missing_file() {
    check(&place(), &["missing.log"], 2, "missing.log: no such file or folder; check the path");
    check(&place(), &["missing.log", "good.log"], 1, "missing.log: no such file or folder; check the path");
}

/// `good.log.1` begins like `good.log`, which is read.
#[test]
fn a_missing_file_of_a_set() {
    check(&place(), &["good.log", "good.log.1"], 1, "good.log.1: no such file or folder");
}

/// Whatever user the tests run as, relapse runs as one who may not read everything.
fn as_nobody(place: &Place, arguments: &[&str]) -> Ran {
    const NOBODY: u32 = 65_534;
    let root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    if !root {
        return run(&mut command(place.path(), arguments));
    }
    // Nobody may not reach the build's folder. Another process writes the copy: what a test beside this one forks just
    // then would inherit the file while it is open for writing, and such a file cannot be executed ("Text file busy").
    let binary = place.path().join("relapse");
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_relapse")).arg(&binary).status();
    assert!(copied.is_ok_and(|status| status.success()), "a copy of the binary");
    fs::set_permissions(&binary, PermissionsExt::from_mode(0o755)).expect("permissions");
    fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).expect("permissions");
    run(Command::new(binary).args(arguments).current_dir(place.path()).uid(NOBODY).gid(NOBODY))
}

#[test]
fn an_unreadable_file() {
    let place = place();
    let secret = place.file("secret.log", "text\n");
    fs::set_permissions(secret, PermissionsExt::from_mode(0o000)).expect("permissions");
    let check = |paths: &[&str], status| {
        check_with(|arguments| as_nobody(&place, arguments), paths, status, "secret.log: not readable by this user");
    };
    check(&["secret.log"], 2);
    check(&["secret.log", "good.log"], 1);
}

#[test]
fn an_unreadable_folder() {
    let place = place();
    place.file("logs/secret/a.log", "text\n");
    place.file("logs/b.log", "text\n");
    let secret = place.path().join("logs/secret");
    fs::set_permissions(&secret, PermissionsExt::from_mode(0o000)).expect("permissions");
    let check = |paths: &[&str], status| {
        check_with(|arguments| as_nobody(&place, arguments), paths, status, "logs/secret: not readable by this user");
    };
    check(&["logs/secret"], 2);
    check(&["logs/secret", "good.log"], 1);
    let noted = "logs/secret: skipped: not readable by this user";
    check_with(|arguments| as_nobody(&place, arguments), &["logs"], 0, noted);
    fs::set_permissions(&secret, PermissionsExt::from_mode(0o755)).expect("permissions");
}

#[test]
fn a_folder_without_logs() {
    let place = place();
    fs::create_dir(place.path().join("none")).expect("a folder");
    check(&place, &["none"], 2, "none: no log in this folder");
    check(&place, &["none", "good.log"], 1, "none: no log in this folder");
}

#[test]
fn a_folder_of_binaries() {
    let place = place();
    place.file("bin/a", BINARY);
    check(&place, &["bin"], 2, "bin: no log in this folder");
}

#[test]
fn an_empty_file() {
    let place = place();
    place.file("empty.log", "");
    check(&place, &["empty.log"], 0, "empty.log: an empty file");
    check(&place, &["empty.log", "good.log"], 0, "empty.log: an empty file");
}

#[test]
fn an_empty_pipe() {
    let place = place();
    let relapse = |arguments: &[&str]| run_with_input(&mut command(place.path(), arguments), b"");
    check_with(relapse, &["-"], 0, "-: an empty stream");
}

const BINARY: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0\n";

#[test]
fn a_binary_file() {
    let place = place();
    place.file("core", BINARY);
    check(&place, &["core"], 2, "core: a binary file, not a log");
    check(&place, &["core", "good.log"], 1, "core: a binary file, not a log");
    place.file("logs/core", BINARY);
    place.file("logs/good.log", corpus_file("heap-oom/journal.log"));
    check(&place, &["logs"], 0, "logs/core: skipped: a binary file, not a log");
}

/// In a folder it is passed over as it would be if it were not compressed.
#[test]
fn a_compressed_binary_file() {
    let place = place();
    place.file("core.gz", gzip(BINARY));
    check(&place, &["core.gz", "good.log"], 1, "core.gz: a binary file, not a log");
    place.file("logs/core.gz", gzip(BINARY));
    place.file("logs/good.log", corpus_file("heap-oom/journal.log"));
    check(&place, &["logs"], 0, "logs/core.gz: skipped: a binary file, not a log");
}

#[test]
fn a_binary_pipe() {
    let place = place();
    let relapse = |arguments: &[&str]| run_with_input(&mut command(place.path(), arguments), BINARY);
    check_with(relapse, &["-"], 2, "-: ");
}

#[test]
fn a_binary_journal() {
    let place = place();
    place.file("system.journal", b"LPKSHHRH\0\0\0\0");
    let told = "system.journal: a binary journal; export it: journalctl --file system.journal -o json";
    check(&place, &["system.journal"], 2, told);
    check(&place, &["system.journal", "good.log"], 1, told);
}

#[test]
fn a_compression_that_is_not_read() {
    let place = place();
    place.file("old.log.7z", b"7z\xbc\xaf\x27\x1c\0\x04");
    check(&place, &["old.log.7z", "good.log"], 1, "old.log.7z: 7z is not read; decode it first");
}

#[test]
fn a_truncated_gzip() {
    let place = place();
    let whole = gzip(&corpus_file("config-invalid/journal.log"));
    place.file("cut.log.gz", &whole[..whole.len() * 3 / 4]);
    let told = "cut.log.gz: cut short: the gzip data ends in the middle";
    let object = check(&place, &["cut.log.gz", "good.log"], 1, told);
    assert_eq!(object["services"].as_array().map(Vec::len), Some(2), "what came before the cut is analyzed");
    let object = check(&place, &["cut.log.gz"], 1, told);
    assert_eq!(object["verdict"], "crash-loop", "what came before the cut is analyzed");
}

#[test]
fn a_truncated_zstd() {
    let place = place();
    let whole = zstd::encode_all(corpus_file("config-invalid/journal.log").as_slice(), 0).expect("into memory");
    place.file("cut.log.zst", &whole[..whole.len() - 20]);
    check(&place, &["cut.log.zst", "good.log"], 1, "cut.log.zst: cut short: the zstd data ends in the middle");
}

#[test]
fn a_truncated_archive() {
    let place = place();
    let content = corpus_file("config-invalid/journal.log");
    let whole = tar(&[("a.log", &content), ("b.log", &content)]);
    place.file("cut.tar", &whole[..whole.len() * 3 / 4]);
    let object = check(&place, &["cut.tar", "good.log"], 1, "cut.tar: the archive is damaged or cut short");
    assert!(object["inputs"].to_string().contains("cut.tar/b.log"), "what came before the cut is analyzed: {object}");
    place.file("no.zip", b"PK\x03\x04 and nothing else");
    check(&place, &["no.zip", "good.log"], 1, "no.zip: the archive is damaged or cut short");
}

#[test]
fn a_truncated_archive_in_an_archive() {
    let place = place();
    let log = corpus_file("config-invalid/journal.log");
    let whole = tar(&[("a.log", &log), ("b.log", &log)]);
    let cut = &whole[..whole.len() / 4];
    place.file("all.zip", zip(&[("cut.tar", cut), ("no.zip", b"PK\x03\x04 and nothing else"), ("c.log", &log)]));
    let ran = place.relapse(&["analyze", "--tz", "UTC", "--format", "json", "all.zip"]);
    assert_eq!(ran.status, 1);
    let object = contract(&ran);
    let problems = all_problems(&object);
    for path in ["all.zip/cut.tar", "all.zip/no.zip"] {
        let told = format!("{path}: the archive is damaged or cut short");
        assert!(problems.iter().any(|problem| problem.starts_with(&told)), "{told} is not in {problems:?}");
    }
    for path in ["all.zip/cut.tar/a.log", "all.zip/c.log"] {
        assert!(object["inputs"].to_string().contains(path), "the rest is analyzed: {object}");
    }
}

#[test]
fn archives_in_too_many_others() {
    let place = place();
    let log = corpus_file("config-invalid/journal.log");
    let mut deep = tar(&[("a.log", &log)]);
    for _ in 0..3 {
        deep = zip(&[("in", &deep), ("b.log", &log)]);
    }
    place.file("deep.zip", &deep);
    let object = contract(&place.relapse(&["analyze", "--format", "json", "deep.zip"]));
    assert_eq!((&object["complete"], object["problems"].to_string().as_str()), (&true.into(), "[]"));
    assert!(object["inputs"].to_string().contains("deep.zip/in/in/in/a.log"), "{object}");
    place.file("deeper.tar", tar(&[("in", &deep), ("b.log", &log)]));
    check(&place, &["deeper.tar"], 0, "deeper.tar/in/in/in/in: skipped: an archive inside 4 others");
}

/// A package of a program in a bundle has one word.
#[test]
fn an_archive_without_logs_in_an_archive() {
    let place = place();
    let package = zip(&[("a/A.class", BINARY), ("a/B.class", BINARY)]);
    place.file("all.tar", tar(&[("lib/a.jar", &package), ("good.log", &corpus_file("heap-oom/journal.log"))]));
    let object = check(&place, &["all.tar"], 0, "all.tar/lib/a.jar: skipped: no log in this archive");
    assert_eq!(object["problems"].as_array().map(Vec::len), Some(1), "{object}");
}

/// So many megabytes of nothing in a few kilobytes.
fn bomb(megabytes: usize) -> Vec<u8> {
    let mut bomb = liblzma::write::XzEncoder::new(Vec::new(), 3);
    let line = [b"nothing at all\n".as_slice(); 1 << 16].concat();
    (0..megabytes).for_each(|_| bomb.write_all(&line).expect("into memory"));
    bomb.finish().expect("into memory")
}

/// Each is small enough alone; the archive as a whole gives too much.
#[test]
fn bombs_in_archives_in_an_archive() {
    let place = place();
    let bomb = bomb(30);
    let small = tar(&[("a.xz", &bomb), ("b.xz", &bomb)]);
    place.file("bombs.zip", zip(&[("a.tar", &small), ("b.tar", &small), ("c.tar", &small), ("d.tar", &small)]));
    let ran = place.relapse(&["analyze", "--tz", "UTC", "--format", "json", "bombs.zip"]);
    assert_eq!(ran.status, 1);
    let object = contract(&ran);
    let told = "bombs.zip: the archive is damaged or cut short: it decodes to more than 2000 times its size";
    assert!(all_problems(&object).iter().any(|problem| problem.starts_with(told)), "{object}");
    let bytes: u64 =
        object["inputs"].as_array().into_iter().flatten().filter_map(|input| input["bytes"].as_u64()).sum();
    assert!(bytes < 128 << 20 && !object["inputs"].to_string().contains("d.tar"), "{object}");
}

#[test]
fn a_bomb() {
    let place = place();
    place.file("bomb.log.xz", bomb(300));
    check(&place, &["bomb.log.xz", "good.log"], 1, "bomb.log.xz: damaged after 67");
}

/// Cut so early that nothing comes out: nothing readable.
#[test]
fn a_gzip_without_content() {
    let place = place();
    place.file("cut.log.gz", &gzip(&corpus_file("config-invalid/journal.log"))[..14]);
    check(&place, &["cut.log.gz"], 2, "cut.log.gz: cut short");
}

#[test]
fn a_damaged_gzip() {
    let place = place();
    let mut damaged = gzip(&corpus_file("config-invalid/journal.log"));
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0xff);
    place.file("bad.log.gz", damaged);
    check(&place, &["bad.log.gz", "good.log"], 1, "bad.log.gz: damaged after ");
}

#[test]
fn invalid_utf8() {
    let place = place();
    let text = String::from_utf8(corpus_file("unknown-error/journal.log")).expect("the corpora are UTF-8");
    let parts: Vec<&[u8]> = text.split("ledger epoch").map(str::as_bytes).collect();
    place.file("latin1.log", parts.join(&b"gr\xf6\xdfe, ledger epoch"[..]));
    let told = format!("latin1.log: {} lines that are not UTF-8", parts.len() - 1);
    let object = check(&place, &["latin1.log"], 0, &told);
    assert!(object.to_string().contains("gr\u{fffd}\u{fffd}e, ledger epoch"), "{object}");
}

#[test]
fn nul_bytes() {
    let place = place();
    // What a writer leaves that goes on at its old place after the file was truncated.
    place.file("holes.log", [vec![0; 4096], corpus_file("heap-oom/journal.log")].concat());
    let object = check(&place, &["holes.log"], 0, "holes.log: 4096 NUL bytes");
    assert_eq!(object["services"][0]["restarts"], 4);
}

#[test]
fn a_line_of_200_megabytes() {
    let place = place();
    let (log, line) = (corpus_file("heap-oom/journal.log"), vec![b'x'; 1_000_000]);
    let mut file = File::create(place.path().join("long.log")).expect("a file");
    file.write_all(&log[..log.len() / 2]).expect("the first half");
    let before = log[..log.len() / 2].split(|byte| *byte == b'\n').count();
    (0..200).for_each(|_| file.write_all(&line).expect("a part of the line"));
    file.write_all(&log[log.len() / 2..]).expect("the second half");
    let told = format!("long.log: 1 lines over 64 KiB, first in line {before};");
    let object = check(&place, &["long.log"], 0, &told);
    assert_eq!(object["services"][0]["service"], "thumbs", "the rest is analyzed");
    assert_eq!(object["services"][0]["restarts"], 4, "the rest is analyzed");
    let piped = |arguments: &[&str]| {
        run(command(place.path(), arguments).stdin(File::open(place.path().join("long.log")).expect("it is there")))
    };
    let object = check_with(piped, &["-"], 0, &told.replace("long.log", "-"));
    assert_eq!(object["services"][0]["restarts"], 4, "the rest is analyzed");
}

/// What a truncation between two reads does: the part that is still there is read, and the rest is known to be gone.
#[test]
fn a_file_that_shrinks() {
    let place = Place::new();
    let path = place.file("shrinks.log", "0123456789");
    let file = PlainFile::open(path.to_str().expect("UTF-8")).expect("it is there");
    fs::write(&path, "01234").expect("a shorter file");
    let mut buffer = Vec::new();
    let (base, shrank) = file.read(&(0..10), 100, 100, &mut buffer).expect("it can be read");
    assert_eq!((base, shrank, buffer.as_slice()), (0, true, b"01234".as_slice()));
}

fn make_fifo(place: &Place, name: &str) {
    let made = Command::new("mkfifo").arg(place.path().join(name)).status().expect("mkfifo runs");
    assert!(made.success());
}

#[test]
fn a_named_fifo_is_read() {
    let place = place();
    make_fifo(&place, "fifo");
    let path = place.path().join("fifo");
    // Nobody waits for it: if relapse does not read, the test fails and the thread goes with it.
    std::thread::spawn(|| fs::write(path, corpus_file("heap-oom/journal.log")));
    let object = contract(&place.relapse(&["analyze", "--format", "json", "fifo"]));
    assert_eq!((&object["verdict"], &object["complete"]), (&"flapping".into(), &true.into()));
}

#[test]
fn what_is_no_file_is_passed_over_in_a_folder() {
    let place = place();
    place.file("logs/good.log", corpus_file("heap-oom/journal.log"));
    make_fifo(&place, "logs/fifo");
    let _socket = UnixListener::bind(place.path().join("logs/socket")).expect("a socket");
    symlink("lost", place.path().join("logs/broken")).expect("a link");
    for told in ["logs/fifo: skipped: a fifo", "logs/socket: skipped: a socket", "logs/broken: skipped: no such file"] {
        check(&place, &["logs"], 0, told);
    }
}

#[test]
fn a_device() {
    check(&place(), &["/dev/zero"], 2, "/dev/zero: a device, not a log");
    check(&place(), &["/dev/zero", "good.log"], 1, "/dev/zero: a device, not a log");
}

#[test]
fn a_socket() {
    let place = place();
    let _socket = UnixListener::bind(place.path().join("socket")).expect("a socket");
    check(&place, &["socket"], 2, "socket: a socket, not a log");
}

#[test]
fn a_loop_of_links() {
    let place = place();
    fs::create_dir(place.path().join("logs")).expect("a folder");
    place.file("logs/good.log", corpus_file("heap-oom/journal.log"));
    symlink("b.log", place.path().join("logs/a.log")).expect("a link");
    symlink("a.log", place.path().join("logs/b.log")).expect("a link");
    check(&place, &["logs/a.log"], 2, "logs/a.log: a loop of symbolic links");
    check(&place, &["logs/a.log", "good.log"], 1, "logs/a.log: a loop of symbolic links");
    check(&place, &["logs"], 0, "logs/a.log: skipped: a loop of symbolic links");
}

#[test]
fn a_link_to_the_folder_above() {
    let place = place();
    place.file("logs/old/good.log", corpus_file("heap-oom/journal.log"));
    symlink("..", place.path().join("logs/old/up")).expect("a link");
    let object = check(&place, &["logs"], 0, "logs/old/up: a symbolic link back to a folder that holds it");
    assert_eq!(object["inputs"].as_array().map(Vec::len), Some(1), "each file is read once");
}

#[test]
fn a_file_name_that_is_no_utf8() {
    let place = place();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.log");
    fs::rename(place.path().join("good.log"), place.path().join(name)).expect("this file system takes any name");
    let ran = run(command(place.path(), &["analyze", "--format", "json"]).arg(name));
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(contract(&ran)["verdict"], "flapping");
}
