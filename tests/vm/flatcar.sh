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

# The network card that QEMU makes, by its hardware address. Ports are forwarded to 10.0.2.15.
flatcar_settings() {
	make_settings "$dir/n" &&
		sed -i "s/os: fcos/os: flatcar/; s/^delivery: inline/delivery: ssh/" "$dir/n/stead.yaml" &&
		sed -i "/^machine:/r /dev/stdin" "$dir/n/stead.yaml" <<-END
			  network:
			    - {interface: "52:54:00:12:34:56", address: 10.0.2.15/24, gateway: 10.0.2.2, dns: [10.0.2.3]}
			    - {interface: "52:54:00:12:34:56", address: 10.0.2.77/24}
			    - {interface: "52:54:00:12:34:56", address: "fec0::77/64", gateway: "fec0::2"}
			  users: {bob: {ssh_keys: ["$dir/n.key.pub"], sudo: true}}
			  sysctls: {vm.swappiness: "7"}
		END
}
addresses() { # 4|6
	on_vm ip -json "-$1" address |
		jq -r '.[] | select(.ifname and (.ifname | test("^(lo|stead|docker|veth)") | not)) | .addr_info[] | select(.scope != "link") |
			"\(.local)/\(.prefixlen)\(if .dynamic then " dynamic" else "" end)"' | sort | paste -sd ' '
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
is "its IPv4 addresses are those of the settings" "$(addresses 4)" "10.0.2.15/24 10.0.2.77/24"
is "its IPv6 address is that of the settings" "$(addresses 6)" "fec0::77/64"
is "its ways out are those of the settings" \
	"$(on_vm 'ip -4 route show default; ip -6 route show default' | awk '{ print $3, $7 }' | paste -sd ';')" \
	"10.0.2.2 static;fec0::2 static"
like "its name server is that of the settings" "$(on_vm resolvectl dns)" '10\.0\.2\.3$'
is "the second account may become root" \
	"$("$stead" ssh --dir "$dir/n" -- sudo -u bob sudo -n id -u </dev/null)" 0
is "and is in no group but its own" "$(on_vm id -nG bob)" bob
is "the kernel's parameters are set" "$(on_vm cat /proc/sys/vm/swappiness)" 7
is "no unit has failed" "$(on_vm systemctl --failed --no-legend)" ""
like "memory and process limits are real" \
	"$(on_vm 'cat /sys/fs/cgroup/system.slice/docker-*.scope/pids.max')" '^2048'
tap_done
