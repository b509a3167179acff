//! Owns the mapping from places and sounds to the pictures and icons on their tiles. Does not own the drawing of a
//! tile.

use super::ViewContext;
use super::icon::Icon;
use super::place::shader::PlaceShader;
use super::place::tile_picture::TilePicture;
use super::tile::{Tile, TileFace};
use crate::vocabulary::place::{Place, TimeOfDay};
use crate::vocabulary::sound::{Bed, SoundChoice};

/// Returns a tile for each place that the patient may choose. Its picture shows the place at the profile's time of day.
pub fn place_tiles<M>(ctx: &ViewContext, message: impl Fn(Place) -> M) -> Vec<Tile<M>> {
    let hour = ctx.profile().map_or(TimeOfDay::Dusk, |profile| profile.time);
    let tile = |place: Place| Tile {
        id: format!("place-{}", place.name()),
        caption: ctx.say(&format!("place-{}", place.name())),
        face: of_place(place, hour),
        is_chosen: ctx.snapshot.place == place,
        message: message(place),
    };
    ctx.places().into_iter().map(tile).collect()
}

/// Returns the picture of a place at a time of day, or an icon for a place that has no picture.
#[must_use]
pub fn of_place(place: Place, hour: TimeOfDay) -> TileFace {
    match (PlaceShader::of(place), place) {
        (Some(shader), _) => TileFace::Picture(TilePicture::whole(shader, hour)),
        (None, Place::Pictures) => TileFace::Icon(Icon::Place),
        (None, _) => TileFace::Icon(Icon::Moon),
    }
}

/// Returns the part of a place's picture where the sound could be heard, or an icon for music and silence.
#[must_use]
pub fn of_sound(choice: SoundChoice) -> TileFace {
    let part = |shader, hour, part| TileFace::Picture(TilePicture::part(shader, hour, part));
    match choice {
        SoundChoice::Music => TileFace::Icon(Icon::Sound),
        SoundChoice::Silence => TileFace::Icon(Icon::Silence),
        SoundChoice::Bed(bed) => match bed {
            Bed::Sea => part(PlaceShader::Beach, TimeOfDay::Day, [0.0, 0.45, 0.55, 0.55]),
            Bed::Rain => part(PlaceShader::Forest, TimeOfDay::Night, [0.0, 0.0, 0.5, 0.5]),
            Bed::RainThunder => part(PlaceShader::MountainLake, TimeOfDay::Dusk, [0.0, 0.0, 0.5, 0.5]),
            Bed::Wind => part(PlaceShader::Forest, TimeOfDay::Day, [0.0, 0.0, 0.55, 0.55]),
            Bed::Stream => part(PlaceShader::MountainLake, TimeOfDay::Day, [0.0, 0.5, 0.5, 0.5]),
            Bed::Fire => part(PlaceShader::QuietRoom, TimeOfDay::Night, [0.42, 0.30, 0.5, 0.5]),
            Bed::Crickets => part(PlaceShader::NightSky, TimeOfDay::Dusk, [0.0, 0.45, 0.5, 0.5]),
            Bed::NightForest => part(PlaceShader::Forest, TimeOfDay::Night, [0.45, 0.0, 0.55, 0.55]),
            Bed::Snow => part(PlaceShader::MountainLake, TimeOfDay::Dawn, [0.45, 0.05, 0.5, 0.5]),
            Bed::Brown => part(PlaceShader::DriftingColour, TimeOfDay::Night, [0.0, 0.0, 1.0, 1.0]),
        },
    }
}
