//! Compiles the grammars into the binary.
//!
//! Parsing and ordering all formats, and choosing what lines are looked for by, takes a tenth of a second: too long for
//! each start. So it is done here, by the very modules that do it for a user's own grammars, and what comes out is kept as
//! bytes for `built_in`. A mistake in a grammar does not stop the build: the tests and `relapse formats check` tell of it.

#![allow(dead_code, unused_imports)]

#[path = "../src/finder/mod.rs"]
mod finder;
#[path = "../src/grammar/mod.rs"]
mod grammar;
#[path = "../src/signature/mod.rs"]
mod signature;

use grammar::embedded::{File, folder};
use grammar::{Catalog, Compiled, Source};
use signature::{Matcher, Pack};
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=grammars/formats");
    println!("cargo:rerun-if-changed=grammars/signatures");
    let (formats, signatures) = (folder(Path::new("grammars/formats"))?, folder(Path::new("grammars/signatures"))?);
    let (compiled, _) = Compiled::of(&sources(&formats));
    let (pack, _) = Pack::load(&sources(&signatures));
    let kept = postcard::to_stdvec(&compiled)?;
    let catalog = Catalog::from(compiled);
    let matcher = Matcher::new(&pack, &catalog, &pack.sample());
    let out = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&out).join("formats.bin"), kept)?;
    std::fs::write(Path::new(&out).join("signatures.bin"), postcard::to_stdvec(&(pack, matcher))?)?;
    Ok(())
}

fn sources(files: &[File]) -> Vec<Source<'_>> {
    files.iter().map(|(path, text)| Source { path, text }).collect()
}
