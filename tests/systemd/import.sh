#!/usr/bin/env bash
# An installation of Mastodon becomes a node: its variables become settings and secrets, its dump and files what the node
# has. The old one is a node too, of an older version, with a post, a picture and a login; then nothing of it is left but
# these three. What is refused, and what is cut short, leaves the new node as it was. ENGINE=docker: with docker.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
. tests/lib/mastodon.sh
engine=${ENGINE:-podman} tree=trixie
[ "$engine" = podman ] || tree=bookworm
hosts_up $tree
dir=$(mktemp -d)
node=t-import-$engine
trap 'hosts_down; rm -rf "$dir"' EXIT

up() { stead_up $node >"$dir/said" 2>&1 || { cat "$dir/said"; return 1; }; }
import() { timeout 600 "$stead" import --dir "$dir/n" --yes "$@" </dev/null >"$dir/said" 2>&1; }
pg() { inside $node "$engine" exec --user 999:999 stead-postgres "$@"; }
databases() { pg psql -U postgres -Atc "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate"; }
counts() { sql 'SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM users), (SELECT count(*) FROM statuses), (SELECT count(*) FROM media_attachments)'; }
left() { inside $node sh -c 'ls /var/lib/stead/state/import.json /var/lib/stead/data/*/*.import /var/lib/stead/data/*/*.before /var/lib/stead/data/postgres/postgres/import 2>/dev/null'; }
files() { inside $node sh -c 'cd /var/lib/stead/data/web/system && find . -type f | sort | xargs -r sha256sum'; }
login_works() { # PASSWORD_FILE
	POST=no tests/lib/prove-mastodon.sh "$web" alice alice@example.test "$dir/ca.crt" "$1" "$("$lab" node ip $node)"
}

# --- the old installation ---
ok "a machine starts" host_up $node $tree || tap_done
where=(--set machine.os=as-is --set "machine.engine=$engine" --set delivery=ssh --set reach=unchecked --set "machine.host=$(host_ip $node)")
ok "settings of the old one" mastodon_settings "${where[@]}"
ok "an older version" mastodon_image v4.6.6
ok "the old one is up" up || { inside $node journalctl --no-pager -n 60 | sed 's/^/# /'; tap_done; }
ok "it has a post and a picture" mastodon_prove
inside $node stead-node login --json | jq -j .password >"$dir/old-password"
counts >"$dir/old-counts"
files >"$dir/old-files"
ok "there is something to move" grep -qv '|0' "$dir/old-counts"
ok "and files" test -s "$dir/old-files"
dump() { pg pg_dump -U postgres -F"$1" mastodon_production "${@:3}" >"$2"; }
ok "a custom dump" dump c "$dir/old.dump"
sql "INSERT INTO schema_migrations VALUES ('20991231000000')" >/dev/null
ok "one of a version that nobody has" dump c "$dir/newer.dump"
sql "DELETE FROM schema_migrations WHERE version = '20991231000000'; ALTER TABLE statuses ADD local_only boolean" >/dev/null
ok "a fork's: plain" dump p "$dir/fork.sql"
ok "a fork's: tar" dump t "$dir/fork.tar"
pg pg_dump -U postgres -Fd -f /run/postgresql/fork mastodon_production
inside $node "$engine" exec stead-postgres tar -C /run/postgresql -cf - fork | tar -C "$dir" -xf -
ok "a fork's: directory" test -s "$dir/fork/toc.dat"
inside $node tar -C /var/lib/stead/data/web --transform 's|^system|live/public/system|' -cf - system >"$dir/system.tar"
{
	printf 'LOCAL_DOMAIN=%s\nDB_HOST=db\nWEB_CONCURRENCY=9\n' "$web"
	sed -n -e 's/^app.secret_key_base: */SECRET_KEY_BASE=/p' -e 's/^app.vapid: */VAPID_PRIVATE_KEY=/p' \
		-e 's/^app.encryption_primary: */ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY=/p' \
		-e 's/^app.encryption_deterministic: */ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY=/p' \
		-e 's/^app.encryption_salt: */ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT=/p' "$dir/n/stead.secrets.yaml"
} >"$dir/old.env"
is "its variables" "$(wc -l <"$dir/old.env")" 8
ok "the old one is gone" "$stead" destroy --dir "$dir/n" --domain "$web" --yes
mv "$dir/n" "$dir/gone"

