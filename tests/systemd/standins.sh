#!/usr/bin/env bash
# The stand-ins for the images that no test can pull: they keep the contract of the real ones (tests/lab/images/contract.md),
# most of all where those refuse. On a plain machine with podman, and nothing of stead.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
. tests/lib/smtp.sh
hosts_up trixie
dir=$(mktemp -d)
trap 'smtp_down; hosts_down; rm -rf "$dir"' EXIT
node=t-standins registry=10.0.2.2:$registry_port
mastodon=$registry/ghcr.io/mastodon/mastodon

pod() { on_host $node podman "$@"; }
# one TAG COMMAND...: in a container of its own, as the node would run a job. $more has further options.
more=()
one() {
	local tag=$1
	shift
	pod run --rm --network lab --read-only --user 991:991 --tmpfs /opt/mastodon/tmp:mode=1777 --env-file /root/env \
		-v /root/system:/opt/mastodon/public/system "${more[@]}" "$mastodon:$tag" "$@"
}
sql() { pod exec postgres psql -U mastodon mastodon_production -Atc "$1"; }
redis() { on_host $node sh -c 'podman exec -e REDISCLI_AUTH=queues redis redis-cli "$@"' _ "$@"; }
# refuses NAME TEXT COMMAND...: ends with 1, and says that.
refuses() {
	local name=$1 text=$2 status
	shift 2
	"$@" >"$dir/said" 2>&1
	status=$?
	[ $status = 1 ] || { sed 's/^/# /' "$dir/said"; is "$name: status" $status 1; return; }
	like "$name" "$(cat "$dir/said")" "$text"
}

ok "a machine starts" host_up $node trixie || tap_done
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" |
	on_host $node sh -c 'cat >/etc/containers/registries.conf.d/lab.conf; podman network create lab; install -d -o 991 -g 991 /root/system'

# --- PostgreSQL ---
postgres=$registry/docker.io/library/postgres:17-bookworm
start_postgres() { # NAME VOLUME [OPTION...]
	local name=$1 volume=$2
	shift 2
	on_host $node install -d -m 700 -o 999 -g 999 "$volume"
	pod run -d --name "$name" --network lab --user 999:999 --read-only -v "$volume:/var/lib/postgresql" \
		-e PGDATA=/var/lib/postgresql/17/docker "$@" "$postgres" postgres -c max_connections=50
}
refuses "postgres: no password, no database" 'superuser password is not specified' \
	pod run --rm --user 999:999 --read-only "$postgres"
fails "postgres: and the folder is not one" pod run --rm "$postgres" test -e /var/lib/postgresql/data/PG_VERSION
ok "postgres starts" start_postgres postgres /root/postgres -e POSTGRES_USER=mastodon -e POSTGRES_PASSWORD=words \
	-e POSTGRES_DB=mastodon_production
ready() { pod exec postgres pg_isready -h localhost -U mastodon; }
ok "postgres: the database is made" until_ok 60 ready
is "postgres: it is 17, with what the command says" "$(sql "SELECT current_setting('server_version_num')::int / 10000, current_setting('max_connections')")" '17|50'
is "postgres: passwords are scram's" "$(sql "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname = 'mastodon'")" 'SCRAM-SHA-256$'
by_network() { # PASSWORD
	pod run --rm --network lab -e "PGPASSWORD=$1" "$postgres" psql -h postgres -U mastodon mastodon_production -Atc 'SELECT 1'
}
is "postgres: another container comes in with the password" "$(by_network words)" 1
fails "postgres: and not with another" by_network other
is "postgres: it is not root" "$(pod exec postgres id -u)" 999
like "postgres: a stop is a clean one" "$(pod inspect postgres --format '{{.Config.StopSignal}}')" 'SIGINT|^2$'

