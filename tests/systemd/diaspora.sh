#!/usr/bin/env bash
# `stead up` makes a pod of diaspora* on a plain machine, on the lab's stand-in: from nothing to ready, proven from outside,
# its secrets where they belong; what changes restarts what it reaches. ENGINE=docker: with docker.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
one_machine diaspora

container() { inside $node "$engine" exec "$@"; }
sql() { container --user 999:999 stead-postgres psql -U postgres diaspora_production -Atc "$1"; }
redis() { container stead-redis sh -c 'REDISCLI_AUTH=$(cat /config/redis-password) exec redis-cli "$@"' _ "$@"; }
started() { inside $node systemctl show -P ActiveEnterTimestampMonotonic "stead-$1.service"; }
steps() { inside $node sh -c 'cat /var/lib/stead/state/jobs/*.json' | jq -c '.steps[] | [.id, .state, .attempt, .at]'; }
prove_pod() {
	inside $node stead-node ca >"$dir/ca.crt" && inside $node stead-node login --json | jq -j .password >"$dir/password" &&
		tests/lib/prove-diaspora.sh $web alice "$dir/ca.crt" "$dir/password" "$(host_ip $node)"
}

ok "settings are made" app_settings diaspora --set images.web=lab.invalid/diaspora:0.9.1.0
ok "the images are locked" lock_settings "$dir/n"
first_up
ok "the whole proof, from outside" prove_pod || inside $node journalctl --no-pager -n 60 | sed 's/^/# /'
is "no unit has failed" "$(inside $node systemctl --failed --no-legend)" ""
is "every migration has run" "$(sql 'SELECT max(version), count(*) FROM schema_migrations')" '20230604015559|3'
is "one podmin, with aspects" "$(sql "SELECT username, (SELECT count(*) FROM aspects WHERE user_id = users.id) FROM users
	JOIN people ON owner_id = users.id JOIN roles ON person_id = people.id WHERE name = 'admin'")" 'alice|4'
is "his handle is of the domain" "$(sql 'SELECT diaspora_handle FROM people')" "alice@$web"
is "the application is no superuser" "$(sql "SELECT rolsuper FROM pg_roles WHERE rolname = 'diaspora'")" f
processed() { [ "$(redis get stat:processed)" -ge 1 ]; }
ok "the post's job went through Redis" until_ok 30 processed
is "and none failed or waits" "$(redis llen queue:high) $(redis zcard retry)" '0 0'
is "sidekiq has all queues" "$(redis hget "$(redis smembers processes)" info | jq -c .queues)" '["urgent","high","medium","low","default"]'
for p in web sidekiq; do
	is "$p: its own user, no capability" "$(inside $node sh -c 'pid=$('"$engine"' inspect stead-'$p' --format "{{.State.Pid}}")
		awk "/^Uid/ { print \$2 } /^CapBnd/ { print \$2 }" /proc/$pid/status | xargs')" '1000 0000000000000000'
done
is "the key of OpenID Connect is kept, and its user's alone" \
	"$(inside $node sh -c 'stat -c "%a %u" /var/lib/stead/data/web/keys/oidc_key.pem')" '600 1000'

# --- secrets ---
sed -n 's/^app\.[a-z_]*: *"\{0,1\}\([^ "]\{20,\}\)"\{0,1\} *$/\1/p' "$dir/n/stead.secrets.yaml" >"$dir/words"
inside $node stead-node login --json | jq -r .password >>"$dir/words"
is "the secrets to look for" "$(wc -l <"$dir/words")" 4
{
	inside $node journalctl --no-pager -o export
	inside $node ps axww -o args
	inside $node sh -c "$engine"' inspect $('"$engine"' ps -aq)'
	inside $node cat /etc/stead/node.json
} >"$dir/everything" 2>&1
fails "no secret in journal, arguments, plan or what is told of containers" grep -aqFf "$dir/words" "$dir/everything"
inside $node sh -c 'umask 077; cat >/root/words' <"$dir/words"
head -n 1 "$dir/words" | inside $node sh -c 'umask 022; cat >/etc/readable'
is "no secret in a file that others can read" "$(inside $node sh -c '
	setpriv --reuid=65534 --regid=65534 --clear-groups grep -rlaF -f - --devices=skip \
		/etc /run /var /usr/local /opt /tmp /root /home </root/words 2>/dev/null')" /etc/readable
inside $node rm /root/words /etc/readable

# --- again, and with a change ---
steps >"$dir/steps"
ok "nothing to do: up" up
like "nothing to do: it says so" "$(cat "$dir/said")" '^nothing to change'
database=$(started postgres) web_began=$(started web)
printf 'diaspora:\n  config: { privacy.statistics.user_counts: true }\n' >>"$dir/n/stead.yaml"
ok "one key of diaspora.toml: up" up
is "it is there" "$(container stead-web grep -c '^user_counts = true' /config/diaspora.toml)" 1
fails "what reads it was restarted" test "$(started web)" = "$web_began"
is "the database was not" "$(started postgres)" "$database"
is "and nothing that was done is done again" "$(steps)" "$(cat "$dir/steps")"
answers() { (export POST=no && prove_pod); }
ok "the same login works" answers
ok "a tool of the application's own" on_host $node stead-node app rake db:version
tap_done
