# Tier B: a node without a VM. The real Ignition writes a config into an overlay of the root tree, then the tree's
# own systemd runs as PID 1 in a container with a cgroup2-only view and a network namespace of its own. Seconds
# instead of a minute; what it cannot show is listed in README.md.
# shellcheck shell=bash

BRIDGE=stead-lab   # all nodes hang on it, so that they reach each other without forwarding
NET=10.77.0        # the host is .1, node N is .(N+1)
HOST_LOOPBACK=10.0.2.2 # as in QEMU's user network

node_help='node start NAME CONFIG.ign | exec NAME COMMAND… | ip NAME | journal NAME | restart NAME | kill NAME | stop NAME | stop-all | list'

node() {
    local verb=${1:-} name=${2:-}
    need_root node
    case $verb in
    start | exec | ip | journal | restart | kill | stop)
        [[ $name =~ ^[a-z0-9-]{1,32}$ ]] || usage_error "a node's name is small letters, digits and hyphens: '$name'"
        shift 2
        node_"$verb" "$name" "$@"
        ;;
    list) node_names ;;
    stop-all) node_names | while read -r name; do node_stop "$name"; done ;;
    *) usage_error "$node_help" ;;
    esac
}

node_names() { (cd "$RUN/node" 2>/dev/null && ls) || :; }
node_dir() { echo "$RUN/node/$1"; }
node_scratch() { echo "$CACHE/node/$1"; }
node_index() {
    local index
    read -r index 2>/dev/null <"$RUN/node/$1/index" || die "no node '$1'"
    echo "$index"
}
node_ip() { echo "$NET.$(($(node_index "$1") + 1))"; }
node_running() {
    local pid=''
    read -r pid 2>/dev/null <"$RUN/node/$1/pid"
    process_is "$pid" systemd-nspawn
}

# The pid of the node's PID 1, seen from the host.
node_leader() {
    local pid children
    node_running "$1" || die "node '$1' is not running"
    read -r pid <"$RUN/node/$1/pid"
    read -ra children <"/proc/$pid/task/$pid/children" || :
    echo "${children[0]:-}"
}

