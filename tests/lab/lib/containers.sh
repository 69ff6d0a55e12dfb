# Container images from Debian trixie packages: one shared base layer and one layer each, in a registry's storage.
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

# layer_build OUT NAME PACKAGE…: what installing the packages changes in the base, as an overlay's upper folder.
layer_build() {
    local out=$1 name=$2
    shift 2
    mkdir -p "$out/layer/$name" "$out/work" "$out/mnt"
    unshare -m bash -euc '
        m=$1/mnt upper=$1/layer/$2 work=$1/work base=$3
        shift 3
        mount --make-rprivate /
        mount -t overlay overlay -o "lowerdir=$base,upperdir=$upper,workdir=$work" "$m"
        mount -t proc proc "$m/proc"
        mount --rbind /dev "$m/dev"
        mount --bind "$(readlink -f /etc/resolv.conf)" "$m/etc/resolv.conf"
        env -u TMPDIR DEBIAN_FRONTEND=noninteractive chroot "$m" \
            apt-get install -y -q --no-install-recommends "$@"
    ' _ "$out" "$name" "$CACHE/ctr-base/root" "$@"
    rm -rf "$out/work" "$out/mnt"
}

containers_build() {
    local out=$1 name tag packages
    while IFS=$'\t' read -r name tag packages; do
        # shellcheck disable=SC2086
        step "containers: ${name##*/}" layer_build "$out" "${name##*/}" $packages
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
