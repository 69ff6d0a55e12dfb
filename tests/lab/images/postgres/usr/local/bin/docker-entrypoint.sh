#!/bin/bash
# Stand-in for the entry point of docker.io/library/postgres:17. What it keeps of that one's contract, and what not, is
# in images/contract.md of the lab.
set -Eeuo pipefail

# from_file NAME DEFAULT: the variable may also name a file, NAME_FILE.
from_file() {
	local name=$1 file=${1}_FILE
	if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
		echo "error: both $name and $file are set (but are exclusive)" >&2
		exit 1
	fi
	[ -z "${!file:-}" ] || printf -v "$name" %s "$(<"${!file}")"
	[ -n "${!name:-}" ] || printf -v "$name" %s "$2"
	export "${name?}"
	unset "$file"
}

settings() {
	from_file POSTGRES_PASSWORD ''
	from_file POSTGRES_USER postgres
	from_file POSTGRES_DB "$POSTGRES_USER"
	from_file POSTGRES_INITDB_ARGS ''
	: "${POSTGRES_HOST_AUTH_METHOD:=}"
}

folders() {
	mkdir -p "$PGDATA"
	chmod 0700 "$PGDATA" || :
	mkdir -p /var/run/postgresql || :
	chmod 03775 /var/run/postgresql || :
	if [ "$(id -u)" = 0 ]; then
		find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres {} +
	fi
}

password_needed() {
	if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
		echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
		exit 1
	fi
}

sql() { PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc "$@"; }

# new_database COMMAND…: many steps, and PG_VERSION is written by the first. Killed after that, the next start takes the
# folder for a database.
new_database() {
	local method f
	password_needed
	ls /docker-entrypoint-initdb.d/ >/dev/null
	eval 'initdb -c listen_addresses=\* --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD")' "$POSTGRES_INITDB_ARGS"
	method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "${@:2}")}
	printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"

	export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
	NOTIFY_SOCKET='' PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -w start \
		-o "$(printf '%q ' "${@:2}" -c listen_addresses= -p "${PGPORT:-5432}")"
	if [ "$(sql --dbname postgres -v db="$POSTGRES_DB" -At <<<"SELECT count(*) FROM pg_database WHERE datname = :'db'")" = 0 ]; then
		sql --dbname postgres -v db="$POSTGRES_DB" <<<'CREATE DATABASE :"db"'
	fi
	for f in /docker-entrypoint-initdb.d/*; do
		case $f in
		*.sh) if [ -x "$f" ]; then "$f"; else . "$f"; fi ;;
		*.sql) sql --dbname "$POSTGRES_DB" -f "$f" ;;
		esac
	done
	PGUSER=${PGUSER:-postgres} pg_ctl -D "$PGDATA" -m fast -w stop
	unset PGPASSWORD
	printf '\nPostgreSQL init process complete; ready for start up.\n\n'
}

asks_for_help() {
	local word
	for word; do
		case $word in '-?' | --help | --describe-config | -V | --version) return 0 ;; esac
	done
	return 1
}

# make_ready COMMAND…: from root to postgres, and a database where there is none.
make_ready() {
	settings
	folders
	[ "$(id -u)" != 0 ] || exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
	if [ -s "$PGDATA/PG_VERSION" ]; then
		printf '\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n'
	else
		new_database "$@"
	fi
}

# Under its other name it makes the database and starts none.
if [ "${0##*/}" = docker-ensure-initdb.sh ]; then
	[ "${1:-}" = postgres ] || set -- postgres "$@"
	make_ready "$@"
	exit
fi
[ "${1:0:1}" != - ] || set -- postgres "$@"
if [ "${1:-}" = postgres ] && ! asks_for_help "$@"; then
	make_ready "$@"
fi
exec "$@"
