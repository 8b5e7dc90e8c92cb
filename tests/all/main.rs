//! relapse from outside: the real binary over real files, and the laws that its parts promise.
//!
//! One binary, so that it links once. Each module holds one idea.

mod bad_input;
mod cases;
mod clocks;
mod corpora;
mod deaths;
mod diff;
mod endless;
mod eras;
mod escapes;
mod evidence_files;
mod explain;
mod fuzzed;
mod grammar_files;
mod growing;
mod large;
mod literals;
mod lives;
mod merge_law;
mod options;
mod own_words;
mod parts;
mod places;
mod readme;
mod reasons;
mod repeats;
mod reports;
mod rotation;
mod schema;
mod score;
mod sections;
mod services;
mod simulated;
mod support;
mod templates;
mod tidy;
mod watch;
mod watch_outside;
mod wrappings;