# --- the new node ---
ok "settings out of the variables" "$stead" import --env "$dir/old.env" --dir "$dir/n" --set admin.name=alice \
	--set admin.email=alice@example.test --set mail=none --set backup=none --set tls.issuer=internal \
	--set "images.mirror=http://10.0.2.2:$registry_port" "${where[@]}"
ok "the newer version" mastodon_image v4.7.1
import --database "$dir/old.dump"
like "before there is a node: it says so" "$(cat "$dir/said")" 'stead up'
ok "the new node is up" up || tap_done
inside $node stead-node ca >"$dir/ca.crt"
inside $node stead-node login --json | jq -j .password >"$dir/new-password"
is "its own account only" "$(sql 'SELECT count(*) FROM users')" 1
files >"$dir/new-files"
counts >"$dir/new-counts"

# --- what is refused ---
refused() { # NAME REASON ARGUMENT...
	local name=$1 reason=$2
	shift 2
	fails "$name: is refused" import "$@"
	like "$name: and why" "$(cat "$dir/said")" "$reason" || sed 's/^/# /' "$dir/said"
}
mkdir "$dir/evil" && echo x >"$dir/evil/a"
tar -C "$dir/evil" --transform 's|^|../../|' -P -cf "$dir/evil.tar" a
ln -s /etc "$dir/evil/link" && tar -C "$dir/evil" -cf "$dir/link.tar" link
tar -C "$dir/evil" -cf "$dir/other.tar" a
head -c $(($(stat -c %s "$dir/old.dump") / 2)) "$dir/old.dump" >"$dir/cut.dump"
head -c $(($(stat -c %s "$dir/fork.sql") - 500)) "$dir/fork.sql" >"$dir/cut.sql"
refused "half a dump" 'cannot be (used|restored)' --database "$dir/cut.dump"
refused "a plain one without its end" 'cut short' --database "$dir/cut.sql"
refused "a newer version than the image's" 'newer' --database "$dir/newer.dump"
for form in fork.sql fork.tar fork; do
	refused "a fork's dump ($form), restored and looked at" 'fork' --database "$dir/$form"
	like "a fork's dump ($form): it was restored" "$(cat "$dir/said")" 'restored beside'
done
refused "an archive that leads elsewhere" 'leads out' --database "$dir/old.dump" --media "$dir/evil.tar"
refused "one with a link" 'link' --database "$dir/old.dump" --media "$dir/link.tar"
head -c $(($(stat -c %s "$dir/system.tar") / 1024 * 512)) "$dir/system.tar" >"$dir/cut.tar"
refused "half an archive" 'cut short' --database "$dir/old.dump" --media "$dir/cut.tar"
is "nothing is left of all that" "$(left)" ""
is "no database either" "$(databases)" 'mastodon_production postgres'
is "the same rows" "$(counts)" "$(cat "$dir/new-counts")"
is "the same files" "$(files)" "$(cat "$dir/new-files")"
ok "it is ready" node_ready $node 300
ok "and its own login works" login_works "$dir/new-password"

# --- cut short: dump and files are there, and the agent is killed once the application is stopped ---
# Then it is killed all along: at every third point of what is still to be done, again and again.
walk='#!/bin/sh
[ "$1 $2" = "import finish" ] || exec /opt/walk/real "$@"
n=1
while :; do
	STEAD_CRASH_AT=$n /opt/walk/failing "$@" >/opt/walk/out
	status=$?
	[ $status = 137 ] || break
	echo $n >>/opt/walk/kills
	n=$((n + 3))
