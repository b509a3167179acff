//! Owns how a room takes up what is kept of it: the setup of the first run, the staff PIN, the desk's password. What is
//! damaged is told, and never opens anything or makes anything louder.

use std::path::Path;

use crate::config::Config;
use crate::desk::DeskPassword;
use crate::output::complain;
use crate::paths::kept::Reading;
use crate::room::Trouble;
use crate::secret::Secret;
use crate::setup::{self, SETUP_FILE, Setup};

/// Applies the setup to the configuration and returns the desk's password.
pub(super) fn take_up(state: &Path, config: &mut Config, troubles: &mut Vec<Trouble>) -> DeskPassword {
    match Setup::load(state) {
        Reading::Absent => {}
        Reading::Whole(setup) => setup.apply(config),
        Reading::Copy { value, why } => {
            complain(&format!("{}: {why}; its last good copy is used", state.join(SETUP_FILE).display()));
            value.apply(config);
            troubles.push(Trouble::StateRestored);
        }
        Reading::Lost { why } => {
            complain(&format!(
                "{}: {why}, and its copy is no better: the sound stays at its quietest; remove both, and kiosk.toml \
                 holds from the next start on, or the staff PIN's files with them, and the first run asks anew",
                state.join(SETUP_FILE).display()
            ));
            setup::make_quietest(config);
            troubles.push(Trouble::SetupLost);
        }
    }
    let pin = Secret::staff_pin(state);
    if let Err(error) = pin.hash() {
        complain(&error);
        troubles.push(Trouble::StaffPinLost);
    }
    let password = Secret::desk_password(state);
    let desk_password = password.hash().map_or_else(
        |error| {
            complain(&format!("{error}, and start the room anew"));
            troubles.push(Trouble::DeskPasswordLost);
            DeskPassword::Unreadable
        },
        DeskPassword::from,
    );
    if pin.copy_was_used() || password.copy_was_used() {
        troubles.push(Trouble::StateRestored);
    }
    desk_password
}

/// Where the state directory cannot be used at all, nobody can tell what was decided for this room.
pub(super) fn without_state(config: &mut Config) -> DeskPassword {
    setup::make_quietest(config);
    DeskPassword::Unreadable
}
