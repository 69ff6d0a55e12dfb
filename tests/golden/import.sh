#!/usr/bin/env bash
# What `stead import --env` makes of old files of variables, compared with what is expected: what is said, and the
# settings that would be written. import.sh --update writes it anew. No secret of a file is ever shown.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. ../lib/tap.sh
stead=$(readlink -f "${STEAD:-../../build/stead}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export HOME=$work
count=0

one_case() { # DIR [ARGUMENTS of import...]
	local dir=import/$1 status want=0
	shift
	count=$((count + 1))
	(cd "$dir" && timeout 300 "$stead" import --env old.env --dir "$work/node" --dry-run --set admin.name=alice \
		--set admin.email=alice@example.net --set backup=none "$@" </dev/null) >"$work/out" 2>"$work/err"
	status=$?
	cat "$work/err" "$work/out" | sed "s|$work/||g" >"$work/text"
	[ "$update" = 0 ] || cp "$work/text" "$dir/expected.txt"
	grep -Eq '(^| )error\[' "$work/text" && want=1
	ok "$dir: what is said" diff -u "$dir/expected.txt" "$work/text"
	is "$dir: exit code" "$status" $want
	fails "$dir: no secret is shown" grep -qi -e hidden -e pppppppp -e ssssssss -e 01234567 "$work/text"
	fails "$dir: nothing is made" test -e "$work/node"
}

update=0
[ "${1:-}" = --update ] && update=1
one_case full --set machine.size=8g
one_case old-line
one_case syntax
one_case utf8
one_case empty
one_case no-secrets
one_case other-pair
one_case other-app --set app=snac
is 'all cases ran' "$count" "$(find import -mindepth 1 -maxdepth 1 | wc -l)"
tap_done
