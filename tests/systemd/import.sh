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
one_machine import

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
ok "settings of the old one" mastodon_settings "${on_machine[@]}"
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
	--set "images.mirror=http://10.0.2.2:$registry_port" "${on_machine[@]}"
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
# The application need not start in between; that it does is seen before and behind.
ok "maintenance" inside $node stead-node maintenance on
for form in fork.sql fork.tar fork; do
	refused "a fork's dump ($form), restored and looked at" 'fork' --database "$dir/$form"
	like "a fork's dump ($form): it was restored" "$(cat "$dir/said")" 'restored beside'
done
is "maintenance stays" "$(inside $node stead-node status --json | jq .maintenance)" true
ok "no maintenance" inside $node stead-node maintenance off
cp "$dir/system.tar" "$dir/large.tar" && truncate -s 9T "$dir/large.tar"
refused "more files than there is room for" 'it needs about 99[0-9]{5} MiB of room, and /var/lib/stead has [0-9]+ MiB$' \
	--database "$dir/old.dump" --media "$dir/large.tar"
fails "and nothing of it is sent" grep -q sending "$dir/said"
is "nor begun" "$(inside $node stead-node import status)" none
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

# --- cut short ---
# The agent is killed all along, as lab's kill would be: what comes in is sent from the start each time, what is finished goes
# on from where it was. A point stands before and behind each act, so that every second one shows all that a kill can leave:
# these from the switch on, and fewer before, where acts only look or write beside.
failing=$(dirname "${STEAD_NODE:-$top/build/stead-node}")/tests/agent/stead-node-fail
walk='set -u
cd /opt/walk
killed() { # POINT VERB
	STEAD_CRASH_AT=$1 ./failing import "$2" <"$2" >said 2>&1
	status=$?
	[ $status = 137 ] && echo "$2 $1" >>kills
}
sent() { # VERB: and all that comes before it
	for verb in begin database media; do
		stead-node import $verb <$verb || exit
		[ $verb != "$1" ] || return
	done
}
case $1 in
sending)
	for of in begin database media; do
		n=2
		while
			case $of in database) sent begin ;; media) sent database ;; esac
			killed $n $of
		do n=$((n + 8)); done
		[ $status = 0 ] || break
	done ;;
restoring) # until the database is there, beside
	n=2
	while killed $n finish && ! databases | grep -q _import; do n=$((n + 4)); done
	[ $status = 137 ] ;;
finishing)
	sent media
	stage=media n=8
	while killed $n finish && now=$(stead-node import status) && [ "$now" != none ]; do
		case $now in
		media) n=$((n + 8)) ;;
		"$stage") n=$((n + 2)) ;;
		*)
			stage=$now n=2
			for act in "import begin" "import drop" "maintenance off"; do
				! stead-node $act <begin 2>>refused || { echo "$act: at $now" >said; exit 1; }
			done
			;;
		esac
	done
	[ $status = 0 ] || [ "$now" = none ] ;;
esac || { tail -n 5 said; exit 1; }'
walks() { inside $node sh -c "databases() { $engine exec --user 999:999 stead-postgres psql -U postgres -Atc 'SELECT datname FROM pg_database'; }
$walk" sh "$1"; }
there() { inside $node sh -c "cat >/opt/walk/$1 && chmod 755 /opt/walk/$1" <"$2"; } # NAME FILE
kills() { inside $node grep -c "^$1 " /opt/walk/kills; }
echo '#!/bin/sh
[ "$1 $2" != "import finish" ] || export STEAD_CRASH_AT=1
exec /opt/walk/failing "$@"' >"$dir/dies"
inside $node mkdir /opt/walk
there failing "$failing" && there dies "$dir/dies"
inside $node sh -c 'cp -p /usr/local/bin/stead-node /opt/walk/real && cp -p /opt/walk/dies /usr/local/bin/new && mv /usr/local/bin/new /usr/local/bin/stead-node'
fails "an import is cut short" import --database "$dir/old.dump" --media "$dir/system.tar"
inside $node mv /opt/walk/real /usr/local/bin/stead-node
is "all of it is there" "$(inside $node stead-node import status)" media
inside $node jq .spec /var/lib/stead/state/import.json >"$dir/spec"
there begin "$dir/spec" && there database "$dir/old.dump" && there media "$dir/system.tar" && there finish /dev/null
ok "killed while it comes" walks sending
echo "# killed at: $(inside $node sed 's/finish//' /opt/walk/kills | xargs)"
is "in each of its parts" "$(inside $node cut -d ' ' -f 1 /opt/walk/kills | uniq | xargs)" 'begin database media'
ok "killed until the dump is restored" walks restoring
ok "the application is stopped" inside $node test -e /var/lib/stead/state/maintenance
is "the rows are those of before" "$(counts)" "$(cat "$dir/new-counts")"
is "the files too" "$(files)" "$(cat "$dir/new-files")"
ok "it is dropped" "$stead" import --dir "$dir/n" --drop
is "nothing is left" "$(left)" ""
is "no database either" "$(databases)" 'mastodon_production postgres'
is "the same rows" "$(counts)" "$(cat "$dir/new-counts")"
ok "the node is ready" node_ready $node 300
inside $node rm /opt/walk/kills
ok "another one is killed all along" walks finishing
echo "# killed at: $(inside $node sed 's/finish//' /opt/walk/kills | xargs)"
ok "killed $(kills finish) times" test "$(kills finish)" -ge 12
is "from the switch on it can only be finished: nothing else is taken" "$(inside $node grep -c finish /opt/walk/refused)" 6
is "no import is under way" "$(inside $node stead-node import status)" none

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
