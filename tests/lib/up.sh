# The test of `stead up` on a plain machine, the same for both engines: from nothing to HTTPS, then each kind of
# change. Source it behind tap.sh, node.sh and host.sh, call up_test ENGINE TREE.
# shellcheck shell=bash
# shellcheck source=/dev/null
. "$top/tests/lib/up-app.sh"

# What stead.yaml says. Each test changes one of these and calls write_settings.
declare -A say=(
	[mail]='{host: 10.77.0.1}'
	[size]=2g
	[snac]='{}'
	[snac_image]=lab.invalid/snac:2.75
	[worker_image]=lab.invalid/snac:2.75
	[open]='[]'
)

write_settings() {
	cat >"$dir/n/stead.yaml" <<YAML
app: snac
domain: $web
admin: {name: alice, email: alice@example.test}
mail: ${say[mail]}
backup: none
machine: {host: $(host_ip "$node"), size: ${say[size]}, firewall: {open: ${say[open]}}}
reach: unchecked
tls: internal
snac: ${say[snac]}
images:
  mirror: http://10.0.2.2:$registry_port
  snac: ${say[snac_image]}
  worker: ${say[worker_image]}
YAML
}

apps=
# up [up's arguments...]: with the definition of the moment; what it said is in $dir/said.
up() {
	stead_up "$node" --apps "$apps" "$@" >"$dir/said" 2>&1
	local status=$?
	cat "$dir/said"
	return $status
}

now_ms() { date +%s%3N; }

# units_of: every service of stead that stays or can stay active, and which run of it this is. Those that every new
# plan runs again are left out.
units_of() {
	on_host "$node" systemctl show 'stead-*.service' -p Id,InvocationID,ActiveState |
		awk -F= '{ is[$1] = $2 } !NF { show() } END { show() }
			function show() { if (is["Id"]) print is["Id"], is["InvocationID"], is["ActiveState"]; delete is }' |
		grep -vE '^stead-(prepare|setup|ready|meet|page|apply|resume)\.service' | sort
}

# restarted: the units that are not what they were at the last units_saved, without stead- and .service.
units_saved() { units_of >"$dir/units"; }
restarted() {
	units_of | cat - "$dir/units" | sort | uniq -u | sed 's/^stead-//; s/\.service.*//' | sort -u | xargs
}

answers() { POST=no prove "$node" "$dir"; }
leftovers() {
	on_host "$node" find /etc /usr/local /opt /var/lib/stead -name '.*.stead-new' -o -name '.*.stead-old' -o \
		-path /var/lib/stead/state/apply/journal.json
}
worker_env() { on_host "$node" "$engine" exec stead-worker sh -c "echo \"\$$1\""; }

# What `stead diff` says before a change, of the node and of the settings of the last `up`. $dir/before holds these
# and $before_apps the definition. Only --on is left out of the second: it needs no machine.
foretell() {
	local code
	"$stead" diff --on "root@$(host_ip "$node")" --host-key "$("$lab" machine host-key "$node")" --dir "$dir/n" \
		--apps "$apps" --format=json >"$dir/foretold.json" 2>"$dir/err" </dev/null
	code=$?
	[ $code = 4 ] || [ $code = 0 ] || { cat "$dir/err" "$dir/foretold.json"; return 1; }
	jq -e ".same == $([ $code = 0 ] && echo true || echo false)" "$dir/foretold.json" >/dev/null || return
	[ "$apps" = "$before_apps" ] && [ -z "${by_hand:-}" ] || return 0
	# Here `engine: auto` is what the machine has.
	rm -rf "$dir/old" "$dir/new"
	cp -r "$dir/before" "$dir/old" && cp -r "$dir/n" "$dir/new" &&
		sed -i "s/^machine: {/machine: {engine: $engine, /" "$dir/old/stead.yaml" "$dir/new/stead.yaml" || return
	"$stead" diff "$dir/old" "$dir/new" --apps "$apps" --format=json >"$dir/offline.json" 2>"$dir/err" </dev/null
	[ $? = $code ] || { cat "$dir/err"; return 1; }
}

