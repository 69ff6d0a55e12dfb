#!/usr/bin/env bash
# The agent is killed right before and right after every fsync, rename and program it runs, and then
# started again: the node is always the same in the end, with one account whose login is the stored
# one. What a power cut does to data that was not synced is tested in the lab.
. "$(dirname "$0")/lib.sh"

CRASHED=137

# Runs a verb of the agent, killed at the N-th point. 0: it was killed; 1: it ended before.
killed_at() { # N VERB
	local status
	STEAD_CRASH_AT=$1 agent "$2" >>"$ROOT.log" 2>&1
	status=$?
	[ $status = $CRASHED ] && return 0
	[ $status = 0 ] && return 1
	echo "$2, to be killed at point $1, ended with $status"
	tail -n 5 "$ROOT.log"
	return 2
}

# The node comes up from whatever is there, and is right.
comes_up() {
	agent prepare >>"$ROOT.log" 2>&1 && agent setup >>"$ROOT.log" 2>&1 || {
		echo "does not come up: $(tail -n 5 "$ROOT.log")"
		return 1
	}
	judge
}

# A fresh root, as far as the verb needs: a copy of one made before.
make_templates() {
	local verb
	for verb in prepare setup ready; do
		new_root
		[ $verb = prepare ] || agent prepare || return 1
		if [ $verb = ready ]; then
			agent setup || return 1
			start_server
			agent wait server || return 1
		fi
		mv "$ROOT" "$work/$verb"
		mv "$ENGINE" "$work/$verb.engine"
	done
}
root_for() { # VERB
	ROOT=$(mktemp -d "$work/root.XXXXXX")
	ENGINE=$ROOT.engine
	cp -a "$work/$1/." "$ROOT"
	cp -a "$work/$1.engine" "$ENGINE"
	[ "$1" != ready ] || start_server
}

drop_root() {
	rm -rf "$ROOT" "$ROOT".*
}

# VERB, killed at every point there is.
at_each_point() { # VERB LEAST
	local point count bad=0
	root_for "$1"
	keep_points "$1" 1 1 agent "$1" >"$ROOT.log" 2>&1 || { tail -n 5 "$ROOT.log"; return 1; }
	comes_up || return 1
	drop_root
	for point in "$work/$1.points"/*.tar; do
		node_at "$point"
		comes_up || { echo "^ killed at point ${point##*/} of $1"; bad=1; }
		drop_root
	done
	count=$(points_of "$1")
	echo "# $1: $count" >>"$work/points"
	[ "${count%% *}" -ge "$2" ] || { echo "only $count"; return 1; }
	return $bad
}

# Killed at one point, and once more when it is started again.
at_two_points() { # STEP
	local first second n=0 bad=0 count=0
	root_for setup
	keep_points once 3 "$1" agent setup >"$ROOT.log" 2>&1
	drop_root
	for first in "$work"/once.points/*.tar; do
		n=$((n + 1))
		node_at "$first"
		keep_points twice $((1 + n % 5)) "$1" agent setup >"$ROOT.log" 2>&1
		drop_root
		for second in "$work"/twice.points/*.tar; do
			[ -e "$second" ] || break # nothing was left to be done
			node_at "$second"
			comes_up || { echo "^ killed at ${first##*/} and then ${second##*/} of setup"; bad=1; }
			count=$((count + 1))
			drop_root
		done
	done
	echo "# setup: killed twice in $count ways" >>"$work/points"
	[ $count -gt 0 ] && return $bad
}

# post-start, in the container that runs.
ready_at_each_point() {
	local n status bad=0
	for ((n = 1; ; n++)); do
		root_for ready
		killed_at $n ready
		status=$?
		[ $status = 2 ] && return 1
		agent ready >>"$ROOT.log" 2>&1 || return 1
		[ "$(wc -l <"$ROOT/var/lib/stead/data/server/data/server/announced")" = 1 ] || {
			echo "announced not once; killed at point $n"
			bad=1
		}
		judge || bad=1
		drop_root
		[ $status = 1 ] && break
	done
	[ $n -gt 10 ] || { echo "only $n points"; return 1; }
	return $bad
}

# A step after which a process restarts: that is never forgotten, and nothing restarts without a step that ran.
restart_plan() { # [CODE for plan.py]...
	new_plan 's["announce"]["restart"] = ["server"]' "$@"
	sha256sum <"$ROOT/etc/stead/node.json" | cut -d ' ' -f 1 | tee "$ROOT/run/stead/prepare.done" >"$ROOT/run/stead/setup.done"
	rm -f "$ROOT/run/stead/ready.done"
}
restarts() { grep -c '^restart -- stead-server.service$' "$ENGINE/systemctl"; }
restarted_at_each_point() {
	local n status bad=0 announced count
	for ((n = 1; ; n++)); do
		root_for ready
		mkdir -p "$ROOT/etc/containers/systemd"
		echo '[Container]' >"$ROOT/etc/containers/systemd/stead-server.container"
		: >"$ENGINE/systemctl"
		restart_plan
		killed_at $n ready
		status=$?
		[ $status = 2 ] && return 1
		agent ready >>"$ROOT.log" 2>&1 || return 1
		announced=$ROOT/var/lib/stead/data/server/data/server/announced
		[ "$(restarts)" -gt 0 ] && [ "$ENGINE/systemctl" -nt "$announced" ] || {
			echo "no restart after the step; killed at point $n"
			bad=1
		}
		count=$(restarts)
		[ $status = 0 ] || [ "$count" = 1 ] || { echo "$count restarts without a kill"; bad=1; }
		restart_plan
		agent ready >>"$ROOT.log" 2>&1
		restart_plan 's["announce"]["key"] = "2"'
		agent ready >>"$ROOT.log" 2>&1
		[ "$(restarts)" = "$count" ] || { echo "a restart for a step that did not run; point $n"; bad=1; }
		drop_root
		[ $status = 1 ] && break
	done
	[ $n -gt 10 ] || { echo "only $n points"; return 1; }
	return $bad
}

# The judge itself: it must see a node that is wrong.
judge_sees() { # COMMAND...
	root_for ready
	judge || return 1
	"$@"
	! judge
}
break_login() { echo x >"$ROOT/var/lib/stead/state/secrets/owner_password"; }
break_users() { mkdir "$ROOT/var/lib/stead/data/server/data/server/user/bob"; }
break_journal() { sed -i 's/"done"/"begun"/' "$ROOT/var/lib/stead/state/jobs/setup.json"; }
break_temp() { : >"$ROOT/var/lib/stead/state/jobs/.x.stead-new"; }

make_templates >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
tap "the judge sees a login that is not the stored one" judge_sees break_login
tap "the judge sees a second account" judge_sees break_users
tap "the judge sees a step that is not done" judge_sees break_journal
tap "the judge sees a file left over" judge_sees break_temp
tap "prepare, killed at each point" at_each_point prepare 20
tap "setup, killed at each point" at_each_point setup 30
tap "setup, killed at one point and then at another" at_two_points $([ -n "${STEAD_SOAK:-}" ] && echo 3 || echo 11)
tap "ready, killed at each point" ready_at_each_point
tap "a restart after a step, killed at each point" restarted_at_each_point
cat "$work/points"
tap_end
