#!/usr/bin/env bash
# The agent is killed all along the first set-up of a whole node of Mastodon, on the lab's stand-ins: in `prepare`,
# `setup` and `ready`, right before or right after an fsync, rename, link, unlink or program, each time on the node as the
# kill before left it; systemd starts it again. It is killed at each sixteenth point of every step, and at each fifth of
# those while the owner's account is made and after the start; with STEAD_SOAK=1 at every one. In the end the node is as it is without all that:
# proven from outside, one owner whose stored login works, all there once. Not here: a kill while a program runs
# (power-cuts.sh), and steps after the start, of which Mastodon has none without search.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/mastodon.sh
lab_up
dir=$(mktemp -d)
node=t-mastodon-killed engine=podman
trap 'lab_down; rm -rf "$dir"' EXIT
strides='16 5'
[ -z "${STEAD_SOAK:-}" ] || strides='1 1'
failing=$(dirname "${STEAD_NODE:-$top/build/stead-node}")/tests/agent/stead-node-fail

# A config that takes in another, and gives three verbs the agent with failpoints.
with_failpoints() { # CONFIG
	base64 -w 0 "$1" >"$dir/whole" &&
		base64 -w 0 "$failing" >"$dir/agent" &&
		base64 -w 0 tests/systemd/kill-at-point >"$dir/kill" &&
		jq -n --rawfile whole "$dir/whole" --rawfile agent "$dir/agent" --rawfile kill "$dir/kill" --arg strides "$strides" '
			def data(encoded): {source: ("data:;base64," + encoded)};
			def file(path; mode; encoded): {path: path, mode: mode, contents: data(encoded)};
			{
				ignition: {version: "3.3.0", config: {merge: [data($whole)]}},
				storage: {files: [
					file("/opt/walk/stead-node"; 493; $agent),
					file("/opt/walk/kill-at-point"; 493; $kill),
					(("prepare", "setup", "ready") as $verb |
						file("/etc/systemd/system/stead-\($verb).service.d/walk.conf"; 420;
						"[Service]\nRestartSec=0\nExecStart=\nExecStart=/opt/walk/stead-node \($verb)\n" +
						"Environment=\"STEAD_AT_POINT=exec /opt/walk/kill-at-point \($verb) \($strides)\"\n" | @base64))
				]}
			}' >"$dir/walk.ign"
}
killed() { inside $node cat "/run/walk/$1.killed" 2>/dev/null; }
killed_often() { # VERB LEAST
	local count
	count=$(killed "$1" | wc -l)
	echo "$count"
	[ "$count" -ge "$2" ]
}

# All steps of the plan but guards and clean-ups, which are not journaled; and what the journals hold.
planned() {
	inside $node cat /etc/stead/node.json |
		jq -c '.jobs[] | select(.phase != "clean") | .name as $job | .steps[] | select(has("guard") | not) | [$job, .id, "done"]' | sort
}
journaled() {
	inside $node sh -c 'cat /var/lib/stead/state/jobs/*.json' |
		jq -c '.job as $job | .steps[] | [$job, .id, .state]' | sort
}

ssh-keygen -q -t ed25519 -N '' -f "$dir/key"
ok "settings are made" mastodon_settings --set machine.engine=podman --set machine.os=fcos --set machine.data=system \
	--set delivery=inline --set media.keep_remote=3d --set "machine.ssh_keys=$dir/key.pub"
ok "the config is rendered" "$stead" render ignition --dir "$dir/n" -o "$dir/config.ign"
ok "the agent there gets its failpoints" with_failpoints "$dir/config.ign"
ok "a machine takes the config" "$lab" node start $node "$dir/walk.ign"
ok "the node becomes ready" node_ready $node 3000 || {
	inside $node journalctl --no-pager -n 80 | sed 's/^/# /'
	tap_done
}
echo "# killed: prepare $(killed prepare | wc -l), setup $(killed setup | wc -l), ready $(killed ready | wc -l)"
killed setup | cut -d ' ' -f 1 | uniq -c | sed 's/^/# /'
ok "prepare was killed" killed_often prepare 2
ok "setup was killed" killed_often setup 12
ok "ready was killed" killed_often ready 1

mastodon_is_whole
is "every migration has run once" \
	"$(sql 'SELECT max(version), count(*), count(DISTINCT version) FROM schema_migrations')" '20260812154114|12|12'
is "seeds are sown once" "$(sql 'SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM user_roles)')" '2|4'
is "the database is marked as the domain's" \
	"$(sql "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()")" "stead: $web"
is "copies of others' files are kept for as long as the settings say" \
	"$(sql "SELECT value FROM settings WHERE var = 'media_cache_retention_period'" | tr -d '\n')" '--- 3'
is "every step is done" "$(journaled)" "$(planned)"
is "nothing half-made is left" \
	"$(inside $node find /var/lib/stead /run/stead -name '*.stead-new' -o -name '*.bad')" ""
is "no container of a step is left" "$(inside $node podman ps -a --format '{{.Names}}' | grep -c '^stead-job-')" 0
tap_done
