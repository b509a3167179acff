//! Owns which places are drawn by which shader, and what a shader says about itself. Does not own how it is run.

use sha2::{Digest, Sha256};

use super::Look;
use crate::room::snapshot::Place;

/// A place that a shader draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Drawn {
    /// Waves on sand.
    Beach,
    /// Light through leaves.
    Forest,
    /// A room with a hearth.
    QuietRoom,
    /// Stars.
    NightSky,
    /// Colours that drift.
    DriftingColour,
}

/// A shader bakes at most so many layers.
pub const LAYERS_MAX: u32 = 6;
/// The first line in which a shader says how many layers it bakes.
const LAYERS_LINE: &str = "// layers:";

impl Drawn {
    /// Every place that a shader draws.
    pub const ALL: [Self; 5] = [Self::Beach, Self::Forest, Self::QuietRoom, Self::NightSky, Self::DriftingColour];

    /// The drawn place of that name; none for the clinic's own pictures and the dark.
    #[must_use]
    pub const fn of(place: Place) -> Option<Self> {
        match place {
            Place::Beach => Some(Self::Beach),
            Place::Forest => Some(Self::Forest),
            Place::QuietRoom => Some(Self::QuietRoom),
            Place::NightSky => Some(Self::NightSky),
            Place::DriftingColour => Some(Self::DriftingColour),
            Place::Pictures | Place::Dark => None,
        }
    }

    /// Its word in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Beach => Place::Beach.name(),
            Self::Forest => Place::Forest.name(),
            Self::QuietRoom => Place::QuietRoom.name(),
            Self::NightSky => Place::NightSky.name(),
            Self::DriftingColour => Place::DriftingColour.name(),
        }
    }

    /// The shader.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::Beach => include_str!("beach.wgsl"),
            Self::Forest => include_str!("forest.wgsl"),
            Self::QuietRoom => include_str!("quiet_room.wgsl"),
            Self::NightSky => include_str!("night_sky.wgsl"),
            Self::DriftingColour => include_str!("drifting_colour.wgsl"),
        }
    }

    /// How many layers it bakes, 0 to [`LAYERS_MAX`].
    #[must_use]
    pub fn layers(self) -> u32 {
        layers_of(self.source())
    }
}

fn layers_of(source: &str) -> u32 {
    let said = source.lines().find_map(|line| line.strip_prefix(LAYERS_LINE));
    said.and_then(|count| count.trim().parse().ok()).unwrap_or(0).min(LAYERS_MAX)
}

/// What a bake is kept under: it changes with the shader, the look and the size.
#[must_use]
pub fn bake_name(look: Look, width: u32, height: u32) -> String {
    let hash = Sha256::digest(look.drawn.source());
    let shader = hash.iter().take(6).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    let Look { drawn, hour, mood_percent } = look;
    format!("{}-{}-{mood_percent}-{width}x{height}-{shader:012x}.layers", drawn.name(), hour.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::TimeOfDay;

    #[test]
    fn a_shader_says_how_many_layers_it_bakes() {
        assert_eq!(layers_of("// The beach\n// layers: 3\n"), 3);
        assert_eq!(layers_of("// layers: 99"), LAYERS_MAX);
        assert_eq!(layers_of("fn main() {}"), 0);
        assert_eq!(layers_of("// layers: many"), 0);
    }

    #[test]
    fn every_bake_has_a_name_of_its_own_and_the_convention_is_kept() {
        let names = |mood_percent, width| {
            let looks = Drawn::ALL.into_iter().flat_map(move |drawn| {
                TimeOfDay::ALL.iter().map(move |hour| Look { drawn, hour: *hour, mood_percent })
            });
            looks.map(move |look| bake_name(look, width, 10)).collect::<Vec<_>>()
        };
        let all: std::collections::BTreeSet<String> =
            [names(0, 10), names(1, 10), names(0, 11)].concat().into_iter().collect();
        assert_eq!(all.len(), 60);
        for drawn in Drawn::ALL {
            let source = drawn.source();
            assert!(source.contains("fn vertex_main") && source.contains("fn fragment_main"), "{drawn:?}");
            for layer in 0..drawn.layers() {
                assert!(source.contains(&format!("fn bake_{layer}")), "{drawn:?} bakes no layer {layer}");
            }
        }
    }
}
