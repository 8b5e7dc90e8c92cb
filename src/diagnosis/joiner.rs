//! Joins what several streams and labels tell of one service.

use super::labels::{folder, is_pod_of, same_name, same_words, words};
use super::node::{KERNEL, Node, NodeFacts, SAME_START, Service, Subject};
use super::story::Story;
use std::collections::{BTreeMap, BTreeSet};

/// Joins the nodes that are one service.
pub struct Joiner<'n, 'e> {
    stories: &'n [Story<'e>],
    keys: Vec<&'n Node>,
    facts: Vec<&'n NodeFacts>,
    parent: Vec<usize>,
}

impl<'n, 'e> Joiner<'n, 'e> {
    pub fn new(stories: &'n [Story<'e>], nodes: &'n BTreeMap<Node, NodeFacts>) -> Joiner<'n, 'e> {
        let keys: Vec<&Node> = nodes.keys().collect();
        let parent = (0..keys.len()).collect();
        Joiner { stories, facts: nodes.values().collect(), keys, parent }
    }

    /// For each node the number and the name of its service.
    pub fn join(mut self) -> BTreeMap<Node, Service> {
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

    /// The stem of the log's own name.
    fn stem_of(&self, at: usize) -> String {
        self.stories[self.keys[at].0].stem()
    }

    /// `docker events` has `shop-web-1` where `docker compose` says `web-1`: both tell of the same ends.
    fn is_told_by_two_managers(&self, a: usize, b: usize) -> bool {
        let (facts_a, facts_b) = (self.facts[a], self.facts[b]);
        let again = facts_a.ends.len().min(facts_b.ends.len()) >= 2;
        again && same_name(self.name_of(a), self.name_of(b)) && facts_a.ends_with(facts_b) && facts_b.ends_with(facts_a)
    }

    /// One service by several names: a unit and its description, the same name in two streams.
    fn join_managed(&mut self) {
        let managed = self.managed();
        let mut described: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (i, &a) in managed.iter().enumerate() {
            for &b in &managed[i + 1..] {
                let same_stream = self.keys[a].0 == self.keys[b].0;
                let (name_a, name_b) = (self.name_of(a), self.name_of(b));
                // In one stream two names may be a unit and its description; the words of the one are in the other.
                let is_description = same_stream && (name_a.contains(' ') || name_b.contains(' '));
                if is_description && same_name(name_a, name_b) {
                    let (unit, description) = if name_b.contains(' ') { (a, b) } else { (b, a) };
                    described.entry(unit).or_default().push(description);
                }
                let is_pod = || is_pod_of(name_a, name_b) || is_pod_of(name_b, name_a);
                let related = same_stream
                    && (name_a.eq_ignore_ascii_case(name_b) || is_pod() || self.is_told_by_two_managers(a, b));
                let same_place = || folder(self.path_of(a)) == folder(self.path_of(b));
                if related || (name_a == name_b && same_place()) {
                    self.union(a, b);
                }
            }
        }
        for (unit, descriptions) in described {
            self.descriptions_of(unit, &descriptions).into_iter().for_each(|other| self.union(unit, other));
        }
    }

    /// Of descriptions that a unit's words are in, its own: `web daemon of shop` and `web cache of shop` are two units'.
    /// As many starts are told of it as the unit tells ends; one that only changed its version is the same one.
    fn descriptions_of(&self, unit: usize, descriptions: &[usize]) -> Vec<usize> {
        let plain = |at: usize| -> Vec<String> {
            let is_plain = |word: &String| !word.bytes().any(|byte| byte.is_ascii_digit());
            words(self.name_of(at)).into_iter().filter(is_plain).collect()
        };
        let ends = self.facts[unit].ends.len();
        if ends == 0 {
            return descriptions.to_vec();
        }
        let off = |at: &usize| self.facts[*at].begins.len().abs_diff(ends);
        let Some(&best) = descriptions.iter().min_by_key(|at| off(at)) else { return Vec::new() };
        let is_as_good = |at: &usize| off(at) == off(&best) || plain(*at) == plain(best);
        descriptions.iter().copied().filter(is_as_good).collect()
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
            // A unit that tells starts of its own goes by its own name.
            let ends_only = |at: &usize| self.facts[*at].marks > 0 && !self.facts[*at].tells_start;
            let unstarted: Vec<usize> = units.iter().copied().filter(ends_only).collect();
            match (descriptions.as_slice(), units.as_slice()) {
                ([description], [unit]) => self.union(*description, *unit),
                ([description], _) if unstarted.len() == 1 => self.union(*description, unstarted[0]),
                // A description of one word: the one name tells the starts, the other as many ends.
                ([], &[a, b]) if self.is_begun_by(a, b) || self.is_begun_by(b, a) => self.union(a, b),
                _ => {}
            }
        }
    }

    /// Whether a unit that tells no start of its own ends as often as another name begins.
    fn is_begun_by(&self, unit: usize, description: usize) -> bool {
        let names = [unit, description].map(|at| self.name_of(at).to_lowercase());
        let is_like = names[0].starts_with(&names[1]) || names[1].starts_with(&names[0]);
        let (unit, description) = (self.facts[unit], self.facts[description]);
        let follows = |at: &i64| description.begins.iter().any(|begun| (begun - at).abs() <= SAME_START);
        // What is scheduled begins at once.
        let tells_none = unit.begins.is_empty() || is_like && unit.begins.iter().all(follows);
        // `Starting` and `Started` are two words for one start.
        let as_often = |words: usize| description.begins.len().abs_diff(words * unit.ends.len()) <= words;
        tells_none && unit.ends.len() >= 2 && (as_often(1) || as_often(2))
    }

    fn join_applications(&mut self) {
        let managed = self.managed();
        let applications = self.of_kind(|subject| matches!(subject, Subject::Application(_)));
        // Journals may have thousands of units: their names are taken apart once.
        let named: Vec<(usize, Vec<String>)> = managed.iter().map(|&at| (at, words(self.name_of(at)))).collect();
        let said: BTreeSet<(usize, BTreeSet<String>)> =
            applications.iter().map(|&app| (self.keys[app].0, plain_words(self.name_of(app)))).collect();
        for &app in &applications {
            let label = self.name_of(app);
            let own = if label.is_empty() { self.stem_of(app) } else { label.to_string() };
            let own_words = words(&own);
            let near = |at: usize| folder(self.path_of(at)) == folder(self.path_of(app));
            // `ledger` and `ledger-api` may both be there: the name itself counts first, then the only one like it.
            let is_like = |(at, words): &&(usize, Vec<String>)| same_words(words, &own_words) && near(*at);
            let like: Vec<usize> = named.iter().filter(is_like).map(|(at, _)| *at).collect();
            let services: BTreeSet<usize> = like.iter().map(|&at| self.find(at)).collect();
            let is_own = |&&at: &&usize| self.name_of(at).eq_ignore_ascii_case(&own) && near(at);
            // `shop-ui` is not `shop` where that speaks for itself.
            let is_other = |unit: &usize| {
                let unit_words = plain_words(self.name_of(*unit));
                plain_words(label) != unit_words && said.contains(&(self.keys[app].0, unit_words))
            };
            let only = || like.first().copied().filter(|unit| services.len() == 1 && !is_other(unit));
            if let Some(at) = managed.iter().find(is_own).copied().or_else(only) {
                self.union(app, at);
            }
        }
        // In a journal a program may go by its interpreter's name: then its starts tell whose it is.
        let units: BTreeSet<usize> = managed.iter().map(|&unit| self.find(unit)).collect();
        let is_unit = |at: usize| units.contains(&self.find(at));
        let strangers: Vec<usize> =
            applications.iter().copied().filter(|&app| !self.name_of(app).is_empty() && !is_unit(app)).collect();
        for app in strangers {
            let mut scores: Vec<(f64, usize)> = managed
                .iter()
                .filter(|&&unit| self.keys[unit].0 == self.keys[app].0)
                .filter_map(|&unit| Some((self.facts[app].follows(self.facts[unit])?, unit)))
                .collect();
            scores.sort_by(|a, b| b.0.total_cmp(&a.0));
            match scores.as_slice() {
                [(best, _), (next, _), ..] if best == next => {}
                [(_, unit), ..] => self.union(app, *unit),
                // It tells of no start, but dies again and again.
                [] if self.facts[app].begins.is_empty() && self.facts[app].ends.len() >= 2 => {
                    self.join_by_ends(app, &managed);
                }
                [] => {}
            }
        }
        // Where a manager and its services write into one stream without labels, whoever dies when the program says so is it.
        for &app in &applications {
            let is_unit = managed.iter().any(|&unit| self.find(unit) == self.find(app));
            if is_unit || !self.name_of(app).is_empty() {
                continue;
            }
            self.join_by_ends(app, &managed);
        }
        // A log without a name of its own is of the only service beside it that the same program speaks for.
        for &app in &applications {
            if !self.name_of(app).is_empty() {
                continue;
            }
            let is_unit = managed.iter().any(|&unit| self.find(unit) == self.find(app));
            let speaks = |&&other: &&usize| {
                !self.name_of(other).is_empty()
                    && folder(self.path_of(other)) == folder(self.path_of(app))
                    && !self.facts[other].programs.is_disjoint(&self.facts[app].programs)
                    && self.facts[other].may_be_one_with(self.facts[app])
            };
            let speaking: BTreeSet<usize> = applications.iter().filter(speaks).map(|&other| self.find(other)).collect();
            if !is_unit
                && speaking.len() == 1
                && let Some(&other) = speaking.first()
            {
                self.union(app, other);
            }
        }
        // Two logs of one program in one folder are one service, and so are two of one stem.
        for (i, &a) in applications.iter().enumerate() {
            for &b in &applications[i + 1..] {
                let unlabelled = self.name_of(a).is_empty() && self.name_of(b).is_empty();
                let same_label = !self.name_of(a).is_empty() && self.name_of(a) == self.name_of(b);
                if !unlabelled && !same_label || folder(self.path_of(a)) != folder(self.path_of(b)) {
                    continue;
                }
                let same_program = !self.facts[a].programs.is_disjoint(&self.facts[b].programs);
                let same_stem = self.stem_of(a) == self.stem_of(b);
                let same_life = self.facts[a].may_be_one_with(self.facts[b]);
                if (unlabelled && (same_stem || same_program && same_life)) || same_label {
                    self.union(a, b);
                }
            }
        }
    }

    /// A program that dies just when one service in its stream does is that one.
    fn join_by_ends(&mut self, app: usize, managed: &[usize]) {
        let facts = self.facts[app];
        let dies = |unit: &&usize| self.keys[**unit].0 == self.keys[app].0 && facts.ends_with(self.facts[**unit]);
        if let [unit] = managed.iter().filter(dies).copied().collect::<Vec<_>>()[..] {
            self.union(app, unit);
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
        let units: BTreeSet<usize> = self.managed().into_iter().map(|at| self.find(at)).collect();
        let roots: BTreeSet<usize> = members.iter().map(|&at| self.find(at)).collect();
        let managed: Vec<usize> = roots.iter().copied().filter(|root| units.contains(root)).collect();
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
                let known: Vec<usize> = roots.iter().copied().filter(|&root| self.lives(root)).collect();
                match known.as_slice() {
                    [one] => Some(*one),
                    _ => None,
                }
            }
            _ => None,
        };
        let Some(target) = target else { return };
        let of_target = (0..self.keys.len()).filter(|&at| self.find(at) == self.find(target));
        let life: Vec<i64> =
            of_target.flat_map(|at| self.facts[at].begins.iter().chain(&self.facts[at].ends).copied()).collect();
        for at in members {
            let root = self.find(at);
            let is_application = matches!(self.keys[at].1, Subject::Application(_));
            if root == self.find(target) || !is_application || units.contains(&root) {
                continue;
            }
            let (own, theirs) = (programs(self, root), programs(self, self.find(target)));
            let conflict = !own.is_empty() && !theirs.is_empty() && own.is_disjoint(&theirs);
            let is_elsewhere = self.facts[at].is_of_another_time(&life);
            // In a journal, other programs' lines are not the service's just because they are there.
            let stranger = !self.name_of(at).is_empty() && self.labels_in(self.keys[at].0) > 1;
            if !conflict && !stranger && !is_elsewhere {
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

    /// An application that tells of its life; a manager that names nobody may be anybody's.
    fn lives(&self, root: usize) -> bool {
        let nodes = || (0..self.keys.len()).filter(|&at| self.find(at) == root);
        nodes().any(|at| self.keys[at].1 != Subject::Manager)
            && nodes().any(|at| self.facts[at].marks > 0 || !self.facts[at].programs.is_empty())
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
                        let stem = self.stem_of(at);
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
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (&root, name) in &names {
            by_name.entry(name).or_default().push(root);
        }
        let apart = |root: usize, name: &String| match by_name.get(name.as_str()) {
            Some(rivals) if rivals.len() > 1 => format!("{name} ({})", self.apart(root, rivals)),
            _ => name.clone(),
        };
        names.iter().map(|(&root, name)| (root, apart(root, name))).collect()
    }

    /// What tells a service from others of its name: its file, its folder, or else its path.
    fn apart(&self, root: usize, rivals: &[usize]) -> String {
        let file = |at: usize| self.stem_of(at);
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

/// The words of a name, each once, but for numbers.
fn plain_words(name: &str) -> BTreeSet<String> {
    words(name).into_iter().filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit())).collect()
}
