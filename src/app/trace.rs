//! Owns the trace: the name and place of every control on the screen, written to a file for whoever drives the window
//! from outside. It holds no words of anybody.

use std::path::PathBuf;

use iced::advanced::widget::operation::{Operation, Outcome};
use iced::advanced::widget::{Id, operate};
use iced::{Rectangle, Task};
use serde_json::json;

use crate::widget::touch::Placed;

pub(super) struct Trace {
    path: PathBuf,
    last: String,
}

impl Trace {
    pub(super) fn to(path: PathBuf) -> Self {
        Self { path, last: String::new() }
    }

    /// Writes the controls, if they have changed; the file is replaced as a whole.
    pub(super) fn write(&mut self, placed: Vec<(Placed, Rectangle)>, screen: &str) {
        let controls: Vec<_> = placed
            .into_iter()
            .filter(|(control, _)| control.answers)
            .map(|(control, at)| json!({ "id": control.id, "x": at.x, "y": at.y, "width": at.width, "height": at.height }))
            .collect();
        let text = json!({ "screen": screen, "controls": controls }).to_string();
        if text == self.last {
            return;
        }
        let new = self.path.with_extension("new");
        let written = std::fs::write(&new, &text).and_then(|()| std::fs::rename(&new, &self.path));
        match written {
            Ok(()) => self.last = text,
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "the trace of controls cannot be written");
            }
        }
    }
}

/// Asks every control where it lies.
pub(super) fn look() -> Task<Vec<(Placed, Rectangle)>> {
    operate(Look(Vec::new()))
}

struct Look(Vec<(Placed, Rectangle)>);

impl Operation<Vec<(Placed, Rectangle)>> for Look {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation<Vec<(Placed, Rectangle)>>)) {
        operate(self);
    }

    fn custom(&mut self, _id: Option<&Id>, bounds: Rectangle, state: &mut dyn std::any::Any) {
        if let Some(placed) = state.downcast_ref::<Placed>() {
            self.0.push((placed.clone(), bounds));
        }
    }

    fn finish(&self) -> Outcome<Vec<(Placed, Rectangle)>> {
        Outcome::Some(self.0.clone())
    }
}
