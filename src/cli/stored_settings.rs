//! Owns the loading of what a room has stored in its state directory: the values of the first-run setup, the staff PIN
//! and the desk password. Damaged data is reported to staff. It never lets anybody in, and never makes the sound
//! louder.

use std::path::Path;

use crate::config::Config;
use crate::desk::DeskPassword;
use crate::paths::checksummed::ReadOutcome;
use crate::room::Trouble;
use crate::secret::Secret;
use crate::setup::{self, SETUP_FILE, Setup};
use crate::stdio::print_error;

/// Applies the setup to the configuration and returns the desk password. Adds the troubles that result from damaged
/// files.
pub(super) fn load(state: &Path, config: &mut Config, troubles: &mut Vec<Trouble>) -> DeskPassword {
    match Setup::load(state) {
        ReadOutcome::Missing => {}
        ReadOutcome::Intact(setup) => setup.apply(config),
        ReadOutcome::Restored { value, why } => {
            print_error(&format!("{}: {why}; its last good copy is used", state.join(SETUP_FILE).display()));
            value.apply(config);
            troubles.push(Trouble::StateRestored);
        }
        ReadOutcome::Damaged { why } => {
            print_error(&format!(
                "{}: {why}, and its copy is no better: the sound stays at its quietest; remove both to go by kiosk.toml \
                 from the next start on, or the files of the staff PIN as well to go through the first run again",
                state.join(SETUP_FILE).display()
            ));
            setup::make_quietest(config);
            troubles.push(Trouble::SetupLost);
        }
    }
    let pin = Secret::staff_pin(state);
    if let Err(error) = pin.hash() {
        print_error(&error);
        troubles.push(Trouble::StaffPinLost);
    }
    let password = Secret::desk_password(state);
    let desk_password = password.hash().map_or_else(
        |error| {
            print_error(&format!("{error}, and restart the room"));
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

/// Applies the safest settings for a room whose state directory cannot be used, because the stored cap and password are
/// then unknown. The returned password opens no desk.
pub(super) fn without_state(config: &mut Config) -> DeskPassword {
    setup::make_quietest(config);
    DeskPassword::Unreadable
}
