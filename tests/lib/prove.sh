# What the programs that prove a node from outside share: source it where $web, $ca and $address are set, and $https and
# $http when its ports are others.
# shellcheck shell=bash

url=https://$web
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

began=$EPOCHREALTIME
say() {
	printf '  proven: %s (%.1f s)\n' "$1" "$(jq -n "$EPOCHREALTIME - $began")"
	began=$EPOCHREALTIME
}
die() {
	printf '  NOT proven: %s\n' "$1" >&2
	[ -z "${2:-}" ] || printf '%s\n' "$2" | head -c 2000 | sed 's/^/    /' >&2
	exit 1
}

# Every request goes to the node's address, whatever DNS says. Cookies are kept as a browser keeps them.
request() {
	curl -sS --max-time 60 --noproxy '*' --cacert "$ca" -b "$dir/cookies" -c "$dir/cookies" \
		--connect-to "$web:443:$address:${https:-443}" --connect-to "$web:80:$address:${http:-80}" "$@"
}
header() { tr -d '\r' <"$dir/head" | sed -n "s/^$1: //Ip"; }
fetch() { request -f -D "$dir/head" "$@"; }
status_of() { request -o /dev/null -w '%{http_code}' "$@"; }

# mark PATH: the token of the form on that page, to $dir/mark.
mark() { fetch "$url$1" | grep -oE 'name="authenticity_token" value="[^"]*"' | head -n 1 | cut -d'"' -f4 | tr -d '\n' >"$dir/mark"; }

redirect=$(request -o /dev/null -w '%{http_code} %{redirect_url}' "http://$web/a?b=c") || die "port 80 answers"
[[ $redirect == 30[18]" $url/a?b=c" ]] || die "http:// leads to https://" "$redirect"
say "http:// leads to https:// ($redirect)"
