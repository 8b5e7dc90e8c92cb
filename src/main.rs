//! Arguments in, exit status out.

mod commands;

fn main() -> std::process::ExitCode {
    commands::run()
}
