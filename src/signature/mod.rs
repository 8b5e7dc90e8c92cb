//! Known failures: what they look like, what they mean, what to do.
//!
//! In: messages. Out: which signatures and lifecycle marks hold. Knows nothing of files, times or runs.

pub mod fold;
mod lazy_regex;
pub mod matcher;
pub mod pack;
pub mod wording;

pub use matcher::{FAILURE_WORDS, GLYPHS, Matcher, Matches};
pub use pack::{Pack, Phase, Role, Signal, Signature};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finder::Grams;
    use crate::grammar::{Catalog, Clock, Reader, SECOND, Source, Time, embedded};

    fn load() -> (Pack, Vec<(String, String)>) {
        let files = embedded::signatures();
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source { path, text }).collect();
        let (pack, complaints) = Pack::load(&sources);
        let shown: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        assert!(complaints.is_empty(), "{}", shown.join("\n\n"));
        (pack, files)
    }

    #[test]
    fn every_signature_passes_its_own_examples() {
        let (known, files) = load();
        let wrong: Vec<String> = files
            .iter()
            .flat_map(|(path, text)| pack::check(Source { path, text }, &known))
            .map(|complaint| complaint.to_string())
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }

    /// A signature meets what a format leaves of a line: level, logger and pid may be gone.
    #[test]
    fn every_example_is_known_once_a_format_has_read_it() {
        let (pack, _) = load();
        let files = embedded::formats();
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source { path, text }).collect();
        let (catalog, _) = Catalog::load(&sources);
        let reader = Reader::of(&catalog);
        let clock = Clock::utc(Time::new(1_798_675_200 * SECOND, 0));
        let mut lost = Vec::new();
        for signature in pack.signatures() {
            for example in &signature.examples {
                let reading = reader.read(example.as_bytes(), &clock);
                if !reading.message.split(|&byte| byte == b'\n').any(|part| signature.matches(part)) {
                    let formats: Vec<&str> = reading.formats.iter().map(|&id| &*catalog.format(id).name).collect();
                    let message = String::from_utf8_lossy(&reading.message).into_owned();
                    lost.push(format!("{}: {example}\n    by {formats:?}: {message}", signature.id));
                }
            }
        }
        assert!(lost.is_empty(), "{}", lost.join("\n"));
    }

    #[test]
    fn explaining_never_goes_in_a_circle() {
        let (pack, _) = load();
        fn reaches(pack: &Pack, from: &str, goal: &str, depth: usize) -> bool {
            depth < 12
                && pack.get(from).is_some_and(|signature| {
                    signature.explains.iter().any(|next| next == goal || reaches(pack, next, goal, depth + 1))
                })
        }
        for signature in pack.signatures() {
            assert!(!reaches(&pack, &signature.id, &signature.id, 0), "{} explains itself", signature.id);
        }
    }

    #[test]
    fn the_matcher_finds_what_the_plain_test_finds() {
        let (pack, _) = load();
        let catalog = Catalog::default();
        let matcher = Matcher::new(&pack, &catalog, &Grams::default());
        let mut matches = Matches::default();
        for signature in pack.signatures() {
            for text in signature.examples.iter().chain(&signature.near_misses) {
                matcher.collect(&pack, text.as_bytes(), &mut matches);
                let plain: Vec<usize> =
                    (0..pack.signatures().len()).filter(|&at| pack.signatures()[at].matches(text.as_bytes())).collect();
                assert_eq!(matches.signatures, plain, "{text}");
                if !plain.is_empty() {
                    assert!(matcher.proposes(text.as_bytes()), "the finder passes over {text}");
                }
            }
        }
    }
}
