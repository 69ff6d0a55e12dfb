# Plain machines of tier B, reached over ssh, for tests: source it behind tap.sh and node.sh, whose
# inside, node_ready and prove work on them as well. Settings in $dir/n.
# shellcheck shell=bash

# hosts_up TREE...: the lab with machines of these trees, and an ssh agent of its own with one key: the
# user's own keys, configuration and known hosts are left alone.
hosts_up() {
	lab_up
	ok "the machines' trees are built" "$lab" machine build "$@" || tap_done
	eval "$(ssh-agent -s)" >/dev/null
	ssh-keygen -q -t ed25519 -N '' -C lab -f "$STEAD_LAB_RUN/key"
	ssh-add -q "$STEAD_LAB_RUN/key" 2>/dev/null
}

hosts_down() {
	[ -z "${SSH_AGENT_PID:-}" ] || kill "$SSH_AGENT_PID"
	lab_down
}

# host_up NAME TREE: a machine of its own, as a provider hands it out.
host_up() { "$lab" machine start "$1" --tree "$2" --key "$STEAD_LAB_RUN/key.pub"; }

host_ip() { "$lab" machine ip "$1"; }

on_host() { inside "$@"; } # NAME COMMAND...

# make_host_settings DIR NAME [init's arguments...]: a settings folder for the lab's snac on that machine.
make_host_settings() {
	local dir=$1 name=$2 mail=(--set mail=none)
	shift 2
	[[ $* != *mail.host=* ]] || mail=()
	"$stead" init --dir "$dir" \
		--set app=snac --set domain=$web --set admin.name=alice \
		--set admin.email=alice@example.test "${mail[@]}" --set backup=none \
		--set tls.issuer=internal --set machine.os=as-is --set delivery=ssh \
		--set "machine.host=$(host_ip "$name")" --set reach=unchecked \
		--set "images.mirror=http://10.0.2.2:$registry_port" \
		--set images.snac=lab.invalid/snac:2.75 "$@" </dev/null &&
		lock_settings "$dir" "$@"
}

# stead_up NAME [up's arguments...]: without a terminal; the key is said, as nobody can be asked.
stead_up() {
	local name=$1
	shift
	"$stead" up --on "root@$(host_ip "$name")" --dir "$dir/n" --yes --deadline 900 \
		--host-key "$("$lab" machine host-key "$name")" "$@" </dev/null
}

# --- one machine, with either engine ---

# one_machine NAME: $node with $engine, which is what ENGINE says (podman), and $dir; both end with the test.
one_machine() {
	local tree=trixie
	engine=${ENGINE:-podman}
	node=t-$1-$engine
	[ "$engine" = podman ] || tree=bookworm
	hosts_up $tree
	dir=$(mktemp -d)
	trap 'hosts_down; rm -rf "$dir"' EXIT
	ok "a machine starts" host_up "$node" $tree || tap_done
	on_machine=(--set machine.os=as-is --set "machine.engine=$engine" --set delivery=ssh --set reach=unchecked
		--set "machine.host=$(host_ip "$node")")
}

# app_settings APP [init's arguments...]: a settings folder for it on that machine; nothing is locked yet.
app_settings() {
	"$stead" init --dir "$dir/n" --set app="$1" --set domain=$web --set admin.name=alice \
		--set admin.email=alice@example.test --set mail=none --set backup=none --set tls.issuer=internal \
		--set "images.mirror=http://10.0.2.2:$registry_port" "${on_machine[@]}" "${@:2}" </dev/null
}

# up: what it says is in $dir/said.
up() { stead_up "$node" >"$dir/said" 2>&1 || { cat "$dir/said"; return 1; }; }

# first_up: without it the rest makes no sense.
first_up() {
	ok "up makes the node" up || {
		inside "$node" journalctl --no-pager -n 80 | sed 's/^/# /'
		tap_done
	}
}
