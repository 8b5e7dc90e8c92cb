//! What the lines of a sample mean, by where they stand and how often.

use super::Meaning;
use super::sample::{Line, Sample};
use super::suggestion::{advises, begins, denies, is_goodbye, is_labelled, is_prose, leaves, tries};
use crate::grammar::{Level, MarkKind, Time};
use std::collections::BTreeMap;

/// The line that begins each run is among the first few of the log.
const CANDIDATES: usize = 8;
/// The reason of an end is among its last records.
const LAST_LINES: usize = 3;
/// So many lines that are the same each time are a boot.
const BOOT: usize = 4;
/// Nanoseconds in which no process takes another's place.
const AT_ONCE: i64 = 1_000_000;
/// What comes again so often is a habit.
const HABIT: usize = 3;

impl Sample {
    /// What some of the lines mean.
    pub fn meanings(&self) -> Vec<(usize, Meaning)> {
        let mut meanings = Vec::new();
        // Of a program with a grammar of its own all that matters is known, but for what others print at its end, if that
        // is all the trouble that there is.
        if self.is_known_program() {
            let begins = self.known_starts();
            let words = self.last_words(&begins).into_iter().filter(|&word| self.is_only_trouble(word, &begins));
            return words.map(|word| (word, Meaning::LastWords)).collect();
        }
        let known = self.known_starts();
        // What is known to begin one run may come late in each: those that die before never say it.
        let own = match known.as_slice() {
            [] => self.own_start(None),
            &[only] => self.own_start(Some(only)),
            _ => None,
        };
        let begins = match own.filter(|(_, sure)| *sure || !self.is_managed()) {
            Some((word, sure)) => {
                meanings.push((word, if known.is_empty() { Meaning::Start { sure } } else { Meaning::EarlyStart }));
                self.with_lines_before(self.lines_of(word))
            }
            None if known.is_empty() => self.after_exits(),
            None => known,
        };
        if !self.has(&[MarkKind::Ready, MarkKind::Hint]) {
            meanings.extend(self.readiness(&begins).map(|word| (word, Meaning::Ready)));
        }
        meanings.extend(self.last_words(&begins).into_iter().map(|word| (word, Meaning::LastWords)));
        if !self.has(&[MarkKind::Stop, MarkKind::Exit, MarkKind::Fatal]) {
            meanings.extend(self.goodbye(&begins).map(|word| (word, Meaning::Goodbye)));
        }
        meanings
    }

    /// The places before these where the same lines always stand, before the first one, too: a boot may begin with
    /// what is not of the program itself.
    fn with_lines_before(&self, mut places: Vec<usize>) -> Vec<usize> {
        for _ in 0..CANDIDATES {
            let Some(word) = places.first().and_then(|first| Some(self.lines[first.checked_sub(1)?].word)) else {
                break;
            };
            if !places.iter().all(|&at| at > 0 && self.lines[at - 1].word == word) {
                break;
            }
            places.iter_mut().for_each(|at| *at -= 1);
        }
        places
    }

    /// Most lines are those of a program that has a grammar, which tells of its life.
    fn is_known_program(&self) -> bool {
        let own = || self.lines.iter().filter(|line| line.is_known_program);
        let tells = |line: &Line| {
            matches!(line.step, Some(MarkKind::Start | MarkKind::Ready | MarkKind::Exit | MarkKind::Fatal))
        };
        own().count() * 2 > self.lines.len() && own().any(tells)
    }

    fn has(&self, kinds: &[MarkKind]) -> bool {
        self.lines.iter().any(|line| line.step.is_some_and(|step| kinds.contains(&step)))
    }

    /// A manager tells of ends or of starts that it refuses.
    fn is_managed(&self) -> bool {
        let tells = |line: &Line| matches!(line.step, Some(MarkKind::Exit | MarkKind::Refused));
        self.lines.iter().any(|line| line.by_manager && tells(line))
    }

    /// Where runs begin by known words: those of the first start alone, for a boot has several steps.
    fn known_starts(&self) -> Vec<usize> {
        let starts = |line: &&Line| line.step == Some(MarkKind::Start);
        self.lines.iter().find(starts).map_or(Vec::new(), |first| self.lines_of(first.word))
    }

    fn after_exits(&self) -> Vec<usize> {
        let ends = |line: &Line| matches!(line.step, Some(MarkKind::Exit | MarkKind::Fatal));
        (1..self.lines.len()).filter(|&at| ends(&self.lines[at - 1]) && !ends(&self.lines[at])).collect()
    }

