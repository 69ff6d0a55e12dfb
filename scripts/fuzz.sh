#!/usr/bin/env bash
# fuzz.sh SECONDS [AREA...]: each fuzz target for so long, with clang's libFuzzer. New inputs are
# kept in build/fuzz/corpus; what crashes is left in build/fuzz and named.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-60}
shift || true

CC=clang scripts/configure.sh build/fuzz -Dwerror=true -Dfuzz=true -Db_lundef=false \
	-Db_sanitize=address,undefined -Dc_args=-fno-sanitize-recover=all
ninja -C build/fuzz

failed=0
for target in build/fuzz/tests/fuzz/fuzz-*; do
	[ -f "$target" ] && [ -x "$target" ] || continue
	area=${target##*/fuzz-}
	[ $# = 0 ] || [[ " $* " == *" $area "* ]] || continue
	mkdir -p "build/fuzz/corpus/$area"
	seeds=()
	[ -d "tests/fuzz/corpus/$area" ] && seeds=("tests/fuzz/corpus/$area")
	echo "== $area: $seconds s"
	if ! "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
		-artifact_prefix="build/fuzz/$area-" -print_final_stats=1 \
		"build/fuzz/corpus/$area" "${seeds[@]}" >"build/fuzz/$area.log" 2>&1; then
		failed=1
		tail -n 40 "build/fuzz/$area.log"
		echo "fuzz: $area failed; the input is in build/fuzz/$area-*" >&2
	else
		grep -E '^stat::(number_of_executed|average_exec)' "build/fuzz/$area.log"
	fi
done
exit $failed
