#!/bin/sh
# Renders the shipped still picture of every place at every time of day with the program's own shaders, as
# media/places/PLACE-TIME.jpg. Needs ImageMagick. The stills are embedded in the program, so rebuild it afterwards.
#
#   sh scripts/stills.sh [target/release/stillroom] ['PLACE …']
set -eu
ROOM=${1:-target/release/stillroom}
PLACES=${2:-beach forest quiet-room night-sky mountain-lake drifting-colour}
SIZE=1920x1200
BYTES_MAX=245000
command -v convert >/dev/null || { echo 'convert is not installed. Install ImageMagick.' >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for place in $PLACES; do
    for time in dawn day dusk night; do
        # The still is rendered without the breath, because the room adds the light of the breath to it. It shows the
        # place after 40 s, when the waves are spread out.
        "$ROOM" scene --place "$place" --time "$time" --size "$SIZE" --at 40 --out "$folder"
        # The highest of these qualities that fits BYTES_MAX keeps the grain that hides banding in a sky. The grain is in the
        # brightness, so half the resolution is enough for the colours.
        for quality in 93 91 89 87 85 82 79 76 72 68; do
            convert "$folder/00000.png" -strip -sampling-factor 2x2 -quality "$quality" "$folder/still.jpg"
            [ "$(wc -c <"$folder/still.jpg")" -gt "$BYTES_MAX" ] || break
        done
        mv "$folder/still.jpg" "media/places/$place-$time.jpg"
        echo "$place $time: quality $quality, $(wc -c <"media/places/$place-$time.jpg") bytes"
    done
done
