//! Owns the orders that a desk can send to a room: their fields, their limits, and the events that they become. Does
//! not own the rules by which a room accepts or refuses them.

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::room::Event;
use crate::room::call::CallId;
use crate::room::names::{NameError, parse_responder};
use crate::vocabulary::place::Place;

/// A request from a desk to a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum DeskOrder {
    /// Acknowledges a call in the name of a person who is on the way.
    Coming {
        /// The id of the acknowledged call.
        call: Ulid,
        /// The person's name as the patient will read it.
        name: String,
    },
    /// Reports that someone has reached the patient.
    Here {
        /// The id of the patient's call.
        call: Ulid,
    },
    /// Sets the patient's volume.
    Volume {
        /// The volume in dB relative to full scale, −90 to 0.
        db: f32,
    },
    /// Sets the place that the patient sees.
    Place {
        /// One of the names that [`Place::from_name`] knows.
        name: String,
    },
    /// Turns the breathing pacer on or off.
    Breath {
        /// Whether the pacer is to run.
        on: bool,
    },
    /// Darkens the patient's screen, or lights it again.
    Dark {
        /// Whether the screen is to be dark.
        on: bool,
    },
    /// Silences the patient's sound, or lets it return.
    Silence {
        /// Whether the sound is to be off.
        on: bool,
    },
    /// Calms the room at once, or undoes that. In a calm room the music pauses, and the anchor is on.
    Calm {
        /// Whether the room is to be calm.
        on: bool,
    },
    /// Sets the offset that is added to the arc's brightness.
    Brightness {
        /// The offset, −0.5 to 0.5. With 0, the arc's brightness is unchanged.
        trim: f32,
    },
    /// Sets the offset that is added to the arc's music intensity. The offset affects composed music only.
    Intensity {
        /// The offset, −1 to 1. With 0, the arc's music intensity is unchanged.
        nudge: f32,
    },
    /// Chooses the profile for the next session.
    Profile {
        /// The stem of the profile's file name.
        name: String,
    },
    /// Begins the session.
    Begin {
        /// The infusion's length in minutes; `None` for the profile's default.
        infusion_minutes: Option<u32>,
        /// Whether the session clock waits for [`DeskOrder::InfusionStarts`].
        settle: bool,
    },
    /// Reports that the infusion has started.
    InfusionStarts,
    /// Stops the session clock.
    Pause,
    /// Lets the session clock continue after [`DeskOrder::Pause`].
    Resume,
    /// Lengthens the infusion.
    Extend {
        /// The number of minutes to add.
        minutes: u32,
    },
    /// Starts the session's landing now.
    End {
        /// Minutes until the landing is over; `None` for the default.
        landing_minutes: Option<u32>,
    },
    /// Ends the session. The visit continues.
    AfterBegins,
}

impl DeskOrder {
    /// Returns the event that the order becomes in the room.
    ///
    /// # Errors
    /// The reason in plain words, if a value is not allowed. It does not quote the value.
    pub fn event(&self) -> Result<Event, &'static str> {
        match self {
            Self::Coming { call, name } => {
                let name = parse_responder(name).map_err(NameError::reason)?.unwrap_or_default();
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
        assert_eq!(coming("  "), Ok(Event::CallComing { id: CallId(3), name: String::new() }));
        for wrong in ["a\nb", "\u{200b}", "\u{3164}", "Ana \u{202e}anA", "\u{2067}Ana", &"x".repeat(61)] {
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
