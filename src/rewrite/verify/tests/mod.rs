//! What verifies, what must not, and what a few hundred small changes make of what does.

mod accepted;
mod fixture;
mod forged;
mod known;
mod mutations;
mod own_rules;
mod relations;
mod statements;
mod unguarded;
