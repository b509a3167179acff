//! Owns the mapping from place to shader, the source of each shader and the number of layers that it declares, and the
//! file names of cached layers. Does not own the running of a shader.

use sha2::{Digest, Sha256};

use super::SceneVariant;
use crate::vocabulary::place::{PictureBox, Place};

/// The shader of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceShader {
    /// Waves on sand.
    Beach,
    /// Light through leaves.
    Forest,
    /// A room with a hearth.
    QuietRoom,
    /// Stars.
    NightSky,
    /// Mist on a lake.
    MountainLake,
    /// Drifting colours.
    DriftingColour,
}

/// Maximum number of layers that a shader may bake.
pub const LAYERS_MAX: u32 = 6;
/// Start of the line in which a shader declares the number of its layers.
const LAYERS_LINE: &str = "// layers:";

impl PlaceShader {
    /// All shaders.
    pub const ALL: [Self; 6] =
        [Self::Beach, Self::Forest, Self::QuietRoom, Self::NightSky, Self::MountainLake, Self::DriftingColour];

    /// Returns the shader of a place. The clinic's own pictures and the dark have none.
    #[must_use]
    pub const fn of(place: Place) -> Option<Self> {
        match place {
            Place::Beach => Some(Self::Beach),
            Place::Forest => Some(Self::Forest),
            Place::QuietRoom => Some(Self::QuietRoom),
            Place::NightSky => Some(Self::NightSky),
            Place::MountainLake => Some(Self::MountainLake),
            Place::DriftingColour => Some(Self::DriftingColour),
            Place::Pictures | Place::Dark => None,
        }
    }

    /// Returns the place that this shader draws.
    #[must_use]
    pub const fn place(self) -> Place {
        match self {
            Self::Beach => Place::Beach,
            Self::Forest => Place::Forest,
            Self::QuietRoom => Place::QuietRoom,
            Self::NightSky => Place::NightSky,
            Self::MountainLake => Place::MountainLake,
            Self::DriftingColour => Place::DriftingColour,
        }
    }

    /// Returns the name of the shader's place, as it is used in file names and profiles.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.place().name()
    }

    /// Returns the centre of the place's focal box, as fractions of the width and height of a picture with this aspect
    /// ratio.
    #[must_use]
    pub fn focus(self, aspect: f32) -> [f32; 2] {
        self.place().focal_box(aspect).map_or([0.5, 0.5], PictureBox::center)
    }

    /// Returns the place's WGSL source, preceded by `dimming.wgsl`, which it uses.
    #[must_use]
    pub const fn source(self) -> &'static str {
        macro_rules! dimmable {
            ($file:literal) => {
                concat!(include_str!("dimming.wgsl"), include_str!($file))
            };
        }
        match self {
            Self::Beach => dimmable!("beach.wgsl"),
            Self::Forest => dimmable!("forest.wgsl"),
            Self::QuietRoom => dimmable!("quiet_room.wgsl"),
            Self::NightSky => dimmable!("night_sky.wgsl"),
            Self::MountainLake => dimmable!("mountain_lake.wgsl"),
            Self::DriftingColour => dimmable!("drifting_colour.wgsl"),
        }
    }

    /// Returns the number of layers that the shader bakes, 0 to [`LAYERS_MAX`].
    #[must_use]
    pub fn layer_count(self) -> u32 {
        declared_layers(self.source())
    }
}

fn declared_layers(source: &str) -> u32 {
    let said = source.lines().find_map(|line| line.strip_prefix(LAYERS_LINE));
    said.and_then(|count| count.trim().parse().ok()).unwrap_or(0).min(LAYERS_MAX)
}

/// Returns the file name of baked layers in the cache. It depends on the shader's source, the variant and the size, so
/// layers of an older shader are never loaded.
#[must_use]
pub fn cache_file_name(variant: SceneVariant, width: u32, height: u32) -> String {
    let hash = Sha256::digest(variant.shader.source());
    let digest = hash.iter().take(6).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let SceneVariant { shader, hour, mood_percent } = variant;
    format!("{}-{}-{mood_percent}-{width}x{height}-{digest:012x}.layers", shader.name(), hour.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::place::TimeOfDay;

    #[test]
    fn a_shader_declares_its_number_of_layers() {
        assert_eq!(declared_layers("// The beach\n// layers: 3\n"), 3);
        assert_eq!(declared_layers("// layers: 99"), LAYERS_MAX);
        assert_eq!(declared_layers("fn main() {}"), 0);
        assert_eq!(declared_layers("// layers: many"), 0);
    }

    #[test]
    fn every_variant_has_a_file_name_of_its_own_and_every_shader_its_entry_points() {
        let names = |mood_percent, width| {
            let variants = PlaceShader::ALL.into_iter().flat_map(move |shader| {
                TimeOfDay::ALL.iter().map(move |hour| SceneVariant { shader, hour: *hour, mood_percent })
            });
            variants.map(move |variant| cache_file_name(variant, width, 10)).collect::<Vec<_>>()
        };
        let all: std::collections::BTreeSet<String> =
            [names(0, 10), names(1, 10), names(0, 11)].concat().into_iter().collect();
        assert_eq!(all.len(), 3 * PlaceShader::ALL.len() * TimeOfDay::ALL.len());
        for shader in PlaceShader::ALL {
            let source = shader.source();
            assert!(source.contains("fn vertex_main") && source.contains("fn fragment_main"), "{shader:?}");
            for layer in 0..shader.layer_count() {
                assert!(source.contains(&format!("fn bake_{layer}")), "{shader:?} bakes no layer {layer}");
            }
        }
    }
}
