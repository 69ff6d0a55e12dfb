#!/usr/bin/env bash
# `stead up` makes a node of GoToSocial on a plain machine, on the lab's stand-in: an application that the format was not
# made for. It migrates when it starts and says 503 meanwhile; its owner is made once it answers, and is an admin after a
# restart. ENGINE=docker: with docker.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
one_machine gotosocial
site=social.$web

settings() {
	app_settings gotosocial --set web=$site --set machine.size=2g &&
		printf 'gotosocial: { show_blocks: true, env: { STANDIN_MIGRATE_S: "6" } }\n' >>"$dir/n/stead.yaml" &&
		lock_settings "$dir/n"
}
ask() { # HOST PATH [curl's arguments...]
	local host=$1 path=$2
	shift 2
	curl -sS --max-time 30 --noproxy '*' --cacert "$dir/ca.crt" -b "$dir/cookies" -c "$dir/cookies" \
		--connect-to "::$(host_ip $node):" "$@" "https://$host$path"
}
status_of() { ask "$1" "$2" -o /dev/null -w '%{http_code}'; }
journal() { inside $node journalctl --no-pager -o cat "$@"; }
starts() { journal -u stead-gotosocial.service | grep -c 'compiling WebAssembly'; }
tool() { inside $node stead-node app "$@"; }
# Everything a client does to sign in; the token goes to $dir/token.
sign_in() {
	local app id secret code
	: >"$dir/cookies"
	app=$(ask $site /api/v1/apps -f -d client_name=test -d redirect_uris=urn:ietf:wg:oauth:2.0:oob -d 'scopes=read write') || return
	id=$(jq -r .client_id <<<"$app") secret=$(jq -r .client_secret <<<"$app")
	ask $site /auth/sign_in -f -o /dev/null --data-urlencode username=alice@example.test --data-urlencode "password@$dir/password" || return
	code=$(ask $site /oauth/authorize -f -o /dev/null -w '%{redirect_url}' -d "client_id=$id" | sed 's/.*code=//') || return
	ask $site /oauth/token -f -d grant_type=authorization_code -d "code=$code" -d "client_id=$id" -d "client_secret=$secret" |
		jq -j .access_token >"$dir/token"
	printf 'header = "Authorization: Bearer %s"\n' "$(cat "$dir/token")" >"$dir/auth"
}

