#!/bin/bash
# The lab tests its disk image: the first boot is cut off while Ignition runs, the next one provisions all the same,
# the one after that does not run Ignition. Takes some minutes under TCG. Prints how long each boot took.
set -euo pipefail

cd "$(dirname "$(readlink -f "$0")")"
. lib/tap.sh

tmp=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || :; rm -rf "$tmp"' EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

# Debian 12's QEMU corrupts flags around cmpxchg16b under TCG: half of all boots panic without -cx16.
boot() {
    started=$(date +%s%3N)
    rm -f "$tmp/serial"
    qemu-system-x86_64 -machine q35 -accel tcg,thread=multi,tb-size=512 -cpu max,-cx16 -smp 2 -m 1536 \
        -nodefaults -display none -no-reboot -serial "file:$tmp/serial" \
        -fw_cfg "name=opt/com.coreos/config,file=$tmp/config.ign" \
        -drive "if=none,id=root,file=$tmp/disk.qcow2,format=qcow2,cache=unsafe" -device virtio-blk-pci,drive=root \
        -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:22" -device virtio-net-pci,netdev=net \
        -device virtio-rng-pci &
    pid=$!
}

took() { echo "# $1: $((($(date +%s%3N) - started) / 1000)) s (load $(cut -d' ' -f1 /proc/loadavg))"; }
gone() { ! kill -0 "$pid" 2>/dev/null; }
serial_has() { grep -qs "$1" "$tmp/serial"; }
fails() { ! "$@"; }
# The host key came by Ignition and is the only one accepted.
in_vm() { ssh -q -i "$tmp/id" -p "$port" -o UserKnownHostsFile="$tmp/known" -o BatchMode=yes -o ConnectTimeout=20 core@127.0.0.1 "$@"; }

ssh-keygen -q -t ed25519 -N '' -C '' -f "$tmp/id"
ssh-keygen -q -t ed25519 -N '' -C '' -f "$tmp/host"
echo "[127.0.0.1]:$port $(cat "$tmp/host.pub")" >"$tmp/known"
jq -n --arg key "$(cat "$tmp/id.pub")" --rawfile host "$tmp/host" '
    def text($s): "data:," + ($s | @uri);
    {ignition: {version: "3.3.0"},
     passwd: {users: [{name: "core", sshAuthorizedKeys: [$key]}]},
     storage: {files: [
        {path: "/etc/hostname", mode: 420, overwrite: true, contents: {source: text("selftest\n")}},
        {path: "/etc/ssh/ssh_host_ed25519_key", mode: 384, overwrite: true, contents: {source: text($host)}},
        {path: "/var/lib/selftest", mode: 416, overwrite: true, contents: {source: text("here\n")}}]},
     systemd: {units: [{name: "on.service", enabled: true,
        contents: "[Service]\nType=oneshot\nExecStart=/bin/true\nRemainAfterExit=yes\n[Install]\nWantedBy=multi-user.target\n"}]}}' >"$tmp/config.ign"

ok 'the image builds' ./lab build image
qemu-img create -q -f qcow2 -F qcow2 -b "$(./lab path image)" "$tmp/disk.qcow2"

boot
ok 'Ignition starts on the first boot' within 180 serial_has 'Starting.*ignition-files.service'
took 'to the files stage of Ignition'
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :

boot
ok 'after a power cut GRUB asks for Ignition again' within 60 serial_has 'grub: first boot'
ok 'and the node comes up' within 300 in_vm true
took 'first boot to ssh'
is 'the host name is set' selftest in_vm hostname
is 'a file has its mode and content' '640 here' in_vm 'stat -c %a /var/lib/selftest | tr "\n" " "; sudo cat /var/lib/selftest'
ok 'core may use sudo' in_vm sudo -n true
ok 'the unit is enabled' within 60 in_vm systemctl is-active -q on.service
ok 'nothing failed' within 60 in_vm 'test "$(systemctl is-system-running)" = running'
ok 'the stamp is gone' within 60 in_vm systemctl is-active -q ignition-firstboot-complete.service
in_vm sudo systemctl poweroff || :
ok 'it powers off' within 60 gone

boot
ok 'the second boot comes up' within 300 in_vm true
took 'second boot to ssh'
ok 'GRUB no longer asks for Ignition' fails serial_has 'grub: first boot'
ok 'nor does the kernel command line' in_vm '! grep -q ignition.firstboot /proc/cmdline'
is 'the file is still there' here in_vm sudo cat /var/lib/selftest
kill -KILL "$pid"
wait "$pid" 2>/dev/null || :

qemu-img create -q -f qcow2 -F qcow2 -b "$(./lab path image)" "$tmp/disk.qcow2"
jq '.storage.files[0].contents.verification.hash = "sha512-" + ("0" * 128)' "$tmp/config.ign" >"$tmp/bad" && mv "$tmp/bad" "$tmp/config.ign"
boot
ok 'a config that fails powers the machine off' within 180 gone
took 'to the power-off of a failed Ignition'
ok 'and the console tells why' serial_has 'hash verification failed'
tap_end