    /// The line that begins each run, where no mark knows it; or, before the only known start, one that stands after each
    /// death.
    fn own_start(&self, known: Option<usize>) -> Option<(usize, bool)> {
        let mut candidates: Vec<usize> = Vec::new();
        // What is said once, as a container's own boot is, begins no run that came again.
        let recurs = |line: &&Line| !line.by_manager && self.times(line.word) > 1;
        for line in self.lines[..self.head].iter().filter(recurs).take(4 * CANDIDATES) {
            if !candidates.contains(&line.word) && candidates.len() < CANDIDATES {
                candidates.push(line.word);
            }
        }
        let first = candidates.first().copied();
        candidates.into_iter().find_map(|word| {
            let lines = self.lines_of(word);
            let complains = lines.iter().any(|&at| self.lines[at].complains);
            let plain = lines.iter().all(|&at| {
                let line = &self.lines[at];
                let may = line.step.is_none() && !line.is_known_program;
                may && is_prose(self.template(word))
                    && !advises(self.template(word))
                    && !is_labelled(self.template(word), line.is_timed)
            });
            let apart = lines.windows(2).all(|pair| pair[1] - pair[0] >= 2);
            let is_first = first == Some(word);
            if lines.len() < 2 || !plain || !apart || !self.says_the_same(&lines) || complains && !is_first {
                return None;
            }
            // After the only known start a program may go on, whatever it prints.
            let goes_on = known.is_some_and(|known| lines.iter().any(|&at| at > known)) && !begins(self.template(word));
            if goes_on || self.goes_on_at_once(&lines) {
                return None;
            }
            let warns = lines.iter().any(|&at| self.lines[at].is_trouble);
            let sure = !warns && self.has_new_pids(&lines, is_first);
            // What complains may introduce what it stands before.
            let told = || {
                self.follows_deaths(&lines, complains)
                    || known.is_none()
                        && !complains
                        && (is_first && self.boots_alike(&lines)
                            || self.speaks_of_a_beginning(&lines, is_first)
                            || is_first && self.follows_goodbyes(&lines))
            };
            (sure || lines.len() >= HABIT && told()).then_some((word, sure))
        })
    }

    /// It comes with the line before it: no process begins that soon after another has ended.
    fn goes_on_at_once(&self, lines: &[usize]) -> bool {
        let pairs = || lines.iter().skip(1).filter_map(|&at| self.lines[at - 1].time.zip(self.lines[at].time));
        let is_exact = |(before, own): &(Time, Time)| before.resolution().max(own.resolution()) <= AT_ONCE;
        let is_soon = |(before, own): &(Time, Time)| (0..=AT_ONCE).contains(&(own.ns - before.ns));
        let exact = pairs().filter(is_exact).count();
        exact > 0 && pairs().filter(is_exact).filter(is_soon).count() * 5 >= exact * 4
    }

    /// Without counters or names that change, but for the pid: a run begins as the one before it, where a process for each
    /// client or job tells of another one.
    fn says_the_same(&self, lines: &[usize]) -> bool {
        lines.windows(2).all(|pair| self.lines[pair[0]].said == self.lines[pair[1]].said)
    }

    /// Each time another process says it, as its first words, and the one before says no more. A pid that no other line
    /// has may be somebody else's.
    fn has_new_pids(&self, lines: &[usize], is_first: bool) -> bool {
        // By pid: its first line, its last one, how many there are.
        let mut known: BTreeMap<u32, (usize, usize, usize)> = BTreeMap::new();
        for (at, line) in self.lines.iter().enumerate() {
            if let Some(pid) = line.pid {
                let (_, last, count) = known.entry(pid).or_insert((at, at, 0));
                (*last, *count) = (at, *count + 1);
            }
        }
        let own = |at: usize| self.lines[at].pid.and_then(|pid| known.get(&pid));
        let is_somebody = is_first || lines.iter().any(|&at| own(at).is_some_and(|(_, _, count)| *count >= 2));
        is_somebody
            && lines.iter().all(|&at| own(at).is_some_and(|(first, _, _)| *first == at))
            && lines.windows(2).all(|pair| own(pair[0]).is_some_and(|(_, last, _)| *last < pair[1]))
    }

