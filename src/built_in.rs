//! The formats and signatures of the binary, as the build compiled them (`grammars/build.rs`).
//!
//! What cannot be read back, which no build should leave, is compiled anew from the files that the binary carries, too.

use crate::grammar::{Catalog, Compiled, Source, embedded};
use crate::signature::{Matcher, Pack};

static FORMATS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/formats.bin"));
static SIGNATURES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/signatures.bin"));

/// All formats.
pub fn catalog() -> Catalog {
    match postcard::from_bytes::<Compiled>(FORMATS) {
        Ok(compiled) => compiled.into(),
        Err(_) => Catalog::load(&sources(&embedded::formats())).0,
    }
}

/// All signatures, and what looks for them and for the marks of all formats.
pub fn signatures() -> (Pack, Matcher) {
    postcard::from_bytes(SIGNATURES).unwrap_or_else(|_| {
        let (pack, _) = Pack::load(&sources(&embedded::signatures()));
        let matcher = Matcher::new(&pack, &catalog(), &pack.sample());
        (pack, matcher)
    })
}

fn sources(files: &[embedded::File]) -> Vec<Source<'_>> {
    files.iter().map(|(path, text)| Source { path, text }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_build_kept_can_be_read_back() {
        let compiled: Compiled = postcard::from_bytes(FORMATS).expect("the formats");
        let (pack, _): (Pack, Matcher) = postcard::from_bytes(SIGNATURES).expect("the signatures");
        let (anew, _) = Catalog::load(&sources(&embedded::formats()));
        let names = |catalog: &Catalog| catalog.formats().iter().map(|format| format.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&compiled.into()), names(&anew), "the order of formats");
        let (known, _) = Pack::load(&sources(&embedded::signatures()));
        let ids = |pack: &Pack| pack.signatures().iter().map(|known| known.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&pack), ids(&known));
    }
}
