//! What is known of each fault: its signature, or the template of an unknown error.

use super::Without;
use super::ends::Trouble;
use super::runs::{FaultSeen, Run};
use super::services::Cast;
use super::story::Story;
use crate::evidence::{ActorKind, ById, Class, FaultKind, Id, unknown_name};
use crate::grammar::SECOND;
use crate::signature::wording::{complains, may_tell_why};
use crate::signature::{Pack, Phase, Role, Signature};
use std::collections::{BTreeMap, BTreeSet};

/// What leads to an end stands so close before it (nanoseconds), where the run lived so long.
const OMEN: i64 = 60 * SECOND;
const LONG_LIFE: i64 = 5 * OMEN;
/// Likewise of a start that came to nothing.
const LAST_WORDS: i64 = 2 * SECOND;

/// The highest severity of a signature.
const MOST_SEVERE: u8 = 5;

/// A fault as the diagnosis handles it.
#[derive(Clone, Debug)]
pub struct Fault<'k> {
    pub id: String,
    pub role: Role,
    pub signature: Option<&'k Signature>,
    /// Of an unknown error.
    pub class: Option<Class>,
    pub template: Option<&'k str>,
    /// Told by a service manager, which sees ends and not reasons.
    pub by_manager: bool,
    /// It was met as the cause in an exception's trace.
    pub is_cause: bool,
    /// Its lines say that the program went on.
    pub dealt_with: bool,
    /// Words that do not complain, and stand before an end.
    pub said: bool,
    /// How well it stands as the reason of an end: smaller is better. None for what never is one by itself.
    rank: Option<u8>,
}

/// All faults of one service.
pub struct Faults<'k> {
    known: Vec<(Id, Fault<'k>)>,
    /// Where each stands; none for what is no fault.
    places: ById<Option<usize>>,
    /// Pairs of which knowledge says that the first explains the second.
    explained: BTreeSet<(Id, Id)>,
    /// Errors that broke off within a word, and the whole ones.
    torn: BTreeMap<Id, Id>,
}

impl<'k> Faults<'k> {
    pub fn of<'e: 'k>(
        stories: &[Story<'e>],
        cast: &Cast<'e>,
        seen: impl Iterator<Item = FaultSeen>,
        pack: &'k Pack,
        without: Without,
    ) -> Faults<'k> {
        let mut known: Vec<(Id, Fault)> = Vec::new();
        let mut places: ById<Option<usize>> = ById::default();
        // Who tells of faults is nearly always who told of the one before.
        let mut teller = None;
        for fault in seen {
            let story = &stories[cast.parts[fault.part].story];
            let by_manager = match teller {
                Some((part, actor, by_manager)) if (part, actor) == (fault.part, fault.actor) => by_manager,
                _ => story.actor(fault.actor).is_some_and(|actor| actor.kind == ActorKind::Manager),
            };
            teller = Some((fault.part, fault.actor, by_manager));
            match places.get(&fault.fault) {
                Some(Some(place)) => known[*place].1.by_manager &= by_manager,
                Some(None) => {}
                None => {
                    let Some(kind) = story.kind(fault.fault) else { continue };
                    let described = describe(kind, fault.fault, by_manager, pack);
                    places.insert(fault.fault, described.is_some().then_some(known.len()));
                    if let Some(described) = described {
                        let begins = |text: &str| CAUSES.iter().any(|cause| text.trim_start().starts_with(cause));
                        let is_cause = story.samples(fault.fault).iter().any(|line| begins(&line.sample.text));
                        known.push((fault.fault, Fault { is_cause, ..described }));
                    }
                }
            }
        }
        known.sort_by_key(|(id, _)| *id);
        for (place, (id, fault)) in known.iter_mut().enumerate() {
            places.insert(*id, Some(place));
            fault.rank = fault.ranked(without);
        }
        let explained = explained(&known, pack, without);
        let torn = torn(&known);
        Faults { known, places, explained, torn }
    }