# The names that are told to stop, restart, start or be made anew, as `restarted` has them. stead's own units run again
# for each plan, and the rules of the firewall are loaded without a restart.
foretold() {
	jq -r '.order[] | select(.do != "run again" and .do != "reload") | if .do == "make anew" then .name + "-network" else .name end' \
		"$dir/foretold.json" | sed 's/^stead-//; s/\.service$//' | sort -u | xargs
}

# What was told to wait for another is active after it.
in_order() {
	local name after
	jq -r '.order[] | .name as $n | .after[] | "\($n) stead-\(.).service"' "$dir/foretold.json" >"$dir/pairs"
	while read -r name after; do
		[ "$(active_since "$name")" -ge "$(active_since "$after")" ] || { echo "$name before $after"; return 1; }
	done <"$dir/pairs"
}
active_since() { on_host "$node" systemctl show -P ActiveEnterTimestampMonotonic "$1" </dev/null; }

# changes WHAT UNITS [up's arguments...]: after `up` just UNITS run anew, as foretold; all is well and nothing lies
# about. $by_hand: the node was changed, and not the settings.
changes() {
	local what=$1 units=$2
	shift 2
	units_saved
	ok "$what: it is foretold" foretell
	is "$what: what is to restart" "$(foretold)" "$units"
	if [ "$apps" = "$before_apps" ] && [ -z "${by_hand:-}" ]; then
		is "$what: the settings alone tell the same" "$(jq -c '[.order, .untouched]' "$dir/offline.json")" \
			"$(jq -c '[.order, .untouched]' "$dir/foretold.json")"
	fi
	ok "$what: up" up "$@" || on_host "$node" journalctl --no-pager -u stead-apply -n 30 | sed 's/^/# /'
	is "$what: what is restarted" "$(restarted)" "$units" || {
		diff "$dir/units" <(units_of) | sed 's/^/# /'
	}
	ok "$what: in the order that was told" in_order
	ok "$what: the site answers" answers
	is "$what: nothing half-made is left" "$(leftovers)" ""
	remember
}

before_apps=
remember() {
	rm -rf "$dir/before" && cp -r "$dir/n" "$dir/before"
	before_apps=$apps
}

# --- the parts ---

host_keys_are_minded() {
	local key
	fails "an unknown host key is not taken when nobody can be asked" \
		"$stead" up --on "root@$(host_ip "$node")" --dir "$dir/n" --apps "$apps" --yes
	key=SHA256:$(head -c 32 /dev/zero | base64 | tr -d =)
	fails "nor is another key than the one that is said" \
		"$stead" up --on "root@$(host_ip "$node")" --dir "$dir/n" --apps "$apps" --yes --host-key "$key"
	fails "nothing came to the machine" on_host "$node" test -e /usr/local/bin/stead-node
}

first_up() {
	local t0
	t0=$(now_ms)
	ok "up makes the node" up || {
		on_host "$node" journalctl --no-pager -n 60 | sed 's/^/# /'
		tap_done
	}
	first_ms=$(($(now_ms) - t0))
	echo "# from nothing: $first_ms ms"
	ok "it answers from outside" prove "$node" "$dir"
	is "with this engine" "$(on_host "$node" stead-node status --json | jq -r '.engine // "'"$engine"'"')" "$engine"
	is "no unit has failed" "$(on_host "$node" systemctl --failed --no-legend)" ""
	is "nothing half-made is left" "$(leftovers)" ""
	ok "the machine's own key is still there" \
		test "$(on_host "$node" ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2)" = \
		"$("$lab" machine host-key "$node")"
}

