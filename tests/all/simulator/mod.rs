//! A simulator of incidents: services with states, a manager that starts them again, and what both of them log.
//!
//! It is not the reader turned around. A *service* is a state machine in simulated time: it is spawned, checks its
//! world in a fixed order while it boots, becomes ready, works, and dies of a *condition* of that world (a key that
//! expired, a folder that is gone, a leak), until somebody mends the condition. Logs are by-products: what the program
//! and its manager print on the way, with noise, lost lines and clocks that disagree. The truth is kept beside: it is
//! read off the simulation, never off the logs, except that a cause of which every line was lost is no truth.
//!
//! One seed is one incident, the same bytes everywhere. `scenario` draws it, `judge` holds a diagnosis against it.

pub mod causes;
mod causes_java;
mod causes_native;
mod causes_node;
mod causes_python;
pub mod judge;
mod last_words;
mod managers;
mod noise;
mod programs;
// The corpora's generator has these two as well, in a tree of modules of its own.
#[allow(clippy::duplicate_mod)]
#[path = "../../../corpora/generate/rng.rs"]
mod rng;
pub mod scenario;
mod service;
mod special;
pub mod tally;
#[allow(clippy::duplicate_mod)]
#[path = "../../../corpora/generate/time.rs"]
mod time;
pub mod truth;
mod words;
mod world;
