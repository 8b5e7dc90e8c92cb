//! Runs the real binary, and makes files for it to read.

use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// What a run of relapse left behind.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    fn of(output: Output) -> Ran {
        Ran {
            status: output.status.code().expect("relapse was not killed by a signal"),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }

    /// The one JSON object that was printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not one JSON object ({error}): {:?}, {}", self.stdout, self.stderr));
        assert!(value.is_object(), "not an object: {value}");
        value
    }
}

/// The repository's folder.
pub fn repository() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// relapse with arguments, to run in a folder, without a word from the user's environment.
pub fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relapse"));
    command.args(arguments).current_dir(folder).env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

/// Runs a command to its end.
#[track_caller]
pub fn run(command: &mut Command) -> Ran {
    Ran::of(command.output().expect("the command starts"))
}

/// Runs a command to its end and writes to its standard input.
#[track_caller]
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Ran {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("its standard input is a pipe");
    std::thread::scope(|scope| {
        // It may stop reading early; what matters is what it says.
        scope.spawn(move || stdin.write_all(input));
        Ran::of(child.wait_with_output().expect("the command ends"))
    })
}

/// Runs relapse in the repository's folder.
#[track_caller]
pub fn relapse(arguments: &[&str]) -> Ran {
    run(&mut command(&repository(), arguments))
}

/// The bytes of a file of the corpora.
#[track_caller]
pub fn corpus_file(path: &str) -> Vec<u8> {
    fs::read(repository().join("corpora").join(path)).expect("the corpora are committed")
}

/// A folder of its own for a test, gone when the test ends.
pub struct Place(TempDir);

impl Place {
    #[track_caller]
    pub fn new() -> Place {
        Place(TempDir::new().expect("a temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, with the folders that lead to it.
    #[track_caller]
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("a name below this folder")).expect("its folder");
        fs::write(&path, content).expect("the file is written");
        path
    }

    /// Runs relapse in this folder.
    #[track_caller]
    pub fn relapse(&self, arguments: &[&str]) -> Ran {
        run(&mut command(self.path(), arguments))
    }
}

/// The diagnosis of some logs, as JSON; all of them can be read.
#[track_caller]
pub fn analyze(files: &[(&str, &str)]) -> Value {
    let place = Place::new();
    let mut arguments = vec!["analyze", "--format", "json", "--tz", "UTC"];
    for (name, text) in files {
        place.file(name, text);
        arguments.push(name);
    }
    let ran = place.relapse(&arguments);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{ran:?}");
    ran.json()
}
