# Shared by the tests of the command line: TAP, and a settings folder that is right.
# shellcheck shell=bash
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
stead=$(readlink -f "${STEAD:-build/stead}")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export HOME=$tmp/home NO_COLOR=1
mkdir "$HOME"
count=0 failed=0

ok() { # NAME: the status of the command before
	local status=$?
	count=$((count + 1))
	if [ $status = 0 ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		failed=1
		[ ! -s "$tmp/out" ] || sed 's/^/#   out: /' "$tmp/out" | head -n 20
		[ ! -s "$tmp/err" ] || sed 's/^/#   err: /' "$tmp/err" | head -n 20
	fi
}

is() { # GOT EXPECTED NAME
	[ "$1" = "$2" ] || { echo "# got '$1', expected '$2'" && false; }
	ok "$3"
}

# run ARGUMENT…: stead without a terminal and with a deadline; $code, $tmp/out and $tmp/err.
run() {
	timeout 60 "$stead" "$@" </dev/null >"$tmp/out" 2>"$tmp/err"
	code=$?
}

out_has() { grep -qF -- "$1" "$tmp/out"; }
err_has() { grep -qF -- "$1" "$tmp/err"; }

answers=(--set app=snac --set domain=node.example.test --set admin.name=alice
	--set admin.email=alice@example.net --set mail=none --set backup=none)
inline=(--set machine.os=fcos --set delivery=inline --set tls=internal)

done_testing() {
	echo "1..$count"
	exit $failed
}
