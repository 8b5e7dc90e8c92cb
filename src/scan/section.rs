//! Logs that stand in turn in one stream, each under a head that names it, as `tail` writes them: `==> gateway.log <==`.
//!
//! A line's log is what the nearest head before it says, within `CONTEXT`, so that it does not matter where the chunk was
//! cut.

use super::{CONTEXT, Pass};
use crate::grammar::head::{SECTION, section_of};
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
        let before = memmem::find_iter(&bytes[from..first], SECTION).map(|found| from + found).collect::<Vec<_>>();
        for found in before.into_iter().rev() {
            let begins = if found == 0 { self.chunk.base == 0 } else { bytes[found - 1] == b'\n' };
            if begins && self.meet_section(found, self.visible(found, self.line_end(found))) {
                return;
            }
        }
    }
}
