#!/usr/bin/env bash
# What can come between: a machine without an engine, two at once, a lost connection, Ctrl-C, a full or read-only
# disk, a missing engine, a reboot and power cuts while a change is applied. The node is always the old or the new
# one, and the next `up` makes it the wanted one. STEAD_SEED repeats a run; with STEAD_SOAK there are many rounds.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
. tests/lib/up.sh
hosts_up bare
dir=$(mktemp -d)
trap 'hosts_down; rm -rf "$dir"' EXIT
engine=podman node=t-trouble apps=$dir/apps
rounds=3
[ -z "${STEAD_SOAK:-}" ] || rounds=30
seed=${STEAD_SEED:-$RANDOM}
RANDOM=$seed
echo "# seed: $seed"

# Two wishes that differ in a file with a secret, in two units and in the firewall.
wish() { # a|b
	wanted=$1
	case $1 in
	a) say[snac]='{env: {WISH: a}}' say[open]='[]' ;;
	b) say[snac]='{env: {WISH: b}}' say[open]='[tcp/9000]' ;;
	esac
	write_settings
}
other_wish() { if [ "$wanted" = a ]; then wish b; else wish a; fi; }

# has: which wish the machine follows, in its files and in its processes; anything but a or b is a mixture.
has() {
	on_host "$node" sh -c '
		for f in /etc/containers/systemd/stead-snac.container /etc/containers/systemd/stead-worker.container; do
			sed -n "s/^Environment=WISH=//p" $f
		done
		if grep -q 9000 /etc/stead/firewall.nft; then echo b; else echo a; fi
		if nft list table inet stead | grep -q 9000; then echo b; else echo a; fi
		for p in snac worker; do podman exec stead-$p sh -c "echo \$WISH"; done' | sort -u | xargs
}
apply_state() { on_host "$node" stead-node status --json | jq -r '.apply.state'; }
settled() { case $(apply_state) in none | applied | returned | kept | refused) ;; *) false ;; esac; }

# whole WHAT: old or new, nothing half-made, and the next `up` makes it the wanted one.
whole() {
	ok "$1: the change ends" until_ok 120 settled
	ok "$1: the node is ready" node_ready "$node" 120
	like "$1: it is the old node or the new one" "$(has)" '^(a|b)$'
	is "$1: nothing half-made is left" "$(leftovers)" ""
	ok "$1: up again" up || on_host "$node" journalctl --no-pager -u stead-apply -u stead-resume -n 40 | sed 's/^/# /'
	is "$1: the node is the wanted one" "$(has)" "$wanted"
	ok "$1: the site answers" answers
}

# start_up: `up` in the background, in a session of its own, as a terminal would have it.
start_up() {
	setsid "$stead" up --dir "$dir/n" --apps "$apps" --yes --deadline 900 </dev/null >"$dir/said" 2>&1 &
	up_pid=$!
}
end_up() { wait "$up_pid"; }
running() { kill -0 "$up_pid" 2>/dev/null; }

# descendants PID: its processes, and theirs.
descendants() {
	local child
	for child in $(pgrep -P "$1"); do
		descendants "$child"
		echo "$child"
	done
}
ssh_of_up() {
	local pid
	for pid in $(descendants "$up_pid") $(pgrep -f -- "$dir/n/.stead/host/"); do
		[ "$(basename "$(readlink "/proc/$pid/exe")")" != ssh ] || echo "$pid"
	done 2>/dev/null
}

# The machine's disk is seen from here, which is quicker than asking it.
journal_says() { grep -qs "$1" "$STEAD_LAB_RUN/node/$node/root/var/lib/stead/state/apply/journal.json"; }
journal_when() { # WORD: waits for it, or for the end of `up`
	while running; do
		journal_says "$1" && return
		sleep 0.02
	done
	return 1
}

an_engine_is_installed() {
	write_settings
	up --dry-run >/dev/null
	is "a dry run on a bare machine says that there is a difference" $? 4
	like "says what would be installed" "$(cat "$dir/said")" 'podman'
	fails "and installs nothing" on_host "$node" sh -c 'command -v podman'
	ok "up installs the engine and makes the node" up || {
		on_host "$node" journalctl --no-pager -n 60 | sed 's/^/# /'
		tap_done
	}
	ok "it answers from outside" prove "$node" "$dir"
}

