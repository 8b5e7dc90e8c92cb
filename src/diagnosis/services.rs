//! Which lines belong to which service.
//!
//! A service is named by its manager (in the marks), by an envelope (unit, container, app), by a file's stem, or by its
//! program. Names that mean the same are joined; a lone application log and a lone manager log are one service.

use super::story::{Event, Story};
use crate::evidence::{Actor, ActorKind, Id};
use crate::grammar::{MarkKind, SECOND};
use std::collections::{BTreeMap, BTreeSet};

/// A service and its events, by stream, each in the order of its stream.
pub struct Cast<'e> {
    pub name: String,
    pub manager: Option<String>,
    /// A log of the application is there in which nothing happened.
    pub has_silent_log: bool,
    pub parts: Vec<Part<'e>>,
}

/// What one stream tells of one service.
pub struct Part<'e> {
    /// Index of the story.
    pub story: usize,
    pub events: Vec<Event<'e>>,
    /// How far the times of the events were moved (nanoseconds).
    pub skew: i64,
    /// No other service speaks in the stream.
    pub is_alone: bool,
}

/// Who a line speaks of, within one stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// A manager named the service.
    Managed(String),
    /// An application wrote it, under this label (of its envelope) or under none.
    Application(String),
    /// A manager wrote it without naming a service.
    Manager,
    /// The kernel wrote it: whose process it ended is found when all runs are known.
    Kernel,
}

/// The name of the cast that holds what the kernel wrote.
pub const KERNEL: &str = "kernel";

type Node = (usize, Subject);
/// Its number and its name.
type Service = (usize, String);

#[derive(Default)]
struct NodeFacts {
    programs: BTreeSet<String>,
    marks: usize,
    events: usize,
    /// When a program told that it starts: the first ones, in nanoseconds.
    starts: Vec<i64>,
    /// When anybody told of a start, even if the text only suggests it: the first ones.
    begins: Vec<i64>,
}

/// So many starts tell whether two logs are of one life.
const MAX_STARTS: usize = 500;
/// One start is told in two logs within this time (nanoseconds).
const SAME_START: i64 = 3 * SECOND;
/// A program's first words come within this time after its manager's (nanoseconds).
const SLOWEST_START: i64 = 15 * SECOND;
/// From here on a program's starts are those of a unit.
const FOLLOWS: f64 = 0.7;

impl NodeFacts {
    /// Whether two logs of one program tell of the same process. Where both were written, their starts must agree; a log
    /// that tells no start may be anybody's.
    fn may_be_one_with(&self, other: &NodeFacts) -> bool {
        let span = |starts: &[i64]| Some((*starts.iter().min()?, *starts.iter().max()?));
        let Some((own, theirs)) = span(&self.starts).zip(span(&other.starts)) else { return true };
        let (first, last) = (own.0.max(theirs.0) - SAME_START, own.1.min(theirs.1) + SAME_START);
        let inside = |starts: &[i64]| -> Vec<i64> {
            starts.iter().copied().filter(|start| (first..=last).contains(start)).collect()
        };
        let (own, theirs) = (inside(&self.starts), inside(&other.starts));
        let (few, many) = if own.len() < theirs.len() { (own, theirs) } else { (theirs, own) };
        let shared = few.iter().filter(|start| many.iter().any(|other| (*start - other).abs() <= SAME_START)).count();
        few.is_empty() || shared * 2 >= few.len()
    }

    /// How well a program's starts follow its manager's, from 0 to 1: what part of either has its like.
    fn follows(&self, manager: &NodeFacts) -> f64 {
        let has = |of: &[i64], from: i64, to: i64| of.iter().any(|at| (from..=to).contains(at));
        let part = |all: &[i64], is_met: &dyn Fn(i64) -> bool| {
            all.iter().filter(|&&at| is_met(at)).count() as f64 / all.len().max(1) as f64
        };
        let begun = part(&manager.begins, &|at| has(&self.begins, at - SAME_START, at + SLOWEST_START));
        let asked = part(&self.begins, &|at| has(&manager.begins, at - SLOWEST_START, at + SAME_START));
        begun.min(asked)
    }
}

