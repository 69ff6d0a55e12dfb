#!/usr/bin/env bash
# import.sh with docker.
ENGINE=docker exec "$(dirname "$0")/import.sh"
