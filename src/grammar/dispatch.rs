//! Which formats may read a line, by its first bytes.
//!
//! Patterns that begin with the same form of time are a group: the form is tried once a line, and the bytes after it refuse
//! most of the group at once. What `Catalog::read` gives is what trying every format in turn would give; a test holds the
//! two together.

use super::clock::Clock;
use super::format::{Fields, Format, FormatId};
use super::json::Object;
use super::pattern::Leads;
use super::places::Places;
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Dispatch {
    /// All patterns and JSON formats in the catalog's order.
    entries: Vec<Entry>,
    /// By the time at the start of their patterns.
    groups: Vec<Group>,
    /// Which of these times may stand at a line's start.
    starts: Places,
    /// The entries that read objects.
    json: Vec<u16>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    format: FormatId,
    /// None for the members of a JSON object.
    pattern: Option<u16>,
}

/// Patterns with the same time at their start, or with none.
#[derive(Debug)]
struct Group {
    lead: Option<u16>,
    /// Places in `entries`, in order.
    entries: Vec<u16>,
    places: Places,
}

/// A set of entries.
type Alive = [u64; MAX_ENTRIES / 64];

/// More patterns than this are not told apart by their first bytes.
const MAX_ENTRIES: usize = 1024;

impl Dispatch {
    pub fn of(formats: &[Format]) -> Dispatch {
        let mut entries = Vec::new();
        for (at, format) in formats.iter().enumerate() {
            let format_id = at as FormatId;
            if format.is_json() {
                entries.push(Entry { format: format_id, pattern: None });
            }
            let patterns = (0..format.lines().len()).map(|at| Some(at as u16));
            entries.extend(patterns.map(|pattern| Entry { format: format_id, pattern }));
        }
        let mut by_lead: BTreeMap<Option<u16>, Vec<u16>> = BTreeMap::new();
        let mut json = Vec::new();
        for (at, entry) in (0u16..).zip(&entries) {
            match entry.pattern {
                Some(pattern) => {
                    let lead = formats[usize::from(entry.format)].line(usize::from(pattern)).lead();
                    by_lead.entry(lead).or_default().push(at);
                }
                None => json.push(at),
            }
        }
        let line = |at: &u16| {
            let entry = entries[usize::from(*at)];
            formats[usize::from(entry.format)].line(usize::from(entry.pattern.unwrap_or_default()))
        };
        let groups: Vec<Group> = by_lead
            .into_iter()
            .flat_map(|(lead, members)| {
                members.chunks(Places::MAX_PATTERNS).map(|members| (lead, members.to_vec())).collect::<Vec<_>>()
            })
            .map(|(lead, members)| Group {
                lead,
                places: Places::of_whole(members.iter().map(|at| line(at).after_lead())),
                entries: members,
            })
            .collect();
        let starts = Places::of_start(groups.iter().map(|group| match group.lead {
            Some(_) => line(&group.entries[0]).until_lead(),
            None => &[],
        }));
        Dispatch { entries, groups, starts, json }
    }

    /// The first format that reads a line, with what it read.
    pub fn first_match<'t>(&self, formats: &[Format], text: &'t [u8], clock: &Clock) -> Option<(FormatId, Fields<'t>)> {
        let first = *text.first()?;
        let mut leads = Leads::default();
        let mut alive: Alive = [0; MAX_ENTRIES / 64];
        let mut add = |at: u16| alive[usize::from(at) / 64] |= 1 << (at % 64);
        let object = (first == b'{' && !self.json.is_empty()).then(|| Object::of(text));
        if object.is_some() {
            self.json.iter().copied().for_each(&mut add);
        }
        let rest_of = |group: &Group, leads: &mut Leads| -> Option<&'t [u8]> {
            let Some(lead) = group.lead else { return Some(text) };
            let entry = self.entries[usize::from(group.entries[0])];
            let pattern = formats[usize::from(entry.format)].line(usize::from(entry.pattern?));
            Some(&text[pattern.lead_end(lead, text, leads)?..])
        };
        self.starts.candidates(text, |number| {
            let group = &self.groups[number];
            if let Some(rest) = rest_of(group, &mut leads) {
                group.places.candidates(rest, |number| add(group.entries[number]));
            }
        });
        for (word, mut bits) in alive.into_iter().enumerate() {
            while bits != 0 {
                let entry = self.entries[word * 64 + bits.trailing_zeros() as usize];
                bits &= bits - 1;
                let format = &formats[usize::from(entry.format)];
                let fields = match (entry.pattern, &object) {
                    (Some(pattern), _) => format.read_pattern(usize::from(pattern), text, clock, &mut leads),
                    (None, Some(object)) => format.read_json(object, clock),
                    (None, None) => None,
                };
                if let Some(fields) = fields {
                    return Some((entry.format, fields));
                }
            }
        }
        None
    }
}
