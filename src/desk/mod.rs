//! Owns the desk: a web page on which clinicians see rooms, answer their calls and adjust them. A room serves the desk
//! of [`single_room`] by itself; [`multi_room`] is the desk for every room on a broker. Both desks share `guard`, which
//! decides who gets in, and `page`, which holds what a browser receives. Does not own the rooms, the configuration
//! files, or what a patient sees.

mod guard;
pub mod multi_room;
mod page;
pub mod single_room;

pub use guard::{BoundDesk, DeskError, DeskPassword, ServerOptions, bind, bind_rules};
pub use page::PageOptions;
pub use page::place_pictures::PlaceStill;
pub use page::shared_words::SharedWords;