done
cat /opt/walk/out
exit $status'
failing=$(dirname "${STEAD_NODE:-$top/build/stead-node}")/tests/agent/stead-node-fail
agent_walks() {
	inside $node sh -c 'mkdir /opt/walk && cp -p /usr/local/bin/stead-node /opt/walk/real' &&
		inside $node sh -c 'cat >/opt/walk/failing && chmod 755 /opt/walk/failing' <"$failing" &&
		inside $node sh -c 'cat >/usr/local/bin/stead-node.walk && chmod 755 /usr/local/bin/stead-node.walk &&
			mv /usr/local/bin/stead-node.walk /usr/local/bin/stead-node' <<<"$walk"
}
agent_is_back() { inside $node mv /opt/walk/real /usr/local/bin/stead-node; }
"$stead" import --dir "$dir/n" --yes --database "$dir/old.dump" --media "$dir/system.tar" </dev/null >"$dir/said" 2>&1 &
ok "an import is under way" until_ok 120 inside $node test -e /var/lib/stead/state/maintenance
inside $node sh -c 'for p in /proc/[0-9]*; do case $(tr "\0" " " <$p/cmdline 2>/dev/null) in *stead-nod[e]\ import\ finish*) kill -9 ${p#/proc/} ;; esac; done'
wait
stage=$(inside $node stead-node import status)
echo "# killed at: $stage"
if [ "$stage" = media ]; then
	ok "it is dropped" "$stead" import --dir "$dir/n" --drop
	is "the same rows as before" "$(counts)" "$(cat "$dir/new-counts")"
	is "nothing is left" "$(left)" ""
	ok "the node is ready" node_ready $node 300
	ok "the agent is to be killed" agent_walks
	ok "import" import --database "$dir/old.dump" --media "$dir/system.tar"
else
	ok "no import may be begun then" test "$stage" != none
	ok "the agent is to be killed" agent_walks
	ok "it is finished" "$stead" import --dir "$dir/n" --finish
	is "it is" "$(inside $node stead-node import status)" none
	ok "the node is ready" node_ready $node 300
	fails "another one is refused" import --database "$dir/old.dump" --media "$dir/system.tar"
fi || sed 's/^/# /' "$dir/said"
sed 's/^/# /' "$dir/said"

kills=$(inside $node wc -l /opt/walk/kills | cut -d ' ' -f 1)
ok "killed $kills times" test "$kills" -ge 8
ok "the agent is the one of before" agent_is_back

# --- what is there ---
ok "it is ready" node_ready $node 300 || inside $node stead-node status
is "all rows" "$(counts)" "$(cat "$dir/old-counts")"
is "all files" "$(files)" "$(cat "$dir/old-files")"
is "they belong to the application" "$(inside $node sh -c 'find /var/lib/stead/data/web/system ! -user 991 -o ! -group 991')" ""
is "the tables are the new version's" "$(sql 'SELECT max(version) FROM schema_migrations')" 20260812154114
is "the database belongs to the application" "$(sql "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'mastodon_production'")" mastodon
is "so do its tables" "$(sql "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner <> 'mastodon'")" 0
is "sorted by bytes" "$(sql "SELECT datcollate FROM pg_database WHERE datname = 'mastodon_production'")" C
ok "the old password works" login_works "$dir/old-password"
fails "the one that set-up had made does not" login_works "$dir/new-password"
like "the stored login says so" "$(inside $node stead-node login)" 'before the import'
is "the keys of before are read with the old secrets" "$(sql "SELECT count(*) > 0 FROM keypairs")" t
is "no unit has failed" "$(inside $node systemctl --failed --no-legend)" ""
is "nothing is left" "$(left)" ""
is "nor of the database of before" "$(databases)" 'mastodon_production postgres'
fails "a second import is refused" import --database "$dir/old.dump"
like "and why" "$(cat "$dir/said")" 'in use already'
ok "nothing to change: up" up
like "nothing to change: it says so" "$(cat "$dir/said")" '^nothing to change'
tap_done
