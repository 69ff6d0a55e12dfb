# The root tree of the lab's container OS: Debian trixie plus what Fedora CoreOS and Flatcar have and Debian lacks.
# shellcheck shell=bash

tree_packages() { sed 's/#.*//' "$LAB/tree/packages" | xargs | tr ' ' ','; }

# The packages alone. The dracut hook is kept from running: the initramfs is made later, by the lab's own rules.
base_build() {
    step "tree: packages" env TMPDIR="$CACHE" mmdebstrap --mode=root --variant=apt --architectures=amd64 \
        "${APT_OPTIONS[@]}" --dpkgopt='force-confold' \
        --essential-hook='mkdir -p "$1"/etc/kernel/postinst.d && printf "#!/bin/sh\nexit 0\n" >"$1"/etc/kernel/postinst.d/dracut && chmod 755 "$1"/etc/kernel/postinst.d/dracut' \
        --include="$(tree_packages)" trixie "$1/root"
}

tree_build() {
    step "tree: copy" cp -a "$CACHE/base/root" "$1/root"
    step "tree: glue" tree_glue "$1/root"
}

tree_glue() {
    local r=$1 kernel u
    cp -R --no-preserve=ownership "$LAB/tree/overlay/." "$r/"
    cp -R --no-preserve=ownership "$LAB/tree/dracut/." "$r/usr/lib/dracut/modules.d/"
    chmod 440 "$r/etc/sudoers.d/lab"
    mkdir -p "$r/sysroot" "$r/var/lib/stead-lab"

    # A first boot is told by `uninitialized`. mmdebstrap leaves the file EMPTY: systemd would then not apply
    # presets, and every `enabled: true` of an Ignition config would silently do nothing.
    echo uninitialized >"$r/etc/machine-id"
    rm -f "$r/var/lib/dbus/machine-id" "$r/etc/hostname" "$r"/etc/ssh/ssh_host_*
    ln -sf ../run/systemd/resolve/stub-resolv.conf "$r/etc/resolv.conf"

    # Debian's packages enable themselves; an Ignition OS enables by presets only. /etc/systemd/system is emptied
    # of links and the presets are applied once here, as the image builders of the real ones do.
    find "$r/etc/systemd/system" -mindepth 1 -type l -delete
    find "$r/etc/systemd/system" -mindepth 1 -type d -empty -delete
    systemctl --root="$r" -q preset-all --preset-mode=full
    # SysV twins make `systemctl disable` call a helper that the initramfs lacks: Ignition would fail on them.
    rm -rf "$r"/etc/init.d/* "$r"/etc/rc?.d/*

    # Nobody answers the questions of systemd-firstboot on a serial console. The rest costs seconds under TCG.
    for u in systemd-firstboot.service systemd-homed-firstboot.service systemd-binfmt.service \
        modprobe@efi_pstore.service modprobe@drm.service modprobe@configfs.service \
        sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount dev-hugepages.mount; do
        ln -sf /dev/null "$r/etc/systemd/system/$u"
    done
    # ldconfig, hwdb, catalog and sysusers were all run by the packages already.
    touch "$r/etc/.updated" "$r/var/.updated"

    # Unpacking xz in the guest is slow under TCG.
    kernel=$(basename "$(echo "$r"/usr/lib/modules/*)")
    find "$r/usr/lib/modules" -name '*.ko.xz' -print0 | xargs -0r -P2 -n64 unxz
    chroot "$r" depmod "$kernel"
    rm -rf "$r"/boot/initrd* "$r"/var/cache/apt/* "$r"/var/lib/apt/lists/* "$r"/var/log/*
}
