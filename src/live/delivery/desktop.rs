//! A notification on the desktop where relapse runs.

use crate::live::Alert;
use crate::live::alert::Turn;
use crate::live::delivery::Receiver;
use crate::live::delivery::exec;
use crate::live::delivery::shapes::{headline, plain};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The longest text that is shown.
const MAX_TEXT: usize = 400;

/// The desktop, if there is one and the program that shows notifications on it.
pub fn desktop() -> Option<Receiver> {
    let found = if cfg!(target_os = "macos") {
        program("osascript")
    } else {
        let session = ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"];
        let any = session.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        if any { program("notify-send") } else { None }
    };
    found.map(|_| Receiver::Desktop)
}

fn program(name: &str) -> Option<PathBuf> {
    on_path(name, &std::env::var_os("PATH")?)
}

fn on_path(name: &str, path: &std::ffi::OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|dir| dir.join(name)).find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

pub(super) fn show(alert: &Alert, timeout: Duration, must_end: impl Fn() -> Option<Instant>) -> Result<(), String> {
    let command = if cfg!(target_os = "macos") { osascript(alert) } else { notify_send(alert) };
    exec::run(command, Vec::new(), timeout, must_end)
}

fn title(alert: &Alert) -> String {
    format!("relapse: {}", headline(alert))
}

fn text(alert: &Alert) -> String {
    let mut text = plain(&alert.summary, MAX_TEXT);
    if let (Turn::Firing, Some(cause)) = (alert.status, alert.causes.first()) {
        text.push('\n');
        text.push_str(&plain(&cause.title, MAX_TEXT / 2));
    }
    text
}

fn notify_send(alert: &Alert) -> Command {
    let mut command = Command::new("notify-send");
    let urgency = match alert.status {
        Turn::Firing => "--urgency=critical",
        Turn::Resolved => "--urgency=normal",
    };
    // After `--` nothing is an option, whatever it looks like.
    command.args(["--app-name=relapse", urgency, "--"]).arg(title(alert)).arg(body(&text(alert)));
    command
}

/// The body is Pango markup, and notify-send resolves backslash escapes in it.
fn body(text: &str) -> String {
    text.replace('\\', "\\\\").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn osascript(alert: &Alert) -> Command {
    let mut command = Command::new("osascript");
    let script = ["on run argv", "display notification (item 2 of argv) with title (item 1 of argv)", "end run"];
    for line in script {
        command.arg("-e").arg(line);
    }
    // The texts are arguments, never a part of the script. The title comes first: it begins with no dash.
    command.arg(title(alert)).arg(text(alert));
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::delivery::tests::{alert, hostile};

    fn arguments(command: &Command) -> Vec<String> {
        command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn notify_send_gets_text_and_no_options_or_markup() {
        let mut alert = hostile();
        alert.summary = "--exit <b>\\x1b & more\0".into();
        insta::assert_debug_snapshot!(arguments(&notify_send(&alert)), @r#"
        [
            "--app-name=relapse",
            "--urgency=critical",
            "--",
            "relapse: pay<!channel>`ments\\u{202e} is failing (crash-loop)",
            "--exit &lt;b&gt;\\\\x1b &amp; more\\\\u{0}\nOut of `memory` &lt;@U123&gt;",
        ]
        "#);
    }

    #[test]
    fn osascript_gets_text_as_arguments() {
        let mut alert = (*alert("a", Turn::Resolved)).clone();
        alert.summary = "\" & (do shell script \"id\") & \"".into();
        insta::assert_debug_snapshot!(arguments(&osascript(&alert)), @r#"
        [
            "-e",
            "on run argv",
            "-e",
            "display notification (item 2 of argv) with title (item 1 of argv)",
            "-e",
            "end run",
            "relapse: service-a is well again",
            "\" & (do shell script \"id\") & \"",
        ]
        "#);
    }

    #[cfg(unix)]
    #[test]
    fn a_program_is_found_only_where_it_can_be_run() {
        let path = std::ffi::OsStr::new("/nowhere:/bin:/usr/bin");
        assert!(on_path("sh", path).is_some());
        assert_eq!(on_path("no-such-program", path), None);
    }
}
