#!/usr/bin/env bash
# Applications x sizes x engines x what else can be asked for: each is rendered, twice with the same bytes, and those are
# the bytes of matrix.txt, which has of each tree how many files, units and containers there are, and a hash of it all.
# Trees to be read are in host/; the real tools judge those.
#   matrix.sh [--update]
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lib/tap.sh
stead=${STEAD:-build/stead}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
key='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKjutSaPxZMNwOrETbR+Ws+ijAC+jmT3TDyyJai7H3xo alice@laptop'
mail='{ host: smtp.example.net, port: 587, user: hello@example.org, from: "Example <hello@example.org>" }'
postgres='postgres://stead@%s.example.net:5432/app?sslmode=require'

# What a feature adds: to the settings, to their `machine`, to the secrets.
declare -A settings=(
	[s3]='media: { store: { s3: { endpoint: "https://s3.example.net", bucket: media, region: eu-1, public_host: files.example.org } } }'
	[database]="database: { url: \"${postgres/\%s/pool}\", direct_url: \"${postgres/\%s/db}\" }"
	[redis]='redis: { url: "rediss://redis.example.net:6380" }'
	[domain]='web: site.example.org'
	[opensearch]='search: opensearch'
	[elasticsearch]='search: elasticsearch'
	[search]='search: { url: "https://stead@search.example.net:9243" }'
	[split]='mastodon: { sidekiq: split }'
)
declare -A machine=(
	[network]='  network: [ { interface: ens3, address: 203.0.113.7/24, gateway: 203.0.113.1, dns: [ 192.0.2.53 ] } ]'
	[disk]='  data: /dev/disk/by-id/virtio-data'
)
declare -A secrets=(
	[s3]=$'media.access_key: "KEYOFATESTCASE"\nmedia.secret_key: "secret of a test case"'
	[database]='database.password: "database of a test case"'
	[redis]='redis.password: "redis of a test case"'
	[search]='search.password: "search of a test case"'
)
declare -A secrets_of=([mastodon]=mastodon-16g-split [diaspora]=diaspora-docker [gotosocial]=gotosocial [snac]=snac-docker)
declare -A images_of=([diaspora]='images: { web: registry.example.net/diaspora:0.9.1.0 }'
	[snac]='images: { snac: registry.example.net/snac:2.75 }')

# added TABLE FEATURE...: what the features have there.
added() {
	local -n table=$1
	local feature
	shift
	for feature in "$@"; do
		[ -z "${table[$feature]:-}" ] || echo "${table[$feature]}"
	done
}

write_settings() { # APP SIZE ENGINE OS FEATURE...
	local app=$1 size=$2 engine=$3 os=$4
	shift 4
	printf '%s\n' "app: $app" 'domain: example.org' 'admin: { name: alice, email: alice@example.net }' \
		"mail: $mail" 'backup: none' "${images_of[$app]:-}"
	added settings "$@"
	printf '%s\n' machine: "  os: $os" "  engine: $engine" "  size: $size" "  ssh_keys: [ \"$key\" ]"
	added machine "$@"
}

node() { # APP SIZE ENGINE OS FEATURE...
	local app=$1 name dir
	name=$(IFS=-; echo "$*")
	dir=$work/nodes/$name
	shift
	mkdir -p "$dir"
	names+=("$name")
	write_settings "$app" "$@" >"$dir/stead.yaml"
	printf '%s\n' 'lock: 1' "app: $app" 'domain: example.org' 'lineage: 00112233445566778899aabbccddeeff' >"$dir/stead.lock"
	{
		grep -v '^mail\.' "tests/golden/host/${secrets_of[$app]}/stead.secrets.yaml"
		echo 'mail.password: "mail of a test case"'
		added secrets "${@:4}"
	} >"$dir/stead.secrets.yaml"
	chmod 600 "$dir/stead.secrets.yaml"
}

# The tree of a node in one line.
line_of() { # NAME TREE
	local files units containers hash
	files=$(find "$2" ! -type d | wc -l)
	units=$(find "$2/etc/systemd/system" -type f | wc -l)
	containers=$(find "$2" -name '*.container' | wc -l)
	hash=$(cd "$2" && find . -printf '%p %y %m %l\n' -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum)
	echo "$1 files $files units $units quadlets $containers ${hash:0:16}"
}

render() { # NAME OUT
	"$stead" render --tree "$2" --no-agent --dir "$work/nodes/$1" >"$work/said" 2>&1 ||
		{ cat "$work/said"; return 1; }
}
rendered_twice() { # NAME
	render "$1" "$work/one" && render "$1" "$work/two" && diff -r --no-dereference "$work/one" "$work/two" &&
		line_of "$1" "$work/one" >>"$work/matrix.txt"
}

names=()
for engine in podman docker; do
	for os in fcos flatcar; do
		for size in 2g 4g 8g 16g; do node mastodon $size $engine $os; done
		for size in 2g 4g 8g; do node diaspora $size $engine $os; done
		for size in 1g 2g 4g 8g; do node gotosocial $size $engine $os; done
		node snac 1g $engine $os
		for feature in s3 database redis search domain network disk; do node mastodon 4g $engine $os $feature; done
		for feature in opensearch elasticsearch; do node mastodon 8g $engine $os $feature; done
		node mastodon 8g $engine $os split
		node mastodon 16g $engine $os opensearch split
		node mastodon 8g $engine $os s3 database redis search domain network disk split
		for feature in database redis network disk; do node diaspora 4g $engine $os $feature; done
		for feature in s3 database domain network disk; do node gotosocial 2g $engine $os $feature; done
		for feature in network disk; do node snac 1g $engine $os $feature; done
	done
done
for name in "${names[@]}"; do
	ok "$name" rendered_twice "$name"
	rm -rf "$work/one" "$work/two"
done
[ "${1:-}" != --update ] || cp "$work/matrix.txt" tests/golden/matrix.txt
ok "all are as expected" diff tests/golden/matrix.txt "$work/matrix.txt"
tap_done
