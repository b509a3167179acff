//! Owns one stream of the system's sound library (cpal on ALSA): the choice of its format, and the callback that takes
//! audio from the engine. Does not own the opening and reopening of streams over time (`keeper`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rodio::cpal::traits::{DeviceTrait, StreamTrait};
use rodio::cpal::{
    self, BufferSize, FromSample, OutputCallbackInfo, SampleFormat, SizedSample, StreamConfig, SupportedStreamConfig,
};

use super::command::OutputCommand;
use super::dither::Dither;
use super::lease::{EngineLease, PREFERRED_RATE_HZ, StreamContext};
use crate::sound::engine::Engine;

/// Timeout with which the sound library polls the device. Without a timeout, the library would hang if an underrun at
/// the start of a stream were not reported by the sound server.
const TIMEOUT: Duration = Duration::from_millis(120);
/// Pause between successive errors. Without it, the thread of an output that only returns errors would spin.
const ERROR_PAUSE: Duration = Duration::from_millis(5);
/// Time for which errors must persist, without a request for audio in between, to count as a loss of the output. A
/// device that is no longer available counts as lost at once.
const ERROR_GRACE: Duration = Duration::from_millis(250);
/// Lead over real time, in seconds, from which an output counts as discarding audio as fast as it arrives.
const AHEAD_MAX_S: f64 = 3.0;
/// Time in seconds within which an output must get ahead by [`AHEAD_MAX_S`] to count as discarding audio. The
/// comparison with real time then starts again, because over a day any two clocks drift apart.
const AHEAD_WITHIN_S: f64 = 10.0;
/// Pause per buffer of an output that discards audio, until it is closed. Without the pause, the output would occupy a
/// whole processor.
const FREEWHEEL_PAUSE: Duration = Duration::from_millis(100);

/// An output that has been inspected and can be opened.
#[derive(Clone)]
pub struct CpalOutput {
    device: cpal::Device,
    form: SupportedStreamConfig,
}

/// An open output. Dropping it closes it.
pub struct CpalStream {
    _stream: cpal::Stream,
}

impl CpalOutput {
    /// Chooses the format for `device`, preferably 48 kHz stereo. Fails if the device cannot be queried.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other formats are not used")]
    pub fn of(device: cpal::Device) -> Result<Self, String> {
        let offers: Vec<_> = device.supported_output_configs().map_err(|error| error.to_string())?.collect();
        let rank = |format: SampleFormat| match format {
            SampleFormat::F32 => 0,
            SampleFormat::I32 => 1,
            SampleFormat::I16 => 2,
            _ => 9,
        };
        let best = offers
            .into_iter()
            .filter(|offer| rank(offer.sample_format()) < 9)
            .filter_map(|offer| offer.try_with_sample_rate(PREFERRED_RATE_HZ))
            .min_by_key(|form| (form.channels().abs_diff(2), rank(form.sample_format())));
        let form = match best {
            Some(form) => form,
            None => device.default_output_config().map_err(|error| error.to_string())?,
        };
        Ok(Self { device, form })
    }

    /// Returns the sample rate of the chosen format.
    pub fn rate_hz(&self) -> u32 {
        self.form.sample_rate()
    }

    /// Opens the output with a period of `period_ms`, or with the output's own period if `None`. The engine returns
    /// through the context's `home` when the stream ends or cannot be opened.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other formats are not used")]
    pub fn open(
        &self,
        engine: Box<Engine>,
        context: &StreamContext<'_>,
        period_ms: Option<u32>,
    ) -> Result<CpalStream, String> {
        let lease = EngineLease::new(engine, context);
        let buffer_size = period_ms.map_or(BufferSize::Default, |length_ms| {
            BufferSize::Fixed((self.rate_hz() / 1_000 * length_ms.clamp(5, 200)).next_multiple_of(64))
        });
        let config = StreamConfig { channels: self.form.channels(), sample_rate: self.rate_hz(), buffer_size };
        let opened = match self.form.sample_format() {
            SampleFormat::F32 => self.build::<f32>(config, lease, context, None),
            SampleFormat::I32 => self.build::<i32>(config, lease, context, None),
            SampleFormat::I16 => self.build::<i16>(config, lease, context, Some(Dither::new(16))),
            SampleFormat::U8 => self.build::<u8>(config, lease, context, Some(Dither::new(8))),
            other => Err(format!("the output accepts only samples of the format {other}")),
        };
        opened.map(|stream| CpalStream { _stream: stream })
    }

