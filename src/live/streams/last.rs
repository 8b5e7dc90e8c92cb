//! The evidence at the end, which is that of `analyze`.

use super::kept::{Whole, is_in};
use super::{Streams, insert, problem, problem_of};
use crate::evidence::{Evidence, Overlap, Stream};
use crate::gather::guide;
use crate::input::follow::{Arrival, Key};
use crate::input::{Input, PlainFile, modified_ns};
use std::collections::BTreeSet;

impl Streams {
    /// The evidence of all that was watched, for the last time: as `analyze` has it of the same bytes. None where what was
    /// laid down is not all there any more.
    pub fn last_evidence(&mut self) -> Result<Option<Evidence>, Overlap> {
        let clock = self.clock();
        let found = self.follower.found();
        // Packed pieces move on by one: what was read under a name may stand under another by now.
        let is_other = |path: &str, whole: &Whole| {
            let was = (whole.bytes, whole.modified_ns);
            found.inputs.iter().any(|input| input.path == path && (input.bytes, input.modified_ns) != was)
        };
        let moved: Vec<String> =
            self.wholes.iter().filter(|(path, whole)| is_other(path, whole)).map(|(path, _)| path.clone()).collect();
        for path in moved {
            self.arrive(Arrival::WholeGone { path }, &mut Vec::new());
        }
        let Some(mut evidence) = self.still_whole() else { return Ok(None) };
        let archive = &self.archive;
        let mut covered = BTreeSet::new();
        for live in self.pipes.values_mut() {
            let stream = live.growing.ended(&self.scanner, &clock, || archive.joined(live.uid));
            let Some(mut stream) = stream else { return Ok(None) };
            match (live.problem.clone(), stream.length) {
                (Some(problem), Some(0)) => {
                    evidence.problems.insert(problem);
                    continue;
                }
                (None, Some(0)) => {
                    stream.problems.insert(problem(&live.path, "an empty stream".into(), "", false));
                }
                (problem, _) => stream.problems.extend(problem),
            }
            insert(&mut evidence, &live.path, stream);
        }
        let keys: Vec<Key> = self.files.keys().copied().collect();
        for key in keys {
            let Some(live) = self.files.get_mut(&key) else { continue };
            covered.insert(live.path.clone());
            let path = live.path.clone();
            let anew = live.input.clone().and_then(|input| self.by_whole_file(key, input));
            let archive = &self.archive;
            let stream = anew.or_else(|| {
                let live = self.files.get_mut(&key)?;
                live.growing.ended(&self.scanner, &clock, || archive.joined(live.uid))
            });
            let Some(stream) = stream else { return Ok(None) };
            insert(&mut evidence, &path, stream);
        }
        let there: BTreeSet<String> = found.inputs.iter().map(|input| input.path.clone()).collect();
        evidence.problems.extend(found.notes.into_iter().map(problem_of));
        for input in found.inputs {
            if !covered.contains(&input.path) && !self.wholes.contains_key(&input.path) {
                // A second name of a file, or one that came this very moment.
                evidence = evidence.merge(self.gather(&input, |gatherer| gatherer.whole(&input))?)?;
            }
        }
        // What is there no more may stand in a piece that was packed just now.
        for path in self.gone.keys().chain(covered.iter().filter(|path| !there.contains(*path))) {
            if let Some(stream) = evidence.streams.remove(path).filter(|stream| stream.length > Some(0))
                && !evidence.streams.iter().any(|(path, whole)| is_in(&stream, path, whole))
            {
                evidence.streams.insert(path.clone(), stream);
            }
        }
        Ok(Some(evidence))
    }

    /// The stream of a file scanned anew, if all of it asks for another reading than its beginning did.
    fn by_whole_file(&self, key: Key, input: Input) -> Option<Stream> {
        let live = self.files.get(&key)?;
        let file = PlainFile::open(&input.file).ok().filter(|file| file.length() == live.growing.length())?;
        let modified_ns = std::fs::metadata(&input.file).ok().map(|metadata| modified_ns(&metadata));
        let input = Input { modified_ns: modified_ns.or(input.modified_ns), bytes: file.length(), ..input };
        self.gather(&input, |gatherer| {
            let clock = gatherer.clock(&input.path, input.modified_ns);
            let leaves_open = guide::leaves_open(&self.scanner, &clock, live.growing.head());
            let guide = guide::of_file(&self.scanner, &file, clock).ok()?;
            if !leaves_open && guide.idiom == live.growing.guide().idiom {
                return None;
            }
            let evidence = gatherer.plain(&input, None).ok()?;
            evidence.streams.into_values().next()
        })
    }
}
