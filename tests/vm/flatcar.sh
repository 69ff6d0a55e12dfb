#!/usr/bin/env bash
# Flatcar's way, in a VM: Ignition makes a base that ssh reaches and nothing else does, `up` makes the
# node on it, with docker and the agent in /opt/bin. The image is the lab's (tests/lab/README.md says
# what of Flatcar it lacks).
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/vm.sh
lab_up
# Debian 12's own QEMU, as users of it have.
STEAD_QEMU=qemu-system-x86_64
vm_image
dir=$(mktemp -d)
trap 'vm_remove; lab_down; rm -rf "$dir"' EXIT

flatcar_settings() {
	make_settings "$dir/n" &&
		sed -i "s/os: fcos/os: flatcar/; s/^delivery: inline/delivery: ssh/" "$dir/n/stead.yaml"
}
ok "settings are made" flatcar_settings
ok "up: from nothing to a ready node" vm_up || {
	tail -c 3000 "$(vm_dir)/console.log" | tr -d '\033' | sed 's/^/# /'
	tap_done
}
is "the first-boot config has nothing of the application and no secret but the host key" \
	"$(grep -c 'snac' "$(vm_dir)/config.ign")" 0
ok "it answers from outside" prove_vm
is "docker runs it" "$(on_vm sudo docker ps --format '{{.Names}}' | sort | paste -sd ' ')" "stead-caddy stead-snac"
is "podman runs nothing" "$(on_vm sudo podman ps -q)" ""
ok "the agent is where Flatcar lets it be" on_vm test -x /opt/bin/stead-node
is "the agent is nowhere else" "$(on_vm ls /usr/local/bin)" ""
is "no unit has failed" "$(on_vm systemctl --failed --no-legend)" ""
like "memory and process limits are real" \
	"$(on_vm 'cat /sys/fs/cgroup/system.slice/docker-*.scope/pids.max')" '^2048'
tap_done
