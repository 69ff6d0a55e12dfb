#!/usr/bin/env bash
# app, maintenance, stop, start and destroy, with stand-ins for systemd and the engine; on a real
# system they are tested in tests/systemd/daily.sh.
. "$(dirname "$0")/lib.sh"

COMMANDS='p["commands"] = [
	{"name": "server", "process": "server", "run": ["server"], "doc": "its own tool"},
	{"name": "sh", "process": "server", "run": ["sh", "-c"]}]'
UNITS='p["units"] = [{"name": "stead-firewall.service", "state": "enabled"},
	{"name": "stead.target", "state": "enabled"}, {"name": "gone.service", "state": "enabled"}]
p["files"] = [{"path": path, "mode": 0o644, "user": [0, 0], "secret": False} for path in (
	"/etc/containers/systemd/stead-server.container", "/etc/hostname", "/etc/stead/firewall.nft",
	"/etc/stead/node.json", "/etc/stead/secrets/server.env",
	"/etc/systemd/system/stead-app.target", "/etc/systemd/system/stead-data.target",
	"/etc/systemd/system/stead-firewall.service", "/etc/systemd/system/stead-prepare.service",
	"/etc/systemd/system/stead.target")]
p["links"] = [{"path": "/etc/localtime", "target": "../usr/share/zoneinfo/Europe/Berlin"}]'

