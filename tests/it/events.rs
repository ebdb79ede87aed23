//! The way of an event, from its account to row, evidence and alert: what the templates and functions do.

mod alerts;
mod bad_input;
mod captures;
mod contract;
mod faults;
mod fixtures;
mod gates;
mod heartbeats;
mod missing;
mod policies;
mod refusals;
mod settling;
mod watching;
