//! Files that are written to, through rotation: which bytes are new, and under which name each stands now.
//!
//! A file is known by its device and inode and by its own bytes, never by its name alone. Renamed, it is the same file
//! under another name. Cut short (copied, then truncated), what was read is looked for in a copy beside it, where the rest
//! of it is read. Nothing here waits: `look` reads what is there and returns.

mod listing;
mod tail;

use crate::input::discover::{Found, Note};
use crate::input::sniff::{self, Content};
use crate::input::{Input, InputKind, Selection, discover};
use listing::Listed;
pub use listing::Watched;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
pub use tail::{FileId, Print};
use tail::{Read, Tail};

/// A followed file, as long as this process lives.
pub type Key = u64;

/// Names are looked through so often, and no more than a twentieth of the time.
const LIST_EVERY: Duration = Duration::from_millis(250);
/// A file that has not grown for so long is only looked at when the listing says that it did.
const COLD_AFTER: Duration = Duration::from_secs(10);
/// What begins like a followed file may be a copy of it that is being made: so long it waits.
const COPY_TIME: Duration = Duration::from_secs(2);
/// A file without a name is let go once it has been silent for so long.
const REMOVED_AFTER: Duration = Duration::from_secs(1);
/// Read of one file before the next one has its turn, and of all files at a look.
const TURN: usize = 1 << 20;
const MOST: usize = 4 << 20;
/// What is read whole is read once it has not changed for so long.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// Text that is never still, whose records go over lines, is read so often.
const NEVER_STILL: Duration = Duration::from_secs(10);

/// What a look at the files gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A file that was not known; its bytes follow.
    Began { key: Key, input: Input },
    /// What came next in it.
    Bytes { key: Key, bytes: Vec<u8> },
    /// It stands under another name now.
    Renamed { key: Key, path: String },
    /// Its bytes are not there any more. With `lost`, some may have gone unread.
    Gone { key: Key, lost: bool },
    /// It was a copy of another one, or is no text that can be followed: nothing of it counts.
    Void { key: Key },
    /// A file that is not followed, because it is not plain text, is there or has changed.
    Whole { input: Input },
    /// Such a file is not there any more.
    WholeGone { path: String },
    /// Something to be told.
    Note(Note),
}

#[derive(Debug)]
pub struct Follower {
    watched: Watched,
    tails: BTreeMap<Key, Followed>,
    next_key: Key,
    /// Files that are not followed, by what they were when they were last looked at.
    others: BTreeMap<FileId, Other>,
    listed_at: Option<Instant>,
    list_every: Duration,
    /// The names were not looked through yet.
    first: bool,
    /// Whose turn it was when a look had read enough.
    turn: Key,
}

#[derive(Debug)]
struct Followed {
    tail: Tail,
    grew_at: Instant,
    /// Length at the latest listing.
    length: u64,
}

#[derive(Debug)]
struct Other {
    path: String,
    length: u64,
    modified_ns: i64,
    since: Instant,
    /// Since when something of it has not been told.
    waits_since: Instant,
    /// What it is has been told.
    told: bool,
    /// It begins like a followed one.
    may_be_copy: bool,
}

/// A followed file as a checkpoint keeps it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    pub path: PathBuf,
    pub id: FileId,
    pub print: Print,
}

impl Follower {
    pub fn new(watched: Watched) -> Follower {
        Follower {
            watched,
            tails: BTreeMap::new(),
            next_key: 0,
            others: BTreeMap::new(),
            listed_at: None,
            list_every: LIST_EVERY,
            first: true,
            turn: 0,
        }
    }

    /// Goes on with a file where a checkpoint left it. None if it is not there any more, under any name, or is not what it
    /// was. It may stand under another name.
    pub fn go_on(&mut self, place: Place, position: u64) -> Option<(Key, PathBuf)> {
        let listed = self.watched.list();
        let holds =
            |listed: &&Listed| File::open(&listed.path).is_ok_and(|file| place.print.is_in(&file).unwrap_or(false));
        let same = |listed: &&Listed| listed.id == place.id;
        let taken = |id: FileId| self.tails.values().any(|followed| followed.tail.id == id);
        // The inode may have been given to another file since; the bytes decide.
        let found = listed
            .iter()
            .filter(same)
            .chain(listed.iter().filter(|listed| listed.path == place.path))
            .chain(listed.iter())
            .filter(|listed| !taken(listed.id) && listed.length >= place.print.position)
            .find(holds)?;
        let tail = Tail::read_up_to(&found.path, found.id, position).ok()?;
        let path = found.path.clone();
        Some((self.add(tail, found.length), path))
    }

