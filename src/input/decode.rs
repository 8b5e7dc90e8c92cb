//! Encoded bytes to plain ones: compression, UTF-16, records spread over lines, one around the other.
//!
//! What is inside is judged anew by its first bytes after each layer. Everything is read as it comes; nothing is unpacked
//! to disk or held as a whole.

use super::archive::{Archive, Member};
use super::budget::{Bounded, Depth, MAX_DEPTH, MAX_HELD};
use super::mixed::Mixed;
use super::sniff::{self, Content, Encoding};
use super::unfold::Unfold;
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};
use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

/// Layers of encoding around a text at most.
const MAX_LAYERS: usize = 4;

/// What is inside, with everything around it taken off.
pub enum Opened<'r> {
    Text(Box<dyn Read + 'r>),
    Archive(Archive<'r>),
    /// No text; what it is, and what to do about it.
    Refused(String, String),
}

/// Takes off all layers around an input.
pub fn open<'r>(source: impl Read + 'r) -> io::Result<Opened<'r>> {
    open_at(source, Depth::default())
}

/// Takes off all layers around the content of an archive's member.
pub fn open_member(member: Member<'_>) -> io::Result<Opened<'_>> {
    open_at(member.content, member.depth)
}

/// Takes off all layers around what may stand inside archives.
fn open_at<'r>(source: impl Read + 'r, depth: Depth) -> io::Result<Opened<'r>> {
    let taken = Rc::new(Cell::new(0));
    let outermost = depth.is_outermost().then(|| depth.clone());
    let mut source: Box<dyn Read + 'r> = Box::new(Counted { source, taken: Rc::clone(&taken), outermost });
    for layer in 0..=MAX_LAYERS {
        let (content, whole) = peek(source)?;
        let bounded = |source| Box::new(Bounded::counted(source, Rc::clone(&taken), depth.clone()));
        match content {
            // Layers in the middle have their bound as well, or many of them come to nothing for ever.
            Content::Encoded(encoding) => {
                source = Box::new(Bounded::new(decoder(encoding, whole)?, Rc::clone(&taken)));
            }
            Content::Empty | Content::Text | Content::Mixed => {
                // What was not encoded cannot grow.
                let is_as_it_was = layer == 0 && depth.is_outermost();
                let text = if is_as_it_was { whole } else { bounded(whole) };
                return Ok(Opened::Text(Box::new(Mixed::new(text))));
            }
            Content::Folded(folding) => {
                let unfolded = Unfold::new(BufReader::with_capacity(128 << 10, bounded(whole)), folding);
                return Ok(Opened::Text(Box::new(unfolded)));
            }
            Content::Tar | Content::Zip => {
                let Some(deeper) = depth.deeper() else {
                    let what = format!("an archive inside {MAX_DEPTH} others");
                    return Ok(Opened::Refused(what, "unpack the outermost one".into()));
                };
                let whole = bounded(whole);
                if content == Content::Tar {
                    return Ok(Opened::Archive(Archive::tar(whole, deeper)));
                }
                return Ok(match depth.hold(whole)? {
                    Some(bytes) => Opened::Archive(Archive::zip_in_memory(bytes, deeper)),
                    None => {
                        let what = format!("zip archives of over {} MiB in another input", MAX_HELD >> 20);
                        Opened::Refused(what, "unpack the outer one, or name the archive itself".into())
                    }
                });
            }
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

/// Counts what is taken from what is decoded, and for the whole input if this is all of it.
struct Counted<R> {
    source: R,
    taken: Rc<Cell<u64>>,
    outermost: Option<Depth>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.taken.set(self.taken.get() + count as u64);
        self.outermost.iter().for_each(|outermost| outermost.take(count as u64));
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
