//! What is in an archive, and in the archives in it, on its way into one evidence.

use super::{Gatherer, failed, passed_over};
use crate::evidence::{Evidence, Overlap, Problem};
use crate::input::Input;
use crate::input::archive::{Archive, Member};
use crate::input::decode::{self, Opened};
use std::io;

/// Members larger than this are worth all cores.
const WIDE_MEMBER: u64 = 4 << 20;

pub(super) struct Members<'g> {
    gatherer: &'g Gatherer<'g>,
    input: &'g Input,
    wide: bool,
    evidence: Evidence,
}

/// An archive that is gone through.
struct Place {
    /// As it is told: `outer.zip/inner.tar.gz`.
    path: String,
    /// What stands before its members' names for the outermost archive: nothing, or `inner.tar.gz/`.
    inside: String,
    /// The user asked for the archive, or for one around it, by its name: all its members are read.
    asked: bool,
    /// Members were left out because nobody asked for them.
    left_out: bool,
}

impl Members<'_> {
    pub(super) fn of<'g>(gatherer: &'g Gatherer<'g>, input: &'g Input, wide: bool) -> Members<'g> {
        Members { gatherer, input, wide, evidence: Evidence::default() }
    }

    /// Reads the outermost archive.
    pub(super) fn read(mut self, archive: Archive) -> Result<Evidence, Overlap> {
        let asked = self.gatherer.selection.includes(&self.input.path);
        let mut place = Place { path: self.input.path.clone(), inside: String::new(), asked, left_out: false };
        self.go_through(archive, &mut place);
        if self.evidence == Evidence::default() {
            self.tell(&place.path, "no log in this archive".into(), "", self.input.named);
        }
        Ok(self.evidence)
    }

    fn read_inner(&mut self, archive: Archive, mut place: Place) {
        let streams = self.evidence.streams.len();
        let mut problems = std::mem::take(&mut self.evidence.problems);
        self.go_through(archive, &mut place);
        let told = std::mem::take(&mut self.evidence.problems);
        // A program's package is no log; what all is in it needs no words.
        let no_log = self.evidence.streams.len() == streams && told.iter().all(|problem| !problem.fault);
        match no_log {
            true if place.left_out => {}
            true => problems.extend(passed_over(&place.path, "no log in this archive", "").problems),
            false => problems.extend(told),
        }
        self.evidence.problems = problems;
    }

    fn go_through(&mut self, archive: Archive, place: &mut Place) {
        let mut unread = Vec::new();
        let read = archive.each(|member| self.take(member, place), |name, why| unread.push((name, why)));
        for (name, why) in unread {
            self.tell(&format!("{}/{name}", place.path), why, "", true);
        }
        if let Err(error) = read {
            let what = format!("the archive is damaged or cut short: {error}");
            self.tell(&place.path, what, "what came before was analyzed", true);
        }
    }

    fn take(&mut self, member: Member, place: &mut Place) -> io::Result<()> {
        let name = member.path.trim_start_matches("./").to_string();
        let inside = format!("{}{name}", place.inside);
        if self.gatherer.selection.excludes(&inside) {
            place.left_out = true;
            return Ok(());
        }
        let asked = place.asked || self.gatherer.selection.includes(&inside);
        let mut path = format!("{}/{name}", place.path);
        // An archive may have a path twice.
        for again in 2.. {
            if !self.evidence.streams.contains_key(&path) {
                break;
            }
            path = format!("{}/{name} ({again})", place.path);
        }
        let wide = self.wide && member.bytes > WIDE_MEMBER;
        let clock = self.gatherer.clock(&path, member.modified_ns);
        let read = match decode::open_member(member) {
            // Folders are gone through whatever their names are, and so are archives.
            Ok(Opened::Archive(archive)) => {
                let inner = Place { path, inside: format!("{inside}/"), asked, left_out: false };
                self.read_inner(archive, inner);
                return Ok(());
            }
            _ if !asked => {
                place.left_out = true;
                return Ok(());
            }
            Ok(Opened::Text(text)) => self.gatherer.text(&path, text, clock, wide).map_err(io::Error::other)?,
            Ok(Opened::Refused(what, help)) => passed_over(&path, &what, &help),
            Err(error) => failed(&path, &error),
        };
        self.evidence = std::mem::take(&mut self.evidence).merge(read).map_err(io::Error::other)?;
        Ok(())
    }

    fn tell(&mut self, path: &str, what: String, help: &str, fault: bool) {
        let problem = Problem { path: path.into(), line: None, what, help: help.into(), fault };
        self.evidence.problems.insert(problem);
    }
}
