#!/usr/bin/env bash
# The reports of broken (and some good) settings and app files, compared with what is expected.
# reports.sh --update writes what is expected anew; look at the difference before you commit it.
set -u
cd "$(dirname "$0")" || exit 1
top=$PWD/../..
judge=${GOLDEN_REPORT:-$top/build/asan/tests/golden/golden-report}
[ -x "$judge" ] || judge=$top/build/tests/golden/golden-report
if [ ! -x "$judge" ]; then
	echo "not ok 1 - golden-report is built"
	echo "1..1"
	exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/both"
n=0 failed=0

result() { # STATUS NAME
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
	fi
}

# The text, the exit status that its errors ask for, and the same findings as JSON.
one_case() { # KIND FILE DIR
	local name=$1/${3##*/} status want=0
	(cd "$3" && timeout 300 "$judge" "$1" "$2") >"$work/text" 2>"$work/err"
	status=$?
	(cd "$3" && timeout 300 "$judge" "$1" "$2" --json) >"$work/json" 2>>"$work/err"
	if [ "$update" = 1 ]; then
		cp "$work/text" "$3/expected.txt"
	fi
	diff -u "$3/expected.txt" "$work/text" | sed 's/^/# /'
	grep -q ' error\[' "$work/text" && want=1
	cmp -s "$3/expected.txt" "$work/text" && [ $status = $want ] && [ ! -s "$work/err" ]
	result $? "$name"
	sed 's/^/# /' "$work/err"
	mv "$work/text" "$work/both/$n.text"
	mv "$work/json" "$work/both/$n.json"
}

# Of all cases at once: python takes longer to start than everything else here.
same_findings() {
	python3 - "$work/both" <<-'PY'
		import glob, json, re, sys
		head = re.compile(r"^(?:\S+?(?::\d+:\d+)?: )?(error|warning|note)\[([a-z0-9.-]+)\]: ", re.M)
		wrong = 0
		texts = glob.glob(sys.argv[1] + "/*.text")
		for text in texts:
		    shown = head.findall(open(text, encoding="utf-8").read())
		    try:
		        report = json.load(open(text[:-4] + "json", encoding="utf-8"))
		        assert report["v"] == 1, "another version"
		        assert shown == [(f["severity"], f["code"]) for f in report["findings"]], "other findings"
		        total = report["errors"] + report["warnings"] + report["notes"]
		        assert total >= len(shown) and (total == len(shown) or len(shown) == 50), "other counts"
		    except Exception as e:
		        wrong += 1
		        print("# case", text.split("/")[-1][:-5], repr(e))
		sys.exit(wrong > 0 or len(texts) < 32)
	PY
	result $? "the same findings as JSON"
}

# `stead check` says the same as the judge, and then how much it was.
same_by_check() { # DIR
	(cd "$1" && timeout 300 "$stead" check) >"$work/check" 2>"$work/err"
	[ $? = 1 ] && sed '$d' "$work/check" | cmp -s "$1/expected.txt" - && [ ! -s "$work/err" ] &&
		tail -n 1 "$work/check" | grep -Eq '^[0-9]+ errors?(, [0-9]+ [a-z]+)*$'
	result $? "stead check of ${1##*/}"
}

# Too big to keep: made here. It must be refused.
big_file() {
	local status
	printf 'app: snac\n' >"$work/stead.yaml"
	truncate -s 100M "$work/stead.yaml"
	(cd "$work" && timeout 300 "$judge" settings stead.yaml) >"$work/text" 2>&1
	status=$?
	[ $status = 1 ] && grep -q '^stead.yaml: error\[yaml.size\]: ' "$work/text"
	result $? "settings/a file of 100 MB"
	sed 's/^/# /' "$work/text" | head -n 5
}

update=0
stead=${STEAD:-$top/build/stead}
[ "${1:-}" = --update ] && update=1
broken=0
for kind in settings app; do
	file=stead.yaml
	[ $kind = app ] && file=app.yaml
	for dir in $kind/*/; do
		one_case $kind $file "${dir%/}"
		grep -q ' error\[' "${dir}expected.txt" || continue
		broken=$((broken + 1))
		[ $kind = settings ] && [ -x "$stead" ] && same_by_check "${dir%/}"
	done
done
same_findings
big_file
[ $broken -ge 32 ]
result $? "there are $broken broken inputs"
echo "1..$n"
exit $failed