    pub fn get(&self, id: Id) -> Option<&Fault<'k>> {
        let place = (*self.places.get(&id)?)?;
        Some(&self.known[place].1)
    }

    /// Errors of a run that come just before its end and never else, where it lived much longer or never was ready.
    pub fn omens(&self, run: &Run) -> Vec<Id> {
        let Some(end) = run.stop.or(run.exit).and_then(|end| end.time) else { return Vec::new() };
        let within = match run.lived() {
            Some(lived) if lived >= LONG_LIFE => OMEN,
            Some(_) if !run.is_ready() => LAST_WORDS,
            _ => return Vec::new(),
        };
        let errors = run
            .faults
            .iter()
            .filter(|seen| self.get(seen.fault).is_some_and(|fault| !fault.dealt_with && fault.is_error()));
        let mut near: BTreeMap<Id, bool> = BTreeMap::new();
        for seen in errors {
            let is_near = seen.time.is_some_and(|time| (0..=within).contains(&(end.ns - time.ns)));
            *near.entry(seen.fault).or_insert(true) &= is_near;
        }
        near.into_iter().filter_map(|(id, is_near)| is_near.then_some(id)).collect()
    }

    /// Whether a run has a fault by one of these ids.
    pub fn any_of(&self, run: &Run, ids: &[&str]) -> bool {
        run.faults.iter().any(|seen| self.get(seen.fault).is_some_and(|fault| ids.contains(&fault.id.as_str())))
    }

    /// What a run's own errors say of its end.
    pub fn trouble(&self, run: &Run) -> Trouble {
        let errors = || {
            let known = run.faults.iter().filter_map(|seen| Some((seen, self.get(seen.fault)?)));
            known.filter(|(_, fault)| fault.is_error())
        };
        let just_before_end = |seen: &FaultSeen| {
            let end = run.stop.or(run.exit);
            let end = end.filter(|end| end.part != seen.part || end.offset > seen.offset).and_then(|end| end.time);
            let apart = end.zip(seen.time).map(|(end, said)| (end.ns - said.ns) / end.resolution().max(SECOND));
            apart.is_some_and(|apart| (0..=1).contains(&apart))
        };
        // What a signature knows as the end of a start says as much as the level.
        let ends_start = |signature: &Signature| {
            signature.role == Role::Root && signature.phase == Phase::Init && signature.severity == MOST_SEVERE
        };
        let is_fatal = |(seen, fault): (&FaultSeen, &Fault)| {
            let is_grave = fault.class == Some(Class::Fatal) || fault.signature.is_some_and(ends_start);
            is_grave && !fault.dealt_with && !run.is_ready() && just_before_end(seen)
        };
        match (errors().any(is_fatal), errors().next()) {
            (true, _) => Trouble::Fatal,
            (false, Some(_)) => Trouble::Error,
            (false, None) => Trouble::None,
        }
    }

    /// The same signature in lines that do not say that the program went on, where there are any; the whole of an error
    /// that broke off.
    pub fn plain(&self, id: Id) -> Id {
        match self.get(id) {
            Some(fault) if fault.dealt_with && fault.signature.is_some() => {
                let same = |(_, other): &(Id, &Fault)| other.id == fault.id && !other.dealt_with;
                self.iter().find(same).map_or(id, |(plain, _)| plain)
            }
            _ => self.torn.get(&id).copied().unwrap_or(id),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (Id, &Fault<'k>)> {
        self.known.iter().map(|(id, fault)| (*id, fault))
    }

    /// Whether knowledge says that `a` explains `b`, directly or through others.
    pub fn explains(&self, a: Id, b: Id) -> bool {
        self.explained.contains(&(a, b))
    }
}

/// A text that broke off sooner may be any.
const LEAST_TORN: usize = 16;

/// Exceptions that begin like another one and break off within a word: whoever passes on a program's output may cut it
/// anywhere.
fn torn(known: &[(Id, Fault)]) -> BTreeMap<Id, Id> {
    let exceptions = known.iter().filter(|(_, fault)| fault.class == Some(Class::Exception));
    let mut texts: Vec<(&str, Id)> = exceptions.filter_map(|(id, fault)| Some((fault.template?, *id))).collect();
    texts.sort_unstable();
    let within_word = |text: &str, rest: &str| {
        let cut = text.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'\'');
        cut && rest.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    let pairs = texts.windows(2).filter_map(|pair| {
        let [(text, id), (longer, whole)] = pair else { return None };
        let rest = longer.strip_prefix(text)?;
        (text.len() >= LEAST_TORN && within_word(text, rest)).then_some((*id, *whole))
    });
    pairs.collect()
}

/// How a trace leads on to the cause of what was thrown.
const CAUSES: [&str; 3] = ["Caused by: ", "[cause]: ", "---> "];
/// Longest chain of explanations that is followed.
const MAX_CHAIN: usize = 8;

/// Which known faults explain which.
fn explained(known: &[(Id, Fault)], pack: &Pack, without: Without) -> BTreeSet<(Id, Id)> {
    let mut explained = BTreeSet::new();
    for (a, fault) in known {
        let Some(signature) = fault.signature.filter(|_| without != Without::Priors) else {
            continue;
        };
        let mut reached = BTreeSet::new();
        let mut next = vec![signature];
        for _ in 0..MAX_CHAIN {
            let ids = next.iter().flat_map(|signature| &signature.explains).map(String::as_str);
            let new: Vec<&str> = ids.filter(|id| reached.insert(*id)).collect();
            next = new.into_iter().filter_map(|id| pack.get(id)).collect();
        }
        let is_reached = |(_, other): &&(Id, Fault)| other.signature.is_some() && reached.contains(other.id.as_str());
        explained.extend(known.iter().filter(is_reached).map(|(b, _)| (*a, *b)));
    }
    explained
}

fn describe<'k>(kind: &'k FaultKind, id: Id, by_manager: bool, pack: &'k Pack) -> Option<Fault<'k>> {
    match kind {
        FaultKind::Signature(name) | FaultKind::DealtWith(name) => {
            let signature = pack.get(name);
            Some(Fault {
                id: name.clone(),
                role: signature.map_or(Role::Symptom, |signature| signature.role),
                signature,
                class: None,
                template: None,
                by_manager,
                is_cause: false,
                said: false,
                dealt_with: matches!(kind, FaultKind::DealtWith(_)),
                rank: None,
            })
        }
        FaultKind::Unknown { class, template } => Some(Fault {
            id: unknown_name(id),
            role: Role::Root,
            signature: None,
            class: Some(*class),
            template: Some(template),
            by_manager,
            is_cause: false,
            said: false,
            dealt_with: *class == Class::DealtWith,
            rank: None,
        }),
        FaultKind::Words { is_known: true, .. } => None,
        FaultKind::Words { template, .. } => (complains(template) || may_tell_why(template)).then(|| Fault {
            id: unknown_name(id),
            role: Role::Root,
            signature: None,
            class: Some(Class::Worded),
            template: Some(template),
            by_manager: false,
            is_cause: false,
            dealt_with: false,
            said: !complains(template),
            rank: None,
        }),
        FaultKind::Aspect { .. } | FaultKind::Mark(_) | FaultKind::Hint(_) => None,
    }
}

impl Fault<'_> {
    /// What it is, in a few words.
    pub fn title(&self) -> String {
        match (self.signature, self.template) {
            (Some(signature), _) => signature.title.clone(),
            (None, Some(template)) => template.chars().take(120).collect(),
            (None, None) => self.id.clone(),
        }
    }

    /// How well it stands as the reason of an end: smaller is better. None for what never is one by itself.
    pub fn rank(&self) -> Option<u8> {
        self.rank
    }

    /// Whether it may be the reason of an end by more than words without a level.
    pub fn is_error(&self) -> bool {
        self.rank.is_some_and(|rank| rank <= 4)
    }

    /// Whether a signature knows it as a root.
    pub fn is_known_root(&self) -> bool {
        self.signature.is_some_and(|signature| signature.role == Role::Root)
    }

    fn ranked(&self, without: Without) -> Option<u8> {
        match (self.signature, self.role) {
            (None, _) if self.class == Some(Class::Outcome) => None,
            (None, _) if without == Without::Templates => None,
            (Some(_), Role::Root | Role::Symptom) if without == Without::Priors && !self.by_manager => Some(1),
            (_, Role::Root | Role::Symptom) if self.dealt_with => Some(6),
            _ if self.said => Some(7),
            (Some(_), Role::Amplifier | Role::Lifecycle) => None,
            // A manager's own signature may be a root (no such program), its exit lines never are.
            (Some(_), Role::Root) => Some(0),
            (Some(_), Role::Symptom) if self.by_manager => None,
            (Some(_), Role::Symptom) => Some(2),
            (None, _) if self.by_manager => None,
            (None, _) => Some(match self.class? {
                Class::Exception => 1,
                Class::Fatal => 3,
                Class::Error => 4,
                Class::Worded => 5,
                Class::DealtWith | Class::Outcome => 6,
            }),
        }
    }
}
