//! Reads an incident's files with the library, in this process, and holds the diagnosis against the truth.

use super::truth::{Incident, Root};
use relapse::diagnosis::{Diagnosis, Question, Without, model::Cause};
use relapse::gather::Gatherer;
use relapse::input::{Selection, discover};
use relapse::scan::{Options, Scanner};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicU64;

/// What follows from an error by its nature. Where the error's own line was lost, it is all that is left to name.
const SYMPTOMS: [&str; 8] = [
    "gunicorn-worker-boot",
    "uvicorn-startup-failed",
    "spring-failed",
    "node-unhandled-rejection",
    "node-error-event",
    "openclaw-unhandled-rejection",
    "openclaw-uncaught",
    "systemd-exit-failure",
];

/// relapse with what it has built in.
pub struct Judge {
    scanner: Scanner,
    selection: Selection,
    progress: AtomicU64,
    /// What is left out of its reasoning.
    pub without: Without,
}

/// How well one incident was told.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub seed: u64,
    pub classes: Vec<String>,
    pub traits: Vec<&'static str>,
    pub healthy: bool,
    /// Root causes of the truth, and whether each was found.
    pub roots: Vec<(&'static str, bool)>,
    /// Reported root causes that are none, with a line that shows each.
    pub false_roots: Vec<String>,
    /// The same two where nothing is let pass: how many of the truth were found, and how many reported ones are none.
    pub strictly: (usize, usize),
    /// Truth and diagnosis; none where a line that tells was lost.
    pub restarts: Option<(usize, usize)>,
    pub ready: Option<(usize, usize)>,
    /// The same with lost lines.
    pub all_restarts: (usize, usize),
    /// Fair verdicts, and the one given.
    pub verdict: (Vec<&'static str>, &'static str),
}

impl Outcome {
    pub fn verdict_holds(&self) -> bool {
        self.verdict.0.contains(&self.verdict.1)
    }

    pub fn is_right(&self) -> bool {
        let same = |pair: Option<(usize, usize)>| pair.is_none_or(|(truth, got)| truth == got);
        self.roots.iter().all(|(_, found)| *found)
            && self.false_roots.is_empty()
            && same(self.restarts)
            && same(self.ready)
            && self.verdict_holds()
    }
}

impl Default for Judge {
    fn default() -> Self {
        let scanner = Scanner::built_in(Options::default());
        Self { scanner, selection: Selection::default(), progress: AtomicU64::new(0), without: Without::default() }
    }
}

/// Writes an incident's files below a folder.
pub fn write(incident: &Incident, folder: &Path) -> std::io::Result<()> {
    for (path, bytes) in &incident.files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

impl Judge {
    pub fn diagnosis(&self, incident: &Incident) -> Diagnosis {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(incident, folder.path()).expect("the files are written");
        let found = discover(&[folder.path().to_path_buf()], &self.selection);
        // The end of 2026, so that no time of the simulation lies ahead.
        let now_ns = 1_798_675_200_000_000_000;
        let gatherer = Gatherer {
            scanner: &self.scanner,
            zone: jiff::tz::TimeZone::UTC,
            now_ns,
            selection: &self.selection,
            progress: &self.progress,
        };
        let evidence = gatherer.gather(found).expect("nothing overlaps");
        Diagnosis::of(&evidence, &self.scanner.pack, &Question { without: self.without, ..Question::default() })
    }

    pub fn judge(&self, incident: &Incident) -> Outcome {
        let diagnosis = self.diagnosis(incident);
        let truth = &incident.truth;
        let causes = || {
            let incidents = diagnosis.services.iter().flat_map(|service| &service.incidents);
            incidents.flat_map(|incident| &incident.causes).filter(|cause| cause.role == "root")
        };
        let roots = truth.roots.iter().map(|root| (root.key, causes().any(|cause| shows(cause, root)))).collect();
        let found = truth.roots.iter().filter(|root| causes().any(|cause| shows_strictly(cause, root))).count();
        let wrong: BTreeSet<&str> = causes()
            .filter(|cause| !truth.roots.iter().any(|root| shows_strictly(cause, root)))
            .map(|cause| cause.id.as_str())
            .collect();
        let strictly = (found, wrong.len());
        let is_lossy = truth.traits.contains(&"lines lost");
        let is_false = |cause: &&Cause| {
            let is_left_over = is_lossy && SYMPTOMS.contains(&cause.id.as_str());
            !is_left_over && !truth.roots.iter().any(|root| shows(cause, root))
        };
        let mut false_roots: Vec<String> = causes().filter(is_false).map(told).collect();
        // The same root in two incidents is one mistake.
        false_roots.sort();
        false_roots.dedup_by_key(|text| text.split(' ').next().unwrap_or_default().to_owned());
        let sum = |count: fn(&relapse::diagnosis::model::Service) -> u64| {
            diagnosis.services.iter().map(count).sum::<u64>() as usize
        };
        let all_restarts = (truth.restarts, sum(|service| service.restarts));
        let ready = (truth.ready, sum(|service| service.ready_runs));
        Outcome {
            seed: incident.seed,
            classes: truth.classes.clone(),
            traits: truth.traits.clone(),
            healthy: truth.is_healthy(),
            roots,
            false_roots,
            strictly,
            restarts: (!truth.start_lost).then_some(all_restarts),
            ready: (!truth.ready_lost).then_some(ready),
            all_restarts,
            verdict: (truth.verdicts.clone(), diagnosis.verdict.word()),
        }
    }
}

/// Whether a reported cause is the one that the truth means, or stands for it.
fn shows(cause: &Cause, root: &Root) -> bool {
    shows_strictly(cause, root) || root.or_unknown && is_unknown_of(cause, root)
}

/// Whether a reported cause is the one that the truth means: by its id, or for a fault that has none by its text.
fn shows_strictly(cause: &Cause, root: &Root) -> bool {
    root.ids.contains(&cause.id.as_str()) || root.ids.is_empty() && is_unknown_of(cause, root)
}

fn is_unknown_of(cause: &Cause, root: &Root) -> bool {
    let texts = cause.evidence.iter().map(|line| line.text.as_str()).chain(cause.template.as_deref());
    cause.id.starts_with("unknown/")
        && texts.into_iter().any(|text| root.texts.iter().any(|wanted| text.contains(wanted)))
}

fn told(cause: &Cause) -> String {
    let text = cause.evidence.first().map_or("", |line| line.text.as_str());
    let text: String = text.chars().take(150).collect();
    format!("{} ({} runs): {text}", cause.id, cause.runs)
}
