#!/usr/bin/env bash
# What takes the disk, when it is full, and what can go.
. "$(dirname "$0")/lib.sh"

SAMPLES=var/lib/stead/state/space.json
DAY=86400

node() { # [CODE]...
	new_root "$@"
	mkdir -p "$ROOT/var/lib/stead/data/server/data" "$ROOT/var/lib/stead/state"
}
space() { # EXPRESSION of jq
	agent space --json >"$ROOT.space" 2>"$ROOT.err" && jq -e "$1" "$ROOT.space" >/dev/null && return
	cat "$ROOT.err" "$ROOT.space"
	return 1
}

volumes() {
	local data
	node
	data=$ROOT/var/lib/stead/data/server/data
	head -c 3M /dev/urandom >"$data/post"
	ln "$data/post" "$data/again"
	mkdir "$data/sub"
	head -c 1M /dev/urandom >"$data/sub/media"
	ln -s / "$data/elsewhere"
	mkdir "$data/mounted"
	mount -t tmpfs tmpfs "$data/mounted" && mounts+=("$data/mounted")
	head -c 5M /dev/urandom >"$data/mounted/other"
	# Each file once, neither what a link leads to nor another file system.
	space '.uses[] | select(.what == "data") | .kind == "precious" and .partly == false
		and .bytes >= 4194304 and .bytes < 4400000' || return 1
	agent space >"$ROOT.text" 2>&1 || return 1
	grep -Eq '^ +4\.[0-1] MiB  data \(precious\)$' "$ROOT.text" && return
	cat "$ROOT.text"
	return 1
}

images() {
	node
	: >"$ENGINE/images/registry.example_server:1"
	space '([.uses[] | select(.what == "images")][0].bytes == 104857600) and .can_go == []' || return 1
	: >"$ENGINE/images/registry.example_server:0"
	space '([.uses[] | select(.what == "images")][0].bytes == 209715200)
		and (.can_go | length == 1 and .[0].bytes == 104857600 and .[0].how == "podman image prune --all")'
}

cache() {
	node 'p["volumes"][0]["class"] = "cache"'
	head -c 1M /dev/urandom >"$ROOT/var/lib/stead/data/server/data/x"
	space '.can_go[0] | .what == "data" and .bytes >= 1048576
		and (.how | startswith("what lies in /var/lib/stead/data/server/data,"))'
}

# The samples of a disk as large as this one, DAYS ago with so many bytes less.
grown() { # BYTES DAYS...
	local bytes=$1 now size used
	now=$(date +%s)
	shift
	agent space --note 2>"$ROOT.err" || return 1
	read -r size used < <(jq -r '.samples[-1] | "\(.size) \(.used)"' "$ROOT/$SAMPLES")
	for days in "$@"; do
		jq -n "{at: ($now - $days * $DAY), used: ($used - $days * $bytes), size: $size}"
	done | jq -s '{v: 1, samples: .}' >"$ROOT/$SAMPLES"
}
growth() {
	node
	mount -t tmpfs -o size=1g tmpfs "$ROOT/var/lib/stead" && mounts+=("$ROOT/var/lib/stead")
	mkdir "$ROOT/var/lib/stead/state"
	fallocate -l 100M "$ROOT/var/lib/stead/file"
	space '.per_day == null and .full_in_days == null' || return 1
	agent space | grep -q '^when it is full is known after a day$' || return 1
	grown 5000000 10 5 || return 1
	space '.per_day > 4900000 and .per_day < 5100000 and .full_in_days > 180 and .full_in_days < 200' || return 1
	agent space | grep -Eq '^full in 1[89][0-9] days, at 4.8 MiB a day since [0-9]{4}-' || return 1
	# It shrinks.
	grown -5000000 10 || return 1
	space '.per_day < -4900000 and .full_in_days == null' || return 1
	agent space | grep -q '^it has not grown since '
}
is_kept() { # N
	[ "$(jq '.samples | length' "$ROOT/$SAMPLES")" = "$1" ] && return
	cat "$ROOT/$SAMPLES"
	return 1
}
changed() { # FILTER of jq, for the file of samples
	jq "$1" "$ROOT/$SAMPLES" >"$ROOT.changed" && cp "$ROOT.changed" "$ROOT/$SAMPLES"
}
samples() {
	node
	agent space --note || return 1
	for hours in 9 5 1; do # ago
		changed ".samples[-1].at = $(date +%s) - $hours * 3600"
		agent space --note || return 1
	done
	is_kept 2 || return 1 # the first, and the last of this day
	changed '.samples[].size += 4096'
	agent space --note && is_kept 1 || return 1 # the disk is another one
	jq -n '{v: 1, samples: [range(200) | {at: (. + 1), used: 1, size: 2}]}' >"$ROOT/$SAMPLES"
	agent space --note && is_kept 1 || return 1
	for text in '' '{' '[]' '{"samples":7}' '{"samples":[{"at":"x"},7,{"at":-1,"used":9,"size":3}]}'; do
		printf %s "$text" >"$ROOT/$SAMPLES"
		agent space --note && is_kept 1 || return 1
	done
}

status_is() { # EXPRESSION of jq
	agent status --json >"$ROOT.status" 2>"$ROOT.err"
	jq -e "$1" "$ROOT.status" >/dev/null && return
	cat "$ROOT.err" "$ROOT.status"
	return 1
}
full() {
	node
	echo active >"$ENGINE/units/stead.target"
	mount -t tmpfs -o size=64m tmpfs "$ROOT/var/lib/stead" && mounts+=("$ROOT/var/lib/stead")
	fallocate -l 40M "$ROOT/var/lib/stead/file"
	status_is '.state != "failed"' || return 1
	fallocate -l 60M "$ROOT/var/lib/stead/file"
	status_is '.state == "failed" and (.waiting_for
		| startswith("room on the disk: it is full, 4.0 MiB of 64 MiB are free at /var/lib/stead"))' || return 1
	rm "$ROOT/var/lib/stead/file"
	status_is '.state != "failed"'
}

trouble() {
	node
	touch "$ENGINE/away"
	chmod 0 "$ROOT/var/lib/stead/state"
	PATH=$ROOT/nothing:/usr/bin:/bin agent space >"$ROOT.text" 2>"$ROOT.err" || return 1
	grep -q '>  *0.0 KiB  images (could not be asked)$' "$ROOT.text" || { cat "$ROOT.text"; return 1; }
	grep -q 'podman' "$ROOT.err" || { cat "$ROOT.err"; return 1; }
	agent space --all 2>"$ROOT.err"
	[ $? = 2 ] && grep -q -e "what is '--all'" "$ROOT.err" || return 1
	rm -r "$ROOT/var/lib/stead"
	agent space 2>"$ROOT.err"
	[ $? = 1 ] && grep -q 'space: /var/lib/stead: No such file' "$ROOT.err"
}

tap "volumes" volumes
tap "images" images
tap "a cache" cache
tap "when it is full" growth
tap "it is full" full
tap "one sample a day" samples
tap "trouble" trouble
tap_end
