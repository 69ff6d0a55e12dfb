# The node in a VM for tests: source it behind tap.sh and node.sh. One machine, settings in $dir/n.
# shellcheck shell=bash

# vm_image: the OS image, to $image, and the faster QEMU unless STEAD_QEMU names one.
vm_image() {
	"$lab" build image >&2 && "$lab" build qemu >&2 || {
		ok "the image and QEMU are built" false
		tap_done
	}
	image=$("$lab" path image)
	export STEAD_QEMU=${STEAD_QEMU:-$("$lab" path qemu)}
}

vm_dir() { echo "$dir/n/.stead/vm"; }
vm_up() { "$stead" up --on vm --image "$image" --dir "$dir/n" --yes --deadline 1500 "$@" </dev/null; }
vm_pid() { cat "$(vm_dir)/qemu.pid"; }

# on_vm COMMAND...: runs it on the node.
on_vm() { "$stead" ssh --dir "$dir/n" -- "$@" </dev/null; }

# vm_cut: the power goes. SIGKILL leaves the machine no chance to write anything back.
vm_cut() {
	local pid
	pid=$(vm_pid) && kill -KILL "$pid" || return
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

# prove_vm: the whole proof through the forwarded ports.
prove_vm() {
	local ports
	ports=$(jq -r '"\(.ports.https) \(.ports.http)"' "$(vm_dir)/state.json") &&
		"$stead" open --login --dir "$dir/n" | awk '$1 == "password" { printf "%s", $2 }' >"$dir/password" &&
		"$top/tests/lib/prove-snac.sh" "$web" alice "$(vm_dir)/ca.crt" "$dir/password" 127.0.0.1 $ports
}

vm_remove() { "$stead" down --dir "$dir/n" --remove --yes </dev/null >/dev/null 2>&1; }
