# For the tests of the agent: a root of its own in a folder, stand-ins for the programs it calls.
#
#     . "$(dirname "$0")/lib.sh"
#     new_root                      # $ROOT, with a plan, a firewall and an image; $ENGINE
#     agent prepare && agent setup
#     tap "name" command...         # one test
#     tap_end

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=${STEAD_TOP:-$here/../..}
agent_program=${STEAD_NODE_FAIL:-$top/build/asan/tests/agent/stead-node-fail}
# In memory: what is synced costs nothing there.
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=$here/bin:$PATH STEAD_PAUSE_DIVIDE=${STEAD_PAUSE_DIVIDE:-100}
tap_number=0 tap_bad=0

# Of one test, which is a subshell.
background='' mounts=()
cleanup() {
	local mount
	[ -z "$background" ] || stop_background
	for mount in "${mounts[@]}"; do
		umount "$mount"
	done
	rm -rf "$work"/root.*
}

if [ ! -x "$agent_program" ]; then
	echo "1..0 # SKIP no $agent_program: make sanitized"
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP the agent needs root"
	exit 0
fi

new_root() { # [CODE for plan.py]...
	ROOT=$(mktemp -d "$work/root.XXXXXX")
	export ROOT ENGINE=$ROOT.engine
	mkdir -p "$ROOT/etc/stead/secrets" "$ROOT/var/lib" "$ROOT/run" \
		"$ENGINE"/{images,running,inspect,units}
	echo 'SECRET_VALUE=hunter2hunter2' >"$ROOT/etc/stead/secrets/server.env"
	: >"$ENGINE/firewall"
	: >"$ENGINE/calls"
	new_plan "$@"
}

new_plan() { # [CODE for plan.py]...
	python3 "$here/plan.py" "$@" >"$ROOT/etc/stead/node.json"
}

agent() {
	"$agent_program" --root "$ROOT" "$@"
}

# The one container runs, as systemd would have started it.
start_server() {
	echo "$ROOT/var/lib/stead/data/server/data:/data" >"$ENGINE/running/stead-server.volumes"
	echo "running 127.0.0.1 " >"$ENGINE/inspect/stead-server"
}

judge() {
	python3 "$here/judge.py" "$ROOT"
}

# --- killed at each point ---

# What a kill leaves is what lies on the disk at that point. One run of the agent is asked to keep
# that at each failpoint, as $work/NAME.points/NUMBER.tar, so that a walk over N points costs one run
# and not N. A point at which nothing lies differently from the one before is kept only there.
keep_points() { # NAME FIRST STEP COMMAND...
	local first=$2 step=$3
	POINTS=$work/$1.points
	shift 3
	rm -rf "$POINTS"
	mkdir "$POINTS"
	export POINTS
	STEAD_AT_POINT="exec $here/keep-point" STEAD_POINT_FIRST=$first STEAD_POINT_STEP=$step "$@"
}
# "54 of 317 points differ"
points_of() { # NAME
	local points=("$work/$1.points"/*.tar) last
	last=${points[-1]##*/}
	echo "${#points[@]} of $((10#${last%.tar})) points differ"
}
# The node as it lies at one of these points is $ROOT.
node_at() { # TAR
	local dir
	dir=$(mktemp -d "$work/root.XXXXXX")
	tar -xf "$1" -C "$dir"
	ROOT=$dir/node ENGINE=$dir/node.engine
}

# A value of the progress file: progress STEP KEY
progress() {
	jq -r --arg name "$1" --arg key "$2" '.steps[] | select(.name == $name)[$key]' \
		"$ROOT/run/stead/progress.json" 2>/dev/null
}

# One test: a subshell, whose roots, mounts and agents in the background end with it.
tap() { # NAME COMMAND...
	local name=$1 output status
	shift
	tap_number=$((tap_number + 1))
	output=$(trap cleanup EXIT; "$@" 2>&1)
	status=$?
	if [ $status = 0 ]; then
		echo "ok $tap_number - $name"
	else
		tap_bad=1
		echo "not ok $tap_number - $name"
		printf '%s\n' "exit $status" "$output" | tail -n 30 | sed 's/^/#   /'
	fi
}

# True when step STEP of the progress file is in STATE, with a note that holds TEXT.
progress_is() { # STEP STATE [TEXT]
	[ "$(progress "$1" state)" = "$2" ] && [[ "$(progress "$1" note)" == *"${3:-}"* ]] && return
	cat "$ROOT/run/stead/progress.json"
	return 1
}

# Starts a verb that may not end by itself; its pid is in $background.
in_background() { # ARG...
	"$agent_program" --root "$ROOT" "$@" >"$ROOT.log" 2>&1 &
	background=$!
}

# Ends what in_background started.
stop_background() {
	kill -KILL "$background"
	wait "$background"
	background=
} 2>/dev/null

# It ends by itself with STATUS.
background_ends() { # STATUS
	local status
	within 30 eval "! kill -0 $background" || { tail "$ROOT.log"; stop_background; return 1; }
	wait "$background"
	status=$?
	background=
	[ $status = "$1" ] || { echo "ended with $status"; tail "$ROOT.log"; return 1; }
}

# Waits for a command to succeed, SECONDS but five minutes at least: a deadline ends what hangs, it does
# not judge how busy the machine is.
within() { # SECONDS COMMAND...
	local end=$((SECONDS + ($1 > 300 ? $1 : 300)))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

tap_end() {
	echo "1..$tap_number"
	exit $tap_bad
}
