#!/usr/bin/env bash
# deps.sh [LIST...]: installs what is missing of scripts/packages, tests/lab/packages and the LISTs,
# and nothing else.
set -eu
cd "$(dirname "$0")/.."

lists=(scripts/packages "$@")
[ -e tests/lab/packages ] && lists+=(tests/lab/packages)
mapfile -t wanted < <(sed 's/#.*//' "${lists[@]}" | tr -s '[:space:]' '\n' | sed '/^$/d' | sort -u)

if ! command -v apt-get >/dev/null; then
	echo "deps: this is no Debian system; see that these are there: ${wanted[*]}" >&2
	exit 0
fi

# Also packages that only "provide" a name (pkg-config by pkgconf) count as installed.
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' |
	sed -n 's/^installed //p' | sed 's/([^)]*)//g' | tr -s ' ,' '\n' | sort -u)
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}") <(printf '%s\n' "$installed"))

if [ "${#missing[@]}" = 0 ]; then
	echo "deps: all ${#wanted[@]} packages are installed"
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	echo "deps: missing packages, install them as root:" >&2
	echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi

echo "deps: installing ${missing[*]}"
# Some of these are servers (Caddy, a registry): what is installed here for tests is not to start.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o Acquire::Retries=3 update
apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends "${missing[@]}"
