#!/usr/bin/env bash
# prove-mastodon.sh WEB USER EMAIL CA_FILE PASSWORD_FILE ADDRESS [HTTPS_PORT [HTTP_PORT]]
#
# Proves from outside that a Mastodon node works, over HTTPS with the certificate verified: health, WebFinger, the owner's
# login as a browser and a client do it, what may be cached, a picture, and a post that comes back over a WebSocket. It
# asks nothing that Mastodon itself does not answer. Prints one line for each thing proven; the first that fails ends it
# with 1. POST=no only logs in and reads. Passwords and tokens never stand in an argument.
set -euo pipefail

web=$1 user=$2 email=$3 ca=$4 password_file=$5 address=$6 https=${7:-443} http=${8:-80}
here=$(dirname "$(readlink -f "$0")")
. "$here/prove.sh"
listener=
trap '[ -z "$listener" ] || kill "$listener" 2>/dev/null || :; rm -rf "$dir"' EXIT

fetch -o "$dir/home" "$url/about" || die "HTTPS answers with a certificate of the node's CA"
[ "$(header strict-transport-security | wc -l)" = 1 ] || die "HSTS is on, once" "$(cat "$dir/head")"
[ "$(fetch "$url/health")" = OK ] || die "/health says OK"
[ "$(fetch "$url/api/v1/streaming/health")" = OK ] || die "the health of streaming says OK"
[ "$(status_of "$url/metrics")" = 404 ] || die "nobody outside reads metrics"
say "HTTPS, HSTS, the health of web and streaming; no metrics"

finger=$(fetch "$url/.well-known/webfinger?resource=acct:$user@$web") || die "WebFinger answers"
[ "$(jq -r .subject <<<"$finger")" = "acct:$user@$web" ] || die "WebFinger knows @$user@$web" "$finger"
actor=$(jq -r 'first(.links[] | select(.rel == "self")).href' <<<"$finger")
fetch -H 'Accept: application/activity+json' "$actor" >"$dir/actor" || die "the actor document is there" "$actor"
[ "$(jq -r '.preferredUsername + (.publicKey.publicKeyPem | startswith("-----BEGIN PUBLIC KEY") | tostring)' "$dir/actor")" = "${user}true" ] ||
	die "the actor has its name and key" "$(cat "$dir/actor")"
info=$(fetch "$url/.well-known/nodeinfo" | jq -r '.links[0].href') && info=$(fetch "$info") || die "NodeInfo answers"
[ "$(jq -r '.software.name + " " + (.usage.users.total | tostring)' <<<"$info")" = "mastodon 1" ] ||
	die "NodeInfo says mastodon with exactly one user" "$info"
say "WebFinger, actor, NodeInfo: $(jq -r '.software.name + " " + .software.version' <<<"$info"), exactly one user"

asset=$(grep -oE '/packs/assets/[A-Za-z0-9._-]+\.(js|css)' "$dir/home" | head -n 1) || die "a page names its assets"
fetch -o /dev/null "$url$asset" || die "an asset is there" "$asset"
[[ $(header cache-control) == *public*max-age=2419200* ]] || die "an asset may be cached for four weeks" "$(cat "$dir/head")"
say "assets may be cached ($(header cache-control))"

# --- the owner, in a browser ---
sign_in() { # PASSWORD_FILE: prints the status
	mark /auth/sign_in || return
	status_of --data-urlencode "authenticity_token@$dir/mark" \
		--data-urlencode "user[email]=$email" --data-urlencode "user[password]@$1" "$url/auth/sign_in"
}
printf 'not the password' >"$dir/wrong"
[[ $(sign_in "$dir/wrong") == 4?? || $(sign_in "$dir/wrong") == 200 ]] || die "another password is refused"
status=$(sign_in "$password_file") || die "the page to sign in is there"
[[ $status == 30[23] ]] || die "the stored login works" "$status"

# --- and with a client ---
out_of_band=urn:ietf:wg:oauth:2.0:oob
app=$(fetch -d client_name=stead -d "redirect_uris=$out_of_band" -d 'scopes=read write' "$url/api/v1/apps") ||
	die "an application can register"