    /// Whether a file is there as it was.
    pub fn is_there(&self, path: &str, length: u64, modified_ns: Option<i64>) -> bool {
        let there = |listed: Listed| listed.length == length && Some(listed.modified_ns) == modified_ns;
        self.listed(path).is_some_and(there)
    }

    /// Takes a file that is not followed as known.
    pub fn know(&mut self, path: &str) {
        if let Some(Listed { id, length, modified_ns, .. }) = self.listed(path) {
            let (since, path) = (Instant::now(), path.to_string());
            let other = Other { path, length, modified_ns, since, waits_since: since, told: true, may_be_copy: false };
            self.others.insert(id, other);
        }
    }

    fn listed(&self, path: &str) -> Option<Listed> {
        self.watched.list().into_iter().find(|listed| listed.path.display().to_string() == path)
    }

    fn add(&mut self, tail: Tail, length: u64) -> Key {
        let key = self.next_key;
        self.next_key += 1;
        self.others.remove(&tail.id);
        self.tails.insert(key, Followed { tail, grew_at: Instant::now(), length });
        key
    }

    /// Where a file stands, for a checkpoint.
    pub fn place(&self, key: Key) -> Option<Place> {
        let tail = &self.tails.get(&key)?.tail;
        Some(Place { path: tail.path.clone(), id: tail.id, print: tail.print.clone() })
    }

    /// The bytes of a file before a place, as far back as wanted.
    pub fn before(&self, key: Key, from: u64, to: u64) -> Vec<u8> {
        use std::os::unix::fs::FileExt;
        let Some(followed) = self.tails.get(&key) else { return Vec::new() };
        let mut bytes = vec![0; to.saturating_sub(from) as usize];
        let read = File::open(&followed.tail.path).and_then(|file| file.read_exact_at(&mut bytes, from));
        if read.is_err() {
            bytes.clear();
        }
        bytes
    }

    /// How long ago any file has grown: what grew lately may soon do so again.
    pub fn quiet_for(&self) -> Duration {
        self.tails.values().map(|followed| followed.grew_at.elapsed()).min().unwrap_or(Duration::MAX)
    }

    /// Bytes of all files that are there and not read.
    pub fn unread(&self) -> u64 {
        self.tails.values().map(|followed| followed.tail.unread()).sum()
    }

    /// Everything that is watched, as `analyze` would find it now.
    pub fn found(&self) -> Found {
        self.watched.found()
    }

    /// The next look looks through the names, however short ago that was.
    pub fn list_now(&mut self) {
        self.listed_at = None;
    }

    /// What is new, in the order in which it is to be taken, at most a turn of each file. True if there may be more at
    /// once.
    pub fn look(&mut self, arrivals: &mut Vec<Arrival>) -> bool {
        let now = Instant::now();
        let known = self.next_key;
        if self.listed_at.is_none_or(|at| now.duration_since(at) >= self.list_every) {
            self.list(arrivals);
            let took = now.elapsed();
            self.list_every = LIST_EVERY.max(took * 20);
            self.listed_at = Some(now);
        }
        // One that was just met is read from the next look on: who hears of it may have it begin elsewhere.
        let mut more = self.next_key > known;
        let (mut cut, mut misjudged) = (Vec::new(), Vec::new());
        let mut buffer = Vec::new();
        let mut total = 0;
        let (later, sooner): (Vec<Key>, Vec<Key>) =
            self.tails.keys().filter(|&&key| key < known).partition(|&&key| key >= self.turn);
        for key in later.into_iter().chain(sooner) {
            let Some(followed) = self.tails.get_mut(&key) else { continue };
            if total >= MOST {
                (self.turn, more) = (key, true);
                break;
            }
            let is_hot = now.duration_since(followed.grew_at) < COLD_AFTER;
            if !is_hot && followed.length <= followed.tail.print.position {
                followed.tail.close();
                continue;
            }
            let mut turn = 0;
            loop {
                match followed.tail.read(&mut buffer) {
                    // It was empty when it was met, and is no text: the listing will meet it anew.
                    Ok(Read::Some(count)) if followed.tail.print.position == count as u64 && !is_text(&buffer) => {
                        misjudged.push(key);
                        break;
                    }
                    Ok(Read::Some(count)) => {
                        followed.grew_at = now;
                        arrivals.push(Arrival::Bytes { key, bytes: std::mem::take(&mut buffer) });
                        turn += count;
                        more |= turn >= TURN;
                        // A writer may be faster than a read is: what it adds meanwhile has the next look.
                        if turn >= TURN || count < tail::STEP {
                            break;
                        }
                    }
                    Ok(Read::None) => break,
                    Ok(Read::Cut) => {
                        cut.push(key);
                        break;
                    }
                    // It will be found again, or found missing, by the listing.
                    Err(_) => break,
                }
            }
            total += turn;
        }
        for key in misjudged {
            self.tails.remove(&key);
            arrivals.push(Arrival::Void { key });
        }
        for key in cut {
            self.cut(key, arrivals);
            more = true;
        }
        more
    }

