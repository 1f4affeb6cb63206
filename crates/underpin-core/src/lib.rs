//! The Underpin engine.
//!
//! Purpose: bring a live PostgreSQL database to the state that a folder of migrations
//! describes, with proof at every step. The library never talks to a terminal, never reads the
//! environment and never ends the process.
//!
//! Modules stand in layer order: a module uses only modules named above it
//! (`cargo xtask tidy` checks this). `engine` is the one place where modules meet.

pub mod error;
pub mod event;

pub mod explain;

pub mod config;

pub mod postgres;

pub mod journal;

pub mod coordinate;

pub mod migrations;

pub mod history;

pub mod catalog;

pub mod replay;

pub mod diagnose;

pub mod prove;

pub mod assess;

pub mod execute;

pub mod verify;

pub mod backup;

pub mod rehearse;

pub mod doctor;

pub mod engine;

pub use error::{Code, Error, Result};
