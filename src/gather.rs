//! From inputs to evidence, on all cores: plain files by ranges, streams by chunks, both into the same values.

mod archives;
pub mod guide;

use crate::evidence::{END_BYTES, Evidence, Overlap, Problem, Segment};
use crate::grammar::{Clock, SECOND, Time};
use crate::input::chunk::{CHUNK_BYTES, StreamChunk};
use crate::input::decode::Opened;
use crate::input::discover::{Note, explain};
use crate::input::{self, Found, Input, InputKind, PlainFile, Selection, StreamReader};
use crate::scan::{CONTEXT, Chunk, Guide, MAX_LINE, Scanner, TAIL_WINDOW};
use crate::template::stable_hash;
use archives::Members;
use jiff::tz::TimeZone;
use rayon::prelude::*;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Chunks that wait between a stream's reader and its scanners.
const QUEUE: usize = 4;

/// How inputs are gathered.
pub struct Gatherer<'a> {
    pub scanner: &'a Scanner,
    /// The zone of times that tell none.
    pub zone: TimeZone,
    /// Nanoseconds since 1970: the anchor of yearless times from a pipe.
    pub now_ns: i64,
    /// Which members of archives are read.
    pub selection: &'a Selection,
    /// Bytes done so far, for a progress bar; compressed inputs count decoded bytes.
    pub progress: &'a AtomicU64,
}

