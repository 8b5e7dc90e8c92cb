//! What the benches of `relapse watch` share: a gateway that logs as it goes, the watch as a process, and how they meet.

#[path = "../../corpora/generate.rs"]
#[allow(dead_code)]
pub mod corpora;

pub mod gateway;
pub mod pace;
pub mod process;
pub mod watched;

/// What follows a name among the arguments, as a number.
pub fn number(name: &str) -> Option<u64> {
    let value = text(name)?;
    Some(value.replace('_', "").parse().unwrap_or_else(|_| panic!("{name}: '{value}' is no number")))
}

/// What follows a name among the arguments.
pub fn text(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.next()?;
    Some(arguments.next().unwrap_or_else(|| panic!("{name}: its value is missing")))
}
