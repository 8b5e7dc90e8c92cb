//! What of a line decided how patterns read it: what makes lines that begin alike read alike.
//!
//! A trace goes through a line as `Pattern::read` does, and notes how far it looked, whether a value had a say, and which
//! texts it looked for in vain. It runs on a line that is like none before, so that the next ones need none of this.

use super::beginning::Beginning;
use super::field::Field;
use super::matcher::{Matcher, of_pod};
use super::pattern::{Item, Pattern};
use super::timestamp::Form;
use crate::finder::Text;

/// How a pattern went through a line, for all lines that begin alike.
#[derive(Debug, Default)]
pub struct Trace<'p> {
    /// Whether it reads the line; its time may still be none.
    pub reads: bool,
    /// So many bytes decided, values alike; the line's end is one, too.
    pub looked: usize,
    /// Texts that do not stand in the line from some place on.
    pub lacks: Vec<(usize, &'p Text)>,
    /// Where a time was read, and in which form.
    pub time: Option<(usize, &'p Form)>,
    /// The field that takes all that is left, and from where.
    pub last: Option<(Field, usize)>,
}

/// A value had a say, or more than the beginning.
struct Unsure;

impl Pattern {
    /// How this pattern goes through a line; None where that does not hold for all lines that begin alike.
    pub fn trace(&self, line: &[u8], beginning: &Beginning) -> Option<Trace<'_>> {
        let mut walk = Walk { line, beginning, trace: Trace::default(), rest: 0 };
        let end = walk.items(&self.items, 0).ok()?;
        let rest = walk.rest;
        let mut trace = walk.trace;
        trace.reads = end == Some(line.len());
        match (self.items.last(), end) {
            (Some(Item::Capture(Some(field), matcher)), Some(_)) if matcher.goes_to_the_end() => {
                trace.last = Some((*field, rest));
            }
            // It asks whether the line ends here.
            (_, Some(end)) => trace.looked = trace.looked.max(end + 1),
            _ => {}
        }
        Some(trace)
    }
}

struct Walk<'w, 'p> {
    line: &'w [u8],
    beginning: &'w Beginning,
    trace: Trace<'p>,
    /// Where what takes all that is left began.
    rest: usize,
}