two_at_once() {
	local first second one two
	wish a
	cp -a "$dir/n" "$dir/n2"
	wish b
	stead_up "$node" --apps "$apps" >"$dir/one" 2>&1 &
	one=$!
	"$stead" up --dir "$dir/n2" --apps "$apps" --yes --deadline 900 </dev/null >"$dir/two" 2>&1 &
	two=$!
	wait $one
	first=$?
	wait $two
	second=$?
	ok "two at once: one of them wins" test $((first * second)) = 0
	[ $first = 0 ] || like "two at once: the other says why not" "$(cat "$dir/one")" 'another|has changed'
	[ $second = 0 ] || like "two at once: the other says why not" "$(cat "$dir/two")" 'another|has changed'
	whole "two at once"
}

the_connection_is_cut() {
	local i wait_ms
	for ((i = 1; i <= rounds; i++)); do
		other_wish
		wait_ms=$((RANDOM % 5000))
		echo "# cut $i after $wait_ms ms"
		start_up
		sleep "$(printf '%d.%03d' $((wait_ms / 1000)) $((wait_ms % 1000)))"
		# shellcheck disable=SC2046
		kill $(ssh_of_up) 2>/dev/null
		end_up
		whole "the connection is cut after $wait_ms ms"
	done
}

interrupted() {
	other_wish
	start_up
	ok "Ctrl-C: a change is under way" journal_when switching
	kill -INT "$up_pid"
	end_up
	is "Ctrl-C: up ends as interrupted" $? 130 || sed 's/^/# /' "$dir/said"
	ok "Ctrl-C: the change goes on" until_ok 60 settled
	is "Ctrl-C: the node is the wanted one" "$(has)" "$wanted"
	whole "Ctrl-C"
}

# refused_by WHAT REGEX: `up` fails, says why and has changed nothing.
refused_by() {
	units_saved
	fails "$1: up fails" up
	like "$1: it says why" "$(cat "$dir/said")" "$2"
	is "$1: nothing is restarted" "$(restarted)" ""
	ok "$1: the site answers" answers
}

a_disk_is_full() {
	other_wish
	on_host "$node" mount -t tmpfs -o size=4k,mode=700 full /var/lib/stead/state/apply
	refused_by "a full state folder" 'space|full'
	on_host "$node" umount /var/lib/stead/state/apply
	# What is there fits, nothing more does.
	on_host "$node" sh -euc '
		mkdir /run/full
		mount -t tmpfs -o mode=755 full /run/full
		cp -a /etc/stead/. /run/full
		mount --bind /run/full /etc/stead
		umount /run/full
		rmdir /run/full
		size=$(df --output=used -k /etc/stead | tail -n 1)
		mount -o remount,size=$((size + 4))k /etc/stead'
	refused_by "a full /etc/stead" 'space|full'
	on_host "$node" umount /etc/stead
	whole "a full disk"
}

etc_is_read_only() {
	other_wish
	on_host "$node" sh -c 'mount --bind /etc /etc && mount -o remount,bind,ro /etc'
	refused_by "a read-only /etc" 'read-only|Read-only'
	on_host "$node" umount -l /etc
	whole "a read-only /etc"
}

the_engine_is_missing() {
	other_wish
	on_host "$node" mv /usr/bin/podman /usr/bin/podman.away
	refused_by "a missing engine" 'podman'
	on_host "$node" mv /usr/bin/podman.away /usr/bin/podman
	whole "a missing engine"
}

the_power_goes() {
	local at how
	for at in '"v"':kill switching:kill settling:kill settling:restart; do
		how=${at#*:} at=${at%:*}
		other_wish
		start_up
		ok "$how at $at: a change is under way" journal_when "$at"
		ok "$how at $at: the machine comes back" "$lab" machine "$how" "$node"
		end_up
		whole "$how at $at"
	done
}

make_app "$dir/apps"
ok "a machine without an engine starts" host_up "$node" bare || tap_done
ok "settings are made" make_host_settings "$dir/n" "$node" --apps "$apps" --set mail.host=10.77.0.1 \
	--set images.worker=lab.invalid/snac:2.75
an_engine_is_installed
two_at_once
the_connection_is_cut
interrupted
a_disk_is_full
etc_is_read_only
the_engine_is_missing
the_power_goes
ok "after all of it: the whole proof" prove "$node" "$dir"
tap_done
