# TAP for shell tests: source it, call ok/is/skip, end with tap_done.
# shellcheck shell=bash

tap_count=0 tap_failed=0

# ok NAME COMMAND...: passes when the command does. Its output is shown when it does not.
ok() {
	local name=$1 out
	shift
	tap_count=$((tap_count + 1))
	if out=$("$@" 2>&1); then
		echo "ok $tap_count - $name"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $name"
		echo "# command: $*"
		printf '%s\n' "$out" | tail -n 40 | sed 's/^/# /'
		return 1
	fi
}

# fails NAME COMMAND...: passes when the command, which may be a function, does not.
fails() {
	local name=$1
	shift
	type "$1" >/dev/null 2>&1 || set -- true # what is not there must not pass
	ok "$name" not "$@"
}
not() { ! "$@"; }

# is NAME GOT WANTED
is() {
	tap_count=$((tap_count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $tap_count - $1"
	else
		tap_failed=$((tap_failed + 1))
		printf 'not ok %d - %s\n# got:    %s\n# wanted: %s\n' "$tap_count" "$1" "$2" "$3"
		return 1
	fi
}

# like NAME TEXT REGEX
like() {
	tap_count=$((tap_count + 1))
	if grep -qE -- "$3" <<<"$2"; then
		echo "ok $tap_count - $1"
	else
		tap_failed=$((tap_failed + 1))
		printf 'not ok %d - %s\n# no match for: %s\n' "$tap_count" "$1" "$3"
		tail -n 20 <<<"$2" | sed 's/^/# /'
		return 1
	fi
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

tap_done() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
	exit
}

# until_ok SECONDS COMMAND...: tries once a second until it passes. Five minutes at least: a deadline
# ends what hangs, it does not judge how busy the machine is.
until_ok() {
	local end=$((SECONDS + ($1 > 300 ? $1 : 300)))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 1
	done
}
