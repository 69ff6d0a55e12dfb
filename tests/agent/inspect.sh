#!/usr/bin/env bash
# inspect, install and connect: verbs that need no plan, on machines that are made of files.
. "$(dirname "$0")/lib.sh"

# A machine whose os-release says ID VERSION, without a plan.
new_machine() { # ID VERSION [LINE]...
	new_root
	rm "$ROOT/etc/stead/node.json"
	mkdir -p "$ENGINE/apt"
	printf 'ID=%s\nVERSION_ID="%s"\nPRETTY_NAME="%s %s"\n' "$1" "$2" "$1" "$2" \
		>"$ROOT/etc/os-release"
	shift 2
	[ $# = 0 ] || printf '%s\n' "$@" >>"$ROOT/etc/os-release"
}

# The programs of $here/bin and nothing else that inspect would find on the test's machine.
bare_path() {
	mkdir -p "$ROOT.bin"
	ln -sf "$(command -v bash)" "$(command -v cat)" "$(command -v env)" "$here"/bin/{apt-cache,apt-get,systemctl} \
		"$ROOT.bin"
}

inspect_says() { # JQ-EXPRESSION
	agent inspect >"$ROOT.json" || return 1
	jq -e "$1" "$ROOT.json" >/dev/null || { cat "$ROOT.json"; return 1; }
}

debian() {
	new_machine debian 13
	inspect_says '.v == 1 and .os.id == "debian" and .os.version == "13" and .os.immutable == null
		and .stead == null and .uid == 0 and .systemd == 0 and (.memory_bytes > 1000000)
		and (.disk.total_bytes >= .disk.free_bytes) and .disk.read_only == false
		and (.arch | length > 0) and (.clock.now | endswith("Z"))'
}

# Everything of the contract is there, also when it cannot be known.
nothing_to_read() {
	new_machine debian 13
	rm "$ROOT/etc/os-release"
	inspect_says '.os == null and .ports == null and .dmi == null' || return 1
	[ "$(jq -r 'keys | join(" ")' "$ROOT.json")" = "addresses arch clock disk dmi engines firewalls \
install kernel memory_bytes os ports stead systemd tools uid v" ]
}

dmi() {
	new_machine debian 13
	mkdir -p "$ROOT/sys/class/dmi/id"
	printf 'Hetzner\n' >"$ROOT/sys/class/dmi/id/sys_vendor"
	printf 'vServer \xff\n' >"$ROOT/sys/class/dmi/id/product_name"
	inspect_says '.dmi == {"vendor": "Hetzner", "product": "vServer ?", "chassis": null}'
}

listening() {
	new_machine debian 13
	mkdir -p "$ROOT"/proc/{net,17/fd,18/fd}
	cat >"$ROOT/proc/net/tcp" <<'PROC'
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 500 1 0 100 0 0 10 0
   1: 0100007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 501 1 0 100 0 0 10 0
PROC
	cp "$ROOT/proc/net/tcp" "$ROOT/proc/net/udp"
	echo "nginx" >"$ROOT/proc/17/comm"
	ln -s 'socket:[500]' "$ROOT/proc/17/fd/6"
	ln -s /dev/null "$ROOT/proc/17/fd/0"
	echo "stranger" >"$ROOT/proc/18/comm"
	ln -s 'socket:[499]' "$ROOT/proc/18/fd/3"
	inspect_says '.ports == [{"proto": "tcp", "port": 53, "address": "127.0.0.1", "by": null},
		{"proto": "tcp", "port": 80, "address": "0.0.0.0", "by": "nginx"}]'
}

firewalls() {
	new_machine ubuntu 24.04
	echo active exited 0 | tee "$ENGINE"/units/{ufw,nftables,firewalld}.service >/dev/null
	mkdir -p "$ROOT/etc/ufw"
	echo ENABLED=no >"$ROOT/etc/ufw/ufw.conf"
	printf 'flush ruleset\ntable inet filter {\n}\n' >"$ROOT/etc/nftables.conf"
	inspect_says '.firewalls == ["firewalld"]' || return 1
	echo ENABLED=yes >"$ROOT/etc/ufw/ufw.conf"
	printf 'table inet filter {\n chain x { policy drop; }\n}\n' >"$ROOT/etc/nftables.conf"
	inspect_says '.firewalls == ["firewalld", "nftables", "ufw"]'
}

with_a_plan() {
	new_root
	inspect_says '.stead == {"version": "0.1.0", "app": "server", "domain": "example.org", "lineage":
		"00112233445566778899aabbccddeeff", "engine": "podman", "id": null}' || return 1
	mkdir -p "$ROOT/var/lib/stead/state/apply"
	echo '{"v":1,"id":"abc","at":"x","from":null}' >"$ROOT/var/lib/stead/state/apply/current.json"
	inspect_says '.stead.id == "abc"'
}

