# Debian 13's QEMU, beside the one of Debian 12 that users of this host have: it emulates a quarter faster.
# shellcheck shell=bash

# Nothing is installed: the program is told where its loader and its libraries are. The loader's place cannot be
# relative, so it is the link that `cached` makes.
qemu_build() {
    local program=$1/root/usr/bin/qemu-system-x86_64
    step "qemu: packages" env TMPDIR="$CACHE" mmdebstrap --mode=root --variant=extract --architectures=amd64 \
        "${APT_OPTIONS[@]}" --include=qemu-system-x86 trixie "$1/root"
    step "qemu: place" patchelf --force-rpath --set-interpreter "$CACHE/qemu/root/usr/lib64/ld-linux-x86-64.so.2" \
        --set-rpath '$ORIGIN/../lib/x86_64-linux-gnu:$ORIGIN/../lib/x86_64-linux-gnu/pulseaudio' "$program"
}

build_qemu() {
    need_tools mmdebstrap patchelf
    cached qemu "$(hash_of "$(declare -f qemu_build)" "cache=$CACHE" "${APT_OPTIONS[*]}")" qemu_build
}
