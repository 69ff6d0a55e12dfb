#!/usr/bin/env bash
# How far a setting reaches: what a change of it starts, stops and restarts. Every application has a folder in
# reach/ with settings, and `changes`: lines of stead.yaml that take the place of the one with the same key, or are
# added. No setting of its own may be missing there.
#
# reach.sh --update writes what is expected anew; look at the difference before you commit it.
set -u
cd "$(dirname "$0")/reach" || exit 1
stead=${STEAD:-$PWD/../../../build/stead}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0 failed=0 update=0
[ "${1:-}" = --update ] && update=1

result() { # STATUS NAME
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n - $2" && return
	echo "not ok $n - $2"
	failed=1
}

# side APP NAME: a copy of its folder; git keeps no mode 0600, and the secrets must have it.
side() {
	mkdir -p "$work/$1"
	cp -r "$1" "$work/$1/$2"
	chmod 600 "$work/$1/$2/stead.secrets.yaml"
}

changed() { # APP LINE: settings with it
	awk -v key="${2%%:*}" '
		/^[^ #]/ { skip = index($0, key ":") == 1 } !skip' "$1/stead.yaml"
	printf '%s\n' "$2"
}

one_change() { # APP LINE
	local status
	changed "$1" "$2" >"$work/$1/new/stead.yaml"
	printf '%s\n' "$2"
	"$stead" diff --format=json "$work/$1/old" "$work/$1/new" >"$work/json" 2>"$work/err" </dev/null
	status=$?
	if [ $status != 4 ]; then
		echo "  exit code $status"
		cat "$work/err"
	else
		jq -r '.order[] | select(.do != "run again") | "  \(.do) \(.name)"' "$work/json"
	fi
}

one_app() { # APP
	local line setting
	side "$1" old
	side "$1" new
	while read -r line; do one_change "$1" "$line"; done <"$1/changes" >"$work/got"
	[ $update = 1 ] && cp "$work/got" "$1/expected.txt"
	diff -u "$1/expected.txt" "$work/got" | sed 's/^/# /'
	cmp -s "$1/expected.txt" "$work/got" && ! grep -q 'exit code' "$1/expected.txt"
	result $? "$1: what each change does"
	"$stead" app show "$1" | awk '/^settings/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' >"$work/settings"
	while read -r setting; do
		grep -q "^$1: { $setting:" "$1/changes"
		result $? "$1: the setting $setting is changed"
	done <"$work/settings"
}

for app in *; do one_app "$app"; done
for app in $("$stead" app list | awk '{ print $1 }'); do
	[ -d "$app" ]
	result $? "$app has its folder"
done
echo "1..$n"
exit $failed