node_exec() {
    local name=$1 leader index c
    shift
    [ $# -gt 0 ] || usage_error "node exec NAME COMMAND…"
    leader=$(node_leader "$name")
    index=$(node_index "$name")
    # Into the node's cgroup tree too, else podman would look for its cgroups outside of what the node can see.
    for c in $(cgroup_roots); do
        c=$c/$BRIDGE-$index/payload/lab-exec
        [ -d "$c" ] || mkdir -p "$c"
        echo $BASHPID >"$c/cgroup.procs"
    done 2>/dev/null
    exec nsenter -t "$leader" -m -u -i -n -p -C -r -w -- /usr/bin/env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/opt/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" "$@"
}

node_journal() {
    local name=$1
    shift
    node_exec "$name" journalctl --no-pager -o short-monotonic "$@"
}

node_start() {
    local name=$1 config=${2:-} dir t0
    dir=$(node_dir "$name")
    [ -r "$config" ] || usage_error "node start $name: no config '$config'"
    need_tools systemd-nspawn nsenter ip nft jq pgrep
    [ ! -e "$dir" ] || die "node '$name' exists already"
    [ -d "$CACHE/tree/root" ] || die "not built yet: run 'lab build tree'"
    t0=$(now_ms)
    mkdir -p "$dir/root"
    cp "$config" "$dir/config.ign"
    # On any failure below nothing may stay behind.
    trap "node_stop $name >/dev/null 2>&1" EXIT
    with_lock net net_up "$dir"
    node_mount "$name" "$(readlink -f "$CACHE/tree")"
    node_ignition "$name"
    node_adapt "$name"
    say "$(printf 'node %s: Ignition done at %.1f s' "$name" "$(($(now_ms) - t0))e-3")"
    node_boot "$name"
    trap - EXIT
    say "$(printf 'node %s: systemd answers at %.1f s, address %s' "$name" "$(($(now_ms) - t0))e-3" "$(node_ip "$name")")"
}

# node_mount NAME LAYER…: a new root over the trees LAYER/root, the uppermost first.
node_mount() {
    local dir scratch lower
    dir=$(node_dir "$1") scratch=$(node_scratch "$1")
    shift
    rm -rf "$scratch"
    mkdir -p "$scratch"
    # An overlay cannot be the upper layer of another one.
    [ "$(stat -f -c %T "$scratch")" != overlayfs ] || mount -t tmpfs tmpfs "$scratch"
    mkdir -p "$scratch/upper" "$scratch/work" "$scratch/containers" "$scratch/docker"
    printf '%s\n' "$@" >"$dir/lower"
    lower=$(printf '%s/root:' "$@")
    mount -t overlay overlay -o "lowerdir=${lower%:},upperdir=$scratch/upper,workdir=$scratch/work" "$dir/root"
}

# The stages that the initramfs runs, with the tree's own Ignition and user tools: the pristine tree plays the
# initramfs, the node's overlay is its /sysroot. A config that needs the network gets the node's.
node_ignition() {
    local dir
    dir=$(node_dir "$1")
    if ! ip netns exec "$(cat "$dir/netns")" unshare -m bash -euc '
        initrd=$1 sysroot=$2 config=$3
        mount --make-rprivate /
        mount --bind "$initrd" "$initrd"
        mount -t proc proc "$initrd/proc"
        mount --rbind /dev "$initrd/dev"
        mount -t tmpfs tmpfs "$initrd/run"
        mount -t tmpfs tmpfs "$initrd/tmp"
        mount --bind "$sysroot" "$initrd/sysroot"
        mkdir "$initrd/run/bin" "$initrd/run/systemd" "$initrd/run/systemd/resolve"
        cp "$initrd/usr/lib/dracut/modules.d/99stead-lab/setfiles" "$initrd/run/bin/"
        cp "$config" "$initrd/run/config.ign"
        stage() {
            IGNITION_CONFIG_FILE=/run/config.ign PATH=/run/bin:/usr/sbin:/usr/bin:/sbin:/bin chroot "$initrd" \
                /usr/lib/dracut/modules.d/30ignition/ignition --root=/sysroot --platform=file --log-to-stdout --stage="$1"
        }
        stage fetch-offline
        [ -e "$initrd/run/ignition.json" ] || stage fetch
        # No disks here: what the stages before `files` would have mounted are plain folders of the overlay.
        jq "$4" "$initrd/run/ignition.json" >"$initrd/run/filtered.json"
        mv "$initrd/run/filtered.json" "$initrd/run/ignition.json"
        stage files
    ' _ "$(cat "$dir/lower")/root" "$dir/root" "$dir/config.ign" "$NODE_FILTER" >"$dir/ignition.log" 2>&1; then
        grep -a -E 'CRIT|error|failed' "$dir/ignition.log" | tail -n 5 >&2
        cp "$dir/ignition.log" "$RUN/ignition-$1.log"
        die "Ignition failed (whole log: $RUN/ignition-$1.log)"
    fi
}

NODE_FILTER='del(.storage.disks, .storage.raid, .storage.luks, .storage.filesystems)
    | if .systemd.units then .systemd.units |= map(select(.name | test("\\.(mount|swap)$") | not)) else . end'

# What only a tier B node gets. Everything else is the tree as the VM boots it.
node_adapt() {
    local dir root u
    dir=$(node_dir "$1")
    root=$dir/root
    # The host's side of the network is already set up.
    for u in systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service systemd-resolved.service; do
        ln -sfnT /dev/null "$root/etc/systemd/system/$u"
    done
    rm -f "$root/etc/resolv.conf"
    echo "nameserver $NET.1" >"$root/etc/resolv.conf"
    # Limits that this host's kernel cannot enforce are dropped below the engines, by a named stand-in.
    mkdir -p "$root/usr/lib/stead-lab" "$root/etc/containers/containers.conf.d"
    install -m 755 "$LAB/tier-b/oci-runtime" "$root/usr/lib/stead-lab/crun-tier-b"
    install -m 755 "$LAB/tier-b/oci-runtime" "$root/usr/lib/stead-lab/runc-tier-b"
    cat >"$root/etc/containers/containers.conf.d/90-lab-tier-b.conf" <<'EOF'
[engine]
runtime = "crun"

[engine.runtimes]
crun = ["/usr/lib/stead-lab/crun-tier-b"]
EOF
    # On the command line: /etc/docker/daemon.json is the node's own business.
    mkdir -p "$root/etc/systemd/system/docker.service.d"
    cat >"$root/etc/systemd/system/docker.service.d/90-lab-tier-b.conf" <<'EOF'
[Service]
Environment="DOCKER_OPTS=--add-runtime=lab=/usr/lib/stead-lab/runc-tier-b --default-runtime=lab"
EOF
}

# Where this host keeps the cgroup2 hierarchy and, on a hybrid host, systemd's own one.
cgroup_roots() { awk '$3 == "cgroup2" || ($3 == "cgroup" && $4 ~ /name=systemd/) { print $2 }' /proc/mounts; }

node_boot() {
    local name=$1 dir index i cgroups
    dir=$(node_dir "$name")
    index=$(node_index "$name")
    cgroups=$(cgroup_roots)
    net_reset "$(cat "$dir/netns")"
    # A cgroup per node: nspawn would otherwise put every node's tree into the caller's cgroup.
    for i in $cgroups; do mkdir -p "$i/$BRIDGE-$index"; done
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_API_VFS_WRITABLE=network setsid bash -c '
        for c in $1; do echo $$ >"$c/$2/cgroup.procs"; done
        shift 2
        exec systemd-nspawn "$@"
    ' _ "$cgroups" "$BRIDGE-$index" \
        --quiet --settings=no --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off \
        --directory="$dir/root" --machine="$name" --network-namespace-path="/run/netns/$(cat "$dir/netns")" \
        --capability=all --system-call-filter="@keyring bpf" \
        --bind="$(node_scratch "$name")/containers:/var/lib/containers" \
        --bind="$(node_scratch "$name")/docker:/var/lib/docker" \
        --boot -- systemd.log_target=journal </dev/null >"$dir/log" 2>&1 &
    echo $! >"$dir/pid"
    for ((i = 0; i < 3000; i++)); do
        sleep 0.1
        case $(node_exec "$name" systemctl is-system-running 2>/dev/null || :) in
        initializing | starting | running | degraded) return 0 ;;
        esac
        kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
    done
    tail -n 20 "$dir/log" >&2
    die "node '$name' did not start"
}

