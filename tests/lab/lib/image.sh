# One disk image that boots by itself, laid out as Fedora CoreOS lays out its own for QEMU:
# GPT, BIOS boot partition, `boot` (kernel, initramfs, grub.cfg, the first-boot stamp) and `root`.
# No loop device is needed: file systems are filled by `mkfs.ext4 -d` and put in place by dd.
# shellcheck shell=bash

DISK_MIB=10240 # virtual size; the file is sparse
BOOT_MIB=256
# Features that GRUB 2.06 and older kernels do not know are off.
EXT4_OPTIONS=(-q -F -m 0 -b 4096 -O '^metadata_csum_seed,^orphan_file' -E 'lazy_itable_init=1,lazy_journal_init=1,nodiscard')

# The initramfs, by dracut in the tree itself. An overlay keeps the tree as it was built.
initramfs_build() {
    local out=$1 root=$CACHE/tree/root kernel
    kernel=$(basename "$(echo "$root"/usr/lib/modules/*)")
    mkdir -p "$out/upper" "$out/work" "$out/mnt"
    step "image: initramfs" unshare -m bash -euc '
        out=$1 root=$2 kernel=$3 m=$1/mnt
        mount --make-rprivate /
        mount -t overlay overlay -o "lowerdir=$root,upperdir=$out/upper,workdir=$out/work" "$m"
        mount -t proc proc "$m/proc"
        mount -t sysfs sysfs "$m/sys"
        mount --rbind /dev "$m/dev"
        mount -t tmpfs tmpfs "$m/tmp"
        # Uncompressed: GRUB reads it as fast as the kernel would unpack it (zstd, lz4 and none boot within 1 s).
        chroot "$m" dracut --force --no-hostonly --no-hostonly-cmdline --no-early-microcode --reproducible \
            --compress cat --kver "$kernel" --tmpdir /tmp --filesystems "ext4 xfs vfat" \
            -m "bash systemd systemd-initrd systemd-udevd systemd-journald systemd-tmpfiles systemd-modules-load systemd-sysctl systemd-sysusers systemd-networkd net-lib kernel-network-modules kernel-modules qemu url-lib network ignition stead-lab rootfs-block fs-lib udev-rules dracut-systemd base shutdown systemd-emergency terminfo usrmount" \
            /boot/initrd.img
    ' _ "$out" "$root" "$kernel"
    mv "$out/upper/boot/initrd.img" "$out/initrd.img"
    cp "$root/boot/vmlinuz-$kernel" "$out/vmlinuz"
    rm -rf "$out/upper" "$out/work" "$out/mnt"
}

image_build() {
    local out=$1
    initramfs_build "$out"
    step "image: boot partition" image_boot "$out"
    step "image: root partition" image_root "$out"
    step "image: disk" image_disk "$out"
    rm -rf "$out"/boot "$out"/*.raw "$out"/core.img
}

image_boot() {
    local out=$1
    mkdir -p "$out/boot/grub"
    cp "$out/vmlinuz" "$out/initrd.img" "$out/boot/"
    cp "$LAB/tree/grub.cfg" "$out/boot/grub/"
    : >"$out/boot/ignition.firstboot"
    truncate -s ${BOOT_MIB}M "$out/boot.raw"
    mkfs.ext4 "${EXT4_OPTIONS[@]}" -L boot -d "$out/boot" "$out/boot.raw"
}

image_root() {
    local out=$1
    truncate -s $((DISK_MIB - BOOT_MIB - 4))M "$out/root.raw"
    mkfs.ext4 "${EXT4_OPTIONS[@]}" -L root -d "$CACHE/tree/root" "$out/root.raw"
}

# put_le FILE OFFSET BYTES NUMBER: write a little-endian number into a file.
put_le() {
    local i n=$4 s=
    for ((i = 0; i < $3; i++, n >>= 8)); do s+=$(printf '\\x%02x' $((n & 255))); done
    printf "$s" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

image_disk() {
    local out=$1 disk=$1/disk.raw grub=/usr/lib/grub/i386-pc core_sector=2048 boot_mib=2
    truncate -s ${DISK_MIB}M "$disk"
    sfdisk -q "$disk" <<EOF
label: gpt
start=1MiB, size=1MiB, type=21686148-6449-6E6F-744E-656564454649, name="BIOS-BOOT"
start=${boot_mib}MiB, size=${BOOT_MIB}MiB, type=linux, name="boot"
start=$((boot_mib + BOOT_MIB))MiB, size=$((DISK_MIB - BOOT_MIB - 4))MiB, type=linux, name="root"
EOF
    dd if="$out/boot.raw" of="$disk" bs=1M seek=$boot_mib conv=sparse,notrunc status=none
    dd if="$out/root.raw" of="$disk" bs=1M seek=$((boot_mib + BOOT_MIB)) conv=sparse,notrunc status=none

    # What grub-install would do, which insists on a block device: the core image goes to the BIOS boot partition;
    # the boot sector learns where it starts (64 bit at 0x5c), its first sector where the rest is (64 bit at 0x1f4).
    grub-mkimage -O i386-pc -o "$out/core.img" -p '(hd0,gpt2)/grub' biosdisk part_gpt ext2 linux normal test serial terminal echo
    dd if=$grub/boot.img of="$disk" bs=440 count=1 conv=notrunc status=none
    put_le "$disk" $((0x5c)) 8 $core_sector
    put_le "$out/core.img" $((0x1f4)) 8 $((core_sector + 1))
    [ "$(stat -c %s "$out/core.img")" -le $((1 << 20)) ]
    dd if="$out/core.img" of="$disk" bs=512 seek=$core_sector conv=notrunc status=none
    qemu-img convert -f raw -O qcow2 "$disk" "$out/disk.qcow2"
}
