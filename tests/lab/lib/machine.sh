# Plain Debian machines of tier B, which are reached over ssh: no Ignition, nothing of stead. They live beside the
# nodes and boot, restart and lose their power as those do.
# shellcheck shell=bash

MACHINE_LISTS=/srv/lab-apt # the packages of the engines, for machines that have none yet

machine_help='machine build [TREE] | start NAME --tree TREE --key FILE.pub | exec NAME COMMAND… | ip NAME | host-key NAME | journal NAME | restart NAME | kill NAME | stop NAME'

machine() {
    local verb=${1:-} name=${2:-}
    need_root machine
    case $verb in
    build)
        shift
        with_lock build machine_build "$@"
        ;;
    start | host-key)
        [[ $name =~ ^[a-z0-9-]{1,32}$ ]] || usage_error "a machine's name is small letters, digits and hyphens: '$name'"
        shift 2
        machine_"${verb/-/_}" "$name" "$@"
        ;;
    exec | ip | journal | restart | kill | stop) node "$@" ;;
    *) usage_error "$machine_help" ;;
    esac
}

# machine_layers TREE: what its root consists of, the uppermost first. A name in the cache: bare-RELEASE is the root
# tree, ENGINE-RELEASE what installing that engine changes in it, debs-RELEASE a package archive in a folder.
machine_layers() {
    case $1 in
    trixie) echo podman-trixie bare-trixie ;;
    bookworm) echo docker-bookworm bare-bookworm ;;
    bare) echo debs-trixie bare-trixie ;;
    bare-bookworm) echo debs-bookworm bare-bookworm ;;
    *) usage_error "no tree '$1': trixie, bookworm, bare or bare-bookworm" ;;
    esac
}

MACHINE_TREES=(trixie bookworm bare bare-bookworm)
MACHINE_LAYERS=({bare,debs}-{trixie,bookworm} podman-trixie docker-bookworm)

engine_packages() { # ENGINE RELEASE
    case $1-$2 in
    podman-*) echo podman netavark aardvark-dns crun iptables ;;
    docker-bookworm) echo docker.io iptables ;;
    docker-*) echo docker.io docker-cli iptables ;;
    esac
}

machine_build() {
    local tree layer layers
    need_tools mmdebstrap unshare dpkg-scanpackages
    for tree in "${@:-${MACHINE_TREES[@]}}"; do
        layers=$(machine_layers "$tree")
        for layer in $(tac -s ' ' <<<"$layers " | xargs); do machine_layer "$layer"; done
    done
}

# machine_layer KIND-RELEASE
machine_layer() {
    local kind=${1%-*} hash
    LAYER=$1 RELEASE=${1##*-}
    case $kind in
    bare)
        hash=$(hash_of "$(declare -f bare_build)" "$LAB/machine-packages" "$RELEASE" "${APT_OPTIONS[*]}")
        cached "$1" "$hash" bare_build
        ;;
    debs)
        hash=$(hash_of "$(readlink "$CACHE/bare-$RELEASE")" "$(declare -f debs_build layer_make engine_packages)")
        cached "$1" "$hash" debs_build
        ;;
    *)
        hash=$(hash_of "$(readlink "$CACHE/bare-$RELEASE")" "$(declare -f engine_build layer_make engine_packages)")
        cached "$1" "$hash" engine_build
        ;;
    esac
}

