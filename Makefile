# The commands for users and developers. Each target first names and installs the system packages that it needs and that
# are missing.
#
#   make run       build the program, and open the room fullscreen. Without a display, play a short unattended visit
#                  instead, which takes less than two minutes; SHORT_OUT=folder sets the folder for its output, by
#                  default target/short-visit
#   make test      check the formatting and the lints, run every test, and quickly check the real window, and the desk
#                  in a real browser
#   make dist      build the program that a clinic installs, which is smaller: target/dist/stillroom
#   make smoke     run only the quick check of the real window
#   make demo      play an unattended visit from the first run to the wiped room, and an afternoon at the desk of two
#                  rooms; OUT=folder sets the folder for its output, by default target/demo; DEMO sets options of the
#                  visit, such as '--size 1920x1200' or '--only wgpu'
#   make bench     measure sound and call transports against their limits, and the cost of an idle room, of playing one
#                  track compared with mpv, and of drawing each place compared with a browser; also show the last
#                  demo's figures
#   make soak      run the long tests: thousands of simulated visits and calls (SEEDS=n, by default 200000, which makes
#                  two million presses), a thousand real visits that are killed and searched for what they left
#                  (STILLROOM_VISITS=n), hours of composed music checked against its metrics, two hours of real sound on
#                  busy processors, clumsy and resting hands, kills, and a pulled cable (which needs root); then
#                  make legible
#   make legible   draw every screen of the patient over every place at every time of day, and measure the contrast of
#                  words, icons and outlines, and whether labels can be read with blurred eyes; half an hour
#   make deny      check the licences, sources and duplicate versions of all dependencies
#   make check     check kiosk.toml and everything it refers to
#   make pictures  make the README's pictures from the last demo
#   make sheet     make the README's picture of every place at every time of day, drawn by each renderer

SHELL := /bin/sh
CONFIG ?= kiosk.toml
OUT ?= target/demo
SHORT_OUT ?= target/short-visit
SEEDS ?= 200000
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
ROOM := $(TARGET)/release/stillroom
PYTHON := python3 -B
# Debian's own, which has the libraries that Debian installs, even if another is first on the path.
DEBIAN_PYTHON := $(shell test -x /usr/bin/python3 && echo /usr/bin/python3 || echo python3) -B

.PHONY: run build dist check test smoke demo bench soak legible deny pictures sheet

run: window
	@if sh scripts/display.sh; then \
		exec $(ROOM) run --config $(CONFIG); \
	else \
		echo 'No display answers here, so the room opens on a virtual one for a short visit of less than two minutes.'; \
		sh scripts/packages.sh smoke browser && \
		exec $(PYTHON) tests/demo/visit.py --short --room $(ROOM) --out '$(SHORT_OUT)'; \
	fi

.PHONY: window
window: build
	@sh scripts/packages.sh window

build:
	@sh scripts/packages.sh build
	@sh scripts/cargo.sh
	cargo build --release --locked

dist:
	@sh scripts/packages.sh build
	@sh scripts/cargo.sh
	cargo build --profile dist --locked
	@ls -lh $(TARGET)/dist/stillroom

check: build
	$(ROOM) check --config $(CONFIG)

test:
	@sh scripts/packages.sh build window smoke lines home page browser sound
	@sh scripts/cargo.sh
	tsc -p src/desk/page/jsconfig.json
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings
	@# This builds the program too. A separate build before it would compile the window's libraries twice.
	cargo test --release --locked --no-run
	$(ROOM) check --config kiosk.toml
	$(PYTHON) tests/demo/smoke.py --room $(ROOM)
	$(PYTHON) tests/demo/odd_rooms.py --room $(ROOM)
	cargo test --release --locked

smoke: window
	@sh scripts/packages.sh smoke
	$(PYTHON) tests/demo/smoke.py --room $(ROOM)

demo: window
	@sh scripts/packages.sh smoke lines browser demo
	$(PYTHON) tests/demo/visit.py --room $(ROOM) --out '$(OUT)' $(DEMO)
	$(PYTHON) tests/demo/desks.py --room $(ROOM) --out '$(OUT)'

bench: window
	@sh scripts/packages.sh smoke lines browser bench
	cargo bench --locked --bench sound --bench line
	$(PYTHON) tests/demo/presses.py --room $(ROOM)
	$(PYTHON) tests/demo/desks.py --room $(ROOM) --presses 200
	$(PYTHON) tests/demo/bench.py --room $(ROOM) --report '$(OUT)/report.json'
	cargo bench --locked --bench places -- $(TARGET)/places
	$(PYTHON) tests/demo/places.py --room $(ROOM) --shaders $(TARGET)/places

pictures:
	@sh scripts/packages.sh pictures
	sh scripts/pictures.sh '$(OUT)'

sheet: window
	@sh scripts/packages.sh smoke pictures
	$(PYTHON) tests/demo/sheet.py --room $(ROOM) --out $(TARGET)/sheet --sheet docs/pictures/places.jpg

soak:
	@sh scripts/packages.sh build smoke lines home sound soak
	@sh scripts/cargo.sh
	STILLROOM_SEEDS=$(SEEDS) cargo test --release --locked simulation -- --nocapture
	cargo test --release --locked soak_ -- --ignored --nocapture --test-threads 1 --skip soak_legible
	$(MAKE) legible

# A folder of pictures from before is removed, because old pictures would be measured too.
legible:
	@sh scripts/packages.sh build legible
	@sh scripts/cargo.sh
	$(DEBIAN_PYTHON) tests/demo/legible.py --selftest
	rm -rf $(TARGET)/legible
	mkdir -p $(TARGET)/legible
	STILLROOM_PICTURES=$(TARGET)/legible cargo test --release --locked --test touch soak_legible -- --ignored --nocapture
	$(DEBIAN_PYTHON) tests/demo/legible.py --pictures $(TARGET)/legible

# This is not part of `test`, because building cargo-deny takes minutes. It is installed in the target folder, not
# system-wide.
deny:
	@sh scripts/cargo.sh
	@test -x $(TARGET)/tools/bin/cargo-deny || { \
		echo 'Building cargo-deny in $(TARGET)/tools, to check the licences and sources of every dependency.'; \
		cargo install --locked --root $(TARGET)/tools cargo-deny; }
	$(TARGET)/tools/bin/cargo-deny check bans licenses sources
