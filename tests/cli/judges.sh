#!/bin/bash
# What stead renders, judged by the tools that will read it: ignition-validate, the real Ignition, podman's unit
# generator and systemd of the lab's tree, caddy, nft. And: same input, same bytes; no secret where others can read.
# Each judge is also shown something broken, which it must refuse.
set -u
cd "$(dirname "$0")/../.." || exit 1
render=$(readlink -f "${STEAD_GOLDEN_TREE:-build/tests/golden/golden-tree}")
here=tests/cli
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
agent=/bin/true # any program will do

count=0 failed=0
result() { # STATUS NAME
    count=$((count + 1))
    if [ "$1" = 0 ]; then echo "ok $count - $2"; else echo "not ok $count - $2"; failed=1; fi
}
# Runs a command that must succeed and say nothing.
silent() { # NAME COMMAND…
    local name=$1 status
    shift
    "$@" >"$tmp/said" 2>&1
    status=$?
    [ ! -s "$tmp/said" ] || status=1
    [ $status = 0 ] || sed 's/^/# /' "$tmp/said"
    result $status "$name"
}
# Runs a command that must fail or complain.
refuses() { # NAME COMMAND…
    local name=$1 status=1
    shift
    "$@" >"$tmp/said" 2>&1 || status=0
    [ ! -s "$tmp/said" ] || status=0
    result $status "$name"
}
empty() { cat "$1"; }

# A copy with the modes git does not keep; NAME+docker is the case NAME on the other engine.
case_dir() { # NAME DIR
    cp -r "tests/golden/host/${1%+docker}" "$2"
    chmod 600 "$2/stead.secrets.yaml"
    [ "$1" = "${1%+docker}" ] || sed -i 's/^machine:$/&\n  engine: docker/' "$2/stead.yaml"
}

caddy_valid() { # CADDYFILE
    local log
    log=$(XDG_DATA_HOME=$tmp/caddy XDG_CONFIG_HOME=$tmp/caddy caddy validate --config "$1" --adapter caddyfile 2>&1) || {
        echo "$log"
        return 1
    }
}
caddy_formatted() { caddy fmt "$1" | diff "$1" -; }
# In a network namespace of its own; twice, because it replaces itself; others' tables must stay.
firewall_loads() { # FILE
    unshare -n sh -euc '
        nft add table inet other
        nft -c -f "$1"
        nft -f "$1"
        nft list table inet stead >"$2.1"
        nft -f "$1"
        nft list table inet stead >"$2.2"
        cmp "$2.1" "$2.2"
        nft list table inet other >/dev/null
    ' _ "$1" "$tmp/nft"
}

in_lab() { # OUT WORK
    mkdir -p "$2"
    unshare -m bash "$here/judge-in-lab" "$tree" "$1" "$2" >"$2/judge.log" 2>&1 || {
        cat "$2/judge.log"
        return 1
    }
}

# Every value of the secrets document, line by line, in every file that others may read.
no_secret_readable() { # CASE OUT
    local kind mode owner path
    sed -nE 's/^[A-Za-z0-9._]+: (\|$)?//p; s/^  //p' "$1/stead.secrets.yaml" |
        sed -E 's/^"(.*)"$/\1/; s/\\(.)/\1/g' | grep -v -e '^-----' -e '^$' >"$tmp/values"
    [ -s "$tmp/values" ] || echo "no secrets to look for"
    while read -r kind mode owner path _; do
        [ "$kind" = file ] || continue
        case $mode in
        0600) ;;
        *) grep -qFf "$tmp/values" "$2/tree$path" && echo "$path ($mode $owner) shows a secret" ;;
        esac
    done <"$2/manifest"
    grep -qFf "$tmp/values" "$2/manifest" && echo "the manifest shows a secret"
    # The other way round: they do stand somewhere, else the search would prove nothing.
    grep -rqFf "$tmp/values" "$2/tree/etc" || echo "the secrets are nowhere"
    return 0
}

same_again() { # NAME
    local a=$tmp/out/$1 b=$tmp/again/$1
    case_dir "$1" "$tmp/elsewhere-$1"
    mkdir -p "$b"
    (cd / && umask 077 && TZ=Pacific/Kiritimati LC_ALL=C LANG=de_DE.UTF-8 HOME=/nonexistent \
        "$render" "$tmp/elsewhere-$1" "$b" "$agent")
    diff -r --no-dereference "$a" "$b"
}

if ! tree=$(tests/lab/lab path tree 2>/dev/null); then
    tests/lab/lab build tree >"$tmp/lab.log" 2>&1 || sed 's/^/# /' "$tmp/lab.log"
    tree=$(tests/lab/lab path tree) || echo "# the lab's tree cannot be built"
fi
[ -d "$tree/usr" ] || tree=$tree/root