# node_halt NAME TERM|KILL: an orderly shutdown, killed if it takes too long; or a power cut.
node_halt() {
    local name=$1 pid leader i
    node_running "$name" || return 0
    pid=$(cat "$(node_dir "$name")/pid")
    leader=$(node_leader "$name")
    if [ "$2" = TERM ]; then
        kill -TERM "$pid"
        for ((i = 0; i < 1200; i++)); do
            node_running "$name" || return 0
            sleep 0.1
        done
    fi
    kill -KILL "${leader:-$pid}" 2>/dev/null || :
    for ((i = 0; i < 50; i++)); do
        node_running "$name" || return 0
        sleep 0.1
    done
    stop_process "$pid" systemd-nspawn 1
}

# A reboot, and a power cut followed by a boot: Ignition does not run again, the files are as they were left.
node_restart() { node_index "$1" >/dev/null && node_halt "$1" TERM && node_boot "$1"; }
node_kill() { node_index "$1" >/dev/null && node_halt "$1" KILL && node_boot "$1"; }

node_stop() {
    local dir scratch c
    dir=$(node_dir "$1") scratch=$(node_scratch "$1")
    [ -e "$dir" ] || return 0
    node_halt "$1" TERM
    while mountpoint -q "$dir/root"; do umount -R "$dir/root" || umount -lR "$dir/root"; done
    for c in $(cgroup_roots); do
        [ ! -e "$dir/index" ] || find "$c/$BRIDGE-$(cat "$dir/index")" -depth -type d -exec rmdir {} + 2>/dev/null || :
    done
    with_lock net net_down "$dir"
    ! mountpoint -q "$scratch" || umount "$scratch"
    rm -rf "$scratch" "$dir"
}

# net_up DIR: take the next free index; the bridge comes with the first node. Adding a namespace is atomic, so
# that nodes kept under another STEAD_LAB_RUN do not take the same one.
net_up() {
    local dir=$1 i ns
    for ((i = 1; i < 250; i++)); do ip netns add $BRIDGE-$i 2>/dev/null && break; done
    ns=$BRIDGE-$i
    echo $i >"$dir/index"
    echo $ns >"$dir/netns"
    if ! ip link show $BRIDGE >/dev/null 2>&1; then
        ip link add $BRIDGE type bridge forward_delay 0
        ip addr add $NET.1/24 dev $BRIDGE
        ip link set $BRIDGE up
        # QEMU's user network shows the host's loopback as 10.0.2.2; so does this one.
        sysctl -q -w net.ipv4.conf.$BRIDGE.route_localnet=1
        nft -f - <<EOF
table ip $BRIDGE
delete table ip $BRIDGE
table ip $BRIDGE {
    chain prerouting {
        type nat hook prerouting priority dstnat
        iifname "$BRIDGE" ip daddr $HOST_LOOPBACK dnat to 127.0.0.1
    }
    chain input {
        type filter hook input priority -1
        iifname "$BRIDGE" ip daddr 127.0.0.0/8 ct status dnat accept
        iifname "$BRIDGE" ip daddr 127.0.0.0/8 drop
    }
}
EOF
    fi
    # The hardware address goes with the index, so that nobody remembers another one for its addresses.
    ip link add $BRIDGE-$i type veth peer name eth0 address "$(printf '02:00:0a:4d:00:%02x' "$i")" netns $ns
    ip link set $BRIDGE-$i master $BRIDGE up
    ip -n $ns link set lo up
    ip -n $ns addr add "$NET.$((i + 1))/24" dev eth0
    ip -n $ns link set eth0 up
    ip -n $ns route add default via $NET.1
}

# A machine that boots has no rules and bridges of the time before; this namespace outlives a power cut. The wire stays.
net_reset() {
    local link
    ip netns exec "$1" nft flush ruleset
    for link in $(ip -n "$1" -o link | sed -n 's/^[0-9]*: \([^:@]*\).*/\1/p'); do
        case $link in
        lo | eth0) ;;
        *) ip -n "$1" link del "$link" 2>/dev/null || : ;; # its peer may have taken it along
        esac
    done
}

net_down() {
    local ns
    ns=$(cat "$1/netns" 2>/dev/null) || return 0
    ip link del "$ns" 2>/dev/null || :
    ip netns del "$ns" 2>/dev/null || :
    if [ -e /sys/class/net/$BRIDGE ] && [ -z "$(ls /sys/class/net/$BRIDGE/brif)" ]; then
        ip link del $BRIDGE
        nft delete table ip $BRIDGE
    fi
}
