#!/usr/bin/env bash
# A whole node of a large application as the user data of a provider that takes 16,384 bytes: images locked by
# digests, and the agent fetched from a web server by its hash.
. "$(dirname "$0")/lib.sh"
key='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKjutSaPxZMNwOrETbR+Ws+ijAC+jmT3TDyyJai7H3xo alice@laptop'
url=https://github.example.org/somebody/stead/releases/download/v0.1.0/stead-node-x86_64
takes='of the 16384 that AWS EC2 takes'

inline_node() { # CASE OS: the settings of a case as an inline node of AWS, in $tmp/n
	rm -rf "$tmp/n"
	cp -r "tests/golden/host/$1" "$tmp/n"
	chmod 600 "$tmp/n/stead.secrets.yaml"
	sed -i '/^  os:/d; /^  ssh_keys:/d; /^delivery:/d; s/^machine:$/&\n  os: '"$2"'\n  provider: aws\n  ssh_keys: ["'"$key"'"]/' \
		"$tmp/n/stead.yaml"
	echo 'delivery: inline' >>"$tmp/n/stead.yaml"
	"$stead" render ignition --dir "$tmp/n" -o "$tmp/ign" 2>"$tmp/err"
	echo images: >>"$tmp/n/stead.lock"
	sed -nE "s/.*'([^']+)' is not locked.*/\1/p" "$tmp/err" | LC_ALL=C sort -u | while read -r image; do
		printf '  %s: sha256:%s\n' "$image" "$(sha256sum <<<"$image" | cut -d' ' -f1)"
	done >>"$tmp/n/stead.lock"
}

for case in tests/golden/host/mastodon-*; do
	case=${case##*/}
	for os in fcos flatcar; do
		inline_node "$case" "$os"
		run 0 "$case, $os" render ignition --agent-url "$url" --dir "$tmp/n" -o "$tmp/ign"
		size=$(stat -c %s "$tmp/ign")
		if [ "$case" = mastodon-16g-split ]; then # ten processes, and search: as much as there is
			err_has "$case, $os: $size bytes are too many, and it is said" 'warning[provider.user-data]'
			continue
		fi
		ok "$case, $os: $size bytes" test "$size" -le 16384
		ok "$case, $os: it is the whole node" test "$size" -ge 8000
		err_has "$case, $os: both numbers are said" "$size bytes $takes"
		fails "$case, $os: all images are locked" grep -q unlocked "$tmp/err"
	done
done
inner() { jq -r .ignition.config.replace.source "$tmp/ign" | sed 's/^data:[^,]*,//' | base64 -d | zcat; }
is 'the agent is fetched from there' \
	"$(inner | jq -r '.storage.files[] | select(.path == "/opt/bin/stead-node").contents.source')" "$url"
is 'and no other is taken' \
	"$(inner | jq -r '.storage.files[] | select(.path == "/opt/bin/stead-node").contents.verification.hash')" \
	"sha256-$(sha256sum <"${STEAD_NODE:-build/stead-node}" | cut -d' ' -f1)"
for bad in stead-node file:///stead-node https:// https:///x 'https://a b'; do
	run 2 "no address: $bad" render ignition --agent-url "$bad" --dir "$tmp/n"
	err_has "no address: $bad: it is said" 'begins with https://'
done
run 2 'from there, and not at all' render ignition --agent-url "$url" --no-agent --dir "$tmp/n"
tap_done
