#!/bin/sh
# Renders the shipped stills of every place and time with the program's own shaders: media/places/PLACE-TIME.jpg.
# Needs ImageMagick. The stills are embedded in the program, so rebuild it afterwards.
#
#   sh scripts/stills.sh [target/release/stillroom] ['PLACE …']
set -eu
ROOM=${1:-target/release/stillroom}
PLACES=${2:-beach forest quiet-room night-sky mountain-lake drifting-colour}
SIZE=1920x1200
BYTES_MAX=290000
command -v convert >/dev/null || { echo 'convert is not installed. Install ImageMagick.' >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for place in $PLACES; do
    for time in dawn day dusk night; do
        # Render without breath, because the room adds the light of the breath to the still. By 40 s, the waves are
        # spread out.
        "$ROOM" scene --place "$place" --time "$time" --size "$SIZE" --at 40 --out "$folder"
        # Use the highest quality within BYTES_MAX, to keep the grain that hides banding in a sky.
        for quality in 93 91 89 87 85 82 79 76 72 68; do
            convert "$folder/00000.png" -strip -sampling-factor 1x1 -quality "$quality" "$folder/still.jpg"
            [ "$(wc -c <"$folder/still.jpg")" -gt "$BYTES_MAX" ] || break
        done
        mv "$folder/still.jpg" "media/places/$place-$time.jpg"
        echo "$place $time: quality $quality, $(wc -c <"media/places/$place-$time.jpg") bytes"
    done
done