impl Gatherer<'_> {
    /// Scans everything that was found.
    pub fn gather(&self, found: Found) -> Result<Evidence, Overlap> {
        let mut evidence = Evidence::default();
        evidence.problems.extend(found.notes.into_iter().map(problem_of));
        let (plain, streams): (Vec<Input>, Vec<Input>) =
            found.inputs.into_iter().partition(|input| input.kind == InputKind::Plain);
        let plain =
            plain.par_iter().map(|input| self.plain(input, None)).try_reduce(Evidence::default, Evidence::merge)?;
        let evidence = evidence.merge(plain)?;
        let streamed = match streams.as_slice() {
            [one] => self.stream(one, true)?,
            many => {
                let streams = many.par_iter().map(|input| self.stream(input, false));
                streams.try_reduce(Evidence::default, Evidence::merge)?
            }
        };
        evidence.merge(streamed)
    }

    /// Scans one input, whatever it is.
    pub fn whole(&self, input: &Input) -> Result<Evidence, Overlap> {
        match input.kind {
            InputKind::Plain => self.plain(input, None),
            _ => self.stream(input, true),
        }
    }

    /// Scans a plain file, or a range of it.
    pub fn plain(&self, input: &Input, range: Option<Range<u64>>) -> Result<Evidence, Overlap> {
        let file = match PlainFile::open(&input.file) {
            Ok(file) => file,
            Err(error) => return Ok(failed(&input.path, &error)),
        };
        let range = range.unwrap_or(0..file.length());
        let range = range.start.min(file.length())..range.end.min(file.length());
        let guide = match guide::of_file(self.scanner, &file, self.clock(&input.path, input.modified_ns)) {
            Ok(guide) => guide,
            Err(error) => return Ok(failed(&input.path, &error)),
        };
        let chunks = (range.end - range.start).div_ceil(CHUNK_BYTES).max(1);
        let mut evidence = (0..chunks)
            .into_par_iter()
            .map_init(Vec::new, |buffer, at| {
                let start = range.start + at * CHUNK_BYTES;
                let own = start..(start + CHUNK_BYTES).min(range.end);
                self.plain_chunk(input, &file, own, &guide, buffer)
            })
            // Chunk by chunk, so that what a thread has grows at its end instead of being joined over and over.
            .try_fold(Evidence::default, |all, chunk| all.merge(chunk?))
            .try_reduce(Evidence::default, Evidence::merge)?;
        let stream = evidence.streams.entry(input.path.clone()).or_default();
        stream.own_words.extend(guide.idiom.told());
        stream.length = Some(file.length());
        let hash = |own: Range<u64>| {
            let mut bytes = Vec::new();
            // What cannot be read has been told of.
            file.read(&own, 0, 0, &mut bytes).ok().map(|_| stable_hash(&bytes))
        };
        if range.start == 0 {
            stream.head = hash(0..END_BYTES.min(file.length()));
        }
        if range.end == file.length() {
            stream.tail = hash(file.length().saturating_sub(END_BYTES)..file.length());
        }
        Ok(evidence)
    }

    fn plain_chunk(
        &self,
        input: &Input,
        file: &PlainFile,
        own: Range<u64>,
        guide: &Guide,
        buffer: &mut Vec<u8>,
    ) -> Result<Evidence, Overlap> {
        let (base, shrank) = match file.read(&own, CONTEXT + 1, MAX_LINE, buffer) {
            Ok(read) => read,
            Err(error) => return Ok(failed(&input.path, &error)),
        };
        let chunk = Chunk { bytes: buffer, base, own: own.clone(), length: Some(file.length()) };
        let segment = self.scanner.scan(&chunk, guide);
        self.progress.fetch_add(own.end - own.start, Ordering::Relaxed);
        let mut evidence = self.piece(&input.path, segment)?;
        if shrank {
            let what = format!("the file became shorter while it was read (it had {} bytes)", file.length());
            note(&mut evidence, &input.path, what, "analyze a copy of it", true);
        }
        Ok(evidence)
    }

    fn piece(&self, path: &str, segment: Segment) -> Result<Evidence, Overlap> {
        let mut evidence = Evidence::default();
        evidence.add(path, segment)?;
        Ok(evidence)
    }

    /// Reads what is encoded, archived or piped; `wide` when it may use all cores.
    fn stream(&self, input: &Input, wide: bool) -> Result<Evidence, Overlap> {
        let path = input.path.as_str();
        match input::open(input) {
            Err(error) => Ok(failed(path, &error)),
            Ok(Opened::Text(text)) => self.text(path, text, self.clock(path, input.modified_ns), wide),
            Ok(Opened::Archive(archive)) => Members::of(self, input, wide).read(archive),
            Ok(Opened::Refused(what, help)) => {
                let what = if input.named { what } else { format!("skipped: {what}") };
                let mut evidence = Evidence::default();
                evidence.problems.insert(Problem { path: path.into(), line: None, what, help, fault: input.named });
                Ok(evidence)
            }
        }
    }

    fn text<'r>(&self, path: &str, text: Box<dyn Read + 'r>, clock: Clock, wide: bool) -> Result<Evidence, Overlap> {
        let (text, guide) = self.stream_guide(text, clock);
        let reader = StreamReader::new(text, CONTEXT, TAIL_WINDOW);
        let mut evidence =
            if wide { self.text_wide(path, reader, &guide) } else { self.text_here(path, reader, &guide) }?;
        evidence.streams.entry(path.to_string()).or_default().own_words.extend(guide.idiom.told());
        Ok(evidence)
    }

    /// What is to be known of a stream, of which some is read ahead: all that is held where its times leave something
    /// open. What breaks off on the way breaks off again when it is scanned. Its end is out of reach.
    fn stream_guide<'r>(&self, mut text: Box<dyn Read + 'r>, clock: Clock) -> (Box<dyn Read + 'r>, Guide) {
        let mut bytes = Vec::new();
        let mut error = (&mut text).take(guide::HEAD_BYTES).read_to_end(&mut bytes).err();
        if error.is_none() && guide::leaves_open(self.scanner, &clock, &bytes) {
            error = (&mut text).take(guide::WHOLE_BYTES).read_to_end(&mut bytes).err();
        }
        let guide = guide::of_head(self.scanner, clock, &bytes);
        (Box::new(io::Cursor::new(bytes).chain(Broken(error)).chain(text)), guide)
    }

    /// Scans a stream on the thread that reads it.
    fn text_here(&self, path: &str, mut reader: StreamReader, guide: &Guide) -> Result<Evidence, Overlap> {
        let mut evidence = Evidence::default();
        let mut buffer = Vec::new();
        let mut ends = Ends::default();
        while let Some(chunk) = reader.next(buffer) {
            ends.see(&chunk);
            evidence.add(path, self.scan_stream_chunk(&chunk, guide))?;
            buffer = chunk.bytes;
        }
        self.close(path, reader, evidence, ends)
    }

    /// Scans the only stream on all cores: one thread reads and decodes, the others scan.
    fn text_wide(&self, path: &str, mut reader: StreamReader, guide: &Guide) -> Result<Evidence, Overlap> {
        let (chunks_in, chunks_out) = crossbeam_channel::bounded::<StreamChunk>(QUEUE);
        let (used_in, used_out) = crossbeam_channel::unbounded::<Vec<u8>>();
        let workers = rayon::current_num_threads().max(1);
        // Neighbours join as they come, so that the evidence stays as small as that of a file.
        let evidence = Mutex::new(Evidence::default());
        let mut ends = Ends::default();
        let failed = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..workers)
                .map(|_| {
                    let (chunks_out, used_in, guide, evidence) =
                        (chunks_out.clone(), used_in.clone(), guide, &evidence);
                    scope.spawn(move || {
                        chunks_out.into_iter().try_for_each(|chunk| {
                            let segment = self.scan_stream_chunk(&chunk, guide);
                            // The reader may be gone; then nobody needs the buffer.
                            let _ = used_in.send(chunk.bytes);
                            evidence.lock().unwrap_or_else(PoisonError::into_inner).add(path, segment)
                        })
                    })
                })
                .collect();
            drop(chunks_out);
            while let Some(chunk) = reader.next(used_out.try_recv().unwrap_or_default()) {
                ends.see(&chunk);
                if chunks_in.send(chunk).is_err() {
                    break;
                }
            }
            drop(chunks_in);
            handles.into_iter().try_for_each(|handle| match handle.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        });
        failed?;
        let evidence = evidence.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.close(path, reader, evidence, ends)
    }

    fn scan_stream_chunk(&self, chunk: &StreamChunk, guide: &Guide) -> Segment {
        let own = chunk.own.clone();
        self.progress.fetch_add(own.end - own.start, Ordering::Relaxed);
        self.scanner.scan(&Chunk { bytes: &chunk.bytes, base: chunk.base, own, length: chunk.length }, guide)
    }

    fn close(
        &self,
        path: &str,
        mut reader: StreamReader,
        mut evidence: Evidence,
        ends: Ends,
    ) -> Result<Evidence, Overlap> {
        let stream = evidence.streams.entry(path.to_string()).or_default();
        stream.length = Some(reader.position());
        (stream.head, stream.tail) = (ends.head, ends.tail);
        if let Some(error) = reader.take_error() {
            let what = match error.kind() {
                io::ErrorKind::UnexpectedEof => error.to_string(),
                _ => format!("damaged after {} bytes: {error}", reader.position()),
            };
            note(&mut evidence, path, what, "what came before was analyzed", true);
        }
        if reader.position() == 0 {
            note(&mut evidence, path, "an empty stream".into(), "", false);
        }
        Ok(evidence)
    }

    /// The clock of a stream: not after its file's own time, nor after the day that its name tells.
    pub fn clock(&self, path: &str, modified_ns: Option<i64>) -> Clock {
        let moment = |ns: i64| Time::new(ns.div_euclid(SECOND) * SECOND, 0);
        let clock = Clock::new(self.zone.clone(), moment(modified_ns.unwrap_or(self.now_ns)));
        match input::dated_name::end_of_day(path, &self.zone) {
            Some(end) => clock.not_after(moment(end)),
            None => clock,
        }
    }
}

