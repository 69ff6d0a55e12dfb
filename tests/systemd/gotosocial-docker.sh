#!/usr/bin/env bash
# gotosocial.sh with docker.
ENGINE=docker exec "$(dirname "$0")/gotosocial.sh"
