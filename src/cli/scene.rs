//! Owns `stillroom scene`, which renders a place to PNG files without a window, and the flash test that `check` applies
//! to every place and to the clinic's own pictures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::progress::Progress;
use super::{FAILED, UNUSABLE, name_of};
use crate::findings::Finding;
use crate::room::breath::BreathPattern;
use crate::stdio::{print, print_error};
use crate::vocabulary::Named;
use crate::vocabulary::place::{Place, TimeOfDay};
use crate::widget::place::fade::fade_verdicts;
use crate::widget::place::flash::{self, FlashVerdict, FrameSample};
use crate::widget::place::offscreen::{OffscreenError, OffscreenRenderer, SIDE_MAX};
use crate::widget::place::shader::PlaceShader;
use crate::widget::place::still_image::SlideFolder;
use crate::widget::place::{SceneUniforms, SceneVariant};

/// Maximum number of pictures in one run. It keeps a typing error from filling the disk.
const FRAMES_MAX: u32 = 100_000;
/// Size of the pictures that the flash test analyses, in pixels.
const TEST_SIZE: (u32, u32) = (320, 200);
/// Number of pictures per second in the flash test.
const TEST_FRAMES_PER_SECOND: u32 = 8;
/// Duration of the flash test, in seconds. It is longer than one whole breath of [`TEST_BREATH`].
const TEST_SECONDS: u32 = 12;
/// The breath of the flash test. Its inhalation is the shortest of all patterns, so it brightens a place the fastest.
const TEST_BREATH: BreathPattern = BreathPattern::ThreeSeven;

/// The arguments of `stillroom scene`.
#[derive(Debug, Args)]
pub(super) struct SceneArgs {
    /// The place, by its name in a profile; "pictures" and "dark" cannot be rendered, because they have no shader
    #[arg(long, value_parser = parse_place)]
    place: PlaceShader,
    /// The time of day: dawn, day, dusk or night
    #[arg(long, value_parser = parse_time)]
    time: TimeOfDay,
    /// The size of each picture, in pixels
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = parse_size)]
    size: (u32, u32),
    /// Pictures per second, 1 to 60
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=60))]
    fps: u32,
    /// The length in seconds; 0 renders a single picture
    #[arg(long, value_name = "S", default_value_t = 0.0, value_parser = parse_seconds)]
    seconds: f64,
    /// The folder for the pictures, which are named 00000.png and so on; created if it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The strength of the place's weather, such as haze, rain or mist, from 0 (clear) to 1 (the most that the place
    /// has)
    #[arg(long, value_name = "M", default_value_t = 0.0, value_parser = parse_share)]
    mood: f32,
    /// The breath that the place follows: 4-6, 3-7, 5-5 or 4-4-4-4; if not given, none
    #[arg(long, value_name = "PATTERN", value_parser = parse_breath)]
    breath: Option<BreathPattern>,
    /// The time of the first picture, in seconds on the place's clock
    #[arg(long, value_name = "S", default_value_t = 0.0, value_parser = parse_seconds)]
    at: f64,
    /// The brightness, from 0 to 1
    #[arg(long, value_name = "L", default_value_t = 1.0, value_parser = parse_share)]
    light: f32,
}

pub(super) fn scene(args: &SceneArgs) -> ExitCode {
    let frames = ((args.seconds * f64::from(args.fps)).round() as u32).max(1);
    if frames > FRAMES_MAX {
        print_error(&format_args!(
            "{frames} pictures are more than {FRAMES_MAX}; ask for fewer seconds or fewer a second"
        ));
        return ExitCode::from(UNUSABLE);
    }
    match paint(args, frames) {
        Ok(device) => {
            print(&format_args!("{frames} pictures in {}, painted by {device}", args.out.display()));
            ExitCode::SUCCESS
        }
        Err(why) => {
            print_error(&why);
            ExitCode::from(FAILED)
        }
    }
}

fn paint(args: &SceneArgs, frames: u32) -> Result<String, String> {
    let said = |error: OffscreenError| error.to_string();
    fs::create_dir_all(&args.out).map_err(|error| unwritable(&args.out, &error))?;
    let renderer = OffscreenRenderer::open().map_err(said)?;
    let scene = renderer.scene(SceneVariant::of(args.place, args.time, args.mood), args.size, None).map_err(said)?;
    for frame in 0..frames {
        let since = Duration::from_secs_f64(args.at + f64::from(frame) / f64::from(args.fps));
        let painted = SceneUniforms::neutral(args.time, args.mood, since, args.breath);
        let pixels = scene.render(SceneUniforms { light: args.light, ..painted }).map_err(said)?;
        let path = args.out.join(format!("{frame:05}.png"));
        write_png(&path, args.size, &pixels).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(renderer.name().to_owned())
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: cannot be written: {error}; name another folder with --out", path.display())
}

fn write_png(path: &Path, (width, height): (u32, u32), rgba: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    let rgb: Vec<u8> = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive).write_image(
        &rgb,
        width,
        height,
        ExtendedColorType::Rgb8,
    )?;
    std::io::Write::flush(&mut file)?;
    Ok(())
}

