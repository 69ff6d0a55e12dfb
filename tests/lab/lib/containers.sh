# Container images from Debian trixie packages: a shared base layer and what each has above it, in a registry's storage.
# Adding one is a line in images.tsv.
# shellcheck shell=bash

image_rows() { grep -v '^#' "$LAB/images.tsv" | cut -f 1-3; }

ctr_base_build() {
    local r=$1/root
    step "containers: base" env TMPDIR="$CACHE" mmdebstrap --mode=root --variant=apt --architectures=amd64 \
        "${APT_OPTIONS[@]}" --skip=cleanup/apt/lists --include=busybox,ca-certificates trixie "$r"
    # Packages that are installed later must not try to start anything.
    printf '#!/bin/sh\nexit 101\n' >"$r/usr/sbin/policy-rc.d"
    chmod 755 "$r/usr/sbin/policy-rc.d"
    chroot "$r" sh -c 'for a in wget nc ping ps; do [ -e /usr/bin/$a ] || ln -s busybox /usr/bin/$a; done'
}

# Packages are installed; those behind `only:` are unpacked without what they ask for and without their scripts.
packages_into() {
    local program='apt-get install -y -q --no-install-recommends "$@"'
    [ "$1" != only: ] || program='shift; mkdir /tmp/debs; cd /tmp/debs; apt-get download -q -o APT::Sandbox::User=root "$@"
        for deb in *.deb; do dpkg-deb -x "$deb" /; done; rm -r /tmp/debs
        # Compiled as their scripts would have, but for any time stamp: a root that is read-only keeps nothing.
        ! cd /usr/lib/python3.13 2>/dev/null || python3 -m compileall -q -l --invalidation-mode unchecked-hash . \
            collections concurrent/futures ctypes email encodings html http importlib json logging re sqlite3 urllib ../python3/dist-packages/psycopg2'
    env -u TMPDIR DEBIAN_FRONTEND=noninteractive chroot "$m" sh -euc "$program" _ "$@"
}

# layer_build FOLDER PACKAGE…: what they change in the base, as an overlay's upper folder.
layer_build() {
    local upper=$1 work=$1.work m=$1.mnt
    shift
    mkdir -p "$upper" "$work" "$m"
    export m upper work
    export -f packages_into
    unshare -m bash -euc '
        base=$1
        shift
        mount --make-rprivate /
        mount -t overlay overlay -o "lowerdir=$base,upperdir=$upper,workdir=$work" "$m"
        mount -t proc proc "$m/proc"
        mount --rbind /dev "$m/dev"
        mount --bind "$(readlink -f /etc/resolv.conf)" "$m/etc/resolv.conf"
        packages_into "$@"
    ' _ "$CACHE/ctr-base/root" "$@"
    rm -rf "$work" "$m"
}

containers_build() {
    local out=$1 name tag packages layer
    while IFS=$'\t' read -r name tag packages; do
        layer=$out/layer/$(printf %s "$packages" | sha256sum | cut -c1-16)
        # shellcheck disable=SC2086
        [ -d "$layer" ] || step "containers: ${name##*/}" layer_build "$layer" $packages
    done < <(image_rows)
    step "containers: layout" python3 "$LAB/lib/oci.py" "$out/oci" "$LAB/images.tsv" "$CACHE/ctr-base/root" "$out/layer" "$LAB/images"
    cp "$CACHE/log/containers:-layout.log" "$out/digests"
    rm -rf "$out/layer"
    step "containers: registry" registry_fill "$out"
}

# Push through a registry of our own, writable for the moment, on a port of its own.
registry_fill() {
    local out=$1 name tag packages port pid status=0
    port=$(free_port)
    registry_config "$out/registry" "127.0.0.1:$port" false >"$out/registry.yml"
    # Without the descriptor of the build's lock: an orphan of a killed build must not hold it.
    docker-registry serve "$out/registry.yml" {fd}>&- &
    pid=$!
    registry_wait "127.0.0.1:$port"
    while IFS=$'\t' read -r name tag packages; do
        skopeo copy -q --all --preserve-digests --dest-tls-verify=false \
            "oci:$out/oci:$name:$tag" "docker://127.0.0.1:$port/$name:$tag" || status=1
    done < <(image_rows)
    stop_process $pid docker-registry
    rm "$out/registry.yml"
    return $status
}

build_containers() {
    need_tools mmdebstrap python3 skopeo docker-registry curl
    cached ctr-base "$(hash_of "$(declare -f ctr_base_build)" "${APT_OPTIONS[*]}")" ctr_base_build
    cached containers "$(hash_of "$(readlink "$CACHE/ctr-base")" "$LAB/lib/containers.sh" "$LAB/lib/oci.py" "$LAB/images.tsv" "$LAB/images")" containers_build
}
