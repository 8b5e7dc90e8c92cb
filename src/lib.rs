//! relapse answers one question about a service: why does it keep falling over?
pub mod grammar;
pub mod signature;
pub mod template;