    fn build<T: SizedSample + FromSample<f32>>(
        &self,
        config: StreamConfig,
        mut lease: EngineLease,
        context: &StreamContext<'_>,
        mut dither: Option<Dither>,
    ) -> Result<cpal::Stream, String> {
        let channels = usize::from(config.channels.max(1));
        let (shared, commands, number) = (Arc::clone(context.shared), context.commands.clone(), context.stream);
        let failing = Arc::new(AtomicBool::new(false));
        let healed = Arc::clone(&failing);
        let (endless, mut pace) = (context.commands.clone(), FreewheelDetector::new(config.sample_rate));
        let draw = move |data: &mut [T], info: &OutputCallbackInfo| {
            healed.store(false, Ordering::Relaxed);
            if pace.is_freewheeling(data.len() / channels) {
                let why = "the output accepts sound faster than it can be played".to_owned();
                // Each further buffer repeats this report until the stream is closed, so it does not matter if the
                // queue is full.
                let _ = endless.try_send(OutputCommand::StreamFailed { stream: number, why });
                thread::sleep(FREEWHEEL_PAUSE);
                return;
            }
            let stamp = info.timestamp();
            let wait = stamp.playback.duration_since(stamp.callback);
            let now_s = shared.mark_buffer();
            if let Some(engine) = &mut lease.engine {
                engine.set_clock(now_s + wait.as_secs_f64());
                fill(engine, data, channels, &mut dither);
            }
        };
        let (mut since, mut announced) = (Instant::now(), false);
        let failed = move |error: cpal::Error| {
            use cpal::ErrorKind::{DeviceChanged, DeviceNotAvailable, RealtimeDenied, Xrun};
            let goes_on = failing.swap(true, Ordering::Relaxed);
            if announced || matches!(error.kind(), Xrun | DeviceChanged | RealtimeDenied) {
                if goes_on {
                    thread::sleep(ERROR_PAUSE);
                }
                return;
            }
            if !goes_on {
                since = Instant::now();
            }
            // Sound servers may report transient errors while a stream starts.
            if error.kind() == DeviceNotAvailable || since.elapsed() >= ERROR_GRACE {
                announced =
                    commands.try_send(OutputCommand::StreamFailed { stream: number, why: error.to_string() }).is_ok();
            } else {
                thread::sleep(ERROR_PAUSE);
            }
        };
        let patience = Some(TIMEOUT);
        let stream = self
            .device
            .build_output_stream::<T, _, _>(config, draw, failed, patience)
            .map_err(|error| error.to_string())?;
        stream.play().map_err(|error| error.to_string())?;
        Ok(stream)
    }
}

/// Detects an output that consumes audio faster than real time.
struct FreewheelDetector {
    begun: Option<Instant>,
    frames: u64,
    rate_hz: f64,
}

impl FreewheelDetector {
    fn new(rate_hz: u32) -> Self {
        Self { begun: None, frames: 0, rate_hz: f64::from(rate_hz) }
    }

    /// Adds `frames` to the audio consumed, and returns whether the output is now too far ahead of real time.
    fn is_freewheeling(&mut self, frames: usize) -> bool {
        let passed_s = self.begun.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
        if passed_s > AHEAD_WITHIN_S {
            (self.begun, self.frames) = (None, 0);
            return false;
        }
        self.frames += frames as u64;
        self.frames as f64 / self.rate_hz > passed_s + AHEAD_MAX_S
    }
}

/// Fills a device's buffer in its sample format. A mono device receives the mean of left and right; channels beyond the
/// second stay silent.
pub fn fill<T: SizedSample + FromSample<f32>>(
    engine: &mut Engine,
    data: &mut [T],
    channels: usize,
    dither: &mut Option<Dither>,
) {
    // `from_sample` truncates, so the samples of coarse formats are first dithered to whole steps.
    let mut rounded = |sample: f32| T::from_sample(dither.as_mut().map_or(sample, |dither| dither.round(sample)));
    for frame in data.chunks_mut(channels) {
        let [left, right] = engine.next_frame();
        match frame {
            [only] => *only = rounded(f32::midpoint(left, right)),
            [first, second, rest @ ..] => {
                *first = rounded(left);
                *second = rounded(right);
                rest.fill(T::EQUILIBRIUM);
            }
            [] => {}
        }
    }
}
