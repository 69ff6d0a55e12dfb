#!/usr/bin/env bash
# `make bench` works: with few nodes, and without a word on how long it takes.
. "$(dirname "$0")/lib.sh"

tests/bench/fleet.py --smoke >"$tmp/table" 2>"$tmp/err"
is 'the bench runs' $? 0 || sed 's/^/# /' "$tmp/err"
is 'each command, with 1 and 10 nodes' "$(awk 'NR > 1 { print $(NF - 4) }' "$tmp/table" | tr '\n' ' ')" '1 1 1 10 10 10 '
ok 'each took some memory' awk 'NR > 1 && $NF < 1 { exit 1 }' "$tmp/table"
tap_done
