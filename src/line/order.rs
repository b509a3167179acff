//! Owns the orders of a desk: each one, its limits, and the event it becomes. Does not own whether the room takes it.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::room::Event;
use crate::room::call::CallId;
use crate::room::names::{NameError, parse_person_name};
use crate::vocabulary::place::Place;

/// What a desk asks of a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum DeskOrder {
    /// A named person is coming.
    Coming {
        /// The call.
        call: Ulid,
        /// Who is coming.
        name: String,
    },
    /// Someone is in the room.
    Here {
        /// The call.
        call: Ulid,
    },
    /// Set the patient's volume.
    Volume {
        /// The level in dB below full scale, −90 to 0.
        db: f32,
    },
    /// Set the patient's place.
    Place {
        /// Its name.
        name: String,
    },
    /// Turn the breathing pacer on or off.
    Breath {
        /// On or off.
        on: bool,
    },
    /// Darken the patient's screen or light it again.
    Dark {
        /// On or off.
        on: bool,
    },
    /// Silence the patient's sound or let it return.
    Silence {
        /// On or off.
        on: bool,
    },
    /// Calm the room at once, or undo that.
    Calm {
        /// On or off.
        on: bool,
    },
    /// Set what is added to the arc's brightness.
    Brightness {
        /// −0.5 to 0.5.
        trim: f32,
    },
    /// Set what is added to the arc's intensity of the composed music.
    Intensity {
        /// −1 to 1.
        nudge: f32,
    },
    /// Choose a profile.
    Profile {
        /// Its name.
        name: String,
    },
    /// The session begins.
    Begin {
        /// The infusion's length in minutes; `None` for the profile's.
        infusion_minutes: Option<u32>,
        /// Whether to wait for the pump.
        settle: bool,
    },
    /// The pump was started.
    InfusionStarts,
    /// The session clock stops.
    Pause,
    /// The session clock continues.
    Resume,
    /// The infusion takes longer.
    Extend {
        /// Minutes to add.
        minutes: u32,
    },
    /// The session goes to its landing now.
    End {
        /// Minutes until it has landed; `None` for the default.
        landing_minutes: Option<u32>,
    },
    /// The session is over and the visit continues.
    AfterBegins,
}

impl DeskOrder {
    /// The event it becomes.
    ///
    /// # Errors
    /// What is wrong with it, in plain words that do not quote it.
    pub fn event(&self) -> Result<Event, &'static str> {
        match self {
            Self::Coming { call, name } => {
                let name = parse_person_name(name).map_err(NameError::reason)?;
                Ok(Event::CallComing { id: CallId(call.0), name })
            }
            Self::Here { call } => Ok(Event::CallHere { id: Some(CallId(call.0)) }),
            Self::Volume { db } if (-90.0..=0.0).contains(db) => Ok(Event::Volume { db: *db }),
            Self::Volume { .. } => Err("volume is from -90 to 0 dB"),
            Self::Place { name } => Place::from_name(name).map(Event::PlaceChosen).ok_or("there is no such place"),
            Self::Breath { on } => Ok(Event::Breath { on: *on }),
            Self::Dark { on } => Ok(Event::Dark { on: *on }),
            Self::Silence { on } => Ok(Event::Silence { on: *on }),
            Self::Calm { on } => Ok(Event::Calm { on: *on }),
            Self::Brightness { trim } if (-0.5..=0.5).contains(trim) => Ok(Event::Brightness { trim: *trim }),
            Self::Brightness { .. } => Err("brightness is from -0.5 to 0.5"),
            Self::Intensity { nudge } if (-1.0..=1.0).contains(nudge) => Ok(Event::Intensity { nudge: *nudge }),
            Self::Intensity { .. } => Err("intensity is from -1 to 1"),
            Self::Profile { name } => Ok(Event::ProfileChosen { name: name.clone() }),
            Self::Begin { infusion_minutes, settle } => {
                Ok(Event::SessionBegins { profile: None, infusion_minutes: *infusion_minutes, settle: *settle })
            }
            Self::InfusionStarts => Ok(Event::InfusionStarts),
            Self::Pause => Ok(Event::Pause),
            Self::Resume => Ok(Event::Resume),
            Self::Extend { minutes } => Ok(Event::Extend { minutes: *minutes }),
            Self::End { landing_minutes } => Ok(Event::End { landing_minutes: *landing_minutes }),
            Self::AfterBegins => Ok(Event::AfterBegins),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_becomes_its_event_or_says_its_limits() {
        let coming = |name: &str| DeskOrder::Coming { call: Ulid(3), name: name.into() }.event();
        assert_eq!(coming(" Maria "), Ok(Event::CallComing { id: CallId(3), name: "Maria".into() }));
        for wrong in ["", "  ", "a\nb", "\u{200b}", "\u{3164}", "Ana \u{202e}anA", "\u{2067}Ana", &"x".repeat(61)] {
            assert!(coming(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(DeskOrder::Here { call: Ulid(3) }.event(), Ok(Event::CallHere { id: Some(CallId(3)) }));
        assert_eq!(DeskOrder::Volume { db: -30.0 }.event(), Ok(Event::Volume { db: -30.0 }));
        assert!(DeskOrder::Volume { db: 1.0 }.event().is_err() && DeskOrder::Volume { db: f32::NAN }.event().is_err());
        assert!(DeskOrder::Brightness { trim: 0.6 }.event().is_err());
        assert!(DeskOrder::Intensity { nudge: -1.1 }.event().is_err());
        assert!(DeskOrder::Place { name: "moon".into() }.event().is_err());
        assert_eq!(DeskOrder::Place { name: "forest".into() }.event(), Ok(Event::PlaceChosen(Place::Forest)));
    }
}