# Killed while it makes its database, it takes the half of it for a whole one: the entry point has no memory.
printf '#!/bin/sh\ntouch /var/lib/postgresql/here; sleep 1000\n' | on_host $node sh -c 'cat >/root/wait.sh; chmod 755 /root/wait.sh'
start_postgres half /root/half -v /root/wait.sh:/docker-entrypoint-initdb.d/wait.sh:ro -e POSTGRES_PASSWORD=words >/dev/null
ok "postgres: a database is half made" until_ok 60 on_host $node test -e /root/half/here
pod rm -f -t 0 half >/dev/null
start_postgres half /root/half -v /root/wait.sh:/docker-entrypoint-initdb.d/wait.sh:ro -e POSTGRES_PASSWORD=words >/dev/null
ok "postgres: killed then, it is not made again" until_ok 60 sh -c '"$1" node exec "$2" podman logs half 2>&1 | grep -q "Skipping initialization"' _ "$lab" $node
pod rm -f -t 0 half >/dev/null

# As a node starts it, it is made beside its place and moved there: it is there or not. The words are those of a unit.
python3 -c 'import shlex, sys
words = shlex.split(next(l for l in sys.stdin if l.startswith("Exec="))[5:])
print("\0".join(w.replace("$$", "$").replace("%%", "%") for w in words), end="\0")' >"$dir/words" \
	<tests/golden/host/mastodon-2g/expected/tree/etc/containers/systemd/stead-postgres.container
mapfile -d '' words <"$dir/words"
start_by_unit() { # [OPTION...]
	pod run -d --name half --network lab --user 999:999 --read-only --tmpfs /run/postgresql:mode=1777 \
		-v /root/whole:/var/lib/postgresql -e PGDATA=/var/lib/postgresql/17/docker -e POSTGRES_PASSWORD=words \
		"$@" "$postgres" "${words[@]}" >/dev/null
}
on_host $node install -d -m 700 -o 999 -g 999 /root/whole
start_by_unit -v /root/wait.sh:/docker-entrypoint-initdb.d/wait.sh:ro
ok "postgres, as a node starts it: a database is half made" until_ok 60 on_host $node test -e /root/whole/here
pod rm -f -t 0 half >/dev/null
fails "postgres, as a node starts it: killed then, there is none" on_host $node test -e /root/whole/17/docker
start_by_unit
ok "postgres, as a node starts it: it is made again" until_ok 60 pod exec half pg_isready -q -h 127.0.0.1 -U postgres
fails "postgres, as a node starts it: and nothing is left beside it" on_host $node test -e /root/whole/17/docker.new
on_host $node podman exec -e PGPASSWORD=words half psql -h 127.0.0.1 -U postgres -c 'CREATE TABLE kept ()' >/dev/null
pod rm -f -t 60 half >/dev/null
start_by_unit
ok "postgres, as a node starts it: the next start makes none" until_ok 60 on_host $node \
	podman exec -e PGPASSWORD=words half psql -h 127.0.0.1 -U postgres -c 'TABLE kept'
pod rm -f -t 60 half >/dev/null

# --- Redis ---
pod run -d --name redis --network lab --user 999:999 --read-only --tmpfs /data:mode=1777 "$registry/docker.io/library/redis:7.4-bookworm" \
	redis-server --requirepass queues --maxmemory-policy noeviction >/dev/null
ok "redis answers" until_ok 60 redis ping
like "redis: without the password it does not" "$(pod exec redis redis-cli ping)" NOAUTH
is "redis: it has what the command says" "$(redis config get maxmemory-policy | tail -n 1)" noeviction
is "redis: it is not root" "$(pod exec redis id -u)" 999

# --- Mastodon: without what it needs it ends, whatever it was to do ---
chmod 711 "$dir"
smtp_up "$dir/smtp" || ok "a mail server runs" false
environment() {
	cat <<-ENV
		LOCAL_DOMAIN=$web
		SECRET_KEY_BASE=$(head -c 64 /dev/urandom | od -An -tx1 | tr -d ' \n')
		ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY=kR3vW0qZt8LmYc2XnB7sHd5FgJ1pAe6U
		ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY=Zt8LmYc2XnB7sHd5FgJ1pAe6UkR3vW0q
		ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT=XnB7sHd5FgJ1pAe6UkR3vW0qZt8LmYc2
		VAPID_PRIVATE_KEY=LQC3tmL3DLtmm_sFxQUxlZ2nOf7uv_AiM4Jpq6Jq_vA=
		VAPID_PUBLIC_KEY=BFHNwLsIRsid6z8rY1_7yNbiQeB9KrSkRzPvgbmps0MaWutHGbSW3DgEAKSg_VJGaeMRGVdVfylUhQlrNEoMdhk=
		DB_HOST=postgres
		DB_PASS=words
		REDIS_HOST=redis
		REDIS_PASSWORD=queues
		SMTP_SERVER=10.0.2.2
		SMTP_PORT=$port_starttls
		SMTP_LOGIN=hello
		SMTP_PASSWORD=$smtp_password
		SMTP_OPENSSL_VERIFY_MODE=none
		SMTP_FROM_ADDRESS=Lab <hello@$web>
		STANDIN_BOOT_S=0.1
	ENV
}
environment | on_host $node sh -c 'cat >/root/env'
is "mastodon: tini, no command, uid 991" \
	"$(pod inspect "$(pod pull -q "$mastodon:v4.6.6")" --format '{{.Config.Entrypoint}} {{.Config.Cmd}} {{.Config.User}}')" \
	'[/usr/bin/tini --] [] mastodon'
