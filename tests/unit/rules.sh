#!/usr/bin/env bash
# Every rule that a line of output names has its sentence in src/node/rules.c.
set -u
cd "$(dirname "$0")/../.."

known=$(grep -oE '^	\{ "[a-z]+\.[a-z0-9-]+"' src/node/rules.c | cut -d'"' -f2)
used=$(grep -rhoE '(LINES?\([a-z]+, |origin_rule\(|group_line\(host, file, |\.?rule = )"[a-z]+\.[a-z0-9-]+"' \
	src/node src/host src/graph src/ignition | grep -oE '"[^"]+"' | tr -d '"' | sort -u)

n=0 failed=0
for rule in $used; do
	n=$((n + 1))
	if grep -qxF "$rule" <<<"$known"; then
		echo "ok $n - $rule"
	else
		echo "not ok $n - $rule has no sentence in src/node/rules.c"
		failed=1
	fi
done
[ "$n" -gt 10 ] || { n=$((n + 1)); echo "not ok $n - rules are found in the sources"; failed=1; }
echo "1..$n"
exit $failed
