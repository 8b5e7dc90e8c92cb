//! Records that are spread over lines, each on one line.
//!
//! A record comes out on the line on which it began, and as many empty lines follow as it had more: what stands at a line
//! of the source stays at that line. What does not fit the folding passes as it is.

use super::counted::Counted;
use super::sniff::{Folding, cursor_time};
use std::io::{self, BufRead, Read};

/// A record of more bytes than this is given out as the lines that it has.
const MAX_RECORD: usize = 1 << 20;
const RECORD_SEPARATOR: u8 = 0x1e;

pub struct Unfold<R> {
    source: R,
    folding: Folding,
    /// Unfolded bytes, and how many of them were given out.
    ready: Vec<u8>,
    given: usize,
    line: Vec<u8>,
    counted: Counted,
}

impl<R: BufRead> Unfold<R> {
    pub fn new(source: R, folding: Folding) -> Unfold<R> {
        Unfold { source, folding, ready: Vec::new(), given: 0, line: Vec::new(), counted: Counted::default() }
    }

    /// Reads a line with its end; false at the end of the source.
    fn next_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        // A line without end must not fill the memory.
        let mut source = (&mut self.source).take(MAX_RECORD as u64);
        source.read_until(b'\n', &mut self.line).map(|count| count > 0)
    }

    /// Fills `ready` with one record; leaves it empty at the end of the source.
    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        match self.folding {
            Folding::PrettyJson => self.pretty_json(),
            Folding::ServerSentEvents => {
                self.next_line()?;
                self.ready.extend_from_slice(self.line.strip_prefix(b"data: ").unwrap_or(&self.line));
                Ok(())
            }
            Folding::JsonSequence => {
                self.next_line()?;
                self.ready.extend(self.line.iter().filter(|&&byte| byte != RECORD_SEPARATOR));
                Ok(())
            }
            Folding::JournalExport => self.journal_export(),
            Folding::JournalVerbose => self.journal_verbose(),
            Folding::CountedSyslog => self.counted.next(&mut self.source, &mut self.ready),
        }
    }

    /// An object from its brace on a line of its own to the brace at the same column. Line ends stand between members
    /// only, so the joined lines are the object.
    fn pretty_json(&mut self) -> io::Result<()> {
        let mut raw = Vec::new();
        let mut column = None;
        let mut lines = 0;
        while self.next_line()? {
            raw.extend_from_slice(&self.line);
            lines += usize::from(self.line.ends_with(b"\n"));
            let text = self.line.trim_ascii();
            let indent = self.line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            match column {
                // Between `},` and `{` nothing stands; `},{` closes one object and opens the next.
                None if text == b"{" || text == b"[{" || text == b"},{" => {
                    column = Some(indent);
                    self.ready.push(b'{');
                }
                // Before the first object, or after the last.
                None if !(text.starts_with(b"\"") && text.contains(&b':')) => {
                    self.ready = raw;
                    return Ok(());
                }
                // The object began with the brace that closed the one before.
                None => {
                    column = Some(0);
                    self.ready.push(b'{');
                    self.ready.extend_from_slice(text);
                }
                Some(column) if indent <= column && text.starts_with(b"}") => {
                    self.ready.push(b'}');
                    break;
                }
                Some(_) => self.ready.extend_from_slice(text),
            }
            if raw.len() > MAX_RECORD {
                self.ready = raw;
                return Ok(());
            }
        }
        self.ready.extend(std::iter::repeat_n(b'\n', lines));
        Ok(())
    }

    /// A line with the time and the cursor, then indented `FIELD=value` lines; values go on with deeper ones.
    fn journal_verbose(&mut self) -> io::Result<()> {
        let mut fields = serde_json::Map::new();
        let mut lines = 0;
        let mut size = 0;
        loop {
            // The head of the next record waits in `line`.
            if self.line.is_empty() && !self.next_line()? {
                break;
            }
            let line = std::mem::take(&mut self.line);
            match (cursor_time(&line), line.strip_prefix(b"    ")) {
                (Some(_), _) if lines > 0 => {
                    self.line = line;
                    break;
                }
                (Some(time), _) => {
                    fields.insert("__REALTIME_TIMESTAMP".into(), time.to_string().into());
                }
                (None, Some(field)) if !fields.is_empty() => add_field(&mut fields, field.trim_ascii_end()),
                // A header, or what is no such record at all.
                (None, _) if fields.is_empty() => {
                    self.ready = line;
                    return Ok(());
                }
                (None, _) => {}
            }
            lines += usize::from(line.ends_with(b"\n"));
            size += line.len();
            if size > MAX_RECORD {
                break;
            }
        }
        if !fields.is_empty() {
            serde_json::to_writer(&mut self.ready, &fields)?;
        }
        self.ready.extend(std::iter::repeat_n(b'\n', lines));
        Ok(())
    }

    /// `FIELD=value` lines, or a field's name, a length of eight bytes and the value; an empty line ends the record.
    fn journal_export(&mut self) -> io::Result<()> {
        let mut fields = serde_json::Map::new();
        let mut lines = 0;
        let mut size = 0;
        while self.next_line()? {
            lines += usize::from(self.line.ends_with(b"\n"));
            size += self.line.len();
            let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
            if line.is_empty() {
                break;
            }
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let (name, value) = match memchr::memchr(b'=', line) {
                Some(at) => (text(&line[..at]), text(&line[at + 1..])),
                None => {
                    let name = text(line);
                    let value = self.sized_value()?;
                    lines += memchr::memchr_iter(b'\n', &value).count();
                    size += value.len();
                    (name, text(value.strip_suffix(b"\n").unwrap_or(&value)))
                }
            };
            fields.insert(name, value.into());
            if size > MAX_RECORD {
                break;
            }
        }
        if !fields.is_empty() {
            serde_json::to_writer(&mut self.ready, &fields)?;
        }
        self.ready.extend(std::iter::repeat_n(b'\n', lines));
        Ok(())
    }

    /// A length in little-endian order, so many bytes, and a line end.
    fn sized_value(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 8];
        self.source.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_RECORD as u64 {
            let what = format!("a journal field of {length} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        let mut value = vec![0; length as usize + 1];
        self.source.read_exact(&mut value)?;
        Ok(value)
    }
}

