//! Owns the redirection of standard error while ALSA looks for an output or opens one, because ALSA prints there
//! directly. Does not own this program's own messages, which use a different descriptor (`stdio`) and are not affected.

use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;

use rustix::stdio::{dup2_stderr, stderr};

/// Redirects standard error to `/dev/null` until dropped. If the redirection fails, nothing changes.
pub(super) struct SilencedStderr(Option<OwnedFd>);

impl SilencedStderr {
    pub(super) fn begin() -> Self {
        let nowhere: Option<File> = OpenOptions::new().write(true).open("/dev/null").ok();
        let kept = stderr().try_clone_to_owned().ok();
        match (nowhere, kept) {
            (Some(nowhere), Some(kept)) if dup2_stderr(&nowhere).is_ok() => Self(Some(kept)),
            _ => Self(None),
        }
    }
}

impl Drop for SilencedStderr {
    fn drop(&mut self) {
        if let Some(kept) = &self.0 {
            // Nothing can be done if this fails.
            let _ = dup2_stderr(kept);
        }
    }
}