with_a_bad_plan() {
	new_root
	echo '{"plan":2}' >"$ROOT/etc/stead/node.json"
	inspect_says '.stead.version == null and (.stead.error | contains("cannot be used"))'
}

# What could be installed: by the package lists, else by what is known of the release.
installable() { # ID VERSION EXPECTED [FILE...]
	local expected=$3
	new_machine "$1" "$2"
	bare_path
	shift 3
	while [ $# -gt 0 ]; do
		echo "${1#*=}" >"$ENGINE/apt/${1%%=*}"
		shift
	done
	PATH=$ROOT.bin "$agent_program" --root "$ROOT" inspect >"$ROOT.json" || return 1
	jq -e '.engines == [] and (.install | map({(.engine): .version}) | add // {}) == '"$expected" \
		"$ROOT.json" >/dev/null || { jq -c '.engines, .install' "$ROOT.json"; return 1; }
}

not_root() {
	new_machine debian 13
	chmod 755 "$work" "$ROOT" "$ROOT/etc" "$ROOT/var" "$ROOT/var/lib"
	chmod 644 "$ROOT/etc/os-release"
	mkdir -p "$ROOT/var/lib/stead/state/apply"
	chmod 700 "$ROOT/var/lib/stead"
	cp "$agent_program" "$work/agent"
	chmod 755 "$work/agent"
	(cd / && setpriv --reuid=65534 --regid=65534 --clear-groups "$work/agent" --root "$ROOT" inspect) \
		>"$ROOT.json" || return 1
	jq -e '.uid == 65534 and .os.id == "debian"' "$ROOT.json" >/dev/null
}

# --- install ---

installs() {
	new_machine debian 13
	echo 5.4.2+ds1-2 >"$ENGINE/apt/podman"
	echo 2 >"$ENGINE/apt-locked"
	agent install podman 2>"$ROOT.log" || { cat "$ROOT.log"; return 1; }
	[ "$(grep -c ' update' "$ENGINE/calls")" = 3 ] || return 1
	grep -q 'no-install-recommends .* install podman netavark aardvark-dns ca-certificates nftables$' \
		"$ENGINE/calls" || return 1
	grep -q 'waiting for it' "$ROOT.log" && grep -q 'podman 5.4.2 is there' "$ROOT.log"
}

installs_a_guest_agent() {
	new_machine debian 13
	mkdir "$ROOT.bin"
	PATH=$ROOT.bin:$PATH agent install qemu-guest-agent 2>"$ROOT.log" || { cat "$ROOT.log"; return 1; }
	grep -q ' install qemu-guest-agent$' "$ENGINE/calls" && grep -q 'no port for' "$ROOT.log"
}

refuses_to_install() { # STATUS TEXT NAME...
	local status expected=$1 text=$2
	shift 2
	agent install "$@" 2>"$ROOT.log"
	status=$?
	cat "$ROOT.log"
	[ $status = "$expected" ] && grep -qF -- "$text" "$ROOT.log" &&
		! grep -q ' install ' "$ENGINE/calls"
}
too_old() {
	new_machine debian 12
	echo 4.3.1+ds1-8 >"$ENGINE/apt/podman"
	refuses_to_install 1 "has podman 4.3.1; stead needs 5 or later" podman
}
flatcar() { new_machine flatcar 4230; refuses_to_install 1 "no package manager" docker; }
coreos() {
	new_machine fedora 42 VARIANT_ID=coreos
	refuses_to_install 1 "installs nothing while it runs" podman
}
ostree() {
	new_machine fedora 42
	: >"$ROOT/run/ostree-booted"
	refuses_to_install 1 "replaced as a whole" podman
}
unknown_system() { new_machine arch 1; refuses_to_install 1 "how to install podman on arch" podman; }
unknown_name() { new_machine debian 13; refuses_to_install 2 "'openssh-server' is none of" openssh-server; }

last_words() {
	new_machine debian 13
	echo 5.4.2 >"$ENGINE/apt/podman"
	seq 1 20 | sed 's/^/line /' >"$ENGINE/apt-breaks"
	echo "E: You don't have enough free space in /var/cache/apt/archives/." >>"$ENGINE/apt-breaks"
	agent install podman 2>"$ROOT.log" && return 1
	cat "$ROOT.log"
	grep -q "enough free space" "$ROOT.log" && grep -q 'exits with 100' "$ROOT.log" &&
		grep -q 'line 14' "$ROOT.log" && ! grep -q 'line 12' "$ROOT.log"
}

# --- connect ---

# A server on a free port of 127.0.0.1; its port goes to $port.
serve() { # PYTHON, with `c` the connection
	mkfifo "$ROOT.port"
	python3 -c '
import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
c = s.accept()[0]
exec(sys.argv[2])' "$ROOT.port" "$1" >"$ROOT.server" 2>&1 &
	background=$!
	port=$(cat "$ROOT.port")
}

# It reads all there is, only then answers, and closes: both halves work.
half_closed() {
	new_root
	serve 'n = 0
while True:
    d = c.recv(65536)
    if not d: break
    n += len(d)
c.sendall(b"x" * 3000000 + str(n).encode())
c.close()'
	head -c 2000000 /dev/zero | agent connect 127.0.0.1 "$port" >"$ROOT.out" || return 1
	wait "$background" && background=
	[ "$(head -n 1 "$ROOT.out")" = "connected 127.0.0.1" ] || return 1
	[ "$(tail -c 7 "$ROOT.out")" = 2000000 ] &&
		[ "$(wc -c <"$ROOT.out")" = $((20 + 3000000 + 7)) ]
}

# The server speaks first and leaves first; we end when our reader has heard and hangs up.
server_leaves() {
	new_root
	serve 'c.sendall(b"220 hello\r\n"); c.recv(100); c.sendall(b"221 bye\r\n"); c.close()'
	printf 'QUIT\r\n' | agent connect localhost "$port" >"$ROOT.out" || return 1
	wait "$background" && background=
	grep -q '^connected 127.0.0.1$\|^connected ::1$' "$ROOT.out" && grep -q '^220 hello' "$ROOT.out" &&
		grep -q '^221 bye' "$ROOT.out"
}

# The other side is gone for good while stdin stays open. It waits for a byte that passed through
# us: a reset before that could still be a connection that failed.
server_resets() {
	new_root
	serve 'import struct
c.recv(1)
c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); c.close()'
	mkfifo "$ROOT.in"
	(exec 3<>"$ROOT.in"; echo >&3; timeout 20 "$agent_program" --root "$ROOT" connect 127.0.0.1 "$port" <&3 >"$ROOT.out")
}