bare_build() {
    local r=$1/root
    step "machine: $RELEASE" env TMPDIR="$CACHE" mmdebstrap --mode=root --variant=apt --architectures=amd64 \
        "${APT_OPTIONS[@]}" --include="$(sed 's/#.*//' "$LAB/machine-packages" | xargs | tr ' ' ',')" "$RELEASE" "$r"
    rm -f "$r/etc/machine-id" "$r/var/lib/dbus/machine-id" "$r/etc/hostname" "$r"/etc/ssh/ssh_host_*
    rm -rf "$r"/var/cache/apt/* "$r"/var/lib/apt/lists/* "$r"/var/log/*
    # Times that are no times of this tree's: apt would download lists again at every start of a machine.
    chroot "$r" systemctl -q disable apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
        fstrim.timer 2>/dev/null || :
}

# layer_make OUT SCRIPT: runs it in the bare tree of $RELEASE; what it changes becomes OUT/root.
layer_make() {
    mkdir -p "$1/root" "$1/work" "$1/mnt"
    unshare -m bash -euc '
        m=$1/mnt
        mount --make-rprivate /
        mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/root,workdir=$1/work" "$m"
        mount -t proc proc "$m/proc"
        mount --rbind /dev "$m/dev"
        [ -e "$m/etc/resolv.conf" ] || : >"$m/etc/resolv.conf"
        mount --bind "$(readlink -f /etc/resolv.conf)" "$m/etc/resolv.conf"
        printf "#!/bin/sh\nexit 101\n" >"$m/usr/sbin/policy-rc.d"
        chmod 755 "$m/usr/sbin/policy-rc.d"
        env -u TMPDIR DEBIAN_FRONTEND=noninteractive chroot "$m" sh -euc "$3"
        rm "$m/usr/sbin/policy-rc.d"
        rm -rf "$m"/var/lib/apt/lists/* "$m"/var/cache/apt/* "$m"/var/log/*
    ' _ "$1" "$CACHE/bare-$RELEASE/root" "$2"
    rm -rf "$1/work" "$1/mnt"
}

engine_build() {
    step "machine: $LAYER" layer_make "$1" \
        "apt-get update -q && apt-get install -y -q --no-install-recommends $(engine_packages "${LAYER%-*}" "$RELEASE")"
}

# Debian's archive is replaced by this one: `apt-get update` and `install` then work without a way to the world.
debs_build() {
    step "machine: $LAYER" layer_make "$1" "
        apt-get update -q
        mkdir -p $MACHINE_LISTS/partial
        for engine in podman docker; do
            case \$engine in
            podman) packages='$(engine_packages podman "$RELEASE")' ;;
            docker) packages='$(engine_packages docker "$RELEASE")' ;;
            esac
            apt-get install -y -q --no-install-recommends --download-only \
                -o Dir::Cache::archives=$MACHINE_LISTS \$packages
        done
        rm -rf $MACHINE_LISTS/partial $MACHINE_LISTS/lock
        rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
        echo 'deb [trusted=yes] file:$MACHINE_LISTS ./' >/etc/apt/sources.list"
    (cd "$1/root$MACHINE_LISTS" && dpkg-scanpackages --multiversion . >Packages 2>/dev/null)
}

machine_start() {
    local name=$1 tree='' key='' dir root layers layer lower=() t0
    shift
    while [ $# -gt 0 ]; do
        case $1 in
        --tree) tree=${2:-} ;;
        --key) key=${2:-} ;;
        *) usage_error "machine start NAME --tree TREE --key FILE.pub" ;;
        esac
        shift 2
    done
    dir=$(node_dir "$name")
    root=$dir/root
    layers=$(machine_layers "$tree")
    [ -r "$key" ] || usage_error "machine start $name: no key '$key'"
    need_tools systemd-nspawn nsenter ip nft pgrep ssh-keygen
    [ ! -e "$dir" ] || die "'$name' exists already"
    for layer in $layers; do
        [ -d "$CACHE/$layer/root" ] || die "not built yet: run 'lab machine build $tree'"
        lower+=("$(readlink -f "$CACHE/$layer")")
    done
    t0=$(now_ms)
    mkdir -p "$root"
    # On any failure below nothing may stay behind.
    trap "node_stop $name >/dev/null 2>&1" EXIT
    with_lock net net_up "$dir"
    node_mount "$name" "${lower[@]}"
    node_adapt "$name"
    machine_adapt "$name" "$key"
    node_boot "$name"
    machine_answers "$name" || die "ssh does not answer on '$name'"
    trap - EXIT
    say "$(printf 'machine %s: ssh answers at %.1f s, address %s' "$name" "$(($(now_ms) - t0))e-3" "$(node_ip "$name")")"
}

# What makes it this machine and nobody else's.
machine_adapt() {
    local root
    root=$(node_dir "$1")/root
    echo "$1" >"$root/etc/hostname"
    printf '127.0.0.1 localhost\n127.0.1.1 %s\n::1 localhost\n' "$1" >"$root/etc/hosts"
    tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
    ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$root/etc/ssh/ssh_host_ed25519_key"
    install -d -m 700 "$root/root/.ssh"
    install -m 600 "$2" "$root/root/.ssh/authorized_keys"
}

machine_answers() {
    local i
    for ((i = 0; i < 3000; i++)); do
        timeout 2 bash -c 'read -r </dev/tcp/$1/22' _ "$(node_ip "$1")" && return
        sleep 0.1
    done 2>/dev/null
    return 1
}

# Its fingerprint, as ssh and `stead up --host-key` know it.
machine_host_key() { ssh-keygen -lf "$(node_dir "$1")/root/etc/ssh/ssh_host_ed25519_key.pub" | cut -d' ' -f2; }
