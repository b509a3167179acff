//! Owns the pictures of places on the page: each still as a small JPEG, made when a browser first asks for it, and kept
//! in memory. Does not own the stills, or the choice of the picture that a page shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;

use axum::body::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, imageops};
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};

use crate::vocabulary::place::{Place, TimeOfDay};

/// Maximum width of a picture, in pixels. A picture is never wider than its still.
const WIDTH: u32 = 720;
/// JPEG quality, 1 to 100.
const QUALITY: u8 = 80;
/// Number of bytes of the still's digest that are part of a picture's file name.
const DIGEST_BYTES: usize = 6;

/// A place at a time of day, as the tablet shows it.
#[derive(Clone, Copy, Debug)]
pub struct PlaceStill {
    /// The place.
    pub place: Place,
    /// The time of day.
    pub time: TimeOfDay,
    /// The picture as a JPEG file.
    pub jpeg: &'static [u8],
}

/// The addresses of all pictures, keyed by the name of the place and then by that of the time of day.
pub(in crate::desk) type PictureAddresses = BTreeMap<&'static str, BTreeMap<&'static str, String>>;

/// The pictures of a desk.
#[derive(Debug)]
pub(in crate::desk) struct PlacePictures {
    /// The pictures, keyed by file name.
    pictures: BTreeMap<String, PlacePicture>,
    /// Pictures are made one at a time, since the tablet also runs the room.
    turn: Semaphore,
}

#[derive(Debug)]
struct PlacePicture {
    still: PlaceStill,
    /// `None` if the still cannot be decoded.
    small: OnceCell<Option<Bytes>>,
}

impl PlacePictures {
    /// Names every picture by its still's content, so that a browser may keep it forever.
    pub(super) fn new(stills: &[PlaceStill]) -> Self {
        let named = |still: &PlaceStill| (file_name(still), PlacePicture { still: *still, small: OnceCell::new() });
        Self { pictures: stills.iter().map(named).collect(), turn: Semaphore::new(1) }
    }

    pub(in crate::desk) fn addresses(&self) -> PictureAddresses {
        let mut addresses = PictureAddresses::new();
        for (name, PlacePicture { still, .. }) in &self.pictures {
            addresses.entry(still.place.name()).or_default().insert(still.time.name(), format!("/places/{name}"));
        }
        addresses
    }

    /// Returns the JPEG file of that name; `None` if there is no such picture, or its still cannot be decoded.
    pub(super) async fn get(&self, name: &str) -> Option<Bytes> {
        let picture = self.pictures.get(name)?;
        picture.small.get_or_init(|| self.make(picture.still.jpeg)).await.clone()
    }

    async fn make(&self, jpeg: &'static [u8]) -> Option<Bytes> {
        let _turn = self.turn.acquire().await.ok()?;
        tokio::task::spawn_blocking(move || small_jpeg(jpeg)).await.ok().flatten()
    }
}

fn file_name(still: &PlaceStill) -> String {
    let mut name = format!("{}-{}-", still.place.name(), still.time.name());
    for byte in Sha256::digest(still.jpeg).iter().take(DIGEST_BYTES) {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name + ".jpg"
}

fn small_jpeg(jpeg: &[u8]) -> Option<Bytes> {
    let still = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg).ok()?.into_rgb8();
    let width = still.width().min(WIDTH);
    let height = (u64::from(still.height()) * u64::from(width) / u64::from(still.width().max(1))).max(1);
    let small = imageops::thumbnail(&still, width, u32::try_from(height).ok()?);
    let mut file = Cursor::new(Vec::new());
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut file, QUALITY)).ok()?;
    Some(file.into_inner().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg_of(shade: u8) -> &'static [u8] {
        let mut file = Cursor::new(Vec::new());
        image::RgbImage::from_pixel(1_440, 900, image::Rgb([shade; 3])).write_to(&mut file, ImageFormat::Jpeg).unwrap();
        file.into_inner().leak()
    }

    #[tokio::test]
    async fn a_picture_is_small_and_its_name_changes_with_its_still() {
        let still = |jpeg| PlaceStill { place: Place::Beach, time: TimeOfDay::Dusk, jpeg };
        let address_of = |jpeg| PlacePictures::new(&[still(jpeg)]).addresses()["beach"]["dusk"].clone();
        let (light, dark) = (jpeg_of(200), jpeg_of(20));
        assert_ne!(address_of(light), address_of(dark));
        assert_eq!(address_of(light), address_of(light));
        let pictures = PlacePictures::new(&[still(light)]);
        let name = address_of(light).replace("/places/", "");
        let small = image::load_from_memory(&pictures.get(&name).await.unwrap()).unwrap();
        assert_eq!((small.width(), small.height()), (720, 450));
        assert!(pictures.get("beach-dusk.jpg").await.is_none());
        let damaged = PlacePictures::new(&[still(&light[..90])]);
        let name = damaged.addresses()["beach"]["dusk"].replace("/places/", "");
        assert!(damaged.get(&name).await.is_none());
    }
}
