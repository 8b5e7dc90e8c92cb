//! Bytes: which inputs there are, what they are, and their content in pieces.
//!
//! In: the paths that the user named. Out: plain files that can be read at any place, and decoded streams that can be read
//! once, with what could not be read told in words. Knows nothing of formats or lines' meaning.

mod ahead;
pub mod archive;
pub mod budget;
pub mod chunk;
mod counted;
pub mod dated_name;
pub mod decode;
pub mod discover;
pub mod follow;
mod mixed;
pub mod sniff;
pub mod unfold;

pub use chunk::{PlainFile, StreamReader};
pub use discover::{Found, Input, InputKind, Selection, discover};

use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::MetadataExt;

/// When a file was last written to, in nanoseconds since 1970.
pub fn modified_ns(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

/// Bytes that a pipe may hold: the most that anybody may ask for.
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;

/// Lets a pipe hold more, so that its writer and we wait for each other less often. What is none stays as it is.
#[cfg(target_os = "linux")]
pub(crate) fn widen(pipe: &impl std::os::fd::AsFd) {
    // Refused where it is no pipe, or where the user has many: then it holds what it held.
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE);
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn widen<P>(_: &P) {}

/// Opens an input, with everything around its text taken off.
pub fn open(input: &Input) -> io::Result<decode::Opened<'static>> {
    let source: Box<dyn Read> = match input.kind {
        InputKind::Zip => return Ok(decode::Opened::Archive(archive::Archive::zip_file(File::open(&input.file)?)?)),
        InputKind::Pipe if input.path == "-" => {
            widen(&io::stdin());
            Box::new(io::stdin())
        }
        _ => {
            let file = File::open(&input.file)?;
            widen(&file);
            Box::new(BufReader::with_capacity(128 << 10, file))
        }
    };
    decode::open(source)
}
