//! Owns baked layers, with their mipmaps and their cache on disk. A baked layer is a picture of what does not move in a
//! place. A damaged cache file counts as missing. Does not own the rendering of the layers.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use iced::wgpu;
use image::codecs::png::{CompressionType, FilterType, PngDecoder, PngEncoder};
use image::{ExtendedColorType, ImageDecoder, ImageEncoder};
use sha2::{Digest, Sha256};

use super::scene_pipeline::FORMAT;
use super::shader::LAYERS_MAX;
use crate::paths::private;

/// Maximum size of the cache, in bytes.
const CACHE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Maximum size of one file in the cache, in bytes.
const FILE_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Maximum length of a layer's side, in pixels.
const SIDE_MAX: u32 = 4096;
const MAGIC: &[u8; 8] = b"STILLYR2";
const DIGEST_BYTES: usize = 32;
const ENDING: &str = "layers";

/// The layers of one variant of a place.
#[derive(Clone, PartialEq, Eq)]
pub struct BakedLayers {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The mip chain of each layer, largest first, as rows of RGBA pixels.
    layers: Vec<Vec<Vec<u8>>>,
}

impl std::fmt::Debug for BakedLayers {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} layers of {}x{}", self.layers.len(), self.width, self.height)
    }
}

impl BakedLayers {
    /// Creates layers of this size from rows of RGBA pixels. Returns `None` if a layer has a different size, or if
    /// there are no pixels.
    #[must_use]
    pub fn new(width: u32, height: u32, layers: Vec<Vec<u8>>) -> Option<Self> {
        let bytes = width as usize * height as usize * 4;
        let is_whole = width > 0 && height > 0 && layers.iter().all(|layer| layer.len() == bytes);
        is_whole.then(|| Self {
            width,
            height,
            layers: layers.into_iter().map(|layer| mip_chain(width, height, layer)).collect(),
        })
    }

    /// Returns the number of layers.
    #[must_use]
    pub fn layer_count(&self) -> u32 {
        self.layers.len() as u32
    }

    /// Creates an empty texture for these layers.
    pub(super) fn create_texture(&self, device: &wgpu::Device) -> wgpu::Texture {
        device.create_texture(&wgpu::TextureDescriptor {
            label: Some("layers"),
            size: wgpu::Extent3d {
                width: self.width,
                height: self.height,
                depth_or_array_layers: self.layer_count().max(1),
            },
            mip_level_count: mip_level_count(self.width, self.height),
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        })
    }

    /// Uploads one layer with its mipmaps.
    pub(super) fn upload(&self, queue: &wgpu::Queue, texture: &wgpu::Texture, layer: u32) {
        let Some(mips) = self.layers.get(layer as usize) else { return };
        for (level, pixels) in (0..).zip(mips) {
            let (width, height) = (mip_side(self.width, level), mip_side(self.height, level));
            queue.write_texture(
                wgpu::TexelCopyTextureInfo {
                    texture,
                    mip_level: level,
                    origin: wgpu::Origin3d { x: 0, y: 0, z: layer },
                    aspect: wgpu::TextureAspect::All,
                },
                pixels,
                wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(width * 4), rows_per_image: Some(height) },
                wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            );
        }
    }

    /// Returns the content of a cache file: a header, each layer as PNG, and the SHA-256 of everything before it.
    fn to_file(&self) -> Option<Vec<u8>> {
        let mut file = MAGIC.to_vec();
        for number in [self.width, self.height, self.layer_count()] {
            file.extend(number.to_le_bytes());
        }
        for layer in &self.layers {
            let mut png = Vec::new();
            PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
                .write_image(layer.first()?, self.width, self.height, ExtendedColorType::Rgba8)
                .ok()?;
            file.extend(u32::try_from(png.len()).ok()?.to_le_bytes());
            file.extend(png);
        }
        let digest = Sha256::digest(&file);
        file.extend(digest);
        Some(file)
    }

    fn from_file(file: &[u8]) -> Option<Self> {
        let (content, digest) = file.split_at_checked(file.len().checked_sub(DIGEST_BYTES)?)?;
        if Sha256::digest(content)[..] != *digest {
            return None;
        }
        let mut rest = content.strip_prefix(MAGIC)?;
        let (width, height, count) = (read_u32(&mut rest)?, read_u32(&mut rest)?, read_u32(&mut rest)?);
        if width > SIDE_MAX || height > SIDE_MAX || count > LAYERS_MAX {
            return None;
        }
        let mut layers = Vec::new();
        for _ in 0..count {
            let length = read_u32(&mut rest)? as usize;
            let (png, after) = rest.split_at_checked(length)?;
            rest = after;
            let decoder = PngDecoder::new(std::io::Cursor::new(png)).ok()?;
            if decoder.dimensions() != (width, height) || decoder.color_type() != image::ColorType::Rgba8 {
                return None;
            }
            let mut pixels = vec![0; width as usize * height as usize * 4];
            decoder.read_image(&mut pixels).ok()?;
            layers.push(pixels);
        }
        Self::new(width, height, layers)
    }
}

