//! Stillroom, a kiosk program for a ketamine infusion room. It offers music, breath pacing, safe places and notes, and
//! it carries the patient's calls to staff. A call must never be lost. ARCHITECTURE.md describes its parts.

pub mod app;
pub mod cli;
pub mod config;
pub mod desk;
pub mod driver;
pub mod dry_run;
pub mod findings;
pub mod headless;
pub mod library;
pub mod line;
pub mod paths;
pub mod profile;
pub mod room;
pub mod screen;
pub mod secret;
pub mod setup;
pub mod sound;
pub mod stdio;
pub mod takeaway;
pub mod theme;
pub mod vault;
pub mod vocabulary;
pub mod widget;
pub mod wiring;
pub mod words;
