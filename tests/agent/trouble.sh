#!/usr/bin/env bash
# What goes wrong on a machine, and what the agent makes of it: it says why, leaves alone what is not
# its own, and goes on by itself when the trouble is over.
. "$(dirname "$0")/lib.sh"

DATA=var/lib/stead/data/server/data
STEP=setup.setup

prepared() {
	new_root "$@" && agent prepare
}
set_up() {
	prepared && agent setup
}
# How often the stand-in ran a command of the job.
runs_of() { # TEXT
	grep -c "^run .*$1" "$ENGINE/calls"
}

refuses() { # STATUS STEP TEXT COMMAND...
	local status expected=$1 step=$2 text=$3
	shift 3
	"$@"
	status=$?
	[ $status = "$expected" ] || { echo "exit status $status"; return 1; }
	[ -z "$step" ] || progress_is "$step" failed "$text"
}

no_firewall() {
	new_root
	rm "$ENGINE/firewall"
	refuses 1 prepare.firewall "no table inet stead" agent prepare || return 1
	[ ! -e "$ROOT/var/lib/stead" ] && [ ! -s "$ENGINE/calls" ]
}

no_engine() {
	new_root
	mkdir "$ROOT.bin"
	cp "$here/bin/nft" "$ROOT.bin"
	PATH=$ROOT.bin in_background prepare
	within 10 progress_is prepare.image:registry.example/server:1 waiting \
		"podman cannot be run: No such file" || return 1
	[ ! -e "$ROOT/run/stead/prepare.done" ] || return 1
	ln -s "$here/bin/podman" "$ROOT.bin/podman"
	ln -s "$(command -v bash)" "$(command -v cat)" "$(command -v env)" "$ROOT.bin"
	background_ends 0
}

pull_fails() {
	new_root
	echo 3 >"$ENGINE/pull-failures"
	agent prepare || return 1
	[ "$(grep -c ^pull "$ENGINE/calls")" = 4 ] || return 1
	[ "$(progress prepare.image:registry.example/server:1 attempt)" = 4 ] || return 1
	agent prepare && [ "$(grep -c ^pull "$ENGINE/calls")" = 4 ]
}

# A small file system of its own below /var/lib/stead.
small_disk() {
	mkdir "$ROOT/var/lib/stead"
	mount -t tmpfs -o size=128k,mode=0700 tmpfs "$ROOT/var/lib/stead" || return 1
	mounts+=("$ROOT/var/lib/stead")
}

full_disk() {
	new_root
	small_disk && agent prepare || return 1
	head -c 1M /dev/zero >"$ROOT/var/lib/stead/filler" 2>/dev/null
	in_background setup
	within 10 progress_is $STEP.init failed "No space left on device" || return 1
	[ "$(runs_of 'server init')" = 0 ] || { echo "a step ran that could not be recorded"; return 1; }
	rm "$ROOT/var/lib/stead/filler"
	background_ends 0 && judge
}

read_only() {
	new_root
	small_disk && agent prepare || return 1
	mount -o remount,ro "$ROOT/var/lib/stead" || return 1
	in_background setup
	within 10 progress_is $STEP.init failed "Read-only file system" || return 1
	mount -o remount,rw "$ROOT/var/lib/stead"
	background_ends 0 && judge
}

full_disk_at_prepare() {
	new_root
	small_disk || return 1
	head -c 1M /dev/zero >"$ROOT/var/lib/stead/filler" 2>/dev/null
	refuses 1 prepare.directories "No space left on device" agent prepare || return 1
	rm "$ROOT/var/lib/stead/filler"
	agent prepare && agent setup && judge
}

bad_journal() { # CONTENT
	set_up || return 1
	printf '%s' "$1" >"$ROOT/var/lib/stead/state/jobs/setup.json"
	agent setup && judge || return 1
	[ "$(cat "$ROOT/var/lib/stead/state/jobs/setup.json.bad")" = "$1" ] || return 1
	[ "$(runs_of 'server init')" = 1 ] && [ "$(runs_of 'server adduser')" = 1 ]
}

lost_login() {
	set_up || return 1
	rm "$ROOT/var/lib/stead/state/secrets/owner_password"
	agent setup && judge && [ "$(runs_of 'server resetpwd')" = 1 ]
}

lost_login_without_repair() {
	prepared 'del s["owner"]["repair"]' && agent setup || return 1
	rm "$ROOT/var/lib/stead/state/secrets/owner_password"
	in_background setup
	within 10 progress_is $STEP.owner failed "nothing repairs that"
}

wrong_sentinel() { # CONTENT TEXT
	prepared || return 1
	printf '%s' "$1" >"$ROOT/var/lib/stead/sentinel.json"
	rm -r "$ROOT/$DATA"
	refuses 1 prepare.directories "$2" agent prepare || return 1
	[ "$(cat "$ROOT/var/lib/stead/sentinel.json")" = "$1" ] && [ ! -e "$ROOT/$DATA" ]
}

