//! Owns the ways in which a note goes home with the person who wrote it. Does not own the note.

pub mod qr;
