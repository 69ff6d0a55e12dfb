#!/usr/bin/env bash
# Waiting: for the stamps of this very plan, for processes by their tests; and what status, login and
# ca say meanwhile.
. "$(dirname "$0")/lib.sh"

# An HTTP server on a port of its own, that answers with the status in $ENGINE/answer; PORT.
start_http() {
	echo "${1:-200}" >"$ENGINE/answer"
	python3 -c 'import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        good = self.path == "/health" and self.headers["Host"] == "example.org" \
            and self.headers["X-Forwarded-Proto"] == "https"
        self.send_response(int(open(sys.argv[1]).read()) if good else 400)
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()' "$ENGINE/answer" >"$ENGINE/port" 2>/dev/null &
	http=$!
	within 20 test -s "$ENGINE/port" || return 1
	PORT=$(cat "$ENGINE/port")
}
stop_http() {
	kill "$http"
	wait "$http"
	true
} 2>/dev/null

by_http='server["health"] = {"kind": "http", "port": int(port), "path": "/health", "start_s": 2}'

with_http() { # STATUS COMMAND...
	new_root
	start_http "$1" || return 1
	new_plan "port = $PORT" "$by_http"
	shift
	start_server
	"$@"
	local status=$?
	stop_http
	return $status
}

healthy_at_last() {
	new_plan "port = $PORT" "$by_http" 'server["health"]["start_s"] = 600'
	in_background wait server
	within 10 progress_is start.server waiting "answers 503 at /health, not 200" || return 1
	[ ! -e "$ROOT/run/stead/healthy/server" ] || return 1
	echo 200 >"$ENGINE/answer"
	background_ends 0 && progress_is start.server "done" || return 1
	[ "$(cat "$ROOT/run/stead/healthy/server")" = 127.0.0.1 ]
}

never_healthy() {
	! agent wait server 2>"$ROOT.log" || return 1
	grep -q "not healthy after 2 s: server answers 404 at /health, not 200" "$ROOT.log" &&
		progress_is start.server failed "not healthy after 2 s"
}

wrong_port() {
	stop_http
	! agent wait server 2>"$ROOT.log" && grep -q "Connection refused" "$ROOT.log"
}

no_container() {
	rm "$ENGINE/inspect/stead-server"
	! agent wait server 2>"$ROOT.log" && grep -q "server has no container" "$ROOT.log"
}

# The process's time (2 s) does not begin before its container runs.
created_at_last() {
	echo "created" >"$ENGINE/inspect/stead-server"
	in_background wait server
	within 10 progress_is start.server waiting "does not run yet" || return 1
	sleep 3
	start_server
	background_ends 0
}

# Without a word from the test of the process, and long before its time is over.
has_ended() {
	echo "exited" >"$ENGINE/inspect/stead-server"
	new_plan "port = $PORT" "$by_http" 'server["health"]["start_s"] = 3600'
	! agent wait server 2>"$ROOT.log" && grep -q "the container of server has ended" "$ROOT.log"
}

by_tcp() {
	new_plan "server['health'] = {'kind': 'tcp', 'port': $PORT, 'start_s': 2}"
	agent wait server || return 1
	stop_http
	! agent wait server
}

by_exec() {
	new_root && agent prepare && agent setup && start_server || return 1
	agent wait server || return 1
	rm "$ROOT/var/lib/stead/data/server/data/server/server.json"
	! agent wait server 2>"$ROOT.log" && grep -q "the test of server exits with 1" "$ROOT.log"
}

by_nothing() {
	new_root 'server["health"] = {"kind": "none", "start_s": 2}'
	! agent wait server || return 1
	start_server
	agent wait server
}

# The engine's address is not asked for again by those who wait for another process.
asked_once() {
	agent wait server || return 1
	: >"$ENGINE/calls"
	new_plan "port = $PORT" "$by_http" 'import copy; other = copy.deepcopy(server)' \
		'other["name"] = "other"; other["unit"] = "stead-other.service"' \
		'other["after"] = ["server"]; other["group"] = "data"; p["processes"].append(other)'
	agent prepare && : >"$ENGINE/calls"
	agent wait --before other && [ ! -s "$ENGINE/calls" ]
}

after_another() {
	asked_once || return 1
	echo 503 >"$ENGINE/answer"
	in_background wait --before other
	within 10 progress_is start.other waiting "server answers 503" || return 1
	echo 200 >"$ENGINE/answer"
	background_ends 0
}

before() {
	new_root
	in_background wait --before server
	within 10 progress_is start.server waiting "stead-prepare.service" || return 1
	agent prepare || return 1
	within 10 progress_is start.server waiting "stead-setup.service" || return 1
	agent setup || return 1
	background_ends 0
}

# What is left of the last start says nothing about the next one.
before_forgets() {
	new_root && agent prepare && agent setup && start_server && agent wait server || return 1
	[ -e "$ROOT/run/stead/healthy/server" ] || return 1
	agent wait --before server && [ ! -e "$ROOT/run/stead/healthy/server" ]
}

