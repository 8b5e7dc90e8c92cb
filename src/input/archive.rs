//! Archives of logs: their members one after the other, read without unpacking them to disk.

use super::budget::{Bounded, Depth, Held};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::rc::Rc;

/// An archive that was met, ready to be gone through.
pub struct Archive<'r> {
    kind: Kind<'r>,
    /// Of its members.
    depth: Depth,
}

enum Kind<'r> {
    Tar(Box<dyn Read + 'r>),
    /// Has its list of members at its end, so it can only be read where any place can be.
    ZipFile(File),
    ZipInMemory(Held),
}

/// A file in an archive.
pub struct Member<'m> {
    /// Its path in the archive.
    pub path: String,
    /// Modification time in nanoseconds since 1970, as the archive has it.
    pub modified_ns: Option<i64>,
    /// Its own size in bytes, encoded as it is.
    pub bytes: u64,
    pub(super) content: &'m mut dyn Read,
    pub(super) depth: Depth,
}

impl<'r> Archive<'r> {
    pub(super) fn tar(source: Box<dyn Read + 'r>, depth: Depth) -> Archive<'r> {
        Archive { kind: Kind::Tar(source), depth }
    }

    pub(super) fn zip_in_memory(bytes: Held, depth: Depth) -> Archive<'r> {
        Archive { kind: Kind::ZipInMemory(bytes), depth }
    }

    pub(super) fn zip_file(file: File) -> io::Result<Archive<'r>> {
        let outermost = Depth::default();
        outermost.take(file.metadata()?.len());
        let depth = outermost.deeper().unwrap_or(outermost);
        Ok(Archive { kind: Kind::ZipFile(file), depth })
    }

    /// Goes through its files; `wrong` hears of those that cannot be read.
    pub fn each(self, each: impl FnMut(Member) -> io::Result<()>, wrong: impl FnMut(String, String)) -> io::Result<()> {
        match self.kind {
            Kind::Tar(source) => tar(source, &self.depth, each),
            Kind::ZipFile(file) => zip(BufReader::new(file), &self.depth, each, wrong),
            Kind::ZipInMemory(bytes) => zip(Cursor::new(bytes), &self.depth, each, wrong),
        }
    }
}

fn tar(source: impl Read, depth: &Depth, mut each: impl FnMut(Member) -> io::Result<()>) -> io::Result<()> {
    let mut archive = tar::Archive::new(source);
    // Archives that were appended to one another have an end in the middle.
    archive.set_ignore_zeros(true);
    for entry in archive.entries()? {
        let mut entry = entry?;
        depth.member()?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let seconds = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
        let modified_ns = seconds.and_then(|seconds| seconds.checked_mul(1_000_000_000));
        let bytes = entry.size();
        each(Member { path, modified_ns, bytes, content: &mut entry, depth: depth.clone() })?;
        depth.still_within()?;
    }
    Ok(())
}

fn zip(
    source: impl Read + Seek,
    depth: &Depth,
    mut each: impl FnMut(Member) -> io::Result<()>,
    mut wrong: impl FnMut(String, String),
) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(source).map_err(io::Error::from)?;
    for at in 0..archive.len() {
        depth.member()?;
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
        let content = &mut Bounded::new(&mut entry, packed);
        each(Member { path: name, modified_ns, bytes, content, depth: depth.clone() })?;
        depth.still_within()?;
    }
    Ok(())
}
