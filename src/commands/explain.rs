//! `relapse formats explain PATH`

use super::output::{now_ns, print};
use super::{Failure, Outcome};
use jiff::tz::TimeZone;
use relapse::grammar::survey::{Record, SCORED_LINES, Survey};
use relapse::grammar::{Catalog, Clock, Level, SECOND, Time};
use relapse::input::decode::Opened;
use relapse::input::{Input, Selection, discover, open};
use relapse::report::shown::{many, printable};
use relapse::scan::MAX_LINE;
use std::fmt::Write;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

pub fn run(paths: &[PathBuf], catalog: &Catalog, zone: &TimeZone) -> Result<Outcome, Failure> {
    let found = discover(paths, &Selection::default());
    let mut page = String::new();
    let mut failed = false;
    for note in &found.notes {
        eprintln!("relapse: {}: {}", printable(&note.path), printable(&note.what));
        failed |= note.fault;
    }
    for input in &found.inputs {
        match survey(input, catalog, zone) {
            Ok(survey) => tell(&mut page, &input.path, &survey, catalog),
            Err(why) => {
                eprintln!("relapse: {}: {}", printable(&input.path), printable(&why));
                failed = true;
            }
        }
    }
    print(&page)?;
    Ok(match (failed, page.is_empty()) {
        (true, true) => Outcome::Failed,
        (true, false) => Outcome::Partial,
        (false, _) => Outcome::Done,
    })
}

fn survey(input: &Input, catalog: &Catalog, zone: &TimeZone) -> Result<Survey, Failure> {
    let text = match open(input).map_err(|error| error.to_string())? {
        Opened::Text(text) => text,
        Opened::Archive(_) => return Err("an archive; unpack it and name one of its logs".into()),
        Opened::Refused(what, _) => return Err(what),
    };
    let anchor = input.modified_ns.unwrap_or_else(now_ns);
    let clock = Clock::new(zone.clone(), Time::new(anchor.div_euclid(SECOND) * SECOND, 0));
    let mut text = BufReader::new(text);
    let mut survey = Survey::new(catalog);
    let mut line = Vec::new();
    while next_line(&mut text, &mut line).map_err(|error| error.to_string())? {
        survey.line(catalog, &clock, &line);
    }
    Ok(survey)
}

/// The next line without its end, at most as much of it as is ever matched.
fn next_line(text: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    if text.by_ref().take(MAX_LINE).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.pop_if(|last| *last == b'\n').is_none() && line.len() as u64 == MAX_LINE {
        text.skip_until(b'\n')?;
    }
    line.pop_if(|last| *last == b'\r');
    Ok(true)
}

fn tell(page: &mut String, path: &str, survey: &Survey, catalog: &Catalog) {
    let share = |part: u64, whole: u64| 100.0 * part as f64 / whole.max(1) as f64;
    let full = survey.lines - survey.empty;
    let read: u64 = survey.ways.values().map(|way| way.lines).sum();
    let _ = writeln!(
        page,
        "{}: {}, {} empty; {read} of {full} are records ({:.1} %), {} continue the one before, {} are headers or gaps, {} are read by no format",
        printable(path),
        many(survey.lines, "line"),
        survey.empty,
        share(read, full),
        survey.continuations,
        survey.frames.values().sum::<u64>(),
        survey.unread
    );
    let mut ways: Vec<_> = survey.ways.iter().collect();
    ways.sort_by_key(|(name, way)| (std::cmp::Reverse(way.lines), name.as_str()));
    for (name, way) in ways {
        let _ = writeln!(
            page,
            "\n{name}: {} ({:.1} %), {} with a time",
            many(way.lines, "line"),
            share(way.lines, full),
            way.with_time
        );
        way.records.iter().for_each(|record| tell_record(page, record));
    }
    for (name, count) in &survey.frames {
        let _ = writeln!(page, "\n{name}: {count} headers or gaps");
    }
    let _ = writeln!(page, "\nEach format alone, on the first {} lines (at most {SCORED_LINES}):", survey.scored);
    let mut scores: Vec<_> = survey.scores.iter().filter(|score| score.read > 0).collect();
    scores.sort_by_key(|score| (std::cmp::Reverse(score.read), score.format));
    for score in &scores {
        let name = &catalog.format(score.format).name;
        let _ = write!(page, "  {:5.1} %  {name}", share(score.read, survey.scored));
        match &score.refused {
            Some(line) => {
                let _ = writeln!(page, "; refuses line {}: {}", line.number, printable(&line.text));
            }
            None => page.push('\n'),
        }
    }
    let _ = writeln!(page, "  {:5.1} %  the other {}", 0.0, survey.scores.len() - scores.len());
    if !survey.first_unread.is_empty() {
        let _ = writeln!(page, "\nRead by none:");
        for line in &survey.first_unread {
            let _ = writeln!(page, "  line {}: {}", line.number, printable(&line.text));
        }
    }
    page.push('\n');
}

fn tell_record(page: &mut String, record: &Record) {
    let _ = write!(page, "  line {}:", record.line);
    let time = record.time.map(Time::rfc3339);
    let level = record.level.map(|level| Level::word(level).to_string());
    let pid = record.pid.map(|pid| pid.to_string());
    let fields = [
        ("time", &time),
        ("level", &level),
        ("host", &record.host),
        ("service", &record.service),
        ("ident", &record.ident),
        ("component", &record.component),
        ("pid", &pid),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            let _ = write!(page, " {name}={}", printable(value));
        }
    }
    let _ = writeln!(page, "\n    {}", printable(&record.message));
}