nothing_to_do() {
	local t0 ms
	units_saved
	ok "$1: it is foretold" foretell
	is "$1: that nothing changes" "$(jq -c '[.same, .order]' "$dir/foretold.json")" '[true,[]]'
	t0=$(now_ms)
	ok "$1: up once more" up
	ms=$(($(now_ms) - t0))
	echo "# without a change: $ms ms"
	like "$1: it says that nothing changes" "$(cat "$dir/said")" '^nothing to change'
	is "$1: nothing is restarted" "$(restarted)" ""
	ok "$1: it is much quicker than the first time" test $((ms * 2)) -lt "$first_ms"
}

settings_change() {
	say[mail]='{host: 10.77.0.1, port: 2525}' && write_settings
	changes "mail settings" worker
	is "mail settings: the process has them" "$(worker_env MAIL)" 10.77.0.1:2525

	say[size]=4g && write_settings
	changes "size" worker
	is "size: the process has it" "$(worker_env THREADS)" 4

	say[snac]='{env: {COLOUR: blue}}' && write_settings
	changes "a new variable" "snac worker"
	is "a new variable: the process has it" "$(worker_env COLOUR)" blue

	say[open]='[tcp/9000]' && write_settings
	changes "an open port" ""
	ok "an open port: the firewall lets it in" \
		sh -c "\"$lab\" node exec $node nft list table inet stead | grep -q 9000"

	sed -i -E '/worker_key/ s/[0-9a-f]{64}/'"$(head -c 32 /dev/urandom | sha256sum | cut -c1-64)"'/' "$dir/n/stead.secrets.yaml"
	changes "a rotated secret" worker
	is "a rotated secret: the process has it" "$(worker_env WORKER_KEY)" \
		"$(sed -n 's/.*worker_key: *"\{0,1\}\([0-9a-f]\{64\}\).*/\1/p' "$dir/n/stead.secrets.yaml")"
	fails "a rotated secret: it is not shown" grep -qF "$(worker_env WORKER_KEY)" "$dir/said"
}

images_and_processes_change() {
	say[snac_image]=lab.invalid/snac:2.75-1 && write_settings && lock_settings "$dir/n" --apps "$apps"
	changes "another image" snac
	like "another image: it is the one that runs" \
		"$(on_host "$node" "$engine" inspect stead-snac --format '{{.Config.Labels}}')" 'build:1'

	say[snac]='{env: {COLOUR: blue}, worker: false}' && write_settings
	changes "a removed process" worker
	is "a removed process: its container is gone" \
		"$(on_host "$node" "$engine" ps -a --format '{{.Names}}' | sort | xargs)" "stead-caddy stead-snac"
	is "a removed process: its unit is gone" \
		"$(on_host "$node" systemctl show -P LoadState stead-worker.service)" not-found
	fails "a removed process: its secrets are gone" on_host "$node" test -e /etc/stead/secrets/worker.env

	say[snac]='{env: {COLOUR: blue}}' && write_settings
	changes "an added process" worker
	is "an added process: it runs" "$(on_host "$node" systemctl is-active stead-worker)" active

	apps=$dir/apps-ext
	changes "a process on another network" worker
	is "a process on another network: it is there" "$(networks_of stead-worker)" "stead-ext stead-int"
}

networks_of() {
	on_host "$node" "$engine" inspect "$1" --format '{{range $n, $v := .NetworkSettings.Networks}}{{$n}} {{end}}' |
		xargs -n1 | sort | xargs
}