no_sentinel() {
	prepared || return 1
	rm "$ROOT/var/lib/stead/sentinel.json"
	refuses 1 prepare.directories "no sentinel.json says whose" agent prepare &&
		[ ! -e "$ROOT/var/lib/stead/sentinel.json" ]
}

other_secret() {
	prepared 'p["permanent"] = {"key": "aa"}' && agent setup || return 1
	new_plan 'p["permanent"] = {"key": "bb"}'
	refuses 1 prepare.directories "the secret 'key' is not the one that the data here was made with" \
		agent prepare || return 1
	new_plan && agent prepare || return 1
	new_plan 'p["permanent"] = {"key": "aa", "later": "cc"}'
	agent prepare || return 1
	[ "$(jq -c .permanent "$ROOT/var/lib/stead/sentinel.json")" = '{"key":"aa","later":"cc"}' ]
}

GUARD='setup.insert(0, step("guard", "1", guard="the data is of another kind",
	done={"kind": "exec", "exec": ["cat", "/data/server.kind"], "expect": "right"}))'
guarded() {
	prepared "$GUARD" || return 1
	echo wrong >"$ROOT/var/lib/stead/data/server/data/server.kind"
	in_background setup
	within 10 progress_is $STEP.guard failed "the data is of another kind" || return 1
	[ "$(runs_of 'server init')" = 0 ] || { echo "it went on"; return 1; }
	echo ' right ' >"$ROOT/var/lib/stead/data/server/data/server.kind"
	background_ends 0 && [ "$(runs_of 'server init')" = 1 ] || return 1
	echo wrong >"$ROOT/var/lib/stead/data/server/data/server.kind"
	in_background setup
	within 10 progress_is $STEP.guard failed "the data is of another kind"
}

# A tool reads what a program of the step's own prints, and says that it is done already.
TOOL='p["tools"] = [{key: server[key] for key in ("name", "image", "user", "writable_root", "mounts")}]
p["tools"][0]["name"] = "tool"
s["key"]["done"] = {"kind": "exec", "process": "tool", "stdin_from": ["echo", "12"], "exec": ["tr", "1", "2"]}'
asked_elsewhere() {
	prepared "$TOOL; s['key']['done']['expect'] = '22'" && agent setup || return 1
	[ "$(runs_of 'server key')" = 0 ] || { echo "it was done already"; return 1; }
	prepared "$TOOL; s['key']['done'].update(exec=['false'], expect='22')" || return 1
	in_background setup
	within 10 progress_is $STEP.key failed "its done test exits with 1" || return 1
	[ "$(runs_of 'server key')" = 0 ] || { echo "nobody knew whether it is done"; return 1; }
}

migrated() {
	prepared 'p["jobs"][0]["phase"] = "migrate"' && start_server && agent setup || return 1
	[ "$(runs_of 'server init')" = 1 ] && grep -q '^stop .*stead-server.service' "$ENGINE/systemctl" ||
		{ cat "$ENGINE/systemctl"; return 1; }
	rm "$ENGINE/systemctl"
	start_server && agent setup || return 1
	! grep -q . "$ENGINE/systemctl" || { echo "stopped again"; return 1; }
}

bad_plan() { # CONTENT TEXT
	new_root
	printf '%s' "$1" >"$ROOT/etc/stead/node.json"
	refuses 3 '' '' agent prepare 2>"$ROOT.log" || return 1
	grep -qF -- "$2" "$ROOT.log" && [ ! -e "$ROOT/var/lib/stead" ] && [ ! -e "$ROOT/run/stead" ]
}

# The file's place is taken by what MAKE puts there; the settings change, so the merge wants to write.
planted() { # TEXT MAKE...
	local text=$1
	shift
	set_up || return 1
	echo '{"precious":1}' >"$ROOT/target"
	mkdir "$ROOT/elsewhere"
	cp "$ROOT/target" "$ROOT/elsewhere/server.json"
	"$@" || return 1
	new_plan 's["configure"]["key"] = "2"' \
		's["configure"]["merge"]["values"]["title"] = "Other"'
	agent prepare || return 1
	in_background setup
	within 10 progress_is $STEP.configure failed "$text" || return 1
	[ "$(cat "$ROOT/target" "$ROOT/elsewhere/server.json")" = \
		"$(printf '{"precious":1}\n{"precious":1}')" ]
}
plant_link() { ln -sfn "$ROOT/target" "$ROOT/$DATA/server/server.json"; }
plant_relative_link() { ln -sfn ../../../../../../../target "$ROOT/$DATA/server/server.json"; }
plant_dir_link() {
	mv "$ROOT/$DATA/server" "$ROOT/$DATA/old" && ln -s "$ROOT/elsewhere" "$ROOT/$DATA/server"
}
plant_fifo() { rm "$ROOT/$DATA/server/server.json" && mkfifo "$ROOT/$DATA/server/server.json"; }
plant_garbage() { echo '{"host":' >"$ROOT/$DATA/server/server.json"; }

