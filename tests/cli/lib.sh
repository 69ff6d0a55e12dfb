# Shared by the tests of the command line: settings that are right, and stead without a terminal.
# shellcheck shell=bash
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=/dev/null
. tests/lib/tap.sh
stead=$(readlink -f "${STEAD:-build/stead}")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export HOME=$tmp/home NO_COLOR=1
mkdir "$HOME"

# run CODE NAME ARGUMENT…: stead without a terminal, within five minutes, ends with CODE. $tmp/out, $tmp/err.
run() {
	local want=$1 name=$2 code
	shift 2
	timeout 300 "$stead" "$@" </dev/null >"$tmp/out" 2>"$tmp/err"
	code=$?
	is "$name: exit code $want" "$code" "$want" || sed 's/^/# /' "$tmp/out" "$tmp/err"
}

out_has() { ok "$1" grep -qF -e "$2" "$tmp/out" || sed 's/^/#   /' "$tmp/out"; }
err_has() { ok "$1" grep -qF -e "$2" "$tmp/err" || sed 's/^/#   /' "$tmp/err"; }

identity=(--set app=snac --set images.snac=lab.invalid/snac:2.75 --set domain=node.example.org --set admin.name=alice)
answers=("${identity[@]}" --set admin.email=alice@example.net --set mail=none --set backup=none)
inline=(--set machine.os=fcos --set delivery=inline --set tls=internal)

# new_node DIR [ARGUMENT…]: quietly makes a good one, or ends the test.
new_node() {
	local dir=$1
	shift
	"$stead" init --dir "$dir" "${answers[@]}" "${inline[@]}" "$@" </dev/null >"$tmp/out" 2>"$tmp/err" ||
		{ cat "$tmp/out" "$tmp/err"; echo 'Bail out! stead init does not work'; exit 1; }
}
