//! What is true of an incident, and what it is made of.

/// A root cause that showed itself.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its name in the tables of the simulator.
    pub key: &'static str,
    /// Ids that name it; none for one that no signature knows.
    pub ids: Vec<&'static str>,
    /// Texts of which a line of its evidence must hold one, where no signature knows it.
    pub texts: Vec<String>,
    /// An unknown error with one of the texts is this one.
    pub or_unknown: bool,
    /// Runs that it ended.
    pub runs: usize,
}

/// Verdicts by their words, the best one first.
pub type Verdicts = Vec<&'static str>;

#[derive(Clone, Debug, Default)]
pub struct Truth {
    pub roots: Vec<Root>,
    /// Process starts after the first one, over all services.
    pub restarts: usize,
    pub ready: usize,
    pub verdicts: Verdicts,
    /// Some run left no line of its start, or lost one.
    pub start_lost: bool,
    pub ready_lost: bool,
    /// For the tables: `program/manager` of the services.
    pub classes: Vec<String>,
    /// What is hard about it.
    pub traits: Vec<&'static str>,
}

impl Truth {
    pub fn is_healthy(&self) -> bool {
        self.verdicts == ["healthy"]
    }
}

/// Files to read, and what a right diagnosis says of them.
pub struct Incident {
    pub seed: u64,
    pub files: Vec<(String, Vec<u8>)>,
    pub truth: Truth,
}
