//! Encoded bytes to plain ones: compression, UTF-16, records spread over lines, one around the other.
//!
//! What is inside is judged anew by its first bytes after each layer. Everything is read as it comes; nothing is unpacked
//! to disk or held as a whole.

use super::sniff::{self, Content, Encoding};
use super::unfold::Unfold;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

/// Layers of encoding around a text at most.
const MAX_LAYERS: usize = 4;
/// A log that decodes to more than so many times its size is none: deflate itself cannot do more than 1032.
const MAX_RATIO: u64 = 2000;
/// Below this nothing is a bomb.
const ALWAYS_ALLOWED: u64 = 64 << 20;

/// What is inside, with everything around it taken off.
pub enum Opened<'r> {
    Text(Box<dyn Read + 'r>),
    Tar(Box<dyn Read + 'r>),
    /// No text; what it is, and what to do about it.
    Refused(String, String),
}

/// Takes off all layers.
pub fn open<'r>(source: impl Read + 'r) -> io::Result<Opened<'r>> {
    let taken = Rc::new(Cell::new(0));
    let mut source: Box<dyn Read + 'r> = Box::new(Counted { source, taken: Rc::clone(&taken) });
    for layer in 0..=MAX_LAYERS {
        let (content, whole) = peek(source)?;
        let bounded = |source| Box::new(Bounded::new(source, Rc::clone(&taken)));
        match content {
            Content::Encoded(encoding) => source = decoder(encoding, whole)?,
            // What was not encoded cannot grow.
            Content::Empty | Content::Text if layer == 0 => return Ok(Opened::Text(whole)),
            Content::Empty | Content::Text => return Ok(Opened::Text(bounded(whole))),
            Content::Folded(folding) => {
                let unfolded = Unfold::new(BufReader::with_capacity(128 << 10, bounded(whole)), folding);
                return Ok(Opened::Text(Box::new(unfolded)));
            }
            Content::Tar => return Ok(Opened::Tar(bounded(whole))),
            refused => {
                let (what, help) = describe(refused);
                return Ok(Opened::Refused(what.into(), help.into()));
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("more than {MAX_LAYERS} layers of compression")))
}

/// What a content that is not read is called, and what to do about it.
pub fn describe(content: Content) -> (&'static str, &'static str) {
    let pipe = "decode it first, or pipe its content into `relapse analyze -`";
    match content {
        Content::Journal => ("a binary journal", "export it: journalctl --file FILE -o json | relapse analyze -"),
        Content::Zip => ("a zip archive inside another input is not read", pipe),
        Content::Unsupported("compress (.Z)") => ("compress (.Z) is not read", pipe),
        Content::Unsupported("7z") => ("7z is not read", pipe),
        Content::Unsupported(_) => ("this kind of archive is not read", pipe),
        _ => ("a binary file, not a log", ""),
    }
}

fn peek<'r>(mut source: Box<dyn Read + 'r>) -> io::Result<(Content, Box<dyn Read + 'r>)> {
    let mut first = Vec::with_capacity(sniff::SNIFF_BYTES);
    (&mut source).take(sniff::SNIFF_BYTES as u64).read_to_end(&mut first).or_else(|error| {
        // What came before the damage is still worth a look; the error comes again when it is read on.
        if first.is_empty() { Err(error) } else { Ok(first.len()) }
    })?;
    let content = sniff::content(&first);
    Ok((content, Box::new(io::Cursor::new(first).chain(source))))
}

fn decoder<'r>(encoding: Encoding, source: Box<dyn Read + 'r>) -> io::Result<Box<dyn Read + 'r>> {
    let decoder: Box<dyn Read + 'r> = match encoding {
        Encoding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(source)),
        Encoding::Zstd => Box::new(zstd::stream::read::Decoder::new(source)?),
        Encoding::Xz => Box::new(liblzma::read::XzDecoder::new_multi_decoder(source)),
        Encoding::Bzip2 => Box::new(bzip2::read::MultiBzDecoder::new(source)),
        Encoding::Lz4 => Box::new(Lz4Frames::new(source)),
        Encoding::Utf16 => Box::new(DecodeReaderBytes::new(source)),
        Encoding::Utf16Le => Box::new(utf16(encoding_rs::UTF_16LE, source)),
        Encoding::Utf16Be => Box::new(utf16(encoding_rs::UTF_16BE, source)),
    };
    Ok(Box::new(Named { decoder, name: encoding.name() }))
}

fn utf16<R: Read>(encoding: &'static encoding_rs::Encoding, source: R) -> DecodeReaderBytes<R, Vec<u8>> {
    DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(source)
}

/// Counts what is taken from the input itself.
struct Counted<R> {
    source: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        Ok(count)
    }
}

/// Stops what grows as no log does.
pub(super) struct Bounded<R> {
    source: R,
    taken: Rc<Cell<u64>>,
    given: u64,
}

impl<R> Bounded<R> {
    /// `taken` says how many bytes were taken for what is given.
    pub(super) fn new(source: R, taken: Rc<Cell<u64>>) -> Bounded<R> {
        Bounded { source, taken, given: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.given += count as u64;
        if self.given > ALWAYS_ALLOWED && self.given / MAX_RATIO > self.taken.get() {
            let what = format!("it decodes to more than {MAX_RATIO} times its size, as no log does");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(count)
    }
}

/// Says which decoder failed.
struct Named<'r> {
    decoder: Box<dyn Read + 'r>,
    name: &'static str,
}

impl Read for Named<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), format!("cut short: the {} data ends in the middle", self.name))
            }
            kind => io::Error::new(kind, format!("in the {} data: {error}", self.name)),
        })
    }
}

/// lz4 frames one after the other; the decoder itself stops after one.
struct Lz4Frames<'r> {
    frame: lz4_flex::frame::FrameDecoder<Box<dyn Read + 'r>>,
}

impl<'r> Lz4Frames<'r> {
    fn new(source: Box<dyn Read + 'r>) -> Lz4Frames<'r> {
        Lz4Frames { frame: lz4_flex::frame::FrameDecoder::new(source) }
    }
}

impl Read for Lz4Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.frame.read(buffer) {
            // At the end of a frame the next read begins another one, if there is any.
            Ok(0) if !buffer.is_empty() => self.frame.read(buffer),
            result => result,
        }
    }
}
