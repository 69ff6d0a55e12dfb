#!/usr/bin/env bash
# `stead up` makes a node of Mastodon on a plain machine with podman, on the lab's stand-ins: whole and proven from outside,
# its secrets where they belong. Another version runs its migrations first; one whose migration fails, and an older one,
# never come to serve.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
. tests/lib/mastodon.sh
hosts_up trixie
dir=$(mktemp -d)
node=t-mastodon engine=podman
trap 'hosts_down; rm -rf "$dir"' EXIT

up() { stead_up $node >"$dir/said" 2>&1 || { cat "$dir/said"; return 1; }; }
versions() { sql 'SELECT max(version), count(*) FROM schema_migrations'; }

ok "a machine starts" host_up $node trixie || tap_done
ok "settings are made" mastodon_settings --set machine.os=as-is --set delivery=ssh --set reach=unchecked \
	--set "machine.host=$(host_ip $node)"
ok "an older version is asked for" mastodon_image v4.6.6
ok "up makes the node" up || {
	inside $node journalctl --no-pager -n 80 | sed 's/^/# /'
	tap_done
}
mastodon_is_whole
mastodon_keeps_secrets
is "the tables are that version's" "$(versions)" '20260611150940|6'

# --- cleaned up at its times, while it is ready ---
clean_up() { inside $node systemctl start stead-clean-remote-copies.service; }
ok "it cleans up" clean_up
like "with the application's own tool" "$(inside $node journalctl --no-pager -o cat -u stead-clean-remote-copies)" \
	'clean\.remote-copies\.profiles'
is "its container is gone" "$(inside $node podman ps -aq --filter name=stead-job-)" ""
like "its next time is known" "$(inside $node systemctl list-timers --no-pager --no-legend stead-clean-remote-copies.timer)" '^Sun .*05:30:00'
ok "in maintenance" on_host $node stead-node maintenance on
fails "it does not" clean_up
ok "behind it" on_host $node stead-node maintenance off
ok "the node becomes ready again" node_ready $node 300

# --- another version ---
ok "a newer version is asked for" mastodon_image v4.7.1
ok "a newer version: up" up
is "a newer version: all migrations ran, those for after too" "$(versions)" '20260812154114|12'
is "a newer version: it serves" "$(inside $node podman inspect stead-web --format '{{index .Config.Labels "org.opencontainers.image.version"}}')" v4.7.1
ok "a newer version: the whole proof, with the same login" mastodon_prove
ok "nothing to do: up" up
like "nothing to do: it says so" "$(cat "$dir/said")" '^nothing to change'

# --- another key ---
cp -p "$dir/n/stead.secrets.yaml" "$dir/secrets"
sed -i 's/^app.encryption_primary: .*/app.encryption_primary: "Another0Key1Of2A3Test4Case5Xyzab"/' "$dir/n/stead.secrets.yaml"
fails "another encryption key: up refuses" up
like "another encryption key: and says why" "$(cat "$dir/said")" "'encryption_primary' is not the one that the data here was made with"
ok "another encryption key: the site answers" mastodon_answers
cp -p "$dir/secrets" "$dir/n/stead.secrets.yaml"

# --- one whose migration fails ---
steps >"$dir/steps"
ok "a version that fails is asked for" mastodon_image v4.8.0-fails
fails "a migration that fails: up says so" up
like "a migration that fails: and why" "$(cat "$dir/said")" 'migration|prepare'
ok "a migration that fails: the site answers" mastodon_answers
is "a migration that fails: the tables are as before" "$(versions)" '20260812154114|12'
is "a migration that fails: the version before serves" "$(inside $node podman inspect stead-web --format '{{index .Config.Labels "org.opencontainers.image.version"}}')" v4.7.1

# --- an older one, whose code does not know these tables ---
ok "an older version is asked for again" mastodon_image v4.6.6
fails "an older version: up refuses" up
like "an older version: and says why" "$(cat "$dir/said")" 'newer than the image'
ok "an older version: the site answers" mastodon_answers

ok "the right version again" mastodon_image v4.7.1
ok "the right version: up" up
steps >"$dir/steps"
ok "a power cut" "$lab" node kill $node
ok "is survived" node_ready $node 300
is "nothing that was done is done again" "$(steps)" "$(cat "$dir/steps")"
ok "the owner, the login and the posts are there" mastodon_prove
tap_done
