# Debian's docker-registry over the storage that `build containers` filled.
# shellcheck shell=bash

# Below the range from which the kernel takes ports by itself: none of those can come in between.
free_port() {
    python3 -c 'import random, socket
while True:
    port = random.randint(10000, 29999)
    try:
        socket.socket().bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break'
}

registry_config() { # STORAGE ADDR:PORT READONLY
    cat <<EOF
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: $1 }
  maintenance:
    uploadpurging: { enabled: false }
    readonly: { enabled: $3 }
http: { addr: "$2", relativeurls: true }
EOF
}

registry_wait() {
    local i
    for ((i = 0; i < 3000; i++)); do
        curl -sf -o /dev/null --noproxy '*' "http://$1/v2/" && return
        sleep 0.1
    done
    return 1
}

registry_pid() { cat "$RUN/registry/pid" 2>/dev/null || :; }

registry() {
    case ${1:-} in
    start) shift && with_lock registry registry_start "$@" ;;
    stop)
        stop_process "$(registry_pid)" docker-registry
        rm -rf "$RUN/registry"
        ;;
    url)
        process_is "$(registry_pid)" docker-registry || die "the registry is not running"
        cat "$RUN/registry/url"
        ;;
    digest) registry_digest "${2:-}" ;;
    *) usage_error "registry start, stop, url or digest" ;;
    esac
}

# Starting a running one is fine and prints its address, unless another address is asked for.
registry_start() {
    local listen=127.0.0.1:5000 asked='' port pid
    need_tools docker-registry curl python3
    if [ "${1:-}" = --listen ]; then
        asked=${2:?--listen needs ADDR:PORT}
        listen=$asked
    fi
    if process_is "$(registry_pid)" docker-registry; then
        case $asked in
        '' | *:0 | "$(cat "$RUN/registry/url")") cat "$RUN/registry/url" && return ;;
        *) die "the registry already listens on $(cat "$RUN/registry/url")" ;;
        esac
    fi
    [ -d "$CACHE/containers/registry" ] || die "not built yet: run 'lab build containers'"
    port=${listen##*:}
    [ "$port" != 0 ] || listen=${listen%:*}:$(free_port)
    mkdir -p "$RUN/registry"
    registry_config "$(readlink -f "$CACHE/containers")/registry" "$listen" true >"$RUN/registry/config.yml"
    # Closed descriptors: it must not hold the lock, nor the pipe of whoever started it.
    setsid docker-registry serve "$RUN/registry/config.yml" </dev/null >"$RUN/registry/log" 2>&1 {fd}>&- &
    pid=$!
    echo $pid >"$RUN/registry/pid"
    echo "$listen" >"$RUN/registry/url"
    if ! registry_wait "$listen" || ! process_is $pid docker-registry; then
        tail -n 5 "$RUN/registry/log" >&2
        stop_process $pid docker-registry
        rm -rf "$RUN/registry"
        die "the registry does not answer on $listen"
    fi
    echo "$listen"
}

registry_digest() {
    local name=${1%:*} tag=${1##*:} link
    link=$CACHE/containers/registry/docker/registry/v2/repositories/$name/_manifests/tags/$tag/current/link
    [ -f "$link" ] || die "no image '$1' in the registry"
    cat "$link"
    echo
}
