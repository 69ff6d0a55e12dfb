#!/usr/bin/env bash
# `stead up` on a plain machine with docker only: from nothing to HTTPS, then each kind of change.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
. tests/lib/up.sh
hosts_up bookworm
dir=$(mktemp -d)
trap 'hosts_down; rm -rf "$dir"' EXIT
up_test docker bookworm

# --- the engine is stopped ---
on_host "$node" systemctl stop docker.socket docker.service
say[mail]='{host: 10.77.0.1, port: 26}' && write_settings
if up; then
	ok "a stopped engine is started" on_host "$node" systemctl is-active docker.service
else
	like "a stopped engine: up says so" "$(cat "$dir/said")" docker
	on_host "$node" systemctl start docker.service
fi >"$dir/out"
cat "$dir/out"
ok "when the engine runs again, up" up
is "the process has what was wished" "$(worker_env MAIL)" 10.77.0.1:26
ok "and the site answers" answers
tap_done