/// An error that a reader gives once.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Hashes of a stream's first and last bytes, as its chunks go by.
#[derive(Default)]
struct Ends {
    head: Option<u64>,
    tail: Option<u64>,
}

impl Ends {
    fn see(&mut self, chunk: &StreamChunk) {
        if chunk.own.start == 0 {
            self.head = Some(stable_hash(&chunk.bytes[..chunk.bytes.len().min(END_BYTES as usize)]));
        }
        // A chunk carries along more than this of what came before it.
        if chunk.length == Some(chunk.own.end) {
            self.tail = Some(stable_hash(&chunk.bytes[chunk.bytes.len().saturating_sub(END_BYTES as usize)..]));
        }
    }
}

fn passed_over(path: &str, what: &str, help: &str) -> Evidence {
    let mut evidence = Evidence::default();
    let what = format!("skipped: {what}");
    evidence.problems.insert(Problem { path: path.into(), line: None, what, help: help.into(), fault: false });
    evidence
}

fn problem_of(note: Note) -> Problem {
    Problem { path: note.path, line: None, what: note.what, help: note.help, fault: note.fault }
}

fn failed(path: &str, error: &io::Error) -> Evidence {
    let (what, help) = explain(error);
    let mut evidence = Evidence::default();
    evidence.problems.insert(Problem { path: path.into(), line: None, what, help: help.into(), fault: true });
    evidence
}

fn note(evidence: &mut Evidence, path: &str, what: String, help: &str, fault: bool) {
    let problem = Problem { path: path.into(), line: None, what, help: help.into(), fault };
    evidence.streams.entry(path.to_string()).or_default().problems.insert(problem);
}
