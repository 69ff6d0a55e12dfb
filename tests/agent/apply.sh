#!/usr/bin/env bash
# receive and apply: what changes, what restarts, what is refused, and how a change ends.
. "$(dirname "$0")/apply-lib.sh"

# --- without a kill ---

each_kind() {
	local kind
	for kind in "${!kinds[@]}"; do
		make_change "$kind" "${kinds[$kind]}" || { echo "^ $kind"; return 1; }
		node_from "$kind"
		apply_run "$kind" "$(id old)" && is_whole old "$kind" && [ $outcome = new ] &&
			[ "$(last result)" = applied ] && agent status >/dev/null ||
			{ echo "^ $kind"; tail "$ROOT.log"; return 1; }
		receive old >/dev/null && apply_run old "$(id "$kind")" || return 1
		picture | diff "$work/old.picture" - || { echo "^ $kind and back"; return 1; }
		drop_root
	done
}

same_again() {
	local answer
	node_from old
	answer=$(receive old) || return 1
	[ "$(answer '[a["same"], a["changes"], a["restarts"], a["first"]]' <<<"$answer")" = \
		"[True, [], [], False]" ] || { echo "$answer"; return 1; }
	: >"$ENGINE/systemctl"
	apply_run old "$(id old)" && is_whole old old || return 1
	[ "$(cat "$ENGINE/systemctl")" = "start --no-block -- stead.target" ]
}

# The answer, and what restarts.
restarts() { # NAME EXPECTED-ANSWER EXPECTED-RESTART
	local got
	node_from old
	: >"$ENGINE/systemctl"
	got=$(receive "$1" | answer 'a["restarts"], a["stops"], a["networks"], a["images"], [(p["name"], p["what"]) for p in a["processes"]]') || return 1
	[ "$got" = "$2" ] || { echo "answer: $got"; return 1; }
	apply_run "$1" "$(id old)" || return 1
	got=$(grep '^restart --no-block' "$ENGINE/systemctl")
	[ "$got" = "restart --no-block -- stead-prepare.service stead-setup.service stead-ready.service$3" ] ||
		{ echo "$got"; return 1; }
}

network_is_made_again() {
	restarts network "(['stead-server.service', 'stead-aux.service'], [], ['stead-ext'], [], [('server', 'changed'), ('aux', 'changed')])" \
		" stead-server.service stead-aux.service" || return 1
	grep -q '^network rm stead-ext$' "$ENGINE/calls" || return 1
	grep -q '^stop -- stead-server.service stead-aux.service$' "$ENGINE/systemctl" &&
		grep -q '^restart -- stead-ext-network.service$' "$ENGINE/systemctl"
}

removed_process() {
	restarts process "([], ['stead-aux.service'], [], [], [('third', 'added'), ('aux', 'removed')])" '' ||
		return 1
	grep -q '^rm .*stead-aux$' "$ENGINE/calls" && ! grep -q '^rm .*stead-server' "$ENGINE/calls"
}

shows_text() {
	local got
	node_from old
	got=$(receive secret) || return 1
	! grep -q -e hunter2 -e 'correct horse' <<<"$got" || return 1
	[ "$(answer 'a["changes"]' <<<"$got")" = "[{'path': '/etc/stead/secrets/server.env', 'what': 'changed', 'secret': True, 'old': None, 'new': None}]" ] ||
		{ echo "$got"; return 1; }
	got=$(receive changed | answer 'a["changes"]')
	[ "$got" = "[{'path': '$CONF', 'what': 'changed', 'secret': False, 'old': 'a: 1\n', 'new': 'a: 2\n'}]" ] ||
		{ echo "$got"; return 1; }
}

by_hand() {
	node_from old
	echo mine >"$ROOT$CONF"
	[ "$(receive old | answer '[c["path"] for c in a["changes"]]')" = "['$CONF']" ] || return 1
	apply_run old "$(id old)" && is_whole old old
}

# --- refused ---

