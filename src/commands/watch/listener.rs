//! Everybody who hears of what a watch sees: standard output, and whoever else the options name.

use super::arguments::Arguments;
use super::printer::Printer;
use crate::commands::Failure;
use crossbeam_channel::Sender;
use relapse::diagnosis::Diagnosis;
use relapse::diagnosis::model::Service;
use relapse::evidence::Problem;
use relapse::live::picture::Status;
use relapse::live::source::Parcel;
use relapse::live::watch::Listener;
use relapse::live::{Alert, Board, Event};
use relapse::scan::Scanner;
use std::io;
use std::mem::ManuallyDrop;
use std::sync::Arc;

pub struct Listening {
    printer: Printer,
    reading: crate::commands::grammars::Reading,
}

impl Listening {
    pub fn start(
        arguments: &Arguments,
        printer: Printer,
        _board: &Arc<Board>,
        _parcels: &Sender<Parcel>,
    ) -> Result<Listening, Failure> {
        Ok(Listening { printer, reading: arguments.reading.clone() })
    }

    /// Lets everybody finish.
    pub fn end(self) -> Printer {
        self.printer
    }
}

impl Listener for Listening {
    fn events(&mut self, events: &[Arc<Event>]) -> io::Result<()> {
        self.printer.events(events)
    }

    fn verdict(&mut self, status: &Status, before: Option<&Status>, service: &Service) -> io::Result<()> {
        self.printer.verdict(status, before, service)
    }

    fn alert(&mut self, alert: &Arc<Alert>) -> io::Result<()> {
        self.printer.alert(alert)
    }

    fn note(&mut self, note: &Problem) -> io::Result<()> {
        self.printer.note(note)
    }

    fn diagnosis(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        self.printer.diagnosis(diagnosis)
    }

    fn alerts_told(&mut self) -> (u64, u64) {
        (0, 0)
    }

    fn reload(&mut self) -> Result<Arc<Scanner>, String> {
        Ok(Arc::new(ManuallyDrop::into_inner(self.reading.scanner_again()?)))
    }
}
