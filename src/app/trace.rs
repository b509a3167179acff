//! Owns the trace: a file with the name of the screen and the id and bounds of every enabled control on it, for
//! programs that drive the window from outside. The file contains nothing that a patient wrote.

use std::path::PathBuf;

use iced::advanced::widget::operation::{Operation, Outcome};
use iced::advanced::widget::{Id, operate};
use iced::{Rectangle, Task};
use serde_json::json;

use crate::widget::touch::ControlInfo;

pub(super) struct Trace {
    path: PathBuf,
    last: String,
}

impl Trace {
    pub(super) fn to(path: PathBuf) -> Self {
        Self { path, last: String::new() }
    }

    /// Writes the name of the screen and the enabled controls if either has changed. The file is replaced atomically,
    /// but not synced to disk: a sync would block the window, and a trace need not survive a power cut.
    pub(super) fn write(&mut self, controls: Vec<(ControlInfo, Rectangle)>, screen: &str) {
        let controls: Vec<_> = controls
            .into_iter()
            .filter(|(control, _)| control.is_enabled)
            .map(|(control, at)| json!({ "id": control.id, "x": at.x, "y": at.y, "width": at.width, "height": at.height }))
            .collect();
        let text = json!({ "screen": screen, "controls": controls }).to_string();
        if text == self.last {
            return;
        }
        let temporary = self.path.with_extension("new");
        let written = std::fs::write(&temporary, &text).and_then(|()| std::fs::rename(&temporary, &self.path));
        match written {
            Ok(()) => self.last = text,
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "the trace of controls cannot be written");
            }
        }
    }
}

/// Returns a task that collects every control on the screen with its bounds.
pub(super) fn collect_controls() -> Task<Vec<(ControlInfo, Rectangle)>> {
    operate(CollectControls(Vec::new()))
}

struct CollectControls(Vec<(ControlInfo, Rectangle)>);

impl Operation<Vec<(ControlInfo, Rectangle)>> for CollectControls {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation<Vec<(ControlInfo, Rectangle)>>)) {
        operate(self);
    }

    fn custom(&mut self, _id: Option<&Id>, bounds: Rectangle, state: &mut dyn std::any::Any) {
        if let Some(control) = state.downcast_ref::<ControlInfo>() {
            self.0.push((control.clone(), bounds));
        }
    }

    fn finish(&self) -> Outcome<Vec<(ControlInfo, Rectangle)>> {
        Outcome::Some(self.0.clone())
    }
}
