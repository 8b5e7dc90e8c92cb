//! `relapse signatures [ID]`, `relapse signatures check FILE`

use super::grammars;
use super::output::print;
use super::{Failure, Outcome};
use clap::Subcommand;
use relapse::report::shown::printable;
use relapse::signature::{Signature, pack};
use std::fmt::Write;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// Explain this one
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// A folder with further signatures/*.toml
    #[arg(long, value_name = "DIR")]
    grammars: Option<PathBuf>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Run a signature file's own examples
    Check {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let (_, known) = grammars::load(arguments.grammars.as_ref())?;
    if let Some(Action::Check { file }) = arguments.action {
        return grammars::check(&file, |source| Ok(pack::check(source, &known)));
    }
    let mut page = String::new();
    match arguments.id {
        Some(id) => match known.get(&id) {
            Some(signature) => explain(signature, &mut page),
            None => {
                let scored = known.signatures().iter().map(|known| (strsim::jaro_winkler(&known.id, &id), &known.id));
                let close = scored.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(score, _)| *score > 0.75);
                let hint = close.map_or_else(String::new, |(_, id)| format!("; did you mean {id}?"));
                return Err(format!("no signature {}{hint}; `relapse signatures` lists them", printable(&id)));
            }
        },
        None => {
            let mut signatures: Vec<&Signature> = known.signatures().iter().collect();
            signatures.sort_by(|a, b| (&a.family, &a.id).cmp(&(&b.family, &b.id)));
            for signature in signatures {
                let role = format!("{:?}", signature.role).to_lowercase();
                let _ = writeln!(page, "{:<12} {:<32} {role:<10} {}", signature.family, signature.id, signature.title);
            }
        }
    }
    print(&page)
}

fn explain(signature: &Signature, page: &mut String) {
    let lower = |text: String| text.to_lowercase();
    let _ = writeln!(page, "{}  ({})\n  {}", signature.id, signature.family, signature.title);
    let _ = writeln!(page, "\nmeaning   {}\nfix       {}", signature.meaning, signature.fix);
    let role = lower(format!("{:?}", signature.role));
    let phase = lower(format!("{:?}", signature.phase));
    let _ = writeln!(page, "role      {role}, phase {phase}, severity {} of 5", signature.severity);
    if !signature.explains.is_empty() {
        let _ = writeln!(page, "explains  {}", signature.explains.join(", "));
    }
    for (at, list) in signature.literals.iter().enumerate() {
        let texts: Vec<String> = list.iter().map(|text| format!("{:?}", String::from_utf8_lossy(text))).collect();
        let _ = writeln!(page, "{} {}", if at == 0 { "literals " } else { "       or" }, texts.join(" and "));
    }
    if let Some(regex) = &signature.regex {
        let _ = writeln!(page, "regex     {}", regex.as_str());
    }
    let _ = writeln!(page, "source    {}\n\nmatches", signature.source);
    signature.examples.iter().for_each(|text| {
        let _ = writeln!(page, "  {text}");
    });
    let _ = writeln!(page, "does not match");
    signature.near_misses.iter().for_each(|text| {
        let _ = writeln!(page, "  {text}");
    });
}