# A node that was set up and runs, with all its files.
running_node() { # [CODE]...
	local path
	new_root "$COMMANDS" "$UNITS" "$@" && agent prepare && agent setup || return 1
	mkdir -p "$ROOT"/etc/{containers/systemd,systemd/system} "$ROOT/usr/local/bin" "$ENGINE/networks"
	for path in $(python3 -c 'import json, sys
for f in json.load(open(sys.argv[1]))["files"]: print(f["path"])' "$ROOT/etc/stead/node.json"); do
		[ -e "$ROOT$path" ] || echo "of the node" >"$ROOT$path"
	done
	ln -s ../usr/share/zoneinfo/Europe/Berlin "$ROOT/etc/localtime"
	echo agent >"$ROOT/usr/local/bin/stead-node"
	echo other >"$ROOT/usr/local/bin/other"
	echo other >"$ROOT/etc/systemd/system/other.service"
	: >"$ENGINE/networks/stead-int"
	: >"$ENGINE/networks/stead-ext"
	: >"$ENGINE/networks/podman"
	: >"$ENGINE/inspect/somebody-else"
	start_server
	echo active active 0 | tee "$ENGINE"/units/{stead.target,stead-app.target,stead-server.service} >/dev/null
	: >"$ENGINE/calls"
	: >"$ENGINE/systemctl"
}
calls_are() { # LINE...
	[ "$(cat "$ENGINE/systemctl" 2>/dev/null)" = "$(printf '%s\n' "$@")" ] ||
		{ cat "$ENGINE/systemctl"; return 1; }
}

# --- clean ---

CLEAN='p["tools"] = [dict({k: v for k, v in server.items() if k not in ("unit", "group", "health", "stop_s")}, name="tool")]
p["jobs"].append({"name": "tidy", "phase": "clean", "process": "tool", "steps": [
	step("first", "1", run=["server", "fail"]), step("second", "1", run=["server", "announce", DIR])]})'
announced() { wc -l <"$ROOT/var/lib/stead/data/server/data/server/announced"; }
cleans() {
	running_node "$CLEAN"
	agent clean tidy >"$ROOT.log" 2>&1
	[ $? = 1 ] && [ "$(announced)" = 1 ] || { cat "$ROOT.log"; return 1; }
	grep -q 'clean.tidy.first: it exits with 1' "$ROOT.log" && ! grep -q hunter2 "$ROOT.log" || { cat "$ROOT.log"; return 1; }
	[ ! -e "$ROOT/var/lib/stead/state/jobs/tidy.json" ] && grep -q '^run .*--name=stead-job-tidy ' "$ENGINE/calls"
}
cleans_again() {
	running_node "${CLEAN/\"server\", \"fail\"/\"server\", \"ping\", DIR}"
	agent clean tidy && agent clean tidy && [ "$(announced)" = 2 ]
}
ends_a_clean_up() {
	running_node "$CLEAN"
	sleep 100 &
	echo $! >"$ENGINE/running/stead-job-tidy"
	agent clean --end tidy && ! kill -0 $! 2>/dev/null && [ ! -e "$ENGINE/running/stead-job-tidy" ]
}
no_such_clean_up() {
	running_node "$CLEAN"
	agent clean setup
	[ $? = 2 ] || return 1
	agent clean --end
	[ $? = 2 ] || return 1
	agent clean tidy more
	[ $? = 2 ]
}

# --- app ---

app_lists() {
	running_node
	[ "$(agent app)" = "$(printf 'server  its own tool\nsh')" ]
}
app_execs() {
	running_node
	agent app sh 'exit 7'
	[ $? = 7 ] || return 1
	[ "$(echo input | agent app sh 'cat; echo "$0 $1"' 'a b' '*')" = "$(printf 'input\na b *')" ] || return 1
	[ "$(agent app server login /data/server alice "$(cat "$ROOT/var/lib/stead/state/secrets/owner_password")" && echo yes)" = yes ] ||
		return 1
	[ "$(grep -c '^exec .*stead-server ' "$ENGINE/calls")" = 3 ] && ! grep -q '^run ' "$ENGINE/calls"
}
app_alone() {
	running_node
	rm "$ENGINE/inspect/stead-server"
	agent app sh 'exit 7'
	[ $? = 7 ] || return 1
	grep -q '^run .*--name=stead-app-sh-[0-9]* ' "$ENGINE/calls" && [ -z "$(ls "$ENGINE/running" | grep app)" ]
}
app_unknown() {
	running_node
	agent app nothing 2>"$ROOT.log"
	[ $? = 2 ] && grep -q "no command 'nothing'" "$ROOT.log"
}

# --- maintenance ---

maintenance() {
	running_node
	agent maintenance on "disk is $(printf '\033')full" >"$ROOT.log" || return 1
	grep -q '^on since 20..-.*Z: disk is  full$' "$ROOT.log" || return 1
	calls_are 'stop -- stead-app.target' 'stop -- stead-server.service' || return 1
	rm "$ENGINE/units/stead-server.service"
	agent status --json >"$ROOT.json"
	[ $? = 1 ] || return 1
	jq -e '.maintenance and .state == "maintenance" and (.since | startswith("20"))
		and (.waiting_for | contains("disk is  full"))' "$ROOT.json" || { cat "$ROOT.json"; return 1; }
	since=$(jq -r .since "$ROOT/var/lib/stead/state/maintenance" 2>/dev/null)
	agent maintenance on && [ "$(agent maintenance status)" = "on since $since: disk is  full" ] || return 1
	: >"$ENGINE/calls"
	: >"$ENGINE/systemctl"
	[ "$(agent maintenance off)" = off ] && [ ! -e "$ROOT/var/lib/stead/state/maintenance" ] || return 1
	calls_are 'start --no-block stead-app.target' || return 1
	agent status --json | jq -e '.maintenance == false and .state != "maintenance"' && agent maintenance off
}
maintenance_by_hand() {
	running_node
	: >"$ROOT/var/lib/stead/state/maintenance"
	[ "$(agent maintenance status)" = on ] && agent status --json | jq -e .maintenance
}
maintenance_while_stopped() {
	running_node
	agent maintenance on && agent stop || return 1
	: >"$ENGINE/calls"
	: >"$ENGINE/systemctl"
	agent maintenance off && calls_are ''
}
maintenance_too_early() {
	new_root
	agent maintenance on 2>"$ROOT.log"
	[ $? = 1 ] && grep -q 'no data yet' "$ROOT.log" && [ ! -s "$ENGINE/systemctl" ]
}
maintenance_killed() {
	local point
	for point in 1 2 3 4 5 6 7 8 9 10; do
		running_node || return 1
		STEAD_CRASH_AT=$point agent maintenance on why
		[ $? = 137 ] || break
		agent maintenance on && agent maintenance status | grep -q '^on since 20' || return 1
		grep -q '^stop -- stead-app.target' "$ENGINE/systemctl" || return 1
		[ "$(ls -A "$ROOT/var/lib/stead/state" | grep -c maintenance)" = 1 ] || return 1
	done
	[ "$point" -gt 6 ]
}

# --- stop and start ---

stops() {
	running_node
	agent stop || return 1
	calls_are 'disable --quiet -- stead.target' 'stop -- stead.target' \
		'stop -- stead-app.target stead-server.service' || return 1
	agent status --json | jq -e '.state == "stopped" and (.waiting_for | contains("stead-node start"))' || return 1
	[ -e "$ENGINE/firewall" ] && [ -e "$ROOT/var/lib/stead/sentinel.json" ] || return 1
	: >"$ENGINE/calls"
	: >"$ENGINE/systemctl"
	agent stop && calls_are 'disable --quiet -- stead.target' || return 1
	: >"$ENGINE/calls"
	: >"$ENGINE/systemctl"
	agent start && calls_are 'enable --quiet -- stead.target' \
		'start --no-block -- stead.target'
}

# --- destroy ---

# Nothing of the node is there; what is somebody else's is.
destroyed() { # [KEPT]
	local left
	left=$(cd "$ROOT" && find . ! -type d | sort | tr '\n' ' ')
	[ "$left" = "./etc/hostname ./etc/localtime ./etc/systemd/system/other.service ${1:-}./usr/local/bin/other " ] ||
		{ echo "left: $left"; return 1; }
	[ ! -e "$ROOT/etc/stead" ] && [ ! -e "$ROOT/run/stead" ] || return 1
	[ "$(ls "$ENGINE/inspect")" = somebody-else ] && [ "$(ls "$ENGINE/networks")" = podman ] || return 1
	[ -z "$(ls "$ENGINE/images")" ] && [ ! -e "$ENGINE/firewall" ]
}
destroys() {
	running_node
	mkdir -p "$ROOT/var/lib/stead/data/deep"
	(cd "$ROOT/var/lib/stead/data/deep" && for ((i = 0; i < 300; i++)); do mkdir d && : >d/f && cd d || exit; done)
	ln -s "$ROOT/usr" "$ROOT/var/lib/stead/data/link"
	agent destroy --domain example.org >"$ROOT.log" || return 1
	grep -q '^kept /etc/hostname$' "$ROOT.log" && grep -q '^removed container stead-server$' "$ROOT.log" &&
		destroyed && [ ! -e "$ROOT/var/lib/stead" ]
}
destroys_and_keeps() {
	local before
	running_node
	mkdir -p "$ROOT/var/lib/stead/state/apply"
	: >"$ROOT/var/lib/stead/state/apply/current.json"
	before=$(cd "$ROOT" && find ./var/lib/stead ! -type d ! -path '*/apply/*' | sort | tr '\n' ' ')
	agent destroy --keep-data --domain example.org >"$ROOT.log" || return 1
	[ -n "$before" ] && left=$(cd "$ROOT" && find ./var ! -type d | sort | tr '\n' ' ') && [ "$left" = "$before" ] || return 1
	mv "$ROOT/var" "$ROOT.var" && destroyed && rm -r "$ROOT.var"
}
destroy_refused() { # STATUS TEXT ARG...
	local status expected=$1 text=$2
	shift 2
	running_node
	agent destroy "$@" 2>"$ROOT.log"
	status=$?
	cat "$ROOT.log"
	[ $status = "$expected" ] && grep -qF -- "$text" "$ROOT.log" && [ ! -s "$ENGINE/calls" ] &&
		[ ! -s "$ENGINE/systemctl" ] &&
		[ -e "$ROOT/etc/stead/node.json" ]
}
destroy_unknown_plan() {
	running_node
	echo '{"plan":2}' >"$ROOT/etc/stead/node.json"
	agent destroy --domain example.org 2>"$ROOT.log"
	[ $? = 1 ] && grep -q 'cannot be used' "$ROOT.log" && [ -e "$ROOT/var/lib/stead/sentinel.json" ]
}
destroy_foreign_data() {
	running_node
	rm "$ROOT/etc/stead/node.json"
	agent destroy --domain example.org 2>"$ROOT.log"
	[ $? = 1 ] && grep -q 'no plan that says whose' "$ROOT.log"
}
destroy_used_image() {
	running_node
	: >"$ENGINE/image-in-use"
	agent destroy --domain example.org >"$ROOT.log" || return 1
	grep -q '^kept image registry.example/server:1: .*in use' "$ROOT.log" && [ ! -e "$ROOT/var/lib/stead" ]
}
destroy_without_engine() {
	running_node
	mkdir "$ROOT.bin"
	ln -s "$here"/bin/{systemctl,nft} "$(command -v bash)" "$(command -v env)" "$(command -v cat)" \
		"$(command -v rm)" "$(command -v sh)" "$ROOT.bin"
	PATH=$ROOT.bin "$agent_program" --root "$ROOT" destroy --domain example.org >"$ROOT.log" || return 1
	rm "$ENGINE"/{inspect/stead-server,networks/stead-*,images/*}
	destroyed
}
mounted() {
	running_node
	mkdir "$ROOT/var/lib/stead/data/mnt"
	mount -t tmpfs tmpfs "$ROOT/var/lib/stead/data/mnt" || return 1
	mounts+=("$ROOT/var/lib/stead/data/mnt")
	: >"$ROOT/var/lib/stead/data/mnt/file"
	agent destroy --domain example.org 2>"$ROOT.log"
	[ $? = 1 ] && grep -q 'something is mounted' "$ROOT.log" && [ -e "$ROOT/etc/stead/node.json" ] &&
		[ -e "$ROOT/var/lib/stead/data/mnt/file" ] || return 1
	umount "$ROOT/var/lib/stead/data/mnt" && mounts=() && agent destroy --domain example.org && destroyed
}
disk_of_its_own() {
	new_root
	mkdir "$ROOT/var/lib/stead"
	mount -t tmpfs -o mode=0700 tmpfs "$ROOT/var/lib/stead" || return 1
	mounts+=("$ROOT/var/lib/stead")
	agent prepare && agent setup && agent destroy --domain example.org >"$ROOT.log" || return 1
	grep -q 'kept /var/lib/stead, which is a mount point' "$ROOT.log" &&
		[ -z "$(ls -A "$ROOT/var/lib/stead")" ] && [ ! -e "$ROOT/etc/stead" ]
}
# Killed at each of its points, then run again: the same in the end.
destroy_killed() {
	local point template
	running_node || return 1
	template=$ROOT
	for ((point = 1; ; point++)); do
		ROOT=$template.copy ENGINE=$template.copy.engine
		rm -rf "$ROOT" "$ENGINE"
		cp -a "$template" "$ROOT" && cp -a "$template.engine" "$ENGINE" || return 1
		STEAD_CRASH_AT=$point agent destroy --domain example.org >"$ROOT.log" 2>&1
		[ $? = 137 ] || break
		agent destroy --domain example.org >>"$ROOT.log" 2>&1 && destroyed ||
			{ echo "point $point"; cat "$ROOT.log"; return 1; }
	done
	destroyed && [ "$point" -gt 20 ] || { echo "$point points"; return 1; }
}

tap "clean: each step is tried, and none is journaled" cleans
tap "clean: again and again" cleans_again
tap "clean: what was left at work is ended" ends_a_clean_up
tap "clean: no such job" no_such_clean_up
tap "app: lists what there is" app_lists
tap "app: in the running container, with stdin, arguments and exit status" app_execs
tap "app: in a container of its own when the process does not run" app_alone
tap "app: an unknown name" app_unknown
tap "maintenance: on, in status, on again, off, off again" maintenance
tap "maintenance: a flag made by hand" maintenance_by_hand
tap "maintenance: off starts nothing on a stopped node" maintenance_while_stopped
tap "maintenance: not before there is data" maintenance_too_early
tap "maintenance: killed at each point, and again" maintenance_killed
tap "stop and start, twice" stops
tap "destroy: nothing stays but what is the machine's" destroys
tap "destroy: --keep-data" destroys_and_keeps
tap "destroy: not another domain" destroy_refused 1 "this node is example.org, not example.com" \
	--domain example.com
tap "destroy: not without a domain" destroy_refused 1 "--domain NAME says" --keep-data
tap "destroy: no other words" destroy_refused 2 "usage:" --domain example.org --all
tap "destroy: not by a plan that cannot be read" destroy_unknown_plan
tap "destroy: no data without a plan" destroy_foreign_data
tap "destroy: an image that others use stays" destroy_used_image
tap "destroy: an engine that is gone is in nobody's way" destroy_without_engine
if mkdir "$work/probe" && mount -t tmpfs tmpfs "$work/probe" 2>/dev/null; then
	umount "$work/probe"
	tap "destroy: something is mounted in the data" mounted
	tap "destroy: a disk of its own is emptied" disk_of_its_own
else
	tap "destroy: mounts # SKIP nothing can be mounted here" true
fi
tap "destroy: killed at each point, and again" destroy_killed
tap_end
