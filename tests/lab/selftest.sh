#!/bin/bash
# The lab tests itself without a VM: builds, the registry, and a tier B node with a container pulled by digest.
set -euo pipefail

cd "$(dirname "$(readlink -f "$0")")"
. lib/tap.sh

tmp=$(mktemp -d)
# A run folder of its own: a lab that is in use is left alone.
export STEAD_LAB_RUN=$tmp/run
trap './lab node stop-all; ./lab registry stop; rm -rf "$tmp"' EXIT

config() { # IMAGE, as an inner config behind config.replace, the way stead delivers one
    local inner
    inner=$(jq -n --arg image "$1" '
        def text($s): "data:," + ($s | @uri);
        {ignition: {version: "3.3.0"},
         passwd: {users: [{name: "app", uid: 2000}]},
         storage: {
            filesystems: [{device: "/dev/disk/by-partlabel/none", format: "ext4", path: "/var/lib/data"}],
            files: [
                {path: "/etc/hostname", mode: 420, overwrite: true, contents: {source: text("selftest\n")}},
                {path: "/var/lib/data/owned", mode: 416, user: {name: "app"}, group: {id: 2000}, contents: {source: text("x\n")}},
                {path: "/etc/web/Caddyfile", mode: 420, contents: {source: text(":80 {\n\trespond \"hello\"\n}\n")}},
                {path: "/etc/containers/systemd/web.container", mode: 420, contents: {source: text(
                    "[Container]\nImage=\($image)\nContainerName=web\nPublishPort=80:80\nUser=1234:1234\n" +
                    "ReadOnly=true\nTmpfs=/data:mode=1777\nTmpfs=/config:mode=1777\nDropCapability=all\nAddCapability=NET_BIND_SERVICE\n" +
                    "Volume=/etc/web/Caddyfile:/etc/caddy/Caddyfile:ro\nPodmanArgs=--memory=64m --pids-limit=99\n" +
                    "[Install]\nWantedBy=multi-user.target\n")}}]},
         systemd: {units: [
            {name: "on.service", enabled: true, contents: "[Service]\nType=oneshot\nExecStart=/bin/true\nRemainAfterExit=yes\n[Install]\nWantedBy=multi-user.target\n"},
            {name: "var-lib-data.mount", enabled: true, contents: "[Mount]\nWhat=/dev/none\nWhere=/var/lib/data\n[Install]\nRequiredBy=local-fs.target\n"}]}}' |
        gzip -9 | base64 -w0)
    jq -n --arg source "data:;base64,$inner" '{ignition: {version: "3.3.0", config: {replace: {source: $source, compression: "gzip"}}}}'
}

says_hello() { [ "$(curl -sf -m 3 --noproxy '*' "http://$(./lab node ip "$1")/")" = hello ]; }
fails() { ! "$@"; }
in_node() { ./lab node exec one "$@"; }

ok 'everything builds' ./lab build tree
ok 'the images build' ./lab build containers
ok 'the registry starts' ./lab registry start --listen 127.0.0.1:0
is 'starting it again changes nothing' "$(./lab registry url)" ./lab registry start
digest=$(./lab registry digest docker.io/library/caddy:2)
is 'a tag is an index with one manifest' 1 bash -c "curl -sf --noproxy '*' -H 'Accept: application/vnd.oci.image.index.v1+json' \
    http://$(./lab registry url)/v2/docker.io/library/caddy/manifests/$digest | jq '.manifests | length'"

port=$(./lab registry url)
config "10.0.2.2:${port##*:}/docker.io/library/caddy@$digest" >"$tmp/one.ign"
ok 'a node starts' ./lab node start one "$tmp/one.ign"
ok 'its container answers' within 60 says_hello one
is 'Ignition set mode and owner' '640 2000 2000' in_node stat -c '%a %u %g' /var/lib/data/owned
is 'the host name is set' selftest in_node hostname
is 'the user core is there' 1000 in_node id -u core
is 'a unit is enabled and active' active in_node systemctl is-active on.service
is 'podman knows the limits it was given' '67108864 99' in_node podman inspect web --format '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}'
ok 'nft works in it' in_node nft list tables
ok 'no docker runs' fails in_node systemctl is-active -q docker.service
ok 'the journal is there' ./lab node journal one -u web -q

sed 's/"3.3.0"/"9.9.9"/' "$tmp/one.ign" >"$tmp/bad.ign"
ok 'a bad config is refused' fails ./lab node start bad "$tmp/bad.ign"
is 'and leaves nothing behind' one ./lab node list
ok 'a second node starts' ./lab node start two "$tmp/one.ign"
ok 'its container answers' within 60 says_hello two
ok 'the nodes reach each other' within 10 in_node curl -sf -m 3 "http://$(./lab node ip two)/"

ok 'the power is cut and comes back' ./lab node kill one
ok 'the container is back' within 60 says_hello one

ok 'machines are built' ./lab machine build
ssh-keygen -q -t ed25519 -N '' -f "$tmp/key"
on_machine() { # NAME COMMAND…, by its known key
    local name=$1
    shift
    printf '%s %s\n' "$(./lab machine ip "$name")" "$(./lab machine exec "$name" cat /etc/ssh/ssh_host_ed25519_key.pub)" >"$tmp/known"
    ssh -F none -o BatchMode=yes -o UserKnownHostsFile="$tmp/known" -i "$tmp/key" "root@$(./lab machine ip "$name")" "$@"
}
engines() { on_machine "$1" 'ls /usr/bin' | sed -n '/^podman$/p;/^docker$/p' | xargs; }
for tree in trixie:podman bookworm:docker bare: bare-bookworm:; do
    ok "a machine of tree ${tree%:*} starts" ./lab machine start "${tree%:*}" --tree "${tree%:*}" --key "$tmp/key.pub"
    is 'it has the engines it should have' "${tree#*:}" engines "${tree%:*}"
    is 'no unit of it has failed' '' on_machine "${tree%:*}" systemctl --failed --no-legend
done
ok 'docker learns that the registry speaks plain HTTP' on_machine bookworm \
    'mkdir -p /etc/docker && echo "{\"insecure-registries\": [\"10.0.2.2/32\"]}" >/etc/docker/daemon.json && systemctl restart docker'
ok 'docker pulls from the registry' on_machine bookworm docker pull -q "10.0.2.2:${port##*:}/docker.io/library/caddy@$digest"
ok 'and runs it with limits' on_machine bookworm docker run -d --name web -p 80:80 --memory 64m --pids-limit 99 \
    --ulimit nofile=65536:65536 "10.0.2.2:${port##*:}/docker.io/library/caddy@$digest" caddy respond --listen :80 hello
ok 'which answers' within 20 says_hello bookworm
ok 'an engine is installed by apt' on_machine bare 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q podman'
is 'and is there' podman engines bare
ok 'a machine loses its power' ./lab machine kill bookworm
ok 'and its engine comes back' within 20 on_machine bookworm docker start web

namespace=$(cat "$STEAD_LAB_RUN/node/one/netns")
ok 'all nodes stop' ./lab node stop-all
is 'no namespace is left' '' bash -c "ip netns list | grep -w $namespace || :"
is 'no mount is left' '' bash -c "grep -F '$STEAD_LAB_RUN' /proc/mounts || :"
ok 'the registry stops' ./lab registry stop
tap_end