other_plan() {
	new_root && agent prepare && agent setup || return 1
	new_plan 'server["stop_s"] = 11'
	in_background wait --before server
	within 10 progress_is start.server waiting "stead-prepare.service" || return 1
	agent prepare && agent setup && background_ends 0
}

# Whole, as a change puts it there: new_root's is written in place.
replace_plan() { # [CODE for plan.py]...
	python3 "$here/plan.py" "$@" >"$ROOT/etc/stead/new" && mv "$ROOT/etc/stead/new" "$ROOT/etc/stead/node.json"
}

# A change that comes while a process waits does not restart it: the new plan's stamps count for it too.
changed_meanwhile() {
	local public="server['public'] = True; p['reach']"
	new_root "$public = 'checked'"
	in_background wait --before server
	within 10 progress_is start.server waiting "stead-prepare.service" || return 1
	replace_plan "$public = 'checked'" 'server["stop_s"] = 11'
	agent prepare || return 1
	within 10 progress_is start.server waiting "stead-setup.service" || return 1
	replace_plan "$public = 'checked'" 'server["stop_s"] = 12'
	agent prepare && agent setup || return 1
	within 10 progress_is start.server waiting "stead-meet.service" || return 1
	replace_plan "$public = 'unchecked'"
	agent prepare && agent setup && background_ends 0
}

# One that the new plan has no more is not started.
removed_meanwhile() {
	new_root
	in_background wait --before server
	within 10 progress_is start.server waiting "stead-prepare.service" || return 1
	replace_plan 'server["name"] = "other"' '[one.update(process="other") for one in p["jobs"]]'
	background_ends 1 && grep -q "another plan, without server" "$ROOT.log"
}

# A data service does not wait for the setup that needs it, and the setup waits for it.
data_service() {
	new_root 'import copy; db = copy.deepcopy(server); db["name"] = "db"; db["group"] = "data"' \
		'db["health"] = {"kind": "none", "start_s": 2}; db["unit"] = "stead-db.service"' \
		'p["processes"].append(db); server["after"] = ["db"]'
	agent prepare || return 1
	in_background setup
	within 10 progress_is setup.data:db waiting "db has not come up yet" || return 1
	agent wait --before db || return 1
	echo running >"$ENGINE/inspect/stead-db"
	agent wait db && background_ends 0 && judge
}

ready_waits() {
	new_root && agent prepare && agent setup || return 1
	in_background ready
	within 10 progress_is ready.server waiting "server has not come up yet" || return 1
	start_server
	agent wait server && background_ends 0 && [ -e "$ROOT/run/stead/ready.done" ]
}

notified() {
	new_root && agent prepare || return 1
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(300)
while True:
    message = s.recv(4096).decode()
    print(message, flush=True)
    if "stead-setup" in message:
        break' "$ROOT/notify" >"$ROOT.notify" &
	within 10 test -S "$ROOT/notify" || return 1
	NOTIFY_SOCKET=$ROOT/notify in_background wait --before server
	within 20 grep -q "^STATUS=start.server: waiting for stead-setup.service" "$ROOT.notify" &&
		grep -q "^EXTEND_TIMEOUT_USEC=" "$ROOT.notify"
}

usage() {
	new_root
	agent wait nobody 2>"$ROOT.log"
	[ $? = 2 ] && grep -q "'nobody' is no process" "$ROOT.log" || return 1
	agent wait --beside server 2>/dev/null
	[ $? = 2 ] || return 1
	agent wait 2>/dev/null
	[ $? = 2 ] || return 1
	agent nonsense 2>/dev/null
	[ $? = 2 ] || return 1
	agent --help | grep -q '^usage: stead-node' && agent --version | grep -q '^stead-node [0-9]'
}

# --- status ---

status_is() { # STATE [WAITING FOR]
	local status expected=$([ "$1" = ready ] && echo 0 || echo 1)
	agent status --json >"$ROOT.status"
	status=$?
	[ $status = "$expected" ] || { echo "exit status $status"; cat "$ROOT.status"; return 1; }
	python3 -c 'import json, sys
status = json.load(open(sys.argv[1]))
keys = ["v", "app", "domain", "web", "handle", "state", "since", "waiting_for", "steps",
        "processes", "login_stored", "apply", "maintenance"]
assert list(status) == keys, list(status)
assert status["state"] == sys.argv[2], status["state"]
assert sys.argv[3] in (status["waiting_for"] or ""), status["waiting_for"]
assert (status["waiting_for"] is None) == (status["state"] == "ready")
assert status["handle"] == "@alice@example.org"' "$ROOT.status" "$1" "${2:-}" || return 1
	agent status | grep -q "^$1"
}
unit_is() { # UNIT ACTIVE SUB [JOB]
	echo "$2 $3 ${4:-0}" >"$ENGINE/units/$1"
}

