#!/usr/bin/env bash
# The judge of all tests: a failure that it misses would be missed everywhere.
set -u
cd "$(dirname "$0")/../.."

n=0 failed=0
judged() { # NAME STATUS TAP EXPECTED
	local got
	got=$(printf "$3" | awk -v status="$2" -f tests/judge.awk)
	n=$((n + 1))
	if [ "${got% }" = "$4" ]; then
		echo "ok $n - $1"
	else
		failed=1
		printf 'not ok %d - %s\n#   got: %s\n#   expected: %s\n' "$n" "$1" "$got" "$4"
	fi
}

judged 'all is well' 0 'ok 1 - a\nok 2 - b\n1..2\n' '2 0 0'
judged 'the plan may come first' 0 '1..1\nok 1 - a\n' '1 0 0'
judged 'one that failed' 1 'ok 1 - a\nnot ok 2 - b\n1..2\n' '1 1 0'
judged 'a failure counts whatever the status' 0 'not ok 1 - a\n1..1\n' '0 1 0'
judged 'one skipped' 0 'ok 1 - a # SKIP no qemu\nok 2 - b # skip\n1..2\n' '0 0 2'
judged 'all skipped' 0 '1..0 # SKIP no qemu\n' '0 0 1'
judged 'nothing at all' 0 '' '0 1 0 it ended without its plan'
judged 'a crash after some' 139 'ok 1 - a\n' '1 1 0 it ended without its plan'
judged 'fewer than planned' 0 'ok 1 - a\n1..2\n' '1 1 0 it planned 2 results and gave 1'
judged 'more than planned' 0 'ok 1\nok 2\n1..1\n' '2 1 0 it planned 1 results and gave 2'
judged 'a status that nothing explains' 3 'ok 1 - a\n1..1\n' '1 1 0 its exit status is 3'
judged 'too long' 124 'ok 1 - a\n1..1\n' '1 1 0 it took too long or was killed'
judged 'two plans' 0 'ok 1\n1..1\n1..1\n' '1 1 0 it has several plans'
judged 'other output' 0 'okay\nnot okay\n# ok 9\n  ok 3 - nested\nok 1 - a\n1..1\n' '1 0 0'

echo "1..$n"
exit $failed
