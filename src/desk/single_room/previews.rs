//! Owns previews of a profile at the desk before a session: its whole arc, sped up to about one minute and rendered on
//! request. Does not own the rendering.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Renders a profile's arc as a WAV file in memory, or returns why it cannot.
type RenderPreview = dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync;

/// Renders previews of profiles, one at a time, because the tablet also runs the room.
#[derive(Clone)]
pub struct Previews {
    render: Arc<RenderPreview>,
    turn: Arc<Semaphore>,
}

/// The reason why there is no preview.
pub(super) enum PreviewError {
    /// Another preview is being rendered.
    Busy,
    /// The profile cannot be rendered, for this reason.
    Unrenderable(String),
    /// The renderer panicked.
    Failed,
}

impl Previews {
    /// Renders previews with `render`, which takes a profile's name and may block for seconds.
    pub fn new(render: impl Fn(&str) -> Result<Vec<u8>, String> + Send + Sync + 'static) -> Self {
        Self { render: Arc::new(render), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Renders a preview as a WAV file.
    pub(super) async fn render(&self, profile: String) -> Result<Vec<u8>, PreviewError> {
        let Ok(_turn) = self.turn.try_acquire() else { return Err(PreviewError::Busy) };
        let render = Arc::clone(&self.render);
        match tokio::task::spawn_blocking(move || render(&profile)).await {
            Ok(result) => result.map_err(PreviewError::Unrenderable),
            Err(_) => Err(PreviewError::Failed),
        }
    }
}

impl fmt::Debug for Previews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Previews")
    }
}