/// Sorts all events into services.
pub fn cast<'e>(stories: &mut [Story<'e>]) -> Vec<Cast<'e>> {
    let mut nodes: BTreeMap<Node, NodeFacts> = BTreeMap::new();
    let mut subjects: Vec<Subjects> = Vec::new();
    for (at, story) in stories.iter().enumerate() {
        let mut of_story = Subjects::default();
        for event in &story.events {
            let subject = of_story.of(story, event);
            let facts = nodes.entry((at, subject.clone())).or_default();
            facts.events += 1;
            facts.marks += usize::from(event.mark().is_some_and(|mark| mark.kind != MarkKind::SessionFile));
            if let Some(mark) = event.mark()
                && mark.kind == MarkKind::Start
            {
                if facts.begins.len() < MAX_STARTS {
                    facts.begins.extend(event.time.map(|time| time.ns));
                }
                if !mark.weak && !mark.manager && facts.starts.len() < MAX_STARTS {
                    facts.starts.extend(event.time.map(|time| time.ns));
                }
            }
            if let Some(program) = application_program(story, event)
                && !facts.programs.contains(program)
            {
                facts.programs.insert(program.to_string());
            }
        }
        subjects.push(of_story);
    }
    let groups = Joiner::new(stories, &nodes).join();
    let mut casts: BTreeMap<usize, Cast> = BTreeMap::new();
    for (at, story) in stories.iter_mut().enumerate() {
        let sorted = subjects[at].sort(at, std::mem::take(&mut story.events), &groups);
        let is_alone = sorted.len() == 1;
        for (service, events) in sorted {
            let cast = casts.entry(service.0).or_insert_with(|| Cast {
                name: service.1.clone(),
                manager: None,
                has_silent_log: false,
                parts: Vec::new(),
            });
            let managers = events.iter().filter_map(Event::mark).filter(|mark| mark.manager && mark.program != 0);
            if cast.manager.is_none() {
                cast.manager = managers.map(|mark| story.string(mark.program).to_string()).next();
            }
            cast.parts.push(Part { story: at, events, skew: 0, is_alone });
        }
    }
    let mut casts: Vec<Cast> = casts.into_values().collect();
    let silent: Vec<String> = silent_logs(stories, &subjects);
    let lone = casts.len() == 1;
    for cast in &mut casts {
        cast.has_silent_log = silent.iter().any(|stem| lone || same_name(stem, &cast.name));
    }
    casts.sort_by(|a, b| a.name.cmp(&b.name));
    casts
}

/// The stems of logs that hold lines and no events.
fn silent_logs(stories: &[Story], subjects: &[Subjects]) -> Vec<String> {
    let is_silent = |(story, subjects): &(&Story, &Subjects)| subjects.0.is_empty() && story.has_lines();
    stories.iter().zip(subjects).filter(is_silent).map(|(story, _)| stem(story.path)).collect()
}

/// The subjects of one stream, found once for each actor and named service.
#[derive(Default)]
struct Subjects(BTreeMap<(Id, Id), Subject>);

impl Subjects {
    fn key(event: &Event) -> (Id, Id) {
        let managed =
            event.mark().filter(|mark| mark.manager).map_or(0, |mark| if mark.service == 0 { 1 } else { mark.service });
        (event.actor, managed)
    }

    fn of(&mut self, story: &Story, event: &Event) -> &Subject {
        self.0.entry(Subjects::key(event)).or_insert_with(|| subject(story, event))
    }

    /// A stream's events by their service. Those of a lone service move over as they are: in a long loop they are most
    /// of the memory.
    fn sort<'g, 'e>(
        &self,
        story: usize,
        events: Vec<Event<'e>>,
        groups: &'g BTreeMap<Node, Service>,
    ) -> Vec<(&'g Service, Vec<Event<'e>>)> {
        let services: BTreeMap<(Id, Id), &Service> =
            self.0.iter().filter_map(|(key, subject)| Some((*key, groups.get(&(story, subject.clone()))?))).collect();
        let numbers: BTreeSet<usize> = services.values().map(|service| service.0).collect();
        if let (Some(&service), 1) = (services.values().next(), numbers.len()) {
            return vec![(service, events)];
        }
        let mut sorted: BTreeMap<usize, (&Service, Vec<Event>)> = BTreeMap::new();
        for event in events {
            if let Some(&service) = services.get(&Subjects::key(&event)) {
                sorted.entry(service.0).or_insert((service, Vec::new())).1.push(event);
            }
        }
        sorted.into_values().collect()
    }
}