/// The result of the flash test.
#[derive(Debug, Default)]
pub(super) struct FlashReport {
    /// One finding for each combination of place and time of day, and for each fade between two pictures, in which the
    /// light flashes or changes too much.
    pub(super) findings: Vec<Finding>,
    /// What could not be tested, and why.
    pub(super) notes: Vec<String>,
}

/// Tests every place at every time of day for at least one whole breath, and the fades between the clinic's own
/// pictures.
pub(super) fn flash_test(own_pictures: &Path) -> FlashReport {
    let mut report = FlashReport::default();
    match OffscreenRenderer::open() {
        Ok(renderer) => {
            let each = |drawn| TimeOfDay::ALL.iter().map(move |hour| (drawn, *hour));
            let mut shown = Progress::new("looking for flashes", PlaceShader::ALL.len() * TimeOfDay::ALL.len());
            for (done, (drawn, hour)) in PlaceShader::ALL.into_iter().flat_map(each).enumerate() {
                let name = format!("{} {}", drawn.name(), hour.name());
                shown.set(done, &name);
                match place_verdict(&renderer, drawn, hour) {
                    Ok(verdict) => report.findings.extend(finding(Path::new(&name), &verdict)),
                    Err(error) => report.notes.push(format!("{name}: flash test not possible: {error}")),
                }
            }
        }
        Err(error) => report.notes.push(format!(
            "flash test of the living places not possible, and this machine shows none of them: {error}"
        )),
    }
    let slides = SlideFolder::open(own_pictures);
    let mut shown = Progress::new("looking for flashes between pictures", slides.len());
    let fades = fade_verdicts(&slides, TEST_SIZE, &mut |done, file| shown.set(done, &name_of(file)));
    report.findings.extend(fades.iter().filter_map(|(file, verdict)| finding(file, verdict)));
    report
}

/// Tests one place at one time of day. Uses full brightness, at which changes of light are largest.
fn place_verdict(
    renderer: &OffscreenRenderer,
    drawn: PlaceShader,
    hour: TimeOfDay,
) -> Result<FlashVerdict, OffscreenError> {
    let scene = renderer.scene(SceneVariant::of(drawn, hour, 0.0), TEST_SIZE, None)?;
    let frames = TEST_SECONDS * TEST_FRAMES_PER_SECOND;
    let samples: Result<Vec<FrameSample>, OffscreenError> = (0..frames)
        .map(|frame| {
            let at = Duration::from_secs(1) * frame / TEST_FRAMES_PER_SECOND;
            let pixels = scene.render(SceneUniforms::neutral(hour, 0.0, at, Some(TEST_BREATH)))?;
            Ok(FrameSample::of(at, TEST_SIZE.0, &pixels))
        })
        .collect();
    Ok(flash::analyze(&samples?))
}

fn finding(what: &Path, verdict: &FlashVerdict) -> Option<Finding> {
    if verdict.is_calm() {
        return None;
    }
    let FlashVerdict { general_flashes, red_flashes, largest_change } = verdict;
    let found = format!(
        "{general_flashes} flashes and {red_flashes} red flashes in a second, and a change of light of {largest_change:.2}"
    );
    let allowed = "at most 3 of either (WCAG 2.3.1), and a change below 0.10 of 5 % of the screen in a second";
    Some(Finding::of_file(what, found, allowed))
}

fn parse_place(text: &str) -> Result<PlaceShader, String> {
    let words = || PlaceShader::ALL.map(PlaceShader::name).join(", ");
    let place = Place::from_name(text).ok_or_else(|| format!("a place is one of {}", words()))?;
    PlaceShader::of(place).ok_or_else(|| format!("{text} is not drawn by a shader; those that are: {}", words()))
}

fn parse_time(text: &str) -> Result<TimeOfDay, String> {
    TimeOfDay::from_name(text).ok_or_else(|| format!("a time is {}", TimeOfDay::one_of()))
}

fn parse_breath(text: &str) -> Result<BreathPattern, String> {
    BreathPattern::from_name(text).ok_or_else(|| format!("a breath is {}", BreathPattern::one_of()))
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once('x').and_then(|(w, h)| Some((w.parse::<u32>().ok()?, h.parse::<u32>().ok()?)));
    sides
        .filter(|(width, height)| (16..=SIDE_MAX).contains(width) && (16..=SIDE_MAX).contains(height))
        .ok_or_else(|| format!("a size is WIDTHxHEIGHT in pixels, 16 to {SIDE_MAX} each, such as 1280x800"))
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| (0.0..=1e7).contains(seconds));
    seconds.ok_or_else(|| "seconds are a number from 0 to 10000000".to_owned())
}

fn parse_share(text: &str) -> Result<f32, String> {
    let share = text.parse().ok().filter(|share: &f32| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a number from 0 to 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_or_refused_with_what_is_allowed() {
        assert_eq!(parse_place("quiet-room"), Ok(PlaceShader::QuietRoom));
        assert!(parse_place("pictures").unwrap_err().contains("night-sky"));
        assert!(parse_place("moon").is_err() && parse_time("noon").is_err() && parse_breath("9-9").is_err());
        assert_eq!(parse_size("640x400"), Ok((640, 400)));
        assert!(["640", "8x8", "99999x10", "-1x5"].iter().all(|size| parse_size(size).is_err()));
        assert!(parse_seconds("-1").is_err() && parse_seconds("nan").is_err() && parse_share("1.2").is_err());
    }
}
