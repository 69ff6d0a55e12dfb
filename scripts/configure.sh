#!/usr/bin/env bash
# configure.sh FOLDER OPTION...: meson setup of a build folder; again when a program or a test came
# or went, since meson looks for those only while it configures.
set -eu
cd "$(dirname "$0")/.."

folder=$1
shift
programs=$(find src/cmd/main.c src/agent/main.c tests/unit tests/fuzz -maxdepth 1 -name '*.c' \
	2>/dev/null | LC_ALL=C sort || true)

if [ ! -e "$folder/build.ninja" ]; then
	meson setup "$folder" "$@"
elif [ "$programs" != "$(cat "$folder/programs" 2>/dev/null)" ]; then
	meson setup --reconfigure "$folder" "$@"
fi
printf '%s\n' "$programs" >"$folder/programs"