fn read_u32(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_le_bytes(*bytes))
}

/// Returns the number of mip levels of a texture down to one pixel.
fn mip_level_count(width: u32, height: u32) -> u32 {
    width.max(height).max(1).ilog2() + 1
}

/// Returns the length of a side at a mip level.
fn mip_side(whole: u32, level: u32) -> u32 {
    (whole >> level).max(1)
}

/// Returns a layer and its mipmaps, largest first.
fn mip_chain(width: u32, height: u32, whole: Vec<u8>) -> Vec<Vec<u8>> {
    let mut mips = vec![whole];
    for level in 1..mip_level_count(width, height) {
        let Some(before) = mips.last() else { break };
        let from = (mip_side(width, level - 1) as usize, mip_side(height, level - 1) as usize);
        let to = (mip_side(width, level) as usize, mip_side(height, level) as usize);
        mips.push(halved(before, from, to));
    }
    mips
}

/// Returns the next smaller mipmap, in which each pixel is the mean of 2 × 2 pixels. `from` and `to` are width and
/// height before and after.
fn halved(pixels: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
    let mut half = Vec::with_capacity(to.0 * to.1 * 4);
    for y in 0..to.1 {
        let rows = [(2 * y).min(from.1 - 1) * from.0, (2 * y + 1).min(from.1 - 1) * from.0];
        for x in 0..to.0 {
            let columns = [(2 * x).min(from.0 - 1), (2 * x + 1).min(from.0 - 1)];
            for channel in 0..4 {
                let sum: u32 = rows
                    .iter()
                    .flat_map(|row| columns.iter().map(move |column| u32::from(pixels[(row + column) * 4 + channel])))
                    .sum();
                half.push(((sum + 2) / 4) as u8);
            }
        }
    }
    half
}

/// The cache of baked layers, which is a folder with a file for each variant and size of a place.
#[derive(Clone, Debug)]
pub struct LayerCache {
    folder: PathBuf,
}

impl LayerCache {
    /// Creates a cache in `folder`. The folder itself is created when the first layers are stored.
    #[must_use]
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Loads the layers from the file called `name`. Returns `None` if the file is missing or damaged.
    #[must_use]
    pub fn load(&self, name: &str) -> Option<BakedLayers> {
        let path = self.folder.join(name);
        let file = private::read_limited(&path, FILE_BYTES_MAX).ok().flatten()?;
        let baked = BakedLayers::from_file(&file);
        if baked.is_some() {
            // The time of use is recorded, because trimming removes the least recently used files. If it cannot be
            // recorded, the file may be removed too early, and its layers are then baked again.
            drop(File::open(&path).and_then(|file| file.set_modified(SystemTime::now())));
        } else {
            tracing::info!("{}: baked layers were damaged and are baked again", path.display());
        }
        baked
    }

