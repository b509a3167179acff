//! Owns how a room takes up what is kept of it: the setup of the first run, the staff PIN, the desk's password. What is
//! damaged is told, and never opens anything or makes anything louder.

use std::path::Path;

use crate::config::Config;
use crate::output::complain;
use crate::paths::kept::Reading;
use crate::pin::Secret;
use crate::room::Trouble;
use crate::setup::{self, SETUP_FILE, Setup};

/// No password fits a hash that is none.
const FITS_NOTHING: &str = "";

/// Reads all of it. The answer is the hash of the desk's password: none if there is no password, one that nothing fits if
/// there was one and nobody can tell which.
pub(super) fn take_up(state: &Path, config: &mut Config, troubles: &mut Vec<Trouble>) -> Option<String> {
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
    let hash = password.hash().unwrap_or_else(|error| {
        complain(&format!("{error}, and start the room anew"));
        troubles.push(Trouble::DeskPasswordLost);
        Some(FITS_NOTHING.to_owned())
    });
    if pin.copy_was_used() || password.copy_was_used() {
        troubles.push(Trouble::StateRestored);
    }
    hash
}

/// Where the state directory cannot be used at all, nobody can tell what was decided for this room.
pub(super) fn without_state(config: &mut Config) -> String {
    setup::make_quietest(config);
    FITS_NOTHING.to_owned()
}