id=$(jq -r .client_id <<<"$app")
jq -j .client_secret <<<"$app" >"$dir/secret"
ask="response_type=code&client_id=$id&redirect_uri=$out_of_band&scope=read+write"
mark "/oauth/authorize?$ask"
request -f -o /dev/null -D "$dir/head" --data-urlencode "authenticity_token@$dir/mark" -d "$ask" "$url/oauth/authorize" ||
	die "the owner lets the application in"
header location | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p' | tr -d '\n' >"$dir/code"
fetch -d grant_type=authorization_code --data-urlencode "code@$dir/code" -d "client_id=$id" \
	--data-urlencode "client_secret@$dir/secret" -d "redirect_uri=$out_of_band" "$url/oauth/token" |
	jq -j .access_token >"$dir/token" || die "OAuth gives a token"
printf 'header = "Authorization: Bearer %s"\n' "$(cat "$dir/token")" >"$dir/auth"
me=$(fetch -K "$dir/auth" "$url/api/v1/accounts/verify_credentials") || die "the token works"
[ "$(jq -r '.username + " " + .role.name' <<<"$me")" = "$user Owner" ] || die "the token is the owner's, who is one" "$me"
say "the owner logs in with the login made on the node, and is Owner"

[ "${POST:-yes}" = yes ] || exit 0

# --- a picture ---
base64 -d >"$dir/dot.png" <<<iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
media=$(fetch -K "$dir/auth" -F "file=@$dir/dot.png;type=image/png" "$url/api/v2/media") || die "a picture is taken"
for ((i = 0; i < 300; i++)); do
	[ "$(jq -r .url <<<"$media")" = null ] || break
	sleep 1
	media=$(fetch -K "$dir/auth" "$url/api/v1/media/$(jq -r .id <<<"$media")")
done
fetch -o "$dir/back.png" "$(jq -r .url <<<"$media")" || die "the picture is there" "$media"
[[ $(header cache-control) == *public*max-age=2419200*immutable* ]] || die "pictures may be cached for ever" "$(cat "$dir/head")"
[[ $(header x-content-type-options) == nosniff && $(header content-security-policy) == *"default-src 'none'"* ]] ||
	die "what users bring is no program" "$(cat "$dir/head")"
say "a picture, cached for ever, and nothing but a picture"

# --- a post, and what comes of it ---
! refused=$("$here/stream.py" "$web" "$address" "$https" "$ca" - public:local) || die "nobody listens without a token"
[[ $refused == *401* ]] || die "nobody listens without a token" "$refused"
"$here/stream.py" "$web" "$address" "$https" "$ca" "$dir/token" public:local >"$dir/heard" &
listener=$!
for ((i = 0; i < 300; i++)); do
	[ ! -s "$dir/heard" ] || break
	kill -0 $listener 2>/dev/null || break
	sleep 0.2
done
[ "$(head -n 1 "$dir/heard")" = open ] || die "the stream opens" "$(cat "$dir/heard")"
text="hello from stead, $RANDOM$RANDOM"
[ "$(status_of --data-urlencode "status=$text" "$url/api/v1/statuses")" = 401 ] ||
	die "nobody posts without a token"
attach=(-d "media_ids[]=$(jq -r .id <<<"$media")")
# What is published before the subscription has reached Redis is heard by nobody: then once more.
for ((i = 0; i < 30; i++)); do
	post=$(fetch -K "$dir/auth" --data-urlencode "status=$text" -d visibility=public "${attach[@]}" \
		"$url/api/v1/statuses" | jq -r .id) || die "a post is taken"
	attach=()
	for ((j = 0; j < 100; j++)); do
		kill -0 $listener 2>/dev/null || break 2
		sleep 0.1
	done
done
sed -n 2p "$dir/heard" | jq -r .content | grep -qF "$text" || die "the post comes over the stream" "$(cat "$dir/heard")"
fetch -K "$dir/auth" "$url/api/v1/statuses/$post" | jq -r .content | grep -qF "$text" || die "the post is read back" "$post"
say "a post goes through the queue to a WebSocket, and is read back"
