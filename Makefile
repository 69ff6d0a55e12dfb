# Thin: meson and ninja build, tests/run.sh tests. `make` prints the targets.

PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
SUITES ?=

.PHONY: help deps build sanitized demo check bench soak fuzz format install clean

help:
	@echo 'make deps      install the Debian packages that are missing'
	@echo 'make build     build/stead and build/stead-node'
	@echo 'make demo      a whole node on this machine, from settings file to HTTPS'
	@echo 'make check     all tests (SUITES="unit cli" for some)'
	@echo 'make bench     time and memory of check and render, for 1 to 1,000 nodes'
	@echo 'make soak      the tests with large numbers, for hours'
	@echo 'make fuzz      each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS), with clang'
	@echo 'make format    clang-format over all sources'
	@echo 'make install   to PREFIX=$(PREFIX), below DESTDIR'
	@echo 'make clean     remove build/'

deps:
	@scripts/deps.sh

build:
	@scripts/configure.sh build -Dwerror=true
	@ninja -C build

# The unit tests and the fuzz corpora run in this one: with gcc's address and UB sanitizers.
sanitized:
	@scripts/configure.sh build/asan -Dwerror=true -Db_sanitize=address,undefined \
		-Dc_args=-fno-sanitize-recover=all
	@ninja -C build/asan

demo: deps
	@$(MAKE) --no-print-directory build
	tests/demo.sh

check: deps
	@$(MAKE) --no-print-directory build sanitized
	tests/run.sh $(SUITES)

soak: deps
	@$(MAKE) --no-print-directory build sanitized
	STEAD_SOAK=1 tests/run.sh $(SUITES)

bench: build
	tests/bench/fleet.py

fuzz:
	@scripts/deps.sh scripts/packages.fuzz
	scripts/fuzz.sh $(FUZZ_SECONDS)

format:
	clang-format -i $$(git ls-files 'src/*.[ch]' 'tests/*.[ch]')

install: build
	meson configure build -Dprefix=$(PREFIX)
	DESTDIR=$(DESTDIR) meson install -C build

clean:
	rm -rf build
