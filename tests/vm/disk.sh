#!/usr/bin/env bash
# The data on a disk of its own: formatted once, mounted before all else, used again by a new machine
# with a fresh system disk; without it the data services stay down and the node says why.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/vm.sh
lab_up
vm_image
dir=$(mktemp -d)
trap 'vm_remove; lab_down; rm -rf "$dir"' EXIT

up_or_console() {
	vm_up && return
	tail -c 3000 "$(vm_dir)/console.log" | tr -d '\033' | sed 's/^/# /'
	return 1
}
mounted() { on_vm findmnt -nro SOURCE,FSTYPE,LABEL /var/lib/stead; }
accounts() { on_vm sudo ls /var/lib/stead/data/snac/data/snac/user; }
posts() { on_vm sudo find /var/lib/stead/data/snac/data/snac/object -name '*.json' | sort; }

settings() { make_settings "$dir/n" && sed -i "/^  data: system$/d" "$dir/n/stead.yaml"; }
ok "settings are made" settings
ok "up: a machine with a disk for the data" up_or_console || tap_done
like "the disk is mounted, with its file system" "$(mounted)" '^/dev/vd[a-z] xfs stead-data$'
ok "it answers from outside" prove_vm
accounts=$(accounts) posts=$(posts) password=$(cat "$dir/password")
is "there is one account" "$accounts" alice
ok "there are posts" test -n "$posts"

ok "the machine is deleted, its data is kept" "$stead" down --dir "$dir/n" --remove --keep-data --yes
is "only the data's disk is left" "$(ls "$(vm_dir)")" data.qcow2
ok "up: a new machine on a fresh system disk" up_or_console || tap_done
is "with the same account" "$(accounts)" "$accounts"
is "with the posts of before" "$(posts)" "$posts"
ok "it answers from outside, with the same login" prove_vm
is "the login is the one of before" "$(cat "$dir/password")" "$password"
is "no unit has failed" "$(on_vm systemctl --failed --no-legend)" ""

ok "down" "$stead" down --dir "$dir/n"
mv "$(vm_dir)/data.qcow2" "$dir/"
says_why() {
	"$stead" status --dir "$dir/n" </dev/null 2>/dev/null |
		grep -q 'prepare.disk.*: the data.s disk /dev/disk/by-id/virtio-stead-data is not there'
}
without_disk() {
	local up status=0
	vm_up &
	up=$!
	until_ok 900 says_why || status=1
	kill -INT "$up"
	wait "$up" && status=1 # it never became ready
	return "$status"
}
ok "up without the disk: status says why the node does not become ready" without_disk
is "no container runs" "$(on_vm sudo podman ps -q)" ""
is "nothing was written where the disk belongs" "$(on_vm sudo find /var/lib/stead -mindepth 1)" ""
tap_done
