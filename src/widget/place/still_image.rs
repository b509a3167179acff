//! Owns still pictures in memory: the shipped stills and the clinic's own, decoded, cut to the window and no larger, with
//! the light of the breath over them. Does not own when one is shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use iced::widget::image::Handle;
use image::{RgbaImage, imageops};

use super::Look;
use super::drawn::Drawn;
use super::flash::{self, Glance, Verdict};
use super::glow::{self, Glow};
use super::picture_file::{self, cut};
use super::showing::SLIDE_FADE;
use crate::findings::{Finding, io_reason};
use crate::profile::TimeOfDay;

/// The clinic's pictures are of these kinds, by the end of the file's name.
pub const PICTURE_ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// So many pictures of a folder are shown; a log line and a finding tell of more.
pub const FILES_MAX: usize = 500;
/// The flash test looks at a fade this often.
const FADE_GLANCES_LAST: u32 = 120;
const FADE_GLANCES: std::ops::RangeInclusive<u32> = 0..=FADE_GLANCES_LAST;
/// What a still picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A place at an hour.
    Still(Look),
    /// One of the clinic's pictures, counted on without end.
    Slide(u32),
}

/// The light a still picture is printed in, in steps that cannot be told apart: for screens that cannot do it as they
/// draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Grade {
    /// Tenths of −1, moonlight, to 1, lamplight.
    pub warmth_tenths: i8,
    /// Tenths that are missing to the colours as painted.
    pub grey_tenths: i8,
}

impl Grade {
    /// The nearest grade.
    #[must_use]
    pub fn of(warmth: f32, saturation: f32) -> Self {
        let tenths = |value: f32| (value.clamp(-1.0, 1.0) * 10.0).round() as i8;
        Self { warmth_tenths: tenths(warmth), grey_tenths: tenths(1.0 - saturation.clamp(0.0, 1.0)) }
    }

    fn apply(self, picture: &mut RgbaImage) {
        if self == Self::default() {
            return;
        }
        let warmth = f32::from(self.warmth_tenths) / 10.0;
        let grey = (f32::from(self.grey_tenths) / 10.0 * 256.0) as i32;
        let gains = tint(warmth).map(|gain| (gain * 256.0) as i32);
        for pixel in picture.pixels_mut() {
            let [r, g, b] = [0, 1, 2].map(|channel| i32::from(pixel.0[channel]));
            let luma = (54 * r + 183 * g + 19 * b) >> 8;
            for (channel, value) in [r, g, b].into_iter().enumerate() {
                let less = value + (((luma - value) * grey) >> 8);
                pixel.0[channel] = ((less * gains[channel]) >> 8).clamp(0, 255) as u8;
            }
        }
    }
}

/// What warmth does to red, green and blue.
pub(super) fn tint(warmth: f32) -> [f32; 3] {
    [1.0 + 0.05 * warmth, 1.0 + 0.005 * warmth, 1.0 - 0.11 * warmth]
}

/// One still picture, cut to its window.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it shows.
    pub subject: Subject,
    /// The light it is printed in.
    pub grade: Grade,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The picture itself.
    pub handle: Handle,
    /// The light of the breath over it.
    pub glow: Option<Glow>,
    /// Mean colours of its parts, for what a fade to another picture would do to the eye.
    pub(super) cells: Vec<[u8; 3]>,
}

impl Picture {
    /// Prints a picture for a window of that size. `with_glow` adds the light of the breath.
    fn of(subject: Subject, grade: Grade, mut pixels: RgbaImage, with_glow: bool) -> Self {
        grade.apply(&mut pixels);
        let (width, height) = pixels.dimensions();
        let glow = with_glow.then(|| glow::over(subject, &pixels));
        let cells = cells_of(&pixels);
        let handle = Handle::from_rgba(width, height, pixels.into_raw());
        Self { subject, grade, width, height, handle, glow, cells }
    }

