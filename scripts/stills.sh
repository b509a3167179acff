#!/bin/sh
# Makes the shipped stills of every place and time anew, with the program's own shaders: media/places/PLACE-TIME.jpg.
# Needs ImageMagick. The pictures are part of the program: build again afterwards.
#
#   sh scripts/stills.sh [target/release/stillroom] ['PLACE …']
set -eu
ROOM=${1:-target/release/stillroom}
PLACES=${2:-beach forest quiet-room night-sky drifting-colour}
SIZE=1920x1200
BYTES_MAX=330000
command -v convert >/dev/null || { echo 'There is no convert here. Install ImageMagick.' >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for place in $PLACES; do
    for time in dawn day dusk night; do
        # No breath: the light of the breath is laid over the still. Forty seconds in, the waves are spread.
        "$ROOM" scene --place "$place" --time "$time" --size "$SIZE" --at 40 --out "$folder"
        # The highest quality that fits, so that the grain which hides bands in a sky is kept.
        for quality in 93 91 89 87 85 82 79 76 72 68; do
            convert "$folder/00000.png" -strip -sampling-factor 1x1 -quality "$quality" "$folder/still.jpg"
            [ "$(wc -c <"$folder/still.jpg")" -gt "$BYTES_MAX" ] || break
        done
        mv "$folder/still.jpg" "media/places/$place-$time.jpg"
        echo "$place $time: quality $quality, $(wc -c <"media/places/$place-$time.jpg") bytes"
    done
done
