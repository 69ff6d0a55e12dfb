#!/usr/bin/env bash
# What `stead diff` says of pairs of settings. Every case of diff/ has old.yaml and new.yaml, perhaps another
# secrets file or lock for the new side, and expected.txt: the exit code, stdout and stderr.
#
#     diff/base/     lock, secrets and definitions of all cases; a fresh host key is added to the secrets
#
# diff.sh --update writes what is expected anew; look at the difference before you commit it.
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

# side CASE SIDE: the settings folder of one side.
side() {
	mkdir "$work/case/$2"
	cp "$1/$2.yaml" "$work/case/$2/stead.yaml"
	cp base/stead.lock "$work/case/$2/"
	[ ! -e "$1/$2.lock" ] || cp "$1/$2.lock" "$work/case/$2/stead.lock"
	if [ -e "$1/$2.secrets.yaml" ]; then cat "$1/$2.secrets.yaml"; else cat base/secrets.yaml; fi |
		cat "$work/host-key.yaml" - >"$work/case/$2/stead.secrets.yaml"
	chmod 600 "$work/case/$2/stead.secrets.yaml"
}

differ() { # ARGUMENT...
	(cd "$work/case" && timeout 20 "$stead" diff "$@" --apps apps) >"$work/text" 2>"$work/err" </dev/null
}

one_case() { # NAME
	local status wrong=0 code
	rm -rf "$work/case"
	mkdir "$work/case"
	cp -r base/apps "$work/case/"
	side "$1" old
	side "$1" new
	differ old new
	status=$?
	{
		echo "exit code $status"
		cat "$work/text" "$work/err"
	} >"$work/got"
	[ $update = 1 ] && cp "$work/got" "$1/expected.txt"
	diff -u "$1/expected.txt" "$work/got" | sed 's/^/# /'
	cmp -s "$1/expected.txt" "$work/got" || wrong=1
	grep -qF -f "$secrets" "$work/got" && wrong=1
	differ old new --format=json
	[ $? = $status ] && ! grep -qF -f "$secrets" "$work/text" || wrong=1
	case $status in
	0 | 4) python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["v"] == 1 and d["same"] == (sys.argv[1] == "0") == (not d["changes"] and not d["order"])
units = {s["name"] for s in d["order"] if s["do"] in ("stop", "restart", "start")}
assert not units & set(d["untouched"]), "touched and untouched"
assert set(d["restarts"]) <= {s["name"] for s in d["order"]}, "a restart has its place"
assert all(f["old"] is None and f["new"] is None for f in d["changes"] if f["secret"])
' "$status" <"$work/text" 2>&1 | sed 's/^/# /' | grep . && wrong=1 ;;
	*) [ ! -s "$work/text" ] || wrong=1 ;;
	esac
	# Files, with what lies beside them or in --dir, say the same as folders.
	if [ ! -e "$1/new.lock" ] && [ ! -e "$1/new.secrets.yaml" ]; then
		cp "$1/old.yaml" "$work/case/before.yaml"
		differ before.yaml new/stead.yaml --dir new
		code=$?
		[ $code = $status ] || wrong=1
		[ $status = 1 ] || sed 1d "$1/expected.txt" | cmp -s - <(cat "$work/text" "$work/err") || wrong=1
	fi
	result $wrong "$1"
}

cd diff || exit 1
secrets=$work/secrets
{
	echo never-shown-value
	sed '1d;$d' "$work/key"
} >"$secrets"
for dir in */; do
	[ "$dir" = base/ ] || one_case "${dir%/}"
done
[ $n -ge 20 ] && [ "$(grep -l '^exit code 4' */expected.txt | wc -l)" -ge 18 ]
result $? "the cases are there"
echo "1..$n"
exit $failed
