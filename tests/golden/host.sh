#!/bin/bash
# The host trees of whole settings: every case below host/ is rendered and compared with expected/.
#   host.sh [--update] [CASE…]
set -u
cd "$(dirname "$0")/../.." || exit 1
render=${STEAD_GOLDEN_TREE:-build/tests/golden/golden-tree}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

update=
[ "${1:-}" = --update ] && update=1 && shift
cases=("$@")
[ $# -gt 0 ] || cases=($(cd tests/golden/host && echo *))

count=0 failed=0
result() { # OK NAME
    count=$((count + 1))
    if [ "$1" = 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; failed=1; fi
}

for name in "${cases[@]}"; do
    dir=tests/golden/host/$name
    # git keeps no mode 0600, and the secrets must have it.
    cp -r "$dir" "$tmp/$name"
    chmod 600 "$tmp/$name/stead.secrets.yaml"
    mkdir "$tmp/$name.out"
    "$render" "$tmp/$name" "$tmp/$name.out" >"$tmp/$name.log" 2>&1
    status=$?
    sed 's/^/# /' "$tmp/$name.log"
    result $status "$name: is rendered"
    [ $status = 0 ] || continue
    rm "$tmp/$name.out"/*.ign # judged by tests/cli/judges.sh; their bytes are zlib's business
    if [ -n "$update" ]; then
        rm -rf "$dir/expected"
        cp -r "$tmp/$name.out" "$dir/expected"
        chmod -R u=rwX,go=rX "$dir/expected"
    fi
    diff -r --no-dereference "$dir/expected" "$tmp/$name.out" >"$tmp/$name.diff" 2>&1
    status=$?
    sed 's/^/# /' "$tmp/$name.diff"
    result $status "$name: the tree is as expected"
done
echo "1..$count"
exit $failed
