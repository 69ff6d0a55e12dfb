#!/usr/bin/env bash
# `stead up` as a user who is not root but may use sudo, on a machine whose shell greets even those who only run a
# command: the first day, each verb, the folder back from the node, and the end.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
hosts_up trixie
dir=$(mktemp -d)
trap 'hosts_down; rm -rf "$dir"' EXIT
node=t-up-sudo

ok "a machine starts" host_up $node trixie || tap_done
ok "it has a user of that kind" on_host $node sh -euc '
	useradd -m -s /bin/bash ann
	install -d -m 700 -o ann /home/ann/.ssh
	install -m 600 -o ann /root/.ssh/authorized_keys /home/ann/.ssh/authorized_keys
	sed -i "1i echo good morning" /home/ann/.bashrc
	echo "Defaults requiretty" >/etc/sudoers.d/tty'
at=ann@$(host_ip $node) key=$("$lab" machine host-key $node)
ok "settings are made" make_host_settings "$dir/n" $node
as() { # VERB [ARGUMENTS...]: in the folder $in
	local verb=$1
	shift
	"$stead" "$verb" --dir "$in" "$@" </dev/null >"$dir/out" 2>"$dir/err"
}
in=$dir/n
as up --on "$at" --yes --host-key "$key"
is "without sudo: refused" $? 1
like "without sudo: said so" "$(cat "$dir/err")" "not root, and 'sudo -n' does not work"
fails "without sudo: nothing came to the machine" on_host $node test -e /usr/local/bin/stead-node
ok "it may use sudo" on_host $node sh -euc '
	rm /etc/sudoers.d/tty
	echo "ann ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/ann'
ok "up makes the node" as up --on "$at" --yes --deadline 900 || {
	sed 's/^/# /' "$dir/err"
	tap_done
}
ok "it answers from outside" prove $node "$dir"
ok "status" as status --json
is "status: nothing but JSON" "$(jq -r .state "$dir/out")" ready
ok "the owner's login" as open --login
like "the owner's login: it is there" "$(cat "$dir/out")" '^password +[^ ]+$'
ok "the application's tools" as app state
ok "the logs" as logs caddy
like "the logs: they are there" "$(cat "$dir/out")" stead-caddy
ok "maintenance" as maintenance on
ok "and back" as maintenance off
ok "it is ready again" node_ready $node 60

ok "adopt brings the folder back" "$stead" adopt "$at" --dir "$dir/a" --host-key "$key" </dev/null
for file in stead.yaml stead.lock stead.secrets.yaml; do
	ok "$file is as it was" cmp "$dir/n/$file" "$dir/a/$file"
done
in=$dir/a
ok "up from there" as up
like "up from there: there is nothing to change" "$(cat "$dir/out")" '^nothing to change'
sed -i 's/^  email: .*/  email: other@example.test/' "$dir/a/stead.yaml"
ok "a change from there" as up --yes --deadline 900
like "a change from there: said in a line" "$(cat "$dir/out")" '^changed admin settings: restarted stead-snac$'
ok "down" as down --yes
fails "down: it is not ready" as status
ok "up again" as up --yes --deadline 900
ok "destroy" as destroy --yes --domain $web
fails "destroy: the plan is gone" on_host $node test -e /etc/stead/node.json
fails "destroy: the agent is gone" on_host $node test -e /usr/local/bin/stead-node
tap_done