states() {
	new_root
	unit_is stead.target inactive dead 12
	status_is preparing stead-prepare.service || return 1
	unit_is stead.target active active
	echo 1000 >"$ENGINE/pull-failures"
	in_background prepare
	within 10 status_is preparing "connection refused" || return 1
	echo 0 >"$ENGINE/pull-failures"
	background_ends 0 || return 1
	status_is setting-up stead-setup.service || return 1
	agent setup || return 1
	status_is starting "stead-server.service is inactive" || return 1
	unit_is stead-server.service activating start-post
	start_server
	agent wait --before server && agent wait server || return 1
	unit_is stead-server.service active running
	status_is starting stead-ready.service || return 1
	agent ready && status_is ready || return 1
	unit_is stead-server.service activating auto-restart
	status_is starting "stead-server.service is activating" || return 1
	unit_is stead-ready.service failed failed
	status_is failed "stead-ready.service has failed" || return 1
	unit_is stead.target inactive dead
	status_is stopped "'stead up' (there: stead-node start)"
}

status_failed() {
	new_root 's["key"]["run"] = ["false"]' && agent prepare || return 1
	unit_is stead.target active active
	in_background setup
	within 10 status_is failed "setup.setup.key: it exits with 1"
}

status_without_anything() {
	new_root
	agent status >"$ROOT.status" 2>&1
	[ $? = 1 ] && [ ! -e "$ROOT/run/stead" ]
}

# --- login and ca ---

# A step that is found done again took the time it took the first time.
done_again() {
	local ended
	new_root && agent prepare && agent setup || return 1
	ended() { jq -c '[.steps[] | select(.name | startswith("setup.setup")) | .ended_ms]' "$ROOT/run/stead/progress.json"; }
	ended=$(ended)
	[ "$ended" != "[]" ] && agent setup && [ "$(ended)" = "$ended" ]
}

login() {
	new_root && agent prepare || return 1
	agent login 2>"$ROOT.log"
	[ $? = 1 ] && grep -q "not made yet" "$ROOT.log" || return 1
	agent setup || return 1
	agent login --json | python3 -c 'import json, sys
login = json.load(sys.stdin)
assert list(login) == ["v", "handle", "url", "name", "password"], login
assert (login["name"], login["url"]) == ("alice", "https://example.org/"), login
print(login["password"], end="")' >"$ROOT.password" || return 1
	cmp "$ROOT.password" "$ROOT/var/lib/stead/state/secrets/owner_password" || return 1
	agent login | grep -qFx "password  $(cat "$ROOT.password")"
}

no_login() {
	new_root 'del p["owner"]'
	! agent login 2>"$ROOT.log" && grep -q "keeps no password" "$ROOT.log" || return 1
	agent status --json | grep -q '"handle": null'
}

ca() {
	new_root && agent prepare || return 1
	! agent ca 2>"$ROOT.log" && grep -q "not there yet" "$ROOT.log" || return 1
	echo "root:x:0:0" >"$ROOT/secret"
	ln -s "$ROOT/secret" "$ROOT/var/lib/stead/data/server/data/root.crt"
	! agent ca 2>/dev/null || return 1
	[ -z "$(agent ca 2>/dev/null)" ] || return 1
	rm "$ROOT/var/lib/stead/data/server/data/root.crt"
	printf -- '-----BEGIN CERTIFICATE-----\nx\n' >"$ROOT/var/lib/stead/data/server/data/root.crt"
	[ "$(agent ca | head -n 1)" = "-----BEGIN CERTIFICATE-----" ] || return 1
	new_plan 'del p["ca"]'
	! agent ca 2>"$ROOT.log" && grep -q "no CA of its own" "$ROOT.log"
}

tap "HTTP: unhealthy, then healthy" with_http 503 healthy_at_last
tap "HTTP: the wrong answer until the start may take no longer" with_http 404 never_healthy
tap "HTTP: nobody listens" with_http 200 wrong_port
tap "no container" with_http 200 no_container
tap "a container that the engine still makes" with_http 200 created_at_last
tap "a container that has ended" with_http 200 has_ended
tap "TCP" with_http 200 by_tcp
tap "exec" by_exec
tap "no test: the container runs" by_nothing
tap "waiting for another process does not ask the engine" with_http 200 asked_once
tap "waiting for another process that is not healthy" with_http 200 after_another
tap "before: prepare, then setup" before
tap "before: forgets the last start" before_forgets
tap "before: stamps of another plan do not count" other_plan
tap "before: another plan comes meanwhile" changed_meanwhile
tap "before: another plan comes meanwhile, without the process" removed_meanwhile
tap "a data service comes before the setup" data_service
tap "ready waits for all" ready_waits
tap "systemd is told" notified
tap "usage" usage
tap "status: from preparing to ready, and when it goes wrong" states
tap "status: a step that fails" status_failed
tap "status: before anything was done" status_without_anything
tap "status: a step that was done is not done longer" done_again
tap "login" login
tap "no login" no_login
tap "the CA's certificate" ca
tap_end
