#!/bin/sh
# Stand-in for the entry point of docker.io/library/redis. See images/contract.md of the lab.
set -e

# Options or a configuration alone mean the server.
case $1 in
-* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
	find . ! -user redis -exec chown redis {} +
	exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi
# What it saves is for its user alone.
[ "$(umask)" != 0022 ] || umask 0077
exec "$@"
