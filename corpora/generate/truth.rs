//! What is true of a corpus, in the form of the incidents' `truth.json`.

use super::log::{Log, quoted};

/// A service's story: its logs, and what they tell.
pub struct Corpus {
    /// Folder of the logs and stem of the truth file.
    pub name: &'static str,
    pub logs: Vec<Log>,
    pub truth: Truth,
}

/// A signature's id (or `unknown`) and text of a line that shows it.
pub type Shown = (&'static str, &'static str);

/// A root cause; the number is how many runs ended by it (0: it kept the service down without a run).
pub type Root = (&'static str, &'static str, usize);

#[derive(Clone, Copy)]
pub enum Verdict {
    Healthy,
    Degraded,
    Flapping,
    CrashLoop,
}

impl Verdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Flapping => "flapping",
            Self::CrashLoop => "crash-loop",
        }
    }
}

pub struct Truth {
    pub program: &'static str,
    pub manager: Option<&'static str>,
    /// Process starts after the first one visible.
    pub restarts: usize,
    /// Runs that became ready.
    pub reached_ready: usize,
    pub verdict: Verdict,
    pub also_acceptable: &'static [Verdict],
    pub root_causes: Vec<Root>,
    /// In a healthy corpus: look-alikes.
    pub symptoms: &'static [Shown],
    /// Faults that are there, and may be named as roots or left out.
    pub tolerated: &'static [Shown],
    /// Planted secrets, which no report may show.
    pub secrets: &'static [&'static str],
    pub notes: &'static str,
}

impl Corpus {
    /// All files with paths relative to the folder of corpora, the truth last.
    pub fn into_files(self) -> Vec<(String, Vec<u8>)> {
        let name = self.name;
        let paths: Vec<String> = self.logs.iter().map(|log| format!("{name}/{}", log.path)).collect();
        let truth = self.truth.to_json(&paths);
        let contents = self.logs.into_iter().map(Log::into_bytes);
        let mut files: Vec<_> = paths.into_iter().zip(contents).collect();
        files.push((format!("truth/{name}.json"), truth.into_bytes()));
        files
    }
}

impl Truth {
    fn to_json(&self, files: &[String]) -> String {
        let manager = self.manager.map_or("null".to_owned(), quoted);
        let cause_from = if self.root_causes.is_empty() { "null" } else { "\"author\"" };
        let roots = self.root_causes.iter().map(|(cause, evidence, cycles)| {
            format!(r#"{{"cause": {}, "evidence": {}, "cycles": {cycles}}}"#, quoted(cause), quoted(evidence))
        });
        let members = [
            ("files", array(files.iter().map(|file| quoted(file)))),
            ("source", "null".to_owned()),
            ("form", quoted("generated")),
            ("cause_from", cause_from.to_owned()),
            ("program", quoted(self.program)),
            ("manager", manager),
            ("restarts", self.restarts.to_string()),
            ("reached_ready", self.reached_ready.to_string()),
            ("verdict", quoted(self.verdict.word())),
            ("also_acceptable", array(self.also_acceptable.iter().map(|verdict| quoted(verdict.word())))),
            ("root_causes", array(roots)),
            ("symptoms", array(self.symptoms.iter().map(shown))),
            ("tolerated", array(self.tolerated.iter().map(shown))),
            ("secrets", array(self.secrets.iter().map(|secret| quoted(secret)))),
            ("notes", quoted(self.notes)),
        ];
        let lines: Vec<String> = members.iter().map(|(key, value)| format!(" {}: {value}", quoted(key))).collect();
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }
}

fn shown((cause, evidence): &Shown) -> String {
    format!(r#"{{"cause": {}, "evidence": {}}}"#, quoted(cause), quoted(evidence))
}

/// A JSON array of values that are JSON already, one a line.
fn array(values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.map(|value| format!("\n  {value}")).collect();
    if values.is_empty() { "[]".to_owned() } else { format!("[{}\n ]", values.join(",")) }
}