    /// A file is shorter than what was read of it, or another: what was read may go on in a copy.
    fn cut(&mut self, key: Key, arrivals: &mut Vec<Arrival>) {
        let Some(mut followed) = self.tails.remove(&key) else { return };
        let (path, id) = (followed.tail.path.clone(), followed.tail.id);
        let listed = self.watched.list();
        let copy = listed.iter().find(|listed| {
            listed.id != id
                && listed.length >= followed.tail.print.position
                && listed.path.parent() == path.parent()
                && File::open(&listed.path).is_ok_and(|file| followed.tail.print.is_in(&file).unwrap_or(false))
        });
        match copy {
            Some(copy) => {
                let taken: Vec<Key> =
                    self.tails.iter().filter(|(_, other)| other.tail.id == copy.id).map(|(&key, _)| key).collect();
                for other in taken {
                    self.tails.remove(&other);
                    arrivals.push(Arrival::Void { key: other });
                }
                self.others.remove(&copy.id);
                let tail = Tail::new(&copy.path, copy.id, std::mem::take(&mut followed.tail.print));
                self.tails.insert(key, Followed { tail, grew_at: Instant::now(), length: copy.length });
                arrivals.push(Arrival::Renamed { key, path: copy.path.display().to_string() });
            }
            None => arrivals.push(Arrival::Gone { key, lost: true }),
        }
        if let Some(listed) = listed.iter().find(|listed| listed.id == id) {
            self.begin(listed, arrivals);
        }
    }

    /// Looks through the names: what is new, what was renamed, what is gone.
    fn list(&mut self, arrivals: &mut Vec<Arrival>) {
        let listed = self.watched.list();
        let by_id: BTreeMap<FileId, &Listed> = listed.iter().map(|listed| (listed.id, listed)).collect();
        let names: BTreeSet<&Path> = listed.iter().map(|listed| listed.path.as_path()).collect();
        let mut gone = Vec::new();
        for (&key, followed) in &mut self.tails {
            match by_id.get(&followed.tail.id) {
                Some(listed) => {
                    if listed.length != followed.length {
                        followed.length = listed.length;
                        followed.grew_at = Instant::now();
                    }
                    if listed.path != followed.tail.path {
                        followed.tail.path.clone_from(&listed.path);
                        arrivals.push(Arrival::Renamed { key, path: listed.path.display().to_string() });
                    }
                }
                None => {
                    // It may still be written to by somebody who has it open, unless another one stands in its place.
                    let path = &followed.tail.path;
                    let is_replaced = names.contains(path.as_path()) && followed.tail.unread() == 0;
                    if is_replaced || followed.grew_at.elapsed() >= REMOVED_AFTER {
                        gone.push(key);
                    }
                }
            }
        }
        for key in gone {
            self.tails.remove(&key);
            arrivals.push(Arrival::Gone { key, lost: false });
        }
        let followed: BTreeSet<FileId> = self.tails.values().map(|followed| followed.tail.id).collect();
        for listed in listed.iter().filter(|listed| !listed.beside && !followed.contains(&listed.id)) {
            self.meet(listed, arrivals);
        }
        let missing: Vec<FileId> = self.others.keys().filter(|id| !by_id.contains_key(id)).copied().collect();
        for id in missing {
            if let Some(other) = self.others.remove(&id).filter(|other| other.told) {
                arrivals.push(Arrival::WholeGone { path: other.path });
            }
        }
        self.first = false;
    }

