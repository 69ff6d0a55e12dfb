#!/usr/bin/env bash
# `stead up` on a plain machine with podman only: from nothing to HTTPS, then each kind of change.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/host.sh
. tests/lib/up.sh
hosts_up trixie
dir=$(mktemp -d)
trap 'hosts_down; rm -rf "$dir"' EXIT
up_test podman trixie
tap_done
