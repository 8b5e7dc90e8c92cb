//! The grammar files of the binary, held against their own examples and against each other.

use super::*;
use crate::grammar::definition::FormatFile;
use crate::grammar::dispatch::Memory;

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

/// Holds what the dispatch reads, with all that it met before, against what trying every format in turn gives.
#[track_caller]
fn check_dispatch(catalog: &Catalog, memory: &mut Memory, line: &[u8]) {
    let clock = Clock::utc(Time::new(1_798_675_200 * SECOND, 0));
    let mut reading = Reading::default();
    let plain = ansi::plain(line);
    let format = catalog.first_match(&plain, &clock, memory, &mut reading).map(usize::from);
    let mut in_turn =
        catalog.formats().iter().enumerate().filter_map(|(at, format)| Some((at, format.read(&plain, &clock)?)));
    let (expected, by_it) = in_turn.next().unzip();
    assert_eq!(format, expected, "{}", String::from_utf8_lossy(line));
    assert_eq!(reading, by_it.unwrap_or_default(), "{}", String::from_utf8_lossy(line));
}

#[test]
fn the_dispatch_gives_what_trying_every_format_in_turn_gives() {
    let (catalog, files) = load();
    let mut memory = Memory::default();
    for line in example_lines(&files) {
        check_dispatch(&catalog, &mut memory, &line);
    }
}

#[test]
fn the_dispatch_holds_on_lines_that_are_nearly_of_a_format() {
    let (catalog, files) = load();
    let lines = example_lines(&files);
    let mut memory = Memory::default();
    // A fixed seed: the same lines each time.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    for _ in 0..30_000 {
        let mut line = lines[random(lines.len())].clone();
        let other = &lines[random(lines.len())];
        if line.is_empty() || other.is_empty() {
            continue;
        }
        let at = random(line.len().min(70));
        let from = random(other.len());
        match random(6) {
            // What follows the place is another line's, or one byte of it is.
            0 => line[at] = other[from],
            1 => {
                line.truncate(at);
                line.extend(&other[from..]);
            }
            2 => line.truncate(at + 1),
            // A line that begins like one met just before, but for some of its digits and its end.
            change => {
                check_dispatch(&catalog, &mut memory, &line);
                let digits = line.iter_mut().filter(|byte| byte.is_ascii_digit());
                digits.for_each(|digit| {
                    if random(4) == 0 {
                        *digit = b'0' + random(10) as u8;
                    }
                });
                // Of hexadecimal numbers the letters, too.
                for at in memchr::memmem::find_iter(&line.clone(), b"0x") {
                    let is_hex = |byte: &&mut u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                    let number = line[at + 2..].iter_mut().take_while(is_hex);
                    number.for_each(|byte| *byte = b"0123456789abcdef"[random(16)]);
                }
                if change == 3 {
                    line.extend(&other[from..]);
                }
            }
        }
        check_dispatch(&catalog, &mut memory, &line);
    }
}