fails "mastodon: it has no program by itself" one v4.6.6
one v4.6.6 sh -c '
	for name in LOCAL_DOMAIN SECRET_KEY_BASE VAPID_PRIVATE_KEY VAPID_PUBLIC_KEY RAILS_ENV \
		ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT; do
		env -u $name rails db:version >/dev/null 2>&1; echo "$name $?"
	done
	REDIS_NAMESPACE=x rails db:version >/dev/null 2>&1; echo "REDIS_NAMESPACE $?"
	ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY=x_DO_NOT_USE_IN_PRODUCTION rails db:version >/dev/null 2>&1; echo "placeholder $?"
	VAPID_PRIVATE_KEY=$ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY rails db:version >/dev/null 2>&1; echo "pair $?"
	LOCAL_DOMAIN=Node.Example rails db:version >/dev/null 2>&1; echo "case $?"
	for program in "puma -C config/puma.rb" sidekiq "tootctl version"; do
		env -u SECRET_KEY_BASE bundle exec $program >/dev/null 2>&1; echo "${program%% *} $?"
	done
	rails db:version >/dev/null 2>&1; echo "nothing $?"' >"$dir/ends"
is "mastodon: it ends with 1 without any of them" "$(awk '$2 == 1' "$dir/ends" | wc -l) of $(wc -l <"$dir/ends")" '15 of 16' ||
	sed 's/^/# /' "$dir/ends"
is "mastodon: and with 0 with all" "$(tail -n 1 "$dir/ends")" 'nothing 0'
refuses "mastodon: its tmp must be writable" EACCES pod run --rm --read-only --env-file /root/env "$mastodon:v4.6.6" rails db:version
more=(-e DB_PASS=other)
refuses "mastodon: no database by another password" ConnectionNotEstablished one v4.6.6 bundle exec rails db:prepare
more=()

# --- a database, step by step ---
refuses "mastodon: no account without tables" 'relation "accounts" does not exist|Cannot find user role|UndefinedTable' \
	one v4.6.6 tootctl accounts create alice --email alice@example.test --confirmed --role Owner
ok "mastodon: db:prepare makes the tables" one v4.6.6 bundle exec rails db:prepare
ok "mastodon: db:prepare and db:seed change nothing more" one v4.6.6 sh -c 'rails db:prepare && rails db:seed && rails db:seed'
is "mastodon: the versions are the real ones" "$(sql 'SELECT max(version) FROM schema_migrations')" 20260611150940
is "mastodon: it is production's" "$(sql 'SELECT value FROM ar_internal_metadata')" production
is "mastodon: roles and the server's own account are there" \
	"$(sql "SELECT (SELECT count(*) FROM user_roles), (SELECT count(*) FROM accounts WHERE id = -99), (SELECT count(*) FROM username_blocks)")" '4|1|21'
refuses "mastodon: nothing drops a table" ProtectedEnvironmentError one v4.6.6 bundle exec rails db:schema:load

