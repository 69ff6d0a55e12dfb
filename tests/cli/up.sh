#!/usr/bin/env bash
# stead up and down with a machine that boots nothing: starting, finding it again, stopping, and the
# errors in between. What a real machine does is in tests/demo.sh and tests/vm.
. "$(dirname "$0")/lib.sh"
command -v qemu-system-x86_64 >/dev/null || tap_skip_all 'no QEMU here'

# A name that wants to be quoted everywhere, and is longer than a socket's path may be.
node="$tmp/a, b %c \"d\"/$(printf 'long%.0s' {1..30})"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/id"
mkdir -p "$(dirname "$node")"
new_node "$node" --set "machine.ssh_keys=$tmp/id.pub" --set machine.size=1g
state=$node/.stead/vm
truncate -s 100M "$tmp/empty.img" "$tmp/other.img"
stop_all() {
	[ ! -d "$state" ] || "$stead" down --dir "$node" --remove --yes --deadline 1 </dev/null >/dev/null 2>&1
	rm -rf "$tmp"
}
trap stop_all EXIT
qemu_pid() { cat "$state/qemu.pid"; }
# One that has ended may stay as a zombie where nobody reaps.
gone() { case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in '' | Z*) ;; *) return 1 ;; esac; }
runs() { ! gone "$(qemu_pid)"; }
up() { # CODE NAME ARGUMENT…
	local code=$1 name=$2
	shift 2
	run "$code" "$name" up --dir "$node" --yes "$@"
}

run 2 'nobody said where' up --dir "$node"
up 3 'no image' --on vm
err_has 'no image: the remedy' '--image FILE'
up 3 'an image that is not there' --on vm --image "$tmp/none.img"
echo text >"$tmp/text"
ok 'one that never began is not there' test ! -e "$node/.stead/vm"
up 3 'a file that is no disk' --on vm --image "$tmp/text"
STEAD_QEMU=$tmp/none up 3 'a QEMU that is not there' --on vm --image "$tmp/empty.img"
err_has 'the package is named' 'qemu-system-x86'
STEAD_QEMU=/bin/true up 3 'a QEMU that is none' --on vm --image "$tmp/empty.img"
ok 'no machine was left by all that' test ! -e "$state/overlay.qcow2"

up 3 'a machine that never answers' --on vm --image "$tmp/empty.img" --deadline 2
err_has 'it says how long it waited' 'not ready after 2 s'
ok 'it runs on' runs
is 'its folder is private' "$(stat -c %a "$state")" 700
is 'its config is private' "$(stat -c %a "$state/config.ign")" 600
grep -vE '^#|BEGIN|END|\|$' "$node/stead.secrets.yaml" | sed -E 's/^[^ ]*: +//; s/^ +//; s/^"(.*)"$/\1/' |
	awk 'length > 15' >"$tmp/secrets"
fails 'no secret is in its arguments' grep -qaF -f "$tmp/secrets" "/proc/$(qemu_pid)/cmdline"
fails 'nor in what was said' grep -qF -f "$tmp/secrets" "$tmp/out" "$tmp/err"
is 'it listens on 127.0.0.1 alone' \
	"$(ss -ltnpH | grep "pid=$(qemu_pid)," | awk '{ sub(/:[0-9]*$/, "", $4); print $4 }' | sort -u)" 127.0.0.1
is 'three ports' "$(ss -ltnpH | grep -c "pid=$(qemu_pid),")" 3
ok 'ssh understands its config' ssh -G -F "$state/ssh_config" stead
ok 'and finds the known host key in it' test -n "$(ssh-keygen -F stead -f "$state/known_hosts")"
pid=$(qemu_pid)
up 3 'up again follows it' --deadline 1
err_has 'it says so' 'the machine runs already'
is 'it is the same one' "$(qemu_pid)" "$pid"
up 1 'another image' --image "$tmp/other.img"
cp "$node/stead.yaml" "$tmp/good.yaml"
cp "$state/config.ign" "$tmp/config.ign"
printf 'snac:\n  title: another\n' >>"$node/stead.yaml"
# Other settings come over ssh, which a machine that does not boot has not.
up 3 'another configuration waits for ssh' --deadline 1
err_has 'it says so' 'ssh does not answer'
ok 'the configuration of its first boot stays' cmp "$state/config.ign" "$tmp/config.ign"
run 3 'status of a node that does not answer' status --dir "$node" --json
ok 'ports stay' cp "$state/state.json" "$tmp/before.json"

run 0 'down' down --dir "$node" --deadline 1
ok 'it is gone' gone "$pid"
ok 'the disk stays' test -e "$state/overlay.qcow2"
run 0 'down again' down --dir "$node"
up 3 'started with another configuration' --deadline 1
ok 'the configuration of its first boot stays again' cmp "$state/config.ign" "$tmp/config.ign"
run 0 'and down' down --dir "$node" --deadline 1
cp "$tmp/good.yaml" "$node/stead.yaml"
up 3 'started with the same' --deadline 1
ok 'it runs' runs
is 'with the same ports' "$(jq -c .ports "$state/state.json")" "$(jq -c .ports "$tmp/before.json")"
pid=$(qemu_pid)
kill -KILL "$pid"
for ((i = 0; i < 3000; i++)); do gone "$pid" && break || sleep 0.1; done
run 3 'after a power cut it does not run' status --dir "$node"
up 3 'up starts it again' --deadline 1
ok 'it runs' runs

# When it follows, whatever that takes here.
until_it_follows() {
	local i
	for ((i = 0; i < 6000; i++)); do
		grep -q 'boot until ssh answers' "$tmp/err" && return
		sleep 0.1
	done
	return 1
}

# --- a machine that ends while it is followed ---
: >"$tmp/err"
"$stead" up --dir "$node" --yes --deadline 900 </dev/null >"$tmp/out" 2>"$tmp/err" &
follower=$!
ok 'it follows' until_it_follows
kill -KILL "$(qemu_pid)"
wait $follower
is 'a machine that ends while it is followed: exit code 3' $? 3
err_has 'it is said' 'switched itself off'

# --- Ctrl-C ---
: >"$tmp/err"
"$stead" up --dir "$node" --yes --deadline 900 </dev/null >"$tmp/out" 2>"$tmp/err" &
follower=$!
ok 'it follows again' until_it_follows
kill -INT $follower
wait $follower
is 'Ctrl-C: exit code 130' $? 130
err_has 'it is said' 'keeps running'
ok 'and true' runs

run 0 'down --remove' down --dir "$node" --remove --deadline 1
ok 'nothing is left' test ! -e "$node/.stead"
tap_done
