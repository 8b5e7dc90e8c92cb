//! The dashboard in a real terminal: tmux shows what it draws, and presses its keys.

use super::{GLANCE, crash_loop, part, until};
use crate::support::Place;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// A terminal of its own, gone with its server when this is.
struct Terminal {
    place: Place,
    tmux: PathBuf,
    /// What the watch reads, until it is closed.
    log: Option<File>,
}

impl Terminal {
    /// Runs a script in which `relapse` is the program and `log` a pipe. None without tmux.
    #[track_caller]
    fn start(script: &str) -> Option<Terminal> {
        let tmux = part("tmux")?;
        let place = Place::new();
        let fifo = place.path().join("log");
        let made = Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs");
        assert!(made.success());
        // It can be opened before somebody reads, and what is read never ends of itself.
        let log = OpenOptions::new().read(true).write(true).open(&fifo).expect("the pipe opens");
        place.file("watch.sh", script.replace("relapse", &format!("'{}'", env!("CARGO_BIN_EXE_relapse"))));
        let terminal = Terminal { place, tmux, log: Some(log) };
        terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", "200", "-y", "40", "sh watch.sh"]);
        Some(terminal)
    }

    /// What tmux says to a command.
    #[track_caller]
    fn tmux(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.tmux);
        command.arg("-S").arg(self.place.path().join("tmux")).arg("-u").args(arguments);
        command.current_dir(self.place.path()).env_remove("TMUX").env_remove("NO_COLOR").env("TERM", "xterm-256color");
        let output = command.stdin(Stdio::null()).output().expect("tmux runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a screen is UTF-8")
    }

    /// The rows of the screen.
    #[track_caller]
    fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-t", "t"])
    }

    /// Waits until the screen is so, and gives it.
    #[track_caller]
    fn wait(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(began.elapsed() < super::DEADLINE, "{what} is not on the screen:\n{screen}");
            std::thread::sleep(GLANCE);
        }
    }

    #[track_caller]
    fn shows(&self, words: &str) -> String {
        self.wait(words, |screen| screen.contains(words))
    }

    #[track_caller]
    fn press(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys", "-t", "t"], keys].concat());
    }

    #[track_caller]
    fn write(&mut self, text: &str) {
        self.log.as_mut().expect("it is not closed").write_all(text.as_bytes()).expect("the pipe is open");
    }

    /// What tmux knows of the terminal.
    #[track_caller]
    fn told(&self, what: &str) -> String {
        self.tmux(&["display-message", "-p", "-t", "t", &format!("#{{{what}}}")]).trim().to_string()
    }

    /// Waits until the dashboard has given the terminal back, and gives all that it shows then.
    #[track_caller]
    fn left(&mut self) -> String {
        until("the normal screen", || (self.told("alternate_on") == "0").then_some(()));
        // The `cat` before it in the pipeline waits for this.
        self.log = None;
        self.shows("status 0");
        self.tmux(&["capture-pane", "-p", "-S", "-", "-t", "t"])
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let kill =
            |what: &str| Command::new(&self.tmux).arg("-S").arg(self.place.path().join("tmux")).arg(what).output();
        let _ = kill("kill-server");
    }
}

/// The log comes from a pipe, so keys must come from the terminal.
const PIPELINE: &str = "cat log | relapse watch --tz UTC; echo \"status $?\"; exec sleep 600\n";

/// The part of the screen that shows events.
fn events(screen: &str) -> &str {
    screen.find("Events").map_or("", |at| &screen[at..])
}

#[test]
fn keys_and_screen() {
    let Some(mut terminal) = Terminal::start(PIPELINE) else { return };
    terminal.shows("no service seen yet");
    assert_eq!(terminal.told("alternate_on"), "1");
    terminal.write(&crash_loop(5));
    let screen = terminal.shows("CRASH-LOOP");
    assert!(screen.contains("payments") && screen.contains("1 of 1 service not healthy"), "{screen}");
    terminal.shows("A module or file that Node needs");

    terminal.press(&["?"]);
    terminal.shows("next or previous panel");
    terminal.press(&["Escape"]);
    terminal.wait("no help", |screen| !screen.contains("next or previous panel"));
    terminal.press(&["?"]);
    terminal.shows("next or previous panel");
    terminal.press(&["?"]);
    terminal.wait("no help", |screen| !screen.contains("next or previous panel"));

    terminal.wait("a start among the events", |screen| events(screen).contains("spawned"));
    terminal.press(&["/"]);
    terminal.shows("filter:");
    terminal.press(&["-l", "cannot find"]);
    terminal.wait("only what fits the filter", |screen| {
        let events = events(screen);
        events.contains("Cannot find module") && !events.contains("spawned") && screen.contains("filter: cannot find")
    });
    terminal.press(&["Escape"]);
    terminal.wait("all events", |screen| events(screen).contains("spawned") && !screen.contains("filter:"));

    terminal.press(&["p"]);
    terminal.shows("PAUSED");
    terminal.write(&crash_loop(1).replace("policy.js", "second.js"));
    // A start, a fault, an exit and the fault that the exit is.
    let screen = terminal.shows("PAUSED, 4 events since");
    assert!(!screen.contains("second.js"), "{screen}");
    terminal.press(&["p"]);
    let screen = terminal.shows("second.js");
    assert!(!screen.contains("PAUSED"), "{screen}");

    terminal.tmux(&["resize-window", "-t", "t", "-x", "70", "-y", "20"]);
    terminal.wait("a screen of the new size", |screen| {
        screen.contains("CRASH-LOOP") && screen.contains("quit") && screen.lines().count() <= 20
    });
    terminal.tmux(&["resize-window", "-t", "t", "-x", "20", "-y", "4"]);
    terminal.shows("relapse");
    terminal.tmux(&["resize-window", "-t", "t", "-x", "140", "-y", "70"]);
    terminal.wait("a screen of the new size", |screen| {
        let rows: Vec<&str> = screen.trim_end().lines().collect();
        screen.contains("CRASH-LOOP") && rows.len() == 70 && rows.last().is_some_and(|row| row.contains("q quit"))
    });

    terminal.press(&["q"]);
    let report = terminal.left();
    for words in ["CRASH-LOOP  payments", "Install the dependencies, and check the path.", "5 restarts"] {
        assert!(report.contains(words), "no {words:?} in {report}");
    }
}

