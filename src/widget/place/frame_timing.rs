//! Owns the measurement of what a frame costs. A thread waits until the GPU has finished each frame, and reports the
//! time to the governor. wgpu's timestamp queries would be exact, but not every device supports them. Does not own the
//! scale that follows from the cost.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use iced::wgpu;

use super::governor::ResolutionGovernor;

/// Delay before the device is polled. If it were polled earlier, iced would not have submitted the whole frame yet, and
/// the wait would end too soon.
const SUBMIT_DELAY: Duration = Duration::from_micros(1_500);
/// Maximum time to wait for one frame.
const WAIT_MAX: Duration = Duration::from_millis(500);
/// Time between two debug lines about the frame rate.
const LOG_INTERVAL: Duration = Duration::from_secs(2);

/// The start of a frame (`at`), and the time since the start of the previous frame (`after`), which is `None` if the
/// two do not belong to the same run of frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct FrameStart {
    pub(super) at: Instant,
    pub(super) after: Option<Duration>,
}

/// Starts the measuring thread, which ends when the sender is dropped. If the system cannot start a thread, returns
/// `None`; the place is rendered at its initial resolution until a later attempt succeeds.
pub(super) fn start_measuring(
    device: wgpu::Device,
    governor: Arc<Mutex<ResolutionGovernor>>,
) -> Option<mpsc::Sender<FrameStart>> {
    let (sender, receiver) = mpsc::channel::<FrameStart>();
    let measure = move || {
        let (mut logged, mut frames) = (Instant::now(), 0_u32);
        while let Ok(mut started) = receiver.recv() {
            std::thread::sleep(SUBMIT_DELAY);
            let wait = wgpu::PollType::Wait { submission_index: None, timeout: Some(WAIT_MAX) };
            if device.poll(wait).is_err() {
                continue;
            }
            let mut cost = started.at.elapsed();
            frames += 1;
            while let Ok(later) = receiver.try_recv() {
                started = later;
                frames += 1;
                cost = cost.max(started.at.elapsed());
            }
            let mut governor = governor.lock().unwrap_or_else(PoisonError::into_inner);
            governor.record_frame(cost, started.after);
            let since = logged.elapsed();
            if since >= LOG_INTERVAL {
                let frames_per_second = f64::from(frames) / since.as_secs_f64();
                tracing::debug!(each_s = frames_per_second, scale = governor.scale(), "the place is painted");
                (logged, frames) = (Instant::now(), 0);
            }
        }
    };
    std::thread::Builder::new().name("frame-timing".to_owned()).spawn(measure).ok().map(|_| sender)
}
