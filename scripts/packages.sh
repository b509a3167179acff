#!/bin/sh
# Installs the system packages of the named groups. The groups are build, window, smoke, lines, home, page, browser,
# sound, demo, bench, soak, legible and pictures. Only missing packages are installed, so a second run installs nothing
# and does not need root.
set -eu

packages() {
	case $1 in
	build) echo 'gcc libc6-dev pkg-config libasound2-dev' ;;
	# The program loads these at run time, so the linker does not report them missing.
	window) echo 'libxkbcommon0 libxkbcommon-x11-0 libx11-6 libx11-xcb1 libxcursor1 libxi6 libwayland-client0
		libwayland-egl1 libegl1 libvulkan1 mesa-vulkan-drivers' ;;
	smoke) echo 'python3 xvfb openbox xdotool pulseaudio pulseaudio-utils libasound2-plugins' ;;
	lines) echo 'mosquitto' ;;
	sound) echo 'pipewire wireplumber pipewire-pulse dbus-daemon pulseaudio pulseaudio-utils libasound2-plugins' ;;
	home) echo 'zbar-tools age cups' ;;
	soak) echo 'iproute2 printer-driver-cups-pdf' ;;
	page) echo 'node-typescript mosquitto-clients' ;;
	browser) echo 'chromium chromium-driver' ;;
	demo) echo 'zbar-tools' ;;
	bench) echo 'mpv' ;;
	legible) echo 'tesseract-ocr tesseract-ocr-eng tesseract-ocr-spa tesseract-ocr-fra python3-pil python3-numpy' ;;
	pictures) echo 'imagemagick' ;;
	*)
		echo "packages.sh: unknown group $1; the groups are build, window, smoke, lines, home, page, browser, sound, demo, bench, soak, legible and pictures" >&2
		exit 2
		;;
	esac
}

reason() {
	case $1 in
	build) echo 'to compile the program and its sound output' ;;
	window) echo 'to open and draw the window' ;;
	smoke) echo 'to open the real window on a virtual display with its own sound server, and to press in it' ;;
	sound) echo 'to run sound servers that the tests kill and remove outputs from' ;;
	lines) echo 'to run a broker that the tests freeze and kill' ;;
	home) echo 'to read QR codes, to open sealed notes, and to print on a separate print server' ;;
	soak) echo 'to create a network whose cable the tests pull, and a printer that writes files' ;;
	page) echo 'to check the types of the desk page, and to send it malformed messages' ;;
	browser) echo 'to open the desk page in a real browser' ;;
	demo) echo 'to read QR codes' ;;
	bench) echo 'to compare the room with a player that does nothing else' ;;
	legible) echo 'to read the labels on blurred pictures, and to measure the pictures' ;;
	pictures) echo 'to shrink the pictures of the README' ;;
	esac
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of() {
	for package in $(packages "$1"); do
		is_installed "$package" || printf '%s ' "$package"
	done
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo 'This is not a Debian system, so nothing is installed. These packages are needed, by their Debian names:'
	for group in "$@"; do
		echo "  $(reason "$group"):" $(packages "$group")
	done
	exit 0
fi

all=
for group in "$@"; do
	packages "$group" >/dev/null
	missing=$(missing_of "$group")
	[ -z "$missing" ] || echo "Installing $(reason "$group"): $missing"
	all="$all$missing"
done
[ -n "$all" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "Installing packages needs root, and there is no sudo. As root: apt-get install $all" >&2
		exit 1
	fi
	as_root='sudo'
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq </dev/null
# Without --no-install-recommends, apt would install a whole desktop environment.
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $all </dev/null
