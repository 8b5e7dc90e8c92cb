//! Everybody who hears of what a watch sees: standard output, receivers of alerts, the page, the dashboard.

use super::arguments::Arguments;
use super::printer::{Printer, Shape};
use crate::commands::Failure;
use crossbeam_channel::Sender;
use relapse::diagnosis::Diagnosis;
use relapse::diagnosis::model::Service;
use relapse::evidence::Problem;
use relapse::live::delivery::{Deliverer, Options};
use relapse::live::picture::Status;
use relapse::live::serve::Server;
use relapse::live::source::Parcel;
use relapse::live::watch::Listener;
use relapse::live::{Alert, Board, Event, dashboard};
use relapse::report::shown::printable;
use relapse::scan::Scanner;
use std::io;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// So long receivers may take at the end.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Listening {
    printer: Printer,
    reading: crate::commands::grammars::Reading,
    deliverer: Option<Deliverer>,
    server: Option<Server>,
    dashboard: Option<JoinHandle<io::Result<()>>>,
}

/// Without its dashboard a watch would go on unseen: however that ends, so does the watch.
struct LastWord(Sender<Parcel>);

impl Drop for LastWord {
    fn drop(&mut self) {
        // The loop may have ended already.
        let _ = self.0.send(Parcel::Quit);
    }
}

impl Listening {
    pub fn start(
        arguments: &Arguments,
        printer: Printer,
        board: &Arc<Board>,
        parcels: &Sender<Parcel>,
    ) -> Result<Listening, Failure> {
        let receivers = arguments.receivers()?;
        let deliverer = (!receivers.is_empty()).then(|| Deliverer::start(receivers, Options::default()));
        let server = arguments
            .listen
            .map(|address| {
                Server::start(address, arguments.token.clone(), Arc::clone(board))
                    .map_err(|error| format!("--listen {address}: {error}"))
            })
            .transpose()?;
        if let Some(server) = &server
            && printer.shape != Shape::Nothing
        {
            eprintln!("relapse: http://{}/", server.address());
        }
        let dashboard = (printer.shape == Shape::Nothing).then(|| {
            let (board, parcels) = (Arc::clone(board), parcels.clone());
            std::thread::spawn(move || {
                let _last = LastWord(parcels);
                dashboard::run(&board)
            })
        });
        let reading = arguments.reading.clone();
        Ok(Listening { printer, reading, deliverer, server, dashboard })
    }

    /// Lets everybody finish. The board is to be closed before.
    pub fn end(self) -> Result<Printer, Failure> {
        let shown = self.dashboard.map(JoinHandle::join);
        if let Some(server) = self.server {
            server.stop();
        }
        if let Some(deliverer) = self.deliverer {
            for note in deliverer.finish(PATIENCE).notes {
                eprintln!("relapse: {}", printable(&note));
            }
        }
        match shown {
            Some(Ok(Err(error))) => Err(format!("the terminal: {error}; --format text needs none")),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            _ => Ok(self.printer),
        }
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
        if let Some(deliverer) = &self.deliverer {
            deliverer.tell(Arc::clone(alert));
        }
        self.printer.alert(alert)
    }

    fn note(&mut self, note: &Problem) -> io::Result<()> {
        self.printer.note(note)
    }

    fn diagnosis(&mut self, diagnosis: &Diagnosis) -> io::Result<()> {
        self.printer.diagnosis(diagnosis)
    }

    fn notes(&mut self) -> Vec<String> {
        self.deliverer.as_ref().map(Deliverer::take_notes).unwrap_or_default()
    }

    fn alerts_told(&self) -> (u64, u64) {
        self.deliverer.as_ref().map_or((0, 0), |deliverer| (deliverer.told(), deliverer.failed()))
    }

    fn reload(&mut self) -> Result<Arc<Scanner>, String> {
        Ok(Arc::new(ManuallyDrop::into_inner(self.reading.scanner_again()?)))
    }
}
