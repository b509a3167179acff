//! Owns the reaction of the output thread to the route, that is, to where sound comes out: it reports whether the room
//! is calibrated for the route, limits the volume if staff allowed an unmeasured output, and switches to a better
//! output once there is one. Does not own the decision whether a route is allowed (`calibration`).

use std::time::Instant;

use tracing::{info, warn};

use super::{LEVEL_SETTLED, OutputKeeper};
use crate::sound::SoundEvent;
use crate::sound::output::calibration::OutputRoute;
use crate::sound::output::selection::{OutputChoice, RunningStream, SelectedOutput, pulse_is_running};

impl OutputKeeper<'_> {
    pub(super) fn on_route(&mut self, route: OutputRoute, allowed: bool) {
        let is_limited = allowed && !self.context.watch.is_measured(&route);
        let before = self.route.replace((route.clone(), allowed));
        let was_allowed = before.as_ref().is_none_or(|(_, allowed)| *allowed);
        if !allowed && before.as_ref() != self.route.as_ref() {
            warn!(place = %route, "the room is silent, because it is not calibrated for where sound would come out");
            self.emit(SoundEvent::OutputNotCalibrated { output: route.output, port: route.port });
        } else if allowed && !was_allowed {
            info!(place = %route, "sound is played again, where the room is calibrated for it");
            self.emit(SoundEvent::OutputCalibrated);
        }
        if allowed {
            self.set_limited(is_limited);
        }
        self.announce_back();
    }

    /// Sets whether the volume is limited, as it is on an unmeasured output that staff allowed, and reports the limit.
    pub(super) fn set_limited(&mut self, is_limited: bool) {
        self.is_unsent |= self.is_limited != is_limited;
        self.is_limited = is_limited;
        self.announce_limited(is_limited);
    }

    pub(super) fn announce_limited(&mut self, is_limited: bool) {
        let output = self.route.as_ref().map(|(route, _)| route.output.clone()).filter(|_| is_limited);
        let before = std::mem::replace(&mut self.limited_at, output.clone());
        match output {
            Some(output) if before.as_ref() != Some(&output) => {
                warn!(%output, "staff allowed sound where nobody has measured it; it stays at the lowest cap");
                self.emit(SoundEvent::OutputUnmeasured { output });
            }
            None if before.is_some() => self.emit(SoundEvent::OutputMeasured),
            _ => {}
        }
    }

    pub(super) fn accept_output(&mut self) {
        let Some((route, false)) = &self.route else { return };
        let (route, is_measured) = (route.clone(), self.context.watch.is_measured(route));
        // The level falls while the output is still muted, because otherwise the sound would fade in too loud.
        self.set_limited(!is_measured);
        let from = if is_measured { Instant::now() } else { Instant::now() + LEVEL_SETTLED };
        self.accepting = Some((route, from));
    }

    pub(super) fn finish_accepting(&mut self) {
        if let Some((route, _)) = self.accepting.take_if(|(_, from)| Instant::now() >= *from) {
            self.context.watch.accept(&route);
        }
    }

    /// Switches to a better output if there is one. While the current output is muted, the better one is the calibrated
    /// output. While ALSA plays, it is the output of a sound server that started late, because only a server reports
    /// routes.
    pub(super) fn look_for_better(&mut self) {
        let is_better = match (&self.stream, &self.route) {
            (Some(RunningStream::Cpal(_)), _) => pulse_is_running(),
            (_, Some((route, false))) => {
                let known = self.context.watch.known_output().filter(|known| *known != route.output);
                known.is_some_and(|known| SelectedOutput::find(OutputChoice::Named(&known)).is_ok())
            }
            _ => false,
        };
        if is_better {
            if let Some(stream) = self.stream.take() {
                self.drop_stream(stream);
            }
            self.try_to_open();
        }
    }
}
