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
    let reader = Reader::of(&catalog);
    let mut wrong = Vec::new();
    for (_, text) in &files {
        let file: FormatFile = toml::from_str(text).unwrap();
        let name = file.name.get_ref();
        for (_, line, clock) in examples::matching(&file) {
            let reading = reader.read(line, &clock);
            let first = reading.formats.first().map(|&id| catalog.format(id).name.as_str());
            let frame = catalog.formats().iter().any(|format| &format.name == name && format.is_frame(line));
            if first != Some(name) && !frame {
                wrong.push(format!("{name}: {first:?} reads {}", String::from_utf8_lossy(line)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong readers\n{}", wrong.len(), wrong.join("\n"));
}

/// All lines of all examples.
fn example_lines(files: &[(String, String)]) -> Vec<Vec<u8>> {
    let files = files.iter().map(|(_, text)| toml::from_str::<FormatFile>(text).unwrap());
    let texts =
        files.flat_map(|file| file.example.iter().map(|example| example.get_ref().text.clone()).collect::<Vec<_>>());
    texts.flat_map(|text| text.lines().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>()).collect()
}

/// Which format a reader takes for a line, and which trying every format in turn gives.
fn both_ways(catalog: &Catalog, reader: &Reader, line: &[u8]) -> (Option<usize>, Option<usize>) {
    let clock = Clock::utc(Time::new(1_798_675_200 * SECOND, 0));
    let dispatched = reader.read(line, &clock).formats.first().copied();
    let plain = ansi::plain(line);
    let in_turn = catalog.formats().iter().position(|format| format.read(&plain, &clock).is_some());
    (dispatched.map(usize::from), in_turn)
}

#[test]
fn the_dispatch_gives_what_trying_every_format_in_turn_gives() {
    let (catalog, files) = load();
    let reader = Reader::of(&catalog);
    for line in example_lines(&files) {
        let (dispatched, in_turn) = both_ways(&catalog, &reader, &line);
        assert_eq!(dispatched, in_turn, "{}", String::from_utf8_lossy(&line));
    }
}

#[test]
fn the_dispatch_holds_on_lines_that_are_nearly_of_a_format() {
    let (catalog, files) = load();
    let lines = example_lines(&files);
    let reader = Reader::of(&catalog);
    // A fixed seed: the same lines each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    for _ in 0..20_000 {
        let mut line = lines[random(lines.len())].clone();
        let other = &lines[random(lines.len())];
        if line.is_empty() || other.is_empty() {
            continue;
        }
        // What follows the place is another line's, or one byte of it is.
        let at = random(line.len().min(70));
        let from = random(other.len());
        match random(3) {
            0 => line[at] = other[from],
            1 => {
                line.truncate(at);
                line.extend(&other[from..]);
            }
            _ => line.truncate(at + 1),
        }
        let (dispatched, in_turn) = both_ways(&catalog, &reader, &line);
        assert_eq!(dispatched, in_turn, "{}", String::from_utf8_lossy(&line));
    }
}
