#!/usr/bin/env bash
# The registry is away during the first minutes: the node says so, and comes up by itself afterwards.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
lab_up
dir=$(mktemp -d)
node=t-late
trap 'lab_down; rm -rf "$dir"' EXIT

ok "settings are made" make_settings "$dir/n"
"$stead" render ignition --dir "$dir/n" -o "$dir/config.ign" 2>/dev/null
"$lab" registry stop
ok "a machine takes the config" "$lab" node start $node "$dir/config.ign"
waiting() { inside $node stead-node status --json | jq -r .waiting_for | grep -q 'image'; }
ok "status says that it waits for an image" until_ok 60 waiting
tried_again() { inside $node stead-node status --json | jq -e '[.steps[] | select(.name | startswith("prepare.image")) | .attempt] | max >= 2'; }
ok "and that it tries again" until_ok 60 tried_again
like "with the reason" "$(inside $node stead-node status)" 'refused|connect'
is "no unit has given up" "$(inside $node systemctl --failed --no-legend)" ""
is "nothing of the application runs" "$(inside $node podman ps -q)" ""
ok "the registry comes back" "$lab" registry start --listen "$registry"
ok "the node becomes ready by itself" node_ready $node 180
ok "it answers from outside" prove $node "$dir"
tap_done
