//! Owns still pictures in memory, both the shipped stills and the clinic's own pictures. They are decoded, cropped to
//! the size of the window and, where no shader runs, provided with the glow of the breath. Also owns the check of the
//! clinic's folder. Does not own the time at which a picture is shown.

use std::path::{Path, PathBuf};

use iced::widget::image::Handle;
use image::{RgbaImage, imageops};

use super::SceneVariant;
use super::flash;
use super::glow::{self, BreathGlow};
use super::picture_file::{self, crop_to_fill};
use super::picture_source::{ColorGrade, PictureSource};
use super::shader::PlaceShader;
use crate::findings::{Finding, io_reason};
use crate::vocabulary::place::TimeOfDay;

/// File extensions of the clinic's own pictures.
pub const PICTURE_EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// Maximum number of pictures that are shown from a folder. If the folder has more, a log line and a finding say so.
pub const FILES_MAX: usize = 500;

/// A still picture, cropped to the size of the window.
#[derive(Clone, Debug)]
pub struct StillImage {
    /// What the picture shows.
    pub source: PictureSource,
    /// The colour grade that has been applied to the pixels.
    pub grade: ColorGrade,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The pixels in the form that iced shares with its renderer.
    pub handle: Handle,
    /// The glow of the breath over the picture; `None` if a shader draws the glow.
    pub glow: Option<BreathGlow>,
    /// Mean colour of each cell of the flash test's grid, from which a calm crossfade is computed.
    pub(super) cell_colors: Vec<[u8; 3]>,
}

impl StillImage {
    pub(super) fn new(source: PictureSource, grade: ColorGrade, mut pixels: RgbaImage, with_glow: bool) -> Self {
        grade.apply(&mut pixels);
        let (width, height) = pixels.dimensions();
        let glow = with_glow.then(|| glow::glow_over(source, &pixels));
        let cell_colors = cell_colors_of(&pixels);
        let handle = Handle::from_rgba(width, height, pixels.into_raw());
        Self { source, grade, width, height, handle, glow, cell_colors }
    }

    /// Returns the picture as rows of RGBA pixels.
    pub(super) fn pixels(&self) -> &[u8] {
        match &self.handle {
            Handle::Rgba { pixels, .. } => pixels,
            Handle::Path(..) | Handle::Bytes(..) => &[],
        }
    }

    /// Creates a picture of one shade of grey, for tests.
    #[cfg(test)]
    pub(super) fn plain(source: PictureSource, shade: u8) -> Self {
        Self::new(
            source,
            ColorGrade::default(),
            RgbaImage::from_pixel(64, 40, image::Rgba([shade, shade, shade, 255])),
            false,
        )
    }
}

fn cell_colors_of(pixels: &RgbaImage) -> Vec<[u8; 3]> {
    let small = imageops::thumbnail(pixels, flash::COLUMNS as u32, flash::ROWS as u32);
    small.pixels().map(|pixel| [pixel.0[0], pixel.0[1], pixel.0[2]]).collect()
}

/// Loads the shipped still of a variant. Returns `None` only if the embedded file is damaged.
pub(super) fn load_still(
    variant: SceneVariant,
    grade: ColorGrade,
    size: (u32, u32),
    with_glow: bool,
) -> Option<StillImage> {
    let file = embedded_still(variant.shader, variant.hour);
    let picture = image::load_from_memory_with_format(file, image::ImageFormat::Jpeg).ok()?;
    let focus = variant.shader.focus(size.0 as f32 / size.1.max(1) as f32);
    let part = crop_to_fill(&picture.into_rgb8(), size, focus);
    Some(StillImage::new(PictureSource::Still(variant), grade, part, with_glow))
}

/// Returns the shipped still of a place at a time of day, as JPEG. The stills are embedded in the program, so a room
/// without its media folder still has its places. Pages of the executable that are not read take no memory.
#[must_use]
pub fn embedded_still(shader: PlaceShader, hour: TimeOfDay) -> &'static [u8] {
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
    match shader {
        PlaceShader::Beach => hours!("beach"),
        PlaceShader::Forest => hours!("forest"),
        PlaceShader::QuietRoom => hours!("quiet-room"),
        PlaceShader::NightSky => hours!("night-sky"),
        PlaceShader::MountainLake => hours!("mountain-lake"),
        PlaceShader::DriftingColour => hours!("drifting-colour"),
    }
}

/// The clinic's own pictures: the picture files of a folder, sorted by name.
#[derive(Clone, Debug, Default)]
pub struct SlideFolder {
    files: Vec<PathBuf>,
}

impl SlideFolder {
    /// Lists the picture files of a folder, sorted by path, up to [`FILES_MAX`]. A picture file is recognised by its
    /// extension. If the folder cannot be read, the list is empty.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
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

    /// Returns whether there are no pictures.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Returns the number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Loads the picture with this number, or the next picture that can be read. Returns `None` if no picture can be
    /// read.
    pub(super) fn load(&self, number: u32, grade: ColorGrade, size: (u32, u32), with_glow: bool) -> Option<StillImage> {
        let count = self.files.len();
        (0..count).find_map(|skipped| {
            let file = &self.files[(number as usize + skipped) % count];
            match picture_file::decode(file) {
                Ok(picture) => {
                    Some(StillImage::new(PictureSource::Slide(number), grade, picture.crop_to_fill(size), with_glow))
                }
                Err(why) => {
                    tracing::warn!("{}: {why}; the picture is left out", file.display());
                    None
                }
            }
        })
    }
}

