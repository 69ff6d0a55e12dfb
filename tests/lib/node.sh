# Nodes of tier B for tests: source it behind tap.sh.
# shellcheck shell=bash

top=${STEAD_TOP:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
stead=${STEAD:-$top/build/stead}
lab=$top/tests/lab/lab
web=node.example.test

# lab_up: what every test of a whole node needs; the registry's address goes to $registry. A lab that
# cannot be built is a failure: skipping would leave the proofs out and still be green.
lab_up() {
	[ "$(id -u)" = 0 ] || tap_skip_all "needs root"
	# A folder and a port of its own: neither a lab that somebody uses nor another test is in the way.
	STEAD_LAB_RUN=$(mktemp -d /run/stead-test.XXXXXX)
	export STEAD_LAB_RUN
	"$lab" build tree >&2 && "$lab" build containers >&2 &&
		registry=$("$lab" registry start --listen 127.0.0.1:0) || {
		ok "the lab is built and its registry runs" false
		tap_done
	}
	registry_port=${registry##*:}
}

# lab_down: nothing of it stays.
lab_down() {
	"$lab" node stop-all
	"$lab" registry stop
	rm -rf "$STEAD_LAB_RUN"
} >/dev/null 2>&1

# make_settings DIR [init's arguments...]: a settings folder for the lab's snac node.
make_settings() {
	local dir=$1
	shift
	[ -e "$dir.key" ] || ssh-keygen -q -t ed25519 -N '' -f "$dir.key"
	"$stead" init --dir "$dir" \
		--set app=snac --set domain=$web --set admin.name=alice \
		--set admin.email=alice@example.test --set mail=none --set backup=none \
		--set tls.issuer=internal --set machine.os=fcos --set machine.data=system --set delivery=inline \
		--set "machine.ssh_keys=$dir.key.pub" \
		--set "images.mirror=http://10.0.2.2:$registry_port" \
		--set images.snac=lab.invalid/snac:2.75 "$@" </dev/null &&
		lock_settings "$dir" "$@"
}

# lock_settings DIR [init's arguments...]: locks what the lab's registry has. The nodes know it by another address than
# we do.
lock_settings() {
	local apps=()
	[[ " $* " =~ ' --apps '([^ ]+)' ' ]] && apps=(--apps "${BASH_REMATCH[1]}")
	sed -i "s/10\.0\.2\.2:$registry_port/127.0.0.1:$registry_port/" "$1/stead.yaml" &&
		"$stead" lock --dir "$1" "${apps[@]}" </dev/null &&
		sed -i "s/127\.0\.0\.1:$registry_port/10.0.2.2:$registry_port/" "$1/stead.yaml"
}

inside() { # NODE COMMAND...
	"$lab" node exec "$@"
}

# node_ready NODE [SECONDS]: waits until the agent says so.
node_ready() {
	until_ok "${2:-300}" inside "$1" stead-node status >/dev/null 2>&1 || {
		inside "$1" stead-node status
		return 1
	}
}

# prove NODE DIR: the whole proof from outside, with CA and login fetched from the node into DIR.
prove() {
	inside "$1" stead-node ca >"$2/ca.crt" &&
		inside "$1" stead-node login --json | jq -j .password >"$2/password" &&
		"$top/tests/lib/prove-snac.sh" "$web" alice "$2/ca.crt" "$2/password" "$("$lab" node ip "$1")"
}
