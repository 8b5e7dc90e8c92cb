//! `relapse watch [PATH…]`

mod arguments;
mod listener;
mod printer;

use crate::commands::output::{self, style};
use crate::commands::{Failure, Outcome};
pub use arguments::Arguments;
use arguments::Format;
use crossbeam_channel::bounded;
use listener::Listening;
use printer::{Printer, Shape};
use relapse::diagnosis::{Diagnosis, Question, Verdict};
use relapse::evidence::Problem;
use relapse::input::follow::{Follower, Watched};
use relapse::live::Board;
use relapse::live::checkpoint::{Checkpoint, Found, State};
use relapse::live::source::{Parcel, QUEUE, Readers, Source};
use relapse::live::status::Alarms;
use relapse::live::streams::{Reading, Streams, WINDOW};
use relapse::live::watch::{End, Watch};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::mem::ManuallyDrop;
use std::sync::Arc;

pub fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    // First of all: a question that comes before there is an answer waits, and does not kill.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGUSR1]).map_err(|error| error.to_string())?;
    let scanner = Arc::new(ManuallyDrop::into_inner(arguments.reading.scanner()?));
    let (files, pipes) = arguments.inputs()?;
    let shape = match arguments.format {
        Some(Format::Text) => Shape::Text,
        Some(Format::Ndjson) => Shape::Ndjson,
        Some(Format::Dashboard) => Shape::Nothing,
        None if io::stdout().is_terminal() => Shape::Nothing,
        None => Shape::Text,
    };
    let board = Arc::new(Board::default());
    let (parcels_in, parcels) = bounded(QUEUE);
    let selection = arguments.selecting.selection()?;
    let watched = Watched::new(&files, selection.clone()).map_err(|error| format!("a pattern of paths: {error}"))?;
    let reading = Reading {
        zone: arguments.reading.zone()?,
        selection,
        line_timeout: arguments.line_timeout,
        history: arguments.history,
        window: WINDOW,
    };
    let mut streams = Streams::new(Arc::clone(&scanner), reading, Follower::new(watched), arguments.state.clone());
    let mut alarms = Alarms::new(i64::try_from(arguments.quiet_time.as_nanos()).unwrap_or(i64::MAX));
    let mut notes = Vec::new();
    let state = open_state(&arguments, &mut streams, &mut alarms, &mut notes)?;
    for (pipe, source) in pipes.iter().enumerate() {
        streams.open_pipe(pipe, &source.path());
    }

    let to_loop = parcels_in.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if to_loop.send(Parcel::Signal(signal)).is_err() {
                return;
            }
        }
    });
    let readers = Readers::default();
    let printer = Printer { shape, style: style() };
    let mut listener = Listening::start(&arguments, printer, &board, &parcels_in)?;
    for note in notes {
        relapse::live::watch::Listener::note(&mut listener, &note).map_err(|error| error.to_string())?;
    }
    for (pipe, source) in pipes.iter().enumerate() {
        readers.start(pipe, source.clone(), parcels_in.clone()).map_err(|error| error.to_string())?;
    }
    drop(parcels_in);
    let question = Question { services: arguments.service.clone(), ..Question::default() };
    let watch = Watch {
        streams,
        parcels,
        board: Arc::clone(&board),
        listener: &mut listener,
        question,
        alarms,
        state,
        checkpoint_every: arguments.checkpoint_every,
        exit_on: arguments.exit_on(),
        open_pipes: (0..pipes.len()).collect(),
        has_files: !files.is_empty(),
        stays: shape == Shape::Nothing,
    };
    let (end, diagnosis, alarms) = watch.run().map_err(|error| error.to_string())?;
    readers.stop();
    board.close();
    let printer = listener.end()?;
    if end == End::Unheard {
        return Ok(Outcome::Done);
    }
    match printer.diagnosis(&diagnosis) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(format!("standard output: {error}")),
        _ => {}
    }
    Ok(outcome(&arguments, &diagnosis, alarms.is_any_firing()))
}

fn outcome(arguments: &Arguments, diagnosis: &Diagnosis, firing: bool) -> Outcome {
    let met = |limit: output::FailOn| diagnosis.verdict >= Verdict::from(limit);
    if diagnosis.inputs.is_empty() {
        return Outcome::Failed;
    }
    if arguments.exit_on().is_some() && firing || arguments.fail_on.is_some_and(met) {
        return Outcome::Verdict;
    }
    if diagnosis.complete { Outcome::Done } else { Outcome::Partial }
}

/// Opens the folder of state, and goes on from what it holds.
fn open_state(
    arguments: &Arguments,
    streams: &mut Streams,
    alarms: &mut Alarms,
    notes: &mut Vec<Problem>,
) -> Result<Option<State>, Failure> {
    let Some(folder) = &arguments.state else { return Ok(None) };
    let shown = crate::commands::shown(folder);
    let (state, found) = State::open(folder).map_err(|error| format!("--state {shown}: {error}"))?;
    let note = |what: String, help: &str, fault: bool| Problem {
        path: shown.clone(),
        line: None,
        what,
        help: help.into(),
        fault,
    };
    match found {
        Found::Nothing => {}
        Found::Damaged(why, aside) => {
            let aside = crate::commands::shown(&aside);
            let what = format!("the checkpoint is damaged ({why}), and was put aside as {aside}");
            notes.push(note(what, "files are read again from their beginning", true));
        }
        Found::Checkpoint(checkpoint) => {
            let Checkpoint { knowledge, streams: saved, alarms: before, spools } = *checkpoint;
            alarms.resume(before);
            let anew = knowledge != streams.knowledge();
            if anew {
                notes.push(note("formats or signatures have changed; files are read again".into(), "", false));
            }
            let pipes: BTreeSet<usize> = saved.pipes.iter().map(|(pipe, _)| *pipe).collect();
            streams.resume(saved, anew, notes);
            for pipe in pipes {
                let bytes = spools.get(&pipe).map(|&serial| state.spooled(pipe, serial)).unwrap_or_default();
                streams.push_again(pipe, &bytes);
            }
        }
    }
    Ok(Some(state))
}

/// What standard input can be.
fn stdin_source() -> Option<Source> {
    (!io::stdin().is_terminal()).then_some(Source::Stdin)
}
