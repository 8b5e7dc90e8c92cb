//! A thread that makes diagnoses, one at a time, so that nobody else waits for them.

use crate::diagnosis::{Diagnosis, Question};
use crate::evidence::Evidence;
use crate::scan::Scanner;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Diagnoser {
    evidence: Sender<(Evidence, Arc<Scanner>)>,
    diagnoses: Receiver<(Diagnosis, Duration)>,
    is_busy: bool,
    /// The latest one.
    took: Duration,
}

impl Diagnoser {
    pub fn start(question: Question) -> io::Result<Diagnoser> {
        let (evidence, asked) = bounded::<(Evidence, Arc<Scanner>)>(1);
        let (told, diagnoses) = bounded(1);
        std::thread::Builder::new().name("diagnosis".into()).spawn(move || {
            for (evidence, scanner) in asked {
                let began = Instant::now();
                let diagnosis = Diagnosis::of(&evidence, &scanner.pack, &question);
                if told.send((diagnosis, began.elapsed())).is_err() {
                    return;
                }
            }
        })?;
        Ok(Diagnoser { evidence, diagnoses, is_busy: false, took: Duration::ZERO })
    }

    /// Whether it makes one.
    pub fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// How long the latest one took.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Has evidence diagnosed; to be called while it is not busy.
    pub fn ask(&mut self, evidence: Evidence, scanner: &Arc<Scanner>) {
        // If it is gone, whoever asks for the diagnosis hears of it.
        let _ = self.evidence.send((evidence, Arc::clone(scanner)));
        self.is_busy = true;
    }

    /// The diagnosis that was asked for, once it is made.
    pub fn done(&mut self) -> io::Result<Option<Diagnosis>> {
        match self.diagnoses.try_recv() {
            Ok((diagnosis, took)) => {
                (self.is_busy, self.took) = (false, took);
                Ok(Some(diagnosis))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(io::Error::other("the thread that makes diagnoses has ended")),
        }
    }

    /// Waits for the diagnosis that is being made, which nobody wants any more.
    pub fn finish(&mut self) {
        if self.is_busy {
            drop(self.diagnoses.recv());
            self.is_busy = false;
        }
    }

    /// The diagnosis of all, waited for.
    pub fn last(&self, evidence: Evidence, scanner: &Arc<Scanner>) -> io::Result<Diagnosis> {
        let gone = || io::Error::other("no diagnosis could be made");
        self.evidence.send((evidence, Arc::clone(scanner))).map_err(|_| gone())?;
        self.diagnoses.recv().map(|(diagnosis, _)| diagnosis).map_err(|_| gone())
    }
}
