#!/usr/bin/env bash
# run.sh [SUITE...]: runs the tests and ends with one line, "N passed, N failed".
#
# Every test is a program that prints TAP: "ok 1 - name", "not ok 2 - name", "1..2"; "# SKIP why"
# behind a name, or a plan "1..0 # SKIP why", skips. One that ends without its plan, with another
# number of results than planned, or with an exit status that no "not ok" explains, has failed.
# Scripts are tests when they are executable; what they share is not executable.
# Full outputs: build/log/SUITE/NAME.log.
set -u
cd "$(dirname "$0")/.."

# Debian's programs, as `make deps` installs them, before others that the user may have.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export STEAD_TOP=$PWD
export STEAD=$PWD/build/stead STEAD_NODE=$PWD/build/stead-node
export LC_ALL=C.UTF-8
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}

all_suites=(unit fuzz golden cli agent systemd vm)
passed=0 failed=0 skipped=0

# How long one program of a suite may take: ten times as long as on two idle cores, and more.
limit_s() {
	case $1 in
	vm) echo "${STEAD_TEST_LIMIT_S:-7200}" ;;
	systemd | agent) echo "${STEAD_TEST_LIMIT_S:-3600}" ;;
	*) echo "${STEAD_TEST_LIMIT_S:-1200}" ;;
	esac
}

# The "not ok" lines with what explains them; all of the end when there are none.
show_failure() { # LOG
	if grep -q '^not ok' "$1"; then
		awk '/^not ok/ { show = 1 } /^ok/ { show = 0 } /^1\.\./ { show = 0 } show' "$1" |
			head -n 100 | sed 's/^/    /'
	else
		tail -n 40 "$1" | sed 's/^/    /'
	fi
}

# How many programs of a suite run at once: most of them wait for something most of the time. A
# machine that is emulated has the processors for itself.
at_once() {
	case $1 in
	golden | cli | agent | systemd) echo "${STEAD_TEST_JOBS:-3}" ;;
	*) echo 1 ;;
	esac
}

run_program() { # SUITE NAME COMMAND...
	local name=$2 log=build/log/$1/$2.log limit status start=$SECONDS
	limit=$(limit_s "$1")
	rm -f "$log.verdict"
	shift 2
	timeout --kill-after=30 "$limit" "$@" >"$log" 2>&1 </dev/null
	status=$?
	awk -v status="$status" -f tests/judge.awk "$log" >"$log.verdict"
	echo "$((SECONDS - start)) $name" >"$log.seconds"
}

count_program() { # SUITE NAME
	local log=build/log/$1/$2.log p f s wrong
	read -r p f s wrong <"$log.verdict"
	suite_passed=$((suite_passed + p))
	suite_failed=$((suite_failed + f))
	suite_skipped=$((suite_skipped + s))
	if [ "$f" -gt 0 ]; then
		echo "  FAILED $1/$2${wrong:+: $wrong} (whole output: $log)"
		show_failure "$log"
	fi
}

run_one() { # SUITE NAME COMMAND...
	run_program "$@"
	count_program "$1" "$2"
}

# Those that take longest begin first, so that no long one runs alone at the end.
first_of() {
	case $1 in
	golden) echo reports check ;;
	agent) echo apply-returned apply-killed failpoints ;;
	systemd)
		echo import import-docker up-docker up-trouble isolation mastodon up-podman mastodon-killed \
			diaspora-docker mastodon-docker mastodon-trouble docker node
		;;
	esac
}

run_scripts() { # SUITE
	local script scripts=() max name
	max=$(at_once "$1")
	for name in $(first_of "$1"); do scripts+=("tests/$1/$name.sh"); done
	for script in tests/"$1"/*.sh; do
		[ -x "$script" ] && [[ " ${scripts[*]} " != *" $script "* ]] && scripts+=("$script")
	done
	for script in "${scripts[@]}"; do
		# Asked anew each time: `wait -n` may also tell of one that ended long ago.
		while [ "$(jobs -rp | wc -l)" -ge "$max" ]; do wait -n || :; done
		run_program "$1" "$(basename "$script" .sh)" "$script" &
	done
	wait
	for script in "${scripts[@]}"; do
		count_program "$1" "$(basename "$script" .sh)"
	done
}

# Compiled tests run in the sanitized build.
run_unit() {
	local program found=0
	for program in build/asan/tests/unit/unit-*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		found=1
		run_one unit "${program##*/}" "$program"
	done
	[ $found = 1 ] || run_one unit build echo 'no unit tests are built: make sanitized'
	run_scripts unit
}

run_fuzz() {
	local program area
	for program in build/asan/tests/fuzz/fuzz-*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		area=${program##*/fuzz-}
		[ -d "tests/fuzz/corpus/$area" ] || continue
		run_one fuzz "$area" "$program" "tests/fuzz/corpus/$area"/*
	done
}

# Programs that took longer than a minute, the longest first.
long_ones() { # SUITE
	sort -rn build/log/"$1"/*.seconds 2>/dev/null | awk '$1 >= 60 { printf "%s%s %d s", n++ ? ", " : "  ", $2, $1 }
		END { if (n) print "" }'
}

run_suite() { # SUITE
	local start=$EPOCHREALTIME
	rm -rf "build/log/$1"
	suite_passed=0 suite_failed=0 suite_skipped=0
	mkdir -p "build/log/$1"
	case $1 in
	unit) run_unit ;;
	fuzz) run_fuzz ;;
	*) run_scripts "$1" ;;
	esac
	# A script that lost its mode, or a program that was not built, would be missed by nobody.
	[ $((suite_passed + suite_failed + suite_skipped)) -gt 0 ] ||
		run_one "$1" nothing echo "suite $1 has no test that can be run"
	passed=$((passed + suite_passed))
	failed=$((failed + suite_failed))
	skipped=$((skipped + suite_skipped))
	printf '%s: %d passed, %d failed, %d skipped in %.1f s\n' "$1" "$suite_passed" \
		"$suite_failed" "$suite_skipped" \
		"$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')"
	long_ones "$1"
}

for suite in "$@"; do
	if [[ " ${all_suites[*]} " != *" $suite "* ]]; then
		echo "run.sh: no suite '$suite'; there are: ${all_suites[*]}" >&2
		exit 2
	fi
done
for suite in "${@:-${all_suites[@]}}"; do
	run_suite "$suite"
done

summary="$passed passed, $failed failed"
[ "$skipped" -gt 0 ] && summary="$summary, $skipped skipped"
echo "$summary"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
