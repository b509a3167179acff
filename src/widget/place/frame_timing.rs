//! Owns measuring what a picture costs: a thread beside the window waits for each to be done and tells the governor.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use iced::wgpu;

use super::governor::Governor;

/// The rest of a picture is on its way to the device so soon after the place itself.
const SUBMITTED_WITHIN: Duration = Duration::from_micros(1_500);
/// A device that takes longer than this for a picture is not waited for.
const WAIT_MAX: Duration = Duration::from_millis(500);
/// How the pace is held is told so often, to whoever asked to hear everything.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// When a picture was begun, and how long after the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Began {
    pub(super) at: Instant,
    pub(super) after: Option<Duration>,
}

/// Waits beside the window until each picture is done, and tells the governor what it cost. Ends with the pipeline. None
/// where the system has no thread to spare: the place then keeps its first scale.
pub(super) fn measure(device: wgpu::Device, governor: Arc<Mutex<Governor>>) -> Option<mpsc::Sender<Began>> {
    let (tell, begun) = mpsc::channel::<Began>();
    let watch = move || {
        let (mut told, mut pictures) = (Instant::now(), 0_u32);
        while let Ok(mut began) = begun.recv() {
            // The picture is submitted right after it was announced; a device that has nothing to do yet would say so.
            std::thread::sleep(SUBMITTED_WITHIN);
            let wait = wgpu::PollType::Wait { submission_index: None, timeout: Some(WAIT_MAX) };
            if device.poll(wait).is_err() {
                continue;
            }
            let mut cost = began.at.elapsed();
            pictures += 1;
            while let Ok(later) = begun.try_recv() {
                began = later;
                pictures += 1;
                cost = cost.max(began.at.elapsed());
            }
            let mut governor = governor.lock().unwrap_or_else(PoisonError::into_inner);
            governor.was_drawn(cost, began.after);
            let since = told.elapsed();
            if since >= TELL_EVERY {
                let each_s = f64::from(pictures) / since.as_secs_f64();
                tracing::debug!(each_s, scale = governor.scale(), "the place is painted");
                (told, pictures) = (Instant::now(), 0);
            }
        }
    };
    std::thread::Builder::new().name("pace".to_owned()).spawn(watch).ok().map(|_| tell)
}