fn subject(story: &Story, event: &Event) -> Subject {
    let actor = story.actor(event.actor);
    if actor.is_some_and(|actor| actor.ident == KERNEL || actor.program == KERNEL) {
        return Subject::Kernel;
    }
    if let Some(mark) = event.mark()
        && mark.manager
    {
        let named = normal(story.string(mark.service));
        let labelled = || actor.map(|actor| normal(&actor.service)).unwrap_or_default();
        return match if named.is_empty() { labelled() } else { named } {
            name if name.is_empty() => Subject::Manager,
            name => Subject::Managed(name),
        };
    }
    match actor {
        Some(Actor { kind: ActorKind::Manager, service, .. }) if service.is_empty() => Subject::Manager,
        Some(Actor { kind: ActorKind::Manager, service, .. }) => Subject::Managed(normal(service)),
        Some(actor) if !actor.service.is_empty() => Subject::Application(normal(&actor.service)),
        Some(actor) => Subject::Application(normal(&actor.ident)),
        None => Subject::Application(String::new()),
    }
}

pub fn application_program<'e>(story: &Story<'e>, event: &Event<'e>) -> Option<&'e str> {
    if let Some(mark) = event.mark()
        && !mark.manager
        && mark.program != 0
    {
        return Some(story.string(mark.program));
    }
    let actor = story.actor(event.actor)?;
    (actor.kind == ActorKind::Application && !actor.program.is_empty()).then_some(actor.program.as_str())
}

/// A service's name without its manager's dress: `.service`, a launchd domain, a compose number.
pub fn normal(name: &str) -> String {
    let name = name.trim().trim_matches(['"', '\'', '`']);
    let name = name.split_once(" [").map_or(name, |(label, _)| label);
    let is_domain = ["gui/", "user/", "system/", "pid/"].iter().any(|domain| name.starts_with(domain));
    let name = if is_domain { name.rsplit('/').next().unwrap_or(name) } else { name };
    let name = name.strip_suffix(".service").unwrap_or(name);
    let name = match name.rsplit_once(['-', '_']) {
        Some((stem, number))
            if !stem.is_empty() && number.len() <= 2 && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            stem
        }
        _ => name,
    };
    name.to_string()
}

/// The words of a name in lower case.
fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

/// Two names for one thing: the same words, or all words of the shorter one within the longer one.
pub fn same_name(a: &str, b: &str) -> bool {
    let (a, b) = (words(a), words(b));
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    !short.is_empty() && short.iter().all(|word| long.contains(word))
}

/// A log file's stem: without folder, extensions, numbers, dates, and the words for its kind.
fn stem(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let kinds = [
        "log", "err", "error", "errors", "out", "stdout", "stderr", "gz", "zst", "txt", "json", "jsonl", "ndjson",
        "current", "access",
    ];
    let parts: Vec<&str> = name
        .split(['.', '-', '_'])
        .filter(|part| !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit()) && !kinds.contains(part))
        .collect();
    parts.join("-")
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Joins the nodes that are one service.
struct Joiner<'n, 'e> {
    stories: &'n [Story<'e>],
    keys: Vec<&'n Node>,
    facts: Vec<&'n NodeFacts>,
    parent: Vec<usize>,
}