refuses() { # TEXT COMMAND...: an error of this text, and nothing is changed
	local text=$1 got status
	shift
	picture >"$ROOT.before"
	got=$("$@" 2>>"$ROOT.log")
	status=$?
	[ $status = 1 ] || { echo "exit status $status: $got"; return 1; }
	[[ "$(answer 'a["error"]' <<<"$got")" == *"$text"* ]] || { echo "$got"; return 1; }
	picture | diff "$ROOT.before" -
}

foreign_file() {
	empty_node
	mkdir -p "$ROOT/etc/systemd/system"
	echo mine >"$ROOT/etc/systemd/system/stead.target"
	refuses "/etc/systemd/system/stead.target is there already" receive old
}
link_in_the_way() {
	node_from old
	mv "$ROOT/etc/stead/config" "$ROOT/elsewhere"
	ln -s ../../elsewhere "$ROOT/etc/stead/config"
	refuses "/etc/stead/config is there already" receive changed
}
other_domain() {
	bundle other-domain 'p["domain"] = p["web"] = "example.net"' && node_from old
	refuses "this machine is the node of example.org, not of example.net" receive other-domain
}
other_lineage() {
	bundle other-lineage 'p["lineage"] = "f" * 32' && node_from old
	refuses "this machine is another node of example.org (lineage 0011" receive other-lineage || return 1
	empty_node
	mkdir -m 0700 -p "$ROOT/var/lib/stead/data"
	refuses "holds data, but no sentinel.json" receive old || return 1
	echo '{"v":1,"domain":"example.org","lineage":"abc"}' >"$ROOT/var/lib/stead/sentinel.json"
	refuses "belongs to another node of example.org" receive old
}
bad_bundles() {
	node_from old
	head -c 500 "$work/changed.bundle" >"$work/cut.bundle"
	refuses "what was sent cannot be used" receive cut || return 1
	sed 's/a: 2/a: 3/' "$work/changed.bundle" >"$work/cut.bundle"
	refuses "what was sent cannot be used" receive cut || return 1
	echo '{' >"$ROOT/etc/stead/node.json"
	refuses "the plan /etc/stead/node.json cannot be used" receive old
}
stale_base() {
	node_from changed
	refuses "has changed since" agent apply "$(id changed)" --base "$(id changed)" || return 1
	refuses "no bundle" agent apply "$(id old)" --base "$(id old)" || return 1
	apply_run changed "$(id changed)"
	[ $? = 1 ] && [ "$(agent status --json | answer 'a["apply"]["state"]')" = refused ] || return 1
	picture | diff "$work/old.picture" -
}
usage() {
	node_from changed
	local args
	for args in "x --base" "$(id changed)" "$(id changed) --base ../x" "../../x --base x" \
		"$(id changed) --base x --deadline 0"; do
		# shellcheck disable=SC2086 # words
		agent apply $args >/dev/null 2>&1
		[ $? = 2 ] || { echo "apply $args"; return 1; }
	done
	picture | diff "$work/old.picture" -
}

# /etc on a small file system of its own.
full_disk() {
	node_from all
	mkdir -p "$ROOT.etc"
	mount -t tmpfs -o size=256k,mode=0755 tmpfs "$ROOT.etc" || return 1
	mounts+=("$ROOT.etc")
	cp -a "$ROOT/etc/." "$ROOT.etc"
	mount --bind "$ROOT.etc" "$ROOT/etc" || return 1
	mounts=("$ROOT/etc" "${mounts[@]}")
	head -c 1M /dev/zero >"$ROOT/etc/filler" 2>/dev/null
	picture >"$ROOT.before"
	apply_run all "$(id old)"
	[ $? = 1 ] && grep -q "No space left on device" "$ROOT.log" || { tail "$ROOT.log"; return 1; }
	picture | diff "$ROOT.before" - || return 1
	[ "$(agent status --json | answer 'a["apply"]["state"]')" = refused ] || return 1
	rm "$ROOT/etc/filler"
	apply_run all "$(id old)" && is_whole old all
}
read_only() {
	node_from all
	mount --bind "$ROOT/etc" "$ROOT/etc" || return 1
	mounts+=("$ROOT/etc")
	mount -o remount,bind,ro "$ROOT/etc" || return 1
	apply_run all "$(id old)"
	[ $? = 1 ] && grep -q "Read-only file system" "$ROOT.log" || { tail "$ROOT.log"; return 1; }
	mount -o remount,bind,rw "$ROOT/etc"
	is_whole old all && [ "$outcome" = old ] || return 1
	apply_run all "$(id old)" && is_whole old all && [ "$outcome" = new ]
}
full_state() {
	empty_node
	mkdir -m 0700 "$ROOT/var/lib/stead"
	mount -t tmpfs -o size=64k,mode=0700 tmpfs "$ROOT/var/lib/stead" || return 1
	mounts+=("$ROOT/var/lib/stead")
	head -c 1M /dev/zero >"$ROOT/var/lib/stead/filler" 2>/dev/null
	refuses "No space left on device" receive old
}

