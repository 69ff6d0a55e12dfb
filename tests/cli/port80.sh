#!/bin/bash
# What a real Caddy answers on port 80 with what stead renders: the nonce under every name, the page while there is
# one, else the way to the site.
set -u
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d)
caddy=
trap '[ -z "$caddy" ] || kill "$caddy"; rm -rf "$tmp"' EXIT

count=0 failed=0
result() { # STATUS NAME
    count=$((count + 1))
    if [ "$1" = 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; failed=1; fi
}

# The rendered file with other ports, its own CA instead of one on the network, and the page's folder moved.
start_caddy() { # CASE
    local from=tests/golden/host/$1/expected/tree/etc/stead/config/caddy/Caddyfile
    sed -e "s#/run/stead/page#$tmp/page#" -e "s#admin unix.*#admin off\n\thttp_port $http\n\thttps_port $https#" \
        -e 's#^	email.*#	local_certs\n	skip_install_trust#' "$from" >"$tmp/Caddyfile"
    XDG_DATA_HOME=$tmp XDG_CONFIG_HOME=$tmp caddy run --config "$tmp/Caddyfile" --adapter caddyfile \
        >"$tmp/log" 2>&1 &
    caddy=$!
    curl -s -o /dev/null --retry 20 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$http/"
}
stop_caddy() { kill "$caddy" && wait "$caddy" 2>/dev/null; caddy=; }

answers() { # NAME HOST PATH STATUS TEXT: the answer has that status, and TEXT in its head or body
    local status=0
    curl -s -i -m 10 --path-as-is -H "Host: $2" "http://127.0.0.1:$http$3" | tr -d '\r' >"$tmp/answer"
    grep -q "^HTTP/1.1 $4 " "$tmp/answer" && grep -qF -- "$5" "$tmp/answer" || status=1
    [ $status = 0 ] || sed 's/^/# /' "$tmp/answer"
    result $status "$name: $1"
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

site() { # what is the same with every issuer
    mkdir -p "$tmp/page/.well-known/stead"
    echo n0nce >"$tmp/page/.well-known/stead/node"
    echo waiting >"$tmp/page/index.html"
    answers 'the nonce, by address' 192.0.2.1 /.well-known/stead/node 200 n0nce
    answers 'the nonce, under its own name' example.org /.well-known/stead/node 200 n0nce
    answers 'the nonce, under any name' other.example /.well-known/stead/node 200 n0nce
    answers 'the page, while the node waits' 192.0.2.1 / 503 waiting
    answers 'it is never kept' 192.0.2.1 / 503 'Cache-Control: no-store'
    answers 'and says when to come back' 192.0.2.1 / 503 'Retry-After: '
    answers 'under every path' other.example /a/b?c 503 waiting
    answers 'no way out of the folder' 192.0.2.1 /.well-known/stead/../../../Caddyfile 503 waiting
    rm "$tmp/page/index.html"
    answers 'then the way to the site' 192.0.2.1 /a/b?c 308 'Location: https://example.org/'
    answers 'from any name' other.example / 308 'Location: https://example.org/'
}

http=$(free_port) https=$(free_port)
name=acme
start_caddy snac-acme
site
answers 'its own name goes on to HTTPS' example.org '/a/b?c=d' 308 'Location: https://example.org/a/b?c=d'
stop_caddy

name=upstream
start_caddy snac-upstream
site
# The application is not there: the answer shows that the proxy asked for it.
answers 'its own name is the site' example.org '/a' 503 'It will be back'
stop_caddy
echo "1..$count"
exit $failed
