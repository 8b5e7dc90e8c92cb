//! Which lines belong to which service.
//!
//! A service is named by its manager (in the marks), by an envelope (unit, container, app), by a file's stem, or by its
//! program. Names that mean the same are joined; a lone application log and a lone manager log are one service.

use super::joiner::Joiner;
use super::labels::{normal, same_name};
use super::node::{KERNEL, KILLER, Node, NodeFacts, Service, Subject};
use super::part::Part;
use super::story::{Event, Story};
use crate::evidence::{Actor, ActorKind, Id, Told};
use std::collections::{BTreeMap, BTreeSet};

/// A service and its events, by stream, each in the order of its stream.
pub struct Cast<'e> {
    pub name: String,
    pub manager: Option<String>,
    /// A log of the application is there in which nothing happened.
    pub has_silent_log: bool,
    pub parts: Vec<Part<'e>>,
}

/// Sorts all events into services.
pub fn cast<'e>(stories: &mut [Story<'e>]) -> Vec<Cast<'e>> {
    let mut nodes: BTreeMap<Node, NodeFacts> = BTreeMap::new();
    let mut subjects: Vec<Subjects> = Vec::new();
    for (at, story) in stories.iter().enumerate() {
        let mut of_story = Subjects::default();
        // Marks are many and their subjects few: each is looked up once.
        let mut own: Vec<(Subject, NodeFacts)> = Vec::new();
        let mut known: BTreeMap<Subject, usize> = BTreeMap::new();
        let mut places: BTreeMap<(Id, Id), usize> = BTreeMap::new();
        let mut told: BTreeSet<(Id, Id, Id)> = BTreeSet::new();
        for event in &story.events {
            let key = Subjects::key(event);
            let place = *places.entry(key).or_insert_with(|| {
                let subject = of_story.of(story, event);
                *known.entry(subject.clone()).or_insert_with(|| {
                    own.push((subject.clone(), NodeFacts::default()));
                    own.len() - 1
                })
            });
            let facts = &mut own[place].1;
            facts.see(event);
            let program = event.mark().map_or(0, |mark| if mark.manager { 1 } else { mark.program });
            if told.insert((key.0, key.1, program))
                && let Some(program) = application_program(story, event.actor, event.mark())
            {
                facts.programs.insert(program.to_string());
            }
        }
        nodes.extend(own.into_iter().map(|(subject, facts)| ((at, subject), facts)));
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
            let part = Part::new(at, events, is_alone);
            if cast.manager.is_none() {
                let manager = part.marks().find(|mark| mark.manager && mark.program != 0);
                cast.manager = manager.map(|mark| story.string(mark.program).to_string());
            }
            cast.parts.push(part);
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
    stories.iter().zip(subjects).filter(is_silent).map(|(story, _)| story.stem()).collect()
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
    if actor.is_some_and(|actor| actor.ident == KERNEL || [KERNEL, KILLER].contains(&actor.program.as_str())) {
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
        Some(actor) => Subject::Application(normal(program_of(&actor.ident))),
        None => Subject::Application(String::new()),
    }
}

/// Of `postfix/smtp`, one of several programs that are one service, that service.
fn program_of(ident: &str) -> &str {
    ident.split_once('/').map(|(program, _)| program).filter(|program| !program.is_empty()).unwrap_or(ident)
}

/// The program that a line is of, by its mark or by who wrote it.
pub fn application_program<'e>(story: &Story<'e>, actor: Id, mark: Option<&Told>) -> Option<&'e str> {
    if let Some(mark) = mark
        && !mark.manager
        && mark.program != 0
    {
        return Some(story.string(mark.program));
    }
    let actor = story.actor(actor)?;
    (actor.kind == ActorKind::Application && !actor.program.is_empty()).then_some(actor.program.as_str())
}

/// The actor of an event in its story.
pub fn actor_of<'e>(stories: &[Story<'e>], part: &Part<'e>, id: Id) -> Option<&'e Actor> {
    stories[part.story].actor(id)
}
