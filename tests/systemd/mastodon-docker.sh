#!/usr/bin/env bash
# A whole node of Mastodon by Ignition, on docker and on the lab's stand-ins: ready, proven from outside, its secrets where
# they belong; a reboot boots no Rails but that of its processes.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/mastodon.sh
lab_up
dir=$(mktemp -d)
node=t-mastodon-docker engine=docker
trap 'lab_down; rm -rf "$dir"' EXIT

ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
ok "settings are made" mastodon_settings --set machine.engine=docker --set machine.os=fcos --set machine.data=system \
	--set delivery=inline --set "machine.ssh_keys=$dir/key.pub"
ok "the config is rendered" "$stead" render ignition --dir "$dir/n" -o "$dir/config.ign"
ok "a machine takes the config" "$lab" node start $node "$dir/config.ign"
ok "the node becomes ready" node_ready $node || {
	inside $node journalctl --no-pager -n 80 | sed 's/^/# /'
	tap_done
}
mastodon_is_whole
mastodon_keeps_secrets

steps >"$dir/steps"
ok "there is something to do again" test "$(wc -l <"$dir/steps")" -ge 6
ok "a reboot" "$lab" node restart $node
ok "is survived" node_ready $node 300
is "nothing that was done is done again" "$(steps)" "$(cat "$dir/steps")"
ok "the owner and the login are there" mastodon_answers
is "the posts too" "$(sql 'SELECT count(*) > 0 FROM statuses')" t
is "no volume without a name is left" "$(inside $node docker volume ls -q | wc -l)" 1
tap_done
