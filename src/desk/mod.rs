//! The desk: a web page on which clinicians see rooms, answer their calls and adjust them. [`single_room`] is the desk that
//! a room serves by itself, [`multi_room`] the one for every room on a broker. Both share `guard` (who gets in) and
//! `page` (what a browser gets). Does not own the rooms, the configuration files, or what a patient sees.

mod guard;
pub mod multi_room;
mod page;
pub mod single_room;

pub use guard::{BoundDesk, DeskError, DeskPassword, ServerOptions, bind, bind_rules};
pub use page::PageOptions;
pub use page::place_pictures::PlaceStill;
pub use page::shared_words::SharedWords;