    /// Stores layers, and removes the least recently used files beyond the cache's maximum size. Layers that cannot be
    /// stored are baked again next time.
    pub fn store(&self, name: &str, baked: &BakedLayers) {
        let Some(file) = baked.to_file().filter(|file| file.len() <= FILE_BYTES_MAX) else { return };
        let stored =
            private::make_dir(&self.folder).and_then(|()| private::write_atomic(&self.folder.join(name), &file));
        if let Err(error) = stored {
            tracing::info!(%error, "baked layers could not be stored and will be baked again");
            return;
        }
        self.trim(CACHE_BYTES_MAX);
    }

    fn trim(&self, bytes_max: u64) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter(|entry| is_cache_file(&entry.path()))
            .filter_map(|entry| {
                let about = entry.metadata().ok()?;
                Some((about.modified().ok()?, about.len(), entry.path()))
            })
            .collect();
        files.sort_by(|a, b| b.cmp(a));
        let mut bytes = 0;
        for (_, length, path) in files {
            bytes += length;
            if bytes > bytes_max {
                drop(fs::remove_file(path));
            }
        }
    }
}

fn is_cache_file(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == ENDING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baked(shade: u8) -> BakedLayers {
        let layer = |index: u8| (0..13 * 7 * 4).map(|at| (at % 251) as u8 ^ index ^ shade).collect();
        BakedLayers::new(13, 7, vec![layer(0), layer(9)]).unwrap()
    }

    #[test]
    fn layers_load_bit_identical_and_a_damaged_file_does_not_load() {
        let folder = tempfile::tempdir().unwrap();
        let cache = LayerCache::in_folder(folder.path().join("cache/places"));
        assert_eq!(cache.load("a.layers"), None);
        cache.store("a.layers", &baked(1));
        assert_eq!(cache.load("a.layers"), Some(baked(1)));
        let path = folder.path().join("cache/places/a.layers");
        let whole = fs::read(&path).unwrap();
        for (length, flipped) in
            [(whole.len() - 1, 0), (whole.len() / 2, 0), (0, 0), (whole.len(), 40), (whole.len(), 3)]
        {
            let mut broken = whole[..length].to_vec();
            if let Some(byte) = broken.get_mut(flipped) {
                *byte ^= 0x10;
            }
            fs::write(&path, &broken).unwrap();
            assert_eq!(cache.load("a.layers"), None, "{length} {flipped}");
        }
        cache.store("a.layers", &baked(2));
        assert_eq!(cache.load("a.layers"), Some(baked(2)));
    }

    #[test]
    fn the_cache_stays_within_its_size_and_keeps_what_was_used_last() {
        let folder = tempfile::tempdir().unwrap();
        let cache = LayerCache::in_folder(folder.path().to_owned());
        fs::write(folder.path().join("not-ours.txt"), "x").unwrap();
        let length = baked(0).to_file().unwrap().len() as u64;
        for (age, name) in [(30, "a.layers"), (20, "b.layers"), (10, "c.layers")] {
            cache.store(name, &baked(0));
            let then = SystemTime::now() - std::time::Duration::from_secs(age);
            File::open(folder.path().join(name)).unwrap().set_modified(then).unwrap();
        }
        assert!(cache.load("a.layers").is_some());
        cache.trim(2 * length);
        assert!(cache.load("a.layers").is_some() && cache.load("c.layers").is_some());
        assert!(cache.load("b.layers").is_none());
        assert!(folder.path().join("not-ours.txt").exists());
    }

    #[test]
    fn mipmaps_go_down_to_one_pixel_and_keep_the_mean() {
        let mips = mip_chain(5, 3, vec![100; 5 * 3 * 4]);
        assert_eq!(mips.iter().map(Vec::len).collect::<Vec<_>>(), [60, 8, 4]);
        assert!(mips.iter().flatten().all(|value| *value == 100));
        let step: Vec<u8> = [0, 100].iter().flat_map(|value| [*value; 4]).collect();
        assert_eq!(mip_chain(2, 1, step)[1], [50; 4]);
        assert!(BakedLayers::new(2, 2, vec![vec![0; 3]]).is_none());
    }
}