# The domain makes a network's addresses, and cannot change. So the node is brought onto others by hand, and wholly:
# `up` has to bring it back.
network_changes() {
	local files
	files=$(on_host "$node" grep -rlF 10.217.2. /etc/containers/systemd /etc/systemd/system)
	ok "a changed network: the node is moved by hand" on_host "$node" sh -euc '
		systemctl stop stead.target stead-app.target stead-data.target
		systemctl stop "stead-*-network.service" stead-snac stead-caddy stead-worker
		'"$engine"' network rm stead-ext >/dev/null 2>&1 || :
		sed -i "s/10\.217\.2\./10.217.99./g" '"$(xargs <<<"$files")"'
		systemctl daemon-reload
		systemctl start stead.target'
	ok "a changed network: it is ready there" node_ready "$node" 120
	like "a changed network: it is another one" "$(on_host "$node" "$engine" network inspect stead-ext)" '10\.217\.99\.'
	by_hand=yes changes "a changed network" "caddy ext-network snac worker"
	ok "a changed network: somebody waited" test -s "$dir/pairs"
	like "a changed network: it is the right one" "$(on_host "$node" "$engine" network inspect stead-ext)" '10\.217\.2\.'
}

agent_changes() {
	local installed=$dir/installed old
	mkdir -p "$installed/bin" "$installed/lib/stead"
	cp "$stead" "$installed/bin/stead"
	cp "${STEAD_NODE:-$(dirname "$stead")/stead-node}" "$installed/lib/stead/stead-node"
	printf 'another build' >>"$installed/lib/stead/stead-node"
	old=$stead
	stead=$installed/bin/stead
	changes "another agent" ""
	ok "another agent: it is the one on the machine" \
		sh -c '"$1" node exec "$2" cat /usr/local/bin/stead-node | cmp - "$3"' _ "$lab" "$node" "$installed/lib/stead/stead-node"
	stead=$old
	ok "the first agent comes back" up
}

bad_change() {
	local good=$apps
	apps=$dir/apps-bad
	units_saved
	up >"$dir/out" 2>&1
	is "a bad change: up ends with 1" $? 1 || sed 's/^/# /' "$dir/said"
	like "a bad change: it says that the old state is back" "$(cat "$dir/said")" 'return|previous|as it was'
	like "a bad change: and which process does not come" "$(cat "$dir/said")" worker
	is "a bad change: only that process was touched" "$(restarted)" worker
	ok "a bad change: the site answers" answers
	# The agent asks the process itself; its unit is active only when its own wait has asked too.
	ok "a bad change: the worker is the old one" until_ok 30 on_host "$node" systemctl is-active stead-worker
	is "a bad change: nothing half-made is left" "$(leftovers)" ""
	is "a bad change: it is kept in mind" \
		"$(on_host "$node" jq -r .result /var/lib/stead/state/apply/last.json)" returned
	apps=$good
	nothing_to_do "after a bad change"
}

other_host_key() {
	cp "$dir/n/known_hosts" "$dir/known"
	sed -i -E "s/(ssh-ed25519 ).*/\1$(ssh-keygen -q -t ed25519 -N '' -f "$dir/other" && cut -d' ' -f2 "$dir/other.pub" | sed 's/[\/&]/\\&/g')/" \
		"$dir/n/known_hosts"
	fails "a host with another key than the known one is refused" up --host-key "$("$lab" machine host-key "$node")"
	mv "$dir/known" "$dir/n/known_hosts"
	ok "with the right one it goes on, unasked" "$stead" up --dir "$dir/n" --apps "$apps" --yes </dev/null
}

up_test() { # ENGINE TREE
	engine=$1 node=t-up-$1 apps=$dir/apps
	make_app "$dir/apps"
	make_app "$dir/apps-ext" "$worker_command" '[int, ext]'
	make_app "$dir/apps-bad" '[sh, -c, "echo no worker today; exit 1"]' '[int, ext]'
	ok "a machine starts" host_up "$node" "$2" || tap_done
	ok "settings are made" make_host_settings "$dir/n" "$node" --apps "$apps" --set mail.host=10.77.0.1 \
		--set images.worker=lab.invalid/snac:2.75
	write_settings
	host_keys_are_minded
	first_up
	remember
	nothing_to_do "no change"
	settings_change
	images_and_processes_change
	network_changes
	agent_changes
	bad_change
	other_host_key
}