two_at_once() {
	local status=0
	node_from image
	mkfifo "$ENGINE/pull-gate"
	in_background apply --run "$(id image)" --base "$(id old)" --from alice@home
	within 10 eval "agent status --json | grep -q '\"pulling\"'" || return 1
	refuses ", from alice@home" receive changed || status=1
	refuses "another change is under way since 2" agent apply "$(id image)" --base "$(id old)" || status=1
	echo go >"$ENGINE/pull-gate"
	background_ends 0 && [ $status = 0 ] && is_whole old image && [ "$outcome" = new ]
}
# Who compares at the same moment holds the lock for an instant: a change that has begun waits for that.
compared_meanwhile() {
	node_from changed
	mkdir -p "$ROOT/run/stead"
	exec 9>"$ROOT/run/stead/apply.lock"
	flock 9 || return 1
	in_background apply --run "$(id changed)" --base "$(id old)" 9>&-
	within 10 grep -q "waiting for another stead-node" "$ROOT.log" || { cat "$ROOT.log"; return 1; }
	exec 9>&-
	background_ends 0 && is_whole old changed && [ "$outcome" = new ]
}
# What a change that was cut short laid beside its files goes, too, and what only its plan knows.
destroyed_in_between() {
	local point left seen=
	for point in 30 35 40 45 50 55 60 65; do
		node_from process
		STEAD_CRASH_AT=$point agent apply --run "$(id process)" --base "$(id old)" >/dev/null 2>&1
		seen+=" $(sed -n 's/^ "state": "\(.*\)",$/\1/p' "$ROOT/$STATE/journal.json" 2>/dev/null)"
		agent destroy --domain example.org >"$ROOT.log" 2>&1 || { cat "$ROOT.log"; return 1; }
		left=$(find "$ROOT/etc" "$ROOT/var" -name '*stead*')
		[ -z "$left" ] || { echo "point $point: $left"; return 1; }
		drop_root
	done
	[[ $seen = *staging*switching* ]] || { echo "cut short in:$seen"; return 1; }
}
unit_is_there() {
	node_from changed
	: >"$ENGINE/unit-exists"
	refuses "another change is under way" agent apply "$(id changed)" --base "$(id old)"
}
no_image() {
	node_from image
	echo 9 >"$ENGINE/pull-failures"
	apply_run image "$(id old)"
	[ $? = 1 ] && [ "$(cat "$ENGINE/pull-failures")" = 6 ] && is_whole old image && [ "$outcome" = old ] &&
		agent status --json | answer 'a["apply"]["why"]' | grep -q "connection refused"
}

# --- health ---