    /// What stands before it is a program's death: an exception or a complaint that no record of an error introduces, and
    /// if `calm` none that complains of anything.
    fn follows_deaths(&self, lines: &[usize], calm: bool) -> bool {
        let died = |at: usize| {
            let before = &self.lines[..at];
            let raw = before.iter().rev().take_while(|line| line.level.is_none() && line.step.is_none());
            let (length, troubled) = raw.fold((0, false), |(n, trouble), line| (n + 1, trouble || line.is_trouble));
            match before.len().checked_sub(length + 1).map(|record| &before[record]) {
                Some(record) if length == 0 => {
                    record.level == Some(Level::Fatal) || matches!(record.step, Some(MarkKind::Exit | MarkKind::Fatal))
                }
                Some(record) => {
                    let is_grave = record.level.is_some_and(|level| level >= Level::Error);
                    let introduces = !record.is_object && (is_grave || record.deals);
                    troubled && !introduces && !(calm && record.is_trouble)
                }
                None => troubled,
            }
        };
        let deaths = lines.iter().skip(1).filter(|&&at| died(at)).count();
        deaths * 5 >= (lines.len() - 1) * 4
    }

    /// What stands before it is a program's goodbye.
    fn follows_goodbyes(&self, lines: &[usize]) -> bool {
        lines.iter().skip(1).all(|&at| {
            let before = &self.lines[at - 1];
            !before.by_manager && leaves(self.template(before.word))
        })
    }

    /// It begins a boot of several lines, the same each time and said nowhere else, and before it stands trouble.
    fn boots_alike(&self, lines: &[usize]) -> bool {
        let Some(&first) = lines.first() else { return false };
        let boot = |at: usize| self.lines.get(at..at + BOOT).map(|lines| lines.iter().map(|line| line.word));
        let is_own = |word: usize| self.times(word) <= lines.len() && !tries(self.template(word));
        let is_boot = boot(first).is_some_and(|mut words| words.all(is_own));
        let again = lines[1..].iter().copied();
        let alike = |at: usize| boot(at).is_none_or(|words| words.eq(boot(first).into_iter().flatten()));
        let troubled = again.clone().filter(|&at| self.lines[at - 1].is_trouble).count();
        is_boot
            && again.clone().filter(|&at| alike(at)).count() * 5 >= again.len() * 4
            && troubled * 5 >= again.len() * 4
    }

    /// It speaks of a beginning, at the log's very head.
    fn speaks_of_a_beginning(&self, lines: &[usize], is_first: bool) -> bool {
        let Some(&at) = lines.first() else { return false };
        // The line after it is the same each time.
        let next = |at: usize| self.lines.get(at + 1).map(|line| line.word);
        let alike = lines.iter().filter(|&&other| next(other) == next(at)).count();
        let words = self.template(self.lines[at].word);
        (is_first || at <= 2) && alike * 5 >= (lines.len() - 1) * 4 && begins(words)
    }

    /// The last line of the boot: what stands once in a run before the work begins, which goes on to its end.
    fn readiness(&self, begins: &[usize]) -> Option<usize> {
        // What has neither a time nor a level, where the first line has a time, is printed by others.
        let alike = |first: &Line, line: &Line| line.is_timed || line.level.is_some() || !first.is_timed;
        let cycles: Vec<Vec<&Line>> =
            self.cycles(begins).map(|cycle| cycle.iter().filter(|line| alike(&cycle[0], line)).collect()).collect();
        let counted: Vec<BTreeMap<usize, Told>> = cycles.iter().map(|cycle| told_in(cycle)).collect();
        // What comes twice in nearly each run that has it is no line of a boot, though some be lost.
        let comes_again = |word: usize| {
            let with: Vec<&Told> = counted.iter().filter_map(|told| told.get(&word)).collect();
            let again = with.iter().filter(|told| told.times >= 2).count();
            again >= 2 && again * 5 >= with.len() * 3
        };
        let mut votes: BTreeMap<usize, usize> = BTreeMap::new();
        let mut working = 0;
        for (cycle, told) in cycles.iter().zip(&counted) {
            let is_own = |line: &Line| {
                let plain = !line.is_trouble && !line.by_manager && line.step.is_none();
                plain && is_prose(self.template(line.word)) && !tries(self.template(line.word))
            };
            let is_work = |line: &Line| {
                let Told { times, last } = told[&line.word];
                is_own(line) && last * 2 > cycle.len() && (times >= HABIT || comes_again(line.word))
            };
            let Some(work) = cycle.iter().position(|line| is_work(line)) else { continue };
            working += 1;
            // The first line is the start, and of what a manager started the first one that is its own. Others may complain
            // on the way.
            let first = cycle.iter().position(|line| !line.by_manager).unwrap_or(0);
            let boot = cycle[..work].get(first + 1..).unwrap_or_default();
            let last = boot.iter().rev().find(|line| !line.is_trouble);
            if let Some(line) = last.filter(|line| is_own(line) && told[&line.word].times == 1) {
                *votes.entry(line.word).or_default() += 1;
            }
        }
        let (word, count) = votes.into_iter().max_by_key(|(_, count)| *count)?;
        (count * 5 >= working * 3).then_some(word)
    }

