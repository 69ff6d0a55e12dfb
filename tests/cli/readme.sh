#!/usr/bin/env bash
# What the README shows is what happens: its settings pass, its report is the report, its commands are there.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
stead=${STEAD:-$PWD/build/stead}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/.ssh"
ssh-keygen -q -t ed25519 -N '' -f "$tmp/.ssh/id_ed25519"
export HOME=$tmp

sed -n '/^\$ cat stead.yaml/,/^\$ stead check/p' README.md | grep -v '^\$' >"$tmp/stead.yaml"
ok "the README has settings" grep -q '^app: snac' "$tmp/stead.yaml"
ok "init with the same answers" "$stead" init --dir "$tmp/n" --set app=snac --set domain=example.org \
	--set admin.name=alice --set admin.email=alice@example.net --set mail=none --set backup=none \
	--set images.snac=registry.example.org/snac:2.75
cp "$tmp/stead.yaml" "$tmp/n/"
is "the README's settings have no problems" "$("$stead" check --dir "$tmp/n" 2>&1)" "no problems"
ok "explain answers for the README's line" "$stead" explain --dir "$tmp/n" /etc/stead/firewall.nft:12

# The report: a file with that line in that place gives it.
sed -n '/^stead.yaml:7:9:/,/^```/p' README.md | grep -v '^```' >"$tmp/report"
{
	printf 'app: snac\ndomain: example.org\nadmin: {name: alice, email: alice@example.net}\nbackup: none\nmail:\n'
	printf '  host: smtp.example.net\n  port: 70000\n'
} >"$tmp/n/stead.yaml"
is "the README's report is the report" "$(cd "$tmp/n" && "$stead" check | head -n 3)" "$(cat "$tmp/report")"

commands=$("$stead" --help)
for c in $(sed -n 's/^\$ //p' README.md | tr ';' '\n' | sed -n 's/^ *stead \([a-z]*\).*/\1/p' | sort -u); do
	like "stead $c is a command" "$commands" "^  $c( |$)"
done
for t in $(grep -o 'make [a-z]*' README.md | awk '{ print $2 }' | sort -u); do
	ok "make $t is a target" grep -qE "^$t:" Makefile
done
tap_done
