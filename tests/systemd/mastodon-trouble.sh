#!/usr/bin/env bash
# What an admin of a node of Mastodon meets: a disk too small to begin with, a full disk, Redis that is away, a mail
# server that refuses the login, another domain in the settings. The status names it, nothing is lost, and when it is over
# the node goes on.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
. tests/lib/mastodon.sh
. tests/lib/smtp.sh
hosts_up trixie
dir=$(mktemp -d)
chmod 755 "$dir" # the mail server's user comes through it
node=t-mastodon-trouble engine=podman
trap 'smtp_down; hosts_down; rm -rf "$dir"' EXIT

up() { stead_up $node >"$dir/said" 2>&1; }
says() { "$stead" status --dir "$dir/n" 2>&1; }
sentence() { inside $node stead-node status --json | jq -r '.state + " " + .waiting_for'; }
# post TEXT: prints the status. What the node took stands in $dir/taken.
post() {
	curl -sS --max-time 60 --noproxy '*' --cacert "$dir/ca.crt" --connect-to "$web:443:$(host_ip $node):443" -K "$dir/auth" \
		-o "$dir/answer" -w '%{http_code}' --data-urlencode "status=$1" "https://$web/api/v1/statuses"
}
is_taken() { [ "$(post "$1")" = 200 ] && jq -r .id "$dir/answer" >>"$dir/taken"; }
none_is_lost() {
	[ -s "$dir/taken" ] &&
		[ "$(sql "SELECT count(*) FROM statuses WHERE id IN ($(paste -sd, "$dir/taken"))")" = "$(wc -l <"$dir/taken")" ]
}
refuses_posts() { # What is free in the database's files takes some.
	local i long
	long=$(printf '%400s' | tr ' ' x)
	for ((i = 0; i < 300; i++)); do
		is_taken "$long" || return 0
	done
	return 1
}
# A file system in memory, whose size can be what is used of it.
disk_is() { inside $node mount -o "remount,size=$1" /var/lib/stead; }
fill() { disk_is "$(inside $node df --output=used -k /var/lib/stead | tail -n 1 | xargs)k"; }
room() { disk_is 4g; }

mail_server() {
	mkdir "$dir/mail"
	smtp_in=(nsenter -n -t "$(pgrep -P "$(cat "$STEAD_LAB_RUN/node/$node/pid")" | head -n 1)")
	smtp_up "$dir/mail"
}
wrong_password="not the mail password"
settings() {
	mastodon_settings --set machine.os=as-is --set delivery=ssh --set reach=unchecked --set "machine.host=$(host_ip $node)" &&
		sed -i "s/^mail: .*/mail: {host: localhost, port: $port_starttls, user: hello, from: hello@lab.invalid}/" "$dir/n/stead.yaml" &&
		printf 'mail.password: "%s"\n' "$wrong_password" >>"$dir/n/stead.secrets.yaml"
}

ok "a machine starts" host_up $node trixie || tap_done
ok "its disk for the data is too small" inside $node sh -c \
	'mkdir -p /var/lib/stead && mount -t tmpfs -o size=8m,mode=700 data /var/lib/stead'
mail_server >"$dir/mail.said" 2>&1 # not by ok, whose shell keeps the ports for itself
is "a mail server runs beside it" $? 0 || tap_done
export SSL_CERT_FILE=$smtp_ca
ok "settings are made" settings || tap_done

# --- no room for a database ---
fails "no room: up refuses to begin" up
like "no room: it says how much is wanted" "$(cat "$dir/said")" '/var/lib on .* has 8 MiB left, and 3072 MiB are needed'
ok "no room: the disk is made larger" room
ok "then up makes the node" up || {
	sed 's/^/# /' "$dir/said"
	inside $node journalctl --no-pager -n 80 | sed 's/^/# /'
	tap_done
}

# --- a wrong mail password ---
like "a wrong mail password: up says so, of a node that is ready" "$(cat "$dir/said")" "refuses the login of 'hello': 535"
"$stead" mail test --dir "$dir/n" >"$dir/mailed" 2>&1
is "a wrong mail password: mail test ends with 1" $? 1
like "a wrong mail password: mail test says so" "$(cat "$dir/mailed")" "refuses the login of 'hello': 535"
like "a wrong mail password: and where it stands" "$(cat "$dir/mailed")" 'mail.password'
fails "a wrong mail password: it is not shown" grep -qF "$wrong_password" "$dir/said" "$dir/mailed"
ok "a wrong mail password: the node is whole" mastodon_prove
printf 'header = "Authorization: Bearer %s"\n' "$(sql 'SELECT token FROM oauth_access_tokens ORDER BY id DESC LIMIT 1')" >"$dir/auth"
ok "a client posts" is_taken 'all is well'

# --- a full disk ---
ok "a full disk: nothing is free" fill
ok "a full disk: posts fail" refuses_posts
like "a full disk: the status says what is full" "$(sentence)" \
	'^failed room on the disk: it is full, 0.0 KiB of [0-9.]+ MiB are free at /var/lib/stead'
like "a full disk: from afar too" "$(says)" 'the disk: it is full, 0.0 KiB of [0-9.]+ MiB are free'
ok "a full disk: there is room again" room
ok "when there is room: the node is ready by itself" node_ready $node
ok "when there is room: posts are taken" until_ok 60 is_taken 'there is room'
ok "when there is room: no post was lost" none_is_lost
ok "when there is room: the owner and the login are there" mastodon_answers
is "when there is room: no unit has failed" "$(inside $node systemctl --failed --no-legend)" ""

# --- Redis is away ---
inside $node podman kill -s KILL stead-redis >/dev/null
ok "Redis is killed: it comes back by itself" until_ok 60 redis -e ping
ok "Redis is killed: the node is ready" node_ready $node
ok "Redis is away" inside $node systemctl mask --runtime --now stead-redis.service
like "Redis is away: the status names it" "$(sentence)" 'stead-redis.service is inactive'
like "Redis is away: a client is told" "$(post 'into nothing')" '^5'
ok "Redis is back" inside $node systemctl unmask --runtime stead-redis.service
ok "Redis is back: the node is ready by itself" node_ready $node
done_before=$(redis get stat:processed)
ok "Redis is back: posts are taken" until_ok 60 is_taken 'here again'
processed() { [ "$(redis get stat:processed)" -gt "${done_before:-0}" ]; }
ok "Redis is back: jobs are done" until_ok 60 processed
is "Redis is back: none waits" "$(redis llen queue:default) $(redis zcard retry)" '0 0'
ok "Redis is back: no post was lost" none_is_lost
ok "Redis is back: the owner and the login are there" mastodon_answers

# --- another domain ---
cp -a "$dir/n" "$dir/kept"
sed -i 's/^domain: .*/domain: other.example.test/' "$dir/n/stead.yaml"
fails "another domain: up refuses" up
like "another domain: by the lock, and says why" "$(cat "$dir/said")" "this node was made for '$web', its domain can never change"
sed -i "s/$web/other.example.test/g" "$dir/n/stead.lock"
fails "another domain, in the lock too: up refuses" up
like "another domain, in the lock too: by the node, and says why" "$(cat "$dir/said")" "the node on root@[0-9.]+ is $web"
rm -rf "$dir/n"
mv "$dir/kept" "$dir/n"
ok "another domain: the site answers" mastodon_answers
ok "nothing to do: up" up
like "nothing to do: it says so" "$(cat "$dir/said")" '^nothing to change'
tap_done