/// A field, or the next line of the value of the one before.
fn add_field(fields: &mut serde_json::Map<String, serde_json::Value>, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    match text.split_once('=').filter(|(name, _)| is_name(name)) {
        Some((name, value)) => {
            fields.insert(name.into(), value.into());
        }
        None => {
            if let Some(serde_json::Value::String(message)) = fields.get_mut("MESSAGE") {
                message.push('\n');
                message.push_str(text.trim_start());
            }
        }
    }
}

impl<R: BufRead> Read for Unfold<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() {
            self.fill()?;
        }
        let rest = &self.ready[self.given..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unfolded(folding: Folding, text: &[u8]) -> String {
        let mut all = Vec::new();
        Unfold::new(text, folding).read_to_end(&mut all).unwrap();
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn the_unified_logs_array() {
        let text = b"Filtering the log data using \"x\"\n[{\n  \"a\" : 1,\n  \"b\" : \"x },{ y\"\n},{\n  \"a\" : 2,\n  \"c\" : {\n    \"d\" : 3\n  }\n}]\n";
        assert_eq!(
            unfolded(Folding::PrettyJson, text),
            "Filtering the log data using \"x\"\n{\"a\" : 1,\"b\" : \"x },{ y\"}\n\n\n\n{\"a\" : 2,\"c\" : {\"d\" : 3}}\n\n\n\n\n"
        );
    }

    #[test]
    fn objects_one_after_the_other() {
        let text = b"{\n\t\"A\" : \"1\",\n\t\"B\" : [ 1, 2 ]\n}\n{\n\t\"A\" : \"2\"\n}\n";
        assert_eq!(
            unfolded(Folding::PrettyJson, text),
            "{\"A\" : \"1\",\"B\" : [ 1, 2 ]}\n\n\n\n{\"A\" : \"2\"}\n\n\n"
        );
        let text = b"[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n";
        assert_eq!(unfolded(Folding::PrettyJson, text), "[\n{\"a\": 1}\n\n\n{\"a\": 2}\n\n\n]\n");
    }

    #[test]
    fn an_export_of_the_journal() {
        let mut text = b"__CURSOR=s=1\nMESSAGE\n".to_vec();
        text.extend(7u64.to_le_bytes());
        text.extend(b"two\nlin\n_PID=7\n\n__CURSOR=s=2\nMESSAGE=a=b\n\n");
        assert_eq!(
            unfolded(Folding::JournalExport, &text),
            "{\"MESSAGE\":\"two\\nlin\",\"_PID\":\"7\",\"__CURSOR\":\"s=1\"}\n\n\n\n\n\n{\"MESSAGE\":\"a=b\",\"__CURSOR\":\"s=2\"}\n\n\n"
        );
    }

    #[test]
    fn a_verbose_journal() {
        let text = "-- Boot 1 --\nWed 2026-01-14 03:12:41.224591 CET [s=1;i=2;t=64850f5a1b2c3;x=6]\n    _PID=812\n    MESSAGE=two\n            lines\nWed 2026-01-14 03:12:42.0 CET [s=1;i=3;t=64850f5a1b2c4;x=6]\n    MESSAGE=a=b\n";
        assert_eq!(
            unfolded(Folding::JournalVerbose, text.as_bytes()),
            "-- Boot 1 --\n{\"MESSAGE\":\"two\\nlines\",\"_PID\":\"812\",\"__REALTIME_TIMESTAMP\":\"1768362415862467\"}\n\n\n\n{\"MESSAGE\":\"a=b\",\"__REALTIME_TIMESTAMP\":\"1768362415862468\"}\n\n"
        );
    }

    #[test]
    fn separators_and_prefixes_go() {
        assert_eq!(unfolded(Folding::JsonSequence, b"\x1e{\"a\":1}\n\x1e{\"a\":2}\n"), "{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(unfolded(Folding::ServerSentEvents, b"data: {\"a\":1}\n\ndata: {}\n"), "{\"a\":1}\n\n{}\n");
    }

    proptest! {
        #[test]
        fn anything_is_read_to_its_end_or_refused(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            for folding in [Folding::PrettyJson, Folding::ServerSentEvents, Folding::JsonSequence, Folding::JournalExport, Folding::JournalVerbose, Folding::CountedSyslog] {
                let mut all = Vec::new();
                let _ = Unfold::new(text.as_slice(), folding).read_to_end(&mut all);
            }
        }

        #[test]
        fn lines_stay_where_they_were(text in "[{}\\[\\], \"a:\n]{0,200}") {
            let count = |text: &str| text.matches('\n').count();
            for folding in [Folding::PrettyJson, Folding::JournalVerbose] {
                prop_assert_eq!(count(&unfolded(folding, text.as_bytes())), count(&text));
            }
        }
    }
}
