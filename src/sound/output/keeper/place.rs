//! Owns what is told and done about where the sound comes out: nothing where the room is not calibrated for it, little
//! where staff let it and nobody measured. Does not own the judgement (`calibration`).

use std::time::Instant;

use tracing::{info, warn};

use super::{Keeper, LEVELLED};
use crate::sound::News;
use crate::sound::output::calibration::Place;
use crate::sound::output::selection::{Found, Running, Wish, is_served};

impl Keeper<'_> {
    pub(super) fn see_place(&mut self, place: Place, allowed: bool) {
        let careful = allowed && !self.lasting.watch.is_measured(&place);
        let before = self.place.replace((place.clone(), allowed));
        let was_allowed = before.as_ref().is_none_or(|(_, allowed)| *allowed);
        if !allowed && before.as_ref() != self.place.as_ref() {
            warn!(%place, "sound would come out where the room is not calibrated for it; it is silent");
            self.tell(News::OutputNotCalibrated { output: place.output, port: place.port });
        } else if allowed && !was_allowed {
            info!(%place, "sound comes out where it may again");
            self.tell(News::OutputCalibrated);
        }
        if allowed {
            self.be_careful(careful);
        }
        self.say_back();
    }

    /// Where staff allow the sound and nobody measured it, it keeps to the quietest cap, and that is told.
    pub(super) fn be_careful(&mut self, careful: bool) {
        self.unsent |= self.careful != careful;
        self.careful = careful;
        self.tell_careful(careful);
    }

    pub(super) fn tell_careful(&mut self, careful: bool) {
        let output = self.place.as_ref().map(|(place, _)| place.output.clone()).filter(|_| careful);
        let before = std::mem::replace(&mut self.careful_at, output.clone());
        match output {
            Some(output) if before.as_ref() != Some(&output) => {
                warn!(%output, "staff let sound come out where nobody measured it; it stays at the quietest cap");
                self.tell(News::OutputUnmeasured { output });
            }
            None if before.is_some() => self.tell(News::OutputMeasured),
            _ => {}
        }
    }

    pub(super) fn accept_output(&mut self) {
        let Some((place, false)) = &self.place else { return };
        let (place, is_measured) = (place.clone(), self.lasting.watch.is_measured(place));
        // What plays in silence comes down first: it must not be louder than it may be while it fades in.
        self.be_careful(!is_measured);
        let from = if is_measured { Instant::now() } else { Instant::now() + LEVELLED };
        self.accepting = Some((place, from));
    }

    pub(super) fn finish_accepting(&mut self) {
        if let Some((place, _)) = self.accepting.take_if(|(_, from)| Instant::now() >= *from) {
            self.lasting.watch.accept(&place);
        }
    }

    /// Looks whether there is a better output than the present one: the right one, while the sound is silent on one that
    /// the room is not calibrated for; a sound server that came up late, since only it says where sound comes out.
    pub(super) fn look_for_better(&mut self) {
        let is_better = match (&self.stream, &self.place) {
            (Some(Running::Plain(_)), _) => is_served(),
            (_, Some((place, false))) => {
                let known = self.lasting.watch.known_output().filter(|known| *known != place.output);
                known.is_some_and(|known| Found::find(Wish::Named(&known)).is_ok())
            }
            _ => false,
        };
        if is_better {
            if let Some(stream) = self.stream.take() {
                self.part_from(stream);
            }
            self.try_to_open();
        }
    }
}
