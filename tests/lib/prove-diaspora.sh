#!/usr/bin/env bash
# prove-diaspora.sh WEB USER CA_FILE PASSWORD_FILE ADDRESS
#
# Proves from outside that a pod of diaspora* works, over HTTPS with the certificate verified: NodeInfo, what may be
# cached, the podmin's login as a browser does it, his pages, and a post. It asks nothing that diaspora* itself does not
# answer. Prints one line for each thing proven; the first that fails ends it with 1. POST=no only logs in and reads.
# Passwords never stand in an argument.
set -euo pipefail

web=$1 user=$2 ca=$3 password_file=$4 address=$5
. "$(dirname "$(readlink -f "$0")")/prove.sh"
fetch -o "$dir/home" "$url/" || die "HTTPS answers with a certificate of the node's CA"
[ "$(status_of "$url/")" = 200 ] || die "the pod has a podmin"
info=$(fetch "$url/.well-known/nodeinfo" | jq -r '.links[-1].href') && info=$(fetch "$info") || die "NodeInfo answers"
[ "$(jq -r '.software.name + " " + .metadata.adminAccount' <<<"$info")" = "diaspora $user" ] ||
	die "NodeInfo says diaspora, and who its podmin is" "$info"
fetch "$url/.well-known/webfinger?resource=acct:$user@$web" | grep -qF "acct:$user@$web" || die "WebFinger knows $user@$web"
say "HTTPS, NodeInfo, WebFinger: $(jq -r '.software.name + " " + .software.version' <<<"$info")"

asset=$(grep -oE '/assets/[A-Za-z0-9._-]+\.(js|css)' "$dir/home" | head -n 1) || die "a page names its assets"
fetch -o /dev/null "$url$asset" || die "an asset is there" "$asset"
[[ $(header cache-control) == *public*max-age=31536000* ]] || die "an asset may be cached for a year" "$(cat "$dir/head")"
say "assets may be cached ($(header cache-control))"

sign_in() { # PASSWORD_FILE: prints where it leads
	mark /users/sign_in
	request -o /dev/null -w '%{redirect_url}' --data-urlencode "authenticity_token@$dir/mark" \
		--data-urlencode "user[username]=$user" --data-urlencode "user[password]@$1" "$url/users/sign_in"
}
printf 'not the password' >"$dir/wrong"
[ "$(sign_in "$dir/wrong")" != "$url/stream" ] || die "another password is refused"
to=$(sign_in "$password_file")
[ "$to" = "$url/stream" ] || die "the stored login works" "$to"
fetch -o /dev/null "$url/stream" || die "the podmin has a stream"
[ "$(status_of "$url/admins/dashboard")" = 200 ] || die "the podmin is an admin"
say "the podmin logs in with the login made on the node, and is an admin"

[ "${POST:-yes}" = yes ] || exit 0
text="hello from stead, $RANDOM$RANDOM"
mark /stream
request -f -o /dev/null --data-urlencode "authenticity_token@$dir/mark" --data-urlencode "status_message[text]=$text" \
	"$url/status_messages" || die "a post is taken"
fetch "$url/stream" | grep -qF "$text" || die "the post is read back"
say "a post is read back"
