#!/usr/bin/env bash
# The node in a VM: from its Ignition file alone to HTTPS, every day's commands, switched off and on
# with other settings. (Power cuts: power-cuts.sh; docker and delivery by ssh: flatcar.sh.)
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/vm.sh
lab_up
vm_image
dir=$(mktemp -d)
trap 'vm_remove; lab_down; rm -rf "$dir"' EXIT

# The registry is away at first, and comes back when the node has tried twice.
waits_for_image() {
	"$stead" status --json --dir "$dir/n" </dev/null 2>/dev/null |
		jq -e 'any(.steps[]; (.name | startswith("prepare.image")) and .attempt >= 2)' >/dev/null
}
up_with_late_registry() {
	local up status=0
	"$lab" registry stop
	vm_up --self-contained &
	up=$!
	until_ok 900 waits_for_image || status=1
	"$lab" registry start --listen "$registry"
	wait "$up" && return "$status"
}

ok "settings are made" make_settings "$dir/n"
ok "up: from nothing to a ready node, though the registry is late" up_with_late_registry || {
	tail -c 3000 "$(vm_dir)/console.log" | tr -d '\033' | sed 's/^/# /'
	tap_done
}
is "Ignition got one config that needs nothing else" \
	"$(grep -c 'tftp:\|https\?://' "$(vm_dir)/config.ign")" 0
ok "it answers from outside" prove_vm
ok "up again: it runs already" vm_up --self-contained
like "status is ready" "$("$stead" status --dir "$dir/n")" '^ready since'
is "status as JSON" "$("$stead" status --json --dir "$dir/n" | jq -r '.state, .handle' | paste -sd ' ')" \
	"ready @alice@$web"
is "ssh logs in as core, the host key is known" "$(on_vm id -un)" core
is "ssh gives the command's exit status" "$(on_vm 'exit 7'; echo $?)" 7
like "logs show the application" "$("$stead" logs snac --dir "$dir/n" </dev/null)" 'snac'
like "open shows the login" "$("$stead" open --login --dir "$dir/n")" '^ *password  *[^ ]+'
fails "without being asked it does not" grep -q password <("$stead" open --dir "$dir/n")
is "the machine listens on loopback only" \
	"$(ss -Hltnp | grep "pid=$(vm_pid)," | awk '{ print $4 }' | grep -vc '^127\.0\.0\.1:')" 0
is "the state folder is closed" "$(stat -c %a "$(vm_dir)")" 700
is "no unit has failed" "$(on_vm systemctl --failed --no-legend)" ""

# What Ignition made, against what was rendered.
"$stead" render tree "$dir/tree" --dir "$dir/n" >"$dir/list" 2>/dev/null
awk '$1 == "file" || $1 == "dir" { print $4, $2, $3 }' "$dir/list" | sort >"$dir/wanted"
paths=$(cut -d ' ' -f 1 "$dir/wanted" | paste -sd ' ')
on_vm "sudo stat -c '%n %04a %u:%g' $paths" | sort >"$dir/got"
ok "modes and owners are as rendered" diff "$dir/wanted" "$dir/got"
is "units are on as rendered" "$(on_vm systemctl is-enabled stead.target stead-firewall.service | sort -u)" enabled
like "memory limits are real" "$(on_vm 'cat /sys/fs/cgroup/system.slice/stead-snac.service/*/pids.max /sys/fs/cgroup/system.slice/stead-snac.service/pids.max 2>/dev/null')" '^2048$'

ok "down: the machine is off" "$stead" down --dir "$dir/n"
fails "status says so" "$stead" status --dir "$dir/n"

sed -i 's/^machine:/machine:\n  firewall: {open: [tcp\/9000]}/' "$dir/n/stead.yaml"
ok "up: the same machine again, and the change comes over ssh" vm_up --self-contained
ok "with the same owner and posts" prove_vm
like "the change is there" "$(on_vm sudo nft list chain inet stead input)" 'tcp dport 9000 accept'
like "up once more: nothing to change" "$(vm_up --self-contained)" '^nothing to change'
tap_done