    /// A file that is not followed.
    fn meet(&mut self, listed: &Listed, arrivals: &mut Vec<Arrival>) {
        let now = Instant::now();
        let path = listed.path.display().to_string();
        let is_as_it_was = |other: &&mut Other| {
            other.path == path && other.length == listed.length && other.modified_ns == listed.modified_ns
        };
        match self.others.get_mut(&listed.id).filter(|other| is_as_it_was(other)) {
            Some(other) if other.told => return,
            Some(other) => {
                let wait = if other.may_be_copy { COPY_TIME } else { SETTLED_AFTER };
                if now.duration_since(other.since) < wait {
                    return;
                }
                other.told = true;
            }
            None => {
                let may_be_copy = !self.first && self.begins_like_another(&listed.path);
                let waiting = self.others.get(&listed.id).filter(|other| !other.told);
                let waits_since = waiting.map_or(now, |other| other.waits_since);
                let told = match kind_of(&listed.path) {
                    _ if self.first => true,
                    None | Some(InputKind::Plain) => !may_be_copy,
                    Some(InputKind::Folded) => now.duration_since(waits_since) >= NEVER_STILL,
                    // Half of a packed file is a damaged one.
                    Some(_) => false,
                };
                let (length, modified_ns) = (listed.length, listed.modified_ns);
                let other = Other { path, length, modified_ns, since: now, waits_since, told, may_be_copy };
                self.others.insert(listed.id, other);
                if !told {
                    return;
                }
            }
        }
        self.begin(listed, arrivals);
    }

    fn begins_like_another(&self, path: &Path) -> bool {
        let Ok(file) = File::open(path) else { return false };
        self.tails.values().any(|followed| {
            followed.tail.path.parent() == path.parent() && followed.tail.print.begins_like(&file).unwrap_or(false)
        })
    }

    /// Begins with a file: what it is shows in its bytes.
    fn begin(&mut self, listed: &Listed, arrivals: &mut Vec<Arrival>) {
        let Found { inputs, notes } = discover(std::slice::from_ref(&listed.path), &Selection::default());
        let skipped = |note: Note| match listed.named {
            true => note,
            false => Note { what: format!("skipped: {}", note.what), fault: false, ..note },
        };
        // An empty one may grow, and is told of at the end if it has not; one that was renamed just now is met again.
        let notes = notes.into_iter().filter(|_| listed.length > 0 && listed.path.exists());
        arrivals.extend(notes.map(|note| Arrival::Note(skipped(note))));
        for input in inputs {
            let input = Input { named: listed.named, ..input };
            if input.kind == InputKind::Plain {
                let mut tail = Tail::new(&listed.path, listed.id, Print::default());
                // Nothing was read of it yet, so nothing but its number tells it from another.
                let _ = tail.open();
                let key = self.add(tail, listed.length);
                arrivals.push(Arrival::Began { key, input });
            } else {
                arrivals.push(Arrival::Whole { input });
            }
        }
    }

    /// Goes on behind what somebody else has read of a file.
    pub fn skip_to(&mut self, key: Key, position: u64) {
        if let Some(followed) = self.tails.get_mut(&key)
            && let Ok(tail) = Tail::read_up_to(&followed.tail.path, followed.tail.id, position)
        {
            followed.tail = tail;
        }
    }
}

/// Whether what was read first of a file is text.
fn is_text(first: &[u8]) -> bool {
    let content = sniff::content(&first[..first.len().min(sniff::SNIFF_BYTES)]);
    matches!(content, Content::Empty | Content::Text | Content::Mixed | Content::Folded(_))
}

/// What a file is by its bytes; None where it is nothing that is read.
fn kind_of(path: &Path) -> Option<InputKind> {
    discover(&[path.to_path_buf()], &Selection::default()).inputs.pop().map(|input| input.kind)
}
