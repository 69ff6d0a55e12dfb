#!/usr/bin/env bash
# The swap file: made once, in use, as large as the plan says, gone when it says none; without room for
# it the node goes on. mkswap, swapon and swapoff are the real ones. Where the kernel does not let us
# take swap into use (in a container it may not), only what does not need it is tested.
. "$(dirname "$0")/lib.sh"

# Swap needs a disk under it.
rm -rf "$work"
work=$(mktemp -d /var/tmp/stead-swap.XXXXXX)
MIB=$((1 << 20)) CRASHED=137
SIZE=$((64 * MIB)) LARGER=$((96 * MIB))

in_use() { grep -qs "^$ROOT/var/lib/stead/swap[[:blank:]]" /proc/swaps; }
gone() {
	local status=$?
	[ -z "${ROOT:-}" ] || ! in_use || swapoff "$ROOT/var/lib/stead/swap"
	return $status
}
node() { # COMMAND...
	trap 'gone; cleanup' EXIT
	new_root
	: >"$ENGINE/images/registry.example_server:1"
	"$@"
}
prepare() { # BYTES
	new_plan "p['swap_bytes'] = $1"
	agent prepare >>"$ROOT.log" 2>&1 || { tail -n 5 "$ROOT.log"; return 1; }
}
file() { stat -c '%a %u:%g %F %s' "$ROOT/var/lib/stead/swap"; }
is_right() { # BYTES
	[ "$(file)" = "600 0:0 regular file $1" ] || { file; return 1; }
	[ "$(du -B1 "$ROOT/var/lib/stead/swap" | cut -f1)" -ge "$1" ] || { echo "it has holes"; return 1; }
	in_use || { echo "it is not in use"; cat "$ROOT.log"; return 1; }
	[ ! -e "$ROOT/var/lib/stead/swap.new" ] || { echo "a part is left"; return 1; }
	progress_is prepare.swap done && [ "$(progress prepare.swap note)" = null ]
}
is_none() {
	! in_use && ! ls "$ROOT"/var/lib/stead/swap* 2>/dev/null
}
uuid() { blkid -p -s UUID -o value "$ROOT/var/lib/stead/swap"; }

made() { prepare $SIZE && is_right $SIZE; }
kept() {
	local before
	made || return
	before=$(PATH=/usr/sbin:/usr/bin uuid)
	prepare $SIZE && is_right $SIZE && [ -n "$before" ] && [ "$(PATH=/usr/sbin:/usr/bin uuid)" = "$before" ]
}
after_a_boot() {
	made && swapoff "$ROOT/var/lib/stead/swap" && rm -rf "$ROOT/run/stead" && prepare $SIZE && is_right $SIZE
}
other_size() { made && prepare $LARGER && is_right $LARGER && prepare $SIZE && is_right $SIZE; }
removed() {
	made && prepare 0 && is_none && prepare 0 && is_none || return 1
	progress_is prepare.swap done
}
never() {
	new_plan && agent prepare >>"$ROOT.log" 2>&1 && is_none && [ -z "$(progress prepare.swap state)" ]
}
left_by_hand() { # of another's, with that name, nothing is thrown away
	local note
	mkdir -p "$ROOT/var/lib/stead" && prepare 0 && mkdir "$ROOT/var/lib/stead/swap" && prepare $SIZE || return
	note=$(progress prepare.swap note)
	[[ $note = *'cannot be removed'* ]] && [ -d "$ROOT/var/lib/stead/swap" ] || { echo "$note"; return 1; }
}
destroyed() {
	made && agent destroy --domain example.org "$@" >>"$ROOT.log" 2>&1 || { tail "$ROOT.log"; return 1; }
	is_none
}

# On a file system of its own in memory, which has SIZE and takes no swap.
in_memory() { # SIZE WORDS
	local note
	mkdir -p "$ROOT/var/lib/stead"
	mount -t tmpfs -o "size=$1,mode=700" swap-test "$ROOT/var/lib/stead" || return
	mounts+=("$ROOT/var/lib/stead")
	prepare $SIZE || return
	note=$(progress prepare.swap note)
	[[ $note = *"$2"* ]] || { echo "$note"; return 1; }
	is_none && agent status --json | jq -e '.state != "failed"' >/dev/null
}

# Killed at each point while the size changes, prepare ends it.
killed() {
	local n status points=0
	for ((n = 1; n < 300; n++)); do
		new_plan "p['swap_bytes'] = $((n % 2 ? LARGER : SIZE))"
		STEAD_CRASH_AT=$n agent prepare >>"$ROOT.log" 2>&1
		status=$?
		[ $status != 0 ] || break
		[ $status = $CRASHED ] || { tail -n 3 "$ROOT.log"; return 1; }
		points=$n
		agent prepare >>"$ROOT.log" 2>&1 && is_right $((n % 2 ? LARGER : SIZE)) ||
			{ echo "^ killed at point $n"; return 1; }
	done
	[ $points -gt 20 ] || { echo "only $points points"; return 1; }
}

can_swap() {
	local probe=$work/probe status
	fallocate -l 1M "$probe" && chmod 600 "$probe" && mkswap "$probe" >/dev/null 2>&1 &&
		swapon "$probe" 2>/dev/null && swapoff "$probe"
	status=$?
	rm -f "$probe"
	return $status
}

tap "no room: the node goes on without, and says why" node in_memory 512m 'no room for 64 MiB of swap'
tap "a file system that takes none: the same" node in_memory 4g 'swapon failed: Invalid argument'
tap "none was asked for" node never
if can_swap; then
	tap "it is made, without holes, for root only, and is in use" node made
	tap "it is made once" node kept
	tap "after a boot it is taken into use" node after_a_boot
	tap "another size is another file" node other_size
	tap "it goes when it is not wanted any more" node removed
	tap "what has its name and is none is left" node left_by_hand
	tap "it goes with the node" node destroyed
	tap "also when the data stays" node destroyed --keep-data
	tap "killed at each point, it is whole afterwards" node killed
else
	echo "# swap cannot be taken into use here: the rest is not tested"
fi
tap_end