    /// Its rows of RGBA.
    pub(super) fn pixels(&self) -> &[u8] {
        match &self.handle {
            Handle::Rgba { pixels, .. } => pixels,
            Handle::Path(..) | Handle::Bytes(..) => &[],
        }
    }

    /// One colour and nothing else, for tests.
    #[cfg(test)]
    pub(super) fn plain(subject: Subject, shade: u8) -> Self {
        Self::of(
            subject,
            Grade::default(),
            RgbaImage::from_pixel(64, 40, image::Rgba([shade, shade, shade, 255])),
            false,
        )
    }
}

fn cells_of(pixels: &RgbaImage) -> Vec<[u8; 3]> {
    let small = imageops::thumbnail(pixels, flash::ACROSS as u32, flash::DOWN as u32);
    small.pixels().map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]]).collect()
}

/// Prints the still of a place. None only if the shipped file were broken.
pub(super) fn still(look: Look, grade: Grade, size: (u32, u32), with_glow: bool) -> Option<Picture> {
    let file = still_of(look.drawn, look.hour);
    let picture = image::load_from_memory_with_format(file, image::ImageFormat::Jpeg).ok()?;
    Some(Picture::of(Subject::Still(look), grade, cut(&picture.into_rgb8(), size), with_glow))
}

/// The shipped still of a place at an hour. They are part of the program: a room without its media folder still has its
/// places, and pages of the file that are not looked at take no memory.
fn still_of(drawn: Drawn, hour: TimeOfDay) -> &'static [u8] {
    macro_rules! hours {
        ($place:literal) => {
            match hour {
                TimeOfDay::Dawn => include_bytes!(concat!("../../../media/places/", $place, "-dawn.jpg")),
                TimeOfDay::Day => include_bytes!(concat!("../../../media/places/", $place, "-day.jpg")),
                TimeOfDay::Dusk => include_bytes!(concat!("../../../media/places/", $place, "-dusk.jpg")),
                TimeOfDay::Night => include_bytes!(concat!("../../../media/places/", $place, "-night.jpg")),
            }
        };
    }
    match drawn {
        Drawn::Beach => hours!("beach"),
        Drawn::Forest => hours!("forest"),
        Drawn::QuietRoom => hours!("quiet-room"),
        Drawn::NightSky => hours!("night-sky"),
        Drawn::DriftingColour => hours!("drifting-colour"),
    }
}

/// The clinic's own pictures: the names of a folder's files, in their order.
#[derive(Clone, Debug, Default)]
pub struct Slides {
    files: Vec<PathBuf>,
}

impl Slides {
    /// The pictures of a folder, by their names alone. A folder that cannot be read has none.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
        let mut files: Vec<PathBuf> = entries.filter(|path| is_picture(path)).collect();
        files.sort();
        if files.len() > FILES_MAX {
            let count = files.len();
            tracing::warn!("{}: {count} pictures, and the first {FILES_MAX} are shown", folder.display());
            files.truncate(FILES_MAX);
        }
        Self { files }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Prints the picture of that number, or the next one that can be read. None if not one of them can.
    pub(super) fn print(&self, number: u32, grade: Grade, size: (u32, u32), with_glow: bool) -> Option<Picture> {
        let count = self.files.len();
        (0..count).find_map(|further| {
            let file = &self.files[(number as usize + further) % count];
            match picture_file::open(file) {
                Ok(picture) => Some(Picture::of(Subject::Slide(number), grade, picture.cut(size), with_glow)),
                Err(why) => {
                    tracing::warn!("{}: {why}; the picture is left out", file.display());
                    None
                }
            }
        })
    }
}

