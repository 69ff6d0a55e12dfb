# The few lines of TAP that the lab's own tests need.
# shellcheck shell=bash

tap_count=0
tap_failed=0

# ok WHAT COMMAND…: one test; the command's output is shown if it fails.
ok() {
    local what=$1 output
    shift
    tap_count=$((tap_count + 1))
    if output=$("$@" 2>&1); then
        echo "ok $tap_count - $what"
    else
        echo "not ok $tap_count - $what"
        [ -z "$output" ] || printf '%s\n' "$output" | tail -n 20 | sed 's/^/#   /'
        tap_failed=$((tap_failed + 1))
    fi
}

# is WHAT EXPECTED COMMAND…: the command prints exactly that.
is() {
    local what=$1 expected=$2
    shift 2
    ok "$what" tap_compare "$expected" "$@"
}

tap_compare() {
    local expected=$1 got
    shift
    got=$("$@") || { echo "the command failed: $*"; echo "$got"; return 1; }
    [ "$got" = "$expected" ] || { echo "expected: $expected"; echo "got:      $got"; return 1; }
}

# within SECONDS COMMAND…: try until it succeeds.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.3
    done
}

tap_end() {
    echo "1..$tap_count"
    [ $tap_failed = 0 ]
}
