//! What the README shows can be typed: each of its commands is one that relapse understands.

use crate::support::{command, repository, run};
use std::fs;

/// Every relapse command in the README's `sh` blocks is one that relapse understands.
#[test]
fn the_commands_of_the_readme_parse() {
    let Ok(readme) = fs::read_to_string(repository().join("README.md")) else {
        // It comes with the first release; the test bites from then on.
        assert!(!repository().join("CHANGELOG.md").exists(), "a release without a README");
        return;
    };
    let commands: Vec<Vec<String>> = fenced(&readme).flat_map(parts).filter_map(arguments).collect();
    assert!(!commands.is_empty(), "the README shows no command");
    for arguments in commands {
        let words: Vec<&str> = arguments.iter().map(String::as_str).chain(["--help"]).collect();
        let ran = run(&mut command(&repository(), &words));
        assert_eq!(ran.status, 0, "relapse {}\n{}", arguments.join(" "), ran.stderr);
    }
}

/// The lines of the fenced blocks of shell commands, those that end in `\` joined.
fn fenced(text: &str) -> impl Iterator<Item = String> {
    let mut inside = false;
    let mut lines: Vec<String> = vec![String::new()];
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside && line.trim() == "```sh";
        } else if inside {
            let (line, goes_on) = line.strip_suffix('\\').map_or((line, false), |line| (line, true));
            lines.last_mut().expect("there is one").push_str(line);
            if !goes_on {
                lines.push(String::new());
            }
        }
    }
    lines.into_iter()
}

/// The commands of a line as lists of words. A substitution such as `<(…)` or `$(…)` is one word; redirections and
/// comments are left out.
fn parts(line: String) -> Vec<Vec<String>> {
    let mut parts = vec![vec![]];
    let mut word = String::new();
    let (mut quote, mut depth) = (None, 0);
    for c in line.chars().chain([' ']) {
        match c {
            _ if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            '(' if quote.is_none() => depth += 1,
            ')' if quote.is_none() => depth -= 1,
            '|' | ';' | '&' | ' ' if quote.is_none() && depth == 0 => {
                let list: &mut Vec<String> = parts.last_mut().expect("there is one");
                if !word.is_empty() {
                    list.push(std::mem::take(&mut word));
                }
                if c != ' ' {
                    parts.push(vec![]);
                }
            }
            c => word.push(c),
        }
    }
    parts.iter_mut().for_each(without_redirections);
    parts
}

fn without_redirections(words: &mut Vec<String>) {
    if let Some(comment) = words.iter().position(|word| word.starts_with('#')) {
        words.truncate(comment);
    }
    while let Some(at) = words.iter().position(|word| matches!(word.as_str(), ">" | ">>" | "2>" | "<")) {
        words.drain(at..words.len().min(at + 2));
    }
}

/// The arguments that a command gives to relapse; None for a command of another program.
fn arguments(words: Vec<String>) -> Option<Vec<String>> {
    let first = words.first()?;
    if first == "relapse" || first.ends_with("/relapse") {
        return Some(words[1..].to_vec());
    }
    let runs_it = first == "cargo" && words.get(1)? == "run" && !words.iter().any(|word| word == "--example");
    let at = words.iter().position(|word| word == "--")?;
    runs_it.then(|| words[at + 1..].to_vec())
}

#[test]
fn commands_are_found_in_shell_lines() {
    let text = "```sh\ncargo run --release -- analyze a\nx | relapse analyze - > out # why\n```\n```\nrelapse no\n```\n\
                ```sh\nrelapse analyze <(journalctl -o json) \\\n  'a b'; cargo test\n```";
    let found: Vec<Vec<String>> = fenced(text).flat_map(parts).filter_map(arguments).collect();
    assert_eq!(found, [vec!["analyze", "a"], vec!["analyze", "-"], vec!["analyze", "<journalctl -o json", "a b"]]);
}