#[test]
fn hostile_lines_do_not_reach_the_terminal() {
    let Some(mut terminal) = Terminal::start(PIPELINE) else { return };
    terminal.shows("no service seen yet");
    terminal.tmux(&["pipe-pane", "-t", "t", "cat > raw"]);
    // The terminal's title, its colours, its screen, its clipboard, and the order of its characters.
    let hostile = "\x1b]0;PWNED\x07\x1b[2J\x1b[31mRED\x1b]52;c;UFdORUQ=\x07\x1bcEND\u{202e}gnorw\u{9b}31m\x08\x08";
    terminal.write(&crash_loop(4).replace("./policy.js", &format!("./policy{hostile}.js")));
    terminal.shows("CRASH-LOOP");
    terminal.press(&["/"]);
    terminal.press(&["-l", "gnorw"]);
    terminal.press(&["Enter"]);
    terminal.wait("the line as text", |screen| events(screen).contains(r"\u{202e}gnorw\u{9b}"));
    // All of it, where it is shown in full.
    terminal.press(&["Enter"]);
    terminal.shows("(Esc closes)");
    terminal.press(&["C-c"]);
    let report = terminal.left();
    assert!(report.contains(r"\u{202e}gnorw\u{9b}31m"), "{report}");
    assert_ne!(terminal.told("pane_title"), "PWNED");
    let raw = until("what was written to the terminal", || {
        let raw = std::fs::read(terminal.place.path().join("raw")).ok()?;
        String::from_utf8_lossy(&raw).contains("status 0").then_some(raw)
    });
    let raw = String::from_utf8(raw).expect("what is written is UTF-8");
    for hostile in ["\x1b]0;PWNED", "\x1b[31mRED", "\x1b]52;", "\x1bc", "\u{202e}", "\u{9b}", "\x08"] {
        assert!(!raw.contains(hostile), "{hostile:?} was written");
    }
}

/// The process of a pane that became what it ran.
#[track_caller]
fn pane(terminal: &Terminal) -> PathBuf {
    Path::new("/proc").join(terminal.told("pane_pid"))
}

#[track_caller]
fn ends(process: &Path) {
    until("the end of a process", || {
        let state = std::fs::read_to_string(process.join("stat")).ok();
        // One that nobody has asked for its status yet has ended as well.
        state.is_none_or(|state| state.contains(") Z ")).then_some(())
    });
}

#[test]
fn a_command_that_is_watched_ends_with_the_dashboard() {
    let script = "echo $$ > pid; while read line; do echo \"$line\"; done < log; exec sleep 599";
    let script = format!("exec relapse watch --tz UTC --exec '{script}'\n");
    let Some(mut terminal) = Terminal::start(&script) else { return };
    terminal.write(&crash_loop(4));
    terminal.shows("CRASH-LOOP");
    let pid = std::fs::read_to_string(terminal.place.path().join("pid")).expect("the command told it");
    let (watch, command) = (pane(&terminal), Path::new("/proc").join(pid.trim()));
    assert!(watch.exists() && command.exists());
    terminal.tmux(&["set-option", "-g", "remain-on-exit", "on"]);
    terminal.press(&["q"]);
    ends(&watch);
    ends(&command);
}

#[test]
fn a_terminal_that_goes_away_ends_the_watch() {
    let Some(mut terminal) = Terminal::start("exec relapse watch --tz UTC < log\n") else { return };
    terminal.write(&crash_loop(4));
    terminal.shows("CRASH-LOOP");
    let watch = pane(&terminal);
    assert!(watch.exists());
    terminal.tmux(&["kill-server"]);
    ends(&watch);
}