# A link under the name of the temporary file: it is removed, not followed.
planted_temp() {
	prepared || return 1
	mkdir "$ROOT/$DATA/server"
	echo precious >"$ROOT/target"
	rmdir "$ROOT/$DATA/server"
	STEAD_CRASH_AT=30 agent setup
	mkdir -p "$ROOT/$DATA/server"
	ln -s "$ROOT/target" "$ROOT/$DATA/server/.server.json.stead-new"
	[ -e "$ROOT/$DATA/server/server.json" ] || return 1
	agent setup && judge && [ "$(cat "$ROOT/target")" = precious ]
}

# A new image or a new wording makes steps stale; what exists is never made again.
stale_steps() {
	set_up || return 1
	new_plan 'for one in setup: one["key"] = "2"' \
		's["configure"]["merge"]["values"]["dbglevel"] = 3'
	agent prepare && agent setup || return 1
	[ "$(runs_of 'server init')" = 1 ] && [ "$(runs_of 'server adduser')" = 1 ] || return 1
	[ "$(runs_of 'server resetpwd')" = 0 ] && [ "$(runs_of 'server key')" = 2 ] || return 1
	grep -q '"dbglevel": 3' "$ROOT/$DATA/server/server.json" || return 1
	[ "$(grep -c '"key": "2"' "$ROOT/var/lib/stead/state/jobs/setup.json")" = 4 ]
}

nothing_to_do() {
	set_up || return 1
	: >"$ENGINE/calls"
	agent setup && [ ! -s "$ENGINE/calls" ]
}

masked() {
	prepared 's["key"]["run"] = ["server", "fail"]' || return 1
	in_background setup
	within 10 progress_is $STEP.key failed "postgres://user:***@db/x" || return 1
	! grep -rn hunter2 "$ROOT/run" "$ROOT/var" "$ROOT.log"
}

# The secret lies where a long line is cut.
masked_when_cut() {
	prepared 's["key"]["run"] = ["sh", "-c", "printf %0192d 0 >&2; echo $SECRET_VALUE >&2; exit 1"]' || return 1
	in_background setup
	within 10 progress_is $STEP.key failed "000***" || return 1
	! grep -rn hunter "$ROOT/run" "$ROOT/var" "$ROOT.log"
}

no_captured_output() {
	prepared 's["owner"]["run"] = ["sh", "-c", "echo The password is topsecret1; exit 1"]' || return 1
	in_background setup
	within 10 progress_is $STEP.owner failed "it exits with 1" || return 1
	! grep -rn topsecret1 "$ROOT/run" "$ROOT/var" "$ROOT.log"
}

no_capture_fits() {
	prepared 's["owner"]["run"] = ["sh", "-c", "server adduser /data/server alice >/dev/null"]' \
		'del s["owner"]["repair"]' || return 1
	in_background setup
	within 10 grep -q "nothing that fits its pattern" "$ROOT.log" || return 1
	[ ! -e "$ROOT/var/lib/stead/state/secrets/owner_password" ]
}

done_test_fails() {
	prepared 's["init"]["run"] = ["true"]' || return 1
	in_background setup
	within 10 progress_is $STEP.init failed "its done test still fails"
}

# "Already there" is fine by the exit rules; then only the repair can tell the password.
exit_rules() {
	prepared 's["owner"]["exits"] = {"1": "ok"}' || return 1
	STEAD_CRASH_AT=1 agent setup
	agent setup && judge || return 1
	rm "$ROOT/$DATA/server/user/alice/user.json" "$ROOT/var/lib/stead/state/jobs/setup.json"
	agent setup && judge && [ "$(runs_of 'server adduser')" = 2 ]
}

exit_retry() {
	prepared 's["key"]["run"] = ["sh", "-c", "test -e /data/go || exit 75"]' \
		's["key"]["exits"] = {"75": "retry"}' || return 1
	in_background setup
	within 10 progress_is $STEP.key waiting "it exits with 75" || return 1
	: >"$ROOT/$DATA/go"
	background_ends 0
}

deadline() {
	prepared 's["key"]["run"] = ["sleep", "60"]' 's["key"]["deadline_s"] = 1' || return 1
	in_background setup
	within 20 progress_is $STEP.key failed "took longer than 1 s" || return 1
	grep -q '^rm --force --ignore --time=0 stead-job-setup' "$ENGINE/calls"
}

