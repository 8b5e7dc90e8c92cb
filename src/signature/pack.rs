//! Signature files: known failures as data, loaded and checked.

use crate::finder::{Grams, Text};
use crate::grammar::complaint::{Complaint, Source};
use crate::grammar::format::toml_complaint;
use crate::grammar::mark::searchable;
use crate::signature::lazy_regex::LazyRegex;
use memchr::memmem;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::Spanned;

/// What a fault is by nature; data may promote a symptom that nothing explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Root,
    Symptom,
    Amplifier,
    Lifecycle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    Init,
    Runtime,
    Either,
}

/// A warning signal that a signature raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signal {
    SessionFiles,
    SqliteCantopen,
    #[serde(rename = "bootstrap-125")]
    Bootstrap125,
    HookReference,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    family: String,
    #[serde(default)]
    signature: Vec<Spanned<Entry>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    title: String,
    literals: Spanned<Vec<Vec<String>>>,
    regex: Option<Spanned<String>>,
    #[serde(default)]
    not: Vec<String>,
    #[serde(default)]
    not_programs: Vec<String>,
    #[serde(default)]
    ignore_case: bool,
    role: Role,
    phase: Phase,
    severity: u8,
    #[serde(default)]
    explains: Vec<String>,
    #[serde(default)]
    heals: Vec<String>,
    #[serde(default)]
    degrades: bool,
    #[serde(default)]
    for_good: bool,
    #[serde(default)]
    summary: bool,
    #[serde(default)]
    varies: bool,
    #[serde(default)]
    headed: bool,
    signal: Option<Signal>,
    meaning: String,
    fix: String,
    source: String,
    examples: Vec<Spanned<String>>,
    near_misses: Vec<Spanned<String>>,
}

/// One known failure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signature {
    pub id: String,
    pub family: String,
    pub title: String,
    /// Any of the lists; all literals of a list must be in one message.
    pub literals: Vec<Vec<Vec<u8>>>,
    pub regex: Option<LazyRegex>,
    not: Vec<Text>,
    pub not_programs: Vec<String>,
    pub ignore_case: bool,
    pub role: Role,
    pub phase: Phase,
    /// 1 low … 5 fatal.
    pub severity: u8,
    pub explains: Vec<String>,
    /// What it says is over: signatures whose faults before it were got over.
    pub heals: Vec<String>,
    /// A part of the service is lost even when it goes on and becomes ready.
    pub degrades: bool,
    /// What `degrades` takes away stays lost until a restart: said once, at any time, it is so.
    pub for_good: bool,
    /// The line only says that something failed; what, stands before it.
    pub summary: bool,
    /// The line names what it is about: different names are different causes.
    pub varies: bool,
    /// The line above names what it is about.
    pub headed: bool,
    pub signal: Option<Signal>,
    pub meaning: String,
    pub fix: String,
    pub source: String,
    pub examples: Vec<String>,
    pub near_misses: Vec<String>,
}

impl Signature {
    /// Whether a message is an instance, literals included: the plain twin of the matcher.
    pub fn matches(&self, message: &[u8]) -> bool {
        let holds = |literal: &Vec<u8>| {
            if self.ignore_case {
                memmem::find(&message.to_ascii_lowercase(), &literal.to_ascii_lowercase()).is_some()
            } else {
                memmem::find(message, literal).is_some()
            }
        };
        self.literals.iter().any(|all| all.iter().all(holds)) && self.verify(message)
    }

    /// What is left to ask once the literals are there.
    pub fn verify(&self, message: &[u8]) -> bool {
        self.regex.as_ref().is_none_or(|regex| regex.is_match(message))
            && !self.not.iter().any(|text| text.is_in(message))
    }

    /// A message that has one of these is no instance.
    pub fn not(&self) -> &[Text] {
        &self.not
    }

    /// Bytes of text that an instance surely holds: of two signatures on one line the longer says more.
    pub fn specificity(&self) -> usize {
        self.literals.iter().map(|all| all.iter().map(Vec::len).sum()).min().unwrap_or(0)
    }
}

/// All signatures.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Pack {
    signatures: Vec<Signature>,
    by_id: BTreeMap<String, usize>,
}

impl Pack {
    /// Compiles signature files; entries with mistakes are left out and told. A later file's id replaces an earlier one.
    pub fn load(sources: &[Source]) -> (Pack, Vec<Complaint>) {
        let mut pack = Pack::default();
        let mut complaints = Vec::new();
        for source in sources {
            match toml::from_str::<PackFile>(source.text) {
                Err(error) => complaints.push(toml_complaint(*source, &error)),
                Ok(file) => {
                    for entry in &file.signature {
                        match compile(*source, &file.family, entry.get_ref()) {
                            Ok(signature) => pack.add(signature),
                            Err(mistakes) => complaints.extend(mistakes),
                        }
                    }
                }
            }
        }
        (pack, complaints)
    }

