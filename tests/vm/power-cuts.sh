#!/usr/bin/env bash
# Power cuts (SIGKILL to QEMU) on the way from the first boot to the ready node, two of them while
# Ignition works in the initramfs; then the machine is switched on again. In the end it is the same
# healthy node with exactly one owner whose login works. With STEAD_SOAK, many rounds at random times.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/vm.sh
lab_up
vm_image
dir=$(mktemp -d)
trap 'vm_remove; lab_down; rm -rf "$dir"' EXIT
rounds=1
[ -z "${STEAD_SOAK:-}" ] || rounds=10

# The console from this boot on, without colours.
console() { tail -c "+$((console_from + 1))" "$(vm_dir)/console.log" 2>/dev/null | sed 's/\x1b\[[0-9;]*m//g'; }
seen_on_console() { console | grep -aq "$1"; }
seen_in_status() { timeout 60 "$stead" status --json --dir "$dir/n" 2>/dev/null </dev/null | jq -e --arg s "$1" 'any(.steps[]; .name | startswith($s))' >/dev/null; }

# cut_at WHERE WHAT EXTRA: switches on, waits until WHAT is seen there, EXTRA seconds more, and cuts.
cut_at() {
	local up_pid status=0
	console_from=$(stat -c %s "$(vm_dir)/console.log" 2>/dev/null || echo 0)
	vm_up >"$dir/up.log" 2>&1 &
	up_pid=$!
	until_ok 600 "seen_$1" "$2" || status=1
	sleep "$3"
	vm_cut || status=1
	# It must have noticed; on a fast machine the node may have been ready before.
	wait "$up_pid" && [ "$1" = on_console ] && status=1
	[ $status = 0 ] || { console | tail -n 20; cat "$dir/up.log"; }
	return $status
}

for ((round = 1; round <= rounds; round++)); do
	r="round $round:"
	rm -rf "$dir/n"
	ok "$r settings are made" make_settings "$dir/n"
	more() { [ "$rounds" = 1 ] && echo "$1" || echo "$((RANDOM % 12)).$((RANDOM % 10))"; }
	ok "$r cut in the initramfs, before Ignition's first stage is done" \
		cut_at on_console 'Starting ignition-fetch' "$(more 0)"
	ok "$r cut in the initramfs, while Ignition writes files" \
		cut_at on_console 'writing file "/sysroot/etc/' "0.$((RANDOM % 10))"
	ok "$r cut in the first seconds of the real system" \
		cut_at on_console 'Starting ssh.service' "$(more 0)"
	ok "$r cut while images are pulled" cut_at in_status prepare.image "$(more 3)"
	ok "$r cut while the owner's account is made" cut_at in_status setup.setup.owner "$(more 1)"
	ok "$r up: the node becomes ready" vm_up
	ok "$r exactly one owner, whose login works" prove_vm
	is "$r nothing half-made is left" "$(on_vm "sudo find /var/lib/stead -name '*.new' -o -name '*.stead-new' -o -path '*/data/new' -o -path '*/data/stage'")" ""
	is "$r no unit has failed" "$(on_vm systemctl --failed --no-legend)" ""
	vm_remove
done
tap_done