create=(tootctl accounts create alice --email alice@example.test --confirmed --approve --role)
more=(--dns 127.0.0.1)
refuses "mastodon: no owner whose mail has no way" unreachable one v4.6.6 "${create[@]}" Owner
more=(-e EMAIL_DOMAIN_ALLOWLIST=example.test)
refuses "mastodon: no role by another name" 'Cannot find user role with that name' one v4.6.6 "${create[@]}" owner
like "mastodon: an owner, and the password is printed" "$(one v4.6.6 "${create[@]}" Owner)" '^New password: [0-9a-f]{32}$'
refuses "mastodon: no second one" 'Failure/Error: account.username' one v4.6.6 "${create[@]}" Owner
more=()
one v4.6.6 tootctl accounts modify alice --reset-password >"$dir/said"
sed -n 's/^New password: //p' "$dir/said" | tr -d '\n' >"$dir/password"
is "mastodon: a new password" "$(wc -c <"$dir/password")" 32

# --- it runs, behind a proxy ---
start() { # NAME IMAGE COMMAND...
	local name=$1 image=$2
	shift 2
	pod run -d --name "$name" --network lab --user 991:991 --read-only --tmpfs /opt/mastodon/tmp:mode=1777 --env-file /root/env \
		-v /root/system:/opt/mastodon/public/system "${more[@]}" "$image" "$@" >/dev/null
}
cat <<-CADDY | on_host $node sh -c 'cat >/root/Caddyfile'
	{
		local_certs
		skip_install_trust
	}
	$web {
		@stream path /api/v1/streaming /api/v1/streaming/*
		reverse_proxy @stream streaming:4000 {
			flush_interval -1
		}
		reverse_proxy web:3000 {
			header_down -Strict-Transport-Security
		}
		header Strict-Transport-Security "max-age=63072000; includeSubDomains"
	}
CADDY
ok "web starts" start web "$mastodon:v4.6.6" bundle exec puma -C config/puma.rb
ok "sidekiq starts" start sidekiq "$mastodon:v4.6.6" bundle exec sidekiq -c 5 -q default -q mailers,2 -q push -q ingress -q pull -q scheduler -q fasp
ok "streaming starts" start streaming "$registry/ghcr.io/mastodon/mastodon-streaming:v4.6.6" node ./streaming
pod run -d --name caddy --network lab -p 80:80 -p 443:443 -v /root/Caddyfile:/etc/caddy/Caddyfile:ro "$registry/docker.io/library/caddy:2" >/dev/null
healthy() {
	curl -sfk --noproxy '*' --connect-to "$web:443:$(host_ip $node):443" "https://$web/health" &&
		curl -sfk --noproxy '*' --connect-to "$web:443:$(host_ip $node):443" "https://$web/api/v1/streaming/health"
}
ok "all answer" until_ok 60 healthy
pod exec caddy cat /data/caddy/pki/authorities/local/root.crt >"$dir/ca.crt"
ok "the whole proof" tests/lib/prove-mastodon.sh $web alice alice@example.test "$dir/ca.crt" "$dir/password" "$(host_ip $node)"
web_says() { # PATH [HEADER...]: the status of a request that comes to web itself
	local path=$1
	shift
	{
		printf 'GET %s HTTP/1.0\r\n' "$path"
		[ $# = 0 ] || printf '%s\r\n' "$@"
		printf '\r\n'
	} | pod exec -i caddy busybox nc web 3000 | sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p'
}
is "web: any host's health" "$(web_says /health)" 200
is "web: no other host" "$(web_says / "Host: other.example" 'X-Forwarded-Proto: https')" 403
is "web: all else by TLS" "$(web_says /about "Host: $web")" 301
is "web: has no streams" "$(web_says /api/v1/streaming/health "Host: $web" 'X-Forwarded-Proto: https')" 404

# --- jobs ---
process=$(redis smembers processes)
is "sidekiq: its heartbeat names its queues" "$(redis hget "$process" info | jq -c '[(.queues | length), .version]')" '[7,"8.1.6"]'
ask_for_password() {
	local jar=$dir/jar curl=(curl -sfk --noproxy '*' --connect-to "$web:443:$(host_ip $node):443")
	"${curl[@]}" -c "$jar" "https://$web/auth/password/new" | grep -oE 'name="authenticity_token" value="[^"]*"' | cut -d'"' -f4 | tr -d '\n' >"$dir/mark"
	"${curl[@]}" -b "$jar" --data-urlencode "authenticity_token@$dir/mark" -d 'user[email]=alice@example.test' "https://$web/auth/password"
}
ok "mail: a new password is asked for" ask_for_password
ok "mail: it comes" until_ok 60 sh -c 'grep -rq "Subject: Mastodon: Reset password" "$1"/new' _ "$smtp_maildir"
pod stop -t 60 sidekiq >/dev/null
is "sidekiq: stopped, it is gone from Redis" "$(redis scard processes)" 0
ok "another job waits" ask_for_password
is "sidekiq: jobs are written as Sidekiq writes them" \
	"$(redis lindex queue:mailers -1 | jq -c '[.class, .queue, .retry, (.jid | length), .enqueued_at > 1e12]')" \
	'["ActionMailer::MailDeliveryJob","mailers",true,24,true]'
pod rm sidekiq >/dev/null
more=(-e SMTP_PASSWORD=other)
start sidekiq "$mastodon:v4.6.6" bundle exec sidekiq
retried() { [ "$(redis zcard retry)" = "$1" ]; }
ok "mail: with another password it is kept for later" until_ok 60 retried 1
is "mail: and why" "$(redis zrange retry 0 0 | jq -r .error_class)" SMTPAuthenticationError
more=()
refuses "sidekiq: no queue that Mastodon does not have" 'no queue mail' one v4.6.6 bundle exec sidekiq -q mail
redis config set maxmemory-policy allkeys-lru >/dev/null
pod restart -t 60 sidekiq >/dev/null
ok "sidekiq: it warns of a Redis that forgets" until_ok 60 sh -c '"$1" node exec "$2" podman logs sidekiq 2>&1 | grep -q noeviction' _ "$lab" $node
redis config set maxmemory-policy noeviction >/dev/null

# --- another version ---
refuses "upgrade: what is pending is known" 'You have 6 pending migrations' one v4.7.1 bundle exec rails db:abort_if_pending_migrations
pod rm -f -t 0 web >/dev/null && start web "$mastodon:v4.7.1" bundle exec puma -C config/puma.rb
ok "upgrade: not migrated, the new web says that it is healthy" until_ok 60 healthy
actor() { curl -sk --noproxy '*' --connect-to "$web:443:$(host_ip $node):443" "https://$web/users/alice" "$@"; }
is "upgrade: and is not" "$(actor -o /dev/null -w '%{http_code}')" 500
more=(-e SKIP_POST_DEPLOYMENT_MIGRATIONS=true)
ok "upgrade: first phase" one v4.7.1 bundle exec rails db:migrate
more=()
is "upgrade: the rest waits" "$(sql 'SELECT max(version), count(*) FROM schema_migrations')" '20260812154114|9'
is "upgrade: the new web works" "$(actor | jq -r .preferredUsername)" alice
actor | jq -r .publicKey.publicKeyPem >"$dir/key"
ok "upgrade: second phase" one v4.7.1 bundle exec rails db:migrate
ok "upgrade: nothing is pending" one v4.7.1 bundle exec rails db:abort_if_pending_migrations
is "upgrade: keys lie encrypted" "$(sql "SELECT count(*) FROM keypairs WHERE private_key LIKE '{\"p\":%'"), $(sql 'SELECT count(*) FROM accounts WHERE private_key IS NOT NULL')" '2, 0'
is "upgrade: and are the same" "$(actor | jq -r .publicKey.publicKeyPem)" "$(cat "$dir/key")"
sql 'SELECT * FROM schema_migrations ORDER BY 1' >"$dir/versions"
refuses "upgrade: one that fails" 'this and all later migrations canceled' one v4.8.0-fails bundle exec rails db:migrate
is "upgrade: has changed nothing" "$(sql 'SELECT * FROM schema_migrations ORDER BY 1')" "$(cat "$dir/versions")"

# --- another key ---
redis del retry >/dev/null
pod rm -f -t 0 sidekiq >/dev/null
more=(-e ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY=another0another0another0another0)
start sidekiq "$mastodon:v4.7.1" bundle exec sidekiq
redis lpush queue:default '{"class":"DistributionWorker","args":['"$(sql 'SELECT max(id) FROM statuses')"'],"jid":"0","queue":"default","retry":true}' >/dev/null
ok "another key: everything starts, and what is to be signed fails" until_ok 60 retried 1
is "another key: and why" "$(redis zrange retry 0 0 | jq -r .error_message)" ActiveRecord::Encryption::Errors::Decryption
tap_done
