#!/usr/bin/env bash
# What `stead check` says about whole folders: every case of check/ fails (or warns) as its expected.txt
# shows, and with the files of its good/ laid over it nothing is found.
#
#     check/base/    what every case begins with
#     check/NAME/    laid over it; `without` names files of the base that are left out;
#                    secrets.yaml is added to the secrets file, which holds a fresh host key;
#                    secrets-mode is that file's mode; options are more words for the command
#
# check.sh --update writes what is expected anew; look at the difference before you commit it.
set -u
cd "$(dirname "$0")" || exit 1
stead=${STEAD:-$PWD/../../build/stead}
if [ ! -x "$stead" ]; then
	echo "not ok 1 - stead is built"
	echo "1..1"
	exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0 failed=0 update=0
[ "${1:-}" = --update ] && update=1

result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

# Keys are made here: one in the repository would be taken for a real one.
ssh-keygen -q -t ed25519 -N '' -C golden -f "$work/key" || exit 1
{
	echo 'ssh_host_ed25519_key: |'
	sed 's/^/  /' "$work/key"
} >"$work/host-key.yaml"

# Lays folders over each other, in this order.
lay() { # FOLDER...
	rm -rf "$work/case"
	mkdir "$work/case"
	for folder; do
		cp -r "$folder/." "$work/case/"
	done
	cp "$work/host-key.yaml" "$work/case/stead.secrets.yaml"
	[ -e "$work/case/secrets.yaml" ] && cat "$work/case/secrets.yaml" >>"$work/case/stead.secrets.yaml"
	chmod "$(cat "$work/case/secrets-mode" 2>/dev/null || echo 600)" "$work/case/stead.secrets.yaml"
}

run_check() { # [OPTION...]
	local options=()
	[ -e "$work/case/options" ] && read -ra options <"$work/case/options"
	(cd "$work/case" && timeout 300 "$stead" check --apps apps "${options[@]}" "$@") \
		>"$work/text" 2>"$work/err"
}

# The report, the exit status its errors ask for, no secret in it, and as many findings in JSON.
bad_case() { # NAME
	local status want=0 wrong=0
	lay base "$1"
	if [ -e "$1/without" ]; then
		while read -r file; do
			rm -f "$work/case/$file"
		done <"$1/without"
	fi
	run_check
	status=$?
	[ $update = 1 ] && cp "$work/text" "$1/expected.txt"
	grep -q 'error\[' "$work/text" && want=1
	diff -u "$1/expected.txt" "$work/text" | sed 's/^/# /'
	cmp -s "$1/expected.txt" "$work/text" || wrong=1
	[ $status = $want ] && [ ! -s "$work/err" ] || wrong=1
	grep -q never-shown-value "$work/text" "$work/err" && wrong=1
	sed 's/^/# /' "$work/err"
	local shown
	shown=$(grep -cE '(error|warning|note)\[' "$work/text")
	run_check --format=json
	[ "$(grep -o '"severity":' "$work/text" | wc -l)" = "$shown" ] || wrong=1
	grep -q never-shown-value "$work/text" && wrong=1
	[ "$shown" -gt 0 ] || wrong=1
	result $wrong "$1"
}

good_case() { # NAME
	local wrong=0
	lay base "$1" "$1/good"
	run_check || wrong=1
	grep -E '(error|warning)\[' "$work/text" && wrong=1
	[ $wrong = 0 ] || sed 's/^/# /' "$work/text" "$work/err"
	result $wrong "$1: its good neighbour"
}

cd check || exit 1
for dir in */; do
	name=${dir%/}
	[ "$name" = base ] && continue
	bad_case "$name"
	good_case "$name"
done
[ $n -ge 50 ]
result $? "the cases are there"
echo "1..$n"
exit $failed
