//! Owns silence on standard error for the moment of one try, since the system's sound library writes there by itself.
//! What this program says goes by a descriptor of its own (`output`), which this does not touch.

use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;

use rustix::stdio::{dup2_stderr, stderr};

/// While it is held, standard error leads nowhere. Where that cannot be had, it leads where it did.
pub(super) struct Hush(Option<OwnedFd>);

impl Hush {
    pub(super) fn begin() -> Self {
        let nowhere: Option<File> = OpenOptions::new().write(true).open("/dev/null").ok();
        let kept = stderr().try_clone_to_owned().ok();
        match (nowhere, kept) {
            (Some(nowhere), Some(kept)) if dup2_stderr(&nowhere).is_ok() => Self(Some(kept)),
            _ => Self(None),
        }
    }
}

impl Drop for Hush {
    fn drop(&mut self) {
        if let Some(kept) = &self.0 {
            // There is nobody left to tell if this fails.
            let _ = dup2_stderr(kept);
        }
    }
}