returned() {
	node_from sick
	echo "neither hunter2hunter2 nor correct horse is right" >"$ENGINE/words"
	apply_run sick "$(id old)"
	[ $? = 1 ] && is_whole old sick && [ "$outcome" = old ] && [ "$(last result)" = returned ] || return 1
	[[ "$(last why)" == *"server ended 7 times"*"server said last: neither *** nor *** is right" ]] ||
		{ last why; return 1; }
	! grep -rqe hunter2 -e 'correct horse' "$ROOT.log" "$ROOT/run" || return 1
	[ "$(agent status --json | answer 'a["state"], a["apply"]["state"]')" = "('ready', 'returned')" ]
}
too_slow() {
	node_from old
	bundle slow 'files[SERVER][0] += "# sick\n"' && receive slow >/dev/null || return 1
	mkdir "$ROOT.bin"
	sed 's/auto-restart 0 7/auto-restart 0 0/' "$here/bin/systemctl" >"$ROOT.bin/systemctl"
	chmod +x "$ROOT.bin/systemctl"
	PATH=$ROOT.bin:$PATH apply_run slow "$(id old)" --deadline 20
	[ $? = 1 ] && [ "$(last result)" = returned ] && [[ "$(last why)" == "not ready in time"* ]] &&
		picture | diff "$work/old.picture" -
}
kept() {
	empty_node
	bundle first-sick "$sick" && receive first-sick >/dev/null || return 1
	apply_run first-sick ''
	[ $? = 1 ] && [ "$(last result)" = kept ] && [ "$(current)" = "$(id first-sick)" ] || return 1
	[[ "$(last why)" == *"server ended 7 times"* ]] || { last why; return 1; }
	receive old >/dev/null && apply_run old "$(id first-sick)" || { tail "$ROOT.log"; return 1; }
	[ "$(last result)" = applied ] && picture | diff "$work/old.picture" -
}
no_wait() {
	node_from sick
	apply_run sick "$(id old)" --no-wait && [ "$(last result)" = applied ] && [ "$(current)" = "$(id sick)" ]
}
command_fails() { # VERB TEXT
	node_from "$3"
	: >"$ENGINE/fail-$1"
	apply_run "$3" "$(id old)"
	[ $? = 1 ] && [ "$(last result)" = returned ] && [[ "$(last why)" == *"systemctl $1"* ]] || return 1
	(cd "$ROOT/etc" && find . -printf '%p %y %m %U:%G %l\n' | sort) | diff - <(grep '^\.' "$work/old.picture")
}
maintenance() {
	node_from changed
	: >"$ROOT/var/lib/stead/state/maintenance"
	for unit in stead-server stead-aux stead-ready; do systemctl stop "$unit.service"; done
	: >"$ENGINE/systemctl"
	apply_run changed "$(id old)" || { tail "$ROOT.log"; return 1; }
	! grep -E '^(re)?start.*(server|aux|ready)' "$ENGINE/systemctl" && [ "$(last result)" = applied ]
}

make_old >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
tap "each kind of change, and back" each_kind
for kind in "${!kinds[@]}"; do make_change "$kind" "${kinds[$kind]}"; done >"$work/log" 2>&1
{ make_change all "${everything[@]}" && make_change sick "${everything[@]}" "$sick"; } >"$work/log" 2>&1 ||
	cat "$work/log"
tap "the same again" same_again
tap "a changed file restarts what reads it" restarts changed \
	"(['stead-server.service'], [], [], [], [('server', 'changed')])" " stead-server.service"
tap "another image" restarts image \
	"(['stead-server.service'], [], [], ['registry.example/server:2'], [('server', 'changed')])" " stead-server.service"
tap "a changed network is made again" network_is_made_again
tap "one process goes, another comes" removed_process
tap "old and new text is shown, never a secret" shows_text
tap "a file changed by hand" by_hand
tap "somebody else's file" foreign_file
tap "a link in the way" link_in_the_way
tap "another domain" other_domain
tap "another lineage, and data of others" other_lineage
tap "bundles and plans that cannot be used" bad_bundles
tap "compared with another state of the node" stale_base
tap "usage" usage
tap "full disk" full_disk
tap "full disk of the state" full_state
tap "read-only file system" read_only
tap "two at once" two_at_once
tap "compared at the same moment" compared_meanwhile
tap "destroyed after it was cut short" destroyed_in_between
tap "its unit runs already" unit_is_there
tap "an image that is not there" no_image
tap "returned when a process ends again and again" returned
tap "returned when the time is over" too_slow
tap "returned when systemd refuses" command_fails daemon-reload "" changed
tap "kept when nothing was ready before" kept
tap "without waiting" no_wait
tap "in maintenance" maintenance
tap_end
