//! What is to be known of a log before it is scanned: how its times are dated, and its program's own words.

use crate::grammar::{Catalog, Clock, almanac};
use crate::input::PlainFile;
use crate::scan::idiom::{Idiom, SAMPLE_BYTES};
use crate::scan::{Guide, Scanner};
use std::borrow::Cow;
use std::io;

/// So much of a log is held in memory to look at its times.
pub const WHOLE_BYTES: u64 = 32 << 20;
/// In a longer one so much is read at each place.
const PLACE_BYTES: u64 = 4 << 10;
/// So much of a stream's head is looked at for its program's own words; more of it is never needed.
pub const HEAD_BYTES: u64 = 2 * SAMPLE_BYTES;

/// Of a file, as long as it is now.
pub fn of_file(scanner: &Scanner, file: &PlainFile, clock: Clock) -> io::Result<Guide> {
    let clock = dated(scanner, file, clock)?;
    let length = file.length();
    let mut head = Vec::new();
    file.read(&(0..HEAD_BYTES.min(length)), 0, 0, &mut head)?;
    let mut tail = Vec::new();
    if length > HEAD_BYTES {
        head.truncate(SAMPLE_BYTES as usize);
        file.read(&(length - SAMPLE_BYTES..length), 0, 0, &mut tail)?;
    }
    let idiom = Idiom::of(scanner, &[whole_lines(&head, true), whole_lines(&tail, false)], &clock);
    Ok(Guide { clock, idiom })
}

/// Of a stream of which only the beginning is there: `bytes` are at least as many as [`HEAD_BYTES`], or all; where its
/// times leave something open, as many as [`WHOLE_BYTES`].
pub fn of_head(scanner: &Scanner, clock: Clock, bytes: &[u8]) -> Guide {
    let clock = match leaves_open(scanner, &clock, bytes) {
        true => dated_in(&scanner.catalog, clock, bytes),
        false => clock,
    };
    let sample = &bytes[..bytes.len().min(HEAD_BYTES as usize)];
    let idiom = Idiom::of(scanner, &[whole_lines(sample, true)], &clock);
    Guide { clock, idiom }
}

/// Whether the times at a log's head leave something open that only its whole can tell.
pub fn leaves_open(scanner: &Scanner, clock: &Clock, head: &[u8]) -> bool {
    almanac::is_wanted(&scanner.catalog, clock, &head[..head.len().min(almanac::HEAD_BYTES as usize)])
}

/// The clock with the almanac of a file whose times leave something open.
fn dated(scanner: &Scanner, file: &PlainFile, clock: Clock) -> io::Result<Clock> {
    let catalog = &scanner.catalog;
    let mut bytes = Vec::new();
    file.read(&(0..almanac::HEAD_BYTES.min(file.length())), 0, 0, &mut bytes)?;
    if !almanac::is_wanted(catalog, &clock, &bytes) {
        return Ok(clock);
    }
    if file.length() <= WHOLE_BYTES {
        file.read(&(0..file.length()), 0, 0, &mut bytes)?;
        return Ok(dated_in(catalog, clock, &bytes));
    }
    let line_at = |place: u64| {
        // With the byte before, which may end a line.
        let base = place.saturating_sub(1);
        file.read(&(base..(base + PLACE_BYTES).min(file.length())), 0, 0, &mut bytes).ok()?;
        let (start, line) = almanac::line_in(&bytes, (place - base) as usize)?;
        Some((base + start as u64, Cow::Owned(line.to_vec())))
    };
    Ok(almanac::dated(catalog, clock, file.length(), line_at))
}

fn dated_in(catalog: &Catalog, clock: Clock, bytes: &[u8]) -> Clock {
    almanac::dated(catalog, clock, bytes.len() as u64, |place| {
        let (start, line) = almanac::line_in(bytes, place as usize)?;
        Some((start as u64, Cow::Borrowed(line)))
    })
}

/// The whole lines of a stream's piece, which stands at its head or not.
fn whole_lines(bytes: &[u8], at_head: bool) -> &[u8] {
    let start = if at_head { 0 } else { memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1) };
    &bytes[start..]
}
