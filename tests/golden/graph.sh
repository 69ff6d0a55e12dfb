#!/usr/bin/env bash
# The pictures of nodes: `stead graph` of some cases of host/ against graph/CASE.txt and CASE.dot.
# graphviz judges the latter and draws it.
#
# graph.sh --update writes what is expected anew; look at the difference before you commit it.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. ../lib/tap.sh
stead=$(readlink -f "${STEAD:-../../build/stead}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# picture CASE FORMAT
picture() {
	(cd "$work/$1" && timeout 20 "$stead" graph --apps apps --format="$2") >"$work/$1.$2" 2>"$work/err" </dev/null ||
		cat "$work/err"
}

drawn() { # CASE: graphviz takes it, and every label is in the picture
	python3 - "graph/$1.dot" "$work/$1.svg" <<-'PY'
		import re, sys
		import xml.etree.ElementTree as xml
		labels = re.findall(r'label="([^"]*)"', open(sys.argv[1], encoding="utf-8").read())
		texts = [t.text for t in xml.parse(sys.argv[2]).iter("{http://www.w3.org/2000/svg}text")]
		missing = set(labels) - set(texts)
		assert len(labels) > 5 and not missing, missing
	PY
}

for dot in graph/*.dot; do
	name=$(basename "$dot" .dot)
	cp -r "host/$name" "$work/"
	mkdir -p "$work/$name/apps"
	chmod 600 "$work/$name/stead.secrets.yaml"
	for format in text dot svg; do
		picture "$name" $format
	done
	if [ "${1:-}" = --update ]; then
		cp "$work/$name.text" "graph/$name.txt"
		cp "$work/$name.dot" "$dot"
	fi
	ok "$name: the tree is as expected" diff -u "graph/$name.txt" "$work/$name.text"
	ok "$name: the picture's text is as expected" diff -u "$dot" "$work/$name.dot"
	ok "$name: graphviz draws it all" drawn "$name"
	cp "$work/$name.svg" "$work/first.svg"
	picture "$name" svg
	ok "$name: and the same again" cmp "$work/first.svg" "$work/$name.svg"
done
ok 'there were cases' test "$tap_count" -ge 12

PATH=/nowhere "$stead" graph --dir "$work/snac-internal" --format=svg >"$work/out" 2>"$work/err" </dev/null
is 'without graphviz: exit code 3' $? 3
like 'and what to do instead' "$(cat "$work/err")" 'hint: install graphviz, or use --format=dot'
sed -i 's/^mail: none/mial: none/' "$work/snac-internal/stead.yaml"
"$stead" graph --dir "$work/snac-internal" >"$work/out" 2>"$work/err" </dev/null
is 'settings that are wrong: exit code 1' $? 1
ok 'and no picture' test ! -s "$work/out"
tap_done
