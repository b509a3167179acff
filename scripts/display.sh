#!/bin/sh
# Succeeds if there is a display. The rules are those of the program itself.
if [ -n "${WAYLAND_DISPLAY:-}" ]; then
	case $WAYLAND_DISPLAY in
	/*) socket=$WAYLAND_DISPLAY ;;
	*) socket=${XDG_RUNTIME_DIR:-.}/$WAYLAND_DISPLAY ;;
	esac
	[ -e "$socket" ] && exit 0
fi
case ${DISPLAY:-} in
'') exit 1 ;;
:*)
	number=${DISPLAY#:}
	[ -e "/tmp/.X11-unix/X${number%%.*}" ]
	;;
*) exit 0 ;;
esac
