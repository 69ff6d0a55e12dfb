#!/usr/bin/env bash
# The agent is killed right before and right after every sync, rename, link, unlink and program of a
# change, and then `resume`, or the next `apply`, finishes it: what lies on the disk and what runs is all
# of the old node or all of the new one.
. "$(dirname "$0")/apply-lib.sh"

CRASHED=137

# The change from OLD to NEW, killed at point N, and finished by METHOD. 0: it was killed, and
# $outcome is old or new; 1: it ended before.
kill_at() { # N OLD NEW METHOD
	local status base
	base=$([ "$2" = none ] || id "$2")
	node_from "$([ "$2" = none ] && echo first || echo "$3")"
	STEAD_CRASH_AT=$1 apply_run "$3" "$base"
	status=$?
	case $status in
	$CRASHED) ;;
	0 | 1) is_whole "$2" "$3" || return 2; return 1 ;;
	*) echo "ended with $status"; tail -n 5 "$ROOT.log"; return 2 ;;
	esac
	case $4 in
	resume) agent resume >>"$ROOT.log" 2>&1 || { tail "$ROOT.log"; return 2; } ;;
	apply) agent apply "$(id "$3")" --base "$base" >>"$ROOT.log" 2>&1 ;;
	esac
	is_whole "$2" "$3" || { cat "$ROOT.log" "$ENGINE/unit.log" | tail -n 20; return 2; }
}

# At each STEPth point there is. EXPECTED is what comes out in the end: new, or old where the change is
# returned. Before the commit point `resume` gives the old node, behind it never again.
killed() { # OLD NEW METHOD EXPECTED [STEP]
	local n status before=0 after=0
	for ((n = 1; ; n += ${5:-1})); do
		kill_at $n "$1" "$2" "$3"
		status=$?
		[ $status != 2 ] || { echo "^ killed at point $n, then $3"; return 1; }
		if [ "$outcome" = "$4" ]; then
			after=$((after + 1))
		else
			before=$((before + 1))
			[ "$3" = resume ] && [ $after = 0 ] || { echo "$outcome at point $n"; return 1; }
		fi
		drop_root
		[ $status = 0 ] || break
	done
	echo "$1 to $2, $3: $n points, $before before the commit" >>"$work/points"
	[ $after -gt 0 ] && { [ "$3" != resume ] || [ "$4" = old ] || [ -n "${6:-}" ] || [ $before -gt 0 ]; }
}

# Killed once, and then again while `resume` works on it.
killed_twice() { # OLD NEW STEP
	local n m
	for ((n = 5; ; n += $3)); do
		for ((m = 1 + n % 3; ; m += $3)); do
			node_from "$2"
			STEAD_CRASH_AT=$n apply_run "$2" "$(id "$1")"
			[ $? = $CRASHED ] || return 0
			STEAD_CRASH_AT=$m agent resume >>"$ROOT.log" 2>&1
			[ $? = $CRASHED ] || { drop_root; break; }
			agent resume >>"$ROOT.log" 2>&1
			is_whole "$1" "$2" || { echo "^ killed at $n, and resume at $m"; return 1; }
			drop_root
		done
	done
}

make_old >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
{ make_change all "${everything[@]}" && make_change sick "${everything[@]}" "$sick"; } >"$work/log" 2>&1 ||
	{ cat "$work/log"; exit 1; }
# What `resume` does from a point, the next `apply` does too, in the same function: fewer points do.
step=$([ -n "${STEAD_SOAK:-}" ] && echo 1 || echo 7)
tap "first plan, killed at each point, then resume" killed none old resume new
tap "all kinds at once, killed at each point, then resume" killed old all resume new
tap "a change that is returned, killed at each point, then resume" killed old sick resume old
tap "first plan, killed, then apply" killed none old apply new "$step"
tap "all kinds at once, killed, then apply" killed old all apply new "$step"
tap "a change that is returned, killed, then apply" killed old sick apply old "$step"
tap "killed, and killed again" killed_twice old all $([ -n "${STEAD_SOAK:-}" ] && echo 5 || echo 61)
sed 's/^/# /' "$work/points"
tap_end