ok "settings are made" settings
# Asked from the machine itself while it is made: the process is up and says 503 long before it is ready.
inside $node sh -c 'while sleep 0.3; do
	ip=$('"$engine"' inspect stead-gotosocial --format "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}" 2>/dev/null) &&
		for path in livez readyz; do echo $path $(curl -s -m 2 -o /dev/null -w "%{http_code}" http://${ip%% *}:8080/$path); done
done' >"$dir/watched" 2>/dev/null &
watcher=$!
first_up
kill $watcher
inside $node stead-node ca >"$dir/ca.crt"
inside $node stead-node login --json | jq -j .password >"$dir/password"

# --- its start ---
ok "while it migrates it lives" grep -q 'livez 200' "$dir/watched"
ok "and is not ready: 503" grep -q 'readyz 503' "$dir/watched"
is "503 in that time is no reason to restart" "$(inside $node systemctl show -P NRestarts stead-gotosocial.service)" 0
is "it started twice: the second time for the owner's role" "$(starts)" 2
is "no unit has failed" "$(inside $node systemctl --failed --no-legend)" ""
is "its own user, a read-only root, no entry point of the image's" \
	"$(inside $node $engine inspect stead-gotosocial --format '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.Path}}')" \
	'1000:1000 true /gotosocial/gotosocial'

# --- from outside ---
like "WebFinger of the handles' domain leads to the site" "$(ask $web "/.well-known/webfinger?resource=acct:alice@$web" -o /dev/null -w '%{redirect_url}')" \
	"^https://$site/.well-known/webfinger"
is "WebFinger knows the owner" "$(ask $web "/.well-known/webfinger?resource=acct:alice@$web" -fL | jq -r .subject)" "acct:alice@$web"
is "NodeInfo" "$(ask $site /nodeinfo/2.0 -f | jq -r .software.name)" gotosocial
is "/livez, /readyz and /metrics are not for others" "$(status_of $site /livez) $(status_of $site /readyz) $(status_of $site /metrics)" '404 404 404'
is "it knows who asks, through the proxy" "$(ask $site /standin/client -f -H 'X-Forwarded-For: 198.51.100.7' | jq -r '.proto + " " + .host')" "https $site"
fails "and nobody can say that he is another" grep -q 198.51.100.7 <(ask $site /standin/client -f -H 'X-Forwarded-For: 198.51.100.7')
ok "the owner logs in" sign_in
is "the owner is an admin" "$(ask $site /api/v1/accounts/verify_credentials -f -K "$dir/auth" | jq -r '.username + " " + .role.name')" 'alice admin'
like "the password is strong" "$(cat "$dir/password")" '^[A-Za-z0-9]{32}$'
upload() { # BYTES
	truncate -s "$1" "$dir/large"
	ask $site /api/v1/media -o /dev/null -w '%{http_code}' -K "$dir/auth" -H 'Content-Type: application/octet-stream' --data-binary "@$dir/large"
}
is "a file of 40 MiB is taken, and none that is larger" "$(upload 41943040) $(upload 41943041)" '200 413'
tests/lib/stream.py $site "$(host_ip $node)" 443 "$dir/ca.crt" "$dir/token" user >"$dir/stream" 2>&1 &
stream=$!
ok "a stream opens" until_ok 30 grep -q '^open' "$dir/stream"
ask $site /api/v1/statuses -f -o /dev/null -K "$dir/auth" -d 'status=hello from stead'
ok "what is posted comes by it" until_ok 30 grep -q 'hello from stead' "$dir/stream"
kill $stream 2>/dev/null

# --- its tools, and nothing to do ---
like "its tool, where it runs" "$(tool admin account list)" '^alice .* yes +yes +yes'
state=$(inside $node cat /var/lib/stead/state/jobs/account.json)
ok "nothing to do: up" up
like "nothing to do: it says so" "$(cat "$dir/said")" '^nothing to change'
is "nothing ran" "$(inside $node cat /var/lib/stead/state/jobs/account.json)" "$state"
is "nothing restarted" "$(starts)" 2

# --- an older version than the one that ran last ---
version=/var/lib/stead/data/gotosocial/database/version
is "which version runs is kept beside its database" "$(inside $node cat $version)" 0.19.2
inside $node sh -c "echo 0.19.10 >$version"
sed -i 's/show_blocks: true/show_blocks: false/' "$dir/n/stead.yaml"
fails "up refuses an older one" up
like "and says why" "$(cat "$dir/said")" 'a newer GoToSocial has run here'
inside $node sh -c "echo 0.9.30 >$version"
ok "one that is newer comes in" up

# --- a new password, when the stored one is lost ---
inside $node rm /var/lib/stead/state/secrets/owner_password
ok "a power cut" "$lab" node kill $node
ok "is survived" node_ready $node 300
inside $node stead-node login --json | jq -j .password >"$dir/again"
fails "the lost password is replaced by another" cmp -s "$dir/password" "$dir/again"
mv "$dir/again" "$dir/password"
ok "with which the owner logs in" sign_in
is "there is one account" "$(tool admin account list | grep -c '^alice ')" 1

# --- a container of its own ---
inside $node systemctl stop stead.target stead-app.target stead-gotosocial.service
like "its tool, where it does not run" "$(tool gotosocial admin account list)" '^alice .* yes +yes +yes'
journal >"$dir/journal"
ok "there is plenty to search" test "$(wc -c <"$dir/journal")" -gt 20000
fails "no password in the journal" grep -qF "$(cat "$dir/password")" "$dir/journal"
tap_done