/// What is wrong with the pictures of a folder, each by its name. `is_wanted` if somebody asks for pictures: then a
/// folder without any is a finding as well. `progress` is told how many are done and which one is next.
#[must_use]
pub fn look_over(folder: &Path, is_wanted: bool, progress: &mut dyn FnMut(usize, &Path)) -> Vec<Finding> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_wanted => {
            return vec![Finding::of_file(folder, io_reason(&error), "a folder with pictures (JPEG, PNG, WebP)")];
        }
        Err(_) => return Vec::new(),
    };
    let count = entries.filter_map(Result::ok).filter(|entry| is_picture(&entry.path())).count();
    let slides = Slides::of(folder);
    let mut findings = Vec::new();
    for (done, file) in slides.files.iter().enumerate() {
        progress(done, file);
        findings.extend(picture_file::open(file).err().map(|why| Finding::of_file(file, why, picture_file::ALLOWED)));
    }
    if count > FILES_MAX {
        findings.push(Finding::of_file(folder, format!("{count} pictures"), format!("at most {FILES_MAX}")));
    }
    if is_wanted && findings.len() >= slides.len() {
        findings.push(Finding::of_file(folder, "no picture that can be shown", "at least one JPEG, PNG or WebP"));
    }
    findings
}

/// How the fade from each picture of a folder to the next one looks to the flash test, by the name of the next. Pictures
/// that cannot be read are left out here as they are on the screen. `progress` is told how many are done and which one is
/// next.
#[must_use]
pub fn fades_between(
    slides: &Slides,
    size: (u32, u32),
    progress: &mut dyn FnMut(usize, &Path),
) -> Vec<(PathBuf, Verdict)> {
    let first = slides.files.iter().take(1);
    let mut before: Option<Picture> = None;
    let mut verdicts = Vec::new();
    for (done, file) in slides.files.iter().chain(first).enumerate() {
        progress(done, file);
        let Ok(picture) = picture_file::open(file) else { continue };
        let picture = Picture::of(Subject::Slide(0), Grade::default(), picture.cut(size), false);
        if let Some(before) = &before {
            let length = fade_for(before, &picture, SLIDE_FADE);
            let glances = FADE_GLANCES.map(|part| {
                let weight = smooth(part as f32 / FADE_GLANCES_LAST as f32);
                let mixed: Vec<u8> =
                    before.pixels().iter().zip(picture.pixels()).map(|(a, b)| mix(*a, *b, weight)).collect();
                Glance::of(length * part / FADE_GLANCES_LAST, size.0, &mixed)
            });
            verdicts.push((file.clone(), flash::look_through(&glances.collect::<Vec<_>>())));
        }
        before = Some(picture);
    }
    verdicts
}

fn mix(before: u8, after: u8, weight: f32) -> u8 {
    let (before, after) = (f32::from(before), f32::from(after));
    (before + (after - before) * weight).round() as u8
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| PICTURE_ENDINGS.contains(&ending.as_str()))
}

/// How long a fade from one picture to another takes at least, so that it stays within our own limit of light: no
/// less than `least`.
#[must_use]
pub fn fade_for(from: &Picture, to: &Picture, least: Duration) -> Duration {
    const POINTS: usize = 64;
    let lights: Vec<[f32; POINTS + 1]> = from
        .cells
        .iter()
        .zip(&to.cells)
        .map(|(before, after)| {
            std::array::from_fn(|point| {
                let weight = smooth(point as f32 / POINTS as f32);
                flash::luminance(std::array::from_fn(|channel| mix(before[channel], after[channel], weight)))
            })
        })
        .collect();
    let counts = (lights.len() as f32 * flash::OUR_AREA).ceil() as usize;
    let is_calm = |length: Duration| {
        let window = ((POINTS as f32 / length.as_secs_f32()).ceil() as usize).clamp(1, POINTS);
        let loud = lights.iter().filter(|light| {
            light.windows(window + 1).any(|seen| (seen[window] - seen[0]).abs() >= 0.9 * flash::OUR_CHANGE)
        });
        loud.count() < counts.max(1)
    };
    let longer = [1.0, 1.5, 2.2, 3.2, 4.5, 6.5, 9.5, 14.0].map(|factor| least.mul_f32(factor));
    longer.into_iter().find(|length| is_calm(*length)).unwrap_or(least.mul_f32(20.0))
}

