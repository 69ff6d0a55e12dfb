#!/usr/bin/env bash
# The data on a disk of its own: an empty one is formatted, once, whenever the agent is killed; one that
# holds anything is not; without it nothing is written in its place. blkid, mkfs.xfs and mount are
# stand-ins (bin/), and the disk is a folder; the real ones judge in tests/vm/disk.sh.
. "$(dirname "$0")/apply-lib.sh"

DISK=/dev/disk/by-id/virtio-data
on_disk='p["data"] = {"device": "/dev/disk/by-id/virtio-data"}'
CRASHED=137

give_disk() { # [CONTENT]
	mkdir -p "$ROOT/dev/disk/by-id"
	echo disk >"$ROOT$DISK"
	[ $# = 0 ] || printf '%s\n' "$@" >"$ENGINE/disk.type"
}
is_mounted() { mountpoint -q "$ROOT/var/lib/stead" || grep -q " $ROOT/var/lib/stead " /proc/self/mountinfo; }
reboot() {
	! is_mounted || umount "$ROOT/var/lib/stead"
	rm -rf "$ROOT/run/stead"
}
gone() {
	local status=$?
	[ -z "${ROOT:-}" ] || reboot
	return $status
}
formats() { cat "$ENGINE/mkfs" 2>/dev/null; }
refused() { # NAME BASE WORDS: why it was refused
	apply_run "$1" "$2" && return 1
	grep -q "refused: .*$3" "$ROOT.log" && return
	tail -n 3 "$ROOT.log"
	return 1
}
with_disk() { # FUNCTION [ARGUMENT]...
	empty_node
	trap 'gone; cleanup' EXIT
	"$@"
}

is_right() {
	local outside
	is_mounted || { echo "nothing is mounted"; return 1; }
	agent prepare >>"$ROOT.log" 2>&1 || { tail -n 3 "$ROOT.log"; return 1; }
	[ -e "$ENGINE/disk/sentinel.json" ] || { echo "no sentinel on the disk"; return 1; }
	[ ! -e "$ROOT/$STATE/journal.json" ] || { echo "the journal is still there"; return 1; }
	umount "$ROOT/var/lib/stead"
	outside=$(cd "$ROOT/var/lib/stead" && find . -type f ! -path '*/incoming/*')
	[ -z "$outside" ] || { echo "on the system's file system: $outside"; return 1; }
}
first() {
	give_disk
	receive disk >"$ROOT.answer" || { cat "$ROOT.answer"; return 1; }
	[ -z "$(formats)" ] || { echo "formatted before anybody agreed"; return 1; }
	apply_run disk '' || { tail "$ROOT.log"; return 1; }
	[ "$(formats)" = "-q -L stead-data $ROOT$DISK" ] && is_right
}
kept() { # What is on a disk that is ours stays.
	first || return
	echo post >"$ENGINE/disk/data/post"
	rm -rf "$ROOT/etc/stead" "$ROOT/var/lib/stead"
	receive disk >"$ROOT.answer" && apply_run disk '' && is_right || { tail "$ROOT.log"; return 1; }
	[ "$(formats | wc -l)" = 1 ] && [ "$(cat "$ENGINE/disk/data/post")" = post ]
}
foreign() { # WORDS CONTENT...
	local words=$1
	shift
	give_disk "$@"
	receive disk >"$ROOT.answer" && refused disk '' "$words" && [ -z "$(formats)" ] && ! is_mounted
}
no_disk() {
	receive disk >"$ROOT.answer" && refused disk '' "disk $DISK is not there" && ! is_mounted
}
others_data() {
	give_disk TYPE=xfs LABEL=stead-data
	mkdir -p "$ENGINE/disk/data"
	echo '{"v":1,"domain":"other.example","lineage":"00"}' >"$ENGINE/disk/sentinel.json"
	receive disk >"$ROOT.answer" && refused disk '' 'belongs to other.example' && ! is_mounted
}
half_formatted() {
	give_disk
	: >"$ENGINE/mkfs-dies"
	receive disk >"$ROOT.answer" || return
	apply_run disk '' && return 1
	apply_run disk '' || { tail "$ROOT.log"; return 1; }
	formats | grep -q '^-qf' && is_right
}

# What only mkfs.xfs sees is respected each time.
refused_twice() {
	give_disk
	: >"$ENGINE/mkfs-refuses"
	receive disk >"$ROOT.answer" && refused disk '' 'something is there' &&
		refused disk '' 'something is there' && ! formats | grep -q '^-qf' && ! is_mounted
}
# As Ignition leaves a disk of its own: prepare formats it, but never one that was in use.
found_empty() {
	first || return
	reboot
	rm -rf "$ENGINE/disk" "$ENGINE/disk.type" "$ROOT/etc/stead/disk.used"
	agent prepare >>"$ROOT.log" 2>&1 && is_mounted && [ "$(formats | wc -l)" = 2 ] || return 1
	reboot
	rm -rf "$ENGINE/disk" "$ENGINE/disk.type"
	agent prepare >>"$ROOT.log" 2>&1 && return 1
	progress_is prepare.disk failed "is empty, and it was not" && [ "$(formats | wc -l)" = 2 ]
}
# The data outlives its system: what that one began is not the new one's.
another_system() {
	first || return
	echo aaaa >"$ROOT/etc/machine-id"
	mount --bind "$ENGINE/disk" "$ROOT/var/lib/stead"
	receive other >"$ROOT.answer" || { cat "$ROOT.answer"; return 1; }
	local n base
	base=$(answer 'a["base"]' <"$ROOT.answer")
	for ((n = 1; n < 200; n++)); do
		STEAD_CRASH_AT=$n apply_run other "$base"
		[ ! -e "$ROOT/$STATE/journal.json" ] || break
	done
	grep -q '"machine": "aaaa"' "$ROOT/$STATE/journal.json" || { ls "$ROOT/$STATE"; return 1; }
	echo bbbb >"$ROOT/etc/machine-id"
	agent resume >>"$ROOT.log" 2>&1 && [ ! -e "$ROOT/$STATE/journal.json" ] || return 1
	grep -q 'another system of this node' "$ROOT.log"
}
# It goes down and up with its disk, and takes it along in the end.
down_and_gone() {
	first || return
	mount --bind "$ENGINE/disk" "$ROOT/var/lib/stead"
	agent stop >>"$ROOT.log" 2>&1 && is_mounted && receive disk >"$ROOT.answer" || { cat "$ROOT.answer"; return 1; }
	agent destroy --domain example.org >>"$ROOT.log" 2>&1 || { tail -n 3 "$ROOT.log"; return 1; }
	! is_mounted && [ ! -e "$ROOT/var/lib/stead" ] && [ -z "$(ls -A "$ENGINE/disk")" ]
}

# Killed at every point of its first change until the journal is on the disk (what comes then is in
# apply-killed.sh), with or without a reboot behind it, and asked again.
killed() {
	local n status journaled=0 bad=0
	for ((n = 1; n < 400; n++)); do
		empty_node
		give_disk
		receive disk >"$ROOT.answer" || return 1
		STEAD_CRASH_AT=$n apply_run disk ''
		status=$?
		[ $status = $CRASHED ] || [ $status = 0 ] || { tail -n 3 "$ROOT.log"; bad=1; }
		[ ! -e "$ENGINE/disk/state/apply/journal.json" ] || journaled=1
		[ $((n % 2)) = 1 ] || reboot
		# What was cut short is finished first, then it is asked for once more.
		agent apply --run --continue >>"$ROOT.log" 2>&1 || agent apply --continue >>"$ROOT.log" 2>&1
		receive disk >"$ROOT.answer" || { cat "$ROOT.answer"; bad=1; }
		apply_run disk "$(answer 'a["base"]' <"$ROOT.answer")" && is_right || {
			tail -n 5 "$ROOT.log"
			echo "^ killed at point $n"
			bad=1
		}
		reboot
		drop_root
		[ $journaled = 0 ] || break
		[ $bad = 0 ] || return 1
	done
	[ $journaled = 1 ] && [ "$n" -gt 10 ] || { echo "only $n points"; return 1; }
}

missing_at_boot() {
	first || return
	mv "$ENGINE/disk" "$ENGINE/away"
	rm "$ROOT$DISK"
	rm -rf "$ROOT/var/lib/stead" && mkdir -p "$ROOT/var/lib/stead"
	agent prepare >>"$ROOT.log" 2>&1 && return 1
	progress_is prepare.disk failed "disk $DISK is not there" || return
	[ -z "$(ls "$ROOT/var/lib/stead")" ] || { echo "written in its place"; return 1; }
	receive other >"$ROOT.answer" && { echo "a change was taken"; return 1; }
	grep -q 'is not mounted' "$ROOT.answer" || { cat "$ROOT.answer"; return 1; }
	[ -z "$(ls "$ROOT/var/lib/stead")" ] || { echo "written in its place"; return 1; }
	mv "$ENGINE/away" "$ENGINE/disk"
	give_disk
	agent prepare >>"$ROOT.log" 2>&1 && progress_is prepare.disk done && is_mounted
}
moved_there() {
	receive system >"$ROOT.answer" && apply_run system '' && agent prepare >>"$ROOT.log" 2>&1 || return 1
	give_disk
	receive disk >"$ROOT.answer" && return 1
	grep -q 'does not move it to' "$ROOT.answer" && [ -z "$(formats)" ]
}
moved_away() {
	first || return
	mount --bind "$ENGINE/disk" "$ROOT/var/lib/stead"
	receive system >"$ROOT.answer" && return 1
	grep -q 'does not move it' "$ROOT.answer"
}

bundle disk "$on_disk" && bundle other "$on_disk" "${kinds[changed]}" && bundle system ||
	{ echo "1..0 # the bundles cannot be made"; exit 1; }
tap "an empty disk is formatted and mounted, when the change is agreed" with_disk first
tap "one that is the node's is used as it is" with_disk kept
tap "a disk with a file system is refused" with_disk foreign 'holds a file system (ext4)' TYPE=ext4
tap "so is another XFS" with_disk foreign 'holds a file system (xfs)' TYPE=xfs LABEL=photos
tap "so is one with partitions" with_disk foreign 'holds partitions' PTTYPE=gpt
tap "so is one that is not there" with_disk no_disk
tap "so are another node's data" with_disk others_data
tap "a format that was cut short begins anew" with_disk half_formatted
tap "what only mkfs finds is respected, also the second time" with_disk refused_twice
tap "prepare formats an empty disk, but not one that was in use" with_disk found_empty
tap "what another system of the node began is forgotten" with_disk another_system
tap "stopped it keeps its disk, destroyed it leaves it empty" with_disk down_and_gone
tap "killed at each point of the first change" with_disk killed
tap "without the disk nothing starts, and nothing is written in its place" with_disk missing_at_boot
tap "data on the system's file system is not hidden by a disk" with_disk moved_there
tap "data on a disk is not left behind" with_disk moved_away
tap_end
