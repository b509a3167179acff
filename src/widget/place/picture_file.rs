//! Owns the decoding of the clinic's picture files. It checks that a file is complete, limits the memory for decoding,
//! and applies the orientation that the camera recorded. Also owns the cropping of every picture. Does not own the
//! choice of the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, GenericImageView, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage,
};

use crate::findings::io_reason;

/// Number of pixels at or above which a picture is rejected.
pub const PIXELS_MAX: u64 = 25_000_000;
/// Maximum memory for decoding one picture, in bytes.
pub const MEMORY_BYTES_MAX: u64 = 160_000_000;
/// The requirements for a picture, as a finding about a rejected picture states them.
pub const ALLOWED: &str = "a whole JPEG, PNG or WebP, below 25 megapixels, that takes at most 160 MB of memory to show; a smaller one shows \
     as well, since no screen has as many pixels";
/// Minimum length of a picture's shorter side, in pixels.
const SIDE_MIN: u32 = 64;
/// Bytes per decoded pixel.
const PIXEL_BYTES: u64 = 3;
/// Bytes per pixel that the WebP decoder needs in addition to its output.
const WEBP_PIXEL_BYTES: u64 = 4;
/// Bytes per coefficient, for a JPEG whose coefficients the decoder keeps in memory, such as a progressive one.
const COEFFICIENT_BYTES: u64 = 2;

/// A decoded picture.
#[derive(Debug)]
pub struct DecodedPicture {
    pixels: RgbImage,
    orientation: Orientation,
}

