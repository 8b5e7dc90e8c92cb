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
mod mixed;
pub mod sniff;
pub mod unfold;

pub use chunk::{PlainFile, StreamReader};
pub use discover::{Found, Input, InputKind, Selection, discover};

use std::fs::File;
use std::io::{self, BufReader, Read};

/// Opens an input, with everything around its text taken off.
pub fn open(input: &Input) -> io::Result<decode::Opened<'static>> {
    let source: Box<dyn Read> = match input.kind {
        InputKind::Zip => return Ok(decode::Opened::Archive(archive::Archive::zip_file(File::open(&input.file)?)?)),
        InputKind::Pipe if input.path == "-" => Box::new(io::stdin()),
        _ => Box::new(BufReader::with_capacity(128 << 10, File::open(&input.file)?)),
    };
    decode::open(source)
}
