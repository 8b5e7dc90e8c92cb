//! relapse answers one question about a service: why does it keep falling over?
#![deny(unsafe_code)]

pub mod built_in;
pub mod comparison;
pub mod diagnosis;
pub mod evidence;
pub mod finder;
pub mod gather;
pub mod grammar;
pub mod input;
pub mod live;
pub mod report;
pub mod scan;
pub mod signature;
pub mod template;