/// Eased at both ends, 0 to 1.
pub(super) fn smooth(part: f32) -> f32 {
    let part = part.clamp(0.0, 1.0);
    part * part * (3.0 - 2.0 * part)
}

/// Shares the pixels of a small picture with the renderer.
pub(super) fn handle_of(picture: RgbaImage) -> Handle {
    let (width, height) = picture.dimensions();
    Handle::from_rgba(width, height, picture.into_raw())
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, RgbImage};

    use super::*;

    fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn looked_over(folder: &Path, is_wanted: bool) -> Vec<Finding> {
        look_over(folder, is_wanted, &mut |_, _| {})
    }

    fn encoded(width: u32, height: u32, format: image::ImageFormat) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
        DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A PNG that says it is so large and holds nothing.
    fn claims(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = encoded(64, 64, image::ImageFormat::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
        })
    }

    #[test]
    fn huge_broken_and_strange_files_are_named_and_left_out() {
        let jpeg = encoded(300, 200, image::ImageFormat::Jpeg);
        let png = encoded(64, 64, image::ImageFormat::Png);
        let huge = claims(12_000, 9_000);
        let folder = folder_with(&[
            ("a.jpg", &jpeg),
            ("b.PNG", &png),
            ("broken.jpeg", &jpeg[..200]),
            ("huge.png", &huge),
            ("notes.txt", b"x"),
            ("text.webp", b"not a picture"),
            ("tiny.png", &encoded(8, 8, image::ImageFormat::Png)),
        ]);
        let slides = Slides::of(folder.path());
        assert_eq!(slides.len(), 6);
        let lines: Vec<String> = looked_over(folder.path(), true).iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("huge.png") && line.contains("108 megapixels")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("broken.jpeg")));
        for number in 0..7 {
            let shown = slides.print(number, Grade::default(), (160, 100), false).unwrap();
            assert_eq!((shown.width, shown.height, shown.pixels().len()), (160, 100, 64_000));
        }
    }

    #[test]
    fn an_empty_folder_is_a_finding_only_where_pictures_are_wanted() {
        let folder = folder_with(&[]);
        assert!(Slides::of(folder.path()).is_empty());
        assert_eq!(looked_over(folder.path(), true).len(), 1);
        assert_eq!(looked_over(folder.path(), false).len(), 0);
        assert_eq!(looked_over(&folder.path().join("none"), true).len(), 1);
        assert!(Slides::of(&folder.path().join("none")).print(0, Grade::default(), (10, 10), true).is_none());
    }

    #[test]
    fn a_fade_between_like_pictures_is_short_and_one_from_night_to_day_is_long() {
        let subject = Subject::Slide(0);
        let [black, dim, white] = [0, 30, 255].map(|shade| Picture::plain(subject, shade));
        let least = Duration::from_secs(4);
        assert_eq!(fade_for(&black, &dim, least), least);
        let long = fade_for(&black, &white, least);
        assert!(long > Duration::from_secs(25) && long <= Duration::from_secs(80), "{long:?}");
    }

    #[test]
    fn grades_are_steps_and_no_grade_changes_nothing() {
        assert_eq!(Grade::of(0.0, 1.0), Grade::default());
        assert_eq!(Grade::of(0.31, 0.9), Grade { warmth_tenths: 3, grey_tenths: 1 });
        let mut picture = RgbaImage::from_pixel(2, 2, image::Rgba([200, 100, 50, 255]));
        Grade::of(0.0, 0.0).apply(&mut picture);
        let [r, g, b, a] = picture.get_pixel(0, 0).0;
        assert!(r.abs_diff(g) <= 1 && g.abs_diff(b) <= 1 && a == 255);
    }

    #[test]
    fn every_shipped_still_can_be_read() {
        for drawn in Drawn::ALL {
            for hour in TimeOfDay::ALL {
                let look = Look { drawn, hour: *hour, mood_percent: 0 };
                assert!(still(look, Grade::default(), (64, 40), true).is_some(), "{look:?}");
            }
        }
    }
}
