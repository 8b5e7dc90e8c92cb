//! Archives of logs: their members one after the other, read without unpacking them to disk.

use super::decode::Bounded;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

/// An archive with more members than this is read no further.
const MAX_MEMBERS: usize = 100_000;

/// A file in an archive.
pub struct Member<'m> {
    /// Its path in the archive.
    pub path: String,
    /// Modification time in nanoseconds since 1970, as the archive has it.
    pub modified_ns: Option<i64>,
    /// Its own size in bytes, encoded as it is.
    pub bytes: u64,
    pub content: &'m mut dyn Read,
}

/// Goes through the files of a tar archive.
pub fn tar(source: impl Read, mut each: impl FnMut(Member) -> io::Result<()>) -> io::Result<()> {
    let mut archive = tar::Archive::new(source);
    // Archives that were appended to one another have an end in the middle.
    archive.set_ignore_zeros(true);
    for (at, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        enough(at)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let seconds = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
        let modified_ns = seconds.and_then(|seconds| seconds.checked_mul(1_000_000_000));
        each(Member { path, modified_ns, bytes: entry.size(), content: &mut entry })?;
    }
    Ok(())
}

/// Goes through the files of a zip archive; `wrong` hears of those that cannot be read.
pub fn zip(
    file: File,
    mut each: impl FnMut(Member) -> io::Result<()>,
    mut wrong: impl FnMut(String, String),
) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(io::Error::from)?;
    for at in 0..archive.len() {
        enough(at)?;
        let name = match archive.name_for_index(at) {
            Some(Ok(name)) => name.to_string(),
            _ => format!("member {at}"),
        };
        let mut entry = match archive.by_index(at) {
            Ok(entry) => entry,
            Err(error) => {
                wrong(name, error.to_string());
                continue;
            }
        };
        if !entry.is_file() {
            continue;
        }
        // The archive has a local time of no zone; a day more or less does not matter to a year.
        let modified_ns = entry.last_modified().and_then(|time| {
            let (month, day) = (i8::try_from(time.month()).ok()?, i8::try_from(time.day()).ok()?);
            let date = jiff::civil::Date::new(i16::try_from(time.year()).ok()?, month, day).ok()?;
            let noon = jiff::tz::TimeZone::UTC.to_timestamp(date.at(12, 0, 0, 0)).ok()?;
            i64::try_from(noon.as_nanosecond()).ok()
        });
        let (bytes, packed) = (entry.size(), Rc::new(Cell::new(entry.compressed_size())));
        each(Member { path: name, modified_ns, bytes, content: &mut Bounded::new(&mut entry, packed) })?;
    }
    Ok(())
}

fn enough(at: usize) -> io::Result<()> {
    match at {
        MAX_MEMBERS => {
            Err(io::Error::new(io::ErrorKind::InvalidData, format!("the archive has more than {MAX_MEMBERS} members")))
        }
        _ => Ok(()),
    }
}