connect_fails() { # TEXT HOST PORT
	new_root
	agent connect "$2" "$3" </dev/null >"$ROOT.out" && return 1
	cat "$ROOT.out"
	grep -q "^failed $1" "$ROOT.out" && [ "$(wc -l <"$ROOT.out")" = 1 ]
}
refused() {
	new_root
	serve 'pass'
	exec 4<>"/dev/tcp/127.0.0.1/$port" && exec 4>&-
	wait "$background" && background=
	connect_fails "refused 127.0.0.1: " 127.0.0.1 "$port"
}
no_host() { # NAME PORT
	new_root
	agent connect "$1" "$2" </dev/null 2>"$ROOT.log" >"$ROOT.out"
	[ $? = 2 ] && [ ! -s "$ROOT.out" ]
}

tap "a machine without stead" debian
tap "what cannot be read is null" nothing_to_read
tap "what the firmware says" dmi
tap "who listens" listening
tap "firewalls: only those that do something" firewalls
tap "a machine with stead" with_a_plan
tap "a plan that cannot be used is not the same as none" with_a_bad_plan
tap "installable: by the lists" installable debian 13 '{"podman": "5.4.3", "docker": "26.1.6"}' \
	podman=5.4.3-1 docker.io=26.1.6+dfsg1
tap "installable: no podman before 5" installable debian 12 '{"docker": "20.10.25"}' \
	podman=4.3.1+ds1-8 docker.io=20.10.25
tap "installable: without lists, by the release" installable ubuntu 24.04 '{"docker": "24.0.7"}'
tap "installable: nothing on a system that nobody knows" installable arch 1 '{}'
tap "not root: as far as it may look" not_root
tap "install: waits for another one, says what it does" installs
tap "install: the guest agent, whether the host has a port for it or not" installs_a_guest_agent
tap "install: podman of before 5 is refused" too_old
tap "install: not on Flatcar" flatcar
tap "install: not on Fedora CoreOS" coreos
tap "install: not on an ostree" ostree
tap "install: not on an unknown system" unknown_system
tap "install: nothing but what is meant" unknown_name
tap "install: the package manager's last words" last_words
tap "connect: each half closes for itself, nothing is lost" half_closed
tap "connect: a server that says good-bye" server_leaves
tap "connect: a server that resets, with stdin open" server_resets
tap "connect: refused" refused
tap "connect: a name that nobody has" connect_fails "unknown-host nobody.invalid" nobody.invalid 25
tap "connect: an option is no host" no_host --help 25
tap "connect: a port that is none" no_host localhost 65536
tap_end