    fn add(&mut self, signature: Signature) {
        match self.by_id.get(&signature.id) {
            Some(&at) => self.signatures[at] = signature,
            None => {
                self.by_id.insert(signature.id.clone(), self.signatures.len());
                self.signatures.push(signature);
            }
        }
    }

    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// How often bytes stand in logs, by the examples, which are lines of many programs.
    pub fn sample(&self) -> Grams {
        let mut sample = Grams::default();
        let examples = self.signatures.iter().flat_map(|known| known.examples.iter().chain(&known.near_misses));
        examples.for_each(|text| sample.add(text.as_bytes()));
        sample
    }

    pub fn get(&self, id: &str) -> Option<&Signature> {
        self.by_id.get(id).map(|&at| &self.signatures[at])
    }
}

/// Holds a signature file against its own examples and near misses, and its `explains` against the known ids.
pub fn check(source: Source, known: &Pack) -> Vec<Complaint> {
    let file: PackFile = match toml::from_str(source.text) {
        Ok(file) => file,
        Err(error) => return vec![toml_complaint(source, &error)],
    };
    let mut complaints = Vec::new();
    let own: Vec<&str> = file.signature.iter().map(|entry| entry.get_ref().id.get_ref().as_str()).collect();
    for entry in &file.signature {
        let id = entry.get_ref().id.span();
        let entry = entry.get_ref();
        let signature = match compile(source, &file.family, entry) {
            Ok(signature) => signature,
            Err(mistakes) => {
                complaints.extend(mistakes);
                continue;
            }
        };
        for example in entry.examples.iter().filter(|text| !signature.matches(text.get_ref().as_bytes())) {
            complaints.push(source.complain(example.span(), "this example is not matched", None));
        }
        for miss in entry.near_misses.iter().filter(|text| signature.matches(text.get_ref().as_bytes())) {
            complaints.push(source.complain(
                miss.span(),
                "this near miss is matched",
                Some("tighten the literals, or add `not`".into()),
            ));
        }
        if entry.examples.is_empty() || entry.near_misses.is_empty() {
            complaints.push(source.complain(id.clone(), "a signature needs an example and a near miss", None));
        }
        let named = entry.explains.iter().map(|other| ("explains", other));
        for (verb, other) in named.chain(entry.heals.iter().map(|other| ("heals", other))) {
            if known.get(other).is_none() && !own.contains(&other.as_str()) {
                let what = format!("it {verb} `{other}`, which is no signature");
                complaints.push(source.complain(id.clone(), what, None));
            }
        }
    }
    complaints
}

fn compile(source: Source, family: &str, entry: &Entry) -> Result<Signature, Vec<Complaint>> {
    let mut complaints = Vec::new();
    let lists = entry.literals.get_ref();
    let findable =
        |list: &Vec<String>| list.iter().any(|text| searchable(text.as_bytes()).is_some_and(|run| run.len() >= 4));
    if lists.is_empty() || !lists.iter().all(findable) {
        complaints.push(source.complain(
            entry.literals.span(),
            "each list of literals needs one with four plain bytes in a row",
            Some("quotes, slashes, backslashes and non-ASCII text do not count; a short word needs its context".into()),
        ));
    }
    if !(1..=5).contains(&entry.severity) {
        complaints.push(source.complain(entry.id.span(), "severity is from 1 to 5", None));
    }
    let regex = entry.regex.as_ref().and_then(|text| match LazyRegex::compile(text.get_ref()) {
        Ok(regex) => Some(regex),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or("").trim_start_matches("error: ").to_string();
            complaints.push(source.complain(text.span(), format!("this regex cannot be compiled: {reason}"), None));
            None
        }
    });
    if !complaints.is_empty() {
        return Err(complaints);
    }
    let texts = |spanned: &Vec<Spanned<String>>| spanned.iter().map(|text| text.get_ref().clone()).collect();
    Ok(Signature {
        id: entry.id.get_ref().clone(),
        family: family.into(),
        title: entry.title.clone(),
        literals: lists.iter().map(|list| list.iter().map(|text| text.clone().into_bytes()).collect()).collect(),
        regex,
        not: entry.not.iter().map(|text| Text::of(text.as_str())).collect(),
        not_programs: entry.not_programs.clone(),
        ignore_case: entry.ignore_case,
        role: entry.role,
        phase: entry.phase,
        severity: entry.severity,
        explains: entry.explains.clone(),
        heals: entry.heals.clone(),
        degrades: entry.degrades,
        for_good: entry.for_good,
        summary: entry.summary,
        varies: entry.varies,
        headed: entry.headed,
        signal: entry.signal,
        meaning: entry.meaning.clone(),
        fix: entry.fix.clone(),
        source: entry.source.clone(),
        examples: texts(&entry.examples),
        near_misses: texts(&entry.near_misses),
    })
}
