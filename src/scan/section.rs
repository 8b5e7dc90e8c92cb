//! Logs that stand in turn in one stream, each under a head that names it, as `tail` writes them, `==> gateway.log <==`, or `pm2
//! logs`.
//!
//! A line's log is what the nearest head before it says, within `CONTEXT`, so that it does not matter where the chunk was
//! cut.

use super::{CONTEXT, Pass};
use crate::grammar::head::{SECTIONS, section_of};
use memchr::memmem;

/// The nearest head before a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'a> {
    at: usize,
    name: &'a [u8],
}

impl<'a> Pass<'a> {
    /// Notes a head; whether the line is one.
    pub(super) fn meet_section(&mut self, at: usize, line: &'a [u8]) -> bool {
        let name = section_of(line);
        if let Some(name) = name {
            self.section = Some(Section { at, name });
            // The time of what stands above is another log's.
            (self.timed, self.timed_until) = (None, at + line.len() + 1);
        }
        name.is_some()
    }

    /// The log that the line that begins here is of, where a head tells.
    pub(super) fn section_at(&self, at: usize) -> &'a [u8] {
        let near = self.section.filter(|section| section.at <= at && (at - section.at) as u64 <= CONTEXT);
        near.map_or(b"", |section| section.name)
    }

    /// A piece may begin below a head.
    pub(super) fn look_back_for_section(&mut self, first: usize) {
        let from = first.saturating_sub(CONTEXT as usize);
        let bytes = self.chunk.bytes;
        let heads = SECTIONS.iter().flat_map(|head| memmem::find_iter(&bytes[from..first], head));
        let mut heads: Vec<usize> = heads.map(|found| from + found).collect();
        heads.sort_unstable();
        for found in heads.into_iter().rev() {
            let begin = match memchr::memrchr(b'\n', &bytes[..found]) {
                Some(newline) => newline + 1,
                None if self.chunk.base == 0 => 0,
                None => continue,
            };
            // As near as a line of the own range may look.
            if begin >= from && self.meet_section(begin, self.visible(begin, self.line_end(begin))) {
                return;
            }
        }
    }
}
