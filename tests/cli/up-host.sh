#!/usr/bin/env bash
# stead up on a host, as far as it needs no machine: where it is, its key, what is said when it cannot
# be reached or will not do. A real sshd on loopback, with keys of this test, in which a stand-in
# answers for the agent. What a whole machine does is in tests/systemd/up-*.sh.
. "$(dirname "$0")/lib.sh"
sshd=/usr/sbin/sshd
[ -x $sshd ] || tap_skip_all 'no sshd here'
[ "$(id -u)" != 0 ] || mkdir -p /run/sshd

node="$tmp/a b \"c\" 100%"
inline=(--set machine.os=as-is --set delivery=ssh --set tls=internal)
new_node "$node"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/id"
for type in ed25519 rsa; do ssh-keygen -q -t $type -N '' -f "$tmp/host_$type"; done
ssh-keygen -q -t ed25519 -N '' -f "$tmp/other"
print() { ssh-keygen -lf "$1" | awk '{ print $2 }'; }
eval "$(ssh-agent -s)" >/dev/null
ssh-add -q "$tmp/id" 2>/dev/null
user=$(id -un) state=$node/.stead/host known=$node/known_hosts

# --- a machine ---
# The shell it runs: the agent's place is in $tmp, and its verbs are answered by files, if there are any. It greets
# as a start-up file may, with what looks like an answer, and without a newline.
printf '%s\n' '{"v":1,"error":"the greeting was read"}' >"$tmp/greeting"
printf 'stead:begin of the day' >>"$tmp/greeting"
mkdir "$tmp/answers" "$tmp/bin"
cat >"$tmp/shell" <<'END'
#!/usr/bin/env bash
here=$(dirname "$0")
command=${SSH_ORIGINAL_COMMAND//\/usr\/local\/bin/$here/bin}
printf '%s\n' "$SSH_ORIGINAL_COMMAND" >>"$here/commands"
verb=$(sed -nE "s/.*'[^' ]*stead-node' '([a-z]+)'.*/\1/p" <<<"$command")
cat "$here/greeting"
if [ -f "$here/answers/$verb" ]; then
	[[ $command != *'echo stead:begin'* ]] || printf '\nstead:begin\n'
	cat >"$here/stdin.$verb"
	cat "$here/answers/$verb"
	exit "$(cat "$here/answers/$verb.exit" 2>/dev/null || echo 0)"
fi
# The one that follows.
[[ $command != *'echo; echo; while'* ]] || printf '\n\n'
while [[ $command = *'while '*'status --json; echo'* ]]; do
	cat "$here/answers/status" && echo && sleep 1 || exit
done
# As at ssh's own port, unless another is wanted.
SSH_CONNECTION="${SSH_CONNECTION% *} $(cat "$here/port" 2>/dev/null || echo 22)" exec sh -c "$command"
END
chmod +x "$tmp/shell"
cat >"$tmp/sshd_config" <<END
ListenAddress 127.0.0.1
PidFile $tmp/sshd.pid
AuthorizedKeysFile $tmp/id.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
ForceCommand $tmp/shell
END
port=
# sshd_up KEY…: with these host keys, on a port that is free.
sshd_up() {
	local key options=()
	for key; do options+=(-h "$tmp/$key"); done
	for ((try = 0; try < 50; try++)); do
		port=${port:-$((10000 + RANDOM % 20000))}
		$sshd -f "$tmp/sshd_config" -E "$tmp/sshd.log" -p "$port" "${options[@]}" &&
			until_ok 20 test -s "$tmp/sshd.pid" && return
		port=
	done
	echo 'Bail out! sshd does not start'
	exit 1
}
sshd_down() {
	local pid
	pid=$(cat "$tmp/sshd.pid") && kill "$pid" && until_ok 20 test ! -e "$tmp/sshd.pid"
}
# Shared connections live on for half a minute.
hang_up() {
	local socket
	for socket in "$tmp"/run/stead-ssh/*; do
		[ ! -S "$socket" ] || ssh -q -O exit -o "ControlPath=$socket" any
	done
}
cleanup() {
	hang_up
	[ ! -e "$tmp/sshd.pid" ] || sshd_down
	kill "$SSH_AGENT_PID"
	rm -rf "$tmp"
} 2>/dev/null
trap cleanup EXIT
export XDG_RUNTIME_DIR=$tmp/run
mkdir -m 700 "$XDG_RUNTIME_DIR"

up() { # CODE NAME ARGUMENT…
	local code=$1 name=$2
	shift 2
	run "$code" "$name" up --dir "$node" --on "$user@127.0.0.1:$port" "$@"
}

# --- usage ---
run 2 'nobody said where' up --dir "$node"
for word in '--on root@HOST' '--on vm' 'machine: {host'; do err_has "nobody said where: $word" "$word"; done
run 2 'a host that is none' up --dir "$node" --on 'root@-oProxyCommand=x'
run 2 'no port' up --dir "$node" --on 'host:x'
run 2 'options of a VM' up --dir "$node" --on root@127.0.0.1 --live
run 2 'options of a host' up --dir "$node" --on vm --host-key SHA256:x
run 3 'no host of before' up --dir "$node" --on host
run 3 'status without a machine' status --dir "$node"
run 3 'a name that nobody has' up --dir "$node" --on root@node.invalid
err_has 'a name that nobody has: ssh says why' 'node.invalid'
sed 's/^domain:.*/domain: not a domain/' "$node/stead.yaml" >"$tmp/bad.yaml"
mkdir "$tmp/bad" && cp "$tmp/bad.yaml" "$tmp/bad/stead.yaml"
run 1 'mistakes in the settings come first' up --dir "$tmp/bad" --on root@node.invalid

# --- its key ---
sshd_up host_ed25519 host_rsa
sshd_down
up 3 'a connection that is refused'
err_has 'refused: said so' 'Connection refused'
ok 'no key was learnt' test ! -e "$known"
sshd_up host_ed25519 host_rsa
up 1 'a key that is not known, and nobody to ask' --yes
err_has 'it shows the one' "$(print "$tmp/host_ed25519.pub")"
err_has 'and the other' "$(print "$tmp/host_rsa.pub")"
err_has 'and how to confirm it' '--host-key SHA256:'
ok 'nothing was written down' test ! -e "$known"
ok 'nothing was run there' test ! -e "$tmp/commands"
up 1 'the fingerprint of another key' --host-key "$(print "$tmp/other.pub")"
err_has 'it says so' 'none with the fingerprint'
ok 'nothing was written down' test ! -e "$known"
ok 'nothing was run there' test ! -e "$tmp/commands"
is 'nothing of the asking stays' "$(ls "$state")" ''

# --- what is there ---
good='"os":{"id":"debian","name":"Debian 13"},"systemd":257,"arch":"x86_64","memory_bytes":4000000000,'
good+='"disk":{"free_bytes":20000000000,"total_bytes":40000000000,"read_only":false},"firewalls":[],'
good+='"clock":null,"tools":["nft"],"addresses":[],"ports":[],"install":[],"stead":null,'
podman='"engines":[{"name":"podman","version":"5.4.2","answers":true}]'
answer() { printf '%s\n' "$2" >"$tmp/answers/$1"; echo "${3:-0}" >"$tmp/answers/$1.exit"; }

answer inspect "{\"v\":1,$good\"engines\":[{\"name\":\"podman\",\"version\":\"4.3\"}]}"
key=$(print "$tmp/host_rsa.pub")
if [ "$(id -u)" != 0 ]; then
	up 1 'somebody who is not root' --host-key "$key"
	err_has 'it says so' 'sudo -n'
	tap_done
fi
up 1 'an engine that is too old' --host-key "$key"
err_has 'it says so' 'podman 4.3'
is 'the key that was vouched for is known, and no other' \
	"$(ssh-keygen -lf "$known" | awk '{ print $2 }')" "$key"
ok 'the agent was brought' cmp -s "$tmp/bin/stead-node" build/stead-node
is 'nothing else lies beside it' "$(ls -A "$tmp/bin")" stead-node
is 'its folder is private' "$(stat -c %a "$state")" 700
: >"$tmp/commands"
up 1 'the key is known now'
fails 'the agent is not brought again' grep -q 'mv -f' "$tmp/commands"
up 1 'another fingerprint than the known one' --host-key "$(print "$tmp/other.pub")"

answer inspect "{\"v\":1,${good/257/0}$podman}"
up 1 'no systemd'
err_has 'it says so' 'systemd does not run'
answer inspect "{\"v\":1,${good/\"clock\":null/\"clock\":{\"now\":\"2020-01-01T00:00:00Z\"\}}$podman}"
up 1 'a clock that is wrong'
err_has 'it says so' "behind this computer's"
answer inspect 'not JSON'
up 3 'an agent that does not answer as it should'
answer inspect "{\"v\":1,$good$podman}"
echo 2222 >"$tmp/port"
up 1 'ssh at a port that the firewall would close'
err_has 'it says how to open it' 'open: [tcp/2222]'
rm "$tmp/port"
answer inspect "{\"v\":1,$good\"engines\":[]}"
up 1 'no engine to be had'
answer inspect "{\"v\":1,${good/\"install\":[]/\"install\":[{\"engine\":\"podman\",\"version\":\"5.4\"\}]}\"engines\":[]}"
up 1 'an engine to install, and nobody to ask'
err_has 'it names it' 'podman 5.4'
sed -i 's/^machine:/&\n  guest_agent: qemu/' "$node/stead.yaml"
answer inspect "{\"v\":1,$good$podman}"
up 1 'a guest agent to install, and nobody to ask'
err_has 'it names it' 'lacks qemu-guest-agent;'
answer inspect "{\"v\":1,${good/\"install\":[]/\"install\":[{\"engine\":\"podman\",\"version\":\"5.4\"\}]}\"engines\":[]}"
up 1 'an engine and a guest agent'
err_has 'it names both' 'lacks podman 5.4 and qemu-guest-agent;'
sed -i '/guest_agent:/d' "$node/stead.yaml"
answer install '{"v":1,"error":"the package manager is busy","hint":"wait for it"}' 1
up 1 'installing does not work' --yes
err_has "the agent's own words" 'the package manager is busy'
err_has "and its hint" 'hint: wait for it'

# --- the difference ---
answer inspect "{\"v\":1,$good$podman}"
answer receive '{"v":1,"error":"another change is under way, by bob@laptop","hint":"stead up follows it"}' 1
up 1 'another change is under way'
err_has "the agent's own words" 'under way, by bob@laptop'
bundle=$tmp/stdin.receive
is 'a bundle arrived' "$(jq -r .bundle "$bundle")" 1
is 'for the engine that is there' \
	"$(jq -r '.files["/etc/stead/node.json"]' "$bundle" | jq -r .engine)" podman
changes='{"path":"/etc/stead/config/snac/server.json","what":"changed","secret":false,"old":"a\n","new":"b\n"}'
changes+=',{"path":"/etc/stead/secrets/x","what":"changed","secret":true,"old":null,"new":null}'
rest='"processes":[],"networks":[],"restarts":["stead-snac.service"],"stops":[],"images":[]'
answer receive "{\"v\":1,\"id\":\"ab\",\"base\":\"cd\",\"first\":false,\"same\":false,\"changes\":[$changes],$rest}"
up 4 'a dry run with a difference' --dry-run
out_has 'it is shown' '+b'
out_has 'a secret is not' '(secret, not shown)'
fails 'nothing was applied' grep -q "'apply'" "$tmp/commands"
up 1 'nobody can be asked'
err_has 'the difference is shown' '-a'
fails 'nothing was applied' grep -q "'apply'" "$tmp/commands"
answer apply '{"v":1,"error":"the node has changed since","hint":null}' 1
up 1 'the node has changed since' --yes
err_has 'it says so' 'has changed since'
like 'what was applied' "$(grep "'apply'" "$tmp/commands")" "'apply' 'ab' '--base' 'cd' '--from' '[^']+@"

# --- how it ends ---
answer apply '{"v":1,"id":"ab"}'
status() { answer status "{\"v\":1,\"state\":\"$1\",\"steps\":[],\"apply\":{\"id\":\"ab\",\"state\":\"$2\",\"why\":$3}}" "${4:-0}"; }
status ready returned '"stead-snac does not become healthy"'
up 1 'a change that is taken back' --yes
err_has 'why' 'stead-snac does not become healthy'
err_has 'what there is' 'as it was before'
status ready refused '"the disk is full"'
up 1 'a change that is refused later' --yes
err_has 'why' 'the disk is full'
status starting settling null 1
up 3 'a change that takes longer than one waits' --yes --deadline 10
err_has 'how far it is' 'settling'
answer status '{"v":1,"state":"ready","steps":[],"apply":{"id":"ef","state":"applied","from":"bob@desk"}}' 1
up 1 'a change that another one took the place of' --yes
err_has 'said so' 'another change came in between, from bob@desk'
answer status '{"v":1,"state":"stopped","steps":[],"maintenance":true,"apply":{"id":"ab","state":"applied"}}' 1
up 0 'a change in maintenance' --yes
out_has 'what was done' 'changed the configuration of snac and secrets: restarted stead-snac; maintenance is on'
answer receive '{"v":1,"id":"ab","base":"ab","first":false,"same":true,"changes":[]}'
status ready applied null
before=$(wc -l <"$tmp/commands")
up 0 'nothing to change'
out_has 'it says so' 'nothing to change'
ok 'ssh understands its config' ssh -G -F "$state/ssh_config" stead
# Where it is, what is there, its state, the difference, its state: nothing else takes time.
is 'it asks the machine five things, and waits for nothing' \
	"$(($(wc -l <"$tmp/commands") - before))" 5
# Another host, tried in vain or only looked at, does not become the one that the other commands mean.
cp -r "$state" "$tmp/before"
run 3 'another host that nobody has' up --dir "$node" --on root@node.invalid
err_has 'how to try it by hand' 'ssh root@node.invalid'
run 0 'another name of it, looked at' up --dir "$node" --on "$user@localhost:$port" --host-key "$key" --dry-run
ok 'the host of before is still the one' diff -r "$tmp/before" "$state"
run 0 'the host of before' up --dir "$node" --dry-run
run 0 'and by name' up --dir "$node" --on host --dry-run
answer status '{"v":1,"state":"stopped","maintenance":true}' 1
up 1 'nothing to change, but maintenance is on'
err_has 'the remedy' 'stead maintenance off'

up 1 'another fingerprint than that of the known key' --host-key "$(print "$tmp/other.pub")"
err_has 'it says whose it has' 'the key that is known for'
cp "$known" "$tmp/known"
head -c 1100000 /dev/zero | tr '\0' '#' >>"$known"
up 3 'known keys that cannot be read' --host-key "$key"
err_has 'are no reason to ask again' "cannot read '"
cp "$tmp/known" "$known"
if setpriv --reuid=65534 --clear-groups true 2>/dev/null; then
	chmod 711 "$tmp"
	setpriv --reuid=65534 --clear-groups "$stead" status --dir "$node" >"$tmp/out" 2>"$tmp/err" </dev/null
	is 'somebody else: exit code 3' $? 3
	err_has 'somebody else: why there seems to be none' 'cannot look into'
fi

# --- the other commands ---
status ready applied null
run 0 'status' status --dir "$node" --json
is "status: the agent's JSON" "$(jq -r .state "$tmp/out")" ready
mv "$tmp/bin/stead-node" "$tmp/agent"
run 3 'an agent that is gone' ca --dir "$node"
err_has 'an agent that is gone: the remedy' "'stead up' brings it"
mv "$tmp/agent" "$tmp/bin/stead-node"
answer ca 'a certificate'
run 0 'ca' ca --dir "$node"
is 'ca: nothing else' "$(cat "$tmp/out")" 'a certificate'
run 0 'open' open --dir "$node"
out_has 'open: where' "machine   $user@127.0.0.1:$port"
answer app 'an answer'
run 0 'app' app --dir "$node" state --json 'two words'
like 'its arguments arrive' "$(tail -n 1 "$tmp/commands")" "'app' 'state' '--json' 'two words'$"
answer maintenance 'on'
run 0 'maintenance' maintenance --dir "$node" on 'back at noon'
like 'with its reason' "$(tail -n 1 "$tmp/commands")" "'maintenance' 'on' 'back at noon'$"
run 2 'maintenance off takes none' maintenance --dir "$node" off now
run 7 'ssh: the exit code' ssh --dir "$node" -- 'exit 7'
answer stop 'stopped'
: >"$tmp/commands"
run 1 'down, and nobody to ask' down --dir "$node"
ok 'nothing happened' test ! -s "$tmp/commands"
run 0 'down --yes' down --dir "$node" --yes
out_has 'how it goes on' "stead up --dir '$node'"
run 2 'down --remove' down --dir "$node" --yes --remove
for machine in QEMU DigitalOcean; do
	answer inspect "{\"v\":1,\"dmi\":{\"vendor\":\"$machine\",\"product\":\"x\"},$good$podman}"
	run 0 "a machine of $machine" up --dir "$node"
	is "a machine of $machine: who runs it" "$(jq -r .provider "$state/target.json")" \
		"$([ $machine = QEMU ] && echo null || echo digitalocean)"
done
answer destroy 'removed'
: >"$tmp/commands"
run 1 'destroy, and nobody to ask' destroy --dir "$node" --yes
run 1 'destroy of another domain' destroy --dir "$node" --yes --domain other.example
ok 'nothing happened' test ! -s "$tmp/commands"
grep -vE '^#|BEGIN|END|\|$' "$node/stead.secrets.yaml" | sed -E 's/^[^ ]*: +//; s/^ +//; s/^"(.*)"$/\1/' |
	awk 'length > 15' >"$tmp/secrets"
fails 'no secret is in what was said' grep -qF -f "$tmp/secrets" "$tmp/out" "$tmp/err"
run 0 'destroy' destroy --dir "$node" --yes --domain node.example.org
run 3 'no machine any more' status --dir "$node"
ok 'the settings stay' test -e "$node/stead.yaml"

# --- a key that changes ---
up 0 'the host again' --dry-run
sshd_down
sshd_up other
: >"$tmp/commands"
hang_up
up 1 'another type of key' --dry-run
sshd_down
ssh-keygen -q -t rsa -N '' -f "$tmp/other_rsa"
sshd_up other_rsa
up 1 'the key has changed' --dry-run
err_has 'the known one' "$(print "$tmp/host_rsa.pub")"
err_has 'and the new one' "$(print "$tmp/other_rsa.pub")"
err_has 'what to do' 'made anew'
ok 'nothing was run there' test ! -s "$tmp/commands"
tap_done
