//! Owns the words that more than one floor needs: what they are, and by what names files, lines and pages know them.
//! Each stands here once. Does not own what is drawn, heard or done for them.

pub mod language;
