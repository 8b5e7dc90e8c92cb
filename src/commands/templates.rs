//! `relapse templates [PATH…]`

use super::{Failure, Outcome};
use memchr::memchr_iter;
use relapse::template::miner::{Mined, Miner};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files of messages, one a line; standard input without any
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print each template once, with its count, the most frequent first
    #[arg(long)]
    summary: bool,
}

/// Bytes that are read at a time.
const BLOCK: usize = 256 << 10;

pub fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let stdin = vec![PathBuf::from("-")];
    let paths = if arguments.paths.is_empty() { &stdin } else { &arguments.paths };
    let mut miner = Miner::default();
    let mut unread = 0;
    for path in paths {
        let mined = match path.as_os_str() == "-" {
            true => mine(io::stdin().lock(), &mut miner),
            false => File::open(path).and_then(|file| mine(file, &mut miner)),
        };
        // The others are still read.
        if let Err(error) = mined {
            unread += 1;
            eprintln!("relapse: {}: {error}; only what came before is read", super::shown(path));
        }
    }
    let mined = miner.finish();
    let out = io::BufWriter::with_capacity(BLOCK, io::stdout().lock());
    let printed = if arguments.summary { print_summary(&mined, out) } else { print_lines(&mined, out) };
    match printed {
        // A reader that went away is no failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ if unread == 0 => Ok(Outcome::Done),
        _ if mined.templates.is_empty() => Ok(Outcome::Failed),
        _ => Ok(Outcome::Partial),
    }
}

/// Gives every line of a stream to the miner. Of a line longer than a block only its beginning is given, which is more
/// than a miner looks at.
fn mine(mut stream: impl Read, miner: &mut Miner) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK];
    let mut filled = 0;
    // Within a line whose beginning is given already.
    let mut given = false;
    loop {
        let read = match stream.read(&mut buffer[filled..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            break;
        }
        filled += read;
        let mut start = 0;
        for end in memchr_iter(b'\n', &buffer[..filled]) {
            if !std::mem::take(&mut given) {
                miner.add(without_return(&buffer[start..end]));
            }
            start = end + 1;
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
        if filled == buffer.len() {
            if !std::mem::replace(&mut given, true) {
                miner.add(&buffer);
            }
            filled = 0;
        }
    }
    if filled > 0 && !given {
        miner.add(without_return(&buffer[..filled]));
    }
    Ok(())
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// One object a message: `{"line":n,"cluster":"…","template":"…"}`.
fn print_lines(mined: &Mined, mut out: impl Write) -> io::Result<()> {
    let ends: Vec<String> = mined
        .templates
        .iter()
        .map(|template| Ok(format!(",\"cluster\":\"{:016x}\",\"template\":{}}}\n", template.id, json(&template.text)?)))
        .collect::<io::Result<_>>()?;
    let mut number = Number::default();
    for at in mined.each() {
        out.write_all(b"{\"line\":")?;
        out.write_all(number.next())?;
        out.write_all(ends[at].as_bytes())?;
    }
    out.flush()
}

/// One object a template: `{"cluster":"…","count":n,"line":n,"template":"…"}`, the line being the first one's.
fn print_summary(mined: &Mined, mut out: impl Write) -> io::Result<()> {
    for template in &mined.templates {
        let text = json(&template.text)?;
        let (id, count, line) = (template.id, template.count, template.first + 1);
        writeln!(out, "{{\"cluster\":\"{id:016x}\",\"count\":{count},\"line\":{line},\"template\":{text}}}")?;
    }
    out.flush()
}

fn json(text: &str) -> io::Result<String> {
    serde_json::to_string(text).map_err(io::Error::from)
}

/// Counts in decimal: printing anew each time would cost as much as the rest of the line.
#[derive(Default)]
struct Number {
    digits: Vec<u8>,
}

impl Number {
    fn next(&mut self) -> &[u8] {
        for digit in self.digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return &self.digits;
            }
            *digit = b'0';
        }
        self.digits.insert(0, b'1');
        &self.digits
    }
}