/// Decodes a file.
///
/// # Errors
/// If the file cannot be read or is not a picture that can be shown. The error says what is wrong, without the file's
/// name.
pub fn decode(file: &Path) -> Result<DecodedPicture, String> {
    let failed = |error: &io::Error| io_reason(error);
    // Only regular files are opened, because opening a named pipe would block until another program writes to it.
    let metadata = std::fs::metadata(file).map_err(|error| failed(&error))?;
    if !metadata.is_file() {
        return Err("no file".to_owned());
    }
    let reader = ImageReader::open(file).and_then(ImageReader::with_guessed_format);
    let mut reader = reader.map_err(|error| failed(&error))?;
    let format = reader.format();
    let mut working_bytes = 0;
    if format == Some(ImageFormat::Jpeg) {
        let markers = File::open(file).and_then(|file| JpegMarkers::read(&mut BufReader::new(file)));
        let markers = markers.map_err(|error| failed(&error))?;
        if !markers.has_end {
            return Err("cut short: its end is missing".to_owned());
        }
        working_bytes += markers.coefficient_bytes;
    }
    // Every decoder except that for PNG reads the whole file first.
    if format != Some(ImageFormat::Png) {
        working_bytes += metadata.len();
    }
    if metadata.len() > MEMORY_BYTES_MAX {
        return Err(format!("{} MB", metadata.len() / 1_000_000));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_BYTES_MAX);
    reader.limits(limits);
    let unreadable = |error: image::ImageError| format!("cannot be decoded: {error}");
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    working_bytes += decoder.total_bytes();
    if decoder.color_type() != ColorType::Rgb8 {
        working_bytes += pixels * PIXEL_BYTES;
    }
    if format == Some(ImageFormat::WebP) {
        working_bytes += pixels * WEBP_PIXEL_BYTES;
    }
    if pixels >= PIXELS_MAX || working_bytes > MEMORY_BYTES_MAX {
        return Err(format!(
            "{width}x{height}, {} megapixels, which take {} MB",
            pixels / 1_000_000,
            working_bytes / 1_000_000
        ));
    }
    if width.min(height) < SIDE_MIN {
        return Err(format!("{width}x{height}, too small for a screen"));
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    Ok(DecodedPicture { pixels: picture.into_rgb8(), orientation })
}

impl DecodedPicture {
    /// Returns the picture in the orientation that the camera recorded, cropped around its centre and scaled to this
    /// size as by [`crop_to_fill`].
    pub fn crop_to_fill(self, (across, down): (u32, u32)) -> RgbaImage {
        // The picture is rotated after it has been scaled down, because rotating needs memory for a second copy.
        let is_sideways = matches!(
            self.orientation,
            Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
        );
        let size = if is_sideways { (down, across) } else { (across, down) };
        let mut small = DynamicImage::ImageRgba8(crop_to_fill(&self.pixels, size, [0.5, 0.5]));
        small.apply_orientation(self.orientation);
        small.into_rgba8()
    }
}

/// Returns the largest part of a picture with the aspect ratio of `size`, scaled to `size`. The point `focus`, in
/// fractions of the picture's width and height, has the same relative position in the result.
pub fn crop_to_fill(pixels: &RgbImage, size: (u32, u32), focus: [f32; 2]) -> RgbaImage {
    let (width, height) = pixels.dimensions();
    let (across, down) = (size.0.max(1), size.1.max(1));
    let part_width = (u64::from(height) * u64::from(across) / u64::from(down)).clamp(1, u64::from(width)) as u32;
    let part_height = (u64::from(width) * u64::from(down) / u64::from(across)).clamp(1, u64::from(height)) as u32;
    let [left, top] = [(width - part_width, focus[0]), (height - part_height, focus[1])]
        .map(|(spare, share)| (spare as f32 * share.clamp(0.0, 1.0)) as u32);
    let part = pixels.view(left, top, part_width, part_height);
    let scaled: RgbImage = if (part_width, part_height) == (across, down) {
        part.to_image()
    } else if part_width > across * 2 {
        // For a picture that is much larger than needed, averaging is quick and does not alias.
        imageops::thumbnail(&*part, across, down)
    } else {
        let filter = if part_width < across { FilterType::CatmullRom } else { FilterType::Triangle };
        imageops::resize(&*part, across, down, filter)
    };
    DynamicImage::ImageRgb8(scaled).into_rgba8()
}

/// What the markers of a JPEG say about the file. The decoder fills the missing end of a truncated file with grey, so
/// this program has to look for the end marker.
#[derive(Debug, Default, PartialEq, Eq)]
struct JpegMarkers {
    has_end: bool,
    /// Memory that the decoder needs for coefficients, in bytes; 0 for a baseline JPEG with a single scan, which is
    /// decoded row by row.
    coefficient_bytes: u64,
}

impl JpegMarkers {
    fn read(file: &mut impl BufRead) -> io::Result<Self> {
        let mut markers = Self::default();
        match markers.walk(file) {
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
            Ok(()) | Err(_) => Ok(markers),
        }
    }

    fn walk(&mut self, file: &mut impl BufRead) -> io::Result<()> {
        let (mut all_bytes, mut scans, mut is_progressive) = (0, 0, false);
        loop {
            file.skip_until(0xFF)?;
            let mut code = 0xFF;
            while code == 0xFF {
                [code] = bytes(file)?;
            }
            let length = match code {
                // These are a stuffed byte of the image data, and markers without a segment.
                0x00 | 0x01 | 0xD0..=0xD8 => continue,
                0xD9 => {
                    self.has_end = true;
                    return Ok(());
                }
                _ => u64::from(u16::from_be_bytes(bytes(file)?)).saturating_sub(2),
            };
            let mut segment = Vec::new();
            let is_frame = matches!(code, 0xC0..=0xCF) && !matches!(code, 0xC4 | 0xC8 | 0xCC);
            if is_frame {
                file.by_ref().take(length).read_to_end(&mut segment)?;
                is_progressive = matches!(code, 0xC2 | 0xC6 | 0xCA | 0xCE);
                all_bytes = coefficient_bytes(&segment).unwrap_or(0);
            } else {
                io::copy(&mut file.by_ref().take(length), &mut io::sink())?;
            }
            scans += u32::from(code == 0xDA);
            if is_progressive || scans > 1 {
                self.coefficient_bytes = all_bytes;
            }
        }
    }
}

/// Computes the memory for the coefficients of a JPEG from its frame header, in bytes. A JPEG has one coefficient for
/// each sample of each component.
fn coefficient_bytes(segment: &[u8]) -> Option<u64> {
    let side = |at: usize| Some(u64::from(u16::from_be_bytes(segment.get(at..at + 2)?.try_into().ok()?)));
    let (height, width) = (side(1)?, side(3)?);
    let factors = segment.get(6..)?.chunks_exact(3).map(|component| (component[1] >> 4, component[1] & 15));
    let (mut most_across, mut most_down, mut parts) = (1, 1, 0);
    for (across, down) in factors.map(|(across, down)| (u64::from(across), u64::from(down))) {
        (most_across, most_down, parts) = (across.max(most_across), down.max(most_down), parts + across * down);
    }
    Some(COEFFICIENT_BYTES * width * height * parts / (most_across * most_down))
}

fn bytes<const COUNT: usize>(file: &mut impl Read) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 256) as u8, (y % 251) as u8, 90]));
        DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn opened(bytes: &[u8]) -> Result<DecodedPicture, String> {
        let folder = tempfile::tempdir().unwrap();
        // The file has no extension, because the format is guessed from the content.
        let file = folder.path().join("picture");
        std::fs::write(&file, bytes).unwrap();
        decode(&file)
    }

    #[test]
    fn a_file_truncated_anywhere_is_rejected() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let whole = encoded(300, 200, format);
            assert!(opened(&whole).is_ok(), "{format:?}");
            let mut trailing = whole.clone();
            trailing.extend_from_slice(b"what phones append to their pictures");
            assert!(opened(&trailing).is_ok(), "{format:?} with trailing bytes");
            let cuts = (0..64).map(|part| whole.len() * part / 64).chain([whole.len() - 14]);
            for length in cuts {
                assert!(opened(&whole[..length]).is_err(), "{format:?} cut to {length} of {}", whole.len());
            }
        }
        let whole = encoded(300, 200, ImageFormat::Jpeg);
        for length in whole.len() - 300..whole.len() {
            assert!(opened(&whole[..length]).is_err(), "cut to {length} of {}", whole.len());
        }
    }

    #[test]
    fn the_end_marker_of_an_embedded_thumbnail_does_not_count() {
        let whole = encoded(300, 200, ImageFormat::Jpeg);
        let small = encoded(64, 64, ImageFormat::Jpeg);
        let length = u16::try_from(small.len() + 2).unwrap().to_be_bytes();
        // Cameras embed a whole JPEG in a segment before the image data.
        let with_small = [&whole[..2], &[0xFF, 0xE1], &length, &small, &whole[2..]].concat();
        assert!(opened(&with_small).is_ok());
        assert!(opened(&with_small[..with_small.len() / 2]).is_err());
    }

    #[test]
    fn the_memory_of_a_large_picture_is_computed() {
        let jpeg = |width: u16, height: u16, frame: u8, factors: [u8; 3]| {
            let mut segment = vec![0xFF, 0xD8, 0xFF, frame, 0, 17, 8];
            segment.extend(height.to_be_bytes().into_iter().chain(width.to_be_bytes()).chain([3]));
            segment.extend(factors.into_iter().zip(1..).flat_map(|(factors, number)| [number, factors, 0]));
            segment.extend([0xFF, 0xDA, 0, 2, 0xFF, 0x00, 0xFF, 0xD7, 7, 0xFF, 0xD9]);
            JpegMarkers::read(&mut &segment[..]).unwrap()
        };
        let (half, full) = ([0x22, 0x11, 0x11], [0x11, 0x11, 0x11]);
        let told = |coefficient_bytes| JpegMarkers { has_end: true, coefficient_bytes };
        assert_eq!(jpeg(6_000, 4_000, 0xC0, half), told(0));
        assert_eq!(jpeg(6_000, 4_000, 0xC2, half), told(72_000_000));
        assert_eq!(jpeg(6_000, 4_000, 0xC2, full), told(144_000_000));
        let many = opened(&encoded(5_100, 5_000, ImageFormat::Jpeg)).unwrap_err();
        assert!(many.starts_with("5100x5000, 25 megapixels, which take "), "{many}");
    }

    #[test]
    fn decoding_a_large_picture_stays_within_its_memory() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("large.jpg");
        std::fs::write(&file, encoded(6_000, 4_000, ImageFormat::Jpeg)).unwrap();
        let taken = allocation_counter::measure(|| {
            let small = decode(&file).unwrap().crop_to_fill((1_280, 800));
            assert_eq!(small.dimensions(), (1_280, 800));
        });
        assert!(taken.bytes_max <= MEMORY_BYTES_MAX, "{} MB", taken.bytes_max / 1_000_000);
    }

    #[test]
    fn a_picture_of_any_shape_fills_the_window_in_its_orientation() {
        for (width, height) in [(300, 100), (100, 300), (160, 100), (1600, 1000), (80, 64)] {
            let small = crop_to_fill(&RgbImage::new(width, height), (160, 100), [0.5, 0.5]);
            assert_eq!(small.dimensions(), (160, 100));
        }
        // The picture is dark on the left and bright on the right. Rotated, it is dark at the top.
        let pixels = RgbImage::from_fn(400, 300, |x, _| image::Rgb([(x / 2) as u8; 3]));
        let turned = DecodedPicture { pixels, orientation: Orientation::Rotate90 }.crop_to_fill((160, 100));
        assert_eq!(turned.dimensions(), (160, 100));
        assert!(turned.get_pixel(80, 5).0[0] < 90 && turned.get_pixel(80, 95).0[0] > 110);
        assert_eq!(turned.get_pixel(5, 50), turned.get_pixel(155, 50));
    }
}
