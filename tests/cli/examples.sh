#!/usr/bin/env bash
# The examples of --help and of the manual page, those of the README, too: all are command lines that stead
# understands, and those that need no machine work.
. "$(dirname "$0")/lib.sh"

# A line as a shell reads it, in FOLDER; any `stead` in it that fails is one too many, also inside <().
line_in() { # FOLDER LINE WORD...: words before those of each `stead`
	local folder=$1 line=$2
	shift 2
	words=("$@")
	rm -f "$tmp/failed"
	(
		stead() { command "$stead" "${words[@]}" "$@" || { : >"$tmp/failed"; return 1; }; }
		cd "$folder" && eval "$line"
	) </dev/null && [ ! -e "$tmp/failed" ]
}
parses() { line_in "$tmp/parsed" "$1" parse --; }
works() { line_in "$tmp/node" "$1"; }

mkdir "$tmp/parsed"
"$stead" manual examples >"$tmp/examples"
ok 'there are examples' test "$(wc -l <"$tmp/examples")" -ge 40
while IFS=$'\t' read -r _ line; do
	ok "stead understands: $line" parses "$line"
done <"$tmp/examples"
fails 'what is no option would be found' parses 'stead check --offline'
fails 'so would a word too many, in any of several' parses 'stead up now; stead check'
fails 'and in what a shell reads' parses 'source <(stead completion ksh)'

# What the README shows behind a prompt; a comment ends it.
sed -n 's/^\$ \(stead .*\)/\1/p' README.md >"$tmp/readme"
ok 'the README has examples' test "$(wc -l <"$tmp/readme")" -ge 20
while read -r line; do
	ok "stead understands the README's: $line" parses "$line"
done <"$tmp/readme"

# Those of the group "machine" need one. These ask somebody, and have tests of their own.
elsewhere() { # LINE: the test
	case $1 in
	'stead init') echo init.sh ;;               # the user
	'stead check --online') echo online.sh ;;   # the world
	'stead lock'*) echo lock.sh ;;              # a registry
	'stead adopt '*) echo adopt.sh ;;           # a node
	'stead import '*) echo import.sh ;;         # an old installation
	'stead diff') echo up-host.sh ;;            # a node
	esac
}
new_node "$tmp/node"
mkdir -p "$tmp/other" "$tmp/node/fleet/one"
cp -p "$tmp/node"/stead.* "$tmp/other"
cp -p "$tmp/node"/stead.* "$tmp/node/fleet/one"
cp "$tmp/node/stead.yaml" "$tmp/node/before.yaml"
cp -r apps "$tmp/node/"
ran=0
while IFS=$'\t' read -r group line; do
	[ "$group" != machine ] || continue
	other=$(elsewhere "$line")
	if [ -n "$other" ]; then
		ok "elsewhere ($other): $line" test -x "tests/cli/$other"
		continue
	fi
	ok "an example works: $line" works "$line"
	ran=$((ran + 1))
done <"$tmp/examples"
ok "examples were run: $ran" test "$ran" -ge 20
tap_done
