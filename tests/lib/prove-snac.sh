#!/usr/bin/env bash
# prove-snac.sh WEB USER CA_FILE PASSWORD_FILE ADDRESS [HTTPS_PORT [HTTP_PORT]]
#
# Proves from outside that a snac node works, over HTTPS with the certificate verified: redirect and
# HSTS, WebFinger, NodeInfo, log in by OAuth, a post through the Mastodon API, read back by its id and
# in the home timeline. Prints one line for each thing proven; the first that fails ends it with 1.
# POST=no only logs in and reads. The password never stands in an argument.
set -euo pipefail

web=$1 user=$2 ca=$3 password_file=$4 address=$5 https=${6:-443} http=${7:-80}
. "$(dirname "$(readlink -f "$0")")/prove.sh"

request -o /dev/null -D "$dir/head" "$url/" || die "HTTPS answers with a certificate of the node's CA"
grep -qi '^strict-transport-security: max-age=' "$dir/head" || die "HSTS is on" "$(cat "$dir/head")"
! request --cacert /etc/ssl/certs/ca-certificates.crt -o /dev/null "$url/" 2>"$dir/refused" ||
	die "without the node's CA its certificate is refused"
say "HTTPS with a certificate of the node's own CA (refused without it), HSTS on"

finger=$(fetch "$url/.well-known/webfinger?resource=acct:$user@$web") || die "WebFinger answers"
[ "$(jq -r .subject <<<"$finger")" = "acct:$user@$web" ] || die "WebFinger knows @$user@$web" "$finger"
actor=$(jq -r 'first(.links[] | select(.rel == "self")).href' <<<"$finger")
[ "$(fetch -H 'Accept: application/activity+json' "$actor" | jq -r .preferredUsername)" = "$user" ] ||
	die "the actor document is there" "$actor"
[ "$(status_of "$url/.well-known/webfinger?resource=acct:nobody-$$@$web")" = 404 ] ||
	die "WebFinger knows nobody else"
say "WebFinger of @$user@$web and of nobody else, and the actor document"

info=$(fetch "$url/.well-known/nodeinfo" | jq -r '.links[0].href') || die "NodeInfo answers"
info=$(fetch "$info") || die "NodeInfo answers"
[ "$(jq -r '.software.name + " " + (.usage.users.total | tostring)' <<<"$info")" = "snac 1" ] ||
	die "NodeInfo says snac with exactly one user" "$info"
say "NodeInfo: $(jq -r '.software.name + " " + .software.version' <<<"$info"), exactly one user"

app=$(fetch -d client_name=stead -d redirect_uris=urn:ietf:wg:oauth:2.0:oob \
	-d 'scopes=read write' "$url/api/v1/apps") || die "an application can register"
id=$(jq -r .client_id <<<"$app") secret=$(jq -r .client_secret <<<"$app")
code=$(fetch -d "login=$user" --data-urlencode "passwd@$password_file" \
	-d redir=urn:ietf:wg:oauth:2.0:oob -d "cid=$id" -d state= "$url/oauth/x-snac-login") ||
	die "the stored login works"
token=$(fetch -d grant_type=authorization_code -d "code=$code" -d "client_id=$id" \
	-d "client_secret=$secret" -d redirect_uris=urn:ietf:wg:oauth:2.0:oob \
	-d redirect_uri=urn:ietf:wg:oauth:2.0:oob "$url/oauth/token" | jq -r .access_token) ||
	die "OAuth gives a token"
printf 'header = "Authorization: Bearer %s"\n' "$token" >"$dir/auth"
me=$(fetch -K "$dir/auth" "$url/api/v1/accounts/verify_credentials") || die "the token works"
[ "$(jq -r .username <<<"$me")" = "$user" ] || die "the token is the owner's" "$me"
say "the owner logs in with the login made on the node"

[ "${POST:-yes}" = yes ] || exit 0
text="hello from stead, $RANDOM$RANDOM"
[ "$(status_of --data-urlencode "status=$text" "$url/api/v1/statuses")" = 401 ] ||
	die "nobody posts without a token"
status=$(fetch -K "$dir/auth" --data-urlencode "status=$text" -d visibility=public \
	"$url/api/v1/statuses" | jq -r .id) || die "a post is taken"
fetch -K "$dir/auth" "$url/api/v1/statuses/$status" | jq -r .content | grep -qF "$text" ||
	die "the post is read back" "$status"
fetch -K "$dir/auth" "$url/api/v1/timelines/home" | jq -r '.[].content' | grep -qF "$text" ||
	die "the post is in the home timeline"
say "a post through the Mastodon API, read back by its id and in the timeline"