for name in $(cd tests/golden/host && echo *) hostile+docker; do
    out=$tmp/out/$name work=$tmp/scratch/$name
    case_dir "$name" "$tmp/$name"
    mkdir -p "$out"
    silent "$name: rendered" "$render" "$tmp/$name" "$out" "$agent"
    silent "$name: ignition-validate" ignition-validate "$out/config.ign"
    silent "$name: ignition-validate, packed" ignition-validate "$out/packed.ign"
    silent "$name: packed is not larger" test "$(stat -c %s "$out/packed.ign")" -le "$(stat -c %s "$out/config.ign")"
    # What is made for `delivery: ssh` has no proxy yet, and nothing else that runs.
    if ! grep -q " /etc/stead/config/caddy/Caddyfile$" "$out/manifest"; then
        silent "$name: no application" sh -c '! grep -E "caddy|snac|secrets|stead-node" "$1"' _ "$out/manifest"
    else
        silent "$name: caddy validate" caddy_valid "$out/tree/etc/stead/config/caddy/Caddyfile"
        silent "$name: caddy fmt" caddy_formatted "$out/tree/etc/stead/config/caddy/Caddyfile"
    fi
    silent "$name: nft" firewall_loads "$out/tree/etc/stead/firewall.nft"
    silent "$name: the real Ignition, podman's generator and systemd can be asked" in_lab "$out" "$work"
    silent "$name: Ignition" empty "$work/ignition.err"
    silent "$name: Ignition a second time" empty "$work/ignition-again.err"
    silent "$name: what Ignition wrote is what was rendered" empty "$work/tree.err"
    silent "$name: podman's generator" empty "$work/quadlet.err"
    silent "$name: systemd-analyze verify" empty "$work/verify.err"
    silent "$name: commands and variables survive generator and systemd" \
        python3 "$here/unit-words.py" "$work/units" "$out/tree"
    silent "$name: no secret where others can read" no_secret_readable "$tmp/$name" "$out"
    silent "$name: same input, same bytes" same_again "$name"
done

# --- the judges say no ---
good=$tmp/out/hostile bad=$tmp/bad work=$tmp/scratch/bad
cp -r "$good" "$bad"
sed -i 's/"overwrite":true,"path":"\/etc\/hostname"/"overwrite":true,"path":"etc\/hostname"/' "$bad/config.ign"
refuses "ignition-validate refuses a relative path" ignition-validate "$bad/config.ign"
refuses "a real Ignition that refuses is heard" sh -c \
    'mkdir -p "$2" && unshare -m bash "$0" "$1" "$3" "$2" >/dev/null 2>&1; grep -o "path not absolute" "$2/ignition.err"' \
    "$here/judge-in-lab" "$tree" "$work-ignition" "$bad"
sed 's/^table inet stead {/&\n\tchain x { nonsense; }/' "$good/tree/etc/stead/firewall.nft" >"$bad/firewall.nft"
refuses "nft refuses nonsense" firewall_loads "$bad/firewall.nft"
sed 's/encode/encodee/' "$good/tree/etc/stead/config/caddy/Caddyfile" >"$bad/Caddyfile"
refuses "caddy refuses an unknown directive" caddy_valid "$bad/Caddyfile"
sed -i 's/^Environment=PLAIN=plain/Environment=PLAIN=plain%n\nNoSuchKey=1/' \
    "$bad/tree/etc/containers/systemd/stead-web.container"
sed -i 's/^RestartSec=10/&\nNoSuchKey=1/' "$bad/tree/etc/systemd/system/stead-setup.service"
# The judges in the lab read what Ignition wrote: give it the spoilt files.
python3 - "$good/config.ign" "$bad" <<'PY'
import json, sys, urllib.parse
config = json.load(open(sys.argv[1]))
tree = sys.argv[2] + '/tree'
for f in config['storage']['files']:
    if f['path'].endswith('stead-web.container'):
        f['contents'] = {'source': 'data:,' + urllib.parse.quote(open(tree + f['path']).read())}
for u in config['systemd']['units']:
    if u['name'] == 'stead-setup.service':
        u['contents'] = open(tree + '/etc/systemd/system/' + u['name']).read()
json.dump(config, open(sys.argv[2] + '/config.ign', 'w'))
PY
in_lab "$bad" "$work" >/dev/null 2>&1
refuses "podman's generator refuses an unknown key" empty "$work/quadlet.err"
refuses "systemd-analyze verify refuses an unknown key" empty "$work/verify.err"
sed 's/ --cap-drop=all / /' -i "$tmp/out/hostile+docker/tree/etc/systemd/system/stead-web.service"
refuses "a container of docker that is less hard is seen" \
    python3 "$here/unit-words.py" "$tmp/scratch/hostile+docker/units" "$tmp/out/hostile+docker/tree"
sed -i '/^NoSuchKey/d' "$bad/tree/etc/containers/systemd/stead-web.container"
sed -i 's/PLAIN=plain/PLAIN=plain%%n/; s/^\(ExecStart=.*\) "a b"/\1 "a  b"/' "$tmp/scratch/hostile/units/stead-web.service"
refuses "a changed word is seen" python3 "$here/unit-words.py" "$tmp/scratch/hostile/units" "$good/tree"
grep t0ken "$tmp/hostile/stead.secrets.yaml" >/dev/null && cp "$good/tree/etc/stead/secrets/web.env" "$bad/tree/etc/hostname"
refuses "a secret in a readable file is seen" no_secret_readable "$tmp/hostile" "$bad"

echo "1..$count"
exit $failed
