#!/usr/bin/env bash
# Power cuts during the first set-up, in tier B: after each the node is booted again; in the end it is
# the same healthy node with exactly one owner whose login works. With STEAD_SOAK, many rounds at random times.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
lab_up
dir=$(mktemp -d)
node=t-cuts
trap 'lab_down; rm -rf "$dir"' EXIT
rounds=1
[ -z "${STEAD_SOAK:-}" ] || rounds=20

# The cut comes when the agent reports a step as running; between steps and inside them in turn.
step_seen() { inside $node cat /run/stead/progress.json 2>/dev/null | grep -q "\"$1"; }
cut_at() { # STEP EXTRA_SECONDS
	local i
	for ((i = 0; i < 6000; i++)); do
		step_seen "$1" && break
		sleep 0.05
	done
	[ "$i" -lt 6000 ] || return 1
	sleep "$2"
	"$lab" node kill $node
}

for ((round = 1; round <= rounds; round++)); do
	rm -rf "$dir/n"
	ok "round $round: settings are made" make_settings "$dir/n"
	"$stead" render ignition --dir "$dir/n" -o "$dir/config.ign" 2>/dev/null
	ok "round $round: a machine takes the config" "$lab" node start $node "$dir/config.ign"
	for at in prepare.image:0 setup.setup.init:0 setup.setup.init:0.7 setup.setup.configure:0 \
		setup.setup.owner:0.3 setup.setup.owner:0.9 ready:0.1; do
		extra=${at##*:}
		[ "$rounds" = 1 ] || extra=0.$((RANDOM % 10))$((RANDOM % 10))
		ok "round $round: power cut at ${at%:*} + $extra s, and on again" cut_at "${at%:*}" "$extra"
	done
	ok "round $round: the node becomes ready" node_ready $node
	ok "round $round: exactly one owner, whose login works" prove $node "$dir"
	is "round $round: nothing half-made is left" \
		"$(inside $node find /var/lib/stead -name '*.new' -o -name '*.stead-new' -o -name '.tmp*' -o -path '*/data/new' -o -path '*/data/stage')" ""
	"$lab" node stop $node >/dev/null 2>&1
done
tap_done
