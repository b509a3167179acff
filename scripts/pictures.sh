#!/bin/sh
# Makes the README's pictures from those of the last `make demo`, and one sheet with all of its screens. Usage:
# pictures.sh [DEMO_FOLDER]
set -eu
from=${1:-target/demo}
to=docs/pictures
mkdir -p "$to"

picture() {
	for file in "$from"/$1; do
		[ -e "$file" ] || {
			echo "There is no $from/$1: run make demo first." >&2
			exit 1
		}
		convert "$file" -strip -resize 960x -quality 84 "$to/$2.jpg"
		break
	done
}

picture 'tiny-skia/*-session-settle.png' session
picture 'tiny-skia/[0-9][0-9]-call-on-the-way.png' call
picture 'tiny-skia/*-after-write.png' write
picture 'tiny-skia/*-after-take-home.png' take-home
picture 'tiny-skia/desk-[0-9]-call.png' desk
picture 'desks-two-calls.png' desks
picture 'tiny-skia/*-turnover-done.png' turnover
montage -label '%t' -font media/fonts/AtkinsonHyperlegibleNext_400Regular.ttf -pointsize 11 -background '#0B1420' \
	-fill '#E9D8C3' "$from"/tiny-skia/*.png "$from"/desks-*.png -geometry '256x170>+4+4' -tile 8x -strip -quality 78 \
	"$to/screens.jpg"
find "$to" -name '*.jpg' ! -name places.jpg ! -name screens.jpg -size +150k | while read -r large; do
	echo "$large is over 150 KB" >&2
	exit 1
done
