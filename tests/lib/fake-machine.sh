# A machine that is this computer: `ssh` and `sudo` are stand-ins that run the node's command here.
# Sets PATH. Every command line is written to $machine_log.
# shellcheck shell=bash
machine_log=$tmp/machine.log machine_pid=''
machine_bin=$tmp/machine-bin
mkdir -p "$machine_bin"
cat >"$machine_bin/ssh" <<-SH
	#!/bin/sh
	echo "ssh \$*" >>'$machine_log'
	[ ! -e '$machine_bin/fails' ] || { cat '$machine_bin/fails' >&2; exit 255; }
	while [ "\$1" != -- ]; do shift; done
	shift
	[ ! -e '$machine_bin/greets' ] || printf 'good\nmorning'
	exec sh -c "\$*"
SH
cat >"$machine_bin/sudo" <<-SH
	#!/bin/sh
	echo "sudo \$*" >>'$machine_log'
	[ "\$1" = -n ] && shift
	exec "\$@"
SH
chmod +x "$machine_bin/ssh" "$machine_bin/sudo"
PATH=$machine_bin:$PATH

# machine_up DIR: the settings folder's machine runs.
machine_up() {
	local state=$1/.stead/vm mark=$((9000000000000000 + RANDOM * 32768 + RANDOM))
	machine_down
	rm -f "$machine_bin/fails"
	mkdir -p "$state"
	sleep "$mark" & # the machine is known by a mark in its command line
	machine_pid=$!
	until_ok 10 bash -c 'grep -q "$1" "/proc/$2/cmdline"' _ "$mark" "$machine_pid"
	echo "$machine_pid" >"$state/qemu.pid"
	printf '{"v":1,"mark":"%s","program":"%s","ports":{"ssh":1,"http":2,"https":3},"image":"/","accel":"tcg","ignition_sha256":""}' \
		"$mark" "$(readlink "/proc/$machine_pid/exe")" >"$state/state.json"
	printf '{"agent":"%s","web":"w","handle":"h","issuer":"internal"}' \
		"$(readlink -f "${STEAD_NODE:-build/stead-node}")" >"$state/target.json"
}

machine_down() {
	[ -n "$machine_pid" ] && kill "$machine_pid" 2>/dev/null && wait "$machine_pid" 2>/dev/null
	machine_pid=''
}

# machine_ssh_fails TEXT: from now on ssh does not get there.
machine_ssh_fails() { echo "$1" >"$machine_bin/fails"; }