impl<'p> Walk<'_, 'p> {
    /// As `Pattern::read` does; Ok(None) where an item does not match.
    fn items(&mut self, items: &'p [Item], mut at: usize) -> Result<Option<usize>, Unsure> {
        for item in items {
            let taken = match item {
                Item::Literal(text) => self.literal(text, at)?,
                Item::Blanks => self.run(at, |byte| byte == b' ' || byte == b'\t'),
                Item::Time(form) => self.time(form, at)?,
                Item::Capture(Some(Field::Level), matcher) => self.level(matcher, at)?,
                Item::Capture(_, matcher) => self.matcher(matcher, at)?,
                Item::Optional(inner) => {
                    let time = self.trace.time;
                    let after = self.items(inner, at)?;
                    if self.trace.time != time {
                        return Err(Unsure);
                    }
                    Some(after.map_or(0, |after| after - at))
                }
            };
            let Some(taken) = taken else { return Ok(None) };
            at += taken;
        }
        Ok(Some(at))
    }

    fn looked(&mut self, to: usize) {
        self.trace.looked = self.trace.looked.max(to.min(self.line.len() + 1));
    }

    /// Whether a byte of the line is part of a value.
    fn is_value(&self, at: usize) -> bool {
        self.beginning.bytes().get(at).is_none_or(|byte| *byte == b'0')
    }

    /// Whether a byte could stand where another value has one of its own.
    fn may_be_value(&self, byte: u8) -> bool {
        byte.is_ascii_digit() || self.beginning.has_hex() && matches!(byte, b'a'..=b'f')
    }

    fn may_be_values<'t>(&self, bytes: impl IntoIterator<Item = &'t u8>) -> bool {
        bytes.into_iter().any(|byte| self.may_be_value(*byte))
    }

    fn literal(&mut self, text: &[u8], at: usize) -> Result<Option<usize>, Unsure> {
        let mut by_value = false;
        for (place, byte) in (at..).zip(text) {
            let own = self.line.get(place);
            let is_value = own.is_some() && self.is_value(place);
            if is_value && self.may_be_value(*byte) {
                by_value = true;
            } else if is_value || own != Some(byte) {
                // It does not match, whatever the values are.
                self.looked(place + 1);
                return Ok(None);
            }
        }
        if by_value {
            return Err(Unsure);
        }
        self.looked(at + text.len());
        Ok(Some(text.len()))
    }

    fn run(&mut self, at: usize, takes: impl Fn(u8) -> bool) -> Option<usize> {
        let len = self.line[at..].iter().take_while(|byte| takes(**byte)).count();
        self.looked(at + len + 1);
        (len > 0).then_some(len)
    }

    fn time(&mut self, form: &'p Form, at: usize) -> Result<Option<usize>, Unsure> {
        let len = form.read_into(&self.line[at..], &mut Default::default()).ok_or(Unsure)?;
        if self.trace.time.replace((at, form)).is_some() {
            return Err(Unsure);
        }
        self.looked(at + len + 1);
        Ok(Some(len))
    }

    fn level(&mut self, matcher: &'p Matcher, at: usize) -> Result<Option<usize>, Unsure> {
        if matches!(matcher, Matcher::Digits { .. } | Matcher::Status) {
            return Err(Unsure);
        }
        let taken = self.matcher(matcher, at)?;
        let end = at + taken.unwrap_or(0);
        if (at..end).any(|place| self.is_value(place)) {
            return Err(Unsure);
        }
        // What is no word for a level is none in any line that begins alike; which one it is, the reader finds.
        let is_level = || super::pattern::read_level(matcher, &self.line[at..]).is_some();
        Ok(taken.filter(|_| is_level()))
    }

    fn matcher(&mut self, matcher: &'p Matcher, at: usize) -> Result<Option<usize>, Unsure> {
        let rest = &self.line[at..];
        match matcher {
            Matcher::Free { stops, .. } if stops.is_empty() => {
                self.rest = at;
                self.looked(at + 1);
                Ok(matcher.read(rest))
            }
            Matcher::Rest => {
                self.rest = at;
                Ok(Some(rest.len()))
            }
            Matcher::Free { stops, .. } | Matcher::Until(stops) => {
                if self.may_be_values(stops.iter().flat_map(|stop| stop.bytes())) {
                    return Err(Unsure);
                }
                match stops.iter().filter_map(|stop| stop.find(rest)).min() {
                    Some(found) => {
                        let longest = stops.iter().map(|stop| stop.bytes().len()).max().unwrap_or(0);
                        self.looked(at + found + longest);
                    }
                    None => self.trace.lacks.extend(stops.iter().map(|stop| (at, stop))),
                }
                Ok(matcher.read(rest))
            }
            Matcher::OneOf(words) => {
                if self.is_value(at) && self.may_be_values(words.iter().filter_map(|word| word.first())) {
                    return Err(Unsure);
                }
                let longest = words.iter().map(Vec::len).max().unwrap_or(0);
                let is_touched = (at..self.line.len().min(at + longest)).any(|place| self.is_value(place));
                if is_touched && self.may_be_values(words.iter().flatten()) {
                    return Err(Unsure);
                }
                self.looked(at + longest);
                Ok(matcher.read(rest))
            }
            Matcher::Class(_) => {
                if !matcher.treats_digits_alike() || self.beginning.has_hex() && !matcher.treats_ids_alike(|_| false) {
                    return Err(Unsure);
                }
                let taken = matcher.read(rest);
                self.looked(at + taken.unwrap_or(0) + 1);
                Ok(taken)
            }
            // They take digits alone: of a hexadecimal number more or fewer.
            Matcher::Digits { .. } | Matcher::Status => {
                let taken = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count();
                if self.beginning.has_hex() && self.is_hex_near(at, at + taken) {
                    return Err(Unsure);
                }
                self.looked(at + taken + 1);
                Ok(matcher.read(rest))
            }
            // It asks which letters stand at its end.
            Matcher::Pod => {
                if self.beginning.has_hex() {
                    return Err(Unsure);
                }
                self.looked(at + of_pod(rest) + 1);
                Ok(matcher.read(rest))
            }
            Matcher::Hex | Matcher::Word => {
                let taken = matcher.read(rest);
                self.looked(at + taken.unwrap_or(0) + 1);
                Ok(taken)
            }
            Matcher::Quoted => {
                let taken = matcher.read(rest).ok_or(Unsure)?;
                self.looked(at + taken);
                Ok(Some(taken))
            }
            Matcher::RestBefore(_) | Matcher::RestFrom(_) => Err(Unsure),
        }
    }

    /// Whether a letter stands there, or just after, in the place of which a digit could be.
    fn is_hex_near(&self, from: usize, to: usize) -> bool {
        let is_letter = |place: usize| self.line.get(place).is_some_and(|byte| !byte.is_ascii_digit());
        (from..=to).any(|place| self.is_value(place) && is_letter(place))
            || (from..=to).any(|place| place > 0 && self.line.get(place - 1) == Some(&b'x'))
    }
}
