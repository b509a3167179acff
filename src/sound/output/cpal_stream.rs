//! Owns one output stream: choosing its form, and the callback that draws from the engine. Does not own when to open
//! one or what to do when it is lost (`keeper`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rodio::cpal::traits::{DeviceTrait, StreamTrait};
use rodio::cpal::{
    self, BufferSize, FromSample, OutputCallbackInfo, SampleFormat, SizedSample, StreamConfig, SupportedStreamConfig,
};

use super::command::Command;
use super::dither::Dither;
use super::lease::{Lease, Lender, WISHED_RATE_HZ};
use crate::sound::engine::Engine;

/// An underrun that no event tells of, as some sound servers have it when a stream begins, is looked for this often
/// while the output asks for nothing.
const PATIENCE: Duration = Duration::from_millis(120);
/// The thread of an output that only fails comes back at once, thousands of times a second, if it is not held up.
const BREATHER: Duration = Duration::from_millis(5);
/// Errors that go on for this long without a buffer between them are a loss.
const STUMBLE: Duration = Duration::from_millis(250);
/// An output that gets ahead of the time by this much plays to nobody: it takes whatever it is given, at once.
const AHEAD_MAX_S: f64 = 3.0;
/// … within this: over a day, every clock gets ahead of another.
const AHEAD_WITHIN_S: f64 = 10.0;
/// … and is held up for so long with each further buffer until it is closed, or it would take a whole processor.
const HOLD_UP: Duration = Duration::from_millis(100);

/// An output that has been looked at and can be opened.
#[derive(Clone)]
pub struct Output {
    device: cpal::Device,
    form: SupportedStreamConfig,
}

/// An open output. Dropping it stops it.
pub struct OpenStream {
    _stream: cpal::Stream,
}

impl Output {
    /// The output `device`, at 48 kHz stereo if it has that.
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
            .filter_map(|offer| offer.try_with_sample_rate(WISHED_RATE_HZ))
            .min_by_key(|form| (form.channels().abs_diff(2), rank(form.sample_format())));
        let form = match best {
            Some(form) => form,
            None => device.default_output_config().map_err(|error| error.to_string())?,
        };
        Ok(Self { device, form })
    }

    /// Its rate.
    pub fn rate_hz(&self) -> u32 {
        self.form.sample_rate()
    }

    /// Opens it with a period of `period_ms`, or with the output's own if there is none. The engine comes back through
    /// `home` when the stream ends, however it ends, also when it never began.
    pub fn open(&self, engine: Box<Engine>, lender: &Lender<'_>, period_ms: Option<u32>) -> Result<OpenStream, String> {
        let lease = Lease::new(engine, lender);
        let buffer_size = period_ms.map_or(BufferSize::Default, |length_ms| {
            BufferSize::Fixed((self.rate_hz() / 1_000 * length_ms.clamp(5, 200)).next_multiple_of(64))
        });
        let config = StreamConfig { channels: self.form.channels(), sample_rate: self.rate_hz(), buffer_size };
        let opened = match self.form.sample_format() {
            SampleFormat::F32 => self.build::<f32>(config, lease, lender, None),
            SampleFormat::I32 => self.build::<i32>(config, lease, lender, None),
            SampleFormat::I16 => self.build::<i16>(config, lease, lender, Some(Dither::new(16))),
            SampleFormat::U8 => self.build::<u8>(config, lease, lender, Some(Dither::new(8))),
            other => Err(format!("the output only takes samples of the form {other}")),
        };
        opened.map(|stream| OpenStream { _stream: stream })
    }

    fn build<T: SizedSample + FromSample<f32>>(
        &self,
        config: StreamConfig,
        mut lease: Lease,
        lender: &Lender<'_>,
        mut dither: Option<Dither>,
    ) -> Result<cpal::Stream, String> {
        let channels = usize::from(config.channels.max(1));
        let (shared, commands, number) = (Arc::clone(lender.shared), lender.commands.clone(), lender.stream);
        let failing = Arc::new(AtomicBool::new(false));
        let healed = Arc::clone(&failing);
        let (endless, mut pace) = (lender.commands.clone(), Pace::new(config.sample_rate));
        let draw = move |data: &mut [T], info: &OutputCallbackInfo| {
            healed.store(false, Ordering::Relaxed);
            if pace.is_endless(data.len() / channels) {
                let why = "the output takes sound faster than anybody can hear it".to_owned();
                // Told with the next buffer where nobody takes it now, and again until it is closed.
                let _ = endless.try_send(Command::StreamFailed { stream: number, why });
                thread::sleep(HOLD_UP);
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
        let (mut since, mut told) = (Instant::now(), false);
        let failed = move |error: cpal::Error| {
            use cpal::ErrorKind::{DeviceChanged, DeviceNotAvailable, RealtimeDenied, Xrun};
            let goes_on = failing.swap(true, Ordering::Relaxed);
            if told || matches!(error.kind(), Xrun | DeviceChanged | RealtimeDenied) {
                if goes_on {
                    thread::sleep(BREATHER);
                }
                return;
            }
            if !goes_on {
                since = Instant::now();
            }
            // A sound server may stumble while a stream begins; only what lasts is a loss.
            if error.kind() == DeviceNotAvailable || since.elapsed() >= STUMBLE {
                told = commands.try_send(Command::StreamFailed { stream: number, why: error.to_string() }).is_ok();
            } else {
                thread::sleep(BREATHER);
            }
        };
        let patience = Some(PATIENCE);
        let stream = self
            .device
            .build_output_stream::<T, _, _>(config, draw, failed, patience)
            .map_err(|error| error.to_string())?;
        stream.play().map_err(|error| error.to_string())?;
        Ok(stream)
    }
}

/// How fast an output takes what it is given.
struct Pace {
    begun: Option<Instant>,
    frames: u64,
    rate_hz: f64,
}

impl Pace {
    fn new(rate_hz: u32) -> Self {
        Self { begun: None, frames: 0, rate_hz: f64::from(rate_hz) }
    }

    /// Whether the time can no longer follow, with `frames` more.
    fn is_endless(&mut self, frames: usize) -> bool {
        let passed_s = self.begun.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
        if passed_s > AHEAD_WITHIN_S {
            (self.begun, self.frames) = (None, 0);
            return false;
        }
        self.frames += frames as u64;
        self.frames as f64 / self.rate_hz > passed_s + AHEAD_MAX_S
    }
}

/// Fills what a device asked for, in its own form.
pub fn fill<T: SizedSample + FromSample<f32>>(
    engine: &mut Engine,
    data: &mut [T],
    channels: usize,
    dither: &mut Option<Dither>,
) {
    // The conversion cuts off; of a coarse form only whole steps reach it.
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