impl<'n, 'e> Joiner<'n, 'e> {
    fn new(stories: &'n [Story<'e>], nodes: &'n BTreeMap<Node, NodeFacts>) -> Joiner<'n, 'e> {
        let keys: Vec<&Node> = nodes.keys().collect();
        let parent = (0..keys.len()).collect();
        Joiner { stories, facts: nodes.values().collect(), keys, parent }
    }

    /// For each node the number and the name of its service.
    fn join(mut self) -> BTreeMap<Node, Service> {
        let kernels = self.of_kind(|subject| *subject == Subject::Kernel);
        kernels.windows(2).for_each(|pair| self.union(pair[0], pair[1]));
        self.join_managed();
        self.join_description();
        self.join_applications();
        self.join_lone();
        self.join_anonymous_managers();
        let names = self.names();
        (0..self.keys.len())
            .map(|at| {
                let root = self.find(at);
                (self.keys[at].clone(), (root, names.get(&root).cloned().unwrap_or_default()))
            })
            .collect()
    }

    fn find(&self, mut at: usize) -> usize {
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    fn union(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        // The smaller number stays, so that the order of joining does not show.
        self.parent[a.max(b)] = a.min(b);
    }

    fn of_kind(&self, kind: fn(&Subject) -> bool) -> Vec<usize> {
        (0..self.keys.len()).filter(|&at| kind(&self.keys[at].1)).collect()
    }

    fn managed(&self) -> Vec<usize> {
        self.of_kind(|subject| matches!(subject, Subject::Managed(_)))
    }

    fn name_of(&self, at: usize) -> &'n str {
        let node: &'n Node = self.keys[at];
        match &node.1 {
            Subject::Managed(name) | Subject::Application(name) => name,
            Subject::Manager => "",
            Subject::Kernel => KERNEL,
        }
    }

    fn path_of(&self, at: usize) -> &'e str {
        self.stories[self.keys[at].0].path
    }

    /// One service by several names: a unit and its description, the same name in two streams.
    fn join_managed(&mut self) {
        let managed = self.managed();
        for (i, &a) in managed.iter().enumerate() {
            for &b in &managed[i + 1..] {
                let same_stream = self.keys[a].0 == self.keys[b].0;
                let (name_a, name_b) = (self.name_of(a), self.name_of(b));
                // In one stream two names may be a unit and its description; the words of the one are in the other.
                let related =
                    same_stream && same_name(name_a, name_b) && (name_a.contains(' ') || name_b.contains(' '));
                let same_place = folder(self.path_of(a)) == folder(self.path_of(b));
                if related || (name_a == name_b && same_place) {
                    self.union(a, b);
                }
            }
        }
    }

    /// Before systemd 249 starts name a unit's description and ends the unit: in a stream with one of each left alone,
    /// they are one service.
    fn join_description(&mut self) {
        let managed = self.managed();
        let stories: BTreeSet<usize> = managed.iter().map(|&at| self.keys[at].0).collect();
        for story in stories {
            let alone: Vec<usize> = managed
                .iter()
                .copied()
                .filter(|&at| self.keys[at].0 == story)
                .filter(|&at| managed.iter().all(|&other| other == at || self.find(other) != self.find(at)))
                .collect();
            let (descriptions, units): (Vec<usize>, Vec<usize>) =
                alone.into_iter().partition(|&at| self.name_of(at).contains(' '));
            if let ([description], [unit]) = (descriptions.as_slice(), units.as_slice()) {
                self.union(*description, *unit);
            }
        }
    }

    fn join_applications(&mut self) {
        let managed = self.managed();
        let applications = self.of_kind(|subject| matches!(subject, Subject::Application(_)));
        for &app in &applications {
            let label = self.name_of(app);
            let own = if label.is_empty() { stem(self.path_of(app)) } else { label.to_string() };
            let near = |&&at: &&usize| folder(self.path_of(at)) == folder(self.path_of(app));
            let named = managed.iter().filter(near).find(|&&at| same_name(self.name_of(at), &own));
            if let Some(&at) = named {
                self.union(app, at);
            }
        }
        // In a journal a program may go by its interpreter's name: then its starts tell whose it is.
        let is_unit = |at: usize| managed.iter().any(|&unit| self.find(unit) == self.find(at));
        let strangers: Vec<usize> =
            applications.iter().copied().filter(|&app| !self.name_of(app).is_empty() && !is_unit(app)).collect();
        for app in strangers {
            let mut scores: Vec<(f64, usize)> = managed
                .iter()
                .filter(|&&unit| self.keys[unit].0 == self.keys[app].0)
                .map(|&unit| (self.facts[app].follows(self.facts[unit]), unit))
                .filter(|(score, _)| *score >= FOLLOWS)
                .collect();
            scores.sort_by(|a, b| b.0.total_cmp(&a.0));
            match scores.as_slice() {
                [(best, _), (next, _), ..] if best == next => {}
                [(_, unit), ..] => self.union(app, *unit),
                [] => {}
            }
        }
        // Two logs of one program in one folder are one service, and so are two of one stem.
        for (i, &a) in applications.iter().enumerate() {
            for &b in &applications[i + 1..] {
                if folder(self.path_of(a)) != folder(self.path_of(b)) {
                    continue;
                }
                let unlabelled = self.name_of(a).is_empty() && self.name_of(b).is_empty();
                let same_program = !self.facts[a].programs.is_disjoint(&self.facts[b].programs);
                let same_stem = stem(self.path_of(a)) == stem(self.path_of(b));
                let same_label = !self.name_of(a).is_empty() && self.name_of(a) == self.name_of(b);
                let same_life = self.facts[a].may_be_one_with(self.facts[b]);
                if (unlabelled && (same_stem || same_program && same_life)) || same_label {
                    self.union(a, b);
                }
            }
        }
    }

    /// What is left over joins the only service that it can belong to.
    fn join_lone(&mut self) {
        let stories: BTreeSet<usize> = self.keys.iter().map(|key| key.0).collect();
        // Within a stream first, then within a folder, then over all.
        for story in stories {
            self.join_lone_within(|joiner, at| joiner.keys[at].0 == story);
        }
        let folders: BTreeSet<&str> = self.keys.iter().map(|key| folder(self.stories[key.0].path)).collect();
        for place in folders {
            self.join_lone_within(|joiner, at| folder(joiner.path_of(at)) == place);
        }
        self.join_lone_within(|_, _| true);
    }

    fn join_lone_within(&mut self, within: impl Fn(&Self, usize) -> bool) {
        let is_kernel = |at: usize| self.keys[at].1 == Subject::Kernel;
        let members: Vec<usize> = (0..self.keys.len()).filter(|&at| within(self, at) && !is_kernel(at)).collect();
        let is_managed = |joiner: &Self, root: usize| {
            (0..joiner.keys.len()).any(|at| joiner.find(at) == root && matches!(joiner.keys[at].1, Subject::Managed(_)))
        };
        let roots: BTreeSet<usize> = members.iter().map(|&at| self.find(at)).collect();
        let managed: Vec<usize> = roots.iter().copied().filter(|&root| is_managed(self, root)).collect();
        let programs = |joiner: &Self, root: usize| -> BTreeSet<String> {
            (0..joiner.keys.len())
                .filter(|&at| joiner.find(at) == root)
                .flat_map(|at| joiner.facts[at].programs.clone())
                .collect()
        };
        let target = match managed.as_slice() {
            [one] => Some(*one),
            [] => {
                // No manager: the only application that is known by its program or tells of its life.
                let known: Vec<usize> = roots.iter().copied().filter(|&root| self.tells_of_life(root)).collect();
                match known.as_slice() {
                    [one] => Some(*one),
                    _ => None,
                }
            }
            _ => None,
        };
        let Some(target) = target else { return };
        for at in members {
            let root = self.find(at);
            let is_application = matches!(self.keys[at].1, Subject::Application(_));
            if root == self.find(target) || !is_application || is_managed(self, root) {
                continue;
            }
            let (own, theirs) = (programs(self, root), programs(self, self.find(target)));
            let conflict = !own.is_empty() && !theirs.is_empty() && own.is_disjoint(&theirs);
            // In a journal, other programs' lines are not the service's just because they are there.
            let stranger = !self.name_of(at).is_empty() && self.labels_in(self.keys[at].0) > 1;
            if !conflict && !stranger {
                self.union(root, target);
            }
        }
    }

    fn labels_in(&self, story: usize) -> usize {
        let labels = self
            .keys
            .iter()
            .filter(|key| key.0 == story && matches!(&key.1, Subject::Application(label) if !label.is_empty()));
        labels.count()
    }

    fn tells_of_life(&self, root: usize) -> bool {
        (0..self.keys.len())
            .any(|at| self.find(at) == root && (self.facts[at].marks > 0 || !self.facts[at].programs.is_empty()))
    }

    fn join_anonymous_managers(&mut self) {
        for at in self.of_kind(|subject| matches!(subject, Subject::Manager)) {
            let same_story = |joiner: &Self, other: usize| joiner.keys[other].0 == joiner.keys[at].0;
            let same_folder = |joiner: &Self, other: usize| folder(joiner.path_of(other)) == folder(joiner.path_of(at));
            let roots = |joiner: &Self, near: &dyn Fn(&Self, usize) -> bool| -> BTreeSet<usize> {
                (0..joiner.keys.len())
                    .filter(|&other| other != at && joiner.keys[other].1 != Subject::Kernel && near(joiner, other))
                    .map(|other| joiner.find(other))
                    .collect()
            };
            let candidates = match roots(self, &same_story) {
                found if found.is_empty() => roots(self, &same_folder),
                found => found,
            };
            if candidates.len() == 1
                && let Some(&root) = candidates.first()
            {
                self.union(at, root);
            }
        }
    }

    fn names(&self) -> BTreeMap<usize, String> {
        let mut names: BTreeMap<usize, (u8, usize, String)> = BTreeMap::new();
        for at in 0..self.keys.len() {
            let name = self.name_of(at);
            let candidate = match &self.keys[at].1 {
                Subject::Managed(_) => (0, name.contains(' ') as usize, name.to_string()),
                Subject::Kernel => (0, 0, name.to_string()),
                Subject::Application(label) if !label.is_empty() => (2, name.len(), name.to_string()),
                _ => match self.facts[at].programs.iter().next() {
                    Some(program) => (1, program.len(), program.clone()),
                    None => {
                        let stem = stem(self.path_of(at));
                        (3, stem.len(), if stem.is_empty() { "service".to_string() } else { stem })
                    }
                },
            };
            let root = self.find(at);
            match names.get(&root) {
                Some(known) if *known <= candidate => {}
                _ => {
                    names.insert(root, candidate);
                }
            }
        }
        let names: BTreeMap<usize, String> = names.into_iter().map(|(root, (_, _, name))| (root, name)).collect();
        let named = |name: &str| -> Vec<usize> {
            names.iter().filter(|(_, known)| known.as_str() == name).map(|(root, _)| *root).collect()
        };
        names
            .iter()
            .map(|(&root, name)| match named(name).as_slice() {
                [_] => (root, name.clone()),
                rivals => (root, format!("{name} ({})", self.apart(root, rivals))),
            })
            .collect()
    }

    /// What tells a service from others of its name: its file, its folder, or else its path.
    fn apart(&self, root: usize, rivals: &[usize]) -> String {
        let file = |at: usize| stem(self.path_of(at));
        let place = |at: usize| folder(self.path_of(at)).rsplit('/').next().unwrap_or_default().to_string();
        let is_own = |of: &dyn Fn(usize) -> String| {
            let own = of(root);
            !own.is_empty() && rivals.iter().all(|&rival| rival == root || of(rival) != own)
        };
        match () {
            () if is_own(&file) => file(root),
            () if is_own(&place) => place(root),
            () => self.path_of(root).to_string(),
        }
    }
}

/// The actor of an event in its story.
pub fn actor_of<'e>(stories: &[Story<'e>], part: &Part<'e>, id: Id) -> Option<&'e Actor> {
    stories[part.story].actor(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_managers_dress() {
        assert_eq!(normal("gui/501/ai.openclaw.gateway [812]"), "ai.openclaw.gateway");
        assert_eq!(normal("openclaw-gateway.service"), "openclaw-gateway");
        assert_eq!(normal("gateway-1"), "gateway");
        assert_eq!(stem("/var/log/gateway.err.log"), "gateway");
        assert_eq!(stem("logs/openclaw-2026-11-24.log"), "openclaw");
        assert!(same_name("openclaw-gateway", "OpenClaw Gateway (v2026.4.1)"));
        assert!(!same_name("gateway", "redis"));
    }
}