/// Checks every picture of a folder and reports those that cannot be shown. `is_wanted` says that a profile uses the
/// pictures; a missing folder or one without a usable picture is then also a finding. `progress` receives the number of
/// files done and the next file.
#[must_use]
pub fn check_folder(folder: &Path, is_wanted: bool, progress: &mut dyn FnMut(usize, &Path)) -> Vec<Finding> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_wanted => {
            return vec![Finding::of_file(folder, io_reason(&error), "a folder with pictures (JPEG, PNG, WebP)")];
        }
        Err(_) => return Vec::new(),
    };
    let count = entries.filter_map(Result::ok).filter(|entry| is_picture(&entry.path())).count();
    let slides = SlideFolder::open(folder);
    let mut findings = Vec::new();
    for (done, file) in slides.files.iter().enumerate() {
        progress(done, file);
        findings.extend(picture_file::decode(file).err().map(|why| Finding::of_file(file, why, picture_file::ALLOWED)));
    }
    let unusable = findings.len();
    if count > FILES_MAX {
        findings.push(Finding::of_file(folder, format!("{count} pictures"), format!("at most {FILES_MAX}")));
    }
    if is_wanted && unusable == slides.len() {
        findings.push(Finding::of_file(folder, "no picture that can be shown", "at least one JPEG, PNG or WebP"));
    }
    findings
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| PICTURE_EXTENSIONS.contains(&extension.as_str()))
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, RgbImage};

    use super::*;
    use crate::vocabulary::place::PictureBox;

    fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn findings_in(folder: &Path, is_wanted: bool) -> Vec<Finding> {
        check_folder(folder, is_wanted, &mut |_, _| {})
    }

    fn encoded(width: u32, height: u32, format: image::ImageFormat) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
        DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// Creates a PNG whose header claims this size, although the pixels are of another size.
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
    fn files_that_are_huge_damaged_or_not_pictures_are_reported_and_skipped() {
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
        let slides = SlideFolder::open(folder.path());
        assert_eq!(slides.len(), 6);
        let lines: Vec<String> = findings_in(folder.path(), true).iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 4, "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("huge.png") && line.contains("108 megapixels")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("broken.jpeg")));
        for number in 0..7 {
            let shown = slides.load(number, ColorGrade::default(), (160, 100), false).unwrap();
            assert_eq!((shown.width, shown.height, shown.pixels().len()), (160, 100, 64_000));
        }
    }

    #[test]
    fn an_empty_folder_is_a_finding_only_where_pictures_are_wanted() {
        let folder = folder_with(&[]);
        assert!(SlideFolder::open(folder.path()).is_empty());
        assert_eq!(findings_in(folder.path(), true).len(), 1);
        assert_eq!(findings_in(folder.path(), false).len(), 0);
        assert_eq!(findings_in(&folder.path().join("none"), true).len(), 1);
        assert!(
            SlideFolder::open(&folder.path().join("none")).load(0, ColorGrade::default(), (10, 10), true).is_none()
        );
    }

    #[test]
    fn too_many_pictures_do_not_count_as_pictures_that_cannot_be_shown() {
        let folder = folder_with(&[("a.png", &encoded(64, 64, image::ImageFormat::Png))]);
        for number in 0..FILES_MAX {
            std::fs::write(folder.path().join(format!("b{number}.png")), b"not a picture").unwrap();
        }
        let without = "no picture that can be shown";
        let found = |folder: &Path| findings_in(folder, true).iter().any(|finding| finding.found.contains(without));
        assert!(!found(folder.path()), "one of the first {FILES_MAX} can be shown");
        std::fs::remove_file(folder.path().join("a.png")).unwrap();
        assert!(found(folder.path()));
    }

    #[test]
    fn the_light_of_every_still_lies_in_its_focal_box_and_words_stand_where_it_is_darker() {
        const SIZE: (u32, u32) = (320, 200);
        let aspect = SIZE.0 as f32 / SIZE.1 as f32;
        let light_in = |still: &StillImage, part: PictureBox| {
            let inside = |place: u32, length: u32, from: f32, to: f32| {
                let share = (place as f32 + 0.5) / length as f32;
                from <= share && share < to
            };
            let pixels = (0..).zip(still.pixels().chunks_exact(4)).filter(|(index, _)| {
                inside(index % SIZE.0, SIZE.0, part.left, part.right)
                    && inside(index / SIZE.0, SIZE.1, part.top, part.bottom)
            });
            let lights: Vec<f32> = pixels.map(|(_, rgba)| flash::luminance([rgba[0], rgba[1], rgba[2]])).collect();
            lights.iter().sum::<f32>() / lights.len() as f32
        };
        for shader in PlaceShader::ALL {
            for hour in TimeOfDay::ALL {
                if shader == PlaceShader::QuietRoom && matches!(hour, TimeOfDay::Dawn | TimeOfDay::Day) {
                    // At dawn and by day, the room's window is brighter than its fire, which is in the focal box.
                    continue;
                }
                let variant = SceneVariant { shader, hour: *hour, mood_percent: 0 };
                let still = load_still(variant, ColorGrade::default(), SIZE, false).unwrap();
                let focal = light_in(&still, shader.place().focal_box(aspect).unwrap());
                let quiet = light_in(&still, shader.place().quiet_box(aspect));
                assert!(focal > quiet, "{variant:?}: {focal} where nothing may cover it, {quiet} where words stand");
            }
        }
    }

    #[test]
    fn every_shipped_still_can_be_read() {
        for shader in PlaceShader::ALL {
            for hour in TimeOfDay::ALL {
                let variant = SceneVariant { shader, hour: *hour, mood_percent: 0 };
                assert!(load_still(variant, ColorGrade::default(), (64, 40), true).is_some(), "{variant:?}");
            }
        }
    }
}