# The agent is killed while its container works on: the next one must not start beside it.
left_over() {
	prepared || return 1
	SLOW_INIT=20 in_background setup
	within 10 test -e "$ENGINE/running/stead-job-setup" || return 1
	stop_background
	agent setup && judge && grep -q '^rm ' "$ENGINE/calls"
}

two_at_once() {
	prepared || return 1
	SLOW_INIT=5 in_background setup
	within 10 test -e "$ENGINE/running/stead-job-setup" || return 1
	agent setup 2>"$ROOT.log2" || return 1
	background_ends 0 && judge || return 1
	grep -q 'waiting for another stead-node' "$ROOT.log2" && [ "$(runs_of 'server init')" = 1 ]
}

owners() {
	set_up || return 1
	chown 0:0 "$ROOT/$DATA" "$ROOT/$DATA/server/made"
	chmod 0755 "$ROOT/$DATA"
	agent prepare && judge && [ "$(stat -c %u "$ROOT/$DATA/server/made")" = 0 ]
}

linked_volume() {
	prepared || return 1
	rmdir "$ROOT/$DATA"
	mkdir "$ROOT/elsewhere"
	ln -s "$ROOT/elsewhere" "$ROOT/$DATA"
	refuses 1 prepare.directories "symbolic link" agent prepare &&
		[ "$(stat -c %u "$ROOT/elsewhere")" = 0 ]
}

tap "without the firewall nothing is made" no_firewall
tap "without the engine it waits, then goes on" no_engine
tap "a pull that fails three times is tried again" pull_fails
if mkdir "$work/probe" && mount -t tmpfs tmpfs "$work/probe" 2>/dev/null; then
	umount "$work/probe"
	tap "a full disk: no step runs unrecorded, and it goes on" full_disk
	tap "a read-only disk: it goes on when it can be written" read_only
	tap "a full disk at prepare" full_disk_at_prepare
else
	tap "a full disk, a read-only disk # SKIP nothing can be mounted here" true
fi
tap "an empty journal" bad_journal ''
tap "a journal of garbage" bad_journal 'x{}'
tap "a journal cut short" bad_journal '{"v":1,"job":"setup","steps":[{"id":"init"'
tap "a journal of a newer version" bad_journal '{"v":2,"job":"setup","steps":[]}'
tap "a journal of another job" bad_journal '{"v":1,"job":"other","steps":[]}'
tap "a journal with a state nobody knows" bad_journal \
	'{"v":1,"job":"setup","steps":[{"id":"init","key":"1","state":"maybe","attempt":1}]}'
tap "a lost login is made anew" lost_login
tap "a lost login that nothing repairs is said" lost_login_without_repair
tap "data of another domain" wrong_sentinel \
	'{"v":1,"domain":"other.example","lineage":"00112233445566778899aabbccddeeff"}' \
	"belongs to other.example, not to example.org"
tap "data of another node" wrong_sentinel \
	'{"v":1,"domain":"example.org","lineage":"ff"}' "belongs to another node of example.org"
tap "a sentinel of garbage" wrong_sentinel 'x' "cannot be understood"
tap "an empty sentinel" wrong_sentinel '' "cannot be understood"
tap "data without a sentinel" no_sentinel
tap "another permanent secret than that of the data" other_secret
tap "a guard that does not hold" guarded
tap "a done test in a tool, and one that knows nothing" asked_elsewhere
tap "a migration stops the application, once" migrated
tap "a plan of a newer version" bad_plan '{"plan":2}' "version 2 is not known here"
tap "a plan cut short" bad_plan '{"plan":1,' "line 1: "
tap "an empty plan" bad_plan '' "line 1: "
tap "a link planted for the merged file" planted "symbolic link" plant_link
tap "a relative link planted for it" planted "symbolic link" plant_relative_link
tap "a link planted for its folder" planted "symbolic link" plant_dir_link
tap "a fifo planted for it" planted "cannot be read" plant_fifo
tap "garbage planted in it" planted "is not JSON" plant_garbage
tap "a link planted for the temporary file" planted_temp
tap "stale steps: merged again, run again, but nothing made twice" stale_steps
tap "set up already: the engine is not even asked" nothing_to_do
tap "a secret in a program's message is masked" masked
tap "also where a long message is cut" masked_when_cut
tap "output of a step with a capture is never shown" no_captured_output
tap "a capture that finds nothing fails" no_capture_fits
tap "a done test that still fails is said" done_test_fails
tap "exit rules: already there, then repair" exit_rules
tap "exit rules: try again" exit_retry
tap "a deadline ends the container" deadline
tap "a container left by a killed agent is removed first" left_over
tap "two at once: one waits for the other" two_at_once
tap "a volume's folder gets its owner and mode back, its content is left alone" owners
tap "a link in place of a volume is refused" linked_volume
tap_end
