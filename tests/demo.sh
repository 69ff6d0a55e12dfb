#!/usr/bin/env bash
# make demo: from a settings file to a node of the fediverse that answers over HTTPS, in a local VM.
#
#   KEEP=1   leave the machine up, and say where it is and how to stop it
#   STEAD    the program to use (default: build/stead)
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
stead=${STEAD:-$top/build/stead}
work='' registry='' machine='' child=''
declare -a summary

say() { printf '\n== %s\n' "$*"; }
run() {
	printf '$ %s\n' "stead ${*@Q}" | sed "s/'\([A-Za-z0-9@%+=:,.\/_-]*\)'/\1/g"
	# In the background, because a trap waits for what runs in front, but not for `wait`.
	"$stead" "$@" </dev/null &
	child=$!
	wait "$child"
	child=''
}

clean_up() {
	local status=$?
	trap - EXIT INT TERM HUP
	[ -z "$child" ] || { kill -TERM "$child" && wait "$child"; } 2>/dev/null || true
	if [ -n "$machine" ] && [ -d "$work/node/.stead" ]; then
		"$stead" down --dir "$work/node" --remove --yes --deadline 20 </dev/null >/dev/null 2>&1 || true
	fi
	[ -z "$registry" ] || STEAD_LAB_RUN=$work/lab tests/lab/lab registry stop || true
	[ -z "$work" ] || rm -rf "$work"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# step WHAT COMMAND…: with the time it took, for the end.
step() {
	local what=$1 began=$EPOCHREALTIME
	shift
	say "$what"
	"$@"
	summary+=("$(printf '%-52s %7.1f s' "$what" "$(jq -n "$EPOCHREALTIME - $began")")")
}

start_registry() {
	registry=$(STEAD_LAB_RUN=$work/lab tests/lab/lab registry start --listen 127.0.0.1:0)
	echo "images come from $registry on this computer, as from a mirror"
}

make_settings() {
	ssh-keygen -q -t ed25519 -N '' -C demo -f "$work/id_ed25519"
	run init --dir "$work/node" \
		--set app=snac --set domain=node.example.test \
		--set admin.name=alice --set admin.email=alice@example.net \
		--set mail=none --set backup=none \
		--set tls.issuer=internal --set delivery=inline \
		--set machine.os=fcos --set machine.size=2g --set "machine.ssh_keys=$work/id_ed25519.pub" \
		--set "images.mirror=http://10.0.2.2:${registry##*:}" \
		--set images.snac=lab.invalid/snac:2.75
	# The machine knows the registry by another address than this computer does.
	sed -i "s/10\.0\.2\.2/127.0.0.1/" "$work/node/stead.yaml"
	run lock --dir "$work/node"
	sed -i "s/127\.0\.0\.1/10.0.2.2/" "$work/node/stead.yaml"
	echo
	cat "$work/node/stead.yaml"
}

start_machine() {
	machine=started
	run up --on vm --image "$(tests/lab/lab path image)" --dir "$work/node" --yes --deadline 1800
}

prove() {
	local login https http
	login=$("$stead" open --login --dir "$work/node")
	https=$(sed -n 's/^address .*127\.0\.0\.1:\([0-9]*\) (.*/\1/p' <<<"$login")
	http=$(sed -n 's/.*(http: 127\.0\.0\.1:\([0-9]*\),.*/\1/p' <<<"$login")
	(umask 077 && awk '$1 == "password" { printf "%s", $2 }' <<<"$login" >"$work/password")
	tests/lib/prove-snac.sh node.example.test alice "$work/node/.stead/vm/ca.crt" "$work/password" \
		127.0.0.1 "$https" "$http"
}

[ -x "$stead" ] || { echo "demo: no '$stead': run 'make build' first" >&2; exit 3; }
[ "$(id -u)" = 0 ] || { echo 'demo: building the lab image needs root' >&2; exit 3; }
work=$(mktemp -d)

step 'the lab: an OS with Ignition, images, a registry' tests/lab/lab build all
step 'a registry' start_registry
step 'settings: stead init, stead lock' make_settings
step 'stead check' run check --dir "$work/node"
step 'stead up: boot the VM until the node is ready' start_machine
step 'from outside, over HTTPS' prove

say 'it works'
printf '%s\n' "${summary[@]}"
if [ "${KEEP:-}" = 1 ]; then
	trap - EXIT
	say 'kept, because KEEP=1'
	"$stead" open --login --dir "$work/node"
	cat <<END

log in on the machine:  $stead ssh --dir $work/node
stop it all:            $stead down --remove --yes --dir $work/node
                        STEAD_LAB_RUN=$work/lab $top/tests/lab/lab registry stop; rm -rf $work
END
else
	say 'cleaning up; make demo KEEP=1 leaves the machine up and prints address and login'
fi
