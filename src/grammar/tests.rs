//! The grammar files of the binary, held against their own examples and against each other.

use super::*;
use crate::grammar::definition::FormatFile;

fn load() -> (Catalog, Vec<(String, String)>) {
    let files = embedded::formats();
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source { path, text }).collect();
    let (catalog, complaints) = Catalog::load(&sources);
    let shown: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(complaints.is_empty(), "{}", shown.join("\n\n"));
    (catalog, files)
}

#[test]
fn every_format_passes_its_own_examples() {
    let (catalog, files) = load();
    let mut wrong = Vec::new();
    for (path, text) in &files {
        wrong.extend(catalog.check(Source { path, text }).iter().map(ToString::to_string));
    }
    assert!(wrong.is_empty(), "{} mistakes\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn among_all_formats_the_right_one_reads_each_example() {
    let (catalog, files) = load();
    let mut wrong = Vec::new();
    for (_, text) in &files {
        let file: FormatFile = toml::from_str(text).unwrap();
        let name = file.name.get_ref();
        for (_, line, clock) in examples::matching(&file) {
            let reading = catalog.read(line, &clock);
            let first = reading.formats.first().map(|&id| catalog.format(id).name.as_str());
            let frame = catalog.formats().iter().any(|format| &format.name == name && format.is_frame(line));
            if first != Some(name) && !frame {
                wrong.push(format!("{name}: {first:?} reads {}", String::from_utf8_lossy(line)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong readers\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_dispatch_gives_what_trying_every_format_in_turn_gives() {
    let (catalog, files) = load();
    for (_, text) in &files {
        let file: FormatFile = toml::from_str(text).unwrap();
        for example in &file.example {
            for line in example.get_ref().text.lines() {
                let clock = Clock::utc(Time::new(1_798_675_200 * SECOND, 0));
                let dispatched = catalog.read(line.as_bytes(), &clock).formats.first().copied();
                let plain = ansi::plain(line.as_bytes());
                let in_turn = catalog.formats().iter().position(|format| format.read(&plain, &clock).is_some());
                assert_eq!(dispatched.map(usize::from), in_turn, "{line}");
            }
        }
    }
}
