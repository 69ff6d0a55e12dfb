#!/bin/bash
# dracut module: the glue that Fedora CoreOS and Flatcar have around Ignition and Debian's bare package has not.

check() { return 0; }
depends() { echo ignition systemd-networkd systemd-initrd dracut-systemd; }
installkernel() { instmods qemu_fw_cfg virtio_blk virtio_net virtio_pci virtio_rng xfs vfat nls_cp437 nls_iso8859-1 nls_ascii; }

# A script and the unit that runs it; the unit becomes part of the Ignition boot.
install_lab_unit() {
    inst_script "$moddir/$1" "/usr/sbin/$1"
    inst_simple "$moddir/$1.service" "$systemdsystemunitdir/$1.service"
    mkdir -p "$initdir/$systemdsystemunitdir/ignition-complete.target.requires"
    ln_r "../$1.service" "$systemdsystemunitdir/ignition-complete.target.requires/$1.service"
}

install() {
    local i keep
    inst_multiple -o systemctl journalctl udevadm blkid lsblk wipefs sgdisk partx mkfs.ext4 mkfs.xfs mkfs.vfat \
        mkfs.fat mkswap useradd usermod userdel groupadd groupdel mount umount modprobe realpath mkdir sed cat tr wc ip sleep rm stat chown chmod

    # The network only comes up if the config needs it, and is gone before the real root starts.
    install_lab_unit lab-network-up
    install_lab_unit lab-network-down
    for i in systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service systemd-network-generator.service; do
        $SYSTEMCTL -q --root "$initdir" disable "$i" || :
    done

    inst_simple /usr/lib/ignition/base.d/00-core.ign
    inst_script "$moddir/setfiles" /usr/sbin/setfiles
    inst_script "$moddir/kargs-helper" /usr/sbin/ignition-kargs-helper
    inst_script "$moddir/lab-mend-user" /usr/sbin/lab-mend-user

    # A failed Ignition tells why on the console and powers off: a test must not wait for a deadline.
    inst_simple "$moddir/emergency.conf" "$systemdsystemunitdir/emergency.service.d/10-lab.conf"

    inst_simple "$moddir/files.conf" "$systemdsystemunitdir/ignition-files.service.d/10-lab.conf"

    # The root is mounted by systemd-fstab-generator; dracut's own shell hooks only cost time.
    for i in cmdline pre-udev pre-trigger initqueue pre-mount mount pre-pivot; do
        ln -sfn /dev/null "$initdir/etc/systemd/system/dracut-$i.service"
        rm -f "$initdir/$systemdsystemunitdir"/*.wants/dracut-$i.service "$initdir"/etc/systemd/system/*.wants/dracut-$i.service
    done

    # GRUB and the kernel handle every byte of the initramfs under TCG: keep what a QEMU guest can use.
    keep='virtio|qemu_fw_cfg|net_failover|failover|xfs|fat|nls_|crc32|libcrc32c|ext4|jbd2|mbcache|loop|af_packet|ipv6'
    find "$initdir"/usr/lib/modules -name '*.ko*' | grep -vE "/($keep)[^/]*\\.ko" | xargs -r rm -f
}
