# Shared by all parts of the lab: where things live, locks, hashes, timed steps.
# shellcheck shell=bash

CACHE=${STEAD_LAB_CACHE:-/var/cache/stead-lab}
RUN=${STEAD_LAB_RUN:-/run/stead-lab}

# An apt client with these options leaves no lists, translations or manuals behind.
APT_OPTIONS=(
    --aptopt='Acquire::Languages "none"'
    --aptopt='APT::Install-Recommends "false"'
    --dpkgopt='force-unsafe-io'
    --dpkgopt='path-exclude=/usr/share/doc/*'
    --dpkgopt='path-exclude=/usr/share/man/*'
    --dpkgopt='path-exclude=/usr/share/info/*'
    --dpkgopt='path-exclude=/usr/share/locale/*'
)

say() { printf 'lab: %s\n' "$*" >&2; }
die() { printf 'lab: error: %s\n' "$*" >&2; exit 3; }
usage_error() { printf 'lab: %s (see lab --help)\n' "$*" >&2; exit 2; }

need_root() { [ "$EUID" = 0 ] || die "'lab $1' needs root"; }

need_tools() {
    local t missing=()
    for t in "$@"; do command -v "$t" >/dev/null || missing+=("$t"); done
    [ ${#missing[@]} = 0 ] || die "not installed: ${missing[*]} (the packages are listed in tests/lab/packages)"
}

now_ms() { date +%s%3N; }

# step WHAT COMMAND…: run with the time it took; its output goes to a log that is shown on failure only.
step() {
    local what=$1 t0 log
    shift
    log=$CACHE/log/${what// /-}.log
    mkdir -p "$CACHE/log"
    t0=$(now_ms)
    if ! "$@" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        die "$what failed (whole log: $log)"
    fi
    say "$(printf '%-28s %6.1f s' "$what" "$(($(now_ms) - t0))e-3")"
}

# hash_of WORD|FILE|FOLDER…: one short hash over words and the names, modes and contents of files.
hash_of() {
    local x
    for x in "$@"; do
        if [ -e "$x" ]; then
            (cd "$(dirname "$x")" && find "$(basename "$x")" \( -type f -o -type l \) -printf '%m %p %l\n' | LC_ALL=C sort &&
                find "$(basename "$x")" -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
        else
            echo "$x"
        fi
    done | sha256sum | cut -c1-16
}

# cached NAME HASH BUILDER: $CACHE/NAME is a link to NAME-HASH. A missing one is made by `BUILDER TMPFOLDER` under
# a temporary name and renamed when complete, so a killed build leaves nothing half-made behind the real name.
cached() {
    local name=$1 hash=$2 builder=$3 out tmp
    out=$CACHE/$name-$hash
    if [ -d "$out" ]; then
        say "$name is up to date"
    else
        rm -rf "$CACHE/tmp.$name"
        tmp=$CACHE/tmp.$name
        mkdir -p "$tmp"
        "$builder" "$tmp"
        sync -f "$tmp"
        mv -T "$tmp" "$out"
    fi
    ln -sfnT "$name-$hash" "$CACHE/$name"
}

# Old versions stay until asked for: a VM's overlay or a running registry may still need one.
prune() {
    local name old
    rm -rf "$CACHE"/tmp.*
    for name in base tree image qemu ctr-base containers "${MACHINE_LAYERS[@]}"; do
        for old in "$CACHE/$name"-????????????????; do
            [ "$old" = "$(readlink -f "$CACHE/$name")" ] || drop_unused "$old"
        done
    done
}

drop_unused() {
    if grep -qsF "$1/" "$RUN"/registry/config.yml || grep -qsFx "$1" "$RUN"/node/*/lower; then
        say "still in use: $1"
    else
        rm -rf "$1"
    fi
}

# with_lock NAME COMMAND…: one at a time on this machine.
with_lock() {
    local name=$1 fd
    shift
    mkdir -p "$CACHE"
    exec {fd}>"$CACHE/$name.lock"
    flock -n "$fd" || { say "waiting for another '$name'"; flock "$fd"; }
    "$@"
    exec {fd}>&-
}

# process_is PID PROGRAM: true if PID runs that program, so that a recycled pid is never signalled.
process_is() { [ -n "${1:-}" ] && [[ /$(readlink "/proc/$1/exe" 2>/dev/null) == */"$2" ]]; }

# stop_process PID PROGRAM [SECONDS]: SIGTERM, then SIGKILL at the deadline.
stop_process() {
    local pid=$1 program=$2 tries=$((${3:-10} * 10))
    process_is "$pid" "$program" || return 0
    kill -TERM "$pid" 2>/dev/null || return 0
    while process_is "$pid" "$program" && [ $((tries -= 1)) -gt 0 ]; do sleep 0.1; done
    process_is "$pid" "$program" && kill -KILL "$pid" 2>/dev/null
    return 0
}
