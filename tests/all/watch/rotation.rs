//! Rotation under a writer at full speed: every line counts once.

use crate::support::Place;
use crate::watch::running::{Running, lines, same};
use crate::watch::writing::{analyzed, append, compress, gzip, numbered};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A writer in a folder that is watched.
struct Writer {
    place: Place,
    log: PathBuf,
    written: u64,
}

impl Writer {
    fn new() -> Writer {
        let place = Place::new();
        let log = place.path().join("worker.log");
        Writer { place, log, written: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Writes lines as fast as it can, in pieces that end anywhere.
    fn write(&mut self, count: u64) {
        let text = numbered(self.written..self.written + count);
        for piece in text.as_bytes().chunks(337) {
            append(&self.log, piece);
        }
        self.written += count;
    }

    /// Renames the file as its latest piece.
    fn rename(&self) {
        make_room(self.place.path(), 9);
        fs::rename(&self.log, self.path("worker.log.1")).expect("it is renamed");
    }

    /// Copies the file as its latest piece and cuts it. The writer is silent meanwhile: what it wrote then would be lost
    /// to anybody.
    fn copy_and_cut(&self) {
        make_room(self.place.path(), 9);
        fs::copy(&self.log, self.path("worker.log.1")).expect("it is copied");
        self.cut();
    }

    fn cut(&self) {
        File::options().write(true).truncate(true).open(&self.log).expect("it is cut");
    }

    /// Every line was counted once, and the end is what `analyze` says of what is there.
    #[track_caller]
    fn check(&self, mut watch: Running, paths: &[&str]) {
        watch.wait_for_lines(self.written);
        let ended = watch.stop();
        let seen = ended.diagnosis();
        assert_eq!(lines(&seen), self.written, "{:#}", seen["inputs"]);
        assert!(ended.of_kind("note").is_empty(), "{:#?}", ended.of_kind("note"));
        same(&seen, &analyzed(&self.place, paths), "the end");
    }
}

/// Moves each piece on by one: x.log.1 to x.log.2 and so on.
fn make_room(folder: &Path, pieces: u32) {
    for piece in (1..pieces).rev() {
        let from = folder.join(format!("worker.log.{piece}"));
        if from.exists() {
            fs::rename(from, folder.join(format!("worker.log.{}", piece + 1))).expect("it is renamed");
        }
    }
}

/// The end is asked for the moment after: nobody has looked at the names since.
#[test]
fn right_before_the_end() {
    let rotations: [fn(&Writer); 3] =
        [Writer::rename, Writer::copy_and_cut, |writer| compress(&writer.log, &writer.path("worker.log.1.gz"))];
    for rotate in rotations {
        let mut writer = Writer::new();
        writer.write(50);
        let mut watch = Running::start(writer.place.path(), &["."]);
        watch.wait_for_lines(50);
        rotate(&writer);
        writer.write(30);
        let seen = watch.stop().diagnosis();
        same(&seen, &analyzed(&writer.place, &["."]), "the end");
        assert_eq!(lines(&seen), 80);
    }
}

/// What was read of a packed piece under one name stands under the next one.
#[test]
fn of_packed_pieces_right_before_the_end() {
    let mut writer = Writer::new();
    let (first, second) = (writer.path("worker.log.1.gz"), writer.path("worker.log.2.gz"));
    writer.write(70);
    compress(&writer.log, &first);
    writer.write(50);
    let mut watch = Running::start(writer.place.path(), &["."]);
    watch.wait_for_lines(120);
    fs::rename(&first, second).expect("it is renamed");
    compress(&writer.log, &first);
    writer.write(30);
    let seen = watch.stop().diagnosis();
    assert_eq!(lines(&seen), 150, "{:#}", seen["inputs"]);
    same(&seen, &analyzed(&writer.place, &["."]), "the end");
}

/// Cycles of rotation under a watch of the folder.
#[track_caller]
fn check(rotate: impl Fn(&mut Writer, u32)) {
    let mut writer = Writer::new();
    writer.write(50);
    let watch = Running::start(writer.place.path(), &["."]);
    for cycle in 0..6 {
        writer.write(150);
        rotate(&mut writer, cycle);
        writer.write(20);
    }
    writer.check(watch, &["."]);
}

#[test]
fn by_rename() {
    check(|writer, _| writer.rename());
}

/// The writer has the file open, and goes on in it for a while after it was renamed.
#[test]
fn by_rename_under_an_open_file() {
    use std::io::Write;
    let mut writer = Writer::new();
    let watch = Running::start(writer.place.path(), &["."]);
    for _ in 0..4 {
        let mut file = File::options().create(true).append(true).open(&writer.log).expect("it opens");
        let mut write = |count: u64| {
            let text = numbered(writer.written..writer.written + count);
            text.as_bytes().chunks(337).for_each(|piece| file.write_all(piece).expect("it is written"));
            writer.written += count;
        };
        write(100);
        make_room(writer.place.path(), 9);
        fs::rename(&writer.log, writer.place.path().join("worker.log.1")).expect("it is renamed");
        write(100);
    }
    writer.check(watch, &["."]);
}

#[test]
fn by_copying_and_cutting() {
    check(|writer, _| writer.copy_and_cut());
}

/// The copy is there for long before the file is cut.
#[test]
fn by_copying_slowly_and_cutting() {
    check(|writer, cycle| {
        make_room(writer.place.path(), 9);
        let bytes = fs::read(&writer.log).expect("it is there");
        for piece in bytes.chunks(bytes.len() / 2 + 1) {
            append(&writer.path("worker.log.1"), piece);
            std::thread::sleep(Duration::from_millis(150 * u64::from(cycle % 3)));
        }
        writer.cut();
    });
}

#[test]
fn by_names_that_tell_the_day() {
    let mut writer = Writer::new();
    writer.log = writer.path("worker-2026-02-01.log");
    writer.write(5);
    let watch = Running::start(writer.place.path(), &["worker-2026-02-01.log"]);
    for day in 2..6 {
        writer.write(100);
        writer.log = writer.path(&format!("worker-2026-02-{day:02}.log"));
        writer.write(20);
    }
    let paths: Vec<String> = (1..6).map(|day| format!("worker-2026-02-{day:02}.log")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    writer.check(watch, &paths);
}

#[test]
fn pieces_that_are_compressed() {
    check(|writer, cycle| {
        for piece in (2..9).rev() {
            let from = writer.path(&format!("worker.log.{piece}.gz"));
            if from.exists() {
                fs::rename(from, writer.path(&format!("worker.log.{}.gz", piece + 1))).expect("it is renamed");
            }
        }
        if writer.path("worker.log.1").exists() {
            compress(&writer.path("worker.log.1"), &writer.path("worker.log.2.gz"));
        }
        std::thread::sleep(Duration::from_millis(100 * u64::from(cycle % 3)));
        fs::rename(&writer.log, writer.path("worker.log.1")).expect("it is renamed");
    });
}

/// What packs a piece makes an empty file first, and fills it bit by bit.
#[test]
fn a_piece_that_is_packed_slowly() {
    let mut writer = Writer::new();
    writer.write(400);
    let watch = Running::start(writer.place.path(), &["."]);
    writer.rename();
    let packed = gzip(&fs::read(writer.path("worker.log.1")).expect("it is there"));
    append(&writer.path("worker.log.1.gz"), "");
    for piece in packed.chunks(packed.len() / 3 + 1) {
        std::thread::sleep(Duration::from_millis(350));
        append(&writer.path("worker.log.1.gz"), piece);
    }
    fs::remove_file(writer.path("worker.log.1")).expect("it is removed");
    writer.write(20);
    writer.check(watch, &["."]);
}

/// Only the file is named: what it had before it was rotated stays known.
#[track_caller]
fn check_named(rotate: impl Fn(&Writer)) {
    let mut writer = Writer::new();
    writer.write(50);
    let mut watch = Running::start(writer.place.path(), &["worker.log"]);
    for _ in 0..4 {
        writer.write(100);
        watch.wait_for_lines(writer.written);
        writer.write(30);
        rotate(&writer);
        writer.write(20);
    }
    watch.wait_for_lines(writer.written);
    let seen = watch.stop().diagnosis();
    assert_eq!(lines(&seen), writer.written, "{:#}", seen["inputs"]);
}

#[test]
fn by_rename_of_a_file_that_is_named() {
    check_named(Writer::rename);
}

#[test]
fn by_copying_a_file_that_is_named() {
    check_named(Writer::copy_and_cut);
}

/// The oldest piece is removed: what it told stays known.
#[test]
fn pieces_that_are_removed() {
    let mut writer = Writer::new();
    let mut watch = Running::start(writer.place.path(), &["."]);
    for cycle in 0..4 {
        writer.write(100);
        let wanted = writer.written;
        watch.wait_for_lines(wanted);
        let _ = fs::remove_file(writer.path("worker.log.2"));
        make_room(writer.place.path(), 2);
        fs::rename(&writer.log, writer.path("worker.log.1")).expect("it is renamed");
        writer.write(10 + cycle);
    }
    watch.wait_for_lines(writer.written);
    assert_eq!(lines(&watch.stop().diagnosis()), writer.written);
}