    /// The last line of runs that had done their work, each of them, in words of its own.
    fn goodbye(&self, begins: &[usize]) -> Option<usize> {
        let last: Vec<&Line> = self.cycles(begins).filter_map(|cycle| cycle.last()).collect();
        let word = last.first()?.word;
        let is_last = last.iter().all(|line| line.word == word && !line.is_trouble && !line.by_manager);
        let worked = self
            .cycles(begins)
            .all(|cycle| told_in(&cycle.iter().collect::<Vec<_>>()).values().any(|told| told.times >= 2));
        let words = self.template(word);
        let is_only = last.len() >= 2 && self.times(word) == last.len();
        (is_only && is_last && worked && is_prose(words) && !denies(words)).then_some(word)
    }

    /// Lines that stand nowhere but at the ends of runs. Of what tools print there without a time the first is the reason,
    /// of a program's last records one that complains, or else the last one that denies.
    fn last_words(&self, begins: &[usize]) -> Vec<usize> {
        let ends: Vec<&[Line]> = self.cycles(begins).filter_map(|cycle| self.end_of(cycle)).collect();
        let mut times: BTreeMap<usize, usize> = BTreeMap::new();
        for line in ends.iter().copied().flatten() {
            *times.entry(line.word).or_default() += 1;
        }
        let is_reason = |line: &&Line| {
            let times = times[&line.word];
            !line.is_known
                && line.step.is_none()
                && times >= HABIT
                && self.times(line.word) == times
                && is_prose(self.template(line.word))
                && denies(self.template(line.word))
        };
        let reason = |end: &&[Line]| {
            let reasons = || end.iter().filter(is_reason);
            let raw = end.iter().all(|line| !line.is_timed);
            let complaint = || reasons().rev().find(|line| line.complains);
            let line = if raw { reasons().next() } else { complaint().or_else(|| reasons().next_back()) };
            line.map(|line| line.word)
        };
        let mut words: Vec<usize> = ends.iter().filter_map(reason).collect();
        words.sort_unstable();
        words.dedup();
        words
    }

    /// Nobody complains of anything else in the runs that end in these words, and no known program says them.
    fn is_only_trouble(&self, word: usize, begins: &[usize]) -> bool {
        let is_other = |line: &Line| line.word != word && line.complains && !line.by_manager;
        let mut with = self.cycles(begins).filter(|cycle| cycle.iter().any(|line| line.word == word));
        self.lines_of(word).iter().all(|&at| !self.lines[at].is_known_program)
            && with.all(|cycle| !cycle.iter().any(is_other))
    }

    /// What stands at a run's end, before the goodbyes; nothing where a stop was asked.
    fn end_of<'l>(&self, cycle: &'l [Line]) -> Option<&'l [Line]> {
        let is_goodbye =
            |line: &Line| line.by_manager || line.step == Some(MarkKind::Exit) || is_goodbye(self.template(line.word));
        let (first, rest) = cycle.split_first()?;
        let end = rest.iter().rposition(|line| !is_goodbye(line))?;
        // What a manager calls a stop after the last word is its way to the next start.
        if rest[..end].iter().any(|line| line.step == Some(MarkKind::Stop)) {
            return None;
        }
        let is_raw = |line: &&Line| first.is_timed && !line.is_timed;
        let raw = rest[..=end].iter().rev().take_while(is_raw).count();
        let length = if raw > 0 { raw } else { LAST_LINES.min(end + 1) };
        Some(&rest[end + 1 - length..=end])
    }
}

/// How often a run has a line, and where it stands last.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    times: usize,
    last: usize,
}

fn told_in(cycle: &[&Line]) -> BTreeMap<usize, Told> {
    let mut told: BTreeMap<usize, Told> = BTreeMap::new();
    for (at, line) in cycle.iter().enumerate() {
        let known = told.entry(line.word).or_default();
        *known = Told { times: known.times + 1, last: at };
    }
    told
}
